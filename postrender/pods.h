/*
 * What one pod asks of a quota, as the API server charges it: its defaults, then
 * the LimitRange's, then the effective sum of containers, init containers and
 * sidecars (KEP-753), pod-level resources (KEP-2837) and overhead.
 *
 * Source: k8s.io/component-helpers/resource/helpers.go (PodRequests, PodLimits)
 * and pkg/quota/v1/evaluator/core of Kubernetes 1.36.
 */
#ifndef SG_PODS_H
#define SG_PODS_H

#include "object.h"
#include "policy.h"
#include "violations.h"

/* Under what a release is measured. */
struct terms {
	const struct plan *plan;
	const struct cluster_facts *cluster; /* what the policy tells of it */
};

struct pod_needs {
	struct resources requests;
	struct resources limits;
};

/*
 * Sums up a pod spec. What the API server would refuse goes into v as a
 * violation; SG_INVALID for what is no pod spec or no quantity.
 */
int pod_measure(struct sg_arena *a, const struct object *o,
		const struct terms *terms, struct pod_needs *out,
		struct violations *v, struct sg_error *e);

#endif
