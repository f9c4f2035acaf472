/* What Prometheus is told of the generator. */
#ifndef SG_GENERATOR_METRICS_H
#define SG_GENERATOR_METRICS_H

#include <stdatomic.h>

#include "metrics.h"

/* Other codes count as the last. */
enum { GENERATOR_CODES = 8, GENERATOR_GAUGES = 3 };
struct generator_counters {
	atomic_ulong answers[GENERATOR_CODES];
	/* of the last list that was read whole, whatever engine was asked for */
	atomic_ulong stores, withheld, too_large;
};

void generator_count(struct generator_counters *c, int code);

/* -1 without memory. */
int generator_metrics_add(struct metrics *m, struct generator_counters *c);
void generator_metrics_forget(struct metrics *m, struct generator_counters *c);

#endif
