#include "pods.h"

#include <string.h>

#include "decode.h"

struct measure {
	struct sg_arena *arena;
	const struct object *object;
	const struct plan *plan;
	const struct limit_range *range; /* of type Container, or NULL */
	bool pod_level; /* the pod states resources for itself */
	struct violations *violations;
	struct sg_error *e;
};

struct container_needs {
	struct resources requests;
	struct resources limits;
};

static const char *place(struct measure *m, const char *container)
{
	const char *field = sg_arena_printf(m->arena, "%s/%s container %s",
					    m->object->kind, m->object->name,
					    container);
	return field ? field : "container";
}

static int copy_all(struct measure *m, struct resources *to,
		    const struct resources *from)
{
	for (unsigned i = 0; from && i < from->count; i++)
		if (!resources_get(to, from->items[i].name) &&
		    resources_set(m->arena, to, from->items[i].name,
				  from->items[i].amount, m->e))
			return -1;
	return 0;
}

/*
 * The API server lets a request default to its own limit; then the LimitRange
 * fills in, its default limit being its max where it gives none, and its
 * default request that limit.
 */
static int apply_defaults(struct measure *m, struct container_needs *c)
{
	if (copy_all(m, &c->requests, &c->limits))
		return -1;
	const struct limit_range *r = m->range;
	if (!r)
		return 0;
	return copy_all(m, &c->limits, &r->defaults) ||
			       copy_all(m, &c->limits, &r->max) ||
			       copy_all(m, &c->requests,
					&r->default_requests) ||
			       copy_all(m, &c->requests, &r->defaults) ||
			       copy_all(m, &c->requests, &r->max) ||
			       copy_all(m, &c->requests, &r->min) ?
		       -1 :
		       0;
}

/* Limits between the plan's minimum and maximum. */
static void check_range(struct measure *m, const char *container,
			const struct container_needs *c)
{
	char a[QUANTITY_TEXT_SIZE], b[QUANTITY_TEXT_SIZE];
	for (unsigned i = 0; i < c->limits.count; i++) {
		const struct resource *limit = &c->limits.items[i];
		struct quantity *max = resources_get(&m->range->max,
						     limit->name);
		if (max && quantity_compare(limit->amount, *max) > 0)
			violations_add(m->violations, place(m, container),
				       "limits.%s %s is over the plan's maximum %s",
				       limit->name,
				       quantity_print(limit->amount, a),
				       quantity_print(*max, b));
	}
	for (unsigned i = 0; i < c->requests.count; i++) {
		const struct resource *request = &c->requests.items[i];
		struct quantity *min = resources_get(&m->range->min,
						     request->name);
		if (min && quantity_compare(request->amount, *min) < 0)
			violations_add(m->violations, place(m, container),
				       "requests.%s %s is under the plan's minimum %s",
				       request->name,
				       quantity_print(request->amount, a),
				       quantity_print(*min, b));
	}
}

/* A request over its own limit, or over the one that the plan gives it. */
static void check_requests(struct measure *m, const char *container,
			   const struct container_needs *own,
			   const struct container_needs *c)
{
	char a[QUANTITY_TEXT_SIZE], b[QUANTITY_TEXT_SIZE];
	for (unsigned i = 0; i < own->requests.count; i++) {
		const struct resource *r = &own->requests.items[i];
		struct quantity *limit = resources_get(&c->limits, r->name);
		if (!limit || quantity_compare(r->amount, *limit) <= 0)
			continue;
		quantity_print(r->amount, a);
		quantity_print(*limit, b);
		if (resources_get(&own->limits, r->name))
			violations_add(m->violations, place(m, container),
				       "requests.%s %s is over its limit %s",
				       r->name, a, b);
		else
			violations_add(m->violations, place(m, container),
				       "requests.%s %s is over the plan's default limit %s: state a limit",
				       r->name, a, b);
	}
}

/*
 * A quota on a resource refuses pods whose containers do not state it, unless
 * the pod itself states any.
 */
static void check_stated(struct measure *m, const char *container,
			 const struct container_needs *c)
{
	for (unsigned i = 0; !m->pod_level && i < m->plan->quota.count; i++) {
		const char *key = m->plan->quota.items[i].name;
		bool limit = strncmp(key, "limits.", 7) == 0;
		const char *resource = limit ? key + 7 :
				       strncmp(key, "requests.", 9) == 0 ?
					       key + 9 :
					       key;
		if (strcmp(resource, "cpu") != 0 &&
		    strcmp(resource, "memory") != 0)
			continue;
		if (!resources_get(limit ? &c->limits : &c->requests, resource))
			violations_add(m->violations, place(m, container),
				       "states no %s.%s, the plan's LimitRange has no default, and its quota refuses such pods",
				       limit ? "limits" : "requests", resource);
	}
}

static int read_resources(struct measure *m, const struct node *owner,
			  struct container_needs *c)
{
	const struct node *resources = node_get(owner, "resources");
	if (node_is_null(resources))
		return 0;
	return decode_any_mapping(resources, "resources", m->e) ||
			       decode_resources(m->arena, resources,
						"resources", "requests",
						&c->requests, m->e) ||
			       decode_resources(m->arena, resources,
						"resources", "limits",
						&c->limits, m->e) ?
		       -1 :
		       0;
}

