/*
 * Inside of ledger.c: requests and changes of one owner that came together, decided on
 * one StoreQuota and written together.
 */
#ifndef SG_LEDGER_BATCH_H
#define SG_LEDGER_BATCH_H

#include "ledger.h"

/* A request, or a change, in its owner's queue; of the thread that waits for it. */
struct waiting {
	int64_t deadline;
	struct sg_error *error;
	/* a request */
	const struct ledger_request *request;
	struct sg_arena *arena;
	struct ledger_outcome *out;
	/* or a change */
	ledger_change *change;
	void *context;
	enum call call; /* what came of it */
	struct waiting *next;
	bool queued;
	bool done;
};

/* ms; with less than this left, an attempt would only end in its midst */
enum { LEDGER_SHORTEST_ATTEMPT = 50 };

/* What was last written for an owner, to go on from. */
struct ledger_known {
	bool holds;
	int64_t took; /* ms, to read and write it */
	struct quota quota;
	struct sg_arena arena; /* of quota */
};

struct ledger_batch {
	struct api *api;
	struct ledger_counters *counters;
	const char *owner;
	struct ledger_known *known;
	struct waiting *first; /* linked by next */
};

/*
 * Before a batch that would go on from what is known: it could always be there first,
 * and the other replicas' requests of this owner never.
 */
void ledger_batch_give_way(const struct ledger_known *known, struct api *api);
/* Fills what came of each. Blocks until the first deadline of them at most. */
void ledger_batch_run(const struct ledger_batch *b);

#endif
