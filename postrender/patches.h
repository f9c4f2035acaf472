/*
 * Replacements of byte ranges, collected in any order and carried out at once.
 */
#ifndef SG_PATCHES_H
#define SG_PATCHES_H

#include "buffer.h"

struct patch;

struct patches {
	struct patch *items;
	size_t count;
	size_t capacity;
};

void patches_release(struct patches *p);

/*
 * Bytes [begin, end) give way to a copy of text. At one place, the patch added
 * first comes first.
 */
int patches_add(struct patches *p, size_t begin, size_t end,
		const struct sg_buffer *text, struct sg_error *e);

/* Appends the patched bytes to out. SG_INVALID when patches overlap. */
int patches_write(struct patches *p, const char *bytes, size_t length,
		  struct sg_buffer *out, struct sg_error *e);

#endif
