#include "pod.h"

#include <string.h>

#include "resource_names.h"

/* Whoever states resources: a container, or the pod as a whole. */
struct holder {
	const struct container *container; /* or NULL */
	const struct pod_needs *stated;
	const struct pod_needs *needs;
	bool (*may_have)(const char *resource);
	const char *allowed;
};

static const char *describe(struct pod *p, const struct container *c)
{
	const struct object *o = p->object;
	const char *place =
		c ? sg_arena_printf(p->arena, "%.63s/%.253s container %.63s", o->kind,
				    o->name, c->name) :
		    sg_arena_printf(p->arena, "%.63s/%.253s pod", o->kind, o->name);
	return place ? place : "pod";
}

/* Whether a request is there because of a limit, which is complained of itself. */
static bool is_from_limit(const struct holder *h, const char *name)
{
	return !resources_get(&h->stated->requests, name) &&
	       resources_get(&h->needs->limits, name);
}

static void check_names(struct pod *p, const struct holder *h,
			const char *list_name, const struct resources *list)
{
	char text[QUANTITY_TEXT_SIZE];
	for (unsigned i = 0; i < list->count; i++) {
		const char *name = list->items[i].name;
		struct quantity amount = list->items[i].amount, page;
		struct sg_error ignored;
		if (list == &h->needs->requests && is_from_limit(h, name))
			continue;
		if (!h->may_have(name)) {
			violations_add(p->violations, describe(p, h->container),
				       "%s.%.80s: no such resource here, but %s",
				       list_name, name, h->allowed);
			continue;
		}
		struct quantity rounded = amount;
		quantity_round_to_whole(&rounded);
		if (resource_name_is_whole(name) &&
		    quantity_compare(amount, rounded) != 0)
			violations_add(p->violations, describe(p, h->container),
				       "%s.%s %s is no whole number", list_name,
				       name, quantity_print(amount, text));
		if (!resource_name_is_huge_pages(name))
			continue;
		const char *size = name + strlen("hugepages-");
		if (quantity_parse(size, strlen(size), &page, &ignored) ||
		    !quantity_is_multiple(rounded, page))
			violations_add(p->violations, describe(p, h->container),
				       "%s.%.80s %s is no whole number of such pages",
				       list_name, name,
				       quantity_print(amount, text));
	}
}

static void check_request(struct pod *p, const struct holder *h,
			  const struct resource *r)
{
	char request[QUANTITY_TEXT_SIZE], text[QUANTITY_TEXT_SIZE];
	const struct quantity *limit = resources_get(&h->needs->limits, r->name);
	const bool equal = !resource_name_allows_overcommit(r->name);
	quantity_print(r->amount, request);
	if (!limit) {
		if (equal)
			violations_add(p->violations, describe(p, h->container),
				       "requests.%.80s %s has no limit; such a resource needs the same as a limit",
				       r->name, request);
		return;
	}
	int order = quantity_compare(r->amount, *limit);
	quantity_print(*limit, text);
	if (order > 0 && !resources_get(&h->stated->limits, r->name))
		violations_add(p->violations, describe(p, h->container),
			       "requests.%.80s %s is over the plan's default limit %s: state a limit",
			       r->name, request, text);
	else if (order > 0)
		violations_add(p->violations, describe(p, h->container),
			       "requests.%.80s %s is over its limit %s",
			       r->name, request, text);
	else if (order < 0 && equal)
		violations_add(p->violations, describe(p, h->container),
			       "requests.%.80s %s is under its limit %s; of such a resource both must be the same",
			       r->name, request, text);
}

static bool names_any(const struct pod_needs *needs,
		      bool (*is)(const char *name))
{
	const struct resources *lists[] = { &needs->requests, &needs->limits };
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (unsigned i = 0; i < lists[l]->count; i++)
			if (is(lists[l]->items[i].name))
				return true;
	return false;
}

static bool is_cpu_or_memory(const char *name)
{
	return strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0;
}

