/*
 * Which component of the engine's profile an object is: the one that its
 * urumi.io/component label names; for Jobs, CronJobs and hooks the profile's
 * component for those; else by its labels, else by its first container's image
 * and declared ports, else by those of the further containers.
 */
#ifndef SG_CLASSIFY_H
#define SG_CLASSIFY_H

#include "object.h"
#include "policy.h"

/* NULL when no component matches. */
const struct component *classify(const struct engine *engine,
				 const struct object *o);

/*
 * TCP ports on which a component's workload is to be reached: those that it
 * declares and the profile knows; else all that it declares; else the
 * profile's. Adds each once to ports, which has room for CLASSIFY_MAX_PORTS.
 */
enum { CLASSIFY_MAX_PORTS = 32 };
void classify_ports(const struct component *c, const struct object *o,
		    struct ports *ports);

#endif
