/*
 * NetworkPolicies derived from what the release's workloads are.
 *
 * Default deny both ways and DNS for all pods, and a way in for cert-manager's
 * HTTP-01 solvers; then one policy a component of
 * the engine, selecting stamped pods by urumi.io/component; then two for the
 * pods of Jobs that can't be stamped: plain Jobs by all their template labels,
 * and hooks that Helm 3 hides from a post-renderer. Both also ask that the
 * store label is absent, so that they never select a stamped pod.
 */
#ifndef SG_NETWORK_H
#define SG_NETWORK_H

#include "identity.h"
#include "survey.h"

/* Fills `policies`, which has room for guard_policy_count(). */
int network_build(struct sg_arena *a, const struct policy *policy,
		  const struct identity *who, const struct survey *s,
		  struct node **policies, struct sg_error *e);

#endif
