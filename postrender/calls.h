/*
 * What a release's own manifests say of who calls whom, gathered object by
 * object: the pods with their labels and ports, the Services, and whom texts
 * name: environment, commands, ConfigMaps, Secrets, routes from outside. reach.h
 * makes sense of it once all is there.
 *
 * Names are numbers of `words`; spans are parts of the list that they are of.
 * Nothing of a Secret is kept but what looks like a host's name, and nothing of
 * that is ever printed but the name of a Service.
 */
#ifndef SG_CALLS_H
#define SG_CALLS_H

#include "hosts.h"
#include "object.h"
#include "identity.h"
#include "words.h"

struct span {
	unsigned first, count;
};

/* The pods of one workload. */
struct pods {
	uint32_t kind, name;
	const struct component *component; /* NULL: none of the engine's */
	bool selected;	 /* by the policies of that component, or of Jobs */
	bool takes_calls; /* false for pods of plain Jobs */
	bool several;	 /* more than one of them */
	bool are_peers;	 /* of a StatefulSet */
	struct span labels;
	struct span ports;
	struct span mentions;
	struct span uses;
};

/* A TCP port that a container declares. */
struct declared_port {
	uint32_t name;
	uint16_t number;
	bool main; /* by the container that says what the pod is */
};

struct service {
	uint32_t name;
	bool headless;
	bool is_alias;	      /* an ExternalName */
	bool leads_elsewhere; /* that, or no selector */
	struct span selector;
	struct span ports;
};

struct service_port {
	uint32_t name;
	uint32_t target_name; /* WORD_NONE: it has a number */
	uint16_t number;
	uint16_t target;
	bool is_tcp;
};

/* A text that may name a Service. */
struct mention {
	uint32_t host;
	uint32_t key; /* of the text; WORD_NONE: it has none */
	uint16_t port;
	bool implied;
	uint8_t form; /* enum host_form */
};

/* A ConfigMap or Secret. */
struct source {
	uint32_t name;
	bool is_secret;
	struct span mentions;
};

/* That pods see a source's key, or all of them. */
struct use {
	uint32_t name;
	uint32_t key; /* WORD_NONE: all */
	uint32_t as;  /* the variable that it is in; WORD_NONE: a file */
	bool is_secret;
};

/* A way in from the ingress controllers. */
struct route {
	uint32_t kind, name;
	uint32_t service;
	uint32_t port_name; /* WORD_NONE: it has a number */
	uint16_t port;	    /* 0: not said */
};

struct calls {
	const struct identity *who;
	struct words words;
	LIST(struct pods) pods;
	LIST(struct declared_port) declared;
	LIST(uint32_t) labels; /* "key=value" */
	LIST(struct service) services;
	LIST(struct service_port) service_ports;
	LIST(struct mention) mentions;
	LIST(struct source) sources;
	LIST(struct use) uses;
	LIST(struct route) routes;
	bool left_out; /* there were more mentions than are kept */
};

void calls_init(struct calls *c, const struct identity *who);
void calls_release(struct calls *c);

/* Notes what an object says. `scratch` is for what need not last. */
int calls_note(struct calls *c, const struct object *o,
	       const struct component *component, struct sg_arena *scratch,
	       struct sg_error *e);

/* --- for its own files --- */

/* The number of a text; WORD_NONE for NULL. */
int calls_word(struct calls *c, const char *text, uint32_t *number,
	       struct sg_error *e);
/* Whom a workload's containers name, and what they use. */
int mentions_of_pods(struct calls *c, const struct object *o, struct pods *pods,
		     struct sg_arena *scratch, struct sg_error *e);
/* Whom a ConfigMap or Secret names. */
int mentions_of_source(struct calls *c, const struct object *o, bool is_secret,
		       struct sg_arena *scratch, struct sg_error *e);

#endif
