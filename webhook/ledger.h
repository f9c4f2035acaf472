/*
 * The ledger: who has which Stores, exactly, over any number of replicas. Each owner
 * has a StoreQuota whose status names the Stores that take a place, and every write of
 * it is compare and swap. A Store is admitted only when its place has been written.
 *
 *     ledger_reserve()	  at a Store's creation, and for its new owner (quota_reserve)
 *     keeper.h		  places freed and found again
 *     tests/model	  why no owner ever gets one too many
 *
 * Requests of one owner that come together are written together, so that within one
 * replica they don't conflict.
 */
#ifndef SG_LEDGER_H
#define SG_LEDGER_H

#include "ledger_metrics.h"
#include "quota_calls.h"

struct ledger;

/*
 * NULL without memory. `counters` must outlive it. No owner may hold more than `most`
 * of the threads that call it: there are some for others then.
 */
struct ledger *ledger_new(struct api *api, struct ledger_counters *counters,
			  unsigned most);
/* Nobody may be in ledger_reserve() any more. */
void ledger_free(struct ledger *l);

struct ledger_request {
	const char *owner;
	const char *store;
	const char *uid; /* the Store's; NULL: none yet */
	int64_t hard; /* the policy's limit for this owner; 0: none */
	int64_t per_minute; /* 0: any number */
	bool dry_run; /* looks, and writes nothing */
	int64_t deadline; /* CLOCK_MONOTONIC, ms */
};

enum ledger_verdict {
	LEDGER_UNKNOWN, /* nobody can say in time; a place may have been taken */
	LEDGER_NO_LIMIT,
	LEDGER_RESERVED,
	LEDGER_FULL,
	LEDGER_TOO_FAST,
};

struct ledger_outcome {
	enum ledger_verdict verdict;
	/* As it stands, in the arena given; nothing with LEDGER_NO_LIMIT or UNKNOWN. */
	struct quota quota;
	int64_t hard; /* in force; -1: none */
	int64_t wait; /* ms until the next creation; LEDGER_TOO_FAST */
};

/* Blocks until the deadline at most. The error says why it is unknown. */
void ledger_reserve(struct ledger *l, struct sg_arena *a,
		    const struct ledger_request *r, struct ledger_outcome *out,
		    struct sg_error *e);

/*
 * What the keeper does to a StoreQuota, in the owner's turn: given it as a quorum read
 * has just given it, seeded. It may ask the API server until the deadline. Returns
 * whether it is to be written; it is called again after each conflict.
 */
typedef bool ledger_change(void *context, struct quota *q, int64_t deadline);

/* CALL_DONE also when there is no StoreQuota, and nothing to change. */
enum call ledger_amend(struct ledger *l, const char *owner, int64_t deadline,
		       ledger_change *change, void *context,
		       struct sg_error *e);

#endif