static void check_holder(struct pod *p, const struct holder *h)
{
	check_names(p, h, "limits", &h->needs->limits);
	check_names(p, h, "requests", &h->needs->requests);
	for (unsigned i = 0; i < h->needs->requests.count; i++)
		check_request(p, h, &h->needs->requests.items[i]);
	if (names_any(h->needs, resource_name_is_huge_pages) &&
	    !names_any(h->needs, is_cpu_or_memory))
		violations_add(p->violations, describe(p, h->container),
			       "asks for huge pages alone; they need cpu or memory beside them");
}

/* --- the pod as a whole beside its containers --- */

/* "the plan's default limit" where nobody stated it. */
static const char *whose(const struct pod *p, const struct resources *stated,
			 const char *name, const char *of_plan)
{
	return p->range && !resources_get(stated, name) ? of_plan : "";
}

static void check_container_limits(struct pod *p, const struct container *c)
{
	char a[QUANTITY_TEXT_SIZE], b[QUANTITY_TEXT_SIZE];
	for (unsigned i = 0; i < c->needs.limits.count; i++) {
		const struct resource *limit = &c->needs.limits.items[i];
		const struct quantity *all =
			resources_get(&p->needs.limits, limit->name);
		if (!all || quantity_compare(limit->amount, *all) <= 0)
			continue;
		const char *default_of =
			whose(p, &c->stated.limits, limit->name,
			      ", the plan's default,");
		violations_add(p->violations, describe(p, c),
			       "limits.%.80s %s%s is over the pod's own limit %s: state %s",
			       limit->name, quantity_print(limit->amount, a),
			       default_of, quantity_print(*all, b),
			       *default_of ? "a lower one" : "less, or more there");
	}
}

/* Whether the plan's default is what some container requests of it. */
static bool plan_requests(const struct pod *p, const char *name)
{
	for (unsigned i = 0; p->range && i < p->count; i++) {
		const struct container *c = &p->containers[i];
		if (!resources_get(&c->stated.requests, name) &&
		    !resources_get(&c->stated.limits, name) &&
		    resources_get(&c->needs.requests, name))
			return true;
	}
	return false;
}

static void check_request_sum(struct pod *p, const struct resource *sum)
{
	char a[QUANTITY_TEXT_SIZE], b[QUANTITY_TEXT_SIZE];
	const struct quantity *all = resources_get(&p->needs.requests, sum->name);
	if (!all || quantity_compare(sum->amount, *all) <= 0)
		return;
	quantity_print(*all, a);
	quantity_print(sum->amount, b);
	bool stated = resources_get(&p->stated.requests, sum->name);
	if (plan_requests(p, sum->name))
		violations_add(p->violations, describe(p, NULL),
			       "requests.%.80s %s%s is less than the %s that its containers have with the plan's default: state it on each container%s",
			       sum->name, a,
			       stated ? "" : " (what its containers state)", b,
			       stated ? ", or more here" : ", or here");
	else
		violations_add(p->violations, describe(p, NULL),
			       "requests.%.80s %s is less than its containers' %s together",
			       sum->name, a, b);
}

static void check_limit_sum(struct pod *p, const struct resource *sum)
{
	char a[QUANTITY_TEXT_SIZE], b[QUANTITY_TEXT_SIZE];
	const struct quantity *all = resources_get(&p->needs.limits, sum->name);
	if (all && quantity_compare(sum->amount, *all) > 0)
		violations_add(p->violations, describe(p, NULL),
			       "limits.%.80s %s is less than its containers' %s together",
			       sum->name, quantity_print(*all, a),
			       quantity_print(sum->amount, b));
}

static int check_consistency(struct pod *p)
{
	struct pod_needs sum = { 0 };
	if (pod_sum(p, &sum))
		return -1;
	for (unsigned i = 0; i < sum.requests.count; i++)
		check_request_sum(p, &sum.requests.items[i]);
	for (unsigned i = 0; i < sum.limits.count; i++)
		if (resource_name_is_huge_pages(sum.limits.items[i].name))
			check_limit_sum(p, &sum.limits.items[i]);
	for (unsigned i = 0; i < p->count; i++)
		if (!p->containers[i].is_init)
			check_container_limits(p, &p->containers[i]);
	return 0;
}

/* --- overhead --- */

