/* What the TLS server tells Prometheus about connections and waiting requests. */
#ifndef SG_SERVER_METRICS_H
#define SG_SERVER_METRICS_H

#include "metrics.h"
#include "server.h"

/* metrics_forget(m, s) must come before server_stop(s). -1 without memory. */
int server_metrics_add(struct metrics *m, const struct server *s);

#endif
