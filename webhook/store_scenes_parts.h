/* Inside of store_scenes*.c: what is kept, and how it is found. All under the lock. */
#ifndef SG_STORE_SCENES_PARTS_H
#define SG_STORE_SCENES_PARTS_H

#include <pthread.h>
#include <sys/queue.h>

#include "store_scenes.h"

enum { OBJECT_TEXTS = 8, STORE_TEXTS = 4, EXPLAINED_TEXTS = 3 };

struct seen_object {
	struct seen_object *next;
	char *texts;
	int64_t created;
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
	int64_t spent_since;
	unsigned spent; /* looks since then */
	bool was_slow; /* the last one */
	struct seen_object *objects;
	unsigned count;
	size_t bytes; /* of the objects' texts */
	bool is_crowded; /* there were more objects than are kept */
	char *explained; /* NULL: nothing is */
	int64_t explained_until;
	/* the namespace */
	char *holds;
	int64_t namespace_created;
	uint32_t namespace_round;
	enum namespace_state namespace;
	bool is_marked;
	/* the Store; without texts there is none */
	char *texts;
	uint32_t store_round;
	enum store_phase phase;
	int64_t generation, created, ready_at, provisioning_seconds;
	bool by_helm, is_deleting, is_protected, has_finalizer, is_too_large;
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

/* NULL: there is none. */
struct scene *scenes_find(struct scenes *s, const char *name);
/* NULL without memory, or when it can be no Store's name. */
struct scene *scenes_find_or_make(struct scenes *s, const char *name);
/* To be called whenever something of it went; it may be gone then. */
void scenes_drop_if_empty(struct scenes *s, struct scene *scene);
/* It will be given out by scenes_next(), if there is a Store. */
void scenes_changed(struct scenes *s, struct scene *scene);
void seen_object_free(struct seen_object *o);

/* Those that are wanted, gathered first, since twalk_r(3) lets nothing be deleted. */
struct scenes_gathering {
	bool (*is_wanted)(const struct scene *, const void *context);
	const void *context;
	struct scene **found;
	size_t count, room;
};

/* To be called once; `found` is to be freed. */
void scenes_gather(struct scenes *s, struct scenes_gathering *g);

#endif