static int read_container(struct measure *m, const struct node *container,
			  struct container_needs *out)
{
	const char *name = node_text(node_get(container, "name"));
	*out = (struct container_needs){ 0 };
	if (!name)
		name = "?";
	if (decode_any_mapping(container, "a container", m->e) ||
	    read_resources(m, container, out))
		return sg_error_context(m->e, "container %.63s", name);
	struct container_needs own = *out;
	if (apply_defaults(m, out))
		return -1;
	check_requests(m, name, &own, out);
	if (m->range)
		check_range(m, name, out);
	check_stated(m, name, out);
	return 0;
}

static int add_both(struct measure *m, struct container_needs *to,
		    const struct container_needs *from)
{
	return resources_add_all(m->arena, &to->requests, &from->requests, 1,
				 m->e) ||
			       resources_add_all(m->arena, &to->limits,
						 &from->limits, 1, m->e) ?
		       -1 :
		       0;
}

static int max_both(struct measure *m, struct container_needs *to,
		    const struct container_needs *from)
{
	return resources_max_all(m->arena, &to->requests, &from->requests,
				 m->e) ||
			       resources_max_all(m->arena, &to->limits,
						 &from->limits, m->e) ?
		       -1 :
		       0;
}

static int sum_containers(struct measure *m, struct container_needs *sum)
{
	const struct node *list = node_get(m->object->pod_spec, "containers");
	if (!node_is_sequence(list) || !list->first)
		return sg_error_set(m->e, SG_INVALID,
				    "the pod's spec.containers must be a list of containers, not %s",
				    node_kind_name(list));
	for (const struct node *c = list->first; c; c = c->next) {
		struct container_needs one;
		if (read_container(m, c, &one) || add_both(m, sum, &one))
			return -1;
	}
	return 0;
}

/*
 * Init containers run one after another beside the sidecars started before
 * them; the peak is the largest moment. Sidecars stay and add to the sum.
 */
static int measure_init(struct measure *m, struct container_needs *sidecars,
			struct container_needs *peak)
{
	const struct node *list =
		node_get(m->object->pod_spec, "initContainers");
	if (node_is_null(list))
		return 0;
	if (decode_sequence(list, "the pod's spec.initContainers", m->e))
		return -1;
	for (const struct node *c = list->first; c; c = c->next) {
		bool sidecar = node_is(node_get(c, "restartPolicy"), "Always");
		struct container_needs one, now = { 0 };
		if (read_container(m, c, &one) ||
		    (sidecar && add_both(m, sidecars, &one)) ||
		    add_both(m, &now, sidecars) ||
		    (!sidecar && add_both(m, &now, &one)) ||
		    max_both(m, peak, &now))
			return -1;
	}
	return 0;
}

/* Pod-level resources replace what the containers sum up to. */
static int apply_pod_level(struct measure *m, struct container_needs *sum)
{
	struct container_needs pod = { 0 };
	if (read_resources(m, m->object->pod_spec, &pod))
		return sg_error_context(m->e, "the pod's spec");
	for (unsigned i = 0; i < pod.limits.count; i++) {
		const struct resource *limit = &pod.limits.items[i];
		if (resources_set(m->arena, &sum->limits, limit->name,
				  limit->amount, m->e))
			return -1;
		if (!resources_get(&pod.requests, limit->name) &&
		    !resources_get(&sum->requests, limit->name) &&
		    resources_set(m->arena, &pod.requests, limit->name,
				  limit->amount, m->e))
			return -1;
	}
	for (unsigned i = 0; i < pod.requests.count; i++)
		if (resources_set(m->arena, &sum->requests,
				  pod.requests.items[i].name,
				  pod.requests.items[i].amount, m->e))
			return -1;
	return 0;
}

static int add_overhead(struct measure *m, struct container_needs *sum)
{
	struct container_needs overhead = { 0 };
	if (decode_resources(m->arena, m->object->pod_spec, "the pod's spec",
			     "overhead", &overhead.requests, m->e))
		return -1;
	/* limits grow only where there are any: for each name that has one */
	for (unsigned i = 0; i < overhead.requests.count; i++) {
		const struct resource *r = &overhead.requests.items[i];
		if (resources_get(&sum->limits, r->name) &&
		    resources_set(m->arena, &overhead.limits, r->name,
				  r->amount, m->e))
			return -1;
	}
	return add_both(m, sum, &overhead);
}

int pod_measure(struct sg_arena *a, const struct object *o,
		const struct plan *plan, struct pod_needs *out,
		struct violations *v, struct sg_error *e)
{
	const struct node *own = node_get(o->pod_spec, "resources");
	struct measure m = {
		.arena = a,
		.object = o,
		.plan = plan,
		.range = plan_limits(plan, "Container"),
		.pod_level = node_count(node_get(own, "requests")) ||
			     node_count(node_get(own, "limits")),
		.violations = v,
		.e = e,
	};
	struct container_needs sum = { 0 }, sidecars = { 0 }, peak = { 0 };
	if (sum_containers(&m, &sum) || measure_init(&m, &sidecars, &peak) ||
	    add_both(&m, &sum, &sidecars) || max_both(&m, &sum, &peak) ||
	    apply_pod_level(&m, &sum) || add_overhead(&m, &sum))
		return -1;
	out->requests = sum.requests;
	out->limits = sum.limits;
	return 0;
}
