#include "leader.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "claim.h"
#include "clock.h"

enum {
	LEASE_MS = 15000,
	RENEW_MS = 10000,
	RETRY_MS = 2000,
	RELEASE_MS = 3000,
	SLOW_MS = 5000,
};

/* What is led: its thread runs from leading's begin to its end. */
enum term { TERM_NONE, TERM_LEADS, TERM_ENDS, TERM_ENDED };

struct leader {
	struct leader_options options;
	pthread_t thread;

	/* what follows is that thread's */
	struct claim claim;
	char complaint[SG_MAX_MESSAGE]; /* logged last */
	pthread_t term_thread;

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t changed;
	bool stopping;
	enum term term;
	int64_t good_until; /* clock_now() */
};

/* --- shared between the threads -------------------------------------------------- */

static void lock(const struct leader *l)
{
	(void)pthread_mutex_lock((pthread_mutex_t *)(uintptr_t)&l->mutex);
}

static void unlock(const struct leader *l)
{
	(void)pthread_mutex_unlock((pthread_mutex_t *)(uintptr_t)&l->mutex);
}

bool leader_leads(const struct leader *l)
{
	lock(l);
	bool leads = l->term == TERM_LEADS && !l->stopping &&
		     clock_now() < l->good_until;
	unlock(l);
	return leads;
}

/* A call can take longer than it may, as when this process is halted in it. */
static bool may_lead(struct leader *l)
{
	lock(l);
	bool may = !l->stopping && clock_now() < l->good_until;
	unlock(l);
	return may;
}

static void set_term(struct leader *l, enum term term)
{
	lock(l);
	l->term = term;
	(void)pthread_cond_broadcast(&l->changed);
	unlock(l);
}

/* Until then, or until it is to stop, which it returns. */
static bool pause_until(struct leader *l, int64_t until)
{
	const struct timespec end = clock_end(until);
	lock(l);
	while (!l->stopping && clock_now() < until)
		(void)pthread_cond_timedwait(&l->changed, &l->mutex, &end);
	bool stopping = l->stopping;
	unlock(l);
	return stopping;
}

/* --- the Lease ------------------------------------------------------------------- */

static int64_t held_until(struct leader *l)
{
	lock(l);
	int64_t until = l->good_until;
	unlock(l);
	return until;
}

static void complain(struct leader *l, const struct sg_error *e)
{
	if (strcmp(l->complaint, e->message) == 0)
		return;
	memcpy(l->complaint, e->message, sizeof l->complaint);
	log_event(l->options.log, LOG_LEVEL_WARNING,
		  "the Lease can't be read or written",
		  log_text("lease", l->options.lease),
		  log_text("error", e->message));
}

/* Takes the Lease, or renews it, by then at the latest. */
static enum claim_result hold(struct leader *l, int64_t until)
{
	struct sg_error e = { 0 };
	int64_t sent = clock_now();
	int64_t deadline = sent + l->options.renew_ms / 2;
	enum claim_result result =
		claim_hold(&l->claim, deadline < until ? deadline : until, &e);
	if (result == CLAIM_FAILED)
		complain(l, &e);
	else
		l->complaint[0] = '\0';
	if (result != CLAIM_HELD)
		return result;
	lock(l);
	l->good_until = sent + l->options.renew_ms;
	unlock(l);
	return CLAIM_HELD;
}

/*
 * One renewal of what is still good. NULL, or why it no longer is. What failed may
 * succeed next time, as long as there is time.
 */
static const char *renew(struct leader *l)
{
	int64_t until = held_until(l);
	if (clock_now() < until && hold(l, until) == CLAIM_HELD_BY_ANOTHER)
		return "another holds the Lease";
	return clock_now() < held_until(l) ? NULL :
					     "the Lease was not renewed in time";
}

/* --- what is led ------------------------------------------------------------------ */

static void *serve_term(void *context)
{
	struct leader *l = context;
	const struct leader_options *o = &l->options;
	if (o->start)
		o->start(o->context);
	lock(l);
	while (l->term == TERM_LEADS)
		(void)pthread_cond_wait(&l->changed, &l->mutex);
	unlock(l);
	if (o->stop)
		o->stop(o->context);
	set_term(l, TERM_ENDED);
	return NULL;
}

