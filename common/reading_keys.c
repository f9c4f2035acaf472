/* Whether all readers of YAML find the same keys in a mapping. */
#include "reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* Most mappings are so small that comparing all pairs is the fastest. */
enum { FEW = 32 };

struct keys {
	const struct node *few[FEW];
	const struct node **items;
	size_t count;
	size_t before_merge; /* how many of them stand before the "<<" */
	const struct node *merged;
};

static int compare_texts(const void *left, const void *right)
{
	const struct node *a = *(const struct node *const *)left;
	const struct node *b = *(const struct node *const *)right;
	return strcmp(a->text, b->text);
}

static int compare(const void *left, const void *right)
{
	const struct node *a = *(const struct node *const *)left;
	const struct node *b = *(const struct node *const *)right;
	int order = compare_texts(left, right);
	return order ? order : (a->begin > b->begin) - (a->begin < b->begin);
}

/* Two keys of one text, the first of them first. */
static int check_twins(const struct node *first, const struct node *second,
		       size_t first_line, struct sg_error *e)
{
	if (reading_is_merge(first) != reading_is_merge(second) ||
	    node_equal(first->next, second->next))
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "line %zu: the key \"%.80s\" is given twice in one mapping, with another value in line %zu; delete that of line %zu, which Kubernetes would not see",
			    first_line + second->line, second->text,
			    first_line + first->line, first_line + first->line);
}

/* Up to six digits, as the shortest way to write a float of 32 bits has them. */
static bool is_its_own_spelling(const char *text, enum yaml_type type,
				const struct yaml_value *value)
{
	char canonical[32];
	int length = 0;
	if (type == YAML_INTEGER && value->magnitude <= INT64_MAX)
		length = snprintf(canonical, sizeof canonical, "%s%" PRIu64,
				  value->negative && value->magnitude ? "-" : "",
				  value->magnitude);
	else if (type == YAML_FLOAT)
		length = snprintf(canonical, sizeof canonical, "%.6g",
				  value->number);
	return length > 0 && strcmp(canonical, text) == 0;
}

static int check_plain_key(struct node *key, size_t first_line,
			   struct sg_error *e)
{
	struct yaml_value value;
	enum yaml_type type = yaml_type_of(key->text, &value);
	if (type == YAML_BOOLEAN) {
		key->text = value.is_true ? "true" : "false";
		key->length = (uint32_t)strlen(key->text);
	}
	if (type == YAML_STRING || type == YAML_BOOLEAN ||
	    is_its_own_spelling(key->text, type, &value))
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "line %zu: the key %.80s is %s; put it in quotes, \"%.80s\"",
			    first_line + key->line,
			    key->length ? key->text : "(nothing)",
			    type == YAML_NULL ?
				    "null, which Kubernetes refuses as a key" :
				    "a number that Kubernetes spells in another way",
			    key->text);
}

static int check_key(struct node *key, size_t first_line, struct sg_error *e)
{
	const char *what = key->kind == NODE_ALIAS ?
				   "an alias stands for a key, which YAML libraries read differently; write the key out" :
				   "a list or mapping stands for a key, which Kubernetes refuses; write a string";
	if (key->kind != NODE_SCALAR)
		return sg_error_set(e, SG_INVALID, "line %zu: %s",
				    first_line + key->line, what);
	if (key->style == STYLE_PLAIN && !key->tagged && !reading_is_merge(key))
		return check_plain_key(key, first_line, e);
	return 0;
}

static int take_merge(struct keys *keys, const struct node *key,
		      size_t first_line, struct sg_error *e)
{
	const struct node *value = key->next;
	bool good = node_is_mapping(value);
	if (value->kind == NODE_SEQUENCE) {
		good = true;
		for (const struct node *m = value->first; m; m = m->next)
			good = good && node_is_mapping(m);
	}
	if (keys->merged)
		return sg_error_set(e, SG_INVALID,
				    "line %zu: a second \"<<\" in one mapping; write one with a list: \"<<: [*a, *b]\"",
				    first_line + key->line);
	keys->before_merge = keys->count;
	keys->merged = node_resolve(value);
	if (good)
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "line %zu: \"<<\" takes a mapping or a list of mappings, or aliases to mappings",
			    first_line + key->line);
}

