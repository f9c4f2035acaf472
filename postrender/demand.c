#include "demand.h"

#include <string.h>

#include "pods.h"

struct gather {
	const struct object *object;
	const struct plan *plan;
	struct sg_arena *arena;
	struct resources *to;
	struct sg_error *e;
};

/* Keeps an amount if the quota limits it under that key. */
static int ask(struct gather *g, const char *key, struct quantity amount)
{
	for (unsigned i = 0; i < g->plan->quota.count; i++)
		if (strcmp(g->plan->quota.items[i].name, key) == 0)
			return resources_add(g->arena, g->to,
					     g->plan->quota.items[i].name,
					     amount, g->e);
	return 0;
}

static int ask_prefixed(struct gather *g, const char *prefix, const char *name,
			struct quantity amount)
{
	char key[256];
	(void)snprintf(key, sizeof key, "%s%s", prefix, name);
	return ask(g, key, amount);
}

static bool is_claim(const struct object *o)
{
	return !*o->group && strcmp(o->kind, "PersistentVolumeClaim") == 0;
}

/* --- volume claims --- */

static int check_claim(struct gather *g, const struct quantity *storage,
		       struct violations *v)
{
	const struct limit_range *range =
		plan_limits(g->plan, "PersistentVolumeClaim");
	const char *field = sg_arena_printf(v->arena, "%s/%s",
					    g->object->kind, g->object->name);
	char a[QUANTITY_TEXT_SIZE], b[QUANTITY_TEXT_SIZE];
	struct quantity *min = range ? resources_get(&range->min, "storage") :
				       NULL;
	struct quantity *max = range ? resources_get(&range->max, "storage") :
				       NULL;
	if (!field)
		return sg_error_memory(g->e);
	if (max && quantity_compare(*storage, *max) > 0)
		violations_add(v, field,
			       "a claim of %s is over the plan's maximum %s",
			       quantity_print(*storage, a),
			       quantity_print(*max, b));
	if (min && quantity_compare(*storage, *min) < 0)
		violations_add(v, field,
			       "a claim of %s is under the plan's minimum %s",
			       quantity_print(*storage, a),
			       quantity_print(*min, b));
	return 0;
}

static int ask_claim(struct gather *g, const struct node *spec,
		     struct violations *v)
{
	static const char storage_key[] = "requests.storage";
	static const char claims_key[] = "persistentvolumeclaims";
	const struct quantity one = quantity_from_int(1);
	struct quantity storage = quantity_from_int(0);
	const struct node *asked =
		node_path(spec, "resources", "requests", "storage", NULL);
	const char *storage_class =
		node_text(node_get(spec, "storageClassName"));
	if (!node_is_null(asked) && decode_quantity(asked, &storage, g->e))
		return sg_error_context(g->e, "resources.requests.storage");
	if (check_claim(g, &storage, v) || ask(g, claims_key, one) ||
	    ask_prefixed(g, "count/", claims_key, one) ||
	    ask(g, storage_key, storage))
		return -1;
	if (!storage_class)
		return 0;
	char prefix[192];
	(void)snprintf(prefix, sizeof prefix,
		       "%.100s.storageclass.storage.k8s.io/", storage_class);
	return ask_prefixed(g, prefix, storage_key, storage) ||
			       ask_prefixed(g, prefix, claims_key, one) ?
		       -1 :
		       0;
}

static int ask_claim_templates(struct gather *g, struct violations *v)
{
	const struct node *templates = node_path(
		g->object->root, "spec", "volumeClaimTemplates", NULL);
	if (g->object->workload != STATEFUL_SET || node_is_null(templates))
		return 0;
	if (decode_sequence(templates, "spec.volumeClaimTemplates", g->e))
		return -1;
	for (const struct node *t = templates->first; t; t = t->next)
		if (ask_claim(g, node_get(t, "spec"), v))
			return sg_error_context(g->e,
						"spec.volumeClaimTemplates");
	return 0;
}

static int ask_ephemeral_claims(struct gather *g, struct violations *v)
{
	const struct node *volumes = node_get(g->object->pod_spec, "volumes");
	if (!node_is_sequence(volumes))
		return 0;
	for (const struct node *n = volumes->first; n; n = n->next) {
		const struct node *spec = node_path(
			n, "ephemeral", "volumeClaimTemplate", "spec", NULL);
		if (spec && ask_claim(g, spec, v))
			return sg_error_context(g->e, "an ephemeral volume");
	}
	return 0;
}

/* --- pods --- */

static int ask_pod(struct gather *g, struct violations *v)
{
	struct pod_needs needs;
	const struct quantity one = quantity_from_int(1);
	if (pod_measure(g->arena, g->object, g->plan, &needs, v, g->e) ||
	    ask(g, "pods", one) || ask(g, "count/pods", one))
		return -1;
	for (unsigned i = 0; i < needs.requests.count; i++) {
		const struct resource *r = &needs.requests.items[i];
		if (ask(g, r->name, r->amount) ||
		    ask_prefixed(g, "requests.", r->name, r->amount))
			return -1;
	}
	for (unsigned i = 0; i < needs.limits.count; i++) {
		const struct resource *r = &needs.limits.items[i];
		if (ask_prefixed(g, "limits.", r->name, r->amount))
			return -1;
	}
	return 0;
}

