/*
 * Defaults of a Store and its finalizer, as a JSON Patch (RFC 6902). Only what is absent
 * or null is touched, so running twice changes nothing more. What can't be defaulted is
 * left to validation, which says so to people.
 */
#include "admission_parts.h"

#include <string.h>

#include "names.h"
#include "patch.h"

static bool is_absent(const struct node *spec, const char *key)
{
	return node_is_null(node_get(spec, key));
}

/* What was there stays there where an update leaves it out. */
static void keep_old(struct gate *g, struct node *added,
		     const struct node *spec)
{
	static const char *const keys[] = { "engine", "owner", "plan",
					    "host", "displayName", "delivery",
					    "deletionProtection" };
	struct sg_arena *a = g->verdict->arena;
	const struct node *old = node_get(g->review->old_object, "spec");
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (is_absent(spec, keys[i]) && !is_absent(old, keys[i]))
			node_set(a, added, keys[i],
				 node_copy(a, node_get(old, keys[i])));
}

static void add(struct gate *g, struct node *added, const struct node *spec,
		const char *key, const char *value)
{
	if (value && is_absent(spec, key) && is_absent(added, key))
		node_set_string(g->verdict->arena, added, key, value);
}

static void add_defaults(struct gate *g, struct node *added,
			 const struct node *spec)
{
	const struct review *r = g->review;
	struct store s = { .name = r->name };
	struct sg_error e;
	if (store_default(g->verdict->arena, g->world->policy, &s, &e))
		return;
	/* nobody becomes an owner by an update */
	if (r->operation == OPERATION_CREATE &&
	    store_user_is_person(r->user.name) && store_is_owner(r->user.name))
		add(g, added, spec, "owner", r->user.name);
	add(g, added, spec, "plan", s.plan);
	add(g, added, spec, "host", s.host);
	add(g, added, spec, "displayName", s.display_name);
	add(g, added, spec, "delivery", s.delivery);
}

static void annotate(struct gate *g, const struct node *added)
{
	struct strings keys = { 0 };
	keys.items = sg_arena_alloc(g->verdict->arena,
				    (node_count(added) + 1) *
					    sizeof(const char *));
	for (const struct node *k = added->first; k && keys.items;
	     k = k->next->next)
		keys.items[keys.count++] = node_text(k);
	if (keys.count)
		verdict_annotate(g->verdict, "defaulted", "%s",
				 strings_join(g->verdict->arena, &keys));
}

/* Adds to what the patch does so far. */
static void patch(struct gate *g, const char *parent, bool parent_exists,
		  struct node *added)
{
	struct verdict *v = g->verdict;
	struct node *more = patch_add_all(v->arena, parent, parent_exists, added);
	if (!v->patch) {
		v->patch = more;
		return;
	}
	for (struct node *op = more ? more->first : NULL, *next; op; op = next) {
		next = op->next;
		op->next = NULL;
		node_append(v->patch, op);
	}
}

static void default_spec(struct gate *g)
{
	const struct review *r = g->review;
	const struct node *spec = node_get(r->object, "spec");
	bool update = r->operation == OPERATION_UPDATE;
	if (!(node_is_null(spec) || node_is_mapping(spec)))
		return;
	/* labels and finalizers change nothing else */
	if (update && node_equal(spec, node_get(r->old_object, "spec")))
		return;
	struct node *added = node_new_mapping(g->verdict->arena);
	if (!added)
		return;
	if (update)
		keep_old(g, added, spec);
	add_defaults(g, added, spec);
	annotate(g, added);
	patch(g, "spec", !node_is_null(spec), added);
}

/* The whole list is written anew: no list, an empty one and null are one case. */
static void add_finalizer(struct gate *g, const struct node *metadata)
{
	struct sg_arena *a = g->verdict->arena;
	const struct node *before = node_get(metadata, "finalizers");
	struct node *added = node_new_mapping(a), *all = node_new_sequence(a);
	bool some = node_is_sequence(before);
	if (!added || !all || !node_is_mapping(metadata) ||
	    !(some || node_is_null(before)))
		return;
	for (const struct node *f = some ? before->first : NULL; f; f = f->next) {
		if (node_is(f, SG_FINALIZER))
			return;
		node_append(all, node_copy(a, f));
	}
	node_append(all, node_new_string(a, SG_FINALIZER));
	node_set(a, added, "finalizers", all);
	patch(g, "metadata", true, added);
}

void gate_mutate_store(struct gate *g)
{
	const struct review *r = g->review;
	const struct node *metadata = node_get(r->object, "metadata");
	g->reason = "defaults";
	if (r->operation == OPERATION_DELETE)
		return;
	default_spec(g);
	/* the API server takes no finalizer for what is being deleted */
	if (node_is_null(node_get(metadata, "deletionTimestamp")))
		add_finalizer(g, metadata);
}
