/* What the ledger and its keeper count. */
#ifndef SG_LEDGER_METRICS_H
#define SG_LEDGER_METRICS_H

#include <stdatomic.h>

#include "metrics.h"

enum ledger_count {
	/* requests for a place, by what came of them */
	LEDGER_COUNT_RESERVED,
	LEDGER_COUNT_FULL,
	LEDGER_COUNT_TOO_FAST,
	LEDGER_COUNT_UNKNOWN, /* nobody could decide them in time */
	LEDGER_COUNT_WRITES,
	LEDGER_COUNT_CONFLICTS, /* writes that came too late */
	LEDGER_COUNT_RETRIES, /* after a conflict, or when nobody answered */
	LEDGER_COUNT_SEEDED,
	LEDGER_COUNT_DROPPED, /* places freed with their Store */
	LEDGER_COUNT_LEAKS, /* places freed whose reservation led to nothing */
	LEDGER_COUNT_MISSING, /* Stores given a place that had none */
	LEDGER_COUNT_PENDING, /* a gauge: reservations without a Store */
	LEDGER_COUNTS
};

struct ledger_counters {
	atomic_ulong values[LEDGER_COUNTS];
};

static inline void ledger_count(struct ledger_counters *c, enum ledger_count of)
{
	atomic_fetch_add(&c->values[of], 1);
}

/* -1 without memory. */
int ledger_metrics_add(struct metrics *m, const struct ledger_counters *c);
void ledger_metrics_forget(struct metrics *m, const struct ledger_counters *c);

#endif