static int read_count(const struct node *spec, const char *key, int64_t *out,
		      struct sg_error *e)
{
	return decode_int(spec, "spec", key, 0, DEMAND_MAX_REPLICAS, out, e);
}

/* maxSurge: a number, or a percentage of the replicas; 25% by default */
static int read_surge(const struct node *spec, struct asker *out,
		      struct sg_error *e)
{
	const struct node *strategy = node_get(spec, "strategy");
	const char *surge = node_text(
		node_path(strategy, "rollingUpdate", "maxSurge", NULL));
	if (node_is(node_get(strategy, "type"), "Recreate"))
		return 0;
	if (!surge)
		surge = "25%";
	size_t digits = strspn(surge, "0123456789");
	bool percent = digits && strcmp(surge + digits, "%") == 0;
	if (!digits || digits > 6 || (surge[digits] && !percent))
		return sg_error_set(e, SG_INVALID,
				    "spec.strategy.rollingUpdate.maxSurge: \"%.40s\" is not a number or percentage (like 1 or 25%%)",
				    surge);
	out->surge = strtoll(surge, NULL, 10);
	out->surge_is_percent = percent;
	return 0;
}

static int read_parallelism(const struct node *spec, int64_t *out,
			    struct sg_error *e)
{
	int64_t completions = DEMAND_MAX_REPLICAS;
	if (read_count(spec, "parallelism", out, e) ||
	    read_count(spec, "completions", &completions, e))
		return -1;
	if (completions < *out)
		*out = completions;
	return 0;
}

static int read_replicas(const struct object *o, struct asker *out,
			 struct sg_error *e)
{
	const struct node *spec = node_get(o->root, "spec");
	out->replicas = 1;
	switch (o->workload) {
	case DEPLOYMENT:
		return read_count(spec, "replicas", &out->replicas, e) ||
				       read_surge(spec, out, e) ?
			       -1 :
			       0;
	case STATEFUL_SET:
	case REPLICA_SET:
	case REPLICATION_CONTROLLER:
		return read_count(spec, "replicas", &out->replicas, e);
	case JOB:
		return read_parallelism(spec, &out->replicas, e);
	case CRON_JOB:
		return read_parallelism(node_path(spec, "jobTemplate", "spec",
						  NULL),
					&out->replicas, e);
	default:
		return 0;
	}
}

int demand_measure(const struct object *o, const struct plan *plan,
		   struct sg_arena *a, struct asker *out, struct violations *v,
		   struct sg_error *e)
{
	struct gather g = { o, plan, a, &out->each, e };
	if (is_claim(o)) {
		out->replicas = 1;
		return ask_claim(&g, node_get(o->root, "spec"), v);
	}
	if (!o->workload)
		return 0;
	return read_replicas(o, out, e) || ask_pod(&g, v) ||
			       ask_claim_templates(&g, v) ||
			       ask_ephemeral_claims(&g, v) ?
		       -1 :
		       0;
}

/* --- objects --- */

static int count_service(struct gather *g)
{
	const struct node *spec = node_get(g->object->root, "spec");
	const struct quantity one = quantity_from_int(1);
	bool balancer = node_is(node_get(spec, "type"), "LoadBalancer");
	bool node_ports =
		node_is(node_get(spec, "type"), "NodePort") ||
		(balancer && !node_is(node_get(spec,
					       "allocateLoadBalancerNodePorts"),
				      "false"));
	size_t ports = node_count(node_get(spec, "ports"));
	if (balancer && ask(g, "services.loadbalancers", one))
		return -1;
	return node_ports ? ask(g, "services.nodeports",
				quantity_from_int((int64_t)ports)) :
			    0;
}

/* What controllers make of an object, beyond what claims and pods count. */
static int count_children(struct gather *g)
{
	/* a CronJob keeps three done and one failed Job beside the running */
	if (g->object->workload == CRON_JOB)
		return ask(g, "count/jobs.batch", quantity_from_int(5));
	/* a Deployment keeps ten old ReplicaSets beside the two in a rollout */
	if (g->object->workload == DEPLOYMENT)
		return ask(g, "count/replicasets.apps", quantity_from_int(12));
	return 0;
}

int demand_count(const char *resource, int64_t count, const struct plan *plan,
		 struct sg_arena *a, struct resources *each,
		 struct sg_error *e)
{
	struct gather g = { NULL, plan, a, each, e };
	const struct quantity amount = quantity_from_int(count);
	return ask(&g, resource, amount) ||
			       ask_prefixed(&g, "count/", resource, amount) ?
		       -1 :
		       0;
}

int demand_count_object(const struct object *o, const struct plan *plan,
			struct sg_arena *a, struct resources *each,
			struct sg_error *e)
{
	struct gather g = { o, plan, a, each, e };
	char resource[240];
	if (is_claim(o) || o->workload == POD)
		return 0; /* demand_measure counts them */
	kind_resource(o->group, o->kind, resource, sizeof resource);
	if (demand_count(resource, 1, plan, a, each, e))
		return -1;
	if (strcmp(resource, "services") == 0)
		return count_service(&g);
	return count_children(&g);
}
