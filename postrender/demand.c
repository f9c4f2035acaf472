#include "demand.h"

#include <string.h>

#include "pod_checks.h"
#include "resource_names.h"

struct gather {
	const struct object *object;
	const struct terms *terms;
	struct sg_arena *arena;
	struct resources *to;
	struct violations *violations; /* when measured, as what follows */
	struct unknowns *unknown;
	struct sg_error *e;
};

static bool is_joined(const char *key, const char *a, const char *b,
		      const char *c)
{
	const char *const parts[] = { a, b, c };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		size_t length = strlen(parts[i]);
		if (strncmp(key, parts[i], length) != 0)
			return false;
		key += length;
	}
	return *key == '\0';
}

/* Keeps an amount if the quota limits it under the key that the parts make. */
static int ask_joined(struct gather *g, const char *a, const char *b,
		      const char *c, struct quantity amount)
{
	const struct resources *quota = &g->terms->plan->quota;
	for (unsigned i = 0; i < quota->count; i++)
		if (is_joined(quota->items[i].name, a, b, c))
			return resources_add(g->arena, g->to,
					     quota->items[i].name, amount,
					     g->e);
	return 0;
}

static int ask(struct gather *g, const char *key, struct quantity amount)
{
	return ask_joined(g, key, "", "", amount);
}

static int ask_prefixed(struct gather *g, const char *prefix, const char *name,
			struct quantity amount)
{
	return ask_joined(g, prefix, name, "", amount);
}

static bool is_claim(const struct object *o)
{
	return !*o->group && strcmp(o->kind, "PersistentVolumeClaim") == 0;
}

/* --- volume claims --- */

static int check_claim(struct gather *g, const struct quantity *storage)
{
	const struct limit_range *range =
		plan_limits(g->terms->plan, "PersistentVolumeClaim");
	const char *field = sg_arena_printf(g->arena, "%.63s/%.253s",
					    g->object->kind, g->object->name);
	char a[QUANTITY_TEXT_SIZE], b[QUANTITY_TEXT_SIZE];
	struct quantity *min = range ? resources_get(&range->min, "storage") :
				       NULL;
	struct quantity *max = range ? resources_get(&range->max, "storage") :
				       NULL;
	if (!field)
		return sg_error_memory(g->e);
	if (max && quantity_compare(*storage, *max) > 0)
		violations_add(g->violations, field,
			       "a claim of %s is over the plan's maximum %s",
			       quantity_print(*storage, a),
			       quantity_print(*max, b));
	if (min && quantity_compare(*storage, *min) < 0)
		violations_add(g->violations, field,
			       "a claim of %s is under the plan's minimum %s",
			       quantity_print(*storage, a),
			       quantity_print(*min, b));
	return 0;
}

static const char class_infix[] = ".storageclass.storage.k8s.io/";

static bool plan_limits_classes(const struct plan *plan)
{
	for (unsigned i = 0; i < plan->quota.count; i++)
		if (strstr(plan->quota.items[i].name, class_infix))
			return true;
	return false;
}

/*
 * The class that the API server would store: the old annotation first, then the
 * field ("" for none), else the cluster's default. "" for no class.
 */
static const char *claim_class(struct gather *g, const struct node *claim)
{
	const char *annotated = object_annotation(
		claim, "volume.beta.kubernetes.io/storage-class");
	const struct node *stated =
		node_path(claim, "spec", "storageClassName", NULL);
	const char *usual = g->terms->cluster->default_storage_class;
	if (annotated)
		return annotated;
	if (!node_is_null(stated))
		return node_text(stated) ? node_text(stated) : "";
	g->unknown->claim_class |=
		!usual && plan_limits_classes(g->terms->plan);
	return usual ? usual : "";
}

/* Of a claim, or of a template of some. */
static int ask_claim(struct gather *g, const struct node *claim)
{
	static const char storage_key[] = "requests.storage";
	static const char claims_key[] = "persistentvolumeclaims";
	const struct quantity one = quantity_from_int(1);
	struct quantity storage = quantity_from_int(0);
	const struct node *asked = node_path(claim, "spec", "resources",
					     "requests", "storage", NULL);
	const char *class = claim_class(g, claim);
	if (!node_is_null(asked) && decode_quantity(asked, &storage, g->e))
		return sg_error_context(g->e, "resources.requests.storage");
	quantity_round_to_whole(&storage);
	if (check_claim(g, &storage) || ask(g, claims_key, one) ||
	    ask_prefixed(g, "count/", claims_key, one) ||
	    ask(g, storage_key, storage))
		return -1;
	if (!*class)
		return 0;
	return ask_joined(g, class, class_infix, storage_key, storage) ||
			       ask_joined(g, class, class_infix, claims_key,
					  one) ?
		       -1 :
		       0;
}

