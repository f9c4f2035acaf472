#include "verify.h"

#include <string.h>

static int differs(const char *what, struct sg_error *e)
{
	return sg_error_set(e, SG_INVALID, "%s", what);
}

static int compare(const struct node *in, const struct node *out,
		   const struct edit *edit, struct sg_error *e);

static int compare_scalars(const struct node *in, const struct node *out,
			   struct sg_error *e)
{
	bool in_plain = in->style == STYLE_PLAIN;
	bool out_plain = out->style == STYLE_PLAIN;
	if (node_is_null(in) && node_is_null(out))
		return 0;
	if (in->length != out->length ||
	    memcmp(in->text, out->text, in->length) != 0)
		return differs("a scalar changed", e);
	/* Quotes may come or go only around what is a string either way. */
	if ((in_plain != out_plain && yaml_plain_is_typed(in->text)) ||
	    in->tagged != out->tagged)
		return differs("a scalar changed its type", e);
	return 0;
}

static int compare_items(const struct node *in, const struct node *out,
			 const struct edit *edit, struct sg_error *e)
{
	const struct node *i = in->first, *o = out->first;
	const struct edit *c = edit ? edit->children : NULL;
	if (edit && !edit_is_of_items(edit))
		return differs("is a list, not a mapping", e);
	for (size_t index = 0; i; index++, i = i->next) {
		const struct edit *own = c && c->index == index ? c : NULL;
		if (own)
			c = c->next;
		if (own && own->drop)
			continue;
		if (!o)
			return differs("an item is gone", e);
		if (compare(i, o, own, e))
			return sg_error_context(e, "[%zu]", index);
		o = o->next;
	}
	return o ? differs("an item too many", e) : 0;
}

/* A mapping that only the edit made. */
static int check_new(const struct node *out, const struct edit *edit,
		     struct sg_error *e)
{
	static const struct node nothing = { .kind = NODE_MAPPING };
	return compare(&nothing, out, edit, e);
}

static int check_pair(const struct node *value, const struct edit_pair *pair,
		      struct sg_error *e)
{
	value = node_resolve(value);
	if (value->kind != NODE_SCALAR || value->tagged ||
	    strcmp(value->text, pair->value) != 0 ||
	    (value->style == STYLE_PLAIN && !yaml_plain_is_string(value->text)))
		return differs("is not what was to be set", e);
	return 0;
}

/* Key and value of the output, where the input may have none of its own. */
static int compare_pair(const struct node *in, const struct node *own,
			const struct node *key, const struct edit *edit,
			struct sg_error *e)
{
	const struct node *k = node_resolve(key);
	const char *name = k->kind == NODE_SCALAR ? k->text : NULL;
	const struct edit_pair *pair = name ? edit_find_pair(edit, name) : NULL;
	const struct edit *child = name ? edit_find(edit, name) : NULL;
	if (pair)
		return check_pair(key->next, pair, e);
	if (!child)
		return own ? compare(own, key->next, NULL, e) :
			     differs("was not there before", e);
	const struct node *before = own ? own : node_get(in, name);
	return node_is_null(before) ? check_new(key->next, child, e) :
				      compare(before, key->next, child, e);
}

static bool same_key(const struct node *in, const struct node *out)
{
	struct sg_error ignored;
	return compare(in, out, NULL, &ignored) == 0;
}

static int all_done(const struct node *out, const struct edit *edit,
		    struct sg_error *e)
{
	for (unsigned i = 0; edit && i < edit->pair_count; i++)
		if (!node_own(out, edit->pairs[i].key))
			return differs("a label is missing", e);
	const struct edit *c = edit ? edit->children : NULL;
	for (; c; c = c->next)
		if (!node_own(out, c->key))
			return differs("labels are missing", e);
	return 0;
}

static int compare_mappings(const struct node *in, const struct node *out,
			    const struct edit *edit, struct sg_error *e)
{
	const struct node *i = in->first;
	for (const struct node *o = out->first; o; o = o->next->next) {
		bool same = i && same_key(i, o);
		if (compare_pair(in, same ? i->next : NULL, o, edit, e)) {
			const char *name = node_text(o);
			return sg_error_context(e, "%.63s",
						name ? name : "?");
		}
		if (same)
			i = i->next->next;
	}
	return i ? differs("a key is gone", e) : all_done(out, edit, e);
}

static int compare(const struct node *in, const struct node *out,
		   const struct edit *edit, struct sg_error *e)
{
	in = node_resolve(in);
	out = node_resolve(out);
	if (in->kind != out->kind)
		return differs("changed its kind", e);
	switch (in->kind) {
	case NODE_MAPPING:
		return compare_mappings(in, out, edit, e);
	case NODE_SEQUENCE:
		return compare_items(in, out, edit, e);
	default:
		return compare_scalars(in, out, e);
	}
}

int verify_edit(const struct node *input, const struct node *output,
		const struct edit *edit, struct sg_error *e)
{
	if (input && output)
		return compare(input, output, edit, e);
	return input == output ? 0 : differs("the document is gone", e);
}