static int collect(struct node *mapping, struct keys *keys, size_t first_line,
		   struct sg_error *e)
{
	for (struct node *k = mapping->first; k; k = k->next->next) {
		if (check_key(k, first_line, e) ||
		    (reading_is_merge(k) &&
		     take_merge(keys, k, first_line, e)))
			return -1;
		keys->items[keys->count++] = k;
	}
	return 0;
}

static int check_few(const struct keys *keys, size_t first_line,
		     struct sg_error *e)
{
	const struct node *const *items = keys->items;
	for (size_t i = 1; i < keys->count; i++)
		for (size_t j = 0; j < i; j++)
			if (items[i]->length == items[j]->length &&
			    strcmp(items[i]->text, items[j]->text) == 0 &&
			    check_twins(items[j], items[i], first_line, e))
				return -1;
	return 0;
}

static int check_many(const struct keys *keys, size_t first_line,
		      struct sg_error *e)
{
	cleanup_free const struct node **sorted =
		malloc(keys->count * sizeof *sorted);
	if (!sorted)
		return sg_error_memory(e);
	memcpy(sorted, keys->items, keys->count * sizeof *sorted);
	qsort(sorted, keys->count, sizeof *sorted, compare);
	for (size_t i = 1; i < keys->count; i++)
		if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0 &&
		    check_twins(sorted[i - 1], sorted[i], first_line, e))
			return -1;
	return 0;
}

static bool is_typed_key(const struct node *key)
{
	struct yaml_value value;
	return key->style == STYLE_PLAIN && !key->tagged &&
	       yaml_type_of(key->text, &value) != YAML_STRING;
}

/* A key that is no string, of the mapping or what it merges, or NULL. */
static const struct node *find_typed(const struct node *n)
{
	n = node_resolve(n);
	const struct node *found = NULL;
	bool mapping = n->kind == NODE_MAPPING;
	for (const struct node *c = n->first; c && !found;
	     c = mapping ? c->next->next : c->next)
		if (!mapping)
			found = find_typed(c);
		else if (reading_is_merge(c))
			found = find_typed(c->next);
		else if (is_typed_key(c))
			found = c;
	return found;
}

/* A key of the merged mappings that is among the sorted ones, or NULL. */
static const struct node *find_merged(const struct node *merged,
				      const struct node **sorted, size_t count)
{
	merged = node_resolve(merged);
	const struct node *found = NULL;
	if (merged->kind == NODE_SEQUENCE)
		for (const struct node *m = merged->first; m && !found;
		     m = m->next)
			found = find_merged(m, sorted, count);
	if (merged->kind != NODE_MAPPING)
		return found;
	for (const struct node *k = merged->first; k && !found;
	     k = k->next->next)
		if (reading_is_merge(k))
			found = find_merged(k->next, sorted, count);
		else if (bsearch(&k, sorted, count, sizeof *sorted,
				 compare_texts))
			found = k;
	return found;
}

static int check_merge(const struct node *mapping, struct keys *keys,
		       size_t first_line, struct sg_error *e)
{
	if (!keys->merged)
		return 0;
	const struct node *typed = find_typed(mapping);
	if (typed)
		return sg_error_set(e, SG_INVALID,
				    "line %zu: the key %.80s, where \"<<\" merges, is no string; put it in quotes",
				    first_line + typed->line, typed->text);
	if (!keys->before_merge)
		return 0;
	qsort(keys->items, keys->before_merge, sizeof *keys->items,
	      compare_texts);
	const struct node *found = find_merged(keys->merged, keys->items,
					       keys->before_merge);
	if (!found)
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "line %zu: \"%.80s\" stands before a \"<<\" that holds it too, and YAML libraries differ on which wins; put \"<<\" first",
			    first_line + keys->items[0]->line, found->text);
}

int reading_check_keys(struct node *mapping, size_t first_line,
		       struct sg_error *e)
{
	struct keys keys = { .count = 0 };
	size_t count = node_count(mapping);
	cleanup_free const struct node **many = NULL;
	keys.items = keys.few;
	if (count > FEW)
		keys.items = many = malloc(count * sizeof *many);
	if (!keys.items)
		return sg_error_memory(e);
	if (collect(mapping, &keys, first_line, e))
		return -1;
	int failed = keys.count > FEW ? check_many(&keys, first_line, e) :
					check_few(&keys, first_line, e);
	return failed ? -1 : check_merge(mapping, &keys, first_line, e);
}
