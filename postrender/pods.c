#include "pods.h"

#include "pod.h"
#include "resource_names.h"

static int add_needs(struct pod *p, struct pod_needs *to,
		     const struct pod_needs *from)
{
	return resources_add_all(p->arena, &to->requests, &from->requests, 1,
				 p->e) ||
			       resources_add_all(p->arena, &to->limits,
						 &from->limits, 1, p->e) ?
		       -1 :
		       0;
}

static int raise_needs(struct pod *p, struct pod_needs *to,
		       const struct pod_needs *from)
{
	return resources_max_all(p->arena, &to->requests, &from->requests,
				 p->e) ||
			       resources_max_all(p->arena, &to->limits,
						 &from->limits, p->e) ?
		       -1 :
		       0;
}

int pod_sum(struct pod *p, struct pod_needs *sum)
{
	struct pod_needs sidecars = { 0 }, peak = { 0 };
	for (unsigned i = 0; i < p->count; i++) {
		const struct container *c = &p->containers[i];
		struct pod_needs now = { 0 };
		if (!c->is_init) {
			if (add_needs(p, sum, &c->needs))
				return -1;
			continue;
		}
		if ((c->is_sidecar && add_needs(p, &sidecars, &c->needs)) ||
		    add_needs(p, &now, &sidecars) ||
		    (!c->is_sidecar && add_needs(p, &now, &c->needs)) ||
		    raise_needs(p, &peak, &now))
			return -1;
	}
	return add_needs(p, sum, &sidecars) || raise_needs(p, sum, &peak) ? -1 :
									    0;
}

/* What the pod states as a whole stands for what its containers sum up to. */
static int replace(struct pod *p, struct resources *sum,
		   const struct resources *own)
{
	for (unsigned i = 0; i < own->count; i++)
		if (resource_name_is_for_pods(own->items[i].name) &&
		    resources_set(p->arena, sum, own->items[i].name,
				  own->items[i].amount, p->e))
			return -1;
	return 0;
}

/* Limits grow only where there are any. */
static int add_overhead(struct pod *p, struct pod_needs *sum)
{
	for (unsigned i = 0; i < p->overhead.count; i++) {
		const struct resource *r = &p->overhead.items[i];
		struct quantity *limit = resources_get(&sum->limits, r->name);
		if (limit && !quantity_is_zero(*limit) &&
		    quantity_add(limit, r->amount, p->e))
			return -1;
	}
	return resources_add_all(p->arena, &sum->requests, &p->overhead, 1,
				 p->e);
}

int pod_measure(struct sg_arena *a, const struct object *o,
		const struct terms *terms, struct pod_needs *out,
		struct violations *v, struct sg_error *e)
{
	struct pod p = {
		.arena = a,
		.object = o,
		.terms = terms,
		.range = plan_limits(terms->plan, "Container"),
		.violations = v,
		.e = e,
	};
	unsigned before = v->count;
	*out = (struct pod_needs){ 0 };
	if (pod_read(&p))
		return -1;
	/* a template is held to the rules as it is written, its pods again */
	if (o->workload != POD) {
		pod_round(&p);
		if (pod_check_values(&p))
			return -1;
	}
	if (pod_default_requests(&p))
		return -1;
	pod_round(&p);
	if (pod_default_by_plan(&p) ||
	    (v->count == before && pod_check_values(&p)))
		return -1;
	pod_check_range(&p);
	pod_check_quota(&p);
	return pod_sum(&p, out) ||
			       replace(&p, &out->requests, &p.needs.requests) ||
			       replace(&p, &out->limits, &p.needs.limits) ||
			       add_overhead(&p, out) ?
		       -1 :
		       0;
}
