/*
 * Whether the release fits the plan's quota, and a table that says so.
 *
 * Hooks run in turns, so of them only the largest turn counts, for each
 * resource; everything else may run at once.
 */
#ifndef SG_FIT_H
#define SG_FIT_H

#include "survey.h"

struct fit_row {
	const char *key;
	struct quantity asked;
	struct quantity allowed;
	bool over;
};

struct fit {
	const struct survey *survey;
	struct fit_row *rows; /* one a key of the quota, in its order */
	unsigned count;
	unsigned over;
};

/* Adds everything up. Rows live in the arena. */
int fit_compute(struct sg_arena *a, const struct survey *s, struct fit *out,
		struct sg_error *e);

bool fit_holds(const struct fit *f);

/*
 * Appends the table of what is asked, what is allowed and which objects ask,
 * and what may be done about it. For a fit that does not hold.
 */
void fit_describe(struct sg_arena *a, const struct fit *f,
		  const struct policy *policy, struct sg_buffer *out);

#endif
