/* JSON Patch (RFC 6902) as far as defaults need it: operations that add. */
#ifndef SG_PATCH_H
#define SG_PATCH_H

#include "tree.h"

/*
 * Operations that add each entry of `added` to the mapping under `parent`, a key of
 * the whole object, replacing what is there; or, when that mapping does not exist,
 * the one operation that makes it. Takes `added` apart. NULL when nothing is added.
 * Without memory it may lack some: the arena tells.
 */
struct node *patch_add_all(struct sg_arena *a, const char *parent,
			   bool parent_exists, struct node *added);

/*
 * A copy of the object with such a patch applied. NULL when the patch does not fit
 * the object, has other operations, or without memory.
 */
struct node *patch_apply(struct sg_arena *a, const struct node *object,
			 const struct node *patch);

#endif
