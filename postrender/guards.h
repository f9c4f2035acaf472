/*
 * The guards of a store: ResourceQuota, LimitRange and NetworkPolicies, and the
 * Namespace where asked for, as YAML documents in Helm's install order.
 *
 * Their names are fixed per engine and all are always there, an unneeded one
 * empty: under helm.sh/resource-policy: keep, one that a later render omits
 * would stay as it was.
 */
#ifndef SG_GUARDS_H
#define SG_GUARDS_H

#include "guard.h"
#include "survey.h"

struct guards {
	struct node *namespace; /* NULL unless asked for */
	struct node *quota;
	struct node *limit_range;
	struct node **policies;
	unsigned policy_count;
};

/*
 * Derives them from the survey, in the arena. `helm4` marks each with the file
 * name that Helm 4 sorts by.
 */
int guards_build(struct sg_arena *a, const struct policy *policy,
		 const struct identity *who, const struct survey *s,
		 const struct options *o, bool helm4, struct guards *out,
		 struct sg_error *e);

/* Appends them, each opened by a bare "---". */
int guards_write(const struct guards *g, struct sg_buffer *out,
		 struct sg_error *e);

#endif