static int ask_claim_templates(struct gather *g)
{
	const struct node *templates = node_path(
		g->object->root, "spec", "volumeClaimTemplates", NULL);
	if (g->object->workload != STATEFUL_SET || node_is_null(templates))
		return 0;
	if (decode_sequence(templates, "spec.volumeClaimTemplates", g->e))
		return -1;
	for (const struct node *t = templates->first; t; t = t->next)
		if (ask_claim(g, t))
			return sg_error_context(g->e,
						"spec.volumeClaimTemplates");
	return 0;
}

static int ask_ephemeral_claims(struct gather *g)
{
	const struct node *volumes = node_get(g->object->pod_spec, "volumes");
	if (!node_is_sequence(volumes))
		return 0;
	for (const struct node *n = volumes->first; n; n = n->next) {
		const struct node *claim = node_path(
			n, "ephemeral", "volumeClaimTemplate", NULL);
		if (!node_is_null(claim) && ask_claim(g, claim))
			return sg_error_context(g->e, "an ephemeral volume");
	}
	return 0;
}

/* --- pods --- */

/* By its own name and under "requests."; of devices by the latter alone. */
static int ask_request(struct gather *g, const struct resource *r)
{
	static const char device_class[] = "deviceclass.resource.kubernetes.io/";
	const char *name = r->name;
	bool standard = !strchr(name, '/');
	if (standard && ask(g, name, r->amount))
		return -1;
	return standard || resource_name_is_extended(name) ||
			       strncmp(name, device_class,
				       sizeof device_class - 1) == 0 ?
		       ask_prefixed(g, "requests.", name, r->amount) :
		       0;
}

static int ask_limit(struct gather *g, const struct resource *r)
{
	return strchr(r->name, '/') ?
		       0 :
		       ask_prefixed(g, "limits.", r->name, r->amount);
}

