#include "object_parse.h"

#include "json.h"

#define NOBODY_READS "metadata.managedFields"

const char *const object_sealed_alone[] = { NOBODY_READS, NULL };
const char *const object_sealed_store[] = {
	NOBODY_READS, "metadata.labels", "metadata.annotations",
	"metadata.ownerReferences", "spec.values", NULL,
};

const char *const object_sealed_workload[] = {
	NOBODY_READS,
	"metadata.annotations",
	"spec.template",
	"spec.volumeClaimTemplates",
	"spec.containers",
	"spec.initContainers",
	"spec.ephemeralContainers",
	"spec.volumes",
	"spec.ingress",
	"spec.egress",
	NULL,
};

/* All that can be large. */
static const char *const outline[] = {
	NOBODY_READS,
	"metadata.labels",
	"metadata.annotations",
	"metadata.ownerReferences",
	"metadata.finalizers",
	"spec",
	"status",
	NULL,
};

static const char *const in_event[] = { "object.", NULL };

/* Of what can't be read, what there is before. */
static enum object_parsed read_outline(struct sg_arena *a,
				       const struct object_text *t,
				       struct node **root)
{
	struct sg_error ignored = { 0 };
	struct json_reading how = { .most_values = SG_MAX_OBJECT_NODES,
				    .sealed = outline,
				    .under = t->is_event ? in_event : NULL };
	(void)json_read(t->bytes, t->length, &how, a, root, &ignored);
	const struct node *object =
		t->is_event ? node_get(*root, "object") : *root;
	return node_text(node_path(object, "metadata", "name", NULL)) ?
		       OBJECT_LEFT_OUT :
		       OBJECT_UNKNOWN;
}

enum object_parsed object_parse(struct sg_arena *a,
				const struct object_text *t,
				const char *const *sealed, struct node **root,
				struct sg_error *e)
{
	struct json_reading how = {
		.most_values = SG_MAX_OBJECT_NODES,
		.sealed = sealed ? sealed : object_sealed_alone,
		.under = t->is_event ? in_event : NULL,
	};
	if (!t->is_whole)
		sg_error_set(e, SG_INVALID, "larger than %zu MiB",
			     SG_MAX_OBJECT / SG_MIB);
	else if (json_read(t->bytes, t->length, &how, a, root, e) == 0)
		return OBJECT_READ;
	else if (e->code != SG_INVALID)
		return OBJECT_UNKNOWN;
	return read_outline(a, t, root);
}
