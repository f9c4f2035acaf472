/*
 * The StorePolicy in force: the one given (--policy, or the embedded one) where the
 * cluster has no StorePolicy "default"; else that one, and while it is broken the last
 * that was accepted. That is kept in the object's status (policy_status.h), so that
 * replicas which start then decide as those do that run. Where none is kept, none is in
 * force: nobody decides by rules that the platform did not choose. Held by reference, so
 * that a request keeps the policy that it began with.
 */
#ifndef SG_POLICIES_H
#define SG_POLICIES_H

#include "informer.h"
#include "policy.h"

#define POLICIES_NAME "default"
/* A generation: that of the one given, and that of none. */
enum { POLICIES_GIVEN = 0, POLICIES_NONE = -1 };

struct policies;
struct policy_hold; /* one policy and how many hold it */

/* Takes over `first`. NULL without memory: `first` is freed. */
struct policies *policies_new(struct policy *first, const struct log *log);
/* What is still held lives until it is released. */
void policies_free(struct policies *p);
struct informer_sink policies_sink(struct policies *p);

/* The policy in force; give it back. NULL: there is none. Safe from all threads. */
struct policy_hold *policies_hold(struct policies *p);
const struct policy *policy_held(const struct policy_hold *h);
int64_t policy_held_generation(const struct policy_hold *h);
/*
 * The StorePolicy that it came from, as JSON, to be kept; NULL of the one given, and of
 * one that is larger than what is kept.
 */
const char *policy_held_text(const struct policy_hold *h);
void policies_release(struct policy_hold *h); /* NULL is none */

/* Whether a StorePolicy is small enough for that: SG_MAX_KEPT_POLICY as JSON. */
bool policies_can_keep(const struct node *object);

/* What /metrics and a condition say: the generation in force, and why a newer one is
 * not ("" when it is), into `why`. */
void policies_state(struct policies *p, int64_t *generation, char *why,
		    size_t size);

#endif
