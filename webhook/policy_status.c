#include "policy_status.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "cleanup.h"
#include "clock.h"
#include "json.h"
#include "object_read.h"

#define CONDITION "InForce"
#define PATH                                                                   \
	"/apis/urumi.io/v1/storepolicies/" POLICIES_NAME                       \
	"/status?fieldManager=storeguard-webhook&force=true"

enum { CALL_MS = 10000, ID_SIZE = 64 };

/* What is to be written, and on what it was decided. */
struct wanted {
	char uid[ID_SIZE];
	char version[ID_SIZE];
	int64_t generation;
	bool in_force;
	int64_t kept; /* the generation whose policy is kept; 0: none is */
	char *policy; /* its text, or NULL; owned by policy_status.wanted */
	char since[32]; /* the transition to it; "": now */
	char message[SG_MAX_MESSAGE + 256];
};

struct policy_status {
	struct api *api;
	struct policies *policies;
	const struct log *log;
	pthread_t thread;
	char complaint[SG_MAX_MESSAGE]; /* the thread's own: logged last */

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	bool stopping;
	bool is_pending;
	struct wanted wanted;
	char written_uid[ID_SIZE]; /* what we have written about */
	int64_t written_generation;
};

/* --- noting: the informer's thread ------------------------------------------- */

static void copy(char *to, size_t size, const struct node *mapping,
		 const char *key)
{
	(void)snprintf(to, size, "%s", object_text(mapping, key));
}

/* The newest that was accepted: ours, unless another replica knows better. */
static int decide_kept(struct policy_status *s, const struct node *object,
		       struct wanted *w)
{
	const struct node *kept = node_path(object, "status", "accepted", NULL);
	const char *text = object_text(kept, "policy");
	struct policy_hold *h = policies_hold(s->policies);
	w->kept = *text ? object_number(kept, "generation", 0) : 0;
	if (h && policy_held_text(h) && policy_held_generation(h) > w->kept) {
		w->kept = policy_held_generation(h);
		text = policy_held_text(h);
	}
	w->policy = w->kept ? strdup(text) : NULL;
	policies_release(h);
	return w->kept && !w->policy ? -1 : 0;
}

static void write_message(struct wanted *w, int64_t followed, const char *why)
{
	const char *unkept = followed > w->kept ?
				     "; it is too large to be kept for replicas that start while a later one is broken" :
				     "";
	if (w->in_force)
		(void)snprintf(w->message, sizeof w->message,
			       "generation %" PRId64 " is in force%s", followed,
			       unkept);
	else if (followed == POLICIES_NONE)
		(void)snprintf(w->message, sizeof w->message,
			       "%s; no policy is in force, and no Store is made or changed until this one is put right",
			       why);
	else
		(void)snprintf(w->message, sizeof w->message,
			       "%s; generation %" PRId64 " stays in force%s",
			       why, followed, unkept);
}

/* -1 without memory: nothing is said rather than less than was. */
static int decide(struct policy_status *s, const struct node *object,
		  const struct node *condition, struct wanted *w)
{
	const struct node *metadata = node_get(object, "metadata");
	char why[SG_MAX_MESSAGE];
	int64_t followed = 0;
	*w = (struct wanted){ .generation = object_number(
				      metadata, "generation", 0) };
	copy(w->uid, sizeof w->uid, metadata, "uid");
	copy(w->version, sizeof w->version, metadata, "resourceVersion");
	policies_state(s->policies, &followed, why, sizeof why);
	w->in_force = !*why;
	if (node_is(node_get(condition, "status"),
		    w->in_force ? "True" : "False"))
		copy(w->since, sizeof w->since, condition,
		     "lastTransitionTime");
	if (decide_kept(s, object, w))
		return -1;
	write_message(w, followed, why);
	return 0;
}

/* Under the lock. */
static bool is_to_be_written(const struct policy_status *s,
			     const struct node *object,
			     const struct node *condition,
			     const struct wanted *w)
{
	const struct node *kept = node_path(object, "status", "accepted", NULL);
	if (!condition ||
	    object_number(condition, "observedGeneration", 0) != w->generation)
		return true;
	bool has_status = *w->since != '\0';
	if (has_status && object_number(kept, "generation", 0) >= w->kept)
		return false;
	return w->generation != s->written_generation ||
	       strcmp(w->uid, s->written_uid) != 0;
}

static void note(struct policy_status *s, const struct node *object)
{
	const struct node *condition = object_condition(object, CONDITION);
	struct wanted w;
	if (decide(s, object, condition, &w))
		return;
	(void)pthread_mutex_lock(&s->mutex);
	s->is_pending = is_to_be_written(s, object, condition, &w);
	free(s->wanted.policy);
	s->wanted = w;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->mutex);
}

static void set(void *context, const struct node *object)
{
	struct policy_status *s = context;
	if (node_is(node_path(object, "metadata", "name", NULL), POLICIES_NAME))
		note(s, object);
}

struct informer_sink policy_status_sink(struct policy_status *s)
{
	return (struct informer_sink){ .set = set, .context = s };
}

/* --- writing: our own thread -------------------------------------------------- */

static void write_field(struct sg_buffer *out, const char *key, const char *text)
{
	sg_buffer_printf(out, ",\"%s\":", key);
	json_write_string(out, text);
}

