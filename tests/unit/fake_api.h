/*
 * An API server that a test makes: it defines api_call() on its own state, under
 * fake_lock; the rest of api.h is here. What is to come in pieces comes in odd ones.
 * Behind helpers.h.
 */
#ifndef SG_TEST_FAKE_API_H
#define SG_TEST_FAKE_API_H

#include <pthread.h>
#include <time.h>

#include "api.h"
#include "clock.h"

struct api {
	bool stopped;
	bool is_slow;
	int calls_left; /* as the test has it */
};

static pthread_mutex_t fake_lock = PTHREAD_MUTEX_INITIALIZER;

static void sleep_ms(int64_t ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000 };
	(void)nanosleep(&t, NULL);
}

static bool is_stopped(struct api *a)
{
	(void)pthread_mutex_lock(&fake_lock);
	bool stopped = a->stopped;
	(void)pthread_mutex_unlock(&fake_lock);
	return stopped;
}

bool api_pause(struct api *a, int64_t ms)
{
	for (int64_t until = clock_now() + ms; clock_now() < until; sleep_ms(2))
		if (is_stopped(a))
			return true;
	return is_stopped(a);
}

void api_stop(struct api *a)
{
	(void)pthread_mutex_lock(&fake_lock);
	a->stopped = true;
	(void)pthread_mutex_unlock(&fake_lock);
}

int api_stream(struct api *a, const struct api_request *r, api_piece piece,
	       void *context, int *status, struct sg_buffer *answer,
	       struct sg_error *e)
{
	cleanup_buffer struct sg_buffer all;
	sg_buffer_init(&all, SG_MAX_STREAM);
	if (api_call(a, r, status, &all, e))
		return -1;
	if (*status != 200)
		sg_buffer_append_part(answer, all.data, all.length);
	for (size_t at = 0, size = 1; *status == 200 && at < all.length;
	     at += size, size = size % 4099 + 977) {
		size = size < all.length - at ? size : all.length - at;
		if (piece(context, all.data + at, size) < 0)
			return sg_error_set(e, SG_IO, "was left");
	}
	return 0;
}

void api_escape(struct sg_buffer *path, const char *text)
{
	sg_buffer_puts(path, text);
}

int api_refused(const struct api_request *r, int status,
		const struct sg_buffer *answer, struct sg_error *e)
{
	(void)r;
	(void)answer;
	return sg_error_set(e, SG_IO, "refused with %d", status);
}

#endif
