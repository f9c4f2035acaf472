/*
 * What one object asks of a quota, under the quota's own keys: pods with their
 * requests and limits, volume claims, and the object itself as a count.
 */
#ifndef SG_DEMAND_H
#define SG_DEMAND_H

#include "pods.h"
#include "survey.h"

/* What a render can reasonably ask for; more is a mistake. */
enum { DEMAND_MAX_REPLICAS = 1000000 };

/* What only the cluster knows, and the policy does not tell. */
struct unknowns {
	const char *runtime_class; /* whose overhead is not counted, or NULL */
	bool claim_class; /* a claim's, where the plan limits some class */
};

/*
 * Fills replicas, surge and `each` of the asker, in the arena, for what brings
 * pods or claims; leaves it empty for others. Only keys that the plan's quota
 * has are kept.
 */
int demand_measure(const struct object *o, const struct terms *terms,
		   struct sg_arena *a, struct asker *out, struct violations *v,
		   struct unknowns *unknown, struct sg_error *e);

/* What the object asks for by being there, and its controller's children. */
int demand_count_object(const struct object *o, const struct terms *terms,
			struct sg_arena *a, struct resources *each,
			struct sg_error *e);
/*
 * What is charged for pods of a Job or CronJob that have ended: they count as objects,
 * and their ephemeral volumes' claims stay as long as they.
 */
int demand_count_finished(const struct object *o, const struct terms *terms,
			  struct sg_arena *a, struct resources *out,
			  struct sg_error *e);
/* That many objects of a resource, like "secrets". */
int demand_count(const char *resource, int64_t count,
		 const struct terms *terms, struct sg_arena *a,
		 struct resources *each, struct sg_error *e);

#endif
