#include "store_scenes.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "cleanup.h"
#include "clock.h"
#include "object_read.h"
#include "texts.h"

/* ms */
enum { SETTLE = 300, SWEEP = 1000 };

enum { OBJECT_TEXTS = 8, STORE_TEXTS = 3, EXPLAINED_TEXTS = 3 };

struct object {
	struct object *next;
	char *texts;
	uint32_t round; /* of the list that named it last */
	uint8_t kind;
	uint8_t health;
	bool is_idle;
};

struct scene {
	char name[SG_STORE_NAME_MAX + 1];
	TAILQ_ENTRY(scene) queue;
	int64_t due; /* 0: not in the queue */
	int64_t again; /* 0: never */
	struct object *objects;
	unsigned count;
	char *explained; /* NULL: nothing is */
	int64_t explained_at;
	/* the namespace */
	char *holds;
	int64_t namespace_created;
	uint32_t namespace_round;
	enum namespace_state namespace;
	/* the Store; without texts there is none */
	char *texts;
	uint32_t store_round;
	enum store_phase phase;
	int64_t generation, created, ready_at, provisioning_seconds;
	bool by_helm, is_deleting, has_finalizer;
	char digest[STORE_STATUS_DIGEST];
};

TAILQ_HEAD(queue, scene);

/* What a sink of objects is called with. */
struct kind {
	struct scenes *scenes;
	enum object_kind kind;
	uint32_t round;
	struct sg_arena arena; /* of the object at hand */
};

struct scenes {
	pthread_mutex_t lock; /* of all that follows but rounds and arenas */
	pthread_cond_t woken;
	void *tree; /* of scenes by name: tsearch(3) */
	struct queue queue; /* by due time, since all wait as long */
	unsigned long phases[PHASES];
	int64_t swept;
	bool stopping;
	uint32_t store_round, namespace_round;
	struct kind kinds[OBJECT_KINDS];
};

/* --- scenes by name ------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct scene *)a)->name,
		      ((const struct scene *)b)->name);
}

static struct scene *find(struct scenes *s, const char *name)
{
	struct scene key;
	if (strlen(name) > SG_STORE_NAME_MAX)
		return NULL;
	(void)snprintf(key.name, sizeof key.name, "%s", name);
	struct scene **found = tfind(&key, &s->tree, compare);
	return found ? *found : NULL;
}

static struct scene *find_or_make(struct scenes *s, const char *name)
{
	struct scene *scene = find(s, name);
	if (scene || !*name || strlen(name) > SG_STORE_NAME_MAX)
		return scene;
	scene = calloc(1, sizeof *scene);
	if (!scene)
		return NULL;
	(void)snprintf(scene->name, sizeof scene->name, "%s", name);
	if (tsearch(scene, &s->tree, compare))
		return scene;
	free(scene);
	return NULL;
}

static void object_free(struct object *o)
{
	free(o->texts);
	free(o);
}

static void scene_free(void *context)
{
	struct scene *scene = context;
	for (struct object *next, *o = scene->objects; o; o = next) {
		next = o->next;
		object_free(o);
	}
	free(scene->explained);
	free(scene->holds);
	free(scene->texts);
	free(scene);
}

static void drop_if_empty(struct scenes *s, struct scene *scene)
{
	if (scene->texts || scene->objects ||
	    scene->namespace != NAMESPACE_ABSENT)
		return;
	if (scene->due)
		TAILQ_REMOVE(&s->queue, scene, queue);
	(void)tdelete(scene, &s->tree, compare);
	scene_free(scene);
}

static void changed(struct scenes *s, struct scene *scene)
{
	if (scene->due || !scene->texts)
		return;
	scene->due = clock_now() + SETTLE;
	TAILQ_INSERT_TAIL(&s->queue, scene, queue);
	(void)pthread_cond_signal(&s->woken);
}

/*
 * twalk_r(3) may not delete; so those that a list did not name are gathered first, one
 * at a time from the list.
 */
