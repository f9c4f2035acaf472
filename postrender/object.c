#include "object.h"

#include <string.h>

#include "decode.h"
#include "names.h"

bool object_is_list(const struct node *root)
{
	return node_is_sequence(node_get(root, "items"));
}

const char *object_label(const struct node *owner, const char *key)
{
	return node_text(node_path(owner, "metadata", "labels", key, NULL));
}

const char *object_annotation(const struct node *owner, const char *key)
{
	return node_text(node_path(owner, "metadata", "annotations", key, NULL));
}

/* labels and annotations: a mapping of unique keys, or nothing */
static int check_map(const struct node *metadata, const char *path,
		     const char *key, struct sg_error *e)
{
	const struct node *map = node_get(metadata, key);
	if (node_is_null(map))
		return 0;
	char at[128];
	(void)snprintf(at, sizeof at, "%s.%s", path, key);
	if (decode_any_mapping(map, at, e))
		return -1;
	const struct node *own = node_own(metadata, key);
	if (map->tagged || (own && node_resolve(own)->tagged))
		return sg_error_set(e, SG_INVALID,
				    "%s has a YAML tag, which can't be kept safely; leave it out",
				    at);
	return 0;
}

static int check_metadata(const struct node *metadata, const char *path,
			  struct sg_error *e)
{
	if (decode_any_mapping(metadata, path, e))
		return -1;
	return check_map(metadata, path, "labels", e) ||
			       check_map(metadata, path, "annotations", e) ?
		       -1 :
		       0;
}

static const struct node *find_template(const struct object *o)
{
	switch (o->workload) {
	case NOT_A_WORKLOAD:
		return NULL;
	case POD:
		return o->root;
	case CRON_JOB:
		return node_path(o->root, "spec", "jobTemplate", "spec",
				 "template", NULL);
	default:
		return node_path(o->root, "spec", "template", NULL);
	}
}

static int read_template(struct object *o, struct sg_error *e)
{
	o->template = find_template(o);
	o->pod_spec = node_get(o->template, "spec");
	const char *path = o->workload == CRON_JOB ?
				   "spec.jobTemplate.spec.template" :
				   "spec.template";
	const struct node *metadata = node_get(o->template, "metadata");
	if (o->workload != POD) {
		if (decode_any_mapping(node_get(o->root, "spec"), "spec", e) ||
		    decode_any_mapping(o->template, path, e))
			return -1;
		if (!node_is_null(metadata) &&
		    check_metadata(metadata, "the template's metadata", e))
			return -1;
	}
	return decode_any_mapping(o->pod_spec, "the pod's spec", e);
}

/*
 * metadata.annotations say whether Helm or Argo CD runs it as a hook; of what Helm 4
 * hands in, Argo CD's say nothing.
 */
static bool has_hook(const struct node *root)
{
	return object_annotation(root, "helm.sh/hook") ||
	       (object_annotation(root, "argocd.argoproj.io/hook") &&
		!object_annotation(root, HELM4_FILENAME));
}

static const char *item_kind(struct sg_arena *a, const struct object *list)
{
	static const char suffix[] = "List";
	size_t length = list ? strlen(list->kind) : 0;
	if (length < sizeof suffix ||
	    strcmp(list->kind + length - strlen(suffix), suffix) != 0)
		return NULL;
	return sg_arena_copy(a, list->kind, length - strlen(suffix));
}

/* Of another type Kubernetes would not see it, and take the release's. */
static int check_namespace(const struct node *metadata, struct sg_error *e)
{
	const struct node *namespace = node_get(metadata, "namespace");
	const char *text = node_text(namespace);
	if (!text || node_string(namespace))
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "metadata.namespace: %.63s is not a string; write it in quotes",
			    text);
}

static int wants(const char *field, const char *example, struct sg_error *e)
{
	return sg_error_set(e, SG_INVALID,
			    "%s is missing or no string; a Kubernetes object has one (like %s)",
			    field, example);
}

int object_read(struct sg_arena *a, const struct document *d,
		const struct node *root, const struct object *list,
		struct object *out, struct sg_error *e)
{
	root = node_resolve(root);
	*out = (struct object){ .document = d, .root = root, .kind = "object",
				.name = "" };
	if (!node_is_mapping(root)) {
		sg_error_set(e, SG_INVALID,
			     "is %s; a Kubernetes object (a mapping with apiVersion, kind and metadata) is expected",
			     node_kind_name(root));
		return document_context(d, e);
	}
	const char *kind = node_string(node_get(root, "kind"));
	const char *api_version = node_string(node_get(root, "apiVersion"));
	out->metadata = node_get(root, "metadata");
	const char *name = node_string(node_get(out->metadata, "name"));
	if (!name)
		name = node_string(node_get(out->metadata, "generateName"));
	out->name = name ? name : "";
	out->kind = kind ? kind : item_kind(a, list);
	out->api_version = api_version ? api_version :
			   list	       ? list->api_version :
					 NULL;
	if (!out->kind || !*out->kind) {
		out->kind = "object";
		wants("kind", "Deployment", e);
		return object_context(out, e);
	}
	if (!out->api_version || !*out->api_version) {
		wants("apiVersion", "apps/v1", e);
		return object_context(out, e);
	}
	if (decode_any_mapping(root, "the object", e))
		return object_context(out, e);
	kind_group(out->api_version, out->group, sizeof out->group);
	if (object_is_list(root))
		return 0;
	if (check_metadata(out->metadata, "metadata", e) ||
	    check_namespace(out->metadata, e))
		return object_context(out, e);
	if (!*out->name) {
		wants("metadata.name", "web", e);
		return object_context(out, e);
	}
	out->workload = kind_workload(out->group, out->kind);
	out->is_hook = has_hook(root);
	if (out->workload && read_template(out, e))
		return object_context(out, e);
	return 0;
}

const struct node *object_list(const struct node *owner, const char *key)
{
	const struct node *list = node_get(owner, key);
	return node_is_sequence(list) ? list->first : NULL;
}

bool object_is_guard(const struct object *o)
{
	const char *component = object_label(o->root, SG_LABEL_COMPONENT);
	return component && strcmp(component, SG_GUARD) == 0 &&
	       (kind_is_quota(o->group, o->kind) ||
		(strcmp(o->group, "networking.k8s.io") == 0 &&
		 strcmp(o->kind, "NetworkPolicy") == 0) ||
		(!*o->group && strcmp(o->kind, "Namespace") == 0));
}

int object_context(const struct object *o, struct sg_error *e)
{
	if (*o->name)
		sg_error_context(e, "%.63s/%.128s", o->kind, o->name);
	return document_context(o->document, e);
}

const char *object_place(const struct object *o, struct sg_arena *a)
{
	struct sg_error e = { 0 };
	(void)sg_error_set(&e, SG_OK, "%.63s/%.128s", o->kind, o->name);
	(void)document_context(o->document, &e);
	return sg_arena_copy(a, e.message, strlen(e.message));
}
