/*
 * Keeps the ledgers true, off the admission path: frees the places of Stores that are
 * gone and of reservations that led to nothing, and gives places to Stores that have
 * none. What it has seen only tells it where to look; what it does rests on quorum reads
 * and compare and swap, so any number of keepers may run at once. By name, as in
 * tests/model:
 *
 *     keeper_drop_deleted  a Store of exactly the entry's uid was seen to be deleted
 *     keeper_drop_leaked	  an entry was seen unchanged for the whole time that a request may
 *			  live, and there is no Store of that owner, asked after that
 *     keeper_identify	  the same, but there is one: now it is known which
 *     keeper_add_missing	  a Store lives that the ledger lacks; even past the limit
 *
 * And a StoreQuota that has counted nothing for thirty times as long, and has no limit of
 * its own, goes: the next Store of its owner makes another.
 */
#ifndef SG_KEEPER_H
#define SG_KEEPER_H

#include "ledger.h"
#include "quotas.h"
#include "stores.h"

struct keeper_options {
	struct api *api;
	struct ledger *ledger;
	struct ledger_counters *counters;
	struct quotas *quotas;
	struct stores *stores;
	const struct informer *quota_watch, *store_watch;
	int64_t ttl; /* ms; more than an API request can live */
	const struct log *log;
};

struct keeper;

/* How often it looks at all ledgers, ms. */
int64_t keeper_round(int64_t ttl);

/* It does nothing before keeper_start(). NULL without memory. */
struct keeper *keeper_new(void);
/* For the informer of Stores, behind the sink of `stores`: hears of deletions. */
struct informer_sink keeper_sink(struct keeper *k);
int keeper_start(struct keeper *k, const struct keeper_options *o,
		 struct sg_error *e);
/* Waits for its thread, which looks at the informers; api_stop() must have been called. */
void keeper_stop(struct keeper *k);
/* After keeper_stop(), and when no informer tells its sink any more. */
void keeper_free(struct keeper *k);

#endif