struct gathering {
	bool (*is_wanted)(const struct scene *, const void *context);
	const void *context;
	struct scene **found;
	size_t count, room;
};

static void gather_one(const void *node, VISIT visit, void *context)
{
	struct gathering *g = context;
	struct scene *scene = *(struct scene *const *)node;
	if ((visit != postorder && visit != leaf) ||
	    !g->is_wanted(scene, g->context))
		return;
	if (g->count == g->room) {
		size_t room = g->room ? g->room * 2 : 16;
		struct scene **more = reallocarray(g->found, room,
						   sizeof(struct scene *));
		if (!more)
			return; /* the next time, then */
		g->found = more;
		g->room = room;
	}
	g->found[g->count++] = scene;
}

static void gather(struct scenes *s, struct gathering *g)
{
	twalk_r(s->tree, gather_one, g);
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
						view->engine };
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
	scene->has_finalizer = view->has_finalizer;
	store_status_digest(shown, view->observed, scene->digest);
	changed(s, scene);
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
	struct scene *scene = find_or_make(s, view.name);
	if (scene) {
		take_store(s, scene, &view, &shown);
		drop_if_empty(s, scene);
	}
	(void)pthread_mutex_unlock(&s->lock);
}

static void lose_store(struct scenes *s, struct scene *scene)
{
	set_phase(s, scene, false, PHASE_NONE);
	free(steal(&scene->texts));
	free(steal(&scene->explained));
	scene->again = 0;
	drop_if_empty(s, scene);
}

static bool is_lost_store(const struct scene *scene, const void *context)
{
	const struct scenes *s = context;
	return scene->texts && scene->store_round != s->store_round;
}

static void end_stores(void *context)
{
	struct scenes *s = context;
	struct gathering g = { .is_wanted = is_lost_store, .context = s };
	(void)pthread_mutex_lock(&s->lock);
	gather(s, &g);
	for (size_t i = 0; i < g.count; i++)
		lose_store(s, g.found[i]);
	(void)pthread_mutex_unlock(&s->lock);
	free(g.found);
}

static void remove_store(void *context, const struct node *object)
{
	struct scenes *s = context;
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene =
		find(s, object_text(node_get(object, "metadata"), "name"));
	if (scene && scene->texts)
		lose_store(s, scene);
	(void)pthread_mutex_unlock(&s->lock);
}

struct informer_sink scenes_stores_sink(struct scenes *s)
{
	return (struct informer_sink){ begin_stores, set_store, end_stores,
				       remove_store, s };
}

/* --- namespaces ------------------------------------------------------------------ */

static const char *store_of_namespace(const struct node *object)
{
	const char *name = object_text(node_get(object, "metadata"), "name");
	size_t prefix = strlen(SG_NAMESPACE_PREFIX);
	return strncmp(name, SG_NAMESPACE_PREFIX, prefix) == 0 ? name + prefix :
								 "";
}

/* Why one that is deleted is still there, as the namespace controller says it. */
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
	sg_buffer_init(&text, SG_MAX_MESSAGE);
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		const struct node *c = object_condition(object, types[i]);
		if (node_is(node_get(c, "status"), "True"))
			sg_buffer_printf(&text, "%s%.300s",
					 text.length ? "; " : "",
					 object_text(c, "message"));
	}
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
	scene->namespace_round = s->namespace_round;
	scene->namespace_created = object_time(metadata, "creationTimestamp");
	scene->namespace =
		node_is_null(node_get(metadata, "deletionTimestamp")) ?
			NAMESPACE_ACTIVE :
			NAMESPACE_TERMINATING;
	changed(s, scene);
}

static void set_namespace(void *context, const struct node *object)
{
	struct scenes *s = context;
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = find_or_make(s, store_of_namespace(object));
	if (scene)
		take_namespace(s, scene, object);
	(void)pthread_mutex_unlock(&s->lock);
}

static void lose_namespace(struct scenes *s, struct scene *scene)
{
	scene->namespace = NAMESPACE_ABSENT;
	free(steal(&scene->holds));
	changed(s, scene);
	drop_if_empty(s, scene);
}

