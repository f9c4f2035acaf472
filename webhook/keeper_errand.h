/* Inside of keeper.c: what there is to do in one owner's ledger. */
#ifndef SG_KEEPER_ERRAND_H
#define SG_KEEPER_ERRAND_H

#include "keeper.h"

enum errand_kind {
	ERRAND_DROP_DELETED,
	ERRAND_LOOK, /* at a reservation that is due: it leaked, or its Store is there */
	ERRAND_ADD_MISSING,
	ERRAND_SHOW_LIMIT,
	ERRAND_FORGET, /* the StoreQuota itself, if it is still of no use */
};

struct errand {
	struct errand *next;
	enum errand_kind kind;
	unsigned failures;
	int64_t reservation;
	const char *name; /* the Store's */
	const char *uid; /* of the Store; ERRAND_LOOK, ERRAND_FORGET: of the StoreQuota */
	char owner[];	 /* the other texts stand behind it */
};

/* NULL without memory. Freed with free(). */
struct errand *errand_new(enum errand_kind kind, const char *owner,
			  const char *name, const char *uid,
			  int64_t reservation);
/* Moves the errands of the first one's owner, as many as one turn is good for. */
struct errand *errands_take(struct errand **list);
/* Does errands of one owner. CALL_DONE: they are done, or turned out to be nothing. */
enum call errands_run(const struct keeper_options *o, struct errand *errands,
		      struct sg_error *e);

#endif
