/*
 * --explain: which store this is, which labels went to which objects, who calls
 * whom, which guards were added, and how full the quota is; for a person, at 80
 * columns.
 */
#ifndef SG_EXPLAIN_H
#define SG_EXPLAIN_H

#include "fit.h"
#include "guards.h"

struct explain {
	bool wanted;
	bool colour;
	struct sg_buffer objects; /* a line each, up to a limit */
	unsigned shown, left_out;
};

void explain_init(struct explain *x, bool wanted, bool colour);
void explain_release(struct explain *x);

/* Notes an object that was labelled, or (dropped) left out. */
void explain_object(struct explain *x, const struct object *o,
		    const struct component *component, bool dropped);

/* Appends the whole report. guards and fit may be NULL. */
void explain_write(const struct explain *x, const struct identity *who,
		   const struct survey *s, const struct guards *guards,
		   const struct fit *fit, struct sg_buffer *out);

#endif
