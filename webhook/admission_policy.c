/* A StorePolicy that could not come into force is refused, with all that is wrong. */
#include <string.h>

#include "admission_parts.h"
#include "policies.h"

void gate_validate_storepolicy(struct gate *g)
{
	struct verdict *v = g->verdict;
	const char *name = g->review->name;
	bool is_default = name && strcmp(name, "default") == 0;
	g->reason = "well-formed";
	if (g->review->operation == OPERATION_DELETE) {
		g->reason = "deleted";
		if (is_default)
			verdict_warn(v,
				     "until there is a StorePolicy \"default\" again, the policy that the webhook was started with is in force for all Stores: its --policy, or else the built-in one");
		return;
	}
	/* whatever it is, its finalizers can be taken away */
	if (g->review->operation == OPERATION_UPDATE &&
	    node_equal(node_get(g->review->object, "spec"),
		       node_get(g->review->old_object, "spec"))) {
		g->reason = "only its metadata";
		return;
	}
	if (policy_check(g->review->object, &v->causes, &g->why))
		g->unknown = true;
	if (!policies_can_keep(g->review->object))
		violations_add(&v->causes, "spec",
			       "is larger than %zu KiB as JSON, the most that is kept for replicas that start while a later one is broken; leave out what is not needed",
			       SG_MAX_KEPT_POLICY / 1024);
	if (name && !is_default && !v->causes.count)
		verdict_warn(v,
			     "StorePolicy \"%.63s\" is not in force: only the one called \"default\" is",
			     name);
}
