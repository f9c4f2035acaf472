#include "ledger_metrics.h"

static double read_count(const void *context)
{
	const atomic_ulong *count = context;
	return (double)atomic_load(count);
}

#define REQUESTS                                                               \
	"storeguard_ledger_requests_total",                                    \
		"Requests for a place in a quota, by what came of them."

static const struct {
	const char *name;
	const char *help;
	const char *labels;
} described[LEDGER_COUNTS] = {
	[LEDGER_COUNT_RESERVED] = { REQUESTS, "result=\"reserved\"" },
	[LEDGER_COUNT_FULL] = { REQUESTS, "result=\"full\"" },
	[LEDGER_COUNT_TOO_FAST] = { REQUESTS, "result=\"too_fast\"" },
	[LEDGER_COUNT_UNKNOWN] = { REQUESTS, "result=\"unknown\"" },
	[LEDGER_COUNT_WRITES] = { "storeguard_ledger_writes_total",
				  "StoreQuotas written.", NULL },
	[LEDGER_COUNT_CONFLICTS] = {
		"storeguard_ledger_conflicts_total",
		"Writes of a StoreQuota that another had overtaken.", NULL },
	[LEDGER_COUNT_RETRIES] = {
		"storeguard_ledger_retries_total",
		"Attempts made anew, after a conflict or when the API server did not answer.",
		NULL },
	[LEDGER_COUNT_SEEDED] = {
		"storeguard_ledger_seeded_total",
		"StoreQuotas begun with the Stores that their owner had.", NULL },
	[LEDGER_COUNT_DROPPED] = {
		"storeguard_ledger_dropped_total",
		"Places freed because their Store was deleted.", NULL },
	[LEDGER_COUNT_LEAKS] = {
		"storeguard_ledger_leaks_freed_total",
		"Places freed because nothing came of their reservation.", NULL },
	[LEDGER_COUNT_MISSING] = {
		"storeguard_ledger_missing_added_total",
		"Stores found without a place, and given one.", NULL },
	[LEDGER_COUNT_PENDING] = {
		"storeguard_ledger_reservations_pending",
		"Reservations whose Store has not been seen, as this replica last looked.",
		NULL },
};

int ledger_metrics_add(struct metrics *m, const struct ledger_counters *c)
{
	for (unsigned i = 0; i < LEDGER_COUNTS; i++) {
		const struct metric metric = {
			.name = described[i].name,
			.help = described[i].help,
			.type = i == LEDGER_COUNT_PENDING ? METRIC_GAUGE :
							    METRIC_COUNTER,
			.read = read_count,
			.context = &c->values[i],
			.labels = described[i].labels,
		};
		if (metrics_add(m, &metric))
			return -1;
	}
	return 0;
}

void ledger_metrics_forget(struct metrics *m, const struct ledger_counters *c)
{
	for (unsigned i = 0; i < LEDGER_COUNTS; i++)
		metrics_forget(m, &c->values[i]);
}
