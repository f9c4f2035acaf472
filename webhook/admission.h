/*
 * The gate: what each endpoint does with a request. Pure but for the world: no I/O,
 * no globals. A refusal lists everything that is wrong at once.
 */
#ifndef SG_ADMISSION_H
#define SG_ADMISSION_H

#include "world.h"

enum endpoint {
	ENDPOINT_MUTATE_STORE,
	ENDPOINT_VALIDATE_STORE,
	ENDPOINT_VALIDATE_NAMESPACE,
	ENDPOINT_VALIDATE_STOREPOLICY,
};

/*
 * Decides on one review; the verdict is begun with verdict_init(). false when the
 * world needs to wait and may not: nothing is decided then, ask again with may_wait.
 * A world that can't answer makes a refusal with 503 and Retry-After, unless
 * something else is wrong anyway. An arena without memory makes one with 500.
 *
 * Audit annotations: decision (allowed or refused), reason (why allowed, or the fields
 * that are refused), of Stores owner and new-owner where it changes, and defaulted.
 */
bool admission_decide(const struct world *w, enum endpoint endpoint,
		      const struct review *r, struct verdict *v);

#endif
