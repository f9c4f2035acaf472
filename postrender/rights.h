/*
 * Rights over the guards: a Role of the release, or a ClusterRole that it binds,
 * by which pods could take away what holds them (NetworkPolicies, quotas, limits,
 * their namespace's Pod Security), or give themselves the right to.
 */
#ifndef SG_RIGHTS_H
#define SG_RIGHTS_H

#include "object.h"

struct right {
	const struct node *at;
	const char *over; /* "networkpolicies", or the ClusterRole that is bound */
	bool is_bound;
};

/* The first that a Role or RoleBinding gives; false when it gives none. */
bool rights_over_guards(const struct object *o, struct right *out);

#endif
