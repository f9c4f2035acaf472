/*
 * A pod's resources on their way through the API server, for pods.c: as the
 * manifest states them, then with each default that it gets on the way.
 *
 * Source: pkg/apis/core/v1/defaults.go, plugin/pkg/admission/limitranger and
 * k8s.io/component-helpers/resource of Kubernetes 1.36.
 */
#ifndef SG_POD_H
#define SG_POD_H

#include "pods.h"

struct container {
	const char *name;
	bool is_init;
	bool is_sidecar; /* an init container that stays */
	struct pod_needs stated; /* in the manifest */
	struct pod_needs needs;	 /* with the defaults it got so far */
};

struct pod {
	struct sg_arena *arena;
	const struct object *object;
	const struct terms *terms;
	const struct limit_range *range; /* of type Container, or NULL */
	struct violations *violations;
	struct sg_error *e;

	struct container *containers; /* init containers behind the others */
	unsigned count;
	struct pod_needs stated; /* of the pod as a whole */
	struct pod_needs needs;
	struct resources overhead;
	bool states_overhead;
	const char *runtime_class; /* or NULL */
};

/* Fills everything below `e` from the object's pod spec. */
int pod_read(struct pod *p);

/* Requests default to limits, of containers and of the pod: before admission. */
int pod_default_requests(struct pod *p);
/*
 * Up to thousandths, as the API server stores amounts: a pod's once its requests
 * have their defaults, a template's before.
 */
void pod_round(struct pod *p);
/* What admission adds: the LimitRange's defaults, the RuntimeClass's overhead. */
int pod_default_by_plan(struct pod *p);

/*
 * What the containers ask for together (KEP-753): init containers run one after
 * another beside the sidecars that were started before them.
 */
int pod_sum(struct pod *p, struct pod_needs *sum);

/* Whether the pod states resources for itself, of those that it may. */
bool pod_is_pod_level(const struct pod *p);

/* What the API server would refuse; each fills p->violations. */
int pod_check_values(struct pod *p);
void pod_check_range(struct pod *p);
void pod_check_quota(struct pod *p);

#endif
