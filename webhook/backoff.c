#include "backoff.h"

#include <stdlib.h>

/* ms */
enum { FIRST = 400, MOST = 10000 };

int64_t backoff_next(struct backoff *b, int64_t asked)
{
	uint32_t span = FIRST;
	for (unsigned i = 0; i < b->failures && span < MOST; i++)
		span *= 2;
	if (span > MOST)
		span = MOST;
	if (b->failures < 100)
		b->failures++;
	int64_t wait = span / 2 + arc4random_uniform(span / 2 + 1);
	return wait > asked ? wait :
			      asked + arc4random_uniform(FIRST);
}
