#include "keeper_errand.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "cluster_look.h"
#include "quota_calls.h"

/* How long the keeper may take for one owner, ms. */
enum { PATIENCE = 3000 };
/* What of it is left for the write when the looks are over, ms. */
enum { FOR_WRITE = 1000 };
/* How many of one owner's errands are done in one turn: others wait for it. */
enum { TURN = 32 };

struct turn {
	const struct keeper_options *options;
	struct errand *errands; /* all of one owner */
	struct sg_arena arena;
	unsigned long counts[LEDGER_COUNTS]; /* of the last attempt */
};

/* The Store, by a quorum read: YES only if it is this owner's. */
static enum answer look(struct turn *t, const struct errand *errand,
			int64_t deadline, struct store_facts *out)
{
	struct sg_error e;
	enum answer answer = cluster_look_store(t->options->api, &t->arena,
						errand->name, deadline, out,
						&e);
	if (answer == WORLD_YES && strcmp(out->owner, errand->owner) != 0)
		return WORLD_NO;
	return answer;
}

static bool note(struct turn *t, enum ledger_count count, bool done)
{
	t->counts[count] += done;
	return done;
}

/* --- the keeper's steps, each on a StoreQuota that a quorum read has just given --- */

static bool keeper_drop_deleted(struct turn *t, const struct errand *errand,
				struct quota *q)
{
	return note(t, LEDGER_COUNT_DROPPED,
		    quota_drop_uid(q, errand->name, errand->uid));
}

static bool keeper_drop_leaked(struct turn *t, const struct errand *errand,
			       struct quota *q)
{
	return note(t, LEDGER_COUNT_LEAKS,
		    quota_drop_entry(q, errand->name, errand->reservation));
}

static bool keeper_identify(const struct errand *errand, struct quota *q,
			    const char *uid)
{
	return quota_identify(q, errand->name, errand->reservation, uid);
}

/* The entry is as it was when its time was over; then the Store is asked for. */
static bool look_at_reservation(struct turn *t, const struct errand *errand,
				struct quota *q, int64_t deadline)
{
	struct store_facts store;
	const struct quota_entry *entry = quota_find(q, errand->name);
	if (!entry || entry->reservation != errand->reservation ||
	    strcmp(q->uid, errand->uid) != 0)
		return false;
	switch (look(t, errand, deadline, &store)) {
	case WORLD_NO:
		return keeper_drop_leaked(t, errand, q);
	case WORLD_YES:
		return keeper_identify(errand, q, store.uid);
	case WORLD_LATER:
	case WORLD_UNKNOWN:
		break;
	}
	return false;
}

static bool keeper_add_missing(struct turn *t, const struct errand *errand,
			       struct quota *q, int64_t deadline)
{
	struct store_facts store;
	if (quota_find(q, errand->name) ||
	    look(t, errand, deadline, &store) != WORLD_YES)
		return false;
	return note(t, LEDGER_COUNT_MISSING,
		    quota_add(q, errand->name, store.uid, clock_wall()));
}

static bool show_limit(struct quota *q)
{
	bool outdated = q->override >= 0 && q->hard != q->override;
	if (outdated)
		q->hard = q->override;
	return outdated;
}

/* What has to ask first, and finds no time to, is found again by the next round. */
static bool do_errand(struct turn *t, const struct errand *errand,
		      struct quota *q, int64_t deadline)
{
	bool has_time = clock_now() < deadline;
	switch (errand->kind) {
	case ERRAND_DROP_DELETED:
		return keeper_drop_deleted(t, errand, q);
	case ERRAND_LOOK:
		return has_time && look_at_reservation(t, errand, q, deadline);
	case ERRAND_ADD_MISSING:
		return has_time && keeper_add_missing(t, errand, q, deadline);
	case ERRAND_SHOW_LIMIT:
		return show_limit(q);
	case ERRAND_FORGET:
		return false; /* there is something to count after all */
	}
	return false;
}

static bool change(void *context, struct quota *q, int64_t deadline)
{
	struct turn *t = context;
	bool changed = false;
	memset(t->counts, 0, sizeof t->counts);
	for (const struct errand *n = t->errands; n; n = n->next)
		changed |= do_errand(t, n, q, deadline - FOR_WRITE);
	return changed;
}

/* --- */

struct errand *errand_new(enum errand_kind kind, const char *owner,
			  const char *name, const char *uid,
			  int64_t reservation)
{
	size_t owners = strlen(owner) + 1, names = strlen(name) + 1;
	struct errand *n = malloc(sizeof *n + owners + names + strlen(uid) + 1);
	if (!n)
		return NULL;
	char *at = n->owner + owners;
	*n = (struct errand){ .kind = kind, .reservation = reservation,
			      .name = at, .uid = at + names };
	memcpy(n->owner, owner, owners);
	memcpy(at, name, names);
	memcpy(at + names, uid, strlen(uid) + 1);
	return n;
}

struct errand *errands_take(struct errand **list)
{
	struct errand *mine = NULL, **end = &mine;
	unsigned count = 0;
	for (struct errand **at = list; *at && count < TURN;) {
		struct errand *n = *at;
		if (mine && strcmp(n->owner, mine->owner) != 0) {
			at = &n->next;
			continue;
		}
		*at = n->next;
		n->next = NULL;
		*end = n;
		end = &n->next;
		count++;
	}
	return mine;
}

static void report(const struct turn *t, const char *owner)
{
	static const struct {
		enum ledger_count count;
		const char *message;
	} reported[] = {
		{ LEDGER_COUNT_LEAKS, "places freed that led to no Store" },
		{ LEDGER_COUNT_MISSING, "Stores that had no place got one" },
	};
	for (unsigned i = 0; i < LEDGER_COUNTS; i++)
		atomic_fetch_add(&t->options->counters->values[i],
				 t->counts[i]);
	for (size_t i = 0; i < sizeof reported / sizeof *reported; i++)
		if (t->counts[reported[i].count])
			log_event(t->options->log, LOG_LEVEL_INFO,
				  reported[i].message, log_text("owner", owner),
				  log_number("count",
					     (int64_t)t->counts[reported[i].count]));
}

static enum call forget(struct turn *t, const struct errand *errand,
			struct sg_error *e)
{
	enum call call = quota_delete_spare(t->options->api, &t->arena,
					    errand->owner, errand->uid,
					    clock_now() + PATIENCE, e);
	/* absent or changed: another was quicker, or it is of use */
	return call == CALL_ABSENT || call == CALL_CONFLICT ? CALL_DONE : call;
}

enum call errands_run(const struct keeper_options *o, struct errand *errands,
		      struct sg_error *e)
{
	struct turn t = { .options = o, .errands = errands };
	sg_arena_init(&t.arena);
	if (errands->kind == ERRAND_FORGET && !errands->next) {
		enum call forgotten = forget(&t, errands, e);
		sg_arena_release(&t.arena);
		return forgotten;
	}
	enum call call = ledger_amend(o->ledger, errands->owner,
				      clock_now() + PATIENCE, change, &t, e);
	if (call == CALL_DONE)
		report(&t, errands->owner);
	sg_arena_release(&t.arena);
	return call;
}
