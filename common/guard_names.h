/*
 * What the guards of a store are called. Their names are fixed per engine, so that who
 * looks at a namespace can tell that one is missing.
 */
#ifndef SG_GUARD_NAMES_H
#define SG_GUARD_NAMES_H

#include "policy.h"

/* ResourceQuota and LimitRange; NetworkPolicies' names begin with it and "-". */
#define GUARD_PREFIX "storeguard"

/* How many NetworkPolicies a store of that engine has, always. */
unsigned guard_policy_count(const struct engine *engine);

/*
 * The name of the NetworkPolicy at `index`, in the arena: default-deny, dns, acme, one
 * for each component in the engine's order, and where it has Jobs, those for their
 * pods, -jobs and -hooks. NULL without memory.
 */
const char *guard_policy_name(struct sg_arena *a, const struct engine *engine,
			      unsigned index);

#endif