static int begin_term(struct leader *l)
{
	set_term(l, TERM_LEADS);
	int failed = pthread_create(&l->term_thread, NULL, serve_term, l);
	if (!failed) {
		log_event(l->options.log, LOG_LEVEL_INFO, "leading",
			  log_text("lease", l->options.lease),
			  log_text("identity", l->options.identity),
			  log_number("transitions", l->claim.lease.transitions));
		return 0;
	}
	set_term(l, TERM_NONE);
	log_event(l->options.log, LOG_LEVEL_ERROR,
		  "cannot start a thread to lead in",
		  log_text("error", strerror(failed)));
	return -1;
}

/* Whether it has ended by then. */
static bool await_term(struct leader *l, int64_t until)
{
	const struct timespec end = clock_end(until);
	lock(l);
	while (l->term != TERM_ENDED && clock_now() < until)
		(void)pthread_cond_timedwait(&l->changed, &l->mutex, &end);
	bool ended = l->term == TERM_ENDED;
	unlock(l);
	return ended;
}

/* Until everything has ended, however long that takes. */
static void end_term(struct leader *l, const char *lost)
{
	int64_t begun = clock_now(), said = begun;
	log_event(l->options.log, lost ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		  "no longer leading", log_text("lease", l->options.lease),
		  log_text("reason", lost ? lost : "this process ends"));
	set_term(l, TERM_ENDS);
	while (!await_term(l, clock_now() + l->options.retry_ms)) {
		if (!lost)
			lost = renew(l);
		if (clock_now() - said < SLOW_MS)
			continue;
		said = clock_now();
		log_event(l->options.log, LOG_LEVEL_WARNING,
			  lost ? "what was led has not ended, and another may lead" :
				 "what was led has not ended, and nobody else leads",
			  log_number("ms", said - begun));
	}
	(void)pthread_join(l->term_thread, NULL);
	set_term(l, TERM_NONE);
}

static void lead(struct leader *l)
{
	const char *lost = NULL;
	if (begin_term(l)) {
		claim_give_up(&l->claim, clock_now() + RELEASE_MS);
		return;
	}
	while (!lost) {
		int64_t next = clock_now() + l->options.retry_ms;
		int64_t until = held_until(l);
		if (pause_until(l, next < until ? next : until))
			break;
		lost = renew(l);
	}
	end_term(l, lost);
}

/* --- the thread -------------------------------------------------------------------- */

static void *run(void *context)
{
	struct leader *l = context;
	const uint32_t retry = (uint32_t)l->options.retry_ms;
	do {
		if (hold(l, INT64_MAX) == CLAIM_HELD && may_lead(l))
			lead(l);
	} while (!pause_until(l, clock_now() + retry / 2 +
					 arc4random_uniform(retry / 2 + 1)));
	claim_give_up(&l->claim, clock_now() + RELEASE_MS);
	return NULL;
}

static void release_all(struct leader *l)
{
	claim_release(&l->claim);
	(void)pthread_cond_destroy(&l->changed);
	(void)pthread_mutex_destroy(&l->mutex);
	free(l);
}

static void set_defaults(struct leader_options *o)
{
	o->lease_ms = o->lease_ms ? o->lease_ms : LEASE_MS;
	o->renew_ms = o->renew_ms ? o->renew_ms : RENEW_MS;
	o->retry_ms = o->retry_ms ? o->retry_ms : RETRY_MS;
}

int leader_start(const struct leader_options *o, struct leader **out,
		 struct sg_error *e)
{
	struct leader *l = calloc(1, sizeof *l);
	if (!l)
		return sg_error_memory(e);
	l->options = *o;
	set_defaults(&l->options);
	l->claim = (struct claim){ .api = o->api,
				   .name = o->lease,
				   .identity = o->identity,
				   .promise = l->options.lease_ms,
				   .log = o->log };
	(void)pthread_mutex_init(&l->mutex, NULL);
	(void)clock_condition(&l->changed);
	int failed = claim_init(&l->claim, e);
	if (!failed) {
		failed = pthread_create(&l->thread, NULL, run, l);
		if (failed)
			sg_error_set(e, SG_IO, "cannot start a thread: %s",
				     strerror(failed));
	}
	if (failed) {
		release_all(l);
		return -1;
	}
	*out = l;
	return 0;
}

void leader_stop(struct leader *l)
{
	if (!l)
		return;
	lock(l);
	l->stopping = true;
	(void)pthread_cond_broadcast(&l->changed);
	unlock(l);
}

void leader_free(struct leader *l)
{
	if (!l)
		return;
	leader_stop(l);
	(void)pthread_join(l->thread, NULL);
	release_all(l);
}
