#include "identity.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "files.h"
#include "json.h"
#include "names.h"

static int read_variable(const char *name, struct sg_buffer *out,
			 struct sg_error *e)
{
	const char *text = getenv(name);
	if (!text)
		return sg_error_set(e, SG_USAGE,
				    "--store-env: there is no environment variable %.200s",
				    name);
	sg_buffer_puts(out, text);
	return sg_buffer_check(out, e) ? sg_error_context(e, "%.200s", name) : 0;
}

static int read_text(const struct options *o, struct sg_buffer *out,
		     struct sg_error *e)
{
	if (o->store_env)
		return read_variable(o->store_env, out, e);
	if (strcmp(options_store_source(o), o->store_file) != 0)
		return stdin_read(out, e);
	return file_read(o->store_file, out, e);
}

/* As JSON first where it may be: libyaml does not take all of it. */
static int parse_text(const struct sg_buffer *text, struct sg_arena *a,
		      struct node **root, struct sg_error *e)
{
	const char *bytes = text->data ? text->data : "";
	struct sg_error not_json;
	if (bytes[strspn(bytes, " \t\r\n")] == '{' &&
	    json_parse(bytes, text->length, a, root, &not_json) == 0)
		return 0;
	return yaml_parse(bytes, text->length, 1, a, root, e);
}

/* A file may be of an earlier Store of its name, which was somebody else's. */
static int check_uid(const struct options *o, const struct store *s,
		     struct sg_error *e)
{
	if (!o->store_uid || (s->uid && strcmp(s->uid, o->store_uid) == 0))
		return 0;
	return sg_error_set(e, SG_REFUSED,
			    "metadata.uid is %s%.64s%s, and that of the cluster's Store \"%.64s\" is \"%.64s\" (--store-uid): this is another; take the cluster's (kubectl get store %.64s -o yaml)",
			    s->uid ? "\"" : "absent", s->uid ? s->uid : "",
			    s->uid ? "\"" : "", s->name, o->store_uid, s->name);
}

int identity_read_store(struct sg_arena *a, const struct options *o,
			struct store *out, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer text;
	struct node *root = NULL;
	sg_buffer_init(&text, SG_MAX_FILE);
	if (read_text(o, &text, e))
		return -1;
	if (parse_text(&text, a, &root, e) || store_decode(a, root, out, e) ||
	    check_uid(o, out, e))
		return sg_error_context(e, "%s", options_store_source(o));
	return 0;
}

/* Parsing is for documents that may hold one: most streams hold none. */
static bool may_hold_store(const struct document *d)
{
	return memmem(d->bytes, d->length, SG_LABEL_PREFIX "v",
		      strlen(SG_LABEL_PREFIX "v")) != NULL;
}

static bool holds_store(const struct node *root)
{
	const struct node *items = node_get(root, "items");
	if (!node_is_sequence(items))
		return store_is_store(root);
	for (const struct node *o = items->first; o; o = o->next)
		if (store_is_store(o))
			return true;
	return false;
}

static int take_store(struct sg_arena *a, const struct document *d,
		      const struct node *root, struct store *out,
		      const struct document **found, struct sg_error *e)
{
	struct store store;
	if (!store_is_store(root))
		return 0;
	if (store_decode(a, root, &store, e))
		return document_context(d, e);
	if (*found) {
		sg_error_set(e, SG_REFUSED,
			     "a second Store \"%.64s\", after \"%.64s\" in document %u; a release is one store's",
			     store.name, out->name, (*found)->number);
		return document_context(d, e);
	}
	*out = store;
	*found = d;
	return 0;
}

/* The one Store of the stream, if it holds one. */
static int find_in_stream(struct sg_arena *a, const struct documents *docs,
			  struct store *out, const struct document **found,
			  struct sg_error *e)
{
	cleanup_arena struct sg_arena glance;
	sg_arena_init(&glance);
	for (unsigned i = 0; i < docs->count; i++) {
		const struct document *d = &docs->items[i];
		struct node *root = NULL;
		if (!may_hold_store(d))
			continue;
		sg_arena_clear(&glance);
		if (document_parse(d, &glance, &root, e))
			return -1;
		if (!holds_store(root))
			continue;
		/* its values stay in its tree */
		if (document_parse(d, a, &root, e))
			return -1;
		const struct node *items = node_get(root, "items");
		if (!node_is_sequence(items)) {
			if (take_store(a, d, root, out, found, e))
				return -1;
			continue;
		}
		for (const struct node *o = items->first; o; o = o->next)
			if (take_store(a, d, o, out, found, e))
				return -1;
	}
	return 0;
}

static int check_same_name(const struct options *o, const char *from_file,
			   const struct store *in_stream,
			   const struct document *found, struct sg_error *e)
{
	const char *name = o->store ? o->store : from_file;
	if (o->store && from_file && strcmp(o->store, from_file) != 0)
		return sg_error_set(e, SG_REFUSED,
				    "--store is \"%.64s\" but %.200s holds Store \"%.64s\"",
				    o->store, options_store_source(o), from_file);
	if (!found || !name || strcmp(name, in_stream->name) == 0)
		return 0;
	sg_error_set(e, SG_REFUSED,
		     "Store/%.64s: this release is store \"%.64s\", not \"%.64s\"",
		     in_stream->name, name, in_stream->name);
	return document_context(found, e);
}

static bool says_otherwise(const char *flag, const char *said)
{
	return flag && !(said && strcmp(flag, said) == 0);
}

