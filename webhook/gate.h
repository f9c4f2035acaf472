/*
 * The gate as the server opens it: the policy in force, what is followed of the
 * cluster, and the world that each request is decided in; and what logs and metrics
 * are told of each decision.
 */
#ifndef SG_GATE_H
#define SG_GATE_H

#include "endpoints.h"
#include "metrics.h"
#include "paths.h"
#include "policies.h"
#include "probes.h"

struct gate_options {
	bool standalone; /* no cluster: nothing but the request is known */
	const char *kubeconfig; /* NULL: the pod's service account */
	int64_t reservation_ttl; /* ms: a place reserved for nothing is freed then */
	const struct log *log;
	struct metrics *metrics;
	struct paths *paths; /* that reviews are answered on; NULL: the plain ones */
	struct probes *probes; /* gets a check for all that is followed */
};

struct gate;

/* Takes over the policy, which is in force where the cluster has none. */
int gate_open(const struct gate_options *o, struct policy *first,
	      struct gate **out, struct sg_error *e);
/* Begins to follow the cluster. */
int gate_follow(struct gate *g, struct sg_error *e);
/* The context of endpoints_handle(). */
struct endpoints *gate_endpoints(struct gate *g);
/*
 * The policy in force, to be given back by policies_release(). NULL with the error
 * filled while the cluster's has not been seen, or is broken and none before it is known:
 * another would say what that one doesn't.
 */
struct policy_hold *gate_hold_policy(struct gate *g, struct sg_error *e);
/* NULL when standalone. */
struct api *gate_api(struct gate *g);
/*
 * Ends all that waits for the API server, for good. Requests must have been answered
 * before, and whoever else uses gate_api() ends next, before gate_free().
 */
void gate_stop(struct gate *g);
void gate_free(struct gate *g);

#endif
