/*
 * Whether the gate stands: whether the API server asks it of each namespace store-*, and
 * of each Store. Others edit webhook configurations (AKS adds a namespaceSelector to all
 * of them), delete them, or cut their Service off; none of it shows in what the webhook is
 * asked.
 *
 * A namespace that no Store can have is applied as a dry run, plain and with the labels
 * that the configuration's selectors leave out: each has to be refused. Of Stores, for
 * which it can't be tried without one, the configuration is read.
 *
 * Asked of RBAC: create, patch of that namespace (an apply is authorized by name, a create
 * is not); get of the ValidatingWebhookConfiguration.
 */
#ifndef SG_GATE_PROBE_H
#define SG_GATE_PROBE_H

#include "api.h"
#include "arena.h"
#include "limits.h"

enum gate_state {
	GATE_ASKED,
	GATE_NOT_ASKED, /* something gets past it */
	GATE_FAILING,	/* it is asked in vain: nothing gets in */
	GATE_UNKNOWN,	/* it could not be tried */
	GATE_STATES,
};

struct gate_finding {
	enum gate_state state;
	char message[SG_MAX_MESSAGE]; /* for people */
};

/* `configuration`: the name of the ValidatingWebhookConfiguration. */
void gate_probe(struct api *api, struct sg_arena *a, const char *configuration,
		struct gate_finding *out);

#endif