static int ask_pod(struct gather *g)
{
	struct pod_needs needs;
	const struct quantity one = quantity_from_int(1);
	const struct node *spec = g->object->pod_spec;
	const char *class = node_text(node_get(spec, "runtimeClassName"));
	if (class && node_is_null(node_get(spec, "overhead")) &&
	    !cluster_runtime_class(g->terms->cluster, class))
		g->unknown->runtime_class = class;
	if (pod_measure(g->arena, g->object, g->terms, &needs, g->violations,
			g->e) ||
	    ask(g, "pods", one) || ask(g, "count/pods", one))
		return -1;
	for (unsigned i = 0; i < needs.requests.count; i++)
		if (ask_request(g, &needs.requests.items[i]))
			return -1;
	for (unsigned i = 0; i < needs.limits.count; i++)
		if (ask_limit(g, &needs.limits.items[i]))
			return -1;
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

int demand_measure(const struct object *o, const struct terms *terms,
		   struct sg_arena *a, struct asker *out, struct violations *v,
		   struct unknowns *unknown, struct sg_error *e)
{
	struct gather g = { o, terms, a, &out->each, v, unknown, e };
	*unknown = (struct unknowns){ 0 };
	if (is_claim(o)) {
		out->replicas = 1;
		return ask_claim(&g, o->root);
	}
	if (!o->workload)
		return 0;
	return read_replicas(o, out, e) || ask_pod(&g) ||
			       ask_claim_templates(&g) ||
			       ask_ephemeral_claims(&g) ?
		       -1 :
		       0;
}

/* --- objects --- */

/* Those that the API server would allocate, or that are asked for by number. */
static size_t count_node_ports(const struct node *spec, bool balancer)
{
	const struct node *ports = node_get(spec, "ports");
	size_t numbered = 0;
	if (!balancer ||
	    !pod_check_is_false(node_get(spec, "allocateLoadBalancerNodePorts")))
		return node_count(ports);
	if (!node_is_sequence(ports))
		return 0;
	for (const struct node *port = ports->first; port; port = port->next) {
		const struct node *number = node_get(port, "nodePort");
		numbered += !node_is_null(number) && !node_is(number, "0");
	}
	return numbered;
}

static int count_service(struct gather *g)
{
	const struct node *spec = node_get(g->object->root, "spec");
	const struct quantity one = quantity_from_int(1);
	bool balancer = node_is(node_get(spec, "type"), "LoadBalancer");
	if (balancer && ask(g, "services.loadbalancers", one))
		return -1;
	if (!balancer && !node_is(node_get(spec, "type"), "NodePort"))
		return 0;
	return ask(g, "services.nodeports",
		   quantity_from_int((int64_t)count_node_ports(spec, balancer)));
}

static int read_history(const struct node *spec, const char *key,
			int64_t usual, int64_t *sum, struct sg_error *e)
{
	int64_t kept = usual;
	if (decode_int(spec, "spec", key, 0, INT32_MAX, &kept, e))
		return -1;
	*sum += kept;
	return 0;
}

/* Done and failed Jobs that a CronJob keeps. */
static int read_kept_jobs(const struct object *o, int64_t *out,
			  struct sg_error *e)
{
	const struct node *spec = node_get(o->root, "spec");
	*out = 0;
	return read_history(spec, "successfulJobsHistoryLimit", 3, out, e) ||
			       read_history(spec, "failedJobsHistoryLimit", 1,
					    out, e) ?
		       -1 :
		       0;
}

/* What controllers make of an object, beyond what claims and pods count. */
static int count_children(struct gather *g)
{
	int64_t count = 0;
	if (g->object->workload == CRON_JOB) /* beside the running one */
		return read_kept_jobs(g->object, &count, g->e) ||
				       ask(g, "count/jobs.batch",
					   quantity_from_int(count + 1)) ?
			       -1 :
			       0;
	if (g->object->workload == DEPLOYMENT) /* beside the two in a rollout */
		return read_history(node_get(g->object->root, "spec"),
				    "revisionHistoryLimit", 10, &count, g->e) ||
				       ask(g, "count/replicasets.apps",
					   quantity_from_int(count + 2)) ?
			       -1 :
			       0;
	return 0;
}

/* Pods that ended and stay until their Job is deleted, beside those that run. */
static int read_finished(const struct object *o, int64_t *out,
			 struct sg_error *e)
{
	const struct node *job = node_get(o->root, "spec");
	int64_t parallelism = 1, kept = 0, ttl = 1;
	*out = 0;
	if (o->workload == CRON_JOB)
		job = node_path(job, "jobTemplate", "spec", NULL);
	else if (o->workload != JOB)
		return 0;
	if (read_count(job, "parallelism", &parallelism, e))
		return -1;
	int64_t completions = parallelism;
	if (read_count(job, "completions", &completions, e) ||
	    decode_int(job, "spec", "ttlSecondsAfterFinished", 0, INT32_MAX,
		       &ttl, e) ||
	    (o->workload == CRON_JOB && read_kept_jobs(o, &kept, e)))
		return -1;
	if (completions > parallelism)
		*out = completions - parallelism;
	if (ttl > 0) /* else none is kept */
		*out += kept * completions;
	return 0;
}

int demand_count_finished(const struct object *o, const struct terms *terms,
			  struct sg_arena *a, struct resources *out,
			  struct sg_error *e)
{
	struct violations told; /* of the pods that run */
	struct unknowns known;
	struct resources each = { 0 };
	struct gather g = { o, terms, a, &each, &told, &known, e };
	int64_t count;
	violations_init(&told, a);
	if (read_finished(o, &count, e))
		return -1;
	if (count == 0)
		return 0;
	return ask(&g, "count/pods", quantity_from_int(1)) ||
			       ask_ephemeral_claims(&g) ||
			       resources_add_all(a, out, &each, count, e) ?
		       -1 :
		       0;
}

int demand_count(const char *resource, int64_t count,
		 const struct terms *terms, struct sg_arena *a,
		 struct resources *each, struct sg_error *e)
{
	struct gather g = { .terms = terms, .arena = a, .to = each, .e = e };
	const struct quantity amount = quantity_from_int(count);
	return ask(&g, resource, amount) ||
			       ask_prefixed(&g, "count/", resource, amount) ?
		       -1 :
		       0;
}

int demand_count_object(const struct object *o, const struct terms *terms,
			struct sg_arena *a, struct resources *each,
			struct sg_error *e)
{
	struct gather g = {
		.object = o, .terms = terms, .arena = a, .to = each, .e = e
	};
	char resource[240];
	if (is_claim(o) || o->workload == POD)
		return 0; /* demand_measure counts them */
	kind_resource(o->group, o->kind, resource, sizeof resource);
	if (demand_count(resource, 1, terms, a, each, e))
		return -1;
	if (strcmp(resource, "services") == 0)
		return count_service(&g);
	return count_children(&g);
}
