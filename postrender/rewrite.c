#include "rewrite.h"

#include <string.h>

#include "classify.h"
#include "cleanup.h"
#include "guards.h"
#include "keep.h"
#include "labels.h"
#include "names.h"
#include "splice.h"
#include "verify.h"

/* Memory for one document's turn. */
struct turn {
	const struct rewrite *run;
	const struct document *document;
	struct sg_arena *tree;
	struct sg_arena *scratch;
	struct sg_arena *facts; /* of one object: a List holds many */
	uint32_t aliased; /* nodes of a List's items that are aliases */
	struct sg_error *e;
};

/* What becomes of an object: it stays, or it goes. */
enum fate { KEPT, DROPPED, FAILED };

static bool is_namespace(const struct object *o)
{
	return !*o->group && strcmp(o->kind, "Namespace") == 0;
}

/* The chart's own policies would widen ours, its own quotas confuse them. */
static enum fate judge_chart_policy(struct turn *t, const struct object *o)
{
	bool policy = kind_is_network_policy(o->group, o->kind);
	if (!policy && !kind_is_quota(o->group, o->kind))
		return KEPT;
	const char *why = policy ? "would widen the store's" :
				   "would compete with the store's";
	switch (t->run->options->chart_policies) {
	case CHART_POLICIES_FAIL:
		room_refuse(t->run->room,
			    "the chart's own %.63s %s (--chart-policies drop leaves it out, keep lets it through)",
			    o->kind, why);
		return KEPT;
	case CHART_POLICIES_DROP:
		diagnostics_warn(t->run->diagnostics,
				 "%s/%s dropped: the chart's own %s %s (--chart-policies keep lets it through)",
				 o->kind, o->name, o->kind, why);
		return DROPPED;
	case CHART_POLICIES_KEEP:
		break;
	}
	if (strncmp(o->name, GUARD_PREFIX, strlen(GUARD_PREFIX)) == 0) {
		room_refuse(t->run->room,
			    "names that begin with " GUARD_PREFIX
			    " are the guards'; rename it");
		return KEPT;
	}
	diagnostics_warn(t->run->diagnostics,
			 "%s/%s kept: the chart's own %s %s", o->kind, o->name,
			 o->kind, why);
	return KEPT;
}

static enum fate judge(struct turn *t, const struct object *o)
{
	const struct options *options = t->run->options;
	room_check(t->run->room, o);
	if (object_is_guard(o) && (!is_namespace(o) || options->with_namespace))
		return DROPPED; /* of an earlier run: made anew */
	enum fate fate = judge_chart_policy(t, o);
	if (fate == DROPPED) {
		t->run->survey->dropped++;
		explain_object(t->run->explain, o, NULL, true);
	}
	return fate;
}

static void warn_of_rival(struct diagnostics *d, const struct object *o,
			  const struct component *component,
			  const struct component *rival)
{
	diagnostics_warn(d,
			 "%s/%s looks like %s and like %s (labels, image, ports); it is taken for %s. A label " SG_LABEL_COMPONENT
			 " on its template says which it is",
			 o->kind, o->name, component->name, rival->name,
			 component->name);
}

static enum fate take_object(struct turn *t, const struct object *o,
			     struct edit *edit)
{
	const struct rewrite *run = t->run;
	enum fate fate = judge(t, o);
	if (fate != KEPT)
		return fate;
	const struct component *rival;
	const struct component *component =
		classify(run->who->engine, o, &rival);
	if (rival)
		warn_of_rival(run->diagnostics, o, component, rival);
	sg_arena_clear(t->facts);
	if (survey_object(run->survey, o, component, t->facts,
			  run->diagnostics, t->e) ||
	    labels_plan(t->scratch, o, run->who, component, edit, t->e) ||
	    keep_plan(t->scratch, o, run->who, run->options->deployer, edit,
		      run->diagnostics, t->e))
		return FAILED;
	explain_object(run->explain, o, component, false);
	return KEPT;
}

static enum fate take(struct turn *t, const struct node *root,
		      const struct object *list, struct edit *edit);

