/*
 * The store's Namespace, and its Store where a release has it, outlive a render that lacks
 * them: with them the whole shop would go.
 */
#ifndef SG_KEEP_H
#define SG_KEEP_H

#include "edit.h"
#include "identity.h"
#include "object.h"

/*
 * No upgrade and no sync deletes a Namespace that is being built. Under Argo CD the end of
 * the Application still does, which helm.sh/resource-policy would keep it from.
 */
void keep_namespace(struct sg_arena *a, struct node *annotations,
		    enum deployer deployer);

/*
 * Adds the same to `edit` where the object is one of these, and the chart's own.
 * SG_REFUSED when it is a hook, which is deleted to be made anew; of a claim that is one,
 * it is warned.
 */
int keep_plan(struct sg_arena *a, const struct object *o,
	      const struct identity *who, enum deployer deployer,
	      struct edit *edit, struct diagnostics *d, struct sg_error *e);

#endif
