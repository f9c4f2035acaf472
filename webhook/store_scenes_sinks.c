/* What informers tell: the sinks of store_scenes.h. */
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "object_read.h"
#include "store_scenes_parts.h"
#include "texts.h"

/* What a list did not name is gone. */
static void lose_all(struct scenes *s,
		     bool (*is_lost)(const struct scene *, const void *scenes),
		     void (*lose)(struct scenes *, struct scene *))
{
	struct scenes_gathering g = { .is_wanted = is_lost, .context = s };
	(void)pthread_mutex_lock(&s->lock);
	scenes_gather(s, &g);
	for (size_t i = 0; i < g.count; i++)
		lose(s, g.found[i]);
	(void)pthread_mutex_unlock(&s->lock);
	free(g.found);
}

/* --- Stores ---------------------------------------------------------------------- */

static void set_phase(struct scenes *s, struct scene *scene, bool is_store,
		      enum store_phase phase)
{
	if (scene->texts)
		s->phases[scene->phase]--;
	if (is_store)
		s->phases[phase]++;
	scene->phase = phase;
}

static void begin_stores(void *context)
{
	struct scenes *s = context;
	s->store_round++;
}

static void take_store(struct scenes *s, struct scene *scene,
		       const struct store_view *view,
		       const struct store_status *shown)
{
	const char *const list[STORE_TEXTS] = { view->uid, view->host,
						view->engine,
						view->held_by };
	char *texts = texts_pack(list, STORE_TEXTS);
	if (!texts)
		return; /* what was known stays */
	set_phase(s, scene, true, shown->phase);
	free(scene->texts);
	scene->texts = texts;
	scene->store_round = s->store_round;
	scene->generation = view->generation;
	scene->created = view->created;
	scene->ready_at = shown->ready_at;
	scene->provisioning_seconds = shown->provisioning_seconds;
	scene->by_helm = view->by_helm;
	scene->is_deleting = view->is_deleting;
	scene->is_protected = view->is_protected;
	scene->has_finalizer = view->has_finalizer;
	scene->is_too_large = view->is_too_large;
	store_status_digest(shown, view->observed, scene->digest);
	scenes_changed(s, scene);
}

static void set_store(void *context, const struct node *object)
{
	struct scenes *s = context;
	struct store_view view;
	struct store_status shown;
	if (!store_view_read(object, &view))
		return;
	store_status_read(object, &shown);
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = scenes_find_or_make(s, view.name);
	if (scene) {
		take_store(s, scene, &view, &shown);
		scenes_drop_if_empty(s, scene);
	}
	(void)pthread_mutex_unlock(&s->lock);
}

static void leave_store(void *context, const struct node *outline,
			const char *why)
{
	struct scenes *s = context;
	(void)why;
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = scenes_find(
		s, object_text(node_get(outline, "metadata"), "name"));
	if (scene)
		scene->store_round = s->store_round;
	(void)pthread_mutex_unlock(&s->lock);
}

static void lose_store(struct scenes *s, struct scene *scene)
{
	set_phase(s, scene, false, PHASE_NONE);
	free(steal(&scene->texts));
	free(steal(&scene->explained));
	scene->again = 0;
	scenes_drop_if_empty(s, scene);
}

static bool is_lost_store(const struct scene *scene, const void *context)
{
	const struct scenes *s = context;
	return scene->texts && scene->store_round != s->store_round;
}

static void end_stores(void *context)
{
	lose_all(context, is_lost_store, lose_store);
}

static void remove_store(void *context, const struct node *object)
{
	struct scenes *s = context;
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene =
		scenes_find(s, object_text(node_get(object, "metadata"), "name"));
	if (scene && scene->texts)
		lose_store(s, scene);
	(void)pthread_mutex_unlock(&s->lock);
}

