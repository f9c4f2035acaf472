/*
 * Who reaches whom: one set of rules, by which the NetworkPolicies are written
 * and each call that the release's manifests show is judged.
 *
 * A component reaches those that the profile lists under `reaches`, on their
 * ports; and itself, where the profile lists it or the release shows the need: its
 * pods name one of its own Services, or it is several pods of a StatefulSet or
 * behind a headless Service (replicas, a storefront and its backend).
 */
#ifndef SG_REACH_H
#define SG_REACH_H

#include "backends.h"

enum verdict {
	CALL_OPEN,
	CALL_ELSEWHERE,	    /* leads to another name, of which nothing is known */
	CALL_NO_PODS,	    /* leads to no pods of this release */
	CALL_NOT_TCP,	    /* no policy opens another protocol */
	CALL_OF_STRANGER,   /* the caller is selected by no component's policy */
	CALL_TO_STRANGER,   /* so are the pods called */
	CALL_TO_JOB,	    /* pods of plain Jobs: nobody calls them */
	CALL_NOT_LISTED,    /* the caller's component does not reach the other */
	CALL_NOT_ON_PORT,   /* it does, but not on this port */
	CALL_NOT_PUBLIC,    /* a route to what the ingress controllers don't reach */
};

struct call {
	unsigned caller;  /* an index of the calls' pods, or of its routes */
	bool is_route;
	bool is_shown;	  /* false: another one says the same */
	uint32_t service; /* index */
	uint16_t port;	  /* of the Service; 0: any */
	bool from_secret;
	bool is_weak;	  /* host:port, which may be something else */
	enum verdict verdict;
	uint16_t pod_port;		 /* to which it leads; 0: unknown */
	const struct component *callee; /* whose pods refuse it */
	unsigned previous;		 /* call to that Service, + 1 */
};

struct reach {
	const struct engine *engine;
	const struct calls *calls;
	struct component_facts *facts; /* beside the engine's components */
	struct backends backends;
	LIST(struct call) list;
	bool left_out; /* there were more calls than are kept */
};

int reach_init(struct reach *r, const struct engine *engine, struct sg_error *e);
void reach_release(struct reach *r);

static inline struct component_facts *reach_facts(const struct reach *r,
						  const struct component *c)
{
	return &r->facts[c - r->engine->components];
}

/* Once, after all objects: each component's ports, and the calls judged. */
int reach_work_out(struct reach *r, const struct calls *calls,
		   struct sg_error *e);

/* The ports on which one component's pods reach another's, or NULL: none. */
const struct port_set *reach_ports(const struct reach *r,
				   const struct component *caller,
				   const struct component *callee);

#endif
