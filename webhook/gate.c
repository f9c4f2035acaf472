#include "gate.h"

#include <stdlib.h>

#include "cleanup.h"
#include "cluster_metrics.h"
#include "cluster_world.h"
#include "keeper.h"
#include "object_parse.h"
#include "offline_world.h"
#include "policy_status.h"

/* Of the server's threads that may wait. */
enum { MOST_OF_ONE_OWNER = 16 };

struct gate {
	struct gate_options options;
	struct endpoints endpoints;
	struct policies *policies;
	struct api *api;
	struct stores *stores;
	struct access *access;
	struct ledger *ledger;
	struct ledger_counters ledger_counters;
	struct informer *store_watch;
	struct policy_status *policy_status;
	struct informer *policy_watch;
	struct informer *quota_watch;
	struct quotas *quotas;
	struct keeper *keeper;
	struct cluster cluster;
};

/* --- what has been seen --- */

static int check_watch(const struct informer *i, struct sg_error *e)
{
	if (i && informer_is_synced(i))
		return 0;
	return sg_error_set(e, SG_IO, "the first list has not come yet");
}

/* The policy in force; NULL, and why there is none. */
static struct policy_hold *hold_policy(const struct gate *g, struct sg_error *e)
{
	if (g->api && check_watch(g->policy_watch, e)) {
		sg_error_context(e, "the policy in force is not known yet");
		return NULL;
	}
	struct policy_hold *h = policies_hold(g->policies);
	int64_t generation;
	char why[SG_MAX_MESSAGE];
	if (h)
		return h;
	policies_state(g->policies, &generation, why, sizeof why);
	sg_error_set(e, SG_INVALID, "no policy is in force: %.1800s", why);
	return NULL;
}

static int check_policies(const void *context, struct sg_error *e)
{
	struct policy_hold *h = hold_policy(context, e);
	policies_release(h);
	return h ? 0 : -1;
}

struct policy_hold *gate_hold_policy(struct gate *g, struct sg_error *e)
{
	return hold_policy(g, e);
}

/* --- a request's world --- */

/* The world comes first: what the rules are given is what was made here. */
struct request_world {
	union {
		struct world world;
		struct cluster_world cluster;
		struct offline_world offline;
	};
	struct policy_hold *hold;
	unsigned doubts;
};

static const struct world *open_world(void *context, struct sg_arena *a,
				      int64_t deadline, bool may_wait,
				      struct sg_error *e)
{
	struct gate *g = context;
	struct request_world *w = sg_arena_alloc(a, sizeof *w);
	if (!w) {
		(void)sg_error_memory(e);
		return NULL;
	}
	w->hold = gate_hold_policy(g, e);
	if (!w->hold)
		return NULL;
	const struct policy *policy = policy_held(w->hold);
	if (g->api)
		cluster_world_init(&w->cluster, &g->cluster, policy, deadline,
				   may_wait);
	else
		offline_world_init(&w->offline, policy, &w->doubts);
	return &w->world;
}

static void close_world(void *context, const struct world *world)
{
	(void)context;
	policies_release(((const struct request_world *)world)->hold);
}

/* --- what is told of a decision --- */

static enum metrics_verdict counted_as(const struct endpoints_outcome *o)
{
	if (!o->verdict || o->verdict->code >= 500)
		return METRICS_ERROR;
	return o->verdict->allowed ? METRICS_ALLOWED : METRICS_DENIED;
}

static const char *const operations[] = {
	[OPERATION_CREATE] = "CREATE",
	[OPERATION_UPDATE] = "UPDATE",
	[OPERATION_DELETE] = "DELETE",
};

static void decided(void *context, const struct endpoints_outcome *o)
{
	const struct gate *g = context;
	const struct review *r = o->review;
	const struct verdict *v = o->verdict;
	enum metrics_verdict counted = counted_as(o);
	metrics_review(g->options.metrics, o->endpoint, counted,
		       v ? v->allowed ? 200 : v->code : o->status,
		       o->microseconds);
	static const char *const words[] = { [METRICS_ALLOWED] = "allowed",
					     [METRICS_DENIED] = "denied",
					     [METRICS_ERROR] = "failed" };
	log_event(g->options.log,
		  counted == METRICS_ERROR ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		  "review", log_text("endpoint", endpoint_name(o->endpoint)),
		  log_text("uid", r ? r->uid : NULL),
		  log_text("operation", r ? operations[r->operation] : NULL),
		  log_text("name", r ? r->name : NULL),
		  log_text("user", r ? r->user.name : NULL),
		  log_text("verdict", words[counted]),
		  log_text("message", v && !v->allowed ? v->message : o->problem),
		  log_number("us", o->microseconds));
}

/* --- what is followed --- */

static int check_stores(const void *context, struct sg_error *e)
{
	return check_watch(((const struct gate *)context)->store_watch, e);
}

static int check_quotas(const void *context, struct sg_error *e)
{
	return check_watch(((const struct gate *)context)->quota_watch, e);
}

