/*
 * One of several replicas leads: whoever holds a Lease. As client-go's leaderelection
 * does it, https://pkg.go.dev/k8s.io/client-go/tools/leaderelection, and where it
 * differs, more strictly:
 *
 * - Clocks of others decide nothing. A holder is taken for gone when its record has been
 *   seen unchanged, on our own monotonic clock, for as long as the record promises.
 * - Who leads stops in time: the renew deadline counts from before the last renewal that
 *   succeeded was sent, and is shorter than the promise, which the others count from when
 *   they saw it. What was led has the difference to end in.
 * - Who sees another hold the Lease stops leading at once, whatever time is left.
 * - A Lease that was deleted is made again at once by who led, and by others only when
 *   the promise that they saw has run out. One who has never seen it makes it at once.
 * - While what was led ends, the Lease is renewed where it can be; at the end it is
 *   released (its holder emptied), so that another leads within a retry.
 *
 * A holder that somebody writes by hand is believed.
 *
 * Asked of RBAC: create of leases; get, update of that one.
 */
#ifndef SG_LEADER_H
#define SG_LEADER_H

#include "api.h"
#include "log.h"

struct leader;

/* All must live until leader_free(). */
struct leader_options {
	/* of its own: api_stop() would keep it from releasing the Lease */
	struct api *api;
	const char *lease;    /* NAMESPACE/NAME */
	const char *identity; /* no other's, ever */
	/*
	 * What is led, in a thread made for it: start() when leading begins; then stop()
	 * when it ends, for whatever reason, which returns only once all that was led has
	 * ended. NULL: nothing.
	 */
	void (*start)(void *context);
	void (*stop)(void *context);
	void *context;
	const struct log *log;
	/* ms; 0: the promise of 15 s, 10 s, 2 s. The promise is whole seconds. */
	int64_t lease_ms, renew_ms, retry_ms;
};

int leader_start(const struct leader_options *o, struct leader **out,
		 struct sg_error *e);
/* Whether this replica leads now; false, too, while what was led ends. */
bool leader_leads(const struct leader *l);
/* Leading is to end, for good. Returns at once. */
void leader_stop(struct leader *l);
/* Waits until it has ended and the Lease is released, or can't be in a few seconds. */
void leader_free(struct leader *l);

#endif
