#include "tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

const struct node *node_resolve(const struct node *n)
{
	return n && n->kind == NODE_ALIAS ? n->target : n;
}

static bool is_kind(const struct node *n, enum node_kind kind)
{
	n = node_resolve(n);
	return n && n->kind == kind;
}

bool node_is_mapping(const struct node *n)
{
	return is_kind(n, NODE_MAPPING);
}

bool node_is_sequence(const struct node *n)
{
	return is_kind(n, NODE_SEQUENCE);
}

bool node_is_null(const struct node *n)
{
	n = node_resolve(n);
	if (!n)
		return true;
	if (n->kind != NODE_SCALAR || n->style != STYLE_PLAIN || n->tagged)
		return false;
	return n->length == 0 || strcmp(n->text, "~") == 0 ||
	       strcmp(n->text, "null") == 0 || strcmp(n->text, "Null") == 0 ||
	       strcmp(n->text, "NULL") == 0;
}

bool node_is_sealed(const struct node *n)
{
	return n && n->kind == NODE_SCALAR && n->style == STYLE_SEALED;
}

bool node_is(const struct node *n, const char *text)
{
	n = node_resolve(n);
	return n && n->kind == NODE_SCALAR && strcmp(n->text, text) == 0;
}

struct node *node_own(const struct node *n, const char *key)
{
	n = node_resolve(n);
	if (!n || n->kind != NODE_MAPPING)
		return NULL;
	for (struct node *k = n->first; k; k = k->next->next)
		if (node_is(k, key))
			return k->next;
	return NULL;
}

/* A "<<" in quotes, such as all keys of JSON, is a key like others. */
static bool is_merge(const struct node *key)
{
	return key->style == STYLE_PLAIN && node_is(key, "<<");
}

const struct node *node_get(const struct node *n, const char *key)
{
	const struct node *merged = NULL;
	n = node_resolve(n);
	if (!n || n->kind != NODE_MAPPING)
		return NULL;
	for (const struct node *k = n->first; k; k = k->next->next) {
		if (node_is(k, key))
			return node_resolve(k->next);
		if (is_merge(node_resolve(k)))
			merged = node_resolve(k->next);
	}
	if (!merged || merged->kind == NODE_MAPPING)
		return node_get(merged, key);
	if (merged->kind != NODE_SEQUENCE)
		return NULL;
	for (const struct node *m = merged->first; m; m = m->next) {
		const struct node *value = node_get(m, key);
		if (value)
			return value;
	}
	return NULL;
}

const struct node *node_path(const struct node *n, ...)
{
	va_list keys;
	va_start(keys, n);
	const char *key;
	while (n && (key = va_arg(keys, const char *)))
		n = node_get(n, key);
	va_end(keys);
	return n;
}

static bool is_string(const struct node *n)
{
	return n->style != STYLE_PLAIN || n->tagged ||
	       !yaml_plain_is_typed(n->text);
}

bool node_equal(const struct node *a, const struct node *b)
{
	a = node_resolve(a);
	b = node_resolve(b);
	if (a == b || node_is_null(a) || node_is_null(b))
		return node_is_null(a) == node_is_null(b);
	if (a->kind != b->kind)
		return false;
	if (a->kind == NODE_SCALAR)
		return a->length == b->length && strcmp(a->text, b->text) == 0 &&
		       (a->style == b->style || is_string(a) == is_string(b));
	const struct node *x = a->first, *y = b->first;
	for (; x && y; x = x->next, y = y->next)
		if (!node_equal(x, y))
			return false;
	return x == y;
}

const char *node_text(const struct node *n)
{
	n = node_resolve(n);
	if (!n || n->kind != NODE_SCALAR || node_is_null(n) || node_is_sealed(n))
		return NULL;
	return n->text;
}

const char *node_kind_name(const struct node *n)
{
	n = node_resolve(n);
	if (!n)
		return "absent";
	if (node_is_null(n))
		return "null";
	switch (n->kind) {
	case NODE_MAPPING:
		return "a mapping";
	case NODE_SEQUENCE:
		return "a list";
	default:
		return "a scalar";
	}
}

size_t node_count(const struct node *collection)
{
	const struct node *n = node_resolve(collection);
	size_t count = 0;
	if (!n || (n->kind != NODE_MAPPING && n->kind != NODE_SEQUENCE))
		return 0;
	for (const struct node *c = n->first; c; c = c->next)
		count++;
	return n->kind == NODE_MAPPING ? count / 2 : count;
}

static struct node *new_node(struct sg_arena *a, enum node_kind kind,
			     enum node_style style)
{
	struct node *n = sg_arena_alloc(a, sizeof *n);
	if (n) {
		n->kind = (uint8_t)kind;
		n->style = (uint8_t)style;
		n->weight = 1;
	}
	return n;
}

struct node *node_new_mapping(struct sg_arena *a)
{
	return new_node(a, NODE_MAPPING, STYLE_BLOCK);
}

struct node *node_new_sequence(struct sg_arena *a)
{
	return new_node(a, NODE_SEQUENCE, STYLE_BLOCK);
}

static struct node *new_scalar(struct sg_arena *a, enum node_style style,
			       const char *text)
{
	struct node *n = text ? new_node(a, NODE_SCALAR, style) : NULL;
	if (n) {
		n->length = strlen(text);
		n->text = sg_arena_copy(a, text, n->length);
	}
	return n && n->text ? n : NULL;
}

struct node *node_new_string(struct sg_arena *a, const char *text)
{
	bool plain = text && yaml_plain_is_string(text);
	return new_scalar(a, plain ? STYLE_PLAIN : STYLE_QUOTED, text);
}

struct node *node_new_int(struct sg_arena *a, int64_t value)
{
	return new_scalar(a, STYLE_PLAIN,
			  sg_arena_printf(a, "%" PRId64, value));
}

void node_append(struct node *collection, struct node *item)
{
	if (!collection || !item)
		return;
	if (collection->last)
		collection->last->next = item;
	else
		collection->first = item;
	collection->last = item;
}

void node_set(struct sg_arena *a, struct node *mapping, const char *key,
	      struct node *value)
{
	struct node *k = node_new_string(a, key);
	if (!k || !value)
		return;
	node_append(mapping, k);
	node_append(mapping, value);
}

void node_set_string(struct sg_arena *a, struct node *mapping, const char *key,
		     const char *value)
{
	node_set(a, mapping, key, node_new_string(a, value));
}

struct node *node_copy(struct sg_arena *a, const struct node *n)
{
	n = node_resolve(n);
	if (!n)
		return NULL;
	struct node *copy = new_node(a, n->kind, n->style);
	if (!copy)
		return NULL;
	copy->tagged = n->tagged;
	if (n->kind == NODE_SCALAR) {
		copy->length = n->length;
		copy->text = sg_arena_copy(a, n->text, n->length);
		return copy->text ? copy : NULL;
	}
	for (const struct node *c = n->first; c; c = c->next)
		node_append(copy, node_copy(a, c));
	return copy;
}
