/* Time that only goes forward, for deadlines; and the time of day. */
#ifndef SG_CLOCK_H
#define SG_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/* CLOCK_MONOTONIC in ms. */
static inline int64_t clock_now(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ms since 1970: for people, and between machines. */
static inline int64_t clock_wall(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A condition whose waits end by clock_now(). 0, or an errno. */
static inline int clock_condition(pthread_cond_t *c)
{
	pthread_condattr_t monotonic;
	int failed = pthread_condattr_init(&monotonic);
	if (failed)
		return failed;
	failed = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	if (!failed)
		failed = pthread_cond_init(c, &monotonic);
	(void)pthread_condattr_destroy(&monotonic);
	return failed;
}

/* When such a wait ends: a time as clock_now() tells it. */
static inline struct timespec clock_end(int64_t ms)
{
	return (struct timespec){ .tv_sec = ms / 1000,
				  .tv_nsec = ms % 1000 * 1000000 };
}

#endif
