/*
 * Namespaces store-NAME are made for admitted Stores only. Helm and Argo CD make the
 * namespace first, so a refused Store leaves nothing behind.
 */
#include <string.h>

#include "admission_parts.h"
#include "names.h"

/* Alive in the cache is enough; else the API server says. */
static enum answer find_store(struct gate *g, const char *name,
			      struct store_facts *out)
{
	const struct world *w = g->world;
	struct sg_arena *a = g->verdict->arena;
	enum answer answer =
		w->calls->find_store(w, a, name, false, out, &g->why);
	if (answer == WORLD_NO || (answer == WORLD_YES && out->deleting))
		answer = w->calls->find_store(w, a, name, true, out, &g->why);
	return answer;
}

static void refuse_without_store(struct gate *g, const char *name)
{
	const struct policy *p = g->world->policy;
	verdict_refuse(g->verdict, 403, "Forbidden",
		       "namespace store-%s is made for a Store \"%s\" only, and there is none. Make the Store first: kubectl apply -f FILE with {apiVersion: %s, kind: Store, metadata: {name: %s}, spec: {engine: %s}}",
		       name, name, SG_API_VERSION, name, p->engines[0].name);
}

void gate_validate_namespace(struct gate *g)
{
	static const char prefix[] = SG_NAMESPACE_PREFIX;
	const char *name = g->review->name;
	struct store_facts store = { 0 };
	g->reason = "not a store's";
	if (g->review->operation != OPERATION_CREATE || !name ||
	    strncmp(name, prefix, sizeof prefix - 1) != 0)
		return;
	name += sizeof prefix - 1;
	if (!name_is_dns_label(name) || strlen(name) > SG_STORE_NAME_MAX) {
		verdict_refuse(g->verdict, 403, "Forbidden",
			       "namespaces store-* are made for Stores only, and no Store can be called \"%.63s\" (at most %d lower-case letters, digits and \"-\")",
			       name, SG_STORE_NAME_MAX);
		return;
	}
	bool found = gate_heard(g, find_store(g, name, &store));
	if (found && store.owner)
		verdict_annotate(g->verdict, "owner", "%s", store.owner);
	g->reason = "its Store was admitted";
	if (found && store.deleting)
		verdict_refuse(g->verdict, 403, "Forbidden",
			       "Store \"%s\" is being deleted; wait until \"kubectl get store %s\" finds none, then make it again",
			       name, name);
	else if (!found && !gate_is_in_doubt(g))
		refuse_without_store(g, name);
}
