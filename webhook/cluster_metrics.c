#include "cluster_metrics.h"

/* Readers get const contexts; what they call takes locks of its own. */
#define UNCONST(context) ((void *)(uintptr_t)(context))

static double read_cached(const void *stores)
{
	return (double)stores_count(UNCONST(stores));
}

static double read_age(const void *informer)
{
	return (double)informer_age(informer) / 1000;
}

static double read_synced(const void *informer)
{
	return informer_is_synced(informer);
}

static double read_left_out(const void *informer)
{
	return (double)informer_left_out(informer);
}

static double read_generation(const void *policies)
{
	int64_t generation = 0;
	char why[2];
	policies_state(UNCONST(policies), &generation, why, sizeof why);
	return (double)generation;
}

static double read_rejected(const void *policies)
{
	int64_t generation;
	char why[2] = "";
	policies_state(UNCONST(policies), &generation, why, sizeof why);
	return why[0] != '\0';
}

int cluster_metrics_add(struct metrics *m, struct stores *stores,
			struct policies *policies,
			const struct cluster_watches *w)
{
	static const char age[] = "storeguard_watch_age_seconds";
	static const char age_help[] =
		"Time since the API server was last heard of, by kind; large when never.";
	static const char synced[] = "storeguard_watch_synced";
	static const char synced_help[] =
		"Whether a first list has been read whole, by kind.";
	static const char left_out[] = CLUSTER_LEFT_OUT;
	static const char left_out_help[] = CLUSTER_LEFT_OUT_HELP;
	static const char store[] = "kind=\"Store\"";
	static const char policy[] = "kind=\"StorePolicy\"";
	static const char quota[] = "kind=\"StoreQuota\"";
	const struct metric all[] = {
		{ "storeguard_stores_cached", "Stores in the cache.",
		  METRIC_GAUGE, read_cached, stores, NULL, NULL },
		{ age, age_help, METRIC_GAUGE, read_age, w->stores, store, NULL },
		{ age, age_help, METRIC_GAUGE, read_age, w->policies, policy, NULL },
		{ age, age_help, METRIC_GAUGE, read_age, w->quotas, quota, NULL },
		{ synced, synced_help, METRIC_GAUGE, read_synced, w->stores,
		  store, NULL },
		{ synced, synced_help, METRIC_GAUGE, read_synced, w->policies,
		  policy, NULL },
		{ synced, synced_help, METRIC_GAUGE, read_synced, w->quotas,
		  quota, NULL },
		{ left_out, left_out_help, METRIC_COUNTER, read_left_out,
		  w->stores, store, NULL },
		{ left_out, left_out_help, METRIC_COUNTER, read_left_out,
		  w->policies, policy, NULL },
		{ left_out, left_out_help, METRIC_COUNTER, read_left_out,
		  w->quotas, quota, NULL },
		{ "storeguard_policy_generation",
		  "Generation of the StorePolicy in force; 0: the one it was started with, -1: none.",
		  METRIC_GAUGE, read_generation, policies, NULL, NULL },
		{ "storeguard_policy_rejected",
		  "1 while a newer StorePolicy is not in force because it is broken.",
		  METRIC_GAUGE, read_rejected, policies, NULL, NULL },
	};
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (metrics_add(m, &all[i]))
			return -1;
	return 0;
}
