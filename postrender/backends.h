/*
 * Which pods stand behind the release's Services, on which of their ports, and
 * so on which ports each component is to be reached.
 */
#ifndef SG_BACKENDS_H
#define SG_BACKENDS_H

#include "calls.h"
#include "port_set.h"

struct component_facts {
	bool present;
	bool is_guessed;   /* some of its pods are an operator's, unseen here */
	bool calls_itself; /* as the release's own Services show */
	/*
	 * Where others reach it. Of a workload's ports these are: those that the
	 * profile knows and that its main container declares, a sidecar declares
	 * or a Service leads to; without any of the main container's, all that
	 * it declares (where a Service leads to some, those; where none leads
	 * anywhere and a sidecar declares one that the profile knows, that);
	 * without declared ones, the profile's, and what Services lead to but no sidecar's port.
	 * Of a public component never one that the profile knows of a closed one
	 * alone.
	 */
	struct port_set ports;
	/* Where it reaches itself: all that its pods declare or serve. */
	struct port_set inside;
};

/* Pods of one component behind a port. */
struct backend_end {
	const struct component *component;
	bool takes_calls;
	uint16_t port;
};

/* What a port of Services leads to. */
struct backend {
	unsigned selection;
	uint32_t target_name; /* WORD_NONE: by number */
	uint16_t target;
	bool declared; /* some container declares it */
	struct span ends;
};

struct selection {
	struct span pods;
	bool headless;
};

#define NO_INDEX UINT32_MAX

struct backends {
	const struct calls *calls;
	struct component_facts *facts; /* beside the engine's components */
	uint32_t *service_of;	 /* by the name's word: an index, or NO_INDEX */
	unsigned *selection_of;	 /* beside the calls' services */
	uint32_t *backend_of;	 /* beside the calls' service ports; TCP's alone */
	struct words selection_keys, backend_keys; /* numbers are indices */
	LIST(struct selection) selections;
	LIST(unsigned) pods; /* of selections: indices of the calls' pods */
	LIST(struct backend) backends;
	LIST(struct backend_end) ends;
	uint64_t work; /* pods looked at */
};

/*
 * Finds the pods of all Services and fills `facts` but for calls_itself.
 * SG_INVALID where Services select each other's pods beyond SG_MAX_SELECTED.
 */
int backends_work_out(struct backends *b, const struct calls *calls,
		      struct component_facts *facts, struct sg_error *e);
void backends_release(struct backends *b);

/* The Service of that name, or NULL. */
const struct service *backends_service(const struct backends *b, uint32_t name);
/* What lies behind one of a Service's ports: its number, as if it were its own. */
int backends_direct(struct backends *b, const struct service *service,
		    uint16_t port, struct backend *out, struct sg_error *e);

#endif
