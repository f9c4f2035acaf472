/*
 * Lists of named quantities: what a container asks for, what a quota allows.
 *
 * Order is that of first mention. A list lives in an arena; names are not
 * copied, they must live as long as the list.
 */
#ifndef SG_RESOURCES_H
#define SG_RESOURCES_H

#include "arena.h"
#include "quantity.h"

struct resource {
	const char *name;
	struct quantity amount;
};

struct resources {
	struct resource *items;
	unsigned count;
	unsigned capacity;
};

/* The amount under that name, or NULL. The pointer ends with the next add. */
struct quantity *resources_get(const struct resources *r, const char *name);

/* Each returns -1 with SG_INVALID (out of range, too many) or SG_IO. */
int resources_set(struct sg_arena *a, struct resources *r, const char *name,
		  struct quantity amount, struct sg_error *e);
int resources_add(struct sg_arena *a, struct resources *r, const char *name,
		  struct quantity amount, struct sg_error *e);
/* r += other × times */
int resources_add_all(struct sg_arena *a, struct resources *r,
		      const struct resources *other, int64_t times,
		      struct sg_error *e);
/* Each name gets the larger of both. */
int resources_max_all(struct sg_arena *a, struct resources *r,
		      const struct resources *other, struct sg_error *e);

#endif
