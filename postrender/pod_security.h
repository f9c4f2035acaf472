/*
 * Kubernetes' Pod Security Standards, as its admission judges pods: the checks of
 * k8s.io/pod-security-admission of Kubernetes 1.36, in the version that "latest"
 * is there. tests/test_pod_security.py holds them against that module.
 */
#ifndef SG_POD_SECURITY_H
#define SG_POD_SECURITY_H

#include "tree.h"

enum pod_security {
	POD_SECURITY_PRIVILEGED,
	POD_SECURITY_BASELINE,
	POD_SECURITY_RESTRICTED,
};

/* False where it is no level's name. */
bool pod_security_level(const char *name, enum pod_security *out);
const char *pod_security_name(enum pod_security level);

struct pod_fault {
	const char *check; /* Kubernetes' name for it, as "hostNamespaces" */
	enum pod_security level; /* from which on it is refused */
	const char *text;  /* who, which field, what it is, what it must be */
	const struct node *at; /* where: the first, of several */
};
/* The fault is its caller's, and gone afterwards. */
typedef void pod_fault_fn(void *context, const struct pod_fault *fault);

/*
 * Tells everything for which a namespace of that level refuses the pod: its
 * metadata and spec, or a template's.
 */
void pod_security_check(const struct node *metadata, const struct node *spec,
			enum pod_security level, pod_fault_fn *tell,
			void *context);

/*
 * The same at level baseline for whatever in the object looks like a pod or a
 * container, wherever it is: an operator may make pods of it.
 */
void pod_security_search(const struct node *object, pod_fault_fn *tell,
			 void *context);

#endif
