/*
 * What the leader does for Stores, off the admission path: watches what each store's
 * namespace holds, writes the Store's status when it says something else, sends Events
 * at transitions, and sees to the finalizer, which holds a Store's name until its
 * namespace is gone.
 *
 * Two that did it at once would do no harm: a write is refused when the Store has changed
 * since it was read, and a finalizer goes only when a quorum read says that there is no
 * namespace.
 *
 * Asked of RBAC: what status_calls.h does, and list, watch of what is in status.c.
 */
#ifndef SG_STATUS_H
#define SG_STATUS_H

#include "gate.h"
#include "log.h"
#include "status_metrics.h"

struct status_options {
	const char *kubeconfig; /* NULL: the pod's service account */
	struct gate *gate; /* whose policy Stores are judged by */
	struct status_counters *counters;
	struct metrics *metrics;
	const struct log *log;
};

struct status;

/* All that is given must live until status_free(). */
int status_start(const struct status_options *o, struct status **out,
		 struct sg_error *e);
/* Ends calls that run, and waits for its threads. */
void status_free(struct status *s);

#endif
