#include "policy_read.h"

#include <string.h>

#include "resource_names.h"

static int read_limit(struct policy_reader *r, const struct node *n, const char *path,
		      struct limit_range *limit)
{
	static const char *const fields[] = { "type", "default",
					      "defaultRequest", "min", "max",
					      NULL };
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_string(r->arena, n, path, "type", REQUIRED, &limit->type,
			  r->e) ||
	    decode_resources(r->arena, n, path, "default", &limit->defaults,
			     r->e) ||
	    decode_resources(r->arena, n, path, "defaultRequest",
			     &limit->default_requests, r->e) ||
	    decode_resources(r->arena, n, path, "min", &limit->min, r->e) ||
	    decode_resources(r->arena, n, path, "max", &limit->max, r->e))
		return -1;
	if (strcmp(limit->type, "PersistentVolumeClaim") != 0 &&
	    strcmp(limit->type, "Container") != 0)
		return sg_error_set(r->e, SG_INVALID,
				    "%s.type: \"%.80s\" is not Container or PersistentVolumeClaim",
				    path, limit->type);
	return 0;
}

/* In every pair, the left one may not be the larger: min ≤ default ≤ max. */
static int check_order(struct policy_reader *r, const struct limit_range *limit,
		       const char *path)
{
	const struct {
		const char *low_name;
		const struct resources *low;
		const char *high_name;
		const struct resources *high;
	} pairs[] = {
		{ "min", &limit->min, "max", &limit->max },
		{ "default", &limit->defaults, "max", &limit->max },
		{ "defaultRequest", &limit->default_requests, "default",
		  &limit->defaults },
		{ "defaultRequest", &limit->default_requests, "max",
		  &limit->max },
		{ "min", &limit->min, "default", &limit->defaults },
		{ "min", &limit->min, "defaultRequest",
		  &limit->default_requests },
	};
	for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
		const struct resources *low = pairs[p].low;
		for (unsigned i = 0; i < low->count; i++) {
			const struct quantity *high = resources_get(
				pairs[p].high, low->items[i].name);
			if (high &&
			    quantity_compare(low->items[i].amount, *high) > 0)
				return sg_error_set(
					r->e, SG_INVALID,
					"%s: %s.%s is larger than %s.%s", path,
					pairs[p].low_name, low->items[i].name,
					pairs[p].high_name, low->items[i].name);
		}
	}
	return 0;
}

static int check_claim_limit(struct policy_reader *r,
			     const struct limit_range *limit, const char *path)
{
	const struct resources *lists[] = { &limit->min, &limit->max };
	if (limit->defaults.count || limit->default_requests.count)
		return sg_error_set(r->e, SG_INVALID,
				    "%s: a PersistentVolumeClaim has only min and max",
				    path);
	for (size_t l = 0; l < sizeof lists / sizeof *lists; l++)
		for (unsigned i = 0; i < lists[l]->count; i++)
			if (strcmp(lists[l]->items[i].name, "storage") != 0)
				return sg_error_set(
					r->e, SG_INVALID,
					"%s: of a PersistentVolumeClaim min and max can be of storage alone, not of \"%.80s\"",
					path, lists[l]->items[i].name);
	if (limit->min.count + limit->max.count == 0)
		return sg_error_set(r->e, SG_INVALID,
				    "%s: a PersistentVolumeClaim needs min or max of storage",
				    path);
	return 0;
}

/* Of what can't be overcommitted, a request is its limit. */
static int check_container_limit(struct policy_reader *r,
				 const struct limit_range *limit,
				 const char *path)
{
	if (policy_check_containers(r, &limit->defaults,
				    policy_child(r, path, "default")) ||
	    policy_check_containers(r, &limit->default_requests,
				    policy_child(r, path, "defaultRequest")) ||
	    policy_check_containers(r, &limit->min,
				    policy_child(r, path, "min")) ||
	    policy_check_containers(r, &limit->max,
				    policy_child(r, path, "max")))
		return -1;
	for (unsigned i = 0; i < limit->default_requests.count; i++) {
		const struct resource *request =
			&limit->default_requests.items[i];
		const struct quantity *most =
			resources_get(&limit->defaults, request->name);
		if (!most)
			most = resources_get(&limit->max, request->name);
		if (!resource_name_allows_overcommit(request->name) && most &&
		    quantity_compare(request->amount, *most) != 0)
			return sg_error_set(r->e, SG_INVALID,
					    "%s: defaultRequest.%s must be the same as default.%s, or as max.%s without it",
					    path, request->name, request->name,
					    request->name);
	}
	return 0;
}

