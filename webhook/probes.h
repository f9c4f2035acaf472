/*
 * What kubelet and Prometheus ask on the plain port: /healthz, /readyz, /metrics.
 * /readyz lists all checks in the API server's verbose form, and is 503 while one of
 * them fails or the process drains:
 *
 *     [+]certificate ok
 *     [-]stores failed: the first list has not come yet
 *     readyz check failed
 */
#ifndef SG_PROBES_H
#define SG_PROBES_H

#include "metrics.h"
#include "server.h"

struct probes;

/* NULL without memory. */
struct probes *probes_new(struct metrics *m);
void probes_free(struct probes *p);

/* 0 when ready; else -1 and the error says why not. Called from any thread. */
typedef int (*probes_check)(const void *context, struct sg_error *e);
/* Before serving; name: static, a word. */
void probes_add(struct probes *p, const char *name, probes_check check,
		const void *context);
/* From now on, not ready: the process is about to end. */
void probes_drain(struct probes *p);

/* The server's handler; its context is the probes. */
enum server_result probes_handle(void *probes, const struct server_request *r,
				 struct server_answer *a);

#endif
