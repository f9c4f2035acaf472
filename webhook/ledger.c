#include "ledger.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"

/* ms; a batch that was overtaken waits by chance up to this, twice as long each time */
enum { FIRST_PAUSE = 8, LONGEST_PAUSE = 256 };

/* A request, or a change, in its owner's queue; of the thread that waits for it. */
struct waiting {
	int64_t deadline;
	struct sg_error *error;
	/* a request */
	const struct ledger_request *request;
	struct sg_arena *arena;
	struct ledger_outcome *out;
	/* or a change */
	ledger_change *change;
	void *context;
	enum call call; /* what came of it */
	struct waiting *next;
	bool queued;
	bool done;
};

/* An owner whom somebody asks for; it goes with the last of them. */
struct owner {
	const char *name; /* of a request of the first that asked */
	struct owner *next;
	pthread_cond_t changed;
	unsigned users;
	bool busy; /* one of them writes for all whom it found in the queue */
	struct waiting *first;
	/* who is busy: what was last written, to go on from */
	bool has_known;
	struct quota known;
	struct sg_arena arena; /* of known */
};

struct ledger {
	struct api *api;
	struct ledger_counters *counters;
	pthread_mutex_t mutex;
	struct owner *owners;
};

struct ledger *ledger_new(struct api *api, struct ledger_counters *counters)
{
	struct ledger *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->api = api;
	l->counters = counters;
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

/* --- a batch: requests of one owner, decided and written together --- */

struct batch {
	struct ledger *ledger;
	struct owner *owner;
	struct waiting *first;
	int64_t deadline; /* the first of all */
	struct quota quota;
	struct sg_arena arena; /* of quota */
	bool is_fresh; /* it was read since the requests came */
	bool is_stored; /* there is such an object */
	struct sg_error error; /* why the last attempt failed */
};

static int64_t wall_clock(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int64_t limit_of(const struct batch *b, const struct ledger_request *r)
{
	if (b->quota.override >= 0)
		return b->quota.override;
	return r->hard > 0 ? r->hard : -1;
}

/* Whether there is anything to keep account of. */
static bool is_bound(const struct batch *b, const struct ledger_request *r)
{
	return b->quota.seeded || limit_of(b, r) >= 0 || r->per_minute > 0;
}

static bool some(const struct batch *b,
		 bool (*is)(const struct batch *, const struct ledger_request *))
{
	const struct waiting *w = b->first;
	while (w && !(w->request && is(b, w->request)))
		w = w->next;
	return w;
}

static bool is_limited(const struct batch *b, const struct ledger_request *r)
{
	return limit_of(b, r) >= 0;
}

static bool needs_object(const struct batch *b, const struct ledger_request *r)
{
	return !r->dry_run && is_bound(b, r);
}

/* The StoreQuota, or what would be in it; it is made only where it is needed. */
static enum call load(struct batch *b)
{
	struct ledger *l = b->ledger;
	struct owner *o = b->owner;
	b->is_stored = true;
	if (!b->is_fresh && o->has_known)
		return quota_copy(&b->arena, &o->known, &b->quota, &b->error) ?
			       CALL_UNKNOWN :
			       CALL_DONE;
	b->is_fresh = true;
	enum call call = quota_get(l->api, &b->arena, o->name, b->deadline,
				   &b->quota, &b->error);
	if (call != CALL_ABSENT)
		return call;
	b->is_stored = false;
	b->quota = (struct quota){ .owner = o->name, .override = -1, .hard = -1,
				   .arena = &b->arena };
	if (!some(b, needs_object))
		return CALL_DONE;
	b->is_stored = true;
	return quota_create(l->api, &b->arena, o->name, b->deadline, &b->quota,
			    &b->error);
}

static enum call seed(struct batch *b)
{
	if (b->quota.seeded || !some(b, is_limited))
		return CALL_DONE;
	enum call call = quota_seed(b->ledger->api, &b->quota, b->deadline,
				    wall_clock(), &b->error);
	if (call == CALL_DONE)
		ledger_count(b->ledger->counters, LEDGER_COUNT_SEEDED);
	return call;
}

static enum quota_result decide(const struct batch *b, const struct waiting *w,
				struct quota *q)
{
	const struct ledger_request *r = w->request;
	const struct quota_request asked = { .name = r->store,
					     .uid = r->uid,
					     .hard = limit_of(b, r),
					     .per_minute = r->per_minute,
					     .now = wall_clock() };
	w->out->hard = asked.hard;
	return quota_reserve(q, &asked, &w->out->wait);
}

/* Decides one; without memory it stays unknown. Returns whether it has to be written. */
static bool take_place(struct batch *b, struct waiting *w)
{
	static const enum ledger_verdict verdicts[] = {
		[QUOTA_RESERVED] = LEDGER_RESERVED,
		[QUOTA_FULL] = LEDGER_FULL,
		[QUOTA_TOO_FAST] = LEDGER_TOO_FAST,
		[QUOTA_NO_MEMORY] = LEDGER_UNKNOWN,
	};
	struct quota looked_at;
	if (!is_bound(b, w->request)) {
		w->out->verdict = LEDGER_NO_LIMIT;
		return false;
	}
	if (!w->request->dry_run) {
		w->out->verdict = verdicts[decide(b, w, &b->quota)];
		return w->out->verdict == LEDGER_RESERVED;
	}
	w->out->verdict =
		quota_copy(&b->arena, &b->quota, &looked_at, &b->error) ?
			LEDGER_UNKNOWN :
			verdicts[decide(b, w, &looked_at)];
	return false;
}

static bool is_refusal(enum ledger_verdict verdict)
{
	return verdict == LEDGER_FULL || verdict == LEDGER_TOO_FAST;
}

/*
 * Takes all steps. Returns whether something has to be written. *needs_fresh: what is
 * known may be out of date, and nobody is refused by that, nor anything changed.
 */
static bool take_steps(struct batch *b, bool *needs_fresh)
{
	bool changed = false;
	*needs_fresh = false;
	for (struct waiting *w = b->first; w; w = w->next) {
		if (w->request) {
			changed |= take_place(b, w);
			*needs_fresh |= !b->is_fresh &&
					is_refusal(w->out->verdict);
		} else if (!b->is_fresh) {
			*needs_fresh = true;
		} else if (b->is_stored && b->quota.seeded) {
			changed |= w->change(w->context, &b->quota,
					     b->deadline);
		}
	}
	return changed;
}

static void remember(struct batch *b)
{
	struct owner *o = b->owner;
	struct sg_error ignored;
	sg_arena_clear(&o->arena);
	o->has_known =
		quota_copy(&o->arena, &b->quota, &o->known, &ignored) == 0;
}

static enum call write_back(struct batch *b)
{
	struct quota written;
	enum call call = quota_put(b->ledger->api, &b->arena, &b->quota,
				   b->deadline, &written, &b->error);
	if (call == CALL_DONE) {
		ledger_count(b->ledger->counters, LEDGER_COUNT_WRITES);
		b->quota = written;
		remember(b);
	}
	if (call == CALL_CONFLICT)
		ledger_count(b->ledger->counters, LEDGER_COUNT_CONFLICTS);
	return call;
}

static enum call attempt(struct batch *b)
{
	bool needs_fresh = false;
	sg_arena_clear(&b->arena);
	enum call call = load(b);
	if (call == CALL_DONE)
		call = seed(b);
	if (call != CALL_DONE)
		return call;
	bool changed = take_steps(b, &needs_fresh);
	if (needs_fresh) {
		b->owner->has_known = false;
		return attempt(b);
	}
	return changed ? write_back(b) : CALL_DONE;
}

static bool may_try_again(struct batch *b, enum call call, int64_t *pause)
{
	if (call == CALL_REFUSED)
		return false;
	int64_t wait = arc4random_uniform((uint32_t)*pause);
	if (*pause < LONGEST_PAUSE)
		*pause *= 2;
	return clock_now() + wait < b->deadline &&
	       !api_pause(b->ledger->api, wait);
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

static void tell(struct batch *b, struct waiting *w, enum call call)
{
	bool is_known = call == CALL_DONE;
	w->call = call;
	if (!is_known)
		*w->error = b->error;
	if (!w->request)
		return;
	if (!is_known || (w->out->verdict != LEDGER_NO_LIMIT &&
			  quota_copy(w->arena, &b->quota, &w->out->quota,
				     &b->error)))
		w->out->verdict = LEDGER_UNKNOWN;
	if (w->out->verdict == LEDGER_UNKNOWN)
		*w->error = b->error;
	count(b->ledger->counters, w->out->verdict);
}

static void run_batch(struct ledger *l, struct owner *o, struct waiting *first)
{
	struct batch b = { .ledger = l, .owner = o, .first = first,
			   .deadline = INT64_MAX };
	int64_t pause = FIRST_PAUSE;
	for (const struct waiting *w = first; w; w = w->next)
		if (w->deadline < b.deadline)
			b.deadline = w->deadline;
	sg_arena_init(&b.arena);
	enum call call = attempt(&b);
	while (call != CALL_DONE && may_try_again(&b, call, &pause)) {
		b.is_fresh = false;
		o->has_known = false;
		call = attempt(&b);
	}
	if (call != CALL_DONE)
		o->has_known = false;
	for (struct waiting *w = first; w; w = w->next)
		tell(&b, w, call);
	sg_arena_release(&b.arena);
}

/* --- owners and their queues; all of this under the lock --- */

static struct owner *owner_new(struct ledger *l, const char *name)
{
	pthread_condattr_t attributes;
	struct owner *o = calloc(1, sizeof *o);
	if (!o)
		return NULL;
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&o->changed, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	sg_arena_init(&o->arena);
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
	sg_arena_release(&o->arena);
	(void)pthread_cond_destroy(&o->changed);
	free((void *)(uintptr_t)o->name);
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
	w->queued = true;
}

static void leave_queue(struct owner *o, const struct waiting *w)
{
	struct waiting **at = &o->first;
	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

static void lead(struct ledger *l, struct owner *o)
{
	struct waiting *first = o->first;
	for (struct waiting *w = first; w; w = w->next)
		w->queued = false;
	o->first = NULL;
	o->busy = true;
	(void)pthread_mutex_unlock(&l->mutex);
	run_batch(l, o, first);
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
	const struct timespec end = { .tv_sec = deadline / 1000,
				      .tv_nsec = deadline % 1000 * 1000000 };
	while (!w->done) {
		if (!o->busy)
			lead(l, o);
		else if (!w->queued)
			(void)pthread_cond_wait(&o->changed, &l->mutex);
		else if (pthread_cond_timedwait(&o->changed, &l->mutex, &end) &&
			 w->queued)
			break;
	}
}

/* Returns whether its turn came; the error says why not. */
static bool take_turn(struct ledger *l, const char *owner, struct waiting *w)
{
	(void)pthread_mutex_lock(&l->mutex);
	struct owner *o = owner_take(l, owner);
	if (!o || !o->name) {
		sg_error_memory(w->error);
	} else {
		enqueue(o, w);
		wait_for_turn(l, o, w);
		if (!w->done) {
			leave_queue(o, w);
			sg_error_set(w->error, SG_IO,
				     "too many requests of one owner at once");
		}
	}
	if (o && --o->users == 0)
		owner_free(l, o);
	(void)pthread_mutex_unlock(&l->mutex);
	return w->done;
}

void ledger_reserve(struct ledger *l, struct sg_arena *a,
		    const struct ledger_request *r, struct ledger_outcome *out,
		    struct sg_error *e)
{
	struct waiting w = { .deadline = r->deadline, .error = e, .request = r,
			     .arena = a, .out = out };
	*out = (struct ledger_outcome){ .verdict = LEDGER_UNKNOWN,
					 .hard = -1 };
	if (!take_turn(l, r->owner, &w))
		ledger_count(l->counters, LEDGER_COUNT_UNKNOWN);
}

enum call ledger_amend(struct ledger *l, const char *owner, int64_t deadline,
		       ledger_change *change, void *context,
		       struct sg_error *e)
{
	struct waiting w = { .deadline = deadline, .error = e,
			     .change = change, .context = context };
	return take_turn(l, owner, &w) ? w.call : CALL_UNKNOWN;
}
