#include "api_transfer.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "api_server.h"
#include "clock.h"

/* How long a new connection may take, where no deadline is nearer. */
enum { CONNECT_MS = 10000 };
/* How long the other side may leave bytes unconfirmed. */
enum { UNCONFIRMED_MS = 15000 };

/* A handle of libcurl's and its connections, used by one thread at a time. */
struct api_slot {
	CURL *easy;
	CURLM *multi;
	char why[CURL_ERROR_SIZE];
	struct api_slot *next;	    /* of all */
	struct api_slot *next_idle; /* the last used comes first */
};

struct api {
	struct api_server server;
	pthread_mutex_t mutex;
	pthread_cond_t stop;
	bool stopped;
	struct api_slot *all;
	struct api_slot *idle;
};

static pthread_once_t curl_once = PTHREAD_ONCE_INIT;

static void start_curl(void)
{
	(void)curl_global_init(CURL_GLOBAL_DEFAULT);
}

static struct api *api_new(void)
{
	struct api *a = calloc(1, sizeof *a);
	if (!a)
		return NULL;
	(void)pthread_once(&curl_once, start_curl);
	(void)pthread_mutex_init(&a->mutex, NULL);
	(void)clock_condition(&a->stop);
	return a;
}

int api_open(const char *kubeconfig, struct api **out, struct sg_error *e)
{
	struct api *a = api_new();
	if (!a)
		return sg_error_memory(e);
	struct kubeconfig *config = &a->server.config;
	if ((kubeconfig ? kubeconfig_read(kubeconfig, config, e) :
			  kubeconfig_in_cluster(config, e)) ||
	    api_server_resolve(&a->server, e)) {
		api_free(a);
		return -1;
	}
	*out = a;
	return 0;
}

static void slot_free(struct api_slot *s)
{
	curl_easy_cleanup(s->easy);
	if (s->multi)
		(void)curl_multi_cleanup(s->multi);
	free(s);
}

void api_free(struct api *a)
{
	if (!a)
		return;
	while (a->all) {
		struct api_slot *next = a->all->next;
		slot_free(a->all);
		a->all = next;
	}
	api_server_release(&a->server);
	(void)pthread_cond_destroy(&a->stop);
	(void)pthread_mutex_destroy(&a->mutex);
	free(a);
}

void api_stop(struct api *a)
{
	(void)pthread_mutex_lock(&a->mutex);
	a->stopped = true;
	for (struct api_slot *s = a->all; s; s = s->next)
		(void)curl_multi_wakeup(s->multi);
	(void)pthread_cond_broadcast(&a->stop);
	(void)pthread_mutex_unlock(&a->mutex);
}

static bool is_stopped(struct api *a)
{
	(void)pthread_mutex_lock(&a->mutex);
	bool stopped = a->stopped;
	(void)pthread_mutex_unlock(&a->mutex);
	return stopped;
}

bool api_pause(struct api *a, int64_t ms)
{
	int64_t until = clock_now() + (ms > 0 ? ms : 0);
	const struct timespec end = clock_end(until);
	(void)pthread_mutex_lock(&a->mutex);
	while (!a->stopped && clock_now() < until)
		(void)pthread_cond_timedwait(&a->stop, &a->mutex, &end);
	bool stopped = a->stopped;
	(void)pthread_mutex_unlock(&a->mutex);
	return stopped;
}

static struct api_slot *slot_new(struct api *a)
{
	struct api_slot *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->easy = curl_easy_init();
	s->multi = curl_multi_init();
	if (!s->easy || !s->multi) {
		slot_free(s);
		return NULL;
	}
	(void)pthread_mutex_lock(&a->mutex);
	s->next = a->all;
	a->all = s;
	(void)pthread_mutex_unlock(&a->mutex);
	return s;
}

static struct api_slot *slot_take(struct api *a)
{
	(void)pthread_mutex_lock(&a->mutex);
	struct api_slot *s = a->idle;
	if (s)
		a->idle = s->next_idle;
	(void)pthread_mutex_unlock(&a->mutex);
	return s ? s : slot_new(a);
}

static void slot_give(struct api *a, struct api_slot *s)
{
	curl_easy_reset(s->easy);
	(void)pthread_mutex_lock(&a->mutex);
	s->next_idle = a->idle;
	a->idle = s;
	(void)pthread_mutex_unlock(&a->mutex);
}

static void set_request(CURL *easy, const struct api_request *r)
{
	curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, r->method);
	if (!r->body)
		return;
	curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			 (curl_off_t)r->length);
	curl_easy_setopt(easy, CURLOPT_POSTFIELDS, r->body);
}

/* What is left until the deadline; 0 for a watch, which has none. */
static int set_times(struct transfer *t, struct sg_error *e)
{
	CURL *easy = t->slot->easy;
	int64_t left = t->request->deadline - clock_now();
	t->heard = clock_now();
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	if (t->is_watch)
		return 0;
	if (left <= 0)
		return sg_error_set(e, SG_IO, "no time is left");
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
			 (long)(left < INT32_MAX ? left : INT32_MAX));
	return 0;
}

static int prepare(struct api *a, struct transfer *t,
		   struct curl_slist **headers, struct sg_error *e)
{
	CURL *easy = t->slot->easy;
	t->slot->why[0] = '\0';
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, t->slot->why);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, t->body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, t->context);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, t->header);
	/* with data but no function, headers would go to the body's */
	curl_easy_setopt(easy, CURLOPT_HEADERDATA,
			 t->header ? t->context : NULL);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 20L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
	set_request(easy, t->request);
	return set_times(t, e) ||
			       api_server_set(&a->server, easy,
					      UNCONFIRMED_MS, t->request,
					      headers, e) ?
		       -1 :
		       0;
}

