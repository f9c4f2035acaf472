/*
 * What the leader has seen: each Store with its status as it is shown, its namespace,
 * and the objects in it that say how the shop is. Fed by informers, one thread each;
 * one thread takes what has changed. Pods that are well are not kept.
 */
#ifndef SG_STORE_SCENES_H
#define SG_STORE_SCENES_H

#include "informer.h"
#include "names.h"
#include "store_status.h"

struct scenes;

struct scenes *scenes_new(void); /* NULL without memory */
/* No sink is called any more. */
void scenes_free(struct scenes *s);

struct informer_sink scenes_stores_sink(struct scenes *s);
struct informer_sink scenes_namespaces_sink(struct scenes *s);
struct informer_sink scenes_objects_sink(struct scenes *s,
					 enum object_kind kind);

/*
 * Waits until `until` (CLOCK_MONOTONIC, ms) for a Store of which something has
 * changed, or that was to be looked at again; a moment longer than the change, for it
 * seldom comes alone. false: there was none.
 */
bool scenes_next(struct scenes *s, int64_t until,
		 char name[SG_STORE_NAME_MAX + 1]);
/* Ends a wait, and lets none begin. */
void scenes_stop(struct scenes *s);

struct scenes_copy {
	struct store_view store; /* without a version */
	struct store_status shown; /* phase and readyAt alone */
	char digest[STORE_STATUS_DIGEST]; /* of all that is shown */
	struct store_scene scene;
};

/* In the arena. false when there is no such Store, or no memory. */
bool scenes_copy(struct scenes *s, struct sg_arena *a, const char *name,
		 struct scenes_copy *out);

/* To be given out by scenes_next() then (CLOCK_MONOTONIC, ms), if not before. */
void scenes_look_again(struct scenes *s, const char *name, int64_t when);
/*
 * Calls were made for it, which took so many ms. Whoever makes a Store's objects change
 * without end gets so many looks at it in a minute, and the other Stores the rest of the
 * time. A Store that is large, or took long, comes when no other is due.
 */
enum { SCENES_LOOKS = 30, SCENES_SLOW = 500 };
void scenes_spent(struct scenes *s, const char *name, int64_t ms);
/* All of them, as when something of each had changed. */
void scenes_look_at_all(struct scenes *s);
/* What is known beside: scene.explained, reason and message of it from now on. */
void scenes_explain(struct scenes *s, const char *name, const char *object,
		    const char *reason, const char *message, int64_t until);

/* How many Stores show that phase. */
unsigned long scenes_count(struct scenes *s, enum store_phase phase);

#endif
