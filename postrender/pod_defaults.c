#include "pod.h"

#include <string.h>

#include "resource_names.h"

/* Only what is not there yet. */
static int add_missing(struct pod *p, struct resources *to,
		       const struct resources *from)
{
	for (unsigned i = 0; i < from->count; i++)
		if (!resources_get(to, from->items[i].name) &&
		    resources_set(p->arena, to, from->items[i].name,
				  from->items[i].amount, p->e))
			return -1;
	return 0;
}

bool pod_is_pod_level(const struct pod *p)
{
	const struct resources *lists[] = { &p->needs.requests,
					    &p->needs.limits };
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (unsigned i = 0; i < lists[l]->count; i++)
			if (resource_name_is_for_pods(lists[l]->items[i].name))
				return true;
	return false;
}

/* Huge pages that containers are limited to limit the pod that states others. */
static int default_huge_pages(struct pod *p, const struct pod_needs *sum)
{
	struct pod_needs *own = &p->needs;
	if (own->requests.count + own->limits.count == 0)
		return 0;
	for (unsigned i = 0; i < sum->limits.count; i++) {
		const struct resource *limit = &sum->limits.items[i];
		if (resource_name_is_huge_pages(limit->name) &&
		    !resources_get(&own->requests, limit->name) &&
		    !resources_get(&own->limits, limit->name) &&
		    resources_set(p->arena, &own->limits, limit->name,
				  limit->amount, p->e))
			return -1;
	}
	return 0;
}

/* A pod that states limits requests what its containers do, else those limits. */
static int default_pod_requests(struct pod *p, const struct pod_needs *sum)
{
	struct pod_needs *own = &p->needs;
	if (own->limits.count == 0)
		return 0;
	for (unsigned i = 0; i < sum->requests.count; i++) {
		const struct resource *request = &sum->requests.items[i];
		if (resource_name_is_for_pods(request->name) &&
		    resource_name_allows_overcommit(request->name) &&
		    !resources_get(&own->requests, request->name) &&
		    resources_set(p->arena, &own->requests, request->name,
				  request->amount, p->e))
			return -1;
	}
	return add_missing(p, &own->requests, &own->limits);
}

static void round_all(struct resources *r)
{
	for (unsigned i = 0; i < r->count; i++)
		quantity_round_to_milli(&r->items[i].amount);
}

void pod_round(struct pod *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		round_all(&p->containers[i].needs.requests);
		round_all(&p->containers[i].needs.limits);
	}
	round_all(&p->needs.requests);
	round_all(&p->needs.limits);
	round_all(&p->overhead);
}

int pod_default_requests(struct pod *p)
{
	struct pod_needs sum = { 0 };
	for (unsigned i = 0; i < p->count; i++) {
		struct pod_needs *needs = &p->containers[i].needs;
		if (add_missing(p, &needs->requests, &needs->limits))
			return -1;
	}
	return pod_sum(p, &sum) || default_huge_pages(p, &sum) ||
			       default_pod_requests(p, &sum) ?
		       -1 :
		       0;
}

/*
 * A LimitRange's default limit is its maximum where it gives none, and its
 * default request that limit, else its minimum.
 */
static int add_range(struct pod *p, struct pod_needs *needs)
{
	const struct limit_range *r = p->range;
	return add_missing(p, &needs->limits, &r->defaults) ||
			       add_missing(p, &needs->limits, &r->max) ||
			       add_missing(p, &needs->requests,
					   &r->default_requests) ||
			       add_missing(p, &needs->requests, &r->defaults) ||
			       add_missing(p, &needs->requests, &r->max) ||
			       add_missing(p, &needs->requests, &r->min) ?
		       -1 :
		       0;
}

int pod_default_by_plan(struct pod *p)
{
	const struct runtime_class *class =
		p->runtime_class ? cluster_runtime_class(p->terms->cluster,
							 p->runtime_class) :
				   NULL;
	for (unsigned i = 0; p->range && i < p->count; i++)
		if (add_range(p, &p->containers[i].needs))
			return -1;
	if (class && !p->states_overhead)
		return add_missing(p, &p->overhead, &class->overhead);
	return 0;
}