static bool is_quiet(struct transfer *t)
{
	t->was_quiet = t->quiet && clock_now() - t->heard >= t->quiet;
	return t->was_quiet;
}

/* Until the transfer ends by itself or by us; *result as libcurl has it. */
static int drive(struct api *a, struct transfer *t, CURLcode *result,
		 struct sg_error *e)
{
	CURLM *multi = t->slot->multi;
	int running = 1;
	while (running) {
		if (is_stopped(a))
			return sg_error_set(e, SG_IO, "this program stops");
		if (is_quiet(t))
			return sg_error_set(e, SG_IO,
					    "nothing came for %lld s",
					    (long long)t->quiet / 1000);
		CURLMcode code = curl_multi_perform(multi, &running);
		if (!code && running)
			code = curl_multi_poll(multi, NULL, 0, 1000, NULL);
		if (code)
			return sg_error_set(e, SG_IO, "%s",
					    curl_multi_strerror(code));
	}
	int left = 0;
	const CURLMsg *message = curl_multi_info_read(multi, &left);
	*result = message ? message->data.result : CURLE_FAILED_INIT;
	return 0;
}

/* How long it took makes each failure look new to who says each but once. */
static const char *without_time(char *why)
{
	char *after = strstr(why, " after ");
	const char *rest = after ? strstr(after, " ms: ") : NULL;
	if (rest)
		memmove(after, rest + 3, strlen(rest + 3) + 1);
	return why;
}

static int explain(const struct transfer *t, CURLcode result,
		   struct sg_error *e)
{
	if (result == CURLE_OPERATION_TIMEDOUT && !t->is_watch)
		return sg_error_set(e, SG_IO, "no whole answer in time");
	return sg_error_set(e, SG_IO, "%s",
			    t->slot->why[0] ? without_time(t->slot->why) :
					      curl_easy_strerror(result));
}

static int perform(struct api *a, struct transfer *t, struct sg_error *e)
{
	struct api_slot *s = t->slot;
	struct curl_slist *headers = NULL;
	CURLcode result = CURLE_OK;
	curl_off_t retry = 0;
	int failed = prepare(a, t, &headers, e);
	if (!failed) {
		if (curl_multi_add_handle(s->multi, s->easy))
			failed = sg_error_memory(e);
		else
			failed = drive(a, t, &result, e);
		t->status = transfer_status(t);
		curl_easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &retry);
		t->retry_after = retry < 3600 ? (int64_t)retry * 1000 : 3600000;
		(void)curl_multi_remove_handle(s->multi, s->easy);
		if (!failed && result)
			failed = explain(t, result, e);
	}
	curl_slist_free_all(headers);
	return failed;
}

int transfer_run(struct api *a, struct transfer *t, struct sg_error *e)
{
	t->slot = slot_take(a);
	if (!t->slot)
		return sg_error_memory(e);
	int failed = perform(a, t, e);
	slot_give(a, t->slot);
	t->slot = NULL;
	return failed ? transfer_context(t->request, e) : 0;
}

void transfer_heard(struct transfer *t)
{
	t->heard = clock_now();
}

int transfer_status(const struct transfer *t)
{
	long status = 0;
	curl_easy_getinfo(t->slot->easy, CURLINFO_RESPONSE_CODE, &status);
	return (int)status;
}

int transfer_context(const struct api_request *r, struct sg_error *e)
{
	return sg_error_context(e, "%s %.300s", r->method, r->path);
}

/* libcurl takes anything but `count` as a failure to write. */
static size_t take_body(char *bytes, size_t size, size_t count, void *context)
{
	struct sg_buffer *answer = context;
	sg_buffer_append(answer, bytes, size * count);
	return answer->over_cap || answer->no_memory ? 0 : size * count;
}

/* What is common to both calls, and to their failures. */
static int call(struct api *a, struct transfer *t, int *status,
		const struct sg_buffer *answer, struct sg_error *e)
{
	int failed = transfer_run(a, t, e);
	*status = t->status;
	if (t->request->retry_after)
		*t->request->retry_after = t->retry_after;
	if (sg_buffer_check(answer, e)) {
		sg_error_context(e, "the answer");
		return transfer_context(t->request, e);
	}
	return failed ? -1 : 0;
}

int api_call(struct api *a, const struct api_request *r, int *status,
	     struct sg_buffer *answer, struct sg_error *e)
{
	struct transfer t = { .request = r,
			      .body = take_body,
			      .context = answer };
	return call(a, &t, status, answer, e);
}

/* --- answers in pieces --- */

struct stream {
	struct transfer transfer;
	api_piece piece;
	void *context;
	struct sg_buffer *answer;
};

static size_t take_piece(char *bytes, size_t size, size_t count, void *context)
{
	struct stream *s = context;
	if (transfer_status(&s->transfer) != 200)
		return take_body(bytes, size, count, s->answer);
	return s->piece(s->context, bytes, size * count) < 0 ? 0 : size * count;
}

int api_stream(struct api *a, const struct api_request *r, api_piece piece,
	       void *context, int *status, struct sg_buffer *answer,
	       struct sg_error *e)
{
	struct stream s = { .transfer = { .request = r, .body = take_piece },
			    .piece = piece,
			    .context = context,
			    .answer = answer };
	s.transfer.context = &s;
	return call(a, &s.transfer, status, answer, e);
}
