/*
 * The Pod Security Standards as a table: a row says where a check looks, and what
 * of the value there is refused. pod_security.c carries the rows out.
 */
#ifndef SG_POD_CHECKS_H
#define SG_POD_CHECKS_H

#include "pod_security.h"

/* Where a check looks, from whom its field is reached. */
enum {
	OF_POD = 1, /* its spec */
	OF_POD_CONTEXT = 2, /* its spec.securityContext */
	OF_CONTAINERS = 4, /* initContainers and ephemeralContainers, too */
	OF_CONTEXTS = 8, /* the containers' securityContext */
	OF_VOLUMES = 16,
	OF_ANNOTATIONS = 32, /* those about AppArmor */
};
#define OF_ALL_CONTEXTS (OF_POD_CONTEXT | OF_CONTEXTS)

/* Which pods a check leaves alone. */
enum relief { NOBODY, USER_NAMESPACES, WINDOWS };

struct check;
/* What of the value is refused, as a message may call it; NULL: nothing. */
typedef const char *refusal_fn(const struct check *c, const struct node *n);

struct check {
	const char *name;
	enum pod_security level;
	unsigned places;
	/*
	 * Keys to the value. "a[]": each item of a list; "a:b": b is looked at wherever
	 * a is given, and empty where it is left out.
	 */
	const char *field;
	refusal_fn *refusal;
	const char *const *values; /* that are accepted, for some */
	const char *must; /* how the message ends */
	enum relief relief;
	/* Not looked at by level restricted, which has a check in its place. */
	bool overridden;
	/* Each container must have it, or the pod where the check looks there, too. */
	bool required;
};

enum { POD_CHECKS = 34 };
extern const struct check pod_checks[POD_CHECKS];

/* What a message calls a value. */
const char *pod_check_value(const struct node *n);
/* False in any spelling that Kubernetes' YAML library takes for it. */
bool pod_check_is_false(const struct node *n);

#endif
