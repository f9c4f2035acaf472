#include "policy.h"

#include <stdlib.h>
#include <string.h>

void policy_free(struct policy *p)
{
	if (p)
		sg_arena_release(&p->arena);
	free(p);
}

const struct engine *policy_engine(const struct policy *p, const char *name)
{
	for (unsigned i = 0; i < p->engine_count; i++)
		if (strcmp(p->engines[i].name, name) == 0)
			return &p->engines[i];
	return NULL;
}

const struct plan *policy_plan(const struct policy *p, const char *name)
{
	for (unsigned i = 0; i < p->plan_count; i++)
		if (strcmp(p->plans[i].name, name) == 0)
			return &p->plans[i];
	return NULL;
}

const struct component *engine_component(const struct engine *engine,
					 const char *name)
{
	for (unsigned i = 0; i < engine->component_count; i++)
		if (strcmp(engine->components[i].name, name) == 0)
			return &engine->components[i];
	return NULL;
}

const struct component *engine_jobs_component(const struct engine *engine)
{
	for (unsigned i = 0; i < engine->component_count; i++)
		if (engine->components[i].jobs)
			return &engine->components[i];
	return NULL;
}

const struct limit_range *plan_limits(const struct plan *plan, const char *type)
{
	for (unsigned i = 0; i < plan->limit_count; i++)
		if (strcmp(plan->limits[i].type, type) == 0)
			return &plan->limits[i];
	return NULL;
}

const struct runtime_class *cluster_runtime_class(const struct cluster_facts *cluster,
						  const char *name)
{
	for (unsigned i = 0; i < cluster->runtime_class_count; i++)
		if (strcmp(cluster->runtime_classes[i].name, name) == 0)
			return &cluster->runtime_classes[i];
	return NULL;
}

static bool is_named(const struct strings *owners, const char *owner)
{
	for (unsigned i = 0; i < owners->count; i++) {
		const char *pattern = owners->items[i];
		size_t begin = strcspn(pattern, "*");
		if (pattern[begin] ? strncmp(owner, pattern, begin) == 0 :
				     strcmp(owner, pattern) == 0)
			return true;
	}
	return false;
}

bool policy_lets_act_for(const struct policy *p, const char *user,
			 const char *owner)
{
	bool is_listed = false;
	for (unsigned i = 0; i < p->owners.assigner_count; i++) {
		const struct assigner *a = &p->owners.assigners[i];
		if (strcmp(a->user, user) != 0)
			continue;
		if (is_named(&a->owners, owner))
			return true;
		is_listed = true;
	}
	return !is_listed;
}

const char *policy_engine_names(struct sg_arena *a, const struct policy *p)
{
	const char *names = p->engine_count ? p->engines[0].name : "none";
	for (unsigned i = 1; i < p->engine_count && names; i++)
		names = sg_arena_printf(a, "%s, %s", names, p->engines[i].name);
	return names ? names : "…";
}

const char *policy_plan_names(struct sg_arena *a, const struct policy *p)
{
	const char *names = p->plan_count ? p->plans[0].name : "none";
	for (unsigned i = 1; i < p->plan_count && names; i++)
		names = sg_arena_printf(a, "%s, %s", names, p->plans[i].name);
	return names ? names : "…";
}
