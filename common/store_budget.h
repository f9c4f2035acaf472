/*
 * How large a Store's values may be. Everybody who lists Stores carries them along, and
 * an ApplicationSet's Application holds them a dozen times over, in one object.
 */
#ifndef SG_STORE_BUDGET_H
#define SG_STORE_BUDGET_H

#include "violations.h"
#include "tree.h"

struct store_size {
	size_t bytes; /* as JSON, as the API server writes it */
	size_t values; /* and keys */
};

/* Of spec.values, sealed or not; NULL: 0. */
struct store_size store_measure(const struct node *values);
/* Whether it is more than SG_MAX_VALUES_BYTES or SG_MAX_VALUES. */
bool store_size_is_over(const struct store_size *s);
/* That are more, and more than those before, if there were any. */
void store_check_size(const struct node *values, const struct node *before,
		      struct violations *v);

#endif
