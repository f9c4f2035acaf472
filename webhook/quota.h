/*
 * A StoreQuota as data, and the steps of the ledger on it. No I/O: who calls reads the
 * object, takes a step, and writes it back as compare and swap on `version`.
 * tests/model checks the protocol that these steps make up; it calls them by their
 * names.
 *
 * Each reservation gets a number of its own, drawn from a counter of the object. So an
 * entry that is reserved again always differs from before (the API server makes no
 * new version of an identical object), and so does one that went and came back.
 */
#ifndef SG_QUOTA_H
#define SG_QUOTA_H

#include "tree.h"

/* How many Stores an owner can have at most, whatever the limit is. */
enum { QUOTA_MAX_ENTRIES = 1000 };
enum { QUOTA_TIME_SIZE = 21 }; /* 2026-01-02T03:04:05Z */

struct quota_entry {
	const char *name; /* the Store's */
	const char *uid;  /* of the Store; NULL when two creations are about */
	int64_t reservation;
	const char *reserved_at; /* RFC 3339, for people; may be NULL */
};

/* Texts live in the arena, or in the object that it was read from. */
struct quota {
	const char *name;
	const char *uid;     /* of the StoreQuota */
	const char *version; /* resourceVersion */
	const char *owner;
	int64_t override; /* spec.hard.stores; -1: none */
	bool deleting; /* it has a deletionTimestamp: what is written is lost */
	bool seeded; /* status.entries is there: it knows the owner's Stores */
	int64_t reservations; /* the number of the last one */
	struct quota_entry *entries;
	unsigned count;
	unsigned capacity;
	int64_t hard; /* status.hard, for people; -1: none */
	bool paced; /* tokens and refilled hold */
	int64_t tokens; /* thousandths of a creation */
	int64_t refilled; /* ms since 1970 */
	struct sg_arena *arena;
};

/*
 * Reads an object as the API server gives it; texts stay its own. SG_INVALID when
 * it has no owner or version, or its status is none that we wrote.
 */
int quota_read(struct sg_arena *a, const struct node *object, struct quota *out,
	       struct sg_error *e);
/* A time as in it (RFC 3339, UTC), in ms since 1970; 0 for none. */
int64_t quota_time(const char *text);
/* The same to seconds; what is no time becomes 1970. */
void quota_print_time(int64_t ms, char text[QUOTA_TIME_SIZE]);
/* Appends the object as it is to be put. */
void quota_write(const struct quota *q, struct sg_buffer *out);

/* Appends, as YAML, the object by which an owner may have so many. */
void quota_write_exception(struct sg_buffer *out, const char *owner,
			   int stores);

/* A copy that keeps nothing of the original, in the arena. -1 without memory. */
int quota_copy(struct sg_arena *a, const struct quota *q, struct quota *out,
	       struct sg_error *e);

const struct quota_entry *quota_find(const struct quota *q, const char *name);

enum quota_result {
	QUOTA_RESERVED,
	QUOTA_FULL,	/* no room for another Store */
	QUOTA_TOO_FAST, /* createsPerMinute: *wait says how long */
	QUOTA_NO_MEMORY,
};

struct quota_request {
	const char *name; /* the Store's */
	const char *uid;  /* of the Store; NULL: it has none yet */
	int64_t hard;	  /* the limit in force; -1: none */
	int64_t per_minute; /* 0: any number */
	int64_t now;	    /* ms since 1970 */
};

/*
 * A place for a Store: an entry of that name is reserved again, else there is one more,
 * if there is room. A second uid clears the entry's: of two creations of one name, the
 * end of one says nothing of the other. With per_minute it costs a token; without room
 * or tokens nothing changes. *wait gets ms. With a limit, q must be seeded; one that is
 * not gets no entries.
 */
enum quota_result quota_reserve(struct quota *q, const struct quota_request *r,
				int64_t *wait);
/*
 * A Store that exists, whatever the limit. false when it is there, when there is no
 * place for another entry, and without memory.
 */
bool quota_add(struct quota *q, const char *name, const char *uid, int64_t now);
/* The Store of exactly that uid is gone. false when no entry has it. */
bool quota_drop_uid(struct quota *q, const char *name, const char *uid);
/* A reservation led to nothing. false when it is not that one any more. */
bool quota_drop_entry(struct quota *q, const char *name, int64_t reservation);
/* The Store that came of a reservation. false as above, or when it is known. */
bool quota_identify(struct quota *q, const char *name, int64_t reservation,
		    const char *uid);

#endif
