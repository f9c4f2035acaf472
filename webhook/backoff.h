/*
 * How long to wait before trying again: twice as long after each failure, up to a
 * cap, and by chance less, so that many who failed together don't come back together.
 */
#ifndef SG_BACKOFF_H
#define SG_BACKOFF_H

#include <stdint.h>

struct backoff {
	unsigned failures; /* in a row */
};

/* ms. What the server asked for (Retry-After) is never undercut. */
int64_t backoff_next(struct backoff *b, int64_t asked);
static inline void backoff_reset(struct backoff *b)
{
	b->failures = 0;
}

#endif