static bool is_lost_namespace(const struct scene *scene, const void *context)
{
	const struct scenes *s = context;
	return scene->namespace != NAMESPACE_ABSENT &&
	       scene->namespace_round != s->namespace_round;
}

static void end_namespaces(void *context)
{
	struct scenes *s = context;
	struct gathering g = { .is_wanted = is_lost_namespace, .context = s };
	(void)pthread_mutex_lock(&s->lock);
	gather(s, &g);
	for (size_t i = 0; i < g.count; i++)
		lose_namespace(s, g.found[i]);
	(void)pthread_mutex_unlock(&s->lock);
	free(g.found);
}

static void remove_namespace(void *context, const struct node *object)
{
	struct scenes *s = context;
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = find(s, store_of_namespace(object));
	if (scene)
		lose_namespace(s, scene);
	(void)pthread_mutex_unlock(&s->lock);
}

struct informer_sink scenes_namespaces_sink(struct scenes *s)
{
	return (struct informer_sink){ begin_namespaces, set_namespace,
				       end_namespaces, remove_namespace, s };
}

/* --- objects --------------------------------------------------------------------- */

/* Where the object is linked, or the end of the list. */
static struct object **place(struct scene *scene, enum object_kind kind,
			     const char *name)
{
	struct object **at = &scene->objects;
	while (*at && ((*at)->kind != kind || strcmp((*at)->texts, name) != 0))
		at = &(*at)->next;
	return at;
}

