#include "store_scenes_parts.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "texts.h"

/* ms */
enum { SETTLE = 300, SWEEP = 1000, MINUTE = 60000 };

/* --- scenes by name ------------------------------------------------------------ */

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct scene *)a)->name,
		      ((const struct scene *)b)->name);
}

struct scene *scenes_find(struct scenes *s, const char *name)
{
	struct scene key;
	if (strlen(name) > SG_STORE_NAME_MAX)
		return NULL;
	(void)snprintf(key.name, sizeof key.name, "%s", name);
	struct scene **found = tfind(&key, &s->tree, compare);
	return found ? *found : NULL;
}

struct scene *scenes_find_or_make(struct scenes *s, const char *name)
{
	struct scene *scene = scenes_find(s, name);
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

void seen_object_free(struct seen_object *o)
{
	free(o->texts);
	free(o);
}

static void scene_free(void *context)
{
	struct scene *scene = context;
	for (struct seen_object *next, *o = scene->objects; o; o = next) {
		next = o->next;
		seen_object_free(o);
	}
	free(scene->explained);
	free(scene->holds);
	free(scene->texts);
	free(scene);
}

void scenes_drop_if_empty(struct scenes *s, struct scene *scene)
{
	if (scene->texts || scene->objects ||
	    scene->namespace != NAMESPACE_ABSENT)
		return;
	if (scene->due)
		TAILQ_REMOVE(&s->queue, scene, queue);
	(void)tdelete(scene, &s->tree, compare);
	scene_free(scene);
}

void scenes_changed(struct scenes *s, struct scene *scene)
{
	int64_t now = clock_now(), again = scene->spent_since + MINUTE;
	if (scene->due || !scene->texts)
		return;
	if (scene->spent >= SCENES_LOOKS && now < again) {
		scene->again = scene->again && scene->again < again ?
				       scene->again :
				       again;
		return;
	}
	scene->due = now + SETTLE;
	TAILQ_INSERT_TAIL(&s->queue, scene, queue);
	(void)pthread_cond_signal(&s->woken);
}

static void gather_one(const void *node, VISIT visit, void *context)
{
	struct scenes_gathering *g = context;
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

void scenes_gather(struct scenes *s, struct scenes_gathering *g)
{
	twalk_r(s->tree, gather_one, g);
}

/* --- what has changed -------------------------------------------------------------- */

static void all_changed(struct scenes *s,
			bool (*is_wanted)(const struct scene *, const void *),
			const void *context)
{
	struct scenes_gathering g = { .is_wanted = is_wanted,
				      .context = context };
	scenes_gather(s, &g);
	for (size_t i = 0; i < g.count; i++)
		scenes_changed(s, g.found[i]);
	free(g.found);
}

static bool is_to_be_seen_again(const struct scene *scene, const void *now)
{
	return scene->again && scene->again <= *(const int64_t *)now &&
	       !scene->due;
}

static bool has_store(const struct scene *scene, const void *context)
{
	(void)context;
	return scene->texts != NULL;
}

void scenes_look_at_all(struct scenes *s)
{
	(void)pthread_mutex_lock(&s->lock);
	all_changed(s, has_store, NULL);
	(void)pthread_mutex_unlock(&s->lock);
}

static void sweep(struct scenes *s, int64_t now)
{
	s->swept = now;
	all_changed(s, is_to_be_seen_again, &now);
}

/* Of those that are due, if there are any; else the first. */
static struct scene *choose(struct scenes *s, int64_t now)
{
	struct scene *first = TAILQ_FIRST(&s->queue);
	for (struct scene *n = first; n && n->due <= now;
	     n = TAILQ_NEXT(n, queue))
		if (!n->is_too_large && !n->was_slow)
			return n;
	return first;
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
		struct scene *first = choose(s, now);
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

static bool copy_object(struct sg_arena *a, const struct seen_object *o,
			struct object_state *out)
{
	const char *t[OBJECT_TEXTS];
	if (!texts_copy(a, o->texts, t, OBJECT_TEXTS))
		return false;
	*out = (struct object_state){
		.kind = (enum object_kind)o->kind,
		.health = (enum object_health)o->health,
		.is_idle = o->is_idle,
		.created = o->created,
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
	for (const struct seen_object *o = scene->objects; o; o = o->next)
		if (!copy_object(a, o, &objects[count++]))
			return false;
	*out = (struct store_scene){
		.namespace = scene->namespace,
		.namespace_created = scene->namespace_created,
		.is_marked = scene->is_marked,
		.holds_namespace = sg_arena_copy(a, holds, strlen(holds)),
		.objects = objects,
		.count = count,
		.is_crowded = scene->is_crowded,
		.explained = why[0],
		.reason = why[1],
		.message = why[2],
		.explained_until = scene->explained ? scene->explained_until : 0,
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
			.is_protected = scene->is_protected,
			.has_finalizer = scene->has_finalizer,
			.is_too_large = scene->is_too_large,
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
	out->store.held_by = t[3];
	return copy_scene(a, scene, &out->scene);
}

bool scenes_copy(struct scenes *s, struct sg_arena *a, const char *name,
		 struct scenes_copy *out)
{
	(void)pthread_mutex_lock(&s->lock);
	const struct scene *scene = scenes_find(s, name);
	bool copied = scene && scene->texts && copy_all(a, scene, out);
	(void)pthread_mutex_unlock(&s->lock);
	return copied;
}

/* --- */

void scenes_look_again(struct scenes *s, const char *name, int64_t when)
{
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = scenes_find(s, name);
	if (scene && scene->texts && (!scene->again || when < scene->again))
		scene->again = when;
	(void)pthread_mutex_unlock(&s->lock);
}

void scenes_spent(struct scenes *s, const char *name, int64_t ms)
{
	int64_t now = clock_now();
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = scenes_find(s, name);
	if (scene && now >= scene->spent_since + MINUTE) {
		scene->spent_since = now;
		scene->spent = 0;
	}
	if (scene) {
		scene->spent++;
		scene->was_slow = ms >= SCENES_SLOW;
	}
	(void)pthread_mutex_unlock(&s->lock);
}

void scenes_explain(struct scenes *s, const char *name, const char *object,
		    const char *reason, const char *message, int64_t until)
{
	const char *const list[EXPLAINED_TEXTS] = { object, reason, message };
	char *texts = texts_pack(list, EXPLAINED_TEXTS);
	(void)pthread_mutex_lock(&s->lock);
	struct scene *scene = scenes_find(s, name);
	if (scene && scene->texts && texts) {
		free(scene->explained);
		scene->explained = steal(&texts);
		scene->explained_until = until;
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
