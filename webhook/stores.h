/*
 * All Stores as last seen, by name and by host, for many readers: compact immutable
 * entries, about 200 bytes each. Fed by an informer.
 */
#ifndef SG_STORES_H
#define SG_STORES_H

#include "informer.h"
#include "world.h"

struct stores;

struct stores *stores_new(void); /* NULL without memory */
void stores_free(struct stores *s);
struct informer_sink stores_sink(struct stores *s);

/* Copies what is known into the arena. Safe from all threads. */
bool stores_find(struct stores *s, struct sg_arena *a, const char *name,
		 struct store_facts *out);
/* A Store with that host, but not the one called `name`: the oldest of them. */
bool stores_find_host(struct stores *s, struct sg_arena *a, const char *host,
		      const char *name, struct store_facts *out);
size_t stores_count(struct stores *s);

#endif
