#include "review.h"

#include <string.h>

static int missing(const char *what, struct sg_error *e)
{
	return sg_error_set(e, SG_INVALID, "request.%s is missing", what);
}

/* A text that is not empty, or NULL. */
static const char *text_of(const struct node *n, const char *key)
{
	const char *text = node_text(node_get(n, key));
	return text && *text ? text : NULL;
}

static int read_operation(const struct node *request, struct review *out,
			  struct sg_error *e)
{
	static const char *const names[] = { "CREATE", "UPDATE", "DELETE" };
	const char *text = text_of(request, "operation");
	if (!text)
		return missing("operation", e);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		if (strcmp(text, names[i]) == 0) {
			out->operation = (enum operation)i;
			return 0;
		}
	}
	return sg_error_set(e, SG_INVALID,
			    "request.operation: \"%.40s\" is not CREATE, UPDATE or DELETE",
			    text);
}

static int read_kind(const struct node *request, struct review *out,
		     struct sg_error *e)
{
	const struct node *kind = node_get(request, "kind");
	const char *group = text_of(kind, "group");
	out->group = group ? group : "";
	out->version = text_of(kind, "version");
	out->kind = text_of(kind, "kind");
	if (!out->kind)
		return missing("kind.kind", e);
	return out->version ? 0 : missing("kind.version", e);
}

static int read_user(struct sg_arena *a, const struct node *request,
		     struct user *out, struct sg_error *e)
{
	const struct node *user = node_get(request, "userInfo");
	out->name = text_of(user, "username");
	out->uid = text_of(user, "uid");
	out->extra = node_get(user, "extra");
	if (!node_is_mapping(out->extra))
		out->extra = NULL;
	if (!out->name)
		return missing("userInfo.username", e);
	const struct node *groups = node_get(user, "groups");
	if (!node_is_sequence(groups))
		return 0;
	out->groups.items = sg_arena_alloc(a, (node_count(groups) + 1) *
						      sizeof(const char *));
	if (!out->groups.items)
		return sg_error_memory(e);
	for (const struct node *g = groups->first; g; g = g->next) {
		const char *text = node_text(g);
		if (text)
			out->groups.items[out->groups.count++] = text;
	}
	return 0;
}

static int read_object(const struct node *request, const char *key, bool needed,
		       const struct node **out, struct sg_error *e)
{
	const struct node *n = node_get(request, key);
	*out = NULL;
	if (node_is_null(n))
		return needed ? missing(key, e) : 0;
	if (!node_is_mapping(n))
		return sg_error_set(e, SG_INVALID,
				    "request.%s must be an object, not %s", key,
				    node_kind_name(n));
	*out = n;
	return 0;
}

static int read_objects(const struct node *request, struct review *out,
			struct sg_error *e)
{
	bool has_new = out->operation != OPERATION_DELETE;
	if (read_object(request, "object", has_new, &out->object, e) ||
	    read_object(request, "oldObject",
			out->operation == OPERATION_UPDATE, &out->old_object,
			e))
		return -1;
	/* of a create, request.name may be empty where the object has a name */
	const struct node *object = has_new ? out->object : out->old_object;
	out->name = text_of(node_get(object, "metadata"), "name");
	if (!out->name && !has_new)
		out->name = text_of(request, "name");
	return 0;
}

int review_decode(struct sg_arena *a, const struct node *document,
		  struct review *out, struct sg_error *e)
{
	*out = (struct review){ 0 };
	if (!node_is_mapping(document) ||
	    !node_is(node_get(document, "apiVersion"), "admission.k8s.io/v1") ||
	    !node_is(node_get(document, "kind"), "AdmissionReview"))
		return sg_error_set(e, SG_INVALID,
				    "not an AdmissionReview: expected apiVersion: admission.k8s.io/v1 and kind: AdmissionReview");
	const struct node *request = node_get(document, "request");
	if (!node_is_mapping(request))
		return sg_error_set(e, SG_INVALID,
				    "the AdmissionReview has no request");
	out->uid = text_of(request, "uid");
	if (!out->uid)
		return missing("uid", e);
	out->sub_resource = text_of(request, "subResource");
	out->dry_run = node_is(node_get(request, "dryRun"), "true");
	return read_operation(request, out, e) || read_kind(request, out, e) ||
			       read_user(a, request, &out->user, e) ||
			       read_objects(request, out, e) ?
		       -1 :
		       0;
}
