/*
 * A Lease of coordination.k8s.io/v1 as elections use it: who holds it, and the calls
 * about it. No thread, and no clock but the time of day, which is written for people.
 *
 * Written by PUT on the resourceVersion that was read or written last, or by POST where
 * there was none: of several who write, one wins. Labels, annotations and the like stay.
 */
#ifndef SG_LEASE_H
#define SG_LEASE_H

#include "api.h"
#include "arena.h"
#include "tree.h"

struct lease {
	struct sg_buffer collection, path; /* in the API */

	/* as last read or written */
	bool is_current; /* false: it has to be read before it is written */
	const struct node *object; /* NULL: there is none */
	const char *holder; /* "": nobody */
	int64_t ms; /* for which the holder holds it, after each renewal */
	int64_t transitions;
	char record[65]; /* a hash of it: differs after each renewal */
	struct sg_arena arena;
};

/* NAMESPACE/NAME. SG_USAGE when it is none. Release it in any case. */
int lease_init(struct lease *l, const char *name, struct sg_error *e);
void lease_release(struct lease *l);

/* That there is none is no error. */
int lease_read(struct lease *l, struct api *api, int64_t deadline,
	       struct sg_error *e);
/*
 * From now on that is the holder, for so many ms (whole seconds) after each write; "":
 * nobody. 0 when it is written; 1 when another was quicker, or has deleted it: read
 * again. When it failed it may have been written all the same.
 */
int lease_write(struct lease *l, struct api *api, const char *holder, int64_t ms,
		int64_t deadline, struct sg_error *e);

#endif
