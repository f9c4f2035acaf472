/*
 * Rows of a table for a terminal of 80 columns. Nothing is cut: what is too
 * long for its column gets lines of its own.
 */
#ifndef SG_TABLE_H
#define SG_TABLE_H

#include "buffer.h"
#include "quantity.h"

enum { TABLE_INDENT = 2, TABLE_AMOUNT_WIDTH = 9 };

struct table_amount {
	const char *name; /* what stands before it where it has a line of its own */
	struct quantity amount;
};

/*
 * Begins a row of a quota's key and amounts. Returns the column where its last
 * line stands: behind the amounts, or 0 when all lines are ended.
 */
size_t table_amounts(struct sg_buffer *out, size_t key_width, const char *key,
		     const struct table_amount *amounts, unsigned count);

/* Begins a row with an object's name; returns the column behind it, or 0, too. */
size_t table_name(struct sg_buffer *out, size_t name_width, const char *kind,
		  const char *name);

/*
 * Appends "Kind/name", printable; shortened in its middle where it is longer than
 * any that Kubernetes takes. Without a kind, the name alone.
 */
void table_append_name(struct sg_buffer *out, const char *kind,
		       const char *name);

#endif
