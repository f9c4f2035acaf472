#include "tree.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "reading.h"

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

struct node *node_find_key(struct node *from, const char *key)
{
	while (from && !node_is(from, key))
		from = from->next->next;
	return from;
}

struct node *node_own(const struct node *n, const char *key)
{
	n = node_resolve(n);
	if (!n || n->kind != NODE_MAPPING)
		return NULL;
	struct node *k = node_find_key(n->first, key);
	return k ? k->next : NULL;
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
		if (reading_is_merge(k))
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
		       ((a->style == b->style && a->tagged == b->tagged) ||
			is_string(a) == is_string(b));
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

const char *node_string(const struct node *n)
{
	struct yaml_value ignored;
	n = node_resolve(n);
	if (!n || n->kind != NODE_SCALAR)
		return NULL;
	bool plain = n->style == STYLE_PLAIN && !n->tagged;
	return !plain || yaml_type_of(n->text, &ignored) == YAML_STRING ?
		       n->text :
		       NULL;
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

/* `size` is that of what the kind has. */
static struct node *new_node(struct sg_arena *a, enum node_kind kind,
			     enum node_style style, size_t size)
{
	struct node *n = sg_arena_alloc_words(a, size);
	if (n) {
		n->kind = (uint8_t)kind;
		n->style = (uint8_t)style;
	}
	return n;
}

struct node *node_new_alias(struct sg_arena *a, struct node *target)
{
	const size_t size = offsetof(struct node, target) + sizeof target;
	struct node *n = new_node(a, NODE_ALIAS, STYLE_PLAIN, size);
	if (n)
		n->target = target;
	target->shared = true;
	return n;
}

struct node *node_new_collection(struct sg_arena *a, enum node_kind kind,
				 enum node_style style)
{
	struct node *n = new_node(a, kind, style, sizeof *n);
	if (n)
		n->weight = 1;
	return n;
}

enum { SCALAR_SIZE = offsetof(struct node, length) + sizeof(uint32_t) };

struct node *node_new_view(struct sg_arena *a, enum node_style style,
			   const char *text, size_t length)
{
	struct node *n = new_node(a, NODE_SCALAR, style, SCALAR_SIZE);
	if (n) {
		n->text = text;
		n->length = (uint32_t)length;
	}
	return n;
}

struct node *node_new_sealed(struct sg_arena *a)
{
	struct node *n = new_node(a, NODE_SCALAR, STYLE_SEALED, sizeof *n);
	if (n)
		n->text = NULL;
	return n;
}

/* The text stands right behind the node: most are short. */
struct node *node_new_scalar(struct sg_arena *a, enum node_style style,
			     const char *text, size_t length)
{
	struct node *n = new_node(a, NODE_SCALAR, style,
				  SCALAR_SIZE + length + 1);
	if (!n)
		return NULL;
	char *to = (char *)n + SCALAR_SIZE;
	memcpy(to, text, length);
	n->text = to;
	n->length = (uint32_t)length;
	return n;
}

uint32_t node_weight(const struct node *n)
{
	n = node_resolve(n);
	return !n ? 0 : n->kind == NODE_SCALAR ? 1 : n->weight;
}

struct node *node_new_mapping(struct sg_arena *a)
{
	return node_new_collection(a, NODE_MAPPING, STYLE_BLOCK);
}

struct node *node_new_sequence(struct sg_arena *a)
{
	return node_new_collection(a, NODE_SEQUENCE, STYLE_BLOCK);
}

static struct node *new_scalar(struct sg_arena *a, enum node_style style,
			       const char *text)
{
	return text ? node_new_scalar(a, style, text, strlen(text)) : NULL;
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

void node_replace(struct node *mapping, struct node *key, struct node *value)
{
	if (!value)
		return;
	value->next = key->next->next;
	if (mapping->last == key->next)
		mapping->last = value;
	key->next = value;
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

static struct node *copy_sealed(struct sg_arena *a, const struct node *n)
{
	struct node *copy = node_new_sealed(a);
	if (!copy)
		return NULL;
	copy->text = sg_arena_copy(a, n->text, n->length);
	copy->length = n->length;
	copy->values = n->values;
	return copy->text ? copy : NULL;
}

struct node *node_copy(struct sg_arena *a, const struct node *n)
{
	n = node_resolve(n);
	if (!n)
		return NULL;
	if (node_is_sealed(n))
		return copy_sealed(a, n);
	struct node *copy =
		n->kind == NODE_SCALAR ?
			node_new_scalar(a, n->style, n->text, n->length) :
			node_new_collection(a, n->kind, n->style);
	if (!copy)
		return NULL;
	copy->tagged = n->tagged;
	if (n->kind == NODE_SCALAR)
		return copy;
	for (const struct node *c = n->first; c; c = c->next)
		node_append(copy, node_copy(a, c));
	return copy;
}