static int check_limit(struct policy_reader *r, const struct limit_range *limit,
		       const char *path)
{
	bool claim = strcmp(limit->type, "PersistentVolumeClaim") == 0;
	return (claim ? check_claim_limit(r, limit, path) :
			check_container_limit(r, limit, path)) ||
			       check_order(r, limit, path) ?
		       -1 :
		       0;
}

static int read_limits(struct policy_reader *r, const struct node *n, const char *path,
		       struct plan *plan)
{
	if (policy_required(r, n, path) || decode_sequence(n, path, r->e))
		return -1;
	plan->limits = policy_allocate(r, node_count(n), sizeof *plan->limits);
	if (!plan->limits)
		return -1;
	for (const struct node *l = n->first; l; l = l->next) {
		struct limit_range *limit = &plan->limits[plan->limit_count];
		const char *at = policy_item(r, path, plan->limit_count);
		if (read_limit(r, l, at, limit))
			return -1;
		if (plan_limits(plan, limit->type))
			return sg_error_set(r->e, SG_INVALID,
					    "%s: two limits of type %s", path,
					    limit->type);
		if (check_limit(r, limit, at))
			return -1;
		plan->limit_count++;
	}
	return 0;
}

static int check_quota(struct policy_reader *r, const struct resources *quota,
		       const char *path)
{
	for (unsigned i = 0; i < quota->count; i++) {
		const char *key = quota->items[i].name;
		struct quantity amount = quota->items[i].amount;
		char text[QUANTITY_TEXT_SIZE];
		if (!resource_name_is_quota_key(key))
			return sg_error_set(r->e, SG_INVALID,
					    "%s.quota: \"%.80s\" is not a ResourceQuota key (like requests.cpu, limits.memory, pods, requests.example.com/gpu, count/jobs.batch or gold.storageclass.storage.k8s.io/requests.storage)",
					    path, key);
		quantity_round_to_whole(&amount);
		if (resource_name_is_whole(key) &&
		    quantity_compare(amount, quota->items[i].amount) != 0)
			return sg_error_set(r->e, SG_INVALID,
					    "%s.quota: %s is %s, but must be a whole number",
					    path, key,
					    quantity_print(
						    quota->items[i].amount,
						    text));
	}
	return 0;
}

static int read_plan(struct policy_reader *r, const struct node *n, const char *path,
		     struct plan *plan)
{
	static const char *const fields[] = { "groups", "quota", "limitRange",
					      NULL };
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_strings(r->arena, n, path, "groups", &plan->groups, r->e) ||
	    policy_required(r, node_get(n, "quota"), policy_child(r, path, "quota")) ||
	    decode_resources(r->arena, n, path, "quota", &plan->quota, r->e) ||
	    read_limits(r, node_get(n, "limitRange"),
			policy_child(r, path, "limitRange"), plan))
		return -1;
	return check_quota(r, &plan->quota, path);
}

int policy_read_plans(struct policy_reader *r, const struct node *n, const char *path)
{
	unsigned count = 0;
	if (policy_read_names(r, n, path, &count))
		return -1;
	r->policy->plans = policy_allocate(r, count, sizeof *r->policy->plans);
	if (!r->policy->plans)
		return -1;
	for (const struct node *k = n->first; k; k = k->next->next) {
		struct plan *plan = &r->policy->plans[r->policy->plan_count++];
		plan->name = policy_copy_key(r, k);
		if (!plan->name)
			return sg_error_memory(r->e);
		if (read_plan(r, k->next, policy_child(r, path, plan->name),
			      plan) &&
		    policy_note(r))
			return -1;
	}
	return 0;
}
