/* One request about one object, and what came of it. */
#ifndef SG_CALL_H
#define SG_CALL_H

#include "api.h"
#include "tree.h"

enum call {
	CALL_DONE,
	CALL_ABSENT,   /* there is no such object */
	CALL_CONFLICT, /* it is not what it was, or it is there already */
	CALL_UNKNOWN,  /* nobody could say just now, and a write may have been done */
	CALL_REFUSED,  /* nor will it be said later: no right, no such kind, … */
};

/*
 * `name`: the object's, which a 404 has to name, or else there is no such kind. *root
 * (NULL: not wanted) gets the answer, in the arena; what object_sealed_store has of it
 * is not looked into.
 */
enum call call_object(struct api *api, struct sg_arena *a,
		      const struct api_request *r, const char *name,
		      struct node **root, struct sg_error *e);

#endif
