/*
 * What the rules ask of the cluster, and the one thing that they want of it, a place. The server answers from its caches and, where
 * they can't know, from the API server; `review` answers offline; tests answer what
 * they like. The rules know none of them.
 */
#ifndef SG_WORLD_H
#define SG_WORLD_H

#include <stdint.h>

#include "policy.h"
#include "review.h"

/* What is kept of a Store. Texts are valid as long as the arena asked with. */
struct store_facts {
	const char *name;
	const char *uid;
	const char *owner;
	const char *engine;
	const char *plan;
	const char *host;
	const char *delivery;
	bool deleting; /* has a deletionTimestamp */
};

/*
 * WORLD_LATER: the answer needs the API server, and this call may not wait; the
 * request is to be asked again where it may. WORLD_UNKNOWN: nobody can say (no API
 * server in time, or none at all); the error says why.
 */
enum answer { WORLD_NO, WORLD_YES, WORLD_LATER, WORLD_UNKNOWN };

/* A place in the quota of a Store's owner. Texts live in the arena asked with. */
enum place_state {
	PLACE_EXISTS,
	PLACE_DELETING, /* its Store goes, and is not gone yet */
	PLACE_PENDING, /* its Store has not been seen: it comes, or was given up */
	PLACE_GONE,    /* it did not come, or is gone: the place is about to be free */
};

struct place {
	const char *store;
	enum place_state state;
	const char *until; /* by when PLACE_PENDING is decided; NULL: not known */
};

enum reservation_verdict {
	RESERVATION_NO_LIMIT,
	RESERVATION_MADE,
	RESERVATION_FULL,
	RESERVATION_TOO_FAST,
};

struct reservation {
	const char *owner;
	const char *store;
	const char *uid; /* of the Store; NULL: none yet */
	int64_t hard; /* the policy's limit for this owner; 0: none */
	int64_t per_minute; /* 0: any number */
	bool dry_run; /* nothing is taken */
	/* what came of it */
	enum reservation_verdict verdict;
	const char *quota; /* the StoreQuota's name; NULL: there is none */
	int64_t limit; /* in force; -1: none */
	int64_t used;
	int64_t wait; /* ms; RESERVATION_TOO_FAST */
	struct place *places; /* `used` of them, with RESERVATION_FULL */
};

struct world;

struct world_calls {
	/* The Store of that name. fresh: a quorum read, never the cache. */
	enum answer (*find_store)(const struct world *, struct sg_arena *,
				  const char *name, bool fresh,
				  struct store_facts *out, struct sg_error *);
	/* Another Store than `name` that has that host; fresh: as above. */
	enum answer (*find_host)(const struct world *, struct sg_arena *,
				 const char *host, const char *name, bool fresh,
				 struct store_facts *out, struct sg_error *);
	/* The namespace of that name, by a quorum read, and its metadata. */
	enum answer (*find_namespace)(const struct world *, struct sg_arena *,
				      const char *name,
				      const struct node **metadata,
				      struct sg_error *);
	/* Whether the user may `assign` that Store (SubjectAccessReview). */
	enum answer (*may_assign)(const struct world *, struct sg_arena *,
				  const struct user *, const char *store,
				  struct sg_error *);
	/* YES: what came of it is known. Never from a cache; may write. */
	enum answer (*reserve)(const struct world *, struct sg_arena *,
			       struct reservation *, struct sg_error *);
};

/* One request's view: embed it in a struct of the implementation. */
struct world {
	const struct world_calls *calls;
	const struct policy *policy; /* in force; the request holds it */
	int64_t deadline; /* CLOCK_MONOTONIC, ms: answers come before it */
	bool may_wait; /* else WORLD_LATER instead of a call */
};

#endif
