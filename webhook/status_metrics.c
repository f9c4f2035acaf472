#include "status_metrics.h"

#include "cluster_metrics.h"

static const int64_t bounds[] = { 15, 30, 60, 120, 300, 600, 1200, 3600 };
static const char *const labels[STATUS_BUCKETS] = {
	"le=\"15\"",  "le=\"30\"",   "le=\"60\"",   "le=\"120\"", "le=\"300\"",
	"le=\"600\"", "le=\"1200\"", "le=\"3600\"", "le=\"+Inf\"",
};

void status_count_ready(struct status_counters *c, int64_t seconds)
{
	for (unsigned i = 0; i < STATUS_BUCKETS; i++)
		if (i == STATUS_BUCKETS - 1 || seconds <= bounds[i])
			atomic_fetch_add(&c->ready[i], 1);
	atomic_fetch_add(&c->seconds, (unsigned long)seconds);
}

static double read_counter(const void *context)
{
	return (double)atomic_load((const atomic_ulong *)context);
}

static int add_provisioning(struct metrics *m, struct status_counters *c)
{
	struct metric x = {
		.name = "storeguard_provisioning_seconds",
		.help = "Time from a Store's creation, or its installation by helm, until it was ready for the first time.",
		.type = METRIC_HISTOGRAM,
		.read = read_counter,
		.suffix = "_bucket",
	};
	for (unsigned i = 0; i < STATUS_BUCKETS; i++) {
		x.context = &c->ready[i];
		x.labels = labels[i];
		if (metrics_add(m, &x))
			return -1;
	}
	x.labels = NULL;
	x.suffix = "_sum";
	x.context = &c->seconds;
	if (metrics_add(m, &x))
		return -1;
	x.suffix = "_count";
	x.context = &c->ready[STATUS_BUCKETS - 1];
	return metrics_add(m, &x);
}

int status_metrics_add(struct metrics *m, struct status_counters *c)
{
	struct metric writes = {
		.name = "storeguard_status_writes_total",
		.help = "Writes of Stores' status, by what came of them.",
		.type = METRIC_COUNTER,
		.read = read_counter,
		.context = &c->written,
		.labels = "result=\"done\"",
	};
	if (metrics_add(m, &writes))
		return -1;
	writes.context = &c->failed;
	writes.labels = "result=\"failed\"";
	return metrics_add(m, &writes) || add_provisioning(m, c) ? -1 : 0;
}

void status_metrics_forget(struct metrics *m, struct status_counters *c)
{
	metrics_forget(m, &c->written);
	metrics_forget(m, &c->failed);
	metrics_forget(m, &c->seconds);
	for (unsigned i = 0; i < STATUS_BUCKETS; i++)
		metrics_forget(m, &c->ready[i]);
}

/* --- phases --- */

#define READ(name, phase)                                                      \
	static double name(const void *scenes)                                 \
	{                                                                      \
		return (double)scenes_count((struct scenes *)(uintptr_t)scenes, \
					    phase);                            \
	}

READ(read_none, PHASE_NONE)
READ(read_pending, PHASE_PENDING)
READ(read_provisioning, PHASE_PROVISIONING)
READ(read_ready, PHASE_READY)
READ(read_degraded, PHASE_DEGRADED)
READ(read_failed, PHASE_FAILED)
READ(read_deleting, PHASE_DELETING)

int status_metrics_add_phases(struct metrics *m, struct scenes *s)
{
	static const struct {
		double (*read)(const void *);
		const char *label;
	} phases[] = {
		{ read_none, "phase=\"\"" },
		{ read_pending, "phase=\"Pending\"" },
		{ read_provisioning, "phase=\"Provisioning\"" },
		{ read_ready, "phase=\"Ready\"" },
		{ read_degraded, "phase=\"Degraded\"" },
		{ read_failed, "phase=\"Failed\"" },
		{ read_deleting, "phase=\"Deleting\"" },
	};
	for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
		const struct metric x = {
			.name = "storeguard_stores",
			.help = "Stores by phase, as the leader sees them; the others say nothing.",
			.type = METRIC_GAUGE,
			.read = phases[i].read,
			.context = s,
			.labels = phases[i].label,
		};
		if (metrics_add(m, &x))
			return -1;
	}
	return 0;
}

/* --- what is watched --- */

static double read_synced(const void *watch)
{
	return informer_is_synced(watch);
}

static double read_left_out(const void *watch)
{
	return (double)informer_left_out(watch);
}

int status_metrics_add_watch(struct metrics *m, const struct informer *watch,
			     enum object_kind kind)
{
	static const char *const kinds[OBJECT_KINDS] = {
		[OBJECT_DEPLOYMENT] = "kind=\"Deployment\"",
		[OBJECT_STATEFULSET] = "kind=\"StatefulSet\"",
		[OBJECT_DAEMONSET] = "kind=\"DaemonSet\"",
		[OBJECT_JOB] = "kind=\"Job\"",
		[OBJECT_POD] = "kind=\"Pod\"",
		[OBJECT_INGRESS] = "kind=\"Ingress\"",
		[OBJECT_NETWORKPOLICY] = "kind=\"NetworkPolicy\"",
		[OBJECT_RESOURCEQUOTA] = "kind=\"ResourceQuota\"",
		[OBJECT_LIMITRANGE] = "kind=\"LimitRange\"",
	};
	const struct metric x = {
		.name = "storeguard_status_watch_synced",
		.help = "Whether the leader has read all objects of a kind, of which status is made.",
		.type = METRIC_GAUGE,
		.read = read_synced,
		.context = watch,
		.labels = kinds[kind],
	};
	const struct metric left_out = {
		.name = CLUSTER_LEFT_OUT,
		.help = CLUSTER_LEFT_OUT_HELP,
		.type = METRIC_COUNTER,
		.read = read_left_out,
		.context = watch,
		.labels = kinds[kind],
	};
	return metrics_add(m, &x) || metrics_add(m, &left_out) ? -1 : 0;
}
