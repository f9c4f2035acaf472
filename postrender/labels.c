#include "labels.h"

#include "names.h"

enum { MOST_LABELS = 5 };

static void add(struct edit_pair *pairs, unsigned *count, const char *key,
		const char *value)
{
	if (value)
		pairs[(*count)++] = (struct edit_pair){ key, value };
}

static unsigned fill(struct edit_pair *pairs, const struct identity *who,
		     const char *component, bool for_pods)
{
	unsigned count = 0;
	add(pairs, &count, SG_LABEL_STORE, who->store.name);
	add(pairs, &count, SG_LABEL_ENGINE, who->engine->name);
	if (!for_pods) {
		add(pairs, &count, SG_LABEL_PLAN, who->plan->name);
		add(pairs, &count, SG_LABEL_OWNER, who->owner_label);
	}
	add(pairs, &count, SG_LABEL_COMPONENT, component);
	return count;
}

bool labels_reach_pods(const struct object *o)
{
	switch (o->workload) {
	case NOT_A_WORKLOAD:
		return false;
	case JOB:
		return o->is_hook;
	case REPLICATION_CONTROLLER:
		/* without a selector its template's labels are the selector */
		return node_path(o->root, "spec", "selector", NULL) != NULL;
	default:
		return true;
	}
}

static int plan_labels(struct sg_arena *a, struct edit *owner,
		       const struct identity *who, const char *component,
		       bool for_pods)
{
	struct edit *metadata = owner ? edit_child(a, owner, "metadata") : NULL;
	struct edit *labels = metadata ? edit_child(a, metadata, "labels") :
					 NULL;
	struct edit_pair *pairs = sg_arena_alloc(a, MOST_LABELS * sizeof *pairs);
	if (!labels || !pairs)
		return -1;
	labels->pair_count = fill(pairs, who, component, for_pods);
	labels->pairs = pairs;
	return 0;
}

static int plan_owner_annotation(struct sg_arena *a, struct edit *owner,
				 const struct identity *who)
{
	if (!who->owner_encoded)
		return 0;
	struct edit *metadata = edit_child(a, owner, "metadata");
	struct edit *annotations =
		metadata ? edit_child(a, metadata, "annotations") : NULL;
	return annotations ? edit_set(a, annotations, SG_ANNOTATION_OWNER,
				      who->store.owner) :
			     -1;
}

static struct edit *template_edit(struct sg_arena *a, const struct object *o,
				  struct edit *edit)
{
	struct edit *at = edit_child(a, edit, "spec");
	if (at && o->workload == CRON_JOB) {
		at = edit_child(a, at, "jobTemplate");
		at = at ? edit_child(a, at, "spec") : NULL;
	}
	return at ? edit_child(a, at, "template") : NULL;
}

int labels_plan(struct sg_arena *a, const struct object *o,
		const struct identity *who, const struct component *component,
		struct edit *edit, struct sg_error *e)
{
	const char *name = component ? component->name : NULL;
	if (plan_labels(a, edit, who, name, false) ||
	    plan_owner_annotation(a, edit, who))
		return sg_error_memory(e);
	if (!labels_reach_pods(o) || o->workload == POD)
		return 0;
	if (plan_labels(a, template_edit(a, o, edit), who, name, true))
		return sg_error_memory(e);
	return 0;
}

void labels_set(struct sg_arena *a, struct node *metadata,
		const struct identity *who, const char *component)
{
	struct edit_pair pairs[MOST_LABELS];
	unsigned count = fill(pairs, who, component, false);
	struct node *labels = node_new_mapping(a);
	for (unsigned i = 0; i < count; i++)
		node_set_string(a, labels, pairs[i].key, pairs[i].value);
	node_set(a, metadata, "labels", labels);
}
