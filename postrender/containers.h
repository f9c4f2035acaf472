/*
 * The containers of a pod that stay: its containers, then its native sidecars
 * (init containers with restartPolicy Always), and what ports they declare.
 */
#ifndef SG_CONTAINERS_H
#define SG_CONTAINERS_H

#include "object.h"

/* Where a walk over them is. */
struct containers {
	const struct node *next;
	const struct node *inits; /* to come */
};

struct containers containers_of(const struct node *pod_spec);
const struct node *containers_next(struct containers *at); /* NULL at the end */

/*
 * The one that says what a pod is: that of the annotation
 * kubectl.kubernetes.io/default-container, else the first. NULL without any.
 */
const struct node *container_main(const struct object *o);

/* The first of what lists `ports`: a container, a Service's spec. */
const struct node *container_first_port(const struct node *owner);
/*
 * The next TCP port's number under that key, from *at on; 0 at the end. What is
 * no number is skipped.
 */
int64_t container_next_port(const struct node **at, const char *key);
/* Whether a port of a container or Service is TCP's. */
bool container_port_is_tcp(const struct node *port);

#endif