static bool same_amounts(const struct resources *a, const struct resources *b)
{
	for (unsigned i = 0; i < a->count; i++) {
		const struct quantity *other =
			resources_get(b, a->items[i].name);
		if (!other || quantity_compare(a->items[i].amount, *other) != 0)
			return false;
	}
	return a->count == b->count;
}

static void check_overhead(struct pod *p)
{
	if (!p->states_overhead)
		return;
	if (!p->runtime_class) {
		violations_add(p->violations, describe(p, NULL),
			       "states an overhead, which only a RuntimeClass gives: leave it out, or name the runtimeClassName");
		return;
	}
	const struct runtime_class *class =
		cluster_runtime_class(p->terms->cluster, p->runtime_class);
	if (class && !same_amounts(&class->overhead, &p->overhead))
		violations_add(p->violations, describe(p, NULL),
			       "states another overhead than the policy's of RuntimeClass %.80s: leave it out",
			       p->runtime_class);
}

int pod_check_values(struct pod *p)
{
	for (unsigned i = 0; i < p->count; i++) {
		const struct container *c = &p->containers[i];
		const struct holder h = {
			c, &c->stated, &c->needs,
			resource_name_is_for_containers,
			"cpu, memory, ephemeral-storage, hugepages-… or one like example.com/gpu"
		};
		check_holder(p, &h);
	}
	check_overhead(p);
	if (p->stated.requests.count + p->stated.limits.count == 0)
		return 0;
	const struct holder own = { NULL, &p->stated, &p->needs,
				    resource_name_is_for_pods,
				    "cpu, memory or hugepages-…" };
	check_holder(p, &own);
	return check_consistency(p);
}

/* --- the LimitRange's minimum and maximum --- */

static void check_container_range(struct pod *p, const struct container *c)
{
	char a[QUANTITY_TEXT_SIZE], b[QUANTITY_TEXT_SIZE];
	const struct pod_needs *needs = &c->needs;
	for (unsigned i = 0; i < needs->limits.count; i++) {
		const struct resource *limit = &needs->limits.items[i];
		struct quantity *max =
			resources_get(&p->range->max, limit->name);
		if (max && quantity_compare(limit->amount, *max) > 0)
			violations_add(p->violations, describe(p, c),
				       "limits.%s %s is over the plan's maximum %s",
				       limit->name,
				       quantity_print(limit->amount, a),
				       quantity_print(*max, b));
	}
	for (unsigned i = 0; i < needs->requests.count; i++) {
		const struct resource *request = &needs->requests.items[i];
		struct quantity *min =
			resources_get(&p->range->min, request->name);
		if (min && quantity_compare(request->amount, *min) < 0)
			violations_add(p->violations, describe(p, c),
				       "requests.%s %s is under the plan's minimum %s",
				       request->name,
				       quantity_print(request->amount, a),
				       quantity_print(*min, b));
	}
}

void pod_check_range(struct pod *p)
{
	for (unsigned i = 0; p->range && i < p->count; i++)
		check_container_range(p, &p->containers[i]);
}

/* --- what the quota wants to see --- */

static void check_stated(struct pod *p, const struct container *c)
{
	const struct resources *quota = &p->terms->plan->quota;
	for (unsigned i = 0; i < quota->count; i++) {
		const char *key = quota->items[i].name;
		bool limit = strncmp(key, "limits.", 7) == 0;
		const char *resource = limit ? key + 7 :
				       strncmp(key, "requests.", 9) == 0 ?
					       key + 9 :
					       key;
		if (is_cpu_or_memory(resource) &&
		    !resources_get(limit ? &c->needs.limits :
					   &c->needs.requests,
				   resource))
			violations_add(p->violations, describe(p, c),
				       "states no %s.%s, the plan's LimitRange has no default, and its quota refuses such pods",
				       limit ? "limits" : "requests", resource);
	}
}

/*
 * A quota on cpu or memory refuses pods whose containers do not state it, unless
 * the pod itself states any.
 */
void pod_check_quota(struct pod *p)
{
	if (pod_is_pod_level(p))
		return;
	for (unsigned i = 0; i < p->count; i++)
		check_stated(p, &p->containers[i]);
}
