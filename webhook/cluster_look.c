#include "cluster_look.h"

#include <string.h>

#include "cleanup.h"
#include "informer_list.h"
#include "json.h"
#include "object_parse.h"
#include "stores.h"

#define STORES "/apis/urumi.io/v1/stores"
#define NAMESPACES "/api/v1/namespaces"

/* YES: *root is a 200; NO: the object `name` is not there. */
static enum answer get(struct api *api, struct sg_arena *a,
		       struct sg_buffer *path, const char *name,
		       const char *const *sealed, int64_t deadline,
		       struct node **root, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer answer;
	int status = 0;
	sg_buffer_init(&answer, SG_MAX_ANSWER);
	if (sg_buffer_check(path, e))
		return WORLD_UNKNOWN;
	const struct api_request request = { .method = "GET",
					     .path = path->data,
					     .deadline = deadline };
	if (api_call(api, &request, &status, &answer, e))
		return WORLD_UNKNOWN;
	const char *text = answer.data ? answer.data : "";
	if (status == 200) {
		struct json_reading how = { .most_values = SG_MAX_OBJECT_NODES,
					    .sealed = sealed };
		if (json_read(text, answer.length, &how, a, root, e) == 0)
			return WORLD_YES;
		sg_error_context(e, "GET %.300s", path->data);
		return WORLD_UNKNOWN;
	}
	if (status == 404 && api_says_not_found(&answer, name))
		return WORLD_NO;
	api_refused(&request, status, &answer, e);
	return WORLD_UNKNOWN;
}

static enum answer get_object(struct api *api, struct sg_arena *a,
			      const char *collection, const char *name,
			      const char *const *sealed, int64_t deadline,
			      struct node **root, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer path;
	sg_buffer_init(&path, SG_MAX_TOKEN);
	sg_buffer_printf(&path, "%s/", collection);
	api_escape(&path, name);
	enum answer answer = get(api, a, &path, name, sealed, deadline, root, e);
	if (answer != WORLD_YES ||
	    node_is(node_path(*root, "metadata", "name", NULL), name))
		return answer;
	sg_error_set(e, SG_INVALID, "GET %.300s: the answer is another object",
		     path.data);
	return WORLD_UNKNOWN;
}

enum answer cluster_look_store(struct api *api, struct sg_arena *a,
			       const char *name, int64_t deadline,
			       struct store_facts *out, struct sg_error *e)
{
	struct node *root = NULL;
	enum answer answer =
		get_object(api, a, STORES, name, object_sealed_store, deadline,
			   &root, e);
	if (answer == WORLD_YES)
		(void)store_facts_read(root, out);
	return answer;
}

enum answer cluster_look_namespace(struct api *api, struct sg_arena *a,
				   const char *name, int64_t deadline,
				   const struct node **metadata,
				   struct sg_error *e)
{
	struct node *root = NULL;
	enum answer answer =
		get_object(api, a, NAMESPACES, name, object_sealed_alone,
			   deadline, &root, e);
	*metadata = node_get(root, "metadata");
	return answer;
}

/* Of those that a list tells of. */
struct search {
	struct sg_arena *arena;
	const char *host, *name;
	struct store_facts found;
	int64_t oldest;
	bool is_found, has_failed;
};

static void begin(void *context)
{
	struct search *s = context;
	s->is_found = s->has_failed = false;
}

static const char *keep(struct search *s, const char *text)
{
	return sg_arena_copy(s->arena, text, strlen(text));
}

static void set(void *context, const struct node *object)
{
	struct search *s = context;
	struct store_facts f;
	int64_t created = store_facts_created(object);
	if (!store_facts_read(object, &f) || strcmp(f.name, s->name) == 0 ||
	    /* a definition without the selectable field */
	    strcmp(f.host, s->host) != 0)
		return;
	if (s->is_found && (created > s->oldest ||
			    (created == s->oldest &&
			     strcmp(f.name, s->found.name) > 0)))
		return;
	s->found = (struct store_facts){ .name = keep(s, f.name),
					 .uid = keep(s, f.uid),
					 .owner = keep(s, f.owner),
					 .engine = keep(s, f.engine),
					 .plan = keep(s, f.plan),
					 .host = keep(s, f.host),
					 .delivery = keep(s, f.delivery),
					 .deleting = f.deleting };
	s->oldest = created;
	s->is_found = true;
}

static void end(void *context)
{
	(void)context;
}

/* It may be one of that host. */
static void left_out(void *context, const struct node *outline, const char *why)
{
	struct search *s = context;
	(void)outline;
	(void)why;
	s->has_failed = true;
}

enum answer cluster_look_host(struct api *api, struct sg_arena *a,
			      const char *host, const char *name,
			      int64_t deadline, struct store_facts *out,
			      struct sg_error *e)
{
	cleanup_buffer struct sg_buffer path, version;
	struct search search = { .arena = a, .host = host, .name = name };
	const struct informer_sink sink = { .begin = begin,
					    .set = set,
					    .end = end,
					    .left_out = left_out,
					    .context = &search };
	sg_buffer_init(&path, SG_MAX_TOKEN);
	sg_buffer_init(&version, SG_MAX_TOKEN);
	sg_buffer_puts(&path, STORES "?fieldSelector=spec.host%3D");
	api_escape(&path, host);
	if (sg_buffer_check(&path, e))
		return WORLD_UNKNOWN;
	struct informer_listing l = { .api = api,
				      .path = path.data,
				      .sink = &sink,
				      .sealed = object_sealed_store,
				      .version = &version,
				      .deadline = deadline,
				      .is_one_page = true };
	if (informer_list(&l, e) || sg_arena_check(a, e))
		return WORLD_UNKNOWN;
	if (search.has_failed) {
		sg_error_set(e, SG_INVALID,
			     "GET %.300s: one of the Stores can't be read",
			     path.data);
		return WORLD_UNKNOWN;
	}
	if (search.is_found)
		*out = search.found;
	return search.is_found ? WORLD_YES : WORLD_NO;
}
