#include "edit.h"

#include <string.h>

static struct edit *append(struct sg_arena *a, struct edit *parent,
			   const char *key, size_t index)
{
	struct edit *fresh = sg_arena_alloc(a, sizeof *fresh);
	if (!fresh)
		return NULL;
	fresh->key = key;
	fresh->index = index;
	if (parent->last)
		parent->last->next = fresh;
	else
		parent->children = fresh;
	parent->last = fresh;
	return fresh;
}

static struct edit *find(const struct edit *parent, const char *key)
{
	for (struct edit *c = parent ? parent->children : NULL; c; c = c->next)
		if (c->key && strcmp(c->key, key) == 0)
			return c;
	return NULL;
}

struct edit *edit_child(struct sg_arena *a, struct edit *parent,
			const char *key)
{
	struct edit *present = find(parent, key);
	return present ? present : append(a, parent, key, 0);
}

struct edit *edit_item(struct sg_arena *a, struct edit *parent, size_t index)
{
	return append(a, parent, NULL, index);
}

int edit_set(struct sg_arena *a, struct edit *e, const char *key,
	     const char *value)
{
	struct edit_pair *pairs =
		sg_arena_alloc(a, (e->pair_count + 1) * sizeof *pairs);
	if (!pairs)
		return -1;
	if (e->pair_count)
		memcpy(pairs, e->pairs, e->pair_count * sizeof *pairs);
	pairs[e->pair_count++] = (struct edit_pair){ key, value };
	e->pairs = pairs;
	return 0;
}

const struct edit *edit_find(const struct edit *parent, const char *key)
{
	return find(parent, key);
}

const struct edit_pair *edit_find_pair(const struct edit *e, const char *key)
{
	for (unsigned i = 0; e && i < e->pair_count; i++)
		if (strcmp(e->pairs[i].key, key) == 0)
			return &e->pairs[i];
	return NULL;
}

bool edit_is_of_items(const struct edit *e)
{
	for (const struct edit *c = e->children; c; c = c->next)
		if (c->key)
			return false;
	return e->pair_count == 0;
}

/* A key may stand there twice (reading.h): then both change. */
static void set_string(struct sg_arena *a, struct node *mapping,
		       const struct edit_pair *pair)
{
	struct node *key = node_find_key(mapping->first, pair->key);
	if (!key)
		node_set_string(a, mapping, pair->key, pair->value);
	for (; key; key = node_find_key(key->next->next, pair->key))
		node_replace(mapping, key, node_new_string(a, pair->value));
}

/* A merged value becomes the mapping's own. */
static struct node *inherit(struct sg_arena *a, const struct node *mapping,
			    const char *key)
{
	const struct node *merged = node_get(mapping, key);
	return node_is_null(merged) ? node_new_mapping(a) :
				      node_copy(a, merged);
}

static void apply_child(struct sg_arena *a, struct node *mapping,
			const struct edit *c)
{
	struct node *key = node_find_key(mapping->first, c->key);
	if (!key) {
		struct node *value = inherit(a, mapping, c->key);
		if (value)
			edit_apply(a, value, c);
		node_set(a, mapping, c->key, value);
	}
	for (; key; key = node_find_key(key->next->next, c->key)) {
		if (node_is_null(key->next))
			node_replace(mapping, key, node_new_mapping(a));
		edit_apply(a, key->next, c);
	}
}

static void apply_items(struct sg_arena *a, struct node *n,
			const struct edit *edit)
{
	struct node *item = n->first;
	const struct edit *c = edit->children;
	n->first = n->last = NULL;
	for (size_t index = 0; item; index++) {
		struct node *next = item->next;
		bool edited = c && c->index == index;
		item->next = NULL;
		if (edited && !c->drop)
			edit_apply(a, item, c);
		if (!edited || !c->drop)
			node_append(n, item);
		if (edited)
			c = c->next;
		item = next;
	}
}

void edit_apply(struct sg_arena *a, struct node *n, const struct edit *edit)
{
	if (n->kind == NODE_SEQUENCE) {
		apply_items(a, n, edit);
		return;
	}
	for (unsigned i = 0; i < edit->pair_count; i++)
		set_string(a, n, &edit->pairs[i]);
	for (const struct edit *c = edit->children; c; c = c->next)
		apply_child(a, n, c);
}
