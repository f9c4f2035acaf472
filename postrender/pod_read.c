#include "pod.h"

#include <string.h>

#include "decode.h"

static int read_needs(struct pod *p, const struct node *owner,
		      struct pod_needs *out)
{
	const struct node *resources = node_get(owner, "resources");
	if (node_is_null(resources))
		return 0;
	return decode_any_mapping(resources, "resources", p->e) ||
			       decode_resources(p->arena, resources,
						"resources", "requests",
						&out->requests, p->e) ||
			       decode_resources(p->arena, resources,
						"resources", "limits",
						&out->limits, p->e) ?
		       -1 :
		       0;
}

static int copy_needs(struct pod *p, const struct pod_needs *from,
		      struct pod_needs *to)
{
	return resources_add_all(p->arena, &to->requests, &from->requests, 1,
				 p->e) ||
			       resources_add_all(p->arena, &to->limits,
						 &from->limits, 1, p->e) ?
		       -1 :
		       0;
}

static int read_container(struct pod *p, const struct node *n, bool is_init)
{
	struct container *c = &p->containers[p->count++];
	const char *name = node_text(node_get(n, "name"));
	*c = (struct container){
		.name = name ? name : "?",
		.is_init = is_init,
		.is_sidecar = is_init &&
			      node_is(node_get(n, "restartPolicy"), "Always"),
	};
	if (decode_any_mapping(n, "a container", p->e) ||
	    read_needs(p, n, &c->stated))
		return sg_error_context(p->e, "container %.63s", c->name);
	return copy_needs(p, &c->stated, &c->needs);
}

static int read_containers(struct pod *p)
{
	const struct node *spec = p->object->pod_spec;
	const struct node *main = node_get(spec, "containers");
	const struct node *init = node_get(spec, "initContainers");
	if (!node_is_sequence(main) || !main->first)
		return sg_error_set(p->e, SG_INVALID,
				    "the pod's spec.containers must be a list of containers, not %s",
				    node_kind_name(main));
	if (!node_is_null(init) &&
	    decode_sequence(init, "the pod's spec.initContainers", p->e))
		return -1;
	p->containers = sg_arena_alloc(p->arena,
				       (node_count(main) + node_count(init)) *
					       sizeof *p->containers);
	if (!p->containers)
		return sg_error_memory(p->e);
	for (const struct node *n = main->first; n; n = n->next)
		if (read_container(p, n, false))
			return -1;
	if (node_is_null(init))
		return 0;
	for (const struct node *n = init->first; n; n = n->next)
		if (read_container(p, n, true))
			return -1;
	return 0;
}

int pod_read(struct pod *p)
{
	const struct node *spec = p->object->pod_spec;
	if (read_containers(p))
		return -1;
	if (read_needs(p, spec, &p->stated))
		return sg_error_context(p->e, "the pod's spec");
	if (copy_needs(p, &p->stated, &p->needs) ||
	    decode_resources(p->arena, spec, "the pod's spec", "overhead",
			     &p->overhead, p->e))
		return -1;
	p->states_overhead = !node_is_null(node_get(spec, "overhead"));
	p->runtime_class = node_text(node_get(spec, "runtimeClassName"));
	return 0;
}
