#include "keep.h"

#include <string.h>

#include "guard.h"

static const char sync_options[] = "argocd.argoproj.io/sync-options";
static const char no_prune[] = "Prune=false";

void keep_namespace(struct sg_arena *a, struct node *annotations,
		    enum deployer deployer)
{
	node_set_string(a, annotations, sync_options, no_prune);
	if (deployer == DEPLOYER_HELM)
		guard_keep(a, annotations);
}

/* What is in the Namespace goes with it; with the Store goes what Argo CD makes of it. */
static bool holds_shop(const struct object *o, const struct identity *who)
{
	if (store_is_store(o->root))
		return strcmp(o->name, who->store.name) == 0;
	return !*o->group && strcmp(o->kind, "Namespace") == 0 &&
	       strcmp(o->name, who->namespace) == 0;
}

static bool has_option(const char *options, const char *wanted)
{
	size_t length = strlen(wanted);
	while (*options) {
		options += strspn(options, " ,");
		size_t end = strcspn(options, " ,");
		if (end == length && strncmp(options, wanted, length) == 0)
			return true;
		options += end;
	}
	return false;
}

/* Those of the chart, with ours; NULL without memory. */
static const char *with_no_prune(struct sg_arena *a, const char *options)
{
	if (!options || !*options)
		return no_prune;
	return has_option(options, no_prune) ?
		       options :
		       sg_arena_printf(a, "%s,%s", options, no_prune);
}

int keep_plan(struct sg_arena *a, const struct object *o,
	      const struct identity *who, enum deployer deployer,
	      struct edit *edit, struct diagnostics *d, struct sg_error *e)
{
	if (o->is_hook && strcmp(o->kind, "PersistentVolumeClaim") == 0)
		diagnostics_warn(d, "%s/%s is a hook: unless its annotations say otherwise, it is deleted to be made anew, with all that it holds",
				 o->kind, o->name);
	if (!holds_shop(o, who))
		return 0;
	const char *options = object_annotation(o->root, sync_options);
	if (o->is_hook || (options && has_option(options, "Force=true"))) {
		sg_error_set(e, SG_REFUSED,
			     "is the store's own, and %s, so that it is deleted to be made anew, with all of the shop; leave that annotation out",
			     o->is_hook ? "a hook" : "Force=true");
		return object_context(o, e);
	}
	struct edit *at = edit_child(a, edit, "metadata");
	at = at ? edit_child(a, at, "annotations") : NULL;
	options = with_no_prune(a, options);
	if (!at || !options || edit_set(a, at, sync_options, options) ||
	    (deployer == DEPLOYER_HELM && edit_set(a, at, HELM_POLICY, HELM_KEEP)))
		return sg_error_memory(e);
	return 0;
}