struct informer_sink scenes_stores_sink(struct scenes *s)
{
	return (struct informer_sink){ .begin = begin_stores,
				       .set = set_store,
				       .end = end_stores,
				       .left_out = leave_store,
				       .removed = remove_store,
				       .context = s };
}

/* --- namespaces ------------------------------------------------------------------ */

static const char *store_of_namespace(const struct node *object)
{
	const char *name = object_text(node_get(object, "metadata"), "name");
	size_t prefix = strlen(SG_NAMESPACE_PREFIX);
	return strncmp(name, SG_NAMESPACE_PREFIX, prefix) == 0 ? name + prefix :
								 "";
}

/* Of finalizers: what one line may hold. */
enum { FINALIZERS_TOLD = 4 };

/* What its own conditions don't name: whose work on the namespace itself is to be done. */
static void write_finalizers(struct sg_buffer *out, const struct node *object,
			     const char *section)
{
	const struct node *all = node_path(object, section, "finalizers", NULL);
	unsigned count = 0;
	if (!node_is_sequence(all))
		return;
	for (const struct node *f = all->first; f; f = f->next) {
		const char *name = node_text(f);
		if (!name || strcmp(name, "kubernetes") == 0)
			continue;
		if (count == 0)
			sg_buffer_printf(out, "%sits own %s.finalizers: ",
					 out->length ? "; " : "", section);
		if (count == FINALIZERS_TOLD) {
			sg_buffer_puts(out, " and others");
			return;
		}
		sg_buffer_printf(out, "%s%.128s", count++ ? ", " : "", name);
	}
}

/*
 * Why one that is deleted is still there: what the namespace controller says of what is in
 * it, and its own finalizers but the one that this controller takes off last.
 */
static char *read_holds(const struct node *object)
{
	static const char *const types[] = {
		"NamespaceDeletionDiscoveryFailure",
		"NamespaceDeletionGroupVersionParsingFailure",
		"NamespaceDeletionContentFailure",
		"NamespaceContentRemaining",
		"NamespaceFinalizersRemaining",
	};
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, 2 * SG_MAX_MESSAGE);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		const struct node *c = object_condition(object, types[i]);
		if (node_is(node_get(c, "status"), "True"))
			sg_buffer_printf(&text, "%s%.300s",
					 text.length ? "; " : "",
					 object_text(c, "message"));
	}
	write_finalizers(&text, object, "metadata");
	write_finalizers(&text, object, "spec");
	return strdup(text.data ? text.data : "");
}

static void begin_namespaces(void *context)
{
	struct scenes *s = context;
	s->namespace_round++;
}

static void take_namespace(struct scenes *s, struct scene *scene,
			   const struct node *object)
{
	const struct node *metadata = node_get(object, "metadata");
	free(scene->holds);
	scene->holds = read_holds(object);
	scene->is_marked = node_is(node_path(metadata, "labels",
					     SG_LABEL_PROTECTED, NULL),
				   "true");
	scene->namespace_round = s->namespace_round;
	scene->namespace_created = object_time(metadata, "creationTimestamp");
	scene->namespace =
		node_is_null(node_get(metadata, "deletionTimestamp")) ?
			NAMESPACE_ACTIVE :
			NAMESPACE_TERMINATING;
	scenes_changed(s, scene);
}

static void set_namespace(void *context, const struct node *object)
{
	struct scenes *s = context;
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = scenes_find_or_make(s, store_of_namespace(object));
	if (scene)
		take_namespace(s, scene, object);
	(void)pthread_mutex_unlock(&s->lock);
}

/* It is there, which is most of what there is to know. */
static void leave_namespace(void *context, const struct node *outline,
			    const char *why)
{
	(void)why;
	set_namespace(context, outline);
}

static void lose_namespace(struct scenes *s, struct scene *scene)
{
	scene->namespace = NAMESPACE_ABSENT;
	scene->is_marked = false;
	free(steal(&scene->holds));
	scenes_changed(s, scene);
	scenes_drop_if_empty(s, scene);
}

