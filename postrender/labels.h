/*
 * Plans which labels go where.
 *
 * All of them go on each object's own metadata. Those that never change for a
 * store go on pod templates too, but only where a changed template is no
 * error: never on a plain Job's, on selectors or on volumeClaimTemplates.
 */
#ifndef SG_LABELS_H
#define SG_LABELS_H

#include "edit.h"
#include "identity.h"
#include "object.h"

/* Whether the pods of this workload get labels. */
bool labels_reach_pods(const struct object *o);

/* Adds to `edit` what the object is to get; component may be NULL. */
int labels_plan(struct sg_arena *a, const struct object *o,
		const struct identity *who, const struct component *component,
		struct edit *edit, struct sg_error *e);

/* The same labels for an object that is being built. */
void labels_set(struct sg_arena *a, struct node *metadata,
		const struct identity *who, const char *component);

#endif
