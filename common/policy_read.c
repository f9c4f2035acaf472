#include "policy_read.h"

#include <string.h>

#include "names.h"

/* "spec.plans.small is missing" and "spec.hosts.baseDomain: …" name their field. */
int policy_note(struct policy_reader *r)
{
	static const char path[] = "abcdefghijklmnopqrstuvwxyz"
				   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._[]";
	const char *message = r->e->message;
	if (!r->all || r->e->code != SG_INVALID)
		return -1;
	size_t length = strspn(message, path);
	const char *field = sg_arena_copy(r->all->arena, message, length);
	if (!field)
		return sg_error_memory(r->e);
	message += length + (message[length] == ':');
	violations_add(r->all, field, "%s", message + (*message == ' '));
	return 0;
}

const char *policy_child(struct policy_reader *r, const char *path, const char *key)
{
	const char *at = sg_arena_printf(r->arena, "%s.%s", path, key);
	return at ? at : path;
}

const char *policy_item(struct policy_reader *r, const char *path, unsigned index)
{
	const char *at = sg_arena_printf(r->arena, "%s[%u]", path, index);
	return at ? at : path;
}

void *policy_allocate(struct policy_reader *r, size_t count, size_t size)
{
	void *memory = sg_arena_alloc(r->arena, (count + 1) * size);
	if (!memory)
		sg_error_memory(r->e);
	return memory;
}

/* NULL for a key that is no text, or without memory. */
const char *policy_copy_key(struct policy_reader *r, const struct node *key)
{
	const char *text = node_text(key);
	return text ? sg_arena_copy(r->arena, text, strlen(text)) : NULL;
}

int policy_required(struct policy_reader *r, const struct node *n, const char *path)
{
	if (!node_is_null(n))
		return 0;
	return sg_error_set(r->e, SG_INVALID, "%s is missing", path);
}

int policy_no_label_key(struct policy_reader *r, const char *path)
{
	return sg_error_set(r->e, SG_INVALID, "%s has a key that is no label",
			    path);
}

/* A mapping whose keys are names of what its values describe. */
int policy_read_names(struct policy_reader *r, const struct node *n, const char *path,
		      unsigned *count)
{
	if (policy_required(r, n, path) || decode_any_mapping(n, path, r->e))
		return -1;
	*count = (unsigned)node_count(n);
	for (const struct node *k = n->first; k; k = k->next->next) {
		const char *name = node_text(k);
		if (!name || !name_is_dns_label(name))
			return sg_error_set(r->e, SG_INVALID,
					    "%s: \"%.80s\" is not a name (lower-case letters, digits and \"-\")",
					    path, name ? name : "null");
	}
	return *count ? 0 : policy_required(r, NULL, path);
}
