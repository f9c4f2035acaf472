#include "ledger_batch.h"

#include <stdlib.h>

#include "clock.h"

/* ms; a batch that was overtaken waits by chance up to this, twice as long each time */
enum { FIRST_PAUSE = 8, LONGEST_PAUSE = 256 };
/* ms; longer than this nobody gives way to other replicas */
enum { LONGEST_WAY = 100 };

struct batch {
	const struct ledger_batch *of;
	int64_t deadline; /* the first of all */
	struct quota quota;
	struct sg_arena arena; /* of quota */
	bool is_fresh; /* it was read since the requests came */
	bool is_stored; /* there is such an object */
	struct sg_error error; /* why the last attempt failed */
};

static int64_t limit_of(const struct batch *b, const struct ledger_request *r)
{
	if (b->quota.override >= 0)
		return b->quota.override;
	if (r->hard <= 0)
		return -1;
	return r->hard < QUOTA_MAX_ENTRIES ? r->hard : QUOTA_MAX_ENTRIES;
}

/* Whether there is anything to keep account of. */
static bool is_bound(const struct batch *b, const struct ledger_request *r)
{
	return b->quota.seeded || limit_of(b, r) >= 0 || r->per_minute > 0;
}

static bool some(const struct batch *b,
		 bool (*is)(const struct batch *, const struct ledger_request *))
{
	const struct waiting *w = b->of->first;
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
	const struct ledger_batch *of = b->of;
	b->is_stored = true;
	if (!b->is_fresh && of->known->holds)
		return quota_copy(&b->arena, &of->known->quota, &b->quota,
				  &b->error) ?
			       CALL_UNKNOWN :
			       CALL_DONE;
	b->is_fresh = true;
	enum call call = quota_get(of->api, &b->arena, of->owner, b->deadline,
				   &b->quota, &b->error);
	if (call != CALL_ABSENT)
		return call;
	b->is_stored = false;
	b->quota = (struct quota){ .owner = of->owner, .override = -1, .hard = -1,
				   .arena = &b->arena };
	if (!some(b, needs_object))
		return CALL_DONE;
	b->is_stored = true;
	return quota_create(of->api, &b->arena, of->owner, b->deadline,
			    &b->quota, &b->error);
}

static enum call seed(struct batch *b)
{
	if (b->quota.seeded || !some(b, is_limited))
		return CALL_DONE;
	enum call call = quota_seed(b->of->api, &b->quota, b->deadline,
				    clock_wall(), &b->error);
	if (call == CALL_DONE)
		ledger_count(b->of->counters, LEDGER_COUNT_SEEDED);
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
					     .now = clock_wall() };
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
	return false; /* nothing is written for a look */
}

/* What is proved by being written; everything else needs a read of now. */
static bool is_proved(const struct waiting *w)
{
	return w->out->verdict == LEDGER_RESERVED && !w->request->dry_run;
}

/*
 * Takes all steps. Returns whether something has to be written. *needs_fresh: what is
 * known may be out of date, and nobody is told anything by that, nor anything changed.
 */
static bool take_steps(struct batch *b, bool *needs_fresh)
{
	bool changed = false;
	*needs_fresh = false;
	for (struct waiting *w = b->of->first; w; w = w->next) {
		if (w->request) {
			changed |= take_place(b, w);
			*needs_fresh |= !b->is_fresh && !is_proved(w);
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
	struct ledger_known *known = b->of->known;
	struct sg_error ignored;
	sg_arena_clear(&known->arena);
	known->holds = quota_copy(&known->arena, &b->quota, &known->quota,
				  &ignored) == 0;
}

static enum call write_back(struct batch *b)
{
	struct quota written;
	enum call call = quota_put(b->of->api, &b->arena, &b->quota,
				   b->deadline, &written, &b->error);
	if (call == CALL_DONE) {
		ledger_count(b->of->counters, LEDGER_COUNT_WRITES);
		b->quota = written;
		remember(b);
	}
	if (call == CALL_CONFLICT)
		ledger_count(b->of->counters, LEDGER_COUNT_CONFLICTS);
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
		b->of->known->holds = false;
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
	return clock_now() + wait + LEDGER_SHORTEST_ATTEMPT < b->deadline &&
	       !api_pause(b->of->api, wait);
}

static void tell(struct batch *b, struct waiting *w, enum call call)
{
	bool is_known = call == CALL_DONE;
	w->call = call;
	if (!is_known)
		*w->error = b->error;
	if (!w->request)
		return;
	if (is_known && w->out->verdict == LEDGER_UNKNOWN)
		sg_error_memory(&b->error);
	if (!is_known || (w->out->verdict != LEDGER_NO_LIMIT &&
			  quota_copy(w->arena, &b->quota, &w->out->quota,
				     &b->error)))
		w->out->verdict = LEDGER_UNKNOWN;
	if (w->out->verdict == LEDGER_UNKNOWN)
		*w->error = b->error;
}

void ledger_batch_give_way(const struct ledger_known *known, struct api *api)
{
	int64_t took = known->took < LONGEST_WAY ? known->took : LONGEST_WAY;
	if (known->holds)
		(void)api_pause(api, took + arc4random_uniform(
						    (uint32_t)took + 1));
}

void ledger_batch_run(const struct ledger_batch *of)
{
	struct batch b = { .of = of, .deadline = INT64_MAX };
	int64_t pause = FIRST_PAUSE, begun = clock_now();
	for (const struct waiting *w = of->first; w; w = w->next)
		if (w->deadline < b.deadline)
			b.deadline = w->deadline;
	sg_arena_init(&b.arena);
	enum call call = attempt(&b);
	while (call != CALL_DONE && may_try_again(&b, call, &pause)) {
		ledger_count(of->counters, LEDGER_COUNT_RETRIES);
		b.is_fresh = false;
		of->known->holds = false;
		call = attempt(&b);
	}
	if (call != CALL_DONE)
		of->known->holds = false;
	for (struct waiting *w = of->first; w; w = w->next)
		tell(&b, w, call);
	of->known->took = clock_now() - begun;
	sg_arena_release(&b.arena);
}
