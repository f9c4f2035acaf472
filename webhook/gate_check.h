/*
 * The leader's watch over the gate itself: once a minute it tries whether it is asked
 * (gate_probe.h), and says what it found in a metric, in the log when that changes, and in
 * the condition GateAsked of the StorePolicy "default", where there is one.
 *
 * Asked of RBAC: what gate_probe.h does; get of storepolicies, patch of
 * storepolicies/status.
 */
#ifndef SG_GATE_CHECK_H
#define SG_GATE_CHECK_H

#include <stdatomic.h>

#include "gate_probe.h"
#include "log.h"
#include "metrics.h"

/* What was found last; none is true where nobody looks. */
struct gate_check_shown {
	atomic_bool is[GATE_STATES];
};

/* Before serving. -1 without memory. */
int gate_check_metrics_add(struct metrics *m, struct gate_check_shown *s);
void gate_check_metrics_forget(struct metrics *m, struct gate_check_shown *s);

struct gate_check_options {
	const char *kubeconfig;    /* NULL: the pod's service account */
	const char *configuration; /* of the validating webhooks */
	struct gate_check_shown *shown;
	const struct log *log;
};

struct gate_check;

/* All that is given must live until gate_check_free(). */
int gate_check_start(const struct gate_check_options *o,
		     struct gate_check **out, struct sg_error *e);
/* Ends calls that run, and waits for its thread. */
void gate_check_free(struct gate_check *c);

#endif
