#include "offline.h"

#include <stdio.h>
#include <string.h>

#include "admission.h"
#include "cleanup.h"
#include "files.h"
#include "json.h"
#include "offline_print.h"
#include "offline_world.h"
#include "patch.h"

struct run {
	const struct offline *options;
	struct sg_arena arena; /* of all documents: Stores stay known */
	struct offline_world world;
	unsigned doubts;
	unsigned reviewed;
	bool refused;
	struct sg_buffer out;
};

/* --- who asks what --- */

static void set_user(const struct offline *o, struct review *r)
{
	if (o->user)
		r->user = (struct user){ .name = o->user };
	if (o->group_count)
		/* only read */
		r->user.groups = (struct strings){
			(const char **)(uintptr_t)o->groups, o->group_count
		};
}

/* "urumi.io/v1" is group and version; "v1" is the core group's. */
static int read_api_version(struct run *run, const struct node *object,
			    struct review *r, struct sg_error *e)
{
	const char *api = node_text(node_get(object, "apiVersion"));
	const char *slash = api ? strchr(api, '/') : NULL;
	r->kind = node_text(node_get(object, "kind"));
	if (!api || !r->kind)
		return sg_error_set(e, SG_INVALID,
				    "no Kubernetes object: apiVersion or kind is missing");
	r->group = slash ? sg_arena_copy(&run->arena, api,
					 (size_t)(slash - api)) :
			   "";
	r->version = slash ? slash + 1 : api;
	return r->group ? 0 : sg_error_memory(e);
}

/* An object by itself, as if it were created. */
static int review_object(struct run *run, const struct node *object,
			 struct review *r, struct sg_error *e)
{
	*r = (struct review){ .uid = "offline",
			      .operation = OPERATION_CREATE,
			      .object = object };
	if (read_api_version(run, object, r, e))
		return -1;
	const char *owner = node_text(node_path(object, "spec", "owner", NULL));
	r->name = node_text(node_path(object, "metadata", "name", NULL));
	r->user.name = owner ? owner : "you";
	return 0;
}

static int endpoint_of(const struct review *r, enum endpoint *out,
		       struct sg_error *e)
{
	static const struct {
		const char *group, *kind;
		enum endpoint endpoint;
	} kinds[] = {
		{ "urumi.io", "Store", ENDPOINT_VALIDATE_STORE },
		{ "urumi.io", "StorePolicy", ENDPOINT_VALIDATE_STOREPOLICY },
		{ "", "Namespace", ENDPOINT_VALIDATE_NAMESPACE },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		*out = kinds[i].endpoint;
		if (strcmp(r->group, kinds[i].group) == 0 &&
		    strcmp(r->kind, kinds[i].kind) == 0)
			return 0;
	}
	return sg_error_set(e, SG_INVALID,
			    "a %.80s%s%.80s is not reviewed; a Store, StorePolicy, Namespace or AdmissionReview is",
			    r->kind, *r->group ? " of " : "", r->group);
}

/* --- deciding, as the API server has it done: mutate, then validate --- */

/* A name made of generateName, as the API server does between the two. */
static void generate_name(struct run *run, struct review *r)
{
	struct node *metadata = node_own(r->object, "metadata");
	const char *prefix = node_text(node_get(metadata, "generateName"));
	if (r->name || !prefix || !node_is_mapping(metadata))
		return;
	r->name = sg_arena_printf(&run->arena, "%sx7k2p", prefix);
	if (r->name)
		node_set_string(&run->arena, metadata, "name", r->name);
}

static int mutate(struct run *run, struct review *r, struct verdict *v,
		  struct sg_error *e)
{
	verdict_init(v, &run->arena);
	(void)admission_decide(&run->world.world, ENDPOINT_MUTATE_STORE, r, v);
	if (r->operation == OPERATION_DELETE)
		return 0;
	r->object = patch_apply(&run->arena, r->object, v->patch);
	if (!r->object)
		return sg_error_memory(e);
	generate_name(run, r);
	return 0;
}

static int decide(struct run *run, struct review *r, struct verdict *v,
		  struct sg_error *e)
{
	enum endpoint endpoint;
	struct verdict mutation = { .patch = NULL };
	if (endpoint_of(r, &endpoint, e) ||
	    (endpoint == ENDPOINT_VALIDATE_STORE &&
	     mutate(run, r, &mutation, e)))
		return -1;
	verdict_init(v, &run->arena);
	(void)admission_decide(&run->world.world, endpoint, r, v);
	v->patch = mutation.patch;
	run->refused |= !v->allowed;
	if (v->allowed && endpoint == ENDPOINT_VALIDATE_STORE && r->object)
		offline_world_add(&run->world, &run->arena, r->object);
	return sg_arena_check(&run->arena, e);
}

