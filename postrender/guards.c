#include "guards.h"

#include <string.h>

#include "keep.h"
#include "names.h"
#include "network.h"

static struct node *build_namespace(struct sg_arena *a,
				    const struct identity *who,
				    enum deployer deployer)
{
	static const char *const modes[] = { "enforce", "audit", "warn" };
	struct node *annotations;
	struct node *object = guard_object(a, who, "v1", "Namespace",
					   who->namespace, &annotations);
	keep_namespace(a, annotations, deployer);
	struct node *labels = object ? node_own(node_own(object, "metadata"),
						"labels") :
				       NULL;
	for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
		node_set_string(a, labels,
				sg_arena_printf(a,
						"pod-security.kubernetes.io/%s",
						modes[i]),
				i == 0 ? who->engine->pod_security :
					 "restricted");
	return object;
}

static struct node *build_resources(struct sg_arena *a,
				    const struct resources *r)
{
	struct node *map = node_new_mapping(a);
	char text[QUANTITY_TEXT_SIZE];
	for (unsigned i = 0; i < r->count; i++)
		node_set_string(a, map, r->items[i].name,
				quantity_print(r->items[i].amount, text));
	return map;
}

static struct node *build_quota(struct sg_arena *a, const struct identity *who)
{
	struct node *annotations;
	struct node *object = guard_object(a, who, "v1", "ResourceQuota",
					   GUARD_PREFIX, &annotations);
	struct node *spec = node_new_mapping(a);
	guard_keep(a, annotations);
	node_set(a, spec, "hard", build_resources(a, &who->plan->quota));
	node_set(a, object, "spec", spec);
	return object;
}

static void set_if_any(struct sg_arena *a, struct node *map, const char *key,
		       const struct resources *r)
{
	if (r->count)
		node_set(a, map, key, build_resources(a, r));
}

static struct node *build_limit_range(struct sg_arena *a,
				      const struct identity *who)
{
	struct node *annotations;
	struct node *object = guard_object(a, who, "v1", "LimitRange",
					   GUARD_PREFIX, &annotations);
	struct node *spec = node_new_mapping(a);
	struct node *limits = node_new_sequence(a);
	guard_keep(a, annotations);
	for (unsigned i = 0; i < who->plan->limit_count; i++) {
		const struct limit_range *range = &who->plan->limits[i];
		struct node *limit = node_new_mapping(a);
		node_set_string(a, limit, "type", range->type);
		set_if_any(a, limit, "default", &range->defaults);
		set_if_any(a, limit, "defaultRequest",
			   &range->default_requests);
		set_if_any(a, limit, "min", &range->min);
		set_if_any(a, limit, "max", &range->max);
		node_append(limits, limit);
	}
	node_set(a, spec, "limits", limits);
	node_set(a, object, "spec", spec);
	return object;
}

static void mark_for_helm4(struct sg_arena *a, struct node *object)
{
	struct node *annotations =
		node_own(node_own(object, "metadata"), "annotations");
	node_set_string(a, annotations, HELM4_FILENAME,
			GUARD_PREFIX "/guards.yaml");
}

int guards_build(struct sg_arena *a, const struct policy *policy,
		 const struct identity *who, const struct survey *s,
		 const struct options *o, bool helm4, struct guards *out,
		 struct sg_error *e)
{
	*out = (struct guards){
		.namespace = o->with_namespace ?
				     build_namespace(a, who, o->deployer) :
				     NULL,
		.quota = build_quota(a, who),
		.limit_range = build_limit_range(a, who),
		.policy_count = guard_policy_count(who->engine),
	};
	out->policies = sg_arena_alloc(a, out->policy_count *
						  sizeof *out->policies);
	if (sg_arena_check(a, e) ||
	    network_build(a, policy, who, s, out->policies, e))
		return -1;
	if (!helm4)
		return 0;
	if (out->namespace)
		mark_for_helm4(a, out->namespace);
	mark_for_helm4(a, out->quota);
	mark_for_helm4(a, out->limit_range);
	for (unsigned i = 0; i < out->policy_count; i++)
		mark_for_helm4(a, out->policies[i]);
	return sg_arena_check(a, e);
}

static int write_one(const struct node *object, struct sg_buffer *out,
		     struct sg_error *e)
{
	sg_buffer_puts(out, "---\n");
	return yaml_emit_block(out, object, 0, e);
}

int guards_write(const struct guards *g, struct sg_buffer *out,
		 struct sg_error *e)
{
	if (g->namespace && write_one(g->namespace, out, e))
		return -1;
	for (unsigned i = 0; i < g->policy_count; i++)
		if (write_one(g->policies[i], out, e))
			return -1;
	return write_one(g->quota, out, e) || write_one(g->limit_range, out, e) ?
		       -1 :
		       0;
}