static void write_patch(const struct wanted *w, struct sg_buffer *out)
{
	char now[OBJECT_TIME_SIZE];
	(void)object_time_print(clock_wall() / 1000, now);
	sg_buffer_puts(out, "{\"apiVersion\":\"urumi.io/v1\",\"kind\":\"StorePolicy\","
			    "\"metadata\":{\"name\":\"" POLICIES_NAME "\"");
	write_field(out, "uid", w->uid);
	write_field(out, "resourceVersion", w->version);
	sg_buffer_printf(out, "},\"status\":{\"observedGeneration\":%" PRId64,
			 w->generation);
	if (w->policy) {
		sg_buffer_printf(out, ",\"accepted\":{\"generation\":%" PRId64,
				 w->kept);
		write_field(out, "policy", w->policy);
		sg_buffer_putc(out, '}');
	}
	sg_buffer_printf(out, ",\"conditions\":[{\"type\":\"" CONDITION
			      "\",\"observedGeneration\":%" PRId64,
			 w->generation);
	write_field(out, "status", w->in_force ? "True" : "False");
	write_field(out, "reason", w->in_force ? "Accepted" : "Invalid");
	write_field(out, "message", w->message);
	write_field(out, "lastTransitionTime", *w->since ? w->since : now);
	sg_buffer_puts(out, "}]}}");
}

enum outcome {
	WRITTEN,
	OVERTAKEN, /* it is another object by now: the watch will tell */
	FAILED,
};

static enum outcome write_status(struct policy_status *s,
				 const struct sg_buffer *body,
				 int64_t *retry_after, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer answer;
	int status = 0;
	sg_buffer_init(&answer, SG_MAX_ANSWER);
	if (sg_buffer_check(body, e))
		return FAILED;
	const struct api_request request = {
		.method = "PATCH",
		.path = PATH,
		.content_type = "application/apply-patch+yaml",
		.body = body->data,
		.length = body->length,
		.deadline = clock_now() + CALL_MS,
		.retry_after = retry_after,
	};
	if (api_call(s->api, &request, &status, &answer, e))
		return FAILED;
	if (status == 200)
		return WRITTEN;
	if (status == 404 || status == 409)
		return OVERTAKEN;
	(void)api_refused(&request, status, &answer, e);
	return FAILED;
}

/* Waits for what is to be written, which is then in `body`. false when all is over. */
static bool next(struct policy_status *s, struct wanted *w,
		 struct sg_buffer *body)
{
	(void)pthread_mutex_lock(&s->mutex);
	while (!s->is_pending && !s->stopping)
		(void)pthread_cond_wait(&s->changed, &s->mutex);
	*w = s->wanted;
	w->policy = NULL;
	bool go_on = !s->stopping;
	sg_buffer_clear(body);
	if (go_on)
		write_patch(&s->wanted, body);
	(void)pthread_mutex_unlock(&s->mutex);
	return go_on;
}

static void done(struct policy_status *s, const struct wanted *w, bool written)
{
	(void)pthread_mutex_lock(&s->mutex);
	if (strcmp(s->wanted.version, w->version) == 0)
		s->is_pending = false;
	if (written) {
		memcpy(s->written_uid, w->uid, sizeof w->uid);
		s->written_generation = w->generation;
	}
	(void)pthread_mutex_unlock(&s->mutex);
}

static void complain(struct policy_status *s, const struct sg_error *e)
{
	if (strcmp(s->complaint, e->message) == 0)
		return;
	memcpy(s->complaint, e->message, sizeof s->complaint);
	log_event(s->log, LOG_LEVEL_WARNING,
		  "the condition " CONDITION " of StorePolicy " POLICIES_NAME
		  " is not written",
		  log_text("error", e->message));
}

static void *run(void *context)
{
	struct policy_status *s = context;
	struct backoff backoff = { 0 };
	struct wanted w;
	cleanup_buffer struct sg_buffer body;
	sg_buffer_init(&body, SG_MIB);
	while (next(s, &w, &body)) {
		struct sg_error e = { 0 };
		int64_t retry_after = 0;
		enum outcome outcome = write_status(s, &body, &retry_after, &e);
		if (outcome != FAILED) {
			done(s, &w, outcome == WRITTEN);
			backoff_reset(&backoff);
			s->complaint[0] = '\0';
		} else if (!api_pause(s->api, 0)) {
			complain(s, &e);
			(void)api_pause(s->api,
					backoff_next(&backoff, retry_after));
		}
	}
	return NULL;
}

/* --- both --------------------------------------------------------------------- */

int policy_status_start(struct api *api, struct policies *policies,
			const struct log *log, struct policy_status **out,
			struct sg_error *e)
{
	cleanup_free struct policy_status *s = calloc(1, sizeof *s);
	if (!s)
		return sg_error_memory(e);
	s->api = api;
	s->policies = policies;
	s->log = log;
	(void)pthread_mutex_init(&s->mutex, NULL);
	(void)pthread_cond_init(&s->changed, NULL);
	int failed = pthread_create(&s->thread, NULL, run, s);
	if (failed)
		return sg_error_set(e, SG_IO, "cannot start a thread: %s",
				    strerror(failed));
	*out = steal(&s);
	return 0;
}

void policy_status_free(struct policy_status *s)
{
	if (!s)
		return;
	(void)pthread_mutex_lock(&s->mutex);
	s->stopping = true;
	(void)pthread_cond_signal(&s->changed);
	(void)pthread_mutex_unlock(&s->mutex);
	(void)pthread_join(s->thread, NULL);
	(void)pthread_cond_destroy(&s->changed);
	(void)pthread_mutex_destroy(&s->mutex);
	free(s->wanted.policy);
	free(s);
}
