/* What Prometheus is told of keeping Stores' status. */
#ifndef SG_STATUS_METRICS_H
#define SG_STATUS_METRICS_H

#include <stdatomic.h>

#include "metrics.h"
#include "store_scenes.h"

/* Of this process, whenever it leads; to be zeroed. */
enum { STATUS_BUCKETS = 9 };
struct status_counters {
	atomic_ulong written, failed; /* statuses */
	/* shops that got ready, each in all buckets that it fits; the last: all */
	atomic_ulong ready[STATUS_BUCKETS];
	atomic_ulong seconds; /* that they took in all */
};

void status_count_ready(struct status_counters *c, int64_t seconds);

/* -1 without memory. */
int status_metrics_add(struct metrics *m, struct status_counters *c);
void status_metrics_forget(struct metrics *m, struct status_counters *c);
/* Whether all objects of that kind have been read, until metrics_forget() of it. */
int status_metrics_add_watch(struct metrics *m, const struct informer *watch,
			     enum object_kind kind);
/* How many Stores are in each phase, until metrics_forget() of the scenes. */
int status_metrics_add_phases(struct metrics *m, struct scenes *s);

#endif
