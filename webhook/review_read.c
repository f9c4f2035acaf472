#include "review.h"

#include <string.h>

#include "json.h"

/* What of an object may be large, and need not be of the same size in both. */
static const char *const large[] = {
	"spec.values",
	"metadata.labels",
	"metadata.annotations",
	"metadata.ownerReferences",
	"metadata.finalizers",
	"metadata.managedFields", /* which nobody here reads */
	NULL,
};
enum { OPENED = sizeof large / sizeof *large - 2 };

static struct node *find(const struct node *request, const char *object,
			 const char *path)
{
	const char *dot = strchr(path, '.');
	char parent[16];
	(void)snprintf(parent, sizeof parent, "%.*s", (int)(dot - path), path);
	struct node *n =
		node_own(node_path(request, object, parent, NULL), dot + 1);
	return node_is_sealed(n) ? n : NULL;
}

/* 0: it is read, or stays sealed since there is no room for it. */
static int unseal(struct sg_arena *a, struct node *n, unsigned *left,
		  struct sg_error *e)
{
	struct json_reading how = { .most_values = *left };
	if (n->values > *left)
		return 0;
	if (json_unseal(n, &how, a, e))
		return -1;
	*left -= how.values;
	return 0;
}

static int unseal_both(struct sg_arena *a, struct node *now,
		       struct node *before, unsigned *left, struct sg_error *e)
{
	struct sg_error ignored = { 0 };
	bool is_same = now && before && now->length == before->length &&
		       memcmp(now->text, before->text, now->length) == 0;
	if (now && unseal(a, now, left, e))
		return -1;
	if (is_same) {
		struct node *next = before->next;
		*before = *now;
		before->next = next;
	} else if (before) {
		(void)unseal(a, before, left, &ignored);
	}
	return 0;
}

int review_read(struct sg_arena *a, const char *bytes, size_t length,
		struct node **root, struct sg_error *e)
{
	static const char *const objects[] = { "request.object.",
					       "request.oldObject.", NULL };
	struct json_reading how = { .most_values = SG_MAX_REVIEW_NODES,
				    .sealed = large,
				    .under = objects };
	if (json_read(bytes, length, &how, a, root, e))
		return -1;
	const struct node *request = node_get(*root, "request");
	unsigned left = SG_MAX_REVIEW_NODES - how.values;
	for (size_t i = 0; i < OPENED; i++)
		if (unseal_both(a, find(request, "object", large[i]),
				find(request, "oldObject", large[i]), &left,
				e))
			return sg_error_context(e, "%s", large[i]);
	return 0;
}
