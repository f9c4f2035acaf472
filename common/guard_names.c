#include "guard_names.h"

static const char *const fixed[] = { "default-deny", "dns", "acme" };
static const char *const of_jobs[] = { "jobs", "hooks" };

enum {
	FIXED = sizeof fixed / sizeof *fixed,
	OF_JOBS = sizeof of_jobs / sizeof *of_jobs,
};

unsigned guard_policy_count(const struct engine *engine)
{
	return FIXED + engine->component_count +
	       (engine_jobs_component(engine) ? OF_JOBS : 0);
}

const char *guard_policy_name(struct sg_arena *a, const struct engine *engine,
			      unsigned index)
{
	if (index < FIXED)
		return sg_arena_printf(a, GUARD_PREFIX "-%s", fixed[index]);
	index -= FIXED;
	if (index < engine->component_count)
		return sg_arena_printf(a, GUARD_PREFIX "-%s",
				       engine->components[index].name);
	index -= engine->component_count;
	return sg_arena_printf(a, GUARD_PREFIX "-%s-%s",
			       engine_jobs_component(engine)->name,
			       of_jobs[index]);
}
