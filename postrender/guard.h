/* What all guards have in common. */
#ifndef SG_GUARD_H
#define SG_GUARD_H

#include "guard_names.h"
#include "identity.h"

/*
 * A guard-to-be: apiVersion, kind and metadata, with annotations as a mapping
 * that more can be set in.
 */
struct node *guard_object(struct sg_arena *a, const struct identity *who,
			  const char *api_version, const char *kind,
			  const char *name, struct node **annotations);

/* The annotation by which Helm leaves an object alone. */
#define HELM_POLICY "helm.sh/resource-policy"
#define HELM_KEEP "keep"

/* Helm is to leave it where it is when a later render lacks it. */
void guard_keep(struct sg_arena *a, struct node *annotations);

#endif
