#include "ledger.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "ledger_batch.h"

/* An owner whom somebody asks for; it goes with the last of them. */
struct owner {
	char *name;
	struct owner *next;
	pthread_cond_t changed;
	unsigned users;
	bool busy; /* one of them writes for all whom it found in the queue */
	struct waiting *first;
	struct ledger_known known; /* whose is busy */
};

struct ledger {
	struct api *api;
	struct ledger_counters *counters;
	unsigned most;
	pthread_mutex_t mutex;
	struct owner *owners;
};

struct ledger *ledger_new(struct api *api, struct ledger_counters *counters,
			  unsigned most)
{
	struct ledger *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->api = api;
	l->counters = counters;
	l->most = most;
	(void)pthread_mutex_init(&l->mutex, NULL);
	return l;
}

void ledger_free(struct ledger *l)
{
	if (!l)
		return;
	(void)pthread_mutex_destroy(&l->mutex);
	free(l);
}

/* --- owners and their queues; all of this under the lock --- */

static struct owner *owner_new(struct ledger *l, const char *name)
{
	struct owner *o = calloc(1, sizeof *o);
	if (!o)
		return NULL;
	(void)clock_condition(&o->changed);
	sg_arena_init(&o->known.arena);
	o->name = strdup(name);
	o->next = l->owners;
	l->owners = o;
	return o;
}

static void owner_free(struct ledger *l, struct owner *o)
{
	struct owner **at = &l->owners;
	while (*at != o)
		at = &(*at)->next;
	*at = o->next;
	sg_arena_release(&o->known.arena);
	(void)pthread_cond_destroy(&o->changed);
	free(o->name);
	free(o);
}

static struct owner *owner_take(struct ledger *l, const char *name)
{
	struct owner *o = l->owners;
	while (o && strcmp(o->name, name) != 0)
		o = o->next;
	if (!o)
		o = owner_new(l, name);
	if (o)
		o->users++;
	return o;
}

static void enqueue(struct owner *o, struct waiting *w)
{
	struct waiting **at = &o->first;
	while (*at)
		at = &(*at)->next;
	*at = w;
	w->next = NULL; /* it may have been in another batch before */
	w->queued = true;
}

static void leave_queue(struct owner *o, const struct waiting *w)
{
	struct waiting **at = &o->first;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

static bool has_time(const struct waiting *w)
{
	return w->deadline - clock_now() > LEDGER_SHORTEST_ATTEMPT;
}

/* All who have time: one who has not would take it from the others. */
static struct waiting *take_queue(struct owner *o)
{
	struct waiting *taken = NULL, **end = &taken;
	for (struct waiting **at = &o->first; *at;) {
		struct waiting *w = *at;
		if (!has_time(w)) {
			at = &w->next;
			continue;
		}
		*at = w->next;
		w->next = NULL;
		w->queued = false;
		*end = w;
		end = &w->next;
	}
	return taken;
}

static void lead(struct ledger *l, struct owner *o)
{
	o->busy = true;
	(void)pthread_mutex_unlock(&l->mutex);
	ledger_batch_give_way(&o->known, l->api);
	(void)pthread_mutex_lock(&l->mutex);
	struct waiting *first = take_queue(o);
	const struct ledger_batch batch = { l->api, l->counters, o->name,
					    &o->known, first };
	(void)pthread_mutex_unlock(&l->mutex);
	if (first)
		ledger_batch_run(&batch);
	(void)pthread_mutex_lock(&l->mutex);
	/* a follower may go, and its request with it, as soon as it is done */
	for (struct waiting *next; first; first = next) {
		next = first->next;
		first->done = true;
	}
	o->busy = false;
	(void)pthread_cond_broadcast(&o->changed);
}

/* Until it is done, or out of time while it is still in the queue. */
static void wait_for_turn(struct ledger *l, struct owner *o, struct waiting *w)
{
	int64_t deadline = w->deadline;
	const struct timespec end = clock_end(deadline);
	while (!w->done) {
		if (w->queued && !has_time(w))
			break;
		if (!o->busy)
			lead(l, o);
		else if (!w->queued)
			(void)pthread_cond_wait(&o->changed, &l->mutex);
		else if (pthread_cond_timedwait(&o->changed, &l->mutex, &end) &&
			 w->queued)
			break;
	}
}

/*
 * Until it is decided, or out of time: others of its batch may have had less. The error
 * says why it is not.
 */
static void take_turns(struct ledger *l, struct owner *o, struct waiting *w)
{
	do {
		w->done = false;
		enqueue(o, w);
		wait_for_turn(l, o, w);
	} while (w->done && w->call == CALL_UNKNOWN && has_time(w) &&
		 !api_pause(l->api, 0));
	if (w->done)
		return;
	leave_queue(o, w);
	sg_error_set(w->error, SG_IO, "too many requests of one owner at once");
}

/* Returns whether its turn came; the error says why not. */
static bool take_turn(struct ledger *l, const char *owner, struct waiting *w)
{
	(void)pthread_mutex_lock(&l->mutex);
	struct owner *o = owner_take(l, owner);
	if (!o || !o->name) {
		sg_error_memory(w->error);
	} else if (o->users > l->most) {
		sg_error_set(w->error, SG_IO,
			     "too many requests of one owner at once");
	} else {
		take_turns(l, o, w);
	}
	if (o && --o->users == 0)
		owner_free(l, o);
	(void)pthread_mutex_unlock(&l->mutex);
	return w->done;
}

static void count(struct ledger_counters *c, enum ledger_verdict verdict)
{
	static const enum ledger_count counts[] = {
		[LEDGER_UNKNOWN] = LEDGER_COUNT_UNKNOWN,
		[LEDGER_RESERVED] = LEDGER_COUNT_RESERVED,
		[LEDGER_FULL] = LEDGER_COUNT_FULL,
		[LEDGER_TOO_FAST] = LEDGER_COUNT_TOO_FAST,
	};
	if (verdict != LEDGER_NO_LIMIT)
		ledger_count(c, counts[verdict]);
}

void ledger_reserve(struct ledger *l, struct sg_arena *a,
		    const struct ledger_request *r, struct ledger_outcome *out,
		    struct sg_error *e)
{
	struct waiting w = { .deadline = r->deadline, .error = e, .request = r,
			     .arena = a, .out = out };
	*out = (struct ledger_outcome){ .verdict = LEDGER_UNKNOWN,
					 .hard = -1 };
	(void)take_turn(l, r->owner, &w);
	count(l->counters, out->verdict);
}

enum call ledger_amend(struct ledger *l, const char *owner, int64_t deadline,
		       ledger_change *change, void *context,
		       struct sg_error *e)
{
	struct waiting w = { .deadline = deadline, .error = e,
			     .change = change, .context = context };
	return take_turn(l, owner, &w) ? w.call : CALL_UNKNOWN;
}
