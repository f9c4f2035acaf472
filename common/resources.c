#include "resources.h"

#include <string.h>

struct quantity *resources_get(const struct resources *r, const char *name)
{
	for (unsigned i = 0; i < r->count; i++)
		if (strcmp(r->items[i].name, name) == 0)
			return &r->items[i].amount;
	return NULL;
}

static int append(struct sg_arena *a, struct resources *r, const char *name,
		  struct quantity amount, struct sg_error *e)
{
	if (r->count == SG_MAX_RESOURCES)
		return sg_error_set(e, SG_INVALID,
				    "more than %u different resources",
				    SG_MAX_RESOURCES);
	if (r->count == r->capacity) {
		unsigned capacity = r->capacity ? 2 * r->capacity : 4;
		struct resource *items =
			sg_arena_alloc(a, capacity * sizeof *items);
		if (!items)
			return sg_error_memory(e);
		if (r->count)
			memcpy(items, r->items, r->count * sizeof *items);
		r->items = items;
		r->capacity = capacity;
	}
	r->items[r->count++] = (struct resource){ name, amount };
	return 0;
}

int resources_set(struct sg_arena *a, struct resources *r, const char *name,
		  struct quantity amount, struct sg_error *e)
{
	struct quantity *present = resources_get(r, name);
	if (!present)
		return append(a, r, name, amount, e);
	*present = amount;
	return 0;
}

int resources_add(struct sg_arena *a, struct resources *r, const char *name,
		  struct quantity amount, struct sg_error *e)
{
	struct quantity *present = resources_get(r, name);
	if (!present)
		return append(a, r, name, amount, e);
	if (quantity_add(present, amount, e))
		return sg_error_context(e, "%s", name);
	return 0;
}

int resources_add_all(struct sg_arena *a, struct resources *r,
		      const struct resources *other, int64_t times,
		      struct sg_error *e)
{
	for (unsigned i = 0; i < other->count; i++) {
		struct quantity amount = other->items[i].amount;
		if (quantity_multiply(&amount, times, e))
			return sg_error_context(e, "%s", other->items[i].name);
		if (resources_add(a, r, other->items[i].name, amount, e))
			return -1;
	}
	return 0;
}

int resources_max_all(struct sg_arena *a, struct resources *r,
		      const struct resources *other, struct sg_error *e)
{
	for (unsigned i = 0; i < other->count; i++) {
		const struct resource *o = &other->items[i];
		struct quantity *present = resources_get(r, o->name);
		if (present && quantity_compare(*present, o->amount) >= 0)
			continue;
		if (resources_set(a, r, o->name, o->amount, e))
			return -1;
	}
	return 0;
}
