/*
 * All Stores as last seen, by name and by host, for many readers: compact immutable
 * entries, about 200 bytes each with their share of the indexes. Fed by an informer,
 * whose thread is the only writer. A relist changes them one by one and at its end
 * takes away what is gone: a Store that exists never seems absent meanwhile.
 */
#ifndef SG_STORES_H
#define SG_STORES_H

#include "informer.h"
#include "world.h"

struct stores;

struct stores *stores_new(void); /* NULL without memory */
void stores_free(struct stores *s);
struct informer_sink stores_sink(struct stores *s);

/*
 * Copies what is known into the arena. Safe from all threads. false also without
 * memory: sg_arena_check() tells.
 */
bool stores_find(struct stores *s, struct sg_arena *a, const char *name,
		 struct store_facts *out);
/*
 * A Store whose spec has that host, but not the one called `name`: the oldest of
 * them, the least name among those of one second.
 */
bool stores_find_host(struct stores *s, struct sg_arena *a, const char *host,
		      const char *name, struct store_facts *out);
size_t stores_count(struct stores *s);
/* Each Store's owner and name, some at a time under the lock: tell() must not call back. */
void stores_each(struct stores *s,
		 void (*tell)(void *context, const char *owner,
			      const char *name),
		 void *context);

/*
 * The facts of a Store object, in its own texts; absent ones are "". false when it
 * has no name.
 */
bool store_facts_read(const struct node *object, struct store_facts *out);
/*
 * When it was created, such that older ones come first; of a Store that says
 * nothing, the last.
 */
int64_t store_facts_created(const struct node *object);

#endif
