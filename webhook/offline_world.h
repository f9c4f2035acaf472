/* A world without a cluster: what was reviewed before is all that exists. */
#ifndef SG_OFFLINE_WORLD_H
#define SG_OFFLINE_WORLD_H

#include "world.h"

/* What was asked and can't be known; the answer was no. */
enum offline_doubt {
	DOUBT_STORE = 1,
	DOUBT_HOST = 2,
	DOUBT_NAMESPACE = 4,
	DOUBT_ASSIGN = 8,
	DOUBT_QUOTA = 16,
};

struct offline_store {
	struct offline_store *next;
	struct store_facts facts;
};

struct offline_world {
	struct world world;
	struct offline_store *stores;
	unsigned *doubts; /* enum offline_doubt; collected here */
};

void offline_world_init(struct offline_world *w, const struct policy *policy,
			unsigned *doubts);
/* From now on that Store exists. All texts must outlive the world. */
void offline_world_add(struct offline_world *w, struct sg_arena *a,
		       const struct node *object);

#endif
