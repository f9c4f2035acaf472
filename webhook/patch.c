#include "patch.h"

#include <string.h>

#include "cleanup.h"

/* --- JSON Pointers (RFC 6901) --- */

static void append_step(struct sg_buffer *path, const char *key)
{
	sg_buffer_putc(path, '/');
	for (; *key; key++) {
		if (*key == '~')
			sg_buffer_puts(path, "~0");
		else if (*key == '/')
			sg_buffer_puts(path, "~1");
		else
			sg_buffer_putc(path, *key);
	}
}

/* The key of the path's next step; NULL when there is none, or no memory. */
static char *next_step(struct sg_arena *a, const char **path)
{
	if (**path != '/')
		return NULL;
	size_t length = strcspn(++*path, "/");
	char *key = sg_arena_copy(a, *path, length), *to = key;
	for (const char *c = key; c && *c; c++) {
		if (c[0] == '~' && (c[1] == '0' || c[1] == '1'))
			*to++ = *++c == '0' ? '~' : '/';
		else
			*to++ = *c;
	}
	if (to)
		*to = '\0';
	*path += length;
	return key;
}

/* --- making --- */

static struct node *operation(struct sg_arena *a, const char *parent,
			      const char *key, struct node *value)
{
	cleanup_buffer struct sg_buffer path;
	sg_buffer_init(&path, SG_MAX_FILE);
	append_step(&path, parent);
	if (key)
		append_step(&path, key);
	struct node *n = node_new_mapping(a);
	if (!n || path.no_memory || path.over_cap)
		return NULL;
	node_set_string(a, n, "op", "add");
	node_set_string(a, n, "path", path.data);
	node_set(a, n, "value", value);
	return n;
}

struct node *patch_add_all(struct sg_arena *a, const char *parent,
			   bool parent_exists, struct node *added)
{
	struct node *patch = node_count(added) ? node_new_sequence(a) : NULL;
	if (!patch)
		return NULL;
	if (!parent_exists) {
		node_append(patch, operation(a, parent, NULL, added));
		return patch;
	}
	for (struct node *k = added->first, *next; k; k = next) {
		struct node *value = k->next;
		next = value->next;
		value->next = NULL;
		node_append(patch, operation(a, parent, node_text(k), value));
	}
	return patch;
}

/* --- applying --- */

static void replace(struct sg_arena *a, struct node *mapping, const char *key,
		    const struct node *value)
{
	struct node *fresh = node_copy(a, value);
	struct node *present = node_find_key(mapping->first, key);
	if (present)
		node_replace(mapping, present, fresh);
	else
		node_set(a, mapping, key, fresh);
}

static bool apply(struct sg_arena *a, struct node *at, const struct node *op)
{
	const char *path = node_text(node_get(op, "path"));
	const struct node *value = node_get(op, "value");
	if (!node_is(node_get(op, "op"), "add") || !path || !value)
		return false;
	char *key = next_step(a, &path);
	while (key && *path) {
		at = node_own(at, key);
		key = next_step(a, &path);
	}
	if (!key || !at || !node_is_mapping(at))
		return false;
	replace(a, at, key, value);
	return !a->failed;
}

struct node *patch_apply(struct sg_arena *a, const struct node *object,
			 const struct node *patch)
{
	struct node *changed = node_copy(a, object);
	for (const struct node *op = patch ? patch->first : NULL; op && changed;
	     op = op->next)
		if (!apply(a, changed, op))
			return NULL;
	return changed;
}