static void take_away(struct scenes *s, struct scene *scene, struct object **at)
{
	struct object *o = *at;
	*at = o->next;
	scene->count--;
	object_free(o);
	changed(s, scene);
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

static void take_object(struct scenes *s, struct scene *scene,
			const struct object_state *state, uint32_t round)
{
	struct object **at = place(scene, state->kind, state->name);
	struct object *o = *at;
	char *texts = pack_object(state);
	if (!o && texts) {
		o = *at = calloc(1, sizeof *o);
		scene->count += o != NULL;
	}
	if (!o || !texts) {
		free(texts);
		return;
	}
	bool is_same = o->texts &&
		       texts_equal(o->texts, texts, OBJECT_TEXTS) &&
		       o->health == state->health &&
		       o->is_idle == state->is_idle;
	free(o->texts);
	o->texts = texts;
	o->kind = (uint8_t)state->kind;
	o->health = (uint8_t)state->health;
	o->is_idle = state->is_idle;
	o->round = round;
	if (!is_same)
		changed(s, scene);
}

static void forget_object(struct scenes *s, const char *store,
			  enum object_kind kind, const char *name)
{
	struct scene *scene = find(s, store);
	struct object **at = scene ? place(scene, kind, name) : NULL;
	if (!at || !*at)
		return;
	take_away(s, scene, at);
	drop_if_empty(s, scene);
}

static void begin_objects(void *context)
{
	struct kind *k = context;
	k->round++;
}

static void set_object(void *context, const struct node *object)
{
	struct kind *k = context;
	struct object_state state;
	const char *store;
	sg_arena_clear(&k->arena);
	if (!object_state_read(&k->arena, k->kind, object, &store, &state))
		return;
	(void)pthread_mutex_lock(&k->scenes->lock);
	struct scene *scene = is_kept(&state) ?
				      find_or_make(k->scenes, store) :
				      NULL;
	if (scene) {
		take_object(k->scenes, scene, &state, k->round);
		drop_if_empty(k->scenes, scene);
	} else {
		forget_object(k->scenes, store, k->kind, state.name);
	}
	(void)pthread_mutex_unlock(&k->scenes->lock);
}

static bool is_outdated(const struct object *o, const struct kind *k)
{
	return o->kind == k->kind && o->round != k->round;
}

static bool has_outdated(const struct scene *scene, const void *context)
{
	for (const struct object *o = scene->objects; o; o = o->next)
		if (is_outdated(o, context))
			return true;
	return false;
}

static void end_objects(void *context)
{
	struct kind *k = context;
	struct gathering g = { .is_wanted = has_outdated, .context = k };
	(void)pthread_mutex_lock(&k->scenes->lock);
	gather(k->scenes, &g);
	for (size_t i = 0; i < g.count; i++) {
		struct object **at = &g.found[i]->objects;
		while (*at)
			if (is_outdated(*at, k))
				take_away(k->scenes, g.found[i], at);
			else
				at = &(*at)->next;
		drop_if_empty(k->scenes, g.found[i]);
	}
	(void)pthread_mutex_unlock(&k->scenes->lock);
	free(g.found);
}

static void remove_object(void *context, const struct node *object)
{
	struct kind *k = context;
	struct object_state state;
	const char *store;
	sg_arena_clear(&k->arena);
	if (!object_state_read(&k->arena, k->kind, object, &store, &state))
		return;
	(void)pthread_mutex_lock(&k->scenes->lock);
	forget_object(k->scenes, store, k->kind, state.name);
	(void)pthread_mutex_unlock(&k->scenes->lock);
}

struct informer_sink scenes_objects_sink(struct scenes *s,
					 enum object_kind kind)
{
	return (struct informer_sink){ begin_objects, set_object, end_objects,
				       remove_object, &s->kinds[kind] };
}

/* --- what has changed -------------------------------------------------------------- */

static bool is_to_be_seen_again(const struct scene *scene, const void *now)
{
	return scene->again && scene->again <= *(const int64_t *)now &&
	       !scene->due;
}

static void sweep(struct scenes *s, int64_t now)
{
	struct gathering g = { .is_wanted = is_to_be_seen_again,
			       .context = &now };
	s->swept = now;
	gather(s, &g);
	for (size_t i = 0; i < g.count; i++)
		changed(s, g.found[i]);
	free(g.found);
}

bool scenes_next(struct scenes *s, int64_t until,
		 char name[SG_STORE_NAME_MAX + 1])
{
	bool found = false;
	(void)pthread_mutex_lock(&s->lock);
	while (!s->stopping && !found) {
		int64_t now = clock_now();
		if (now >= s->swept + SWEEP)
			sweep(s, now);
		struct scene *first = TAILQ_FIRST(&s->queue);
		int64_t wait = first ? first->due : s->swept + SWEEP;
		if (first && first->due <= now) {
			TAILQ_REMOVE(&s->queue, first, queue);
			first->due = first->again = 0;
			memcpy(name, first->name, sizeof first->name);
			found = true;
		} else if (now >= until) {
			break;
		} else {
			const struct timespec end =
				clock_end(wait < until ? wait : until);
			(void)pthread_cond_timedwait(&s->woken, &s->lock, &end);
		}
	}
	(void)pthread_mutex_unlock(&s->lock);
	return found;
}

void scenes_stop(struct scenes *s)
{
	(void)pthread_mutex_lock(&s->lock);
	s->stopping = true;
	(void)pthread_cond_signal(&s->woken);
	(void)pthread_mutex_unlock(&s->lock);
}

/* --- copies ------------------------------------------------------------------------ */

static bool copy_object(struct sg_arena *a, const struct object *o,
			struct object_state *out)
{
	const char *t[OBJECT_TEXTS];
	if (!texts_copy(a, o->texts, t, OBJECT_TEXTS))
		return false;
	*out = (struct object_state){
		.kind = (enum object_kind)o->kind,
		.health = (enum object_health)o->health,
		.is_idle = o->is_idle,
		.name = t[0],
		.component = t[1],
		.reason = t[2],
		.message = t[3],
		.of = t[4],
		.urls = t[5],
		.admin_path = t[6],
		.admin_secret = t[7],
	};
	return true;
}

static bool copy_scene(struct sg_arena *a, const struct scene *scene,
		       struct store_scene *out)
{
	const char *why[EXPLAINED_TEXTS] = { "", "", "" };
	struct object_state *objects =
		sg_arena_alloc(a, (scene->count + 1) * sizeof *objects);
	const char *holds = scene->holds ? scene->holds : "";
	unsigned count = 0;
	if (!objects || (scene->explained && !texts_copy(a, scene->explained,
							 why, EXPLAINED_TEXTS)))
		return false;
	for (const struct object *o = scene->objects; o; o = o->next)
		if (!copy_object(a, o, &objects[count++]))
			return false;
	*out = (struct store_scene){
		.namespace = scene->namespace,
		.namespace_created = scene->namespace_created,
		.holds_namespace = sg_arena_copy(a, holds, strlen(holds)),
		.objects = objects,
		.count = count,
		.explained = why[0],
		.reason = why[1],
		.message = why[2],
		.explained_at = scene->explained ? scene->explained_at : 0,
	};
	return out->holds_namespace != NULL;
}

static bool copy_all(struct sg_arena *a, const struct scene *scene,
		     struct scenes_copy *out)
{
	const char *t[STORE_TEXTS];
	*out = (struct scenes_copy){
		.store = {
			.name = sg_arena_copy(a, scene->name,
					      strlen(scene->name)),
			.version = "",
			.by_helm = scene->by_helm,
			.is_deleting = scene->is_deleting,
			.has_finalizer = scene->has_finalizer,
			.generation = scene->generation,
			.created = scene->created,
		},
		.shown = {
			.phase = scene->phase,
			.ready_at = scene->ready_at,
			.provisioning_seconds = scene->provisioning_seconds,
		},
	};
	memcpy(out->digest, scene->digest, sizeof out->digest);
	if (!out->store.name || !texts_copy(a, scene->texts, t, STORE_TEXTS))
		return false;
	out->store.uid = t[0];
	out->store.host = t[1];
	out->store.engine = t[2];
	return copy_scene(a, scene, &out->scene);
}

bool scenes_copy(struct scenes *s, struct sg_arena *a, const char *name,
		 struct scenes_copy *out)
{
	(void)pthread_mutex_lock(&s->lock);
	const struct scene *scene = find(s, name);
	bool copied = scene && scene->texts && copy_all(a, scene, out);
	(void)pthread_mutex_unlock(&s->lock);
	return copied;
}

/* --- */

void scenes_look_again(struct scenes *s, const char *name, int64_t when)
{
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = find(s, name);
	if (scene && scene->texts && (!scene->again || when < scene->again))
		scene->again = when;
	(void)pthread_mutex_unlock(&s->lock);
}

void scenes_explain(struct scenes *s, const char *name, const char *object,
		    const char *reason, const char *message)
{
	const char *const list[EXPLAINED_TEXTS] = { object, reason, message };
	char *texts = texts_pack(list, EXPLAINED_TEXTS);
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = find(s, name);
	if (scene && scene->texts && texts) {
		free(scene->explained);
		scene->explained = steal(&texts);
		scene->explained_at = clock_now();
	}
	(void)pthread_mutex_unlock(&s->lock);
	free(texts);
}

unsigned long scenes_count(struct scenes *s, enum store_phase phase)
{
	(void)pthread_mutex_lock(&s->lock);
	unsigned long count = s->phases[phase];
	(void)pthread_mutex_unlock(&s->lock);
	return count;
}

struct scenes *scenes_new(void)
{
	struct scenes *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	TAILQ_INIT(&s->queue);
	(void)pthread_mutex_init(&s->lock, NULL);
	(void)clock_condition(&s->woken);
	for (unsigned i = 0; i < OBJECT_KINDS; i++) {
		s->kinds[i].scenes = s;
		s->kinds[i].kind = (enum object_kind)i;
		sg_arena_init(&s->kinds[i].arena);
	}
	return s;
}

void scenes_free(struct scenes *s)
{
	if (!s)
		return;
	tdestroy(s->tree, scene_free);
	for (unsigned i = 0; i < OBJECT_KINDS; i++)
		sg_arena_release(&s->kinds[i].arena);
	(void)pthread_cond_destroy(&s->woken);
	(void)pthread_mutex_destroy(&s->lock);
	free(s);
}
