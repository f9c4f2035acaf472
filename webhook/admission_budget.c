/*
 * What hangs on a Store beside its spec: everybody who lists Stores carries it along. What
 * is too much already may stay, or become less.
 */
#include <string.h>

#include "admission_parts.h"

/* A copy of what was applied, which the API server keeps within 256 KiB. */
#define LAST_APPLIED "kubectl.kubernetes.io/last-applied-configuration"

struct budget {
	const char *key, *what;
	unsigned most;
};

/* Of what stays sealed, for there is so much of it, about how many. */
static size_t count(const struct node *n)
{
	return node_is_sealed(n) ? n->values / 2 : node_count(n);
}

static size_t bytes(const struct node *annotations)
{
	size_t sum = node_is_sealed(annotations) ? annotations->length : 0;
	if (!node_is_mapping(annotations))
		return sum;
	for (const struct node *k = annotations->first; k; k = k->next->next)
		if (!node_is(k, LAST_APPLIED) && k->next->kind == NODE_SCALAR)
			sum += k->length + k->next->length;
	return sum;
}

static void check_count(struct gate *g, const struct budget *b,
			const struct node *now, const struct node *before)
{
	size_t is = count(node_get(now, b->key));
	char field[64];
	if (is <= b->most || is <= count(node_get(before, b->key)))
		return;
	(void)snprintf(field, sizeof field, "metadata.%s", b->key);
	violations_add(&g->verdict->causes, field,
		       "has %zu %s; up to %u are accepted", is, b->what, b->most);
}

static void check_annotations(struct gate *g, const struct node *now,
			      const struct node *before)
{
	size_t is = bytes(node_get(now, "annotations"));
	if (is > SG_MAX_ANNOTATION_BYTES &&
	    is > bytes(node_get(before, "annotations")))
		violations_add(&g->verdict->causes, "metadata.annotations",
			       "has %zu bytes, not counting " LAST_APPLIED
			       "; up to %zu are accepted",
			       is, SG_MAX_ANNOTATION_BYTES);
}

void gate_check_budget(struct gate *g)
{
	static const struct budget all[] = {
		{ "labels", "labels", SG_MAX_LABELS },
		{ "annotations", "annotations", SG_MAX_ANNOTATIONS },
		{ "ownerReferences", "owners", SG_MAX_OWNER_REFERENCES },
		{ "finalizers", "finalizers", SG_MAX_FINALIZERS },
	};
	const struct node *now = node_get(g->review->object, "metadata");
	const struct node *before = node_get(g->review->old_object, "metadata");
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		check_count(g, &all[i], now, before);
	check_annotations(g, now, before);
}