/* Planning for more than can be written out would take memory, too. */
static int count_aliased(struct turn *t, const struct node *item)
{
	t->aliased += item->kind == NODE_ALIAS ? node_weight(item) : 0;
	if (t->aliased <= SG_MAX_WRITTEN_OUT)
		return 0;
	sg_error_set(t->e, SG_INVALID,
		     "line %zu: the list's items are aliases of more than %u nodes in all; write it as documents of their own",
		     t->document->line + item->line, SG_MAX_WRITTEN_OUT);
	return document_context(t->document, t->e);
}

static enum fate take_list(struct turn *t, const struct object *list,
			   struct edit *edit)
{
	const struct node *items = node_get(list->root, "items");
	struct edit *at = edit_child(t->scratch, edit, "items");
	size_t index = 0, dropped = 0;
	if (!at) {
		sg_error_memory(t->e);
		return FAILED;
	}
	for (const struct node *n = items->first; n; n = n->next, index++) {
		if (count_aliased(t, n))
			return FAILED;
		struct edit *item = edit_item(t->scratch, at, index);
		if (!item) {
			sg_error_memory(t->e);
			return FAILED;
		}
		enum fate fate = take(t, n, list, item);
		if (fate == FAILED)
			return FAILED;
		item->drop = fate == DROPPED;
		dropped += item->drop;
	}
	return index && dropped == index ? DROPPED : KEPT;
}

static enum fate take(struct turn *t, const struct node *root,
		      const struct object *list, struct edit *edit)
{
	struct object o;
	if (object_read(t->scratch, t->document, root, list, &o, t->e))
		return FAILED;
	return object_is_list(o.root) ? take_list(t, &o, edit) :
					take_object(t, &o, edit);
}

/* Splices into body and holds the result against what was meant. */
static int write_edited(struct turn *t, struct node *root,
			const struct edit *edit, struct sg_buffer *body)
{
	size_t start = body->length;
	struct node *after = NULL;
	if (splice_document(t->document, root, edit, t->scratch, body, t->e))
		return document_context(t->document, t->e);
	if (yaml_parse_again(body->data + start, body->length - start,
			     t->document->line, t->scratch, &after, t->e) == 0 &&
	    verify_edit(root, after, edit, t->e) == 0)
		return 0;
	if (t->e->code == SG_INVALID)
		sg_error_context(t->e,
				 "labels can't be added without changing more than them");
	return document_context(t->document, t->e);
}

static int rewrite_document(struct turn *t, struct sg_buffer *body)
{
	const struct document *d = t->document;
	struct edit edit = { 0 };
	struct node *root = NULL;
	sg_arena_clear(t->tree);
	sg_arena_clear(t->scratch);
	t->aliased = 0;
	if (document_parse(d, t->tree, &root, t->e))
		return -1;
	if (!root) { /* comments only */
		sg_buffer_append(body, d->bytes, d->length);
		return sg_buffer_check(body, t->e);
	}
	switch (take(t, root, NULL, &edit)) {
	case FAILED:
		return -1;
	case DROPPED:
		return 0;
	case KEPT:
		break;
	}
	return write_edited(t, root, &edit, body);
}

int rewrite_release(const struct rewrite *r, const struct documents *docs,
		    struct sg_buffer *body, struct sg_error *e)
{
	cleanup_arena struct sg_arena tree;
	cleanup_arena struct sg_arena scratch;
	cleanup_arena struct sg_arena facts;
	sg_arena_init(&tree);
	sg_arena_init(&scratch);
	sg_arena_init(&facts);
	struct turn t = { .run = r,
			  .tree = &tree,
			  .scratch = &scratch,
			  .facts = &facts,
			  .e = e };
	for (unsigned i = 0; i < docs->count; i++) {
		t.document = &docs->items[i];
		if (rewrite_document(&t, body))
			return -1;
	}
	if (sg_arena_check(&r->survey->arena, e))
		return -1;
	if (r->survey->objects == 0 && r->survey->dropped)
		return sg_error_set(e, SG_REFUSED,
				    "nothing but policies of the chart's own, which are dropped (--chart-policies keep lets them through)");
	if (r->survey->objects == 0)
		return sg_error_set(e, SG_INVALID,
				    "standard input holds no Kubernetes object; rendered manifests are expected (a chart of hooks alone needs Helm 4: Helm 3 hides hooks)");
	return 0;
}