static bool is_lost_namespace(const struct scene *scene, const void *context)
{
	const struct scenes *s = context;
	return scene->namespace != NAMESPACE_ABSENT &&
	       scene->namespace_round != s->namespace_round;
}

static void end_namespaces(void *context)
{
	lose_all(context, is_lost_namespace, lose_namespace);
}

static void remove_namespace(void *context, const struct node *object)
{
	struct scenes *s = context;
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = scenes_find(s, store_of_namespace(object));
	if (scene)
		lose_namespace(s, scene);
	(void)pthread_mutex_unlock(&s->lock);
}

struct informer_sink scenes_namespaces_sink(struct scenes *s)
{
	return (struct informer_sink){ .begin = begin_namespaces,
				       .set = set_namespace,
				       .end = end_namespaces,
				       .left_out = leave_namespace,
				       .removed = remove_namespace,
				       .context = s };
}

/* --- objects --------------------------------------------------------------------- */

/* Where the object is linked, or the end of the list. */
static struct seen_object **place(struct scene *scene, enum object_kind kind,
			     const char *name)
{
	struct seen_object **at = &scene->objects;
	while (*at && ((*at)->kind != kind || strcmp((*at)->texts, name) != 0))
		at = &(*at)->next;
	return at;
}

static void take_away(struct scenes *s, struct scene *scene, struct seen_object **at)
{
	struct seen_object *o = *at;
	*at = o->next;
	scene->count--;
	scene->bytes -= texts_size(o->texts, OBJECT_TEXTS);
	scene->is_crowded &= scene->count > SG_MAX_STORE_OBJECTS / 2 ||
			     scene->bytes > SG_MAX_STORE_TEXTS / 2;
	seen_object_free(o);
	scenes_changed(s, scene);
}

static bool is_kept(const struct object_state *state)
{
	return state->kind != OBJECT_POD || state->health != HEALTH_GOOD;
}

static char *pack_object(const struct object_state *o)
{
	const char *const list[OBJECT_TEXTS] = {
		o->name, o->component,	o->reason,     o->message,
		o->of,	 o->urls, o->admin_path, o->admin_secret,
	};
	return texts_pack(list, OBJECT_TEXTS);
}

/* What guards have more: the others can't crowd them out. */
enum { GUARDS = 64, GUARDS_TEXTS = GUARDS * 1024 };

static bool has_room(const struct scene *scene, const struct seen_object *o,
		     const struct object_state *state, size_t size)
{
	size_t before = o ? texts_size(o->texts, OBJECT_TEXTS) : 0;
	bool is_guard = state->kind > OBJECT_INGRESS;
	return (o || scene->count < SG_MAX_STORE_OBJECTS +
					    (is_guard ? GUARDS : 0)) &&
	       scene->bytes - before + size <=
		       SG_MAX_STORE_TEXTS + (is_guard ? GUARDS_TEXTS : 0);
}

static void crowd(struct scenes *s, struct scene *scene, struct seen_object **at)
{
	bool is_news = !scene->is_crowded;
	if (*at) /* what it said once holds no more */
		take_away(s, scene, at);
	scene->is_crowded = true;
	if (is_news)
		scenes_changed(s, scene);
}

static void take_object(struct scenes *s, struct scene *scene,
			const struct object_state *state, uint32_t round)
{
	struct seen_object **at = place(scene, state->kind, state->name);
	cleanup_free char *texts = pack_object(state);
	size_t size = texts ? texts_size(texts, OBJECT_TEXTS) : 0;
	if (!texts)
		return;
	if (!has_room(scene, *at, state, size)) {
		crowd(s, scene, at);
		return;
	}
	bool is_new = !*at;
	if (is_new)
		*at = calloc(1, sizeof **at);
	struct seen_object *o = *at;
	if (!o)
		return;
	scene->count += is_new;
	scene->bytes += size - (is_new ? 0 : texts_size(o->texts, OBJECT_TEXTS));
	bool is_same = o->texts &&
		       texts_equal(o->texts, texts, OBJECT_TEXTS) &&
		       o->health == state->health &&
		       o->is_idle == state->is_idle;
	free(o->texts);
	o->texts = steal(&texts);
	o->kind = (uint8_t)state->kind;
	o->health = (uint8_t)state->health;
	o->is_idle = state->is_idle;
	o->created = state->created;
	o->round = round;
	if (!is_same)
		scenes_changed(s, scene);
}

