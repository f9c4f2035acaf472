#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "keeper_errand.h"

/* ms */
enum {
	SHORTEST_ROUND = 1000,
	LONGEST_ROUND = 30000,
	/* Other replicas see a deletion, too: most often one is there first. */
	HEAD_START = 100,
};
/* So many times the reservations' TTL, an hour by default, a StoreQuota is kept for nothing. */
enum { SPARE_TTLS = 30 };
/* A round finds no more errands than this; the next finds the others. */
enum { ERRANDS = 512 };
/* Deletions that fail so often are left to be found as leaks. */
enum { FAILURES = 5 };

struct keeper {
	struct keeper_options options;
	pthread_mutex_t mutex;
	pthread_cond_t woken;
	struct errand *deletions;
	pthread_t thread;
	bool started, stopping;
};

struct keeper *keeper_new(void)
{
	struct keeper *k = calloc(1, sizeof *k);
	if (!k)
		return NULL;
	(void)pthread_mutex_init(&k->mutex, NULL);
	(void)clock_condition(&k->woken);
	return k;
}

/* --- deletions --- */

static void push(struct keeper *k, struct errand *errand)
{
	(void)pthread_mutex_lock(&k->mutex);
	errand->next = k->deletions;
	k->deletions = errand;
	(void)pthread_cond_signal(&k->woken);
	(void)pthread_mutex_unlock(&k->mutex);
}

static void removed(void *context, const struct node *store)
{
	struct keeper *k = context;
	struct store_facts facts;
	/* whose one that can't be read was is found as a leak, too */
	if (!store_facts_read(store, &facts) || !*facts.owner)
		return;
	struct errand *errand = errand_new(ERRAND_DROP_DELETED, facts.owner,
					   facts.name, facts.uid, 0);
	if (errand) /* else it is found as a leak */
		push(k, errand);
}

struct informer_sink keeper_sink(struct keeper *k)
{
	return (struct informer_sink){ .removed = removed, .context = k };
}

/* Waits for deletions, or until then. NULL: there were none. */
static struct errand *await_deletions(struct keeper *k, int64_t until)
{
	const struct timespec end = clock_end(until);
	(void)pthread_mutex_lock(&k->mutex);
	while (!k->deletions && !k->stopping && clock_now() < until)
		(void)pthread_cond_timedwait(&k->woken, &k->mutex, &end);
	struct errand *deletions = steal(&k->deletions);
	(void)pthread_mutex_unlock(&k->mutex);
	return deletions;
}

/* --- rounds: what there is to do by what has been seen --- */

struct round {
	struct keeper *keeper;
	struct sg_arena arena;
	struct errand *errands;
	unsigned count;
	unsigned long pending;
};

static void add(struct round *r, enum errand_kind kind, const char *owner,
		const char *name, const char *uid, int64_t reservation)
{
	struct errand *errand =
		r->count < ERRANDS ?
			errand_new(kind, owner, name, uid, reservation) :
			NULL;
	if (!errand)
		return;
	errand->next = r->errands;
	r->errands = errand;
	r->count++;
}

static void look_at_entry(void *context, const struct quota_sight *s)
{
	struct round *r = context;
	const struct keeper_options *o = &r->keeper->options;
	struct store_facts store;
	sg_arena_clear(&r->arena);
	bool lives = stores_find(o->stores, &r->arena, s->name, &store) &&
		     strcmp(store.owner, s->owner) == 0;
	r->pending += !lives;
	if (s->age >= o->ttl && !(lives && s->has_uid))
		add(r, ERRAND_LOOK, s->owner, s->name, s->quota_uid,
		    s->reservation);
}

static void look_at_store(void *context, const char *owner, const char *name)
{
	struct round *r = context;
	if (quotas_misses(r->keeper->options.quotas, owner, name))
		add(r, ERRAND_ADD_MISSING, owner, name, "", 0);
}

static void look_at_limit(void *context, const char *owner)
{
	add(context, ERRAND_SHOW_LIMIT, owner, "", "", 0);
}

static void look_at_spare(void *context, const char *owner, const char *uid)
{
	add(context, ERRAND_FORGET, owner, "", uid, 0);
}

static struct errand *find_errands(struct keeper *k)
{
	const struct keeper_options *o = &k->options;
	struct round r = { .keeper = k };
	if (!informer_is_synced(o->quota_watch) ||
	    !informer_is_synced(o->store_watch))
		return NULL;
	sg_arena_init(&r.arena);
	quotas_each(o->quotas, clock_now(), look_at_entry, &r);
	stores_each(o->stores, look_at_store, &r);
	quotas_each_outdated(o->quotas, look_at_limit, &r);
	quotas_each_spare(o->quotas, clock_now() - SPARE_TTLS * o->ttl,
			  look_at_spare, &r);
	sg_arena_release(&r.arena);
	atomic_store(&o->counters->values[LEDGER_COUNT_PENDING], r.pending);
	return r.errands;
}

/* --- the thread --- */

static void put_back(struct keeper *k, struct errand *errand)
{
	if (errand->kind == ERRAND_DROP_DELETED &&
	    ++errand->failures < FAILURES)
		push(k, errand);
	else
		free(errand);
}

static void run_errands(struct keeper *k, struct errand *list)
{
	struct sg_error e = { 0 };
	while (list) {
		struct errand *mine = errands_take(&list);
		bool stopping = api_pause(k->options.api, 0);
		bool done = !stopping &&
			    errands_run(&k->options, mine, &e) == CALL_DONE;
		if (!stopping && !done)
			log_event(k->options.log, LOG_LEVEL_WARNING,
				  "a ledger could not be put right, and will be tried again",
				  log_text("owner", mine->owner),
				  log_text("message", e.message));
		for (struct errand *next; mine; mine = next) {
			next = mine->next;
			if (done || stopping)
				free(mine);
			else
				put_back(k, mine);
		}
	}
}

int64_t keeper_round(int64_t ttl)
{
	int64_t length = ttl / 4;
	return length < SHORTEST_ROUND ? SHORTEST_ROUND :
	       length > LONGEST_ROUND  ? LONGEST_ROUND :
					 length;
}

static void *run(void *context)
{
	struct keeper *k = context;
	int64_t next_round = clock_now() + keeper_round(k->options.ttl);
	while (!api_pause(k->options.api, arc4random_uniform(HEAD_START))) {
		run_errands(k, await_deletions(k, next_round));
		if (clock_now() < next_round)
			continue;
		run_errands(k, find_errands(k));
		next_round = clock_now() + keeper_round(k->options.ttl);
	}
	return NULL;
}

int keeper_start(struct keeper *k, const struct keeper_options *o,
		 struct sg_error *e)
{
	k->options = *o;
	int failed = pthread_create(&k->thread, NULL, run, k);
	if (failed)
		return sg_error_set(e, SG_IO, "cannot start a thread: %s",
				    strerror(failed));
	k->started = true;
	return 0;
}

void keeper_stop(struct keeper *k)
{
	if (!k || !k->started)
		return;
	(void)pthread_mutex_lock(&k->mutex);
	k->stopping = true;
	(void)pthread_cond_signal(&k->woken);
	(void)pthread_mutex_unlock(&k->mutex);
	(void)pthread_join(k->thread, NULL);
	k->started = false;
}

void keeper_free(struct keeper *k)
{
	if (!k)
		return;
	for (struct errand *next, *n = k->deletions; n; n = next) {
		next = n->next;
		free(n);
	}
	(void)pthread_cond_destroy(&k->woken);
	(void)pthread_mutex_destroy(&k->mutex);
	free(k);
}
