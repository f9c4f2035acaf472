#include "values.h"

int values_write(struct sg_arena *a, const struct store *s,
		 struct sg_buffer *out, struct sg_error *e)
{
	const struct {
		const char *key;
		const char *value;
	} fields[] = {
		{ "name", s->name },
		{ "engine", s->engine },
		{ "plan", s->plan },
		{ "host", s->host },
		{ "displayName", s->display_name },
		{ "adminEmail", s->admin_email },
		{ "owner", s->owner },
	};
	struct node *values = node_new_mapping(a);
	struct node *store = node_new_mapping(a);
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (fields[i].value)
			node_set_string(a, store, fields[i].key,
					fields[i].value);
	node_set(a, values, "store", store);
	const struct node *own = s->values;
	for (const struct node *k = own ? own->first : NULL; k;
	     k = k->next->next) {
		node_append(values, node_copy(a, k));
		node_append(values, node_copy(a, k->next));
	}
	return sg_arena_check(a, e) || yaml_emit_block(out, values, 0, e) ? -1 :
									    0;
}
