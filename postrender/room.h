/*
 * A store stays in its room: no object of the release may live outside the
 * store's namespace or carry another store's labels, and no pod may share its
 * node's network, processes or files, which NetworkPolicies do not bind.
 */
#ifndef SG_ROOM_H
#define SG_ROOM_H

#include "identity.h"
#include "object.h"

/* SG_REFUSED with what would be accepted. */
int room_check(const struct object *o, const struct identity *who,
	       const struct options *options, struct sg_error *e);

#endif