/* Whether, with the flags, it still is what may have been admitted. */
static bool take_flags(const struct options *o, struct store *s)
{
	bool same = !says_otherwise(o->engine, s->engine) &&
		    !says_otherwise(o->plan, s->plan);
	if (!same)
		s->uid = NULL;
	s->name = o->store ? o->store : s->name;
	s->engine = o->engine ? o->engine : s->engine;
	s->plan = o->plan ? o->plan : s->plan;
	s->owner = o->owner ? o->owner : s->owner;
	return same;
}

static int name_owner(struct sg_arena *a, struct identity *out,
		      struct sg_error *e)
{
	char label[NAME_LABEL_SIZE];
	if (!out->store.owner)
		return 0;
	out->owner_encoded = name_owner_label(out->store.owner, label);
	out->owner_label = sg_arena_copy(a, label, strlen(label));
	return out->owner_label ? 0 : sg_error_memory(e);
}

/* The rules, in two: what they refuse anyway, and what one that was admitted may be. */
static void check_all(struct sg_arena *a, const struct policy *policy,
		      const struct store *s, struct violations *found,
		      struct violations *excused)
{
	violations_init(found, a);
	violations_init(excused, a);
	found->excused = excused;
	store_check(policy, s, found);
}

static int check_unadmitted(struct sg_arena *a, const struct policy *policy,
			    const struct store *s, const char *subject,
			    struct sg_error *e)
{
	struct violations found, excused;
	violations_init(&found, a);
	store_check(policy, s, &found);
	if (violations_check(&found, subject, e) == 0)
		return 0;
	check_all(a, policy, s, &found, &excused);
	if (s->uid && !found.count)
		sg_error_append(e, "\nFor a Store that the cluster has admitted as it is, --admitted makes this a warning.");
	return -1;
}

int identity_check(struct sg_arena *a, const struct policy *policy,
		   const struct store *s, bool admitted, const char *subject,
		   struct diagnostics *d, struct sg_error *e)
{
	struct violations found, excused;
	if (!admitted)
		return check_unadmitted(a, policy, s, subject, e);
	check_all(a, policy, s, &found, &excused);
	for (unsigned i = 0; i < excused.count; i++)
		diagnostics_warn(d, "store \"%.64s\" was admitted, but breaks the policy as it is now: %s: %s",
				 s->name, excused.items[i].field,
				 excused.items[i].message);
	return violations_check(&found, subject, e);
}

static int check_rules(struct sg_arena *a, const struct policy *policy,
		       const struct store *s, bool admitted,
		       struct diagnostics *d, struct sg_error *e)
{
	const char *subject = sg_arena_printf(a, "store \"%.64s\"", s->name);
	return identity_check(a, policy, s, admitted,
			      subject ? subject : "store", d, e);
}

bool identity_may_live_in(const char *store, const char *namespace)
{
	const size_t length = strlen(SG_NAMESPACE_PREFIX);
	if (!name_is_dns_label(namespace))
		return false;
	if (strncmp(namespace, SG_NAMESPACE_PREFIX, length) == 0)
		return strcmp(namespace + length, store) == 0;
	return strncmp(namespace, "kube-", strlen("kube-")) != 0 &&
	       strcmp(namespace, "default") != 0;
}

static int name_namespace(struct sg_arena *a, const struct options *o,
			  struct identity *out, struct sg_error *e)
{
	out->namespace = o->namespace ? o->namespace :
					sg_arena_printf(a,
							SG_NAMESPACE_PREFIX "%s",
							out->store.name);
	if (!out->namespace)
		return sg_error_memory(e);
	if (!name_is_dns_label(out->namespace))
		return sg_error_set(e, SG_USAGE,
				    "--namespace: \"%.80s\" is not a namespace's name (lower-case letters, digits and \"-\")",
				    out->namespace);
	if (!identity_may_live_in(out->store.name, out->namespace))
		return sg_error_set(e, SG_USAGE,
				    "--namespace: \"%s\" can't be this store's: that is \"" SG_NAMESPACE_PREFIX
				    "%.64s\", or one of your own making, but none that begins with kube- or " SG_NAMESPACE_PREFIX
				    ", nor default",
				    out->namespace, out->store.name);
	return 0;
}

int identity_resolve(struct sg_arena *a, const struct options *options,
		     const struct policy *policy, const struct documents *docs,
		     struct identity *out, struct diagnostics *d,
		     struct sg_error *e)
{
	struct store in_stream = { 0 };
	const struct document *found = NULL;
	*out = (struct identity){ 0 };
	bool given = options_store_source(options) != NULL;
	if (given && identity_read_store(a, options, &out->store, e))
		return -1;
	if (find_in_stream(a, docs, &in_stream, &found, e) ||
	    check_same_name(options, out->store.name, &in_stream, found, e))
		return -1;
	if (!given && found)
		out->store = in_stream;
	bool admitted = take_flags(options, &out->store) && options->admitted;
	if (!out->store.name || !out->store.engine)
		return sg_error_set(e, SG_USAGE,
				    "%s of the store? Pass --store-file FILE, or --store NAME --engine NAME (--plan, --owner); see storeguard-postrender --help",
				    out->store.name ? "which is the engine" :
						      "which is the name");
	if (store_default(a, policy, &out->store, e) ||
	    check_rules(a, policy, &out->store, admitted, d, e) ||
	    name_owner(a, out, e) || name_namespace(a, options, out, e))
		return -1;
	out->engine = policy_engine(policy, out->store.engine);
	out->plan = policy_plan(policy, out->store.plan);
	out->cluster = &policy->cluster;
	return 0;
}
