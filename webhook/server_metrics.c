#include "server_metrics.h"

#define READER(field)                                                          \
	static double read_##field(const void *server)                         \
	{                                                                      \
		struct server_stats stats;                                     \
		server_stats(server, &stats);                                  \
		return (double)stats.field;                                    \
	}

READER(connections)
READER(requests)
READER(waiting)
READER(connections_total)
READER(connections_pruned)
READER(connections_refused)
READER(requests_total)
READER(handshakes_failed)
READER(read_timeouts)
READER(too_large)
READER(queue_full)
READER(late)

static const struct metric metrics[] = {
	{ .name = "storeguard_server_connections",
	  .help = "Connections that are open.",
	  .type = METRIC_GAUGE,
	  .read = read_connections },
	{ .name = "storeguard_server_requests",
	  .help = "Requests that are being read or answered.",
	  .type = METRIC_GAUGE,
	  .read = read_requests },
	{ .name = "storeguard_server_waiting_requests",
	  .help = "Requests that wait for the API server, or for their turn to.",
	  .type = METRIC_GAUGE,
	  .read = read_waiting },
	{ .name = "storeguard_server_connections_total",
	  .help = "Connections accepted.",
	  .type = METRIC_COUNTER,
	  .read = read_connections_total },
	{ .name = "storeguard_server_connections_pruned_total",
	  .help = "Connections closed to make room for others.",
	  .type = METRIC_COUNTER,
	  .read = read_connections_pruned },
	{ .name = "storeguard_server_connections_refused_total",
	  .help = "Connections not taken, as there were too many, or too many of their source.",
	  .type = METRIC_COUNTER,
	  .read = read_connections_refused },
	{ .name = "storeguard_server_requests_total",
	  .help = "Requests read whole.",
	  .type = METRIC_COUNTER,
	  .read = read_requests_total },
	{ .name = "storeguard_server_tls_handshakes_failed_total",
	  .help = "Connections that ended before their TLS handshake did.",
	  .type = METRIC_COUNTER,
	  .read = read_handshakes_failed },
	{ .name = "storeguard_server_read_timeouts_total",
	  .help = "Connections cut off because a handshake or request took too long.",
	  .type = METRIC_COUNTER,
	  .read = read_read_timeouts },
	{ .name = "storeguard_server_requests_rejected_total",
	  .help = "Requests that the server refused by itself, by reason.",
	  .type = METRIC_COUNTER,
	  .read = read_too_large,
	  .labels = "reason=\"too_large\"" },
	{ .name = "storeguard_server_requests_rejected_total",
	  .type = METRIC_COUNTER,
	  .read = read_queue_full,
	  .labels = "reason=\"queue_full\"" },
	{ .name = "storeguard_server_requests_rejected_total",
	  .type = METRIC_COUNTER,
	  .read = read_late,
	  .labels = "reason=\"deadline\"" },
};

int server_metrics_add(struct metrics *m, const struct server *s)
{
	for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
		struct metric metric = metrics[i];
		metric.context = s;
		if (metrics_add(m, &metric))
			return -1;
	}
	return 0;
}
