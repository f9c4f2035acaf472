#include "cluster_look.h"

#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "stores.h"

#define STORES "/apis/urumi.io/v1/stores"
#define NAMESPACES "/api/v1/namespaces"

/* YES: *root is a 200; NO: the object `name`, if given, is not there. */
static enum answer get(struct api *api, struct sg_arena *a,
		       struct sg_buffer *path, const char *name,
		       int64_t deadline, struct node **root, struct sg_error *e)
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
		if (json_parse(text, answer.length, a, root, e) == 0)
			return WORLD_YES;
		sg_error_context(e, "GET %.300s", path->data);
		return WORLD_UNKNOWN;
	}
	if (status == 404 && name && api_says_not_found(&answer, name))
		return WORLD_NO;
	api_refused(&request, status, &answer, e);
	return WORLD_UNKNOWN;
}

static enum answer get_object(struct api *api, struct sg_arena *a,
			      const char *collection, const char *name,
			      int64_t deadline, struct node **root,
			      struct sg_error *e)
{
	cleanup_buffer struct sg_buffer path;
	sg_buffer_init(&path, SG_MAX_TOKEN);
	sg_buffer_printf(&path, "%s/", collection);
	api_escape(&path, name);
	enum answer answer = get(api, a, &path, name, deadline, root, e);
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
		get_object(api, a, STORES, name, deadline, &root, e);
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
		get_object(api, a, NAMESPACES, name, deadline, &root, e);
	*metadata = node_get(root, "metadata");
	return answer;
}

/* Among the items, which need not be in any order. */
static bool find_oldest(const struct node *items, const char *host,
			const char *name, struct store_facts *out)
{
	int64_t oldest = 0;
	bool found = false;
	for (const struct node *n = items->first; n; n = n->next) {
		struct store_facts facts;
		int64_t created = store_facts_created(n);
		if (!store_facts_read(n, &facts) ||
		    strcmp(facts.name, name) == 0 ||
		    /* a definition without the selectable field */
		    strcmp(facts.host, host) != 0)
			continue;
		if (!found || created < oldest ||
		    (created == oldest && strcmp(facts.name, out->name) < 0)) {
			*out = facts;
			oldest = created;
		}
		found = true;
	}
	return found;
}

enum answer cluster_look_host(struct api *api, struct sg_arena *a,
			      const char *host, const char *name,
			      int64_t deadline, struct store_facts *out,
			      struct sg_error *e)
{
	cleanup_buffer struct sg_buffer path;
	struct node *root = NULL;
	sg_buffer_init(&path, SG_MAX_TOKEN);
	sg_buffer_puts(&path, STORES "?fieldSelector=spec.host%3D");
	api_escape(&path, host);
	enum answer answer = get(api, a, &path, NULL, deadline, &root, e);
	if (answer != WORLD_YES)
		return answer;
	const struct node *items = node_get(root, "items");
	if (!node_is_sequence(items)) {
		sg_error_set(e, SG_INVALID,
			     "GET %.300s: the answer is no list of Stores",
			     path.data);
		return WORLD_UNKNOWN;
	}
	return find_oldest(items, host, name, out) ? WORLD_YES : WORLD_NO;
}
