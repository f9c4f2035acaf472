/*
 * The StorePolicy in force: the one given (--policy, or the embedded one) until the
 * StorePolicy "default" of the cluster is seen, then always the last good one; again
 * the one given when that object is deleted. Held by reference, so that a request
 * keeps the policy that it began with.
 */
#ifndef SG_POLICIES_H
#define SG_POLICIES_H

#include "informer.h"
#include "policy.h"

#define POLICIES_NAME "default"

struct policies;
struct policy_hold; /* one policy and how many hold it */

/* Takes over `first`. NULL without memory: `first` is freed. */
struct policies *policies_new(struct policy *first, const struct log *log);
/* What is still held lives until it is released. */
void policies_free(struct policies *p);
struct informer_sink policies_sink(struct policies *p);

/* The policy in force; give it back. Safe from all threads. */
struct policy_hold *policies_hold(struct policies *p);
const struct policy *policy_held(const struct policy_hold *h);
void policies_release(struct policy_hold *h);

/* What /metrics and a condition say: the generation in force (0: the one given), and
 * why a newer one is not ("" when it is), into `why`. */
void policies_state(struct policies *p, int64_t *generation, char *why,
		    size_t size);

#endif
