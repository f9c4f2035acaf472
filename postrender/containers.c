#include "containers.h"

#include <string.h>

#include "decode.h"

struct containers containers_of(const struct node *pod_spec)
{
	return (struct containers){ object_list(pod_spec, "containers"),
				    object_list(pod_spec, "initContainers") };
}

const struct node *containers_next(struct containers *at)
{
	const struct node *found = at->next;
	if (found) {
		at->next = found->next;
		return found;
	}
	while (at->inits) {
		found = at->inits;
		at->inits = found->next;
		if (node_is(node_get(found, "restartPolicy"), "Always"))
			return found;
	}
	return NULL;
}

const struct node *container_main(const struct object *o)
{
	const char *name = object_annotation(
		o->template, "kubectl.kubernetes.io/default-container");
	const struct node *first = object_list(o->pod_spec, "containers");
	for (const struct node *n = first; name && n; n = n->next)
		if (node_is(node_get(n, "name"), name))
			return n;
	return first;
}

const struct node *container_first_port(const struct node *owner)
{
	return object_list(owner, "ports");
}

bool container_port_is_tcp(const struct node *port)
{
	const char *protocol = node_text(node_get(port, "protocol"));
	return !protocol || strcmp(protocol, "TCP") == 0;
}

int64_t container_next_port(const struct node **at, const char *key)
{
	while (*at) {
		const struct node *port = *at;
		*at = port->next;
		int64_t number = 0;
		struct sg_error ignored;
		if (container_port_is_tcp(port) &&
		    decode_number(node_get(port, key), 1, 65535, &number,
				  &ignored) == 0)
			return number;
	}
	return 0;
}
