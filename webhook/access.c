#include "access.h"

#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "access_cache.h"
#include "cleanup.h"
#include "clock.h"
#include "json.h"

#define REVIEWS "/apis/authorization.k8s.io/v1/subjectaccessreviews"

/* A question on its way; others with the same key wait for it. */
struct asking {
	struct access_key key;
	struct asking *next;
};

struct access {
	struct api *api;
	pthread_mutex_t mutex;
	pthread_cond_t answered;
	struct access_cache cache;
	struct asking *asking;
};

struct access *access_new(struct api *api)
{
	struct access *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	a->api = api;
	(void)pthread_mutex_init(&a->mutex, NULL);
	(void)clock_condition(&a->answered);
	return a;
}

void access_free(struct access *a)
{
	if (!a)
		return;
	(void)pthread_cond_destroy(&a->answered);
	(void)pthread_mutex_destroy(&a->mutex);
	free(a);
}

static void write_field(struct sg_buffer *out, const char *name,
			const char *text)
{
	sg_buffer_printf(out, "\"%s\":", name);
	json_write_string(out, text);
}

static void write_groups(struct sg_buffer *out, const struct strings *groups)
{
	sg_buffer_puts(out, ",\"groups\":[");
	for (unsigned i = 0; i < groups->count; i++) {
		if (i)
			sg_buffer_putc(out, ',');
		json_write_string(out, groups->items[i]);
	}
	sg_buffer_putc(out, ']');
}

/* The question; equal ones are equal texts. */
static void write_review(struct sg_buffer *out, const struct user *user,
			 const char *store)
{
	sg_buffer_puts(out, "{\"apiVersion\":\"authorization.k8s.io/v1\","
			    "\"kind\":\"SubjectAccessReview\",\"spec\":{");
	write_field(out, "user", user->name);
	if (user->uid) {
		sg_buffer_putc(out, ',');
		write_field(out, "uid", user->uid);
	}
	write_groups(out, &user->groups);
	if (user->extra) {
		sg_buffer_puts(out, ",\"extra\":");
		json_write(out, user->extra);
	}
	sg_buffer_puts(out, ",\"resourceAttributes\":{\"group\":\"urumi.io\","
			    "\"version\":\"v1\",\"resource\":\"stores\","
			    "\"verb\":\"assign\",");
	write_field(out, "name", store);
	sg_buffer_puts(out, "}}}");
}

static int make_key(const struct sg_buffer *review, struct access_key *key,
		    struct sg_error *e)
{
	unsigned size = 0;
	if (!EVP_Digest(review->data, review->length, key->bytes, &size,
			EVP_sha256(), NULL) ||
	    size != sizeof key->bytes)
		return sg_error_memory(e);
	return 0;
}

/* 0 with *allowed, or -1. */
static int ask(struct access *a, const struct sg_buffer *review,
	       int64_t deadline, bool *allowed, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer answer;
	cleanup_arena struct sg_arena arena;
	struct node *root = NULL;
	int status = 0;
	const struct api_request request = { .method = "POST",
					     .path = REVIEWS,
					     .body = review->data,
					     .length = review->length,
					     .deadline = deadline };
	sg_buffer_init(&answer, SG_MIB);
	sg_arena_init(&arena);
	if (api_call(a->api, &request, &status, &answer, e))
		return -1;
	if (status != 201 && status != 200)
		return api_refused(&request, status, &answer, e);
	if (json_parse(answer.data ? answer.data : "", answer.length, &arena,
		       &root, e))
		return sg_error_context(e, "POST " REVIEWS);
	const struct node *verdict =
		node_path(root, "status", "allowed", NULL);
	*allowed = node_is(verdict, "true");
	if (*allowed || node_is(verdict, "false"))
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "POST " REVIEWS ": the answer does not say whether it is allowed");
}

/* --- one question at a time; all of this under the lock --- */

static struct asking **find_asking(struct access *a,
				   const struct access_key *key)
{
	struct asking **at = &a->asking;
	while (*at && memcmp(&(*at)->key, key, sizeof *key) != 0)
		at = &(*at)->next;
	return at;
}

/* Until nobody asks for that key any more. false when time is over. */
static bool wait_for_others(struct access *a, const struct access_key *key,
			    int64_t deadline)
{
	const struct timespec end = clock_end(deadline);
	while (*find_asking(a, key))
		if (clock_now() >= deadline ||
		    pthread_cond_timedwait(&a->answered, &a->mutex, &end))
			return !*find_asking(a, key);
	return true;
}

static enum answer ask_once(struct access *a, const struct access_key *key,
			    const struct sg_buffer *review, int64_t deadline,
			    struct sg_error *e)
{
	struct asking mine = { .key = *key, .next = a->asking };
	bool allowed = false;
	a->asking = &mine;
	(void)pthread_mutex_unlock(&a->mutex);
	int failed = ask(a, review, deadline, &allowed, e);
	(void)pthread_mutex_lock(&a->mutex);
	*find_asking(a, key) = mine.next;
	(void)pthread_cond_broadcast(&a->answered);
	if (failed)
		return WORLD_UNKNOWN;
	access_cache_keep(&a->cache, key, allowed, clock_now());
	return allowed ? WORLD_YES : WORLD_NO;
}

static enum answer look(struct access *a, const struct access_key *key,
			const struct sg_buffer *review, int64_t deadline,
			bool may_wait, struct sg_error *e)
{
	for (;;) {
		switch (access_cache_find(&a->cache, key, clock_now())) {
		case ACCESS_YES:
			return WORLD_YES;
		case ACCESS_NO:
			return WORLD_NO;
		case ACCESS_UNKNOWN:
			break;
		}
		if (!may_wait)
			return WORLD_LATER;
		if (!*find_asking(a, key))
			return ask_once(a, key, review, deadline, e);
		if (!wait_for_others(a, key, deadline)) {
			sg_error_set(e, SG_IO,
				     "POST " REVIEWS ": no answer in time");
			return WORLD_UNKNOWN;
		}
	}
}

enum answer access_may_assign(struct access *a, const struct user *user,
			      const char *store, int64_t deadline,
			      bool may_wait, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer review;
	struct access_key key;
	sg_buffer_init(&review, SG_MIB);
	write_review(&review, user, store);
	if (sg_buffer_check(&review, e) || make_key(&review, &key, e))
		return WORLD_UNKNOWN;
	(void)pthread_mutex_lock(&a->mutex);
	enum answer answer = look(a, &key, &review, deadline, may_wait, e);
	(void)pthread_mutex_unlock(&a->mutex);
	return answer;
}