static void forget_object(struct scenes *s, const char *store,
			  enum object_kind kind, const char *name)
{
	struct scene *scene = scenes_find(s, store);
	struct seen_object **at = scene ? place(scene, kind, name) : NULL;
	if (!at || !*at)
		return;
	take_away(s, scene, at);
	scenes_drop_if_empty(s, scene);
}

static void begin_objects(void *context)
{
	struct kind *k = context;
	k->round++;
}

static void note_state(struct kind *k, const char *store,
		       const struct object_state *state)
{
	(void)pthread_mutex_lock(&k->scenes->lock);
	struct scene *scene = is_kept(state) ?
				      scenes_find_or_make(k->scenes, store) :
				      NULL;
	if (scene) {
		take_object(k->scenes, scene, state, k->round);
		scenes_drop_if_empty(k->scenes, scene);
	} else {
		forget_object(k->scenes, store, k->kind, state->name);
	}
	(void)pthread_mutex_unlock(&k->scenes->lock);
}

static void set_object(void *context, const struct node *object)
{
	struct kind *k = context;
	struct object_state state;
	const char *store;
	sg_arena_clear(&k->arena);
	if (object_state_read(&k->arena, k->kind, object, &store, &state))
		note_state(k, store, &state);
}

static void leave_object(void *context, const struct node *outline,
			 const char *why)
{
	struct kind *k = context;
	struct object_state state;
	const char *store;
	sg_arena_clear(&k->arena);
	if (object_state_left_out(&k->arena, k->kind, outline, why, &store,
				  &state))
		note_state(k, store, &state);
}

static bool is_outdated(const struct seen_object *o, const struct kind *k)
{
	return o->kind == k->kind && o->round != k->round;
}

static bool has_outdated(const struct scene *scene, const void *context)
{
	for (const struct seen_object *o = scene->objects; o; o = o->next)
		if (is_outdated(o, context))
			return true;
	return false;
}

static void end_objects(void *context)
{
	struct kind *k = context;
	struct scenes_gathering g = { .is_wanted = has_outdated, .context = k };
	(void)pthread_mutex_lock(&k->scenes->lock);
	scenes_gather(k->scenes, &g);
	for (size_t i = 0; i < g.count; i++) {
		struct seen_object **at = &g.found[i]->objects;
		while (*at)
			if (is_outdated(*at, k))
				take_away(k->scenes, g.found[i], at);
			else
				at = &(*at)->next;
		scenes_drop_if_empty(k->scenes, g.found[i]);
	}
	(void)pthread_mutex_unlock(&k->scenes->lock);
	free(g.found);
}

static void remove_object(void *context, const struct node *object)
{
	struct kind *k = context;
	const char *store = object_state_store(object);
	if (!store)
		return;
	(void)pthread_mutex_lock(&k->scenes->lock);
	forget_object(k->scenes, store, k->kind,
		      object_text(node_get(object, "metadata"), "name"));
	(void)pthread_mutex_unlock(&k->scenes->lock);
}

struct informer_sink scenes_objects_sink(struct scenes *s,
					 enum object_kind kind)
{
	return (struct informer_sink){ .begin = begin_objects,
				       .set = set_object,
				       .end = end_objects,
				       .left_out = leave_object,
				       .removed = remove_object,
				       .context = &s->kinds[kind] };
}

