/*
 * What one pod asks of a quota, as the scheduler and the quota count it:
 * defaults of the API server, then of the LimitRange, then the effective sum of
 * containers, init containers and sidecars (KEP-753), overhead, and pod-level
 * resources (KEP-2837).
 *
 * Source: k8s.io/component-helpers/resource/helpers.go (PodRequests, PodLimits)
 * and plugin/pkg/admission/limitranger of Kubernetes 1.36.
 */
#ifndef SG_PODS_H
#define SG_PODS_H

#include "object.h"
#include "policy.h"
#include "violations.h"

struct pod_needs {
	struct resources requests;
	struct resources limits;
};

/*
 * Sums up a pod spec under a plan. What the API server would refuse under the
 * plan's LimitRange or quota goes into v as a violation; SG_INVALID for what
 * is no pod spec or no quantity.
 */
int pod_measure(struct sg_arena *a, const struct object *o,
		const struct plan *plan, struct pod_needs *out,
		struct violations *v, struct sg_error *e);

#endif
