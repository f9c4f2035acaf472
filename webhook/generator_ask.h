/*
 * What Argo CD's ApplicationSet asks of a plugin generator:
 *
 *     {"applicationSetName": "…", "input": {"parameters": {…}}}
 *
 * Of parameters, `engine` is known, and `shard` with `of`: one of as many parts, from 0. A
 * Store's engine and name never change; by anything else that a filter took, a Store could
 * fall out of the list, and Argo CD would delete its shop. For the same reason a word that
 * is no engine's name is refused, and a part that there is not: its list would be empty.
 */
#ifndef SG_GENERATOR_ASK_H
#define SG_GENERATOR_ASK_H

#include "generator_list.h"

struct generator_ask {
	const char *application_set; /* for logs; or NULL */
	struct generator_part part;
};

/* Texts live in the arena. SG_INVALID with what would be accepted; SG_IO. */
int generator_ask_read(struct sg_arena *a, const char *body, size_t length,
		       const struct policy *policy, struct generator_ask *out,
		       struct sg_error *e);

#endif
