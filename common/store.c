#include "store.h"

#include <string.h>

#include "names.h"
#include "text.h"

bool store_is_store(const struct node *document)
{
	const char *api = node_text(node_get(document, "apiVersion"));
	return node_is(node_get(document, "kind"), "Store") && api &&
	       strncmp(api, SG_LABEL_PREFIX, strlen(SG_LABEL_PREFIX)) == 0;
}

static int decode_spec(struct sg_arena *a, const struct node *spec,
		       struct store *s, struct sg_error *e)
{
	static const char *const fields[] = {
		"engine",   "owner",	"plan",		      "host",
		"displayName", "adminEmail", "delivery",
		"deletionProtection", "values", NULL
	};
	const struct {
		const char *key;
		const char **to;
	} strings[] = {
		{ "engine", &s->engine },
		{ "owner", &s->owner },
		{ "plan", &s->plan },
		{ "host", &s->host },
		{ "displayName", &s->display_name },
		{ "adminEmail", &s->admin_email },
		{ "delivery", &s->delivery },
	};
	bool protected_store = false;
	if (decode_mapping(spec, "spec", fields, e))
		return -1;
	for (size_t i = 0; i < sizeof strings / sizeof *strings; i++)
		if (decode_string(a, spec, "spec", strings[i].key, OPTIONAL,
				  strings[i].to, e))
			return -1;
	if (decode_bool(spec, "spec", "deletionProtection", &protected_store, e))
		return -1;
	if (!node_is_null(node_get(spec, "deletionProtection")))
		s->deletion_protection = protected_store ? "true" : "false";
	s->values = node_get(spec, "values");
	if (node_is_null(s->values))
		s->values = NULL;
	return s->values && !node_is_sealed(s->values) ?
		       decode_any_mapping(s->values, "spec.values", e) :
		       0;
}

int store_decode(struct sg_arena *a, const struct node *document,
		 struct store *out, struct sg_error *e)
{
	*out = (struct store){ 0 };
	if (!node_is_mapping(document) ||
	    !node_is(node_get(document, "apiVersion"), SG_API_VERSION) ||
	    !node_is(node_get(document, "kind"), "Store"))
		return sg_error_set(e, SG_INVALID,
				    "not a Store: expected apiVersion: " SG_API_VERSION
				    " and kind: Store");
	const struct node *metadata = node_get(document, "metadata");
	if (decode_any_mapping(document, "the Store", e) ||
	    decode_any_mapping(metadata, "metadata", e) ||
	    decode_string(a, metadata, "metadata", "name", REQUIRED, &out->name,
			  e))
		return -1;
	const char *uid = node_text(node_get(metadata, "uid"));
	out->uid = uid && *uid ? uid : NULL;
	const struct node *spec = node_get(document, "spec");
	return node_is_null(spec) ? 0 : decode_spec(a, spec, out, e);
}

bool store_user_is_person(const char *user)
{
	static const char prefix[] = "system:";
	return *user && strncmp(user, prefix, sizeof prefix - 1) != 0;
}

bool store_is_owner(const char *user)
{
	return *user && strlen(user) <= STORE_OWNER_MAX && text_is_line(user);
}

int store_default(struct sg_arena *a, const struct policy *p, struct store *s,
		  struct sg_error *e)
{
	if (!s->plan)
		s->plan = p->default_plan;
	if (!s->delivery)
		s->delivery = "gitops";
	if (!s->name)
		return 0;
	if (!s->host)
		s->host = sg_arena_printf(a, "%s.%s", s->name,
					  p->hosts.base_domain);
	if (!s->display_name)
		s->display_name = s->name;
	return s->host ? 0 : sg_error_memory(e);
}
