/*
 * What this process takes of memory at most: a sum of bounds that hold each for itself.
 * The chart's limit is more (tests/test_webhook_memory.py); where another is set that is
 * less, the log says so at the start.
 */
#ifndef SG_MEMORY_BOUND_H
#define SG_MEMORY_BOUND_H

#include <stddef.h>

#include "log.h"
#include "metrics.h"

struct memory_bound {
	size_t server; /* for the API server: connections, requests, answers */
	size_t plain;  /* probes and metrics */
	size_t generator; /* for Argo CD; 0 without */
	/* The rest: SG_MAX_FOLLOWED. */
};

size_t memory_bound_sum(const struct memory_bound *b);
/* The limit of the control group, 0 for none or one that can't be read. */
size_t memory_limit(void);
/* A warning when the limit is less; -1 without memory for the metric. */
int memory_bound_tell(const struct memory_bound *b, const struct log *log,
		      struct metrics *m);

#endif
