/*
 * One candidate's claim to a Lease: to take it where it is free, keep it, and give it
 * up. What decides is said in leader.h. No thread: one calls at a time.
 */
#ifndef SG_CLAIM_H
#define SG_CLAIM_H

#include "lease.h"
#include "log.h"

struct claim {
	struct api *api;
	const char *name; /* of the Lease: NAMESPACE/NAME */
	const char *identity;
	int64_t promise; /* ms: how long it holds after each renewal */
	const struct log *log;

	struct lease lease;
	bool may_be_ours; /* it names us, or may */
	struct {
		char record[65]; /* "": none yet */
		bool is_held, is_ours;
		char holder[256]; /* for people */
		int64_t promise;  /* ms */
		int64_t since;	  /* clock_now() */
	} seen;
};

/* Texts, API and log are borrowed. SG_USAGE: the name is none. Release it in any case. */
int claim_init(struct claim *c, struct sg_error *e);
void claim_release(struct claim *c);

enum claim_result { CLAIM_HELD, CLAIM_HELD_BY_ANOTHER, CLAIM_FAILED };

/* Takes the Lease, or renews it. After a failure it may have been written all the same. */
enum claim_result claim_hold(struct claim *c, int64_t deadline,
			     struct sg_error *e);
/* Leaves it to others where it is ours, or may be, and says so in the log. */
void claim_give_up(struct claim *c, int64_t deadline);

#endif
