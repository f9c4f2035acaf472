/*
 * StoreQuotas as this replica sees them, and since when each of their entries has been
 * as it is, by this replica's own clock that only goes forward. Fed by an informer. What is told of it is a
 * hint where to look: nothing is ever decided by it.
 */
#ifndef SG_QUOTAS_H
#define SG_QUOTAS_H

#include "informer.h"
#include "quota.h"

struct quotas;

/* NULL without memory. StoreQuotas that can count for nobody are told to the log. */
struct quotas *quotas_new(const struct log *log);
void quotas_free(struct quotas *q);
struct informer_sink quotas_sink(struct quotas *q);

/* An entry as it was seen. Valid during the call that gives it. */
struct quota_sight {
	const char *quota_uid; /* of the StoreQuota, which may be made anew */
	const char *owner;
	const char *name;
	bool has_uid;
	int64_t reservation;
	int64_t age; /* ms since it was first seen like that */
};

/* Each entry of all, under no lock. */
void quotas_each(struct quotas *q, int64_t now,
		 void (*tell)(void *context, const struct quota_sight *s),
		 void *context);

/* Whether the owner has a ledger which lacks that Store, and has room for it. */
bool quotas_misses(struct quotas *q, const char *owner, const char *store);

/* Those whose status shows another limit than their spec; tell() must not call back. */
void quotas_each_outdated(struct quotas *q,
			  void (*tell)(void *context, const char *owner),
			  void *context);

/*
 * Those that have had no entry, no reservation and no limit of their own since `before`
 * (CLOCK_MONOTONIC, ms); tell() must not call back.
 */
void quotas_each_spare(struct quotas *q, int64_t before,
		       void (*tell)(void *context, const char *owner,
				    const char *uid),
		       void *context);

#endif
