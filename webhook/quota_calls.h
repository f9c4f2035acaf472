/*
 * What the ledger asks of the API server. All reads are quorum reads: without
 * resourceVersion, never of a cache. All writes but the first of a StoreQuota are compare
 * and swap.
 */
#ifndef SG_QUOTA_CALLS_H
#define SG_QUOTA_CALLS_H

#include "call.h"
#include "quota.h"

/* `deadline`: CLOCK_MONOTONIC, ms. What is given out lives in the arena. */
enum call quota_get(struct api *api, struct sg_arena *a, const char *owner,
		    int64_t deadline, struct quota *out, struct sg_error *e);
/* Makes an owner's StoreQuota, without a status. CALL_CONFLICT: another has. */
enum call quota_create(struct api *api, struct sg_arena *a, const char *owner,
		       int64_t deadline, struct quota *out, struct sg_error *e);
/* Writes the status back; *out is what became of it. */
enum call quota_put(struct api *api, struct sg_arena *a, const struct quota *q,
		    int64_t deadline, struct quota *out, struct sg_error *e);
/*
 * Deletes it, if it is the one of that uid, counts nothing and has no limit of its own:
 * nobody may have written it since it was read for that. CALL_DONE also when it stays.
 */
enum call quota_delete_spare(struct api *api, struct sg_arena *a,
			     const char *owner, const char *uid,
			     int64_t deadline, struct sg_error *e);
/*
 * Adds all Stores of q's owner that exist, and q is seeded. To be called between
 * the read of q and its write, so that no reservation can come in between.
 */
enum call quota_seed(struct api *api, struct quota *q, int64_t deadline,
		     int64_t now, struct sg_error *e);

#endif