static int review_document(struct run *run, const struct node *document,
			   struct sg_error *e)
{
	struct review r;
	struct verdict v;
	bool is_review = node_is(node_get(document, "kind"), "AdmissionReview");
	run->doubts = 0;
	if (is_review ? review_decode(&run->arena, document, &r, e) :
			review_object(run, document, &r, e))
		return -1;
	set_user(run->options, &r);
	if (decide(run, &r, &v, e))
		return -1;
	run->reviewed++;
	if (run->options->json) {
		verdict_write(&v, &r, &run->out);
		sg_buffer_putc(&run->out, '\n');
	} else {
		offline_print(&r, &v, run->doubts, &run->out);
	}
	return sg_buffer_check(&run->out, e);
}

/* --- input --- */

static int review_tree(struct run *run, const struct node *root,
		       struct sg_error *e)
{
	const struct node *items = node_get(root, "items");
	if (!node_is_sequence(items))
		return review_document(run, root, e);
	for (const struct node *n = items->first; n; n = n->next)
		if (review_document(run, node_resolve(n), e))
			return -1;
	return 0;
}

/* Text that opens like JSON; flow YAML may, too. */
static bool looks_like_json(const struct sg_buffer *text)
{
	size_t at = strspn(text->data, " \t\r\n");
	if (text->data[at] != '{')
		return false;
	at++;
	at += strspn(text->data + at, " \t\r\n");
	return text->data[at] == '"' || text->data[at] == '}';
}

static int review_text(struct run *run, const struct sg_buffer *text,
		       struct sg_error *e)
{
	struct node *root = NULL;
	if (looks_like_json(text))
		return json_parse(text->data, text->length, &run->arena, &root,
				  e) ||
				       review_tree(run, root, e) ?
			       -1 :
			       0;
	size_t line = 1;
	for (size_t at = 0, length; at < text->length; at += length) {
		const char *bytes = text->data + at;
		length = yaml_document_length(bytes, text->length - at);
		if (yaml_parse(bytes, length, line, &run->arena, &root, e))
			return -1;
		if (root && review_tree(run, root, e))
			return sg_error_context(e, "line %zu", line);
		for (size_t i = 0; i < length; i++)
			line += bytes[i] == '\n';
	}
	return 0;
}

static int review_file(struct run *run, const char *file, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer text;
	bool is_stdin = strcmp(file, "-") == 0;
	unsigned before = run->reviewed;
	sg_buffer_init(&text, SG_MAX_DOCUMENT);
	if (is_stdin ? stdin_read(&text, e) : file_read(file, &text, e))
		return -1;
	int failed = text.length ? review_text(run, &text, e) : 0;
	if (!failed && run->reviewed == before)
		failed = sg_error_set(e, SG_INVALID,
				      "holds nothing to review: no Store, StorePolicy, Namespace or AdmissionReview");
	return failed ? sg_error_context(e, "%.200s",
					 is_stdin ? "standard input" : file) :
			0;
}

static int load_policy(const char *file, struct policy **out,
		       struct sg_error *e)
{
	if (!file)
		return policy_parse_default(out, e);
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_FILE);
	if (file_read(file, &text, e))
		return -1;
	return policy_parse(file, text.data ? text.data : "", text.length, out,
			    e);
}

/* What was decided before an error is still written. */
static int review_files(struct run *run, struct sg_error *e)
{
	int failed = 0;
	struct sg_error later;
	for (unsigned i = 0; i < run->options->file_count && !failed; i++)
		failed = review_file(run, run->options->files[i], e);
	if (run->out.length &&
	    stdout_write(run->out.data, run->out.length, &later)) {
		*e = failed ? *e : later;
		failed = -1;
	}
	return failed;
}

int offline_review(const struct offline *o)
{
	cleanup_policy struct policy *policy = NULL;
	struct run run = { .options = o };
	struct sg_error e = { .code = SG_OK };
	int failed = load_policy(o->policy_file, &policy, &e);
	if (!failed) {
		sg_arena_init(&run.arena);
		sg_buffer_init(&run.out, SG_MAX_STREAM);
		offline_world_init(&run.world, policy, &run.doubts);
		failed = review_files(&run, &e);
		sg_buffer_release(&run.out);
		sg_arena_release(&run.arena);
	}
	if (failed)
		(void)fprintf(stderr, "storeguard-webhook: %s\n", e.message);
	return failed ? (int)e.code : run.refused ? SG_REFUSED : SG_OK;
}
