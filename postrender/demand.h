/*
 * What one object asks of a quota, under the quota's own keys: pods with their
 * requests and limits, volume claims, and the object itself as a count.
 */
#ifndef SG_DEMAND_H
#define SG_DEMAND_H

#include "survey.h"

/* What a render can reasonably ask for; more is a mistake. */
enum { DEMAND_MAX_REPLICAS = 1000000 };

/* Whether it brings pods or claims of its own. */
bool demand_asks(const struct object *o);

/*
 * Fills replicas, surge and `each` of the asker, in the arena. Only keys that
 * the plan's quota has are kept.
 */
int demand_measure(const struct object *o, const struct plan *plan,
		   struct sg_arena *a, struct asker *out, struct violations *v,
		   struct sg_error *e);

/* Adds the object to the counts that the plan's quota limits. */
int demand_count_object(const struct object *o, const struct plan *plan,
			struct sg_arena *a, struct resources *counts,
			struct sg_error *e);

/*
 * Adds what is there besides the release: Helm's own release Secrets, the
 * namespace's kube-root-ca.crt ConfigMap and our ResourceQuota.
 */
int demand_count_surroundings(const struct plan *plan, struct sg_arena *a,
			      struct resources *counts, struct sg_error *e);

#endif
