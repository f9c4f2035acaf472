/*
 * NetworkPolicies derived from what the release's workloads are.
 *
 * Default deny both ways and DNS for all pods, and a way in for cert-manager's
 * HTTP-01 solvers; then one policy a component of the engine, selecting stamped
 * pods by urumi.io/component, by reach.h's rules; then two for the pods of Jobs
 * that can't be stamped: plain Jobs by all their template labels, and by the label
 * of every Job's pods hooks that Helm 3 hides from a post-renderer and Jobs that
 * bring the store's label. The one asks that the store label is absent, the other
 * that the component's is, so that they never select a stamped pod.
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
