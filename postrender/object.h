/*
 * One Kubernetes object of a stream: a document, or an item of a List.
 * Borrows from the document's tree.
 */
#ifndef SG_OBJECT_H
#define SG_OBJECT_H

#include "documents.h"
#include "kinds.h"

struct object {
	const struct document *document;
	const struct node *root;
	const struct node *metadata;
	const char *kind;
	const char *name; /* or generateName, or "" */
	const char *api_version;
	char group[128];
	enum workload_kind workload;
	bool is_hook; /* of Helm or Argo CD: recreated, never updated */
	/* Of workloads: the template (a Pod's is itself), and its pod spec. */
	const struct node *template;
	const struct node *pod_spec;
};

/*
 * Reads what every object must have. `list` is the List around
 * it (its items may leave out apiVersion and kind), or NULL. SG_INVALID when it
 * is no object.
 */
int object_read(struct sg_arena *a, const struct document *d,
		const struct node *root, const struct object *list,
		struct object *out, struct sg_error *e);

/* A mapping with a list of items: what kubectl takes apart, as we do. */
bool object_is_list(const struct node *root);

/* metadata.labels or metadata.annotations of an object or pod template. */
const char *object_label(const struct node *owner, const char *key);
const char *object_annotation(const struct node *owner, const char *key);

/* The first item of the list under that key; NULL where there is none. */
const struct node *object_list(const struct node *owner, const char *key);

/* Whether the guards of an earlier run wrote it. */
bool object_is_guard(const struct object *o);

/* Prepends "document 3 (line 41, …): Deployment/web" to the error. */
int object_context(const struct object *o, struct sg_error *e);
/* The same as a text, fit to print; NULL without memory. */
const char *object_place(const struct object *o, struct sg_arena *a);

#endif