static int open_cluster(struct gate *g, struct sg_error *e)
{
	const struct gate_options *o = &g->options;
	if (api_open(o->kubeconfig, &g->api, e))
		return -1;
	g->stores = stores_new();
	g->access = access_new(g->api);
	g->ledger = ledger_new(g->api, &g->ledger_counters, MOST_OF_ONE_OWNER);
	g->quotas = quotas_new(o->log);
	g->keeper = keeper_new();
	if (!g->stores || !g->access || !g->ledger || !g->quotas || !g->keeper)
		return sg_error_memory(e);
	probes_add(o->probes, "stores", check_stores, g);
	probes_add(o->probes, "policies", check_policies, g);
	probes_add(o->probes, "quotas", check_quotas, g);
	return 0;
}

int gate_open(const struct gate_options *o, struct policy *first,
	      struct gate **out, struct sg_error *e)
{
	struct gate *g = calloc(1, sizeof *g);
	if (!g) {
		policy_free(first);
		return sg_error_memory(e);
	}
	*out = g;
	g->options = *o;
	g->endpoints = (struct endpoints){ open_world, close_world, decided, g,
					   o->paths };
	g->policies = policies_new(first, o->log);
	if (!g->policies)
		return sg_error_memory(e);
	return o->standalone ? 0 : open_cluster(g, e);
}

static int follow(struct gate *g, const struct informer_options *o,
		  const struct informer_sink *sink, struct informer **out,
		  struct sg_error *e)
{
	return informer_start(g->api, o, sink, g->options.log, out, e);
}

static int follow_all(struct gate *g, struct sg_error *e)
{
	const struct informer_sink stores = stores_sink(g->stores);
	const struct informer_sink policies = policies_sink(g->policies);
	const struct informer_sink quotas = quotas_sink(g->quotas);
	const struct informer_sink keeper = keeper_sink(g->keeper);
	const struct informer_sink status = policy_status_sink(g->policy_status);
	const struct informer_options of_stores = {
		.path = "/apis/urumi.io/v1/stores",
		.sealed = object_sealed_store,
		.also = &keeper,
	};
	const struct informer_options of_policies = {
		.path = "/apis/urumi.io/v1/storepolicies", .also = &status
	};
	const struct informer_options of_quotas = {
		.path = "/apis/urumi.io/v1/storequotas"
	};
	return follow(g, &of_stores, &stores, &g->store_watch, e) ||
			       follow(g, &of_policies, &policies,
				      &g->policy_watch, e) ||
			       follow(g, &of_quotas, &quotas, &g->quota_watch,
				      e) ?
		       -1 :
		       0;
}

static int keep_ledgers(struct gate *g, struct sg_error *e)
{
	const struct keeper_options o = {
		.api = g->api,
		.ledger = g->ledger,
		.counters = &g->ledger_counters,
		.quotas = g->quotas,
		.stores = g->stores,
		.quota_watch = g->quota_watch,
		.store_watch = g->store_watch,
		.ttl = g->options.reservation_ttl,
		.log = g->options.log,
	};
	return keeper_start(g->keeper, &o, e);
}

static int show(struct gate *g, struct sg_error *e)
{
	struct metrics *m = g->options.metrics;
	const struct cluster_watches watches = { g->store_watch,
						 g->policy_watch,
						 g->quota_watch };
	return cluster_metrics_add(m, g->stores, g->policies, &watches) ||
			       ledger_metrics_add(m, &g->ledger_counters) ?
		       sg_error_memory(e) :
		       0;
}

int gate_follow(struct gate *g, struct sg_error *e)
{
	if (!g->api)
		return 0;
	if (policy_status_start(g->api, g->policies, g->options.log,
				&g->policy_status, e) ||
	    follow_all(g, e))
		return -1;
	g->cluster = (struct cluster){
		.api = g->api,
		.stores = g->stores,
		.informer = g->store_watch,
		.access = g->access,
		.ledger = g->ledger,
		.reservation_ttl = g->options.reservation_ttl,
	};
	return keep_ledgers(g, e) || show(g, e) ? -1 : 0;
}

struct endpoints *gate_endpoints(struct gate *g)
{
	return &g->endpoints;
}

struct api *gate_api(struct gate *g)
{
	return g->api;
}

void gate_stop(struct gate *g)
{
	if (g && g->api)
		api_stop(g->api);
}

void gate_free(struct gate *g)
{
	if (!g)
		return;
	metrics_forget(g->options.metrics, g->stores);
	metrics_forget(g->options.metrics, g->store_watch);
	metrics_forget(g->options.metrics, g->policy_watch);
	metrics_forget(g->options.metrics, g->quota_watch);
	metrics_forget(g->options.metrics, g->policies);
	ledger_metrics_forget(g->options.metrics, &g->ledger_counters);
	keeper_stop(g->keeper);
	informer_free(g->quota_watch);
	informer_free(g->store_watch);
	informer_free(g->policy_watch);
	policy_status_free(g->policy_status);
	keeper_free(g->keeper);
	quotas_free(g->quotas);
	ledger_free(g->ledger);
	access_free(g->access);
	stores_free(g->stores);
	api_free(g->api);
	policies_free(g->policies);
	free(g);
}
