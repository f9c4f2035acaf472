/*
 * The world of the server: what the caches know, and where they can't, what the API
 * server says (quorum reads: without resourceVersion, never from a cache of ours).
 *
 * Hosts. A fresh look is a list of the Stores with spec.host equal (a selectable
 * field: the API server filters, one small answer whatever the number of Stores), and
 * the Store whose default host it would be. It is exact for all Stores stored by then.
 * What no look can close: two Stores of one host that are created at once are each
 * admitted before the other is stored, in one replica or in two. etcd has one key per
 * name, none per host. So both may exist; the younger of them (by creation, then by
 * name) is the loser, and whoever brings Stores about must withhold it:
 * stores_find_host() names the oldest.
 */
#ifndef SG_CLUSTER_WORLD_H
#define SG_CLUSTER_WORLD_H

#include "access.h"
#include "informer.h"
#include "ledger.h"
#include "stores.h"
#include "world.h"

struct cluster {
	struct api *api;
	struct stores *stores;
	const struct informer *informer; /* that feeds them */
	struct access *access;
	struct ledger *ledger;
	int64_t reservation_ttl; /* ms: how long one is kept without a Store */
};

struct cluster_world {
	struct world world; /* what the rules are given */
	const struct cluster *cluster;
};

/* For one request: under that policy, which the caller holds, until the deadline
 * (CLOCK_MONOTONIC, ms). */
void cluster_world_init(struct cluster_world *w, const struct cluster *cluster,
			const struct policy *policy, int64_t deadline,
			bool may_wait);

#endif
