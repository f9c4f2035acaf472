/*
 * What is to change in one document: a tree of edits that mirrors the paths
 * from the root to what changes. labels.c plans it, splice.c carries it out on
 * the bytes, verify.c checks the result against it.
 *
 * An edit stands for one child: the value of `key`, or the item at `index`.
 * Mappings on the way that are missing or null are made.
 */
#ifndef SG_EDIT_H
#define SG_EDIT_H

#include "tree.h"

struct edit_pair {
	const char *key;
	const char *value;
};

struct edit {
	const char *key; /* NULL: an item of a sequence */
	size_t index;
	bool drop; /* the item goes */
	struct edit *children;
	struct edit *last; /* of the children */
	struct edit *next;
	/* In this mapping these strings stand afterwards. */
	const struct edit_pair *pairs;
	unsigned pair_count;
};

/* The child of parent for that key, made when absent; NULL without memory. */
struct edit *edit_child(struct sg_arena *a, struct edit *parent,
			const char *key);
/* A new one for an item; items are planned once each, in their order. */
struct edit *edit_item(struct sg_arena *a, struct edit *parent, size_t index);

/* Adds to the strings that stand in e's mapping afterwards; -1 without memory. */
int edit_set(struct sg_arena *a, struct edit *e, const char *key,
	     const char *value);

/* Existing ones, or NULL; parent and e may be NULL. */
const struct edit *edit_find(const struct edit *parent, const char *key);
const struct edit_pair *edit_find_pair(const struct edit *e, const char *key);

/* Whether all that it has to do is for items of a sequence. */
bool edit_is_of_items(const struct edit *e);

/* The same edit done on a tree; n and everything below it must be its own. */
void edit_apply(struct sg_arena *a, struct node *n, const struct edit *edit);

#endif
