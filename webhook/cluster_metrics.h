/* What is known of the cluster, for Prometheus. */
#ifndef SG_CLUSTER_METRICS_H
#define SG_CLUSTER_METRICS_H

#include "metrics.h"
#include "policies.h"
#include "stores.h"

/* Of each watch, the leader's too: which kind is a label. */
#define CLUSTER_LEFT_OUT "storeguard_left_out_objects_total"
#define CLUSTER_LEFT_OUT_HELP \
	"How often an object could not be read, for its size or what is in it, and was left out by name, by kind."

struct cluster_watches {
	const struct informer *stores, *policies, *quotas;
};

/* -1 without memory. All must live as long as the metrics, or be forgotten first. */
int cluster_metrics_add(struct metrics *m, struct stores *stores,
			struct policies *policies,
			const struct cluster_watches *w);

#endif
