#include "tree_keys.h"

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

static int compare(const void *left, const void *right)
{
	const struct node *a = *(const struct node *const *)left;
	const struct node *b = *(const struct node *const *)right;
	return strcmp(a->text, b->text);
}

static int given_twice(const struct node *key, size_t first_line,
		       struct sg_error *e)
{
	return sg_error_set(e, SG_INVALID,
			    "line %zu: the key \"%.80s\" is given twice in one mapping",
			    first_line + key->line, key->text);
}

static bool is_merge(const struct node *key)
{
	return key->style == STYLE_PLAIN && strcmp(key->text, "<<") == 0;
}

/* Keys that are no scalars are left out: nobody looks for those. */
static void collect(const struct node *mapping, struct keys *keys)
{
	for (const struct node *k = mapping->first; k; k = k->next->next) {
		const struct node *key = node_resolve(k);
		if (key->kind != NODE_SCALAR)
			continue;
		if (is_merge(key)) {
			keys->before_merge = keys->count;
			keys->merged = node_resolve(k->next);
		}
		keys->items[keys->count++] = key;
	}
}

static int check_few(const struct keys *keys, size_t first_line,
		     struct sg_error *e)
{
	for (size_t i = 1; i < keys->count; i++)
		for (size_t j = 0; j < i; j++)
			if (keys->items[i]->length == keys->items[j]->length &&
			    strcmp(keys->items[i]->text,
				   keys->items[j]->text) == 0)
				return given_twice(keys->items[i], first_line,
						   e);
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
		if (strcmp(sorted[i - 1]->text, sorted[i]->text) == 0)
			return given_twice(sorted[i], first_line, e);
	return 0;
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
	     k = k->next->next) {
		const struct node *key = node_resolve(k);
		if (key->kind != NODE_SCALAR)
			continue;
		if (is_merge(key))
			found = find_merged(k->next, sorted, count);
		else if (bsearch(&key, sorted, count, sizeof *sorted, compare))
			found = key;
	}
	return found;
}

static int check_merge(struct keys *keys, size_t first_line, struct sg_error *e)
{
	if (!keys->merged || !keys->before_merge)
		return 0;
	qsort(keys->items, keys->before_merge, sizeof *keys->items, compare);
	const struct node *found = find_merged(keys->merged, keys->items,
					       keys->before_merge);
	if (!found)
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "line %zu: \"%.80s\" stands before a \"<<\" that holds it too, and YAML libraries differ on which wins; put \"<<\" first",
			    first_line + keys->items[0]->line, found->text);
}

int tree_check_keys(const struct node *mapping, size_t first_line,
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
	collect(mapping, &keys);
	int failed = keys.count > FEW ? check_many(&keys, first_line, e) :
					check_few(&keys, first_line, e);
	return failed ? -1 : check_merge(&keys, first_line, e);
}
