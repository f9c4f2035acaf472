/* How many Stores an owner may have, and how fast they may be made. */
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "admission_parts.h"
#include "cleanup.h"

/* ms. Clients wait so long without a word, and ask again. */
enum { SHORT_WAIT = 5000 };
enum { NAMES_SHOWN = 12 };

/*
 * The largest limit of the owner's groups, else everybody's. Groups are known of the
 * requester only.
 */
static int64_t policy_limit(const struct gate *g, const char *owner)
{
	const struct policy *p = g->world->policy;
	int64_t limit = -1;
	for (unsigned i = 0; i < p->owners.group_count; i++) {
		const struct group_limit *l = &p->owners.groups[i];
		if (!gate_is_owner(g, owner) ||
		    !strings_contain(&g->review->user.groups, l->group))
			continue;
		if (l->stores == 0)
			return 0;
		limit = l->stores > limit ? l->stores : limit;
	}
	return limit < 0 ? p->owners.stores : limit;
}

/* --- refusals --- */

static void write_place(struct sg_buffer *out, const struct place *place)
{
	sg_buffer_puts(out, place->store);
	if (place->state == PLACE_DELETING)
		sg_buffer_puts(out, " (being deleted)");
	else if (place->state == PLACE_PENDING && place->until)
		sg_buffer_printf(out, " (being created or freed, by %s)",
				 place->until);
	else if (place->state == PLACE_PENDING)
		sg_buffer_puts(out, " (being created)");
	else if (place->state == PLACE_GONE)
		sg_buffer_puts(out, " (being freed)");
}

static void write_places(struct sg_buffer *out, const struct reservation *r)
{
	for (int64_t i = 0; i < r->used && i < NAMES_SHOWN; i++) {
		sg_buffer_puts(out, i ? ", " : ": ");
		write_place(out, &r->places[i]);
	}
	if (r->used > NAMES_SHOWN)
		sg_buffer_printf(out, " and %" PRId64 " more",
				 r->used - NAMES_SHOWN);
}

static void write_remedy(struct sg_buffer *out, const struct gate *g,
			 const struct reservation *r)
{
	sg_buffer_printf(out, "; %s%s%s",
			 r->used ? "delete one, or " : "",
			 "ask an administrator for a higher limit",
			 r->quota ? " (spec.hard.stores of StoreQuota " : "");
	if (r->quota)
		sg_buffer_printf(out, "%s)", r->quota);
	if (g->world->policy->owners.group_count &&
	    !gate_is_owner(g, r->owner))
		sg_buffer_puts(out, "; limits of groups count only for the Stores that their members make themselves");
}

static void refuse_full(struct gate *g, const struct reservation *r)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_error e;
	sg_buffer_init(&text, SG_MAX_TOKEN);
	write_places(&text, r);
	write_remedy(&text, g, r);
	verdict_refuse(g->verdict, 403, "Forbidden",
		       "\"%.253s\" has %" PRId64 " of %" PRId64
		       " Stores%.1400s",
		       r->owner, r->used, r->limit,
		       sg_buffer_check(&text, &e) ? "" : text.data);
}

static void refuse_too_fast(struct gate *g, const struct reservation *r)
{
	int64_t seconds = (r->wait + 999) / 1000;
	char when[32] = "";
	struct tm utc;
	time_t then = time(NULL) + (time_t)seconds;
	if (gmtime_r(&then, &utc))
		(void)strftime(when, sizeof when, " (at %H:%M:%S UTC)", &utc);
	bool soon = r->wait <= SHORT_WAIT;
	verdict_refuse(g->verdict, soon ? 429 : 403,
		       soon ? "TooManyRequests" : "Forbidden",
		       "\"%.253s\" can have %" PRId64
		       " Stores created a minute; try again in %" PRId64 " s%s",
		       r->owner, r->per_minute, seconds, when);
	if (soon)
		g->verdict->retry_after_seconds = (int)seconds;
}

static void hear(struct gate *g, const struct reservation *r)
{
	struct verdict *v = g->verdict;
	if (r->verdict == RESERVATION_FULL)
		refuse_full(g, r);
	else if (r->verdict == RESERVATION_TOO_FAST)
		refuse_too_fast(g, r);
	if (r->verdict == RESERVATION_NO_LIMIT)
		verdict_annotate(v, "quota", "no limit");
	else if (r->limit < 0)
		verdict_annotate(v, "quota", "used %" PRId64 ", no limit",
				 r->used);
	else
		verdict_annotate(v, "quota", "used %" PRId64 " of %" PRId64,
				 r->used, r->limit);
	if (r->quota)
		verdict_annotate(v, "storequota", "%s", r->quota);
}

/* A name that lives can't be created; it would take a place for nothing. */
static bool is_new(struct gate *g, const struct store *s)
{
	const struct world *w = g->world;
	struct store_facts other = { 0 };
	if (g->review->operation != OPERATION_CREATE ||
	    !gate_heard(g, w->calls->find_store(w, g->verdict->arena, s->name,
						true, &other, &g->why)))
		return !gate_is_in_doubt(g);
	verdict_refuse(g->verdict, 409, "AlreadyExists",
		       "%sstores.urumi.io \"%.63s\" already exists",
		       other.deleting ? "object is being deleted: " : "", s->name);
	return false;
}

void gate_reserve(struct gate *g, const struct store *s)
{
	const struct world *w = g->world;
	struct verdict *v = g->verdict;
	if (!v->allowed || v->causes.count || gate_is_in_doubt(g) ||
	    !is_new(g, s))
		return;
	const struct node *metadata = node_get(g->review->object, "metadata");
	bool is_creation = g->review->operation == OPERATION_CREATE;
	struct reservation r = {
		.owner = s->owner,
		.store = s->name,
		.uid = node_text(node_get(metadata, "uid")),
		.hard = policy_limit(g, s->owner),
		.per_minute = is_creation ? w->policy->owners.creates_per_minute :
					    0,
		.dry_run = g->review->dry_run,
	};
	if (gate_heard(g, w->calls->reserve(w, v->arena, &r, &g->why)))
		hear(g, &r);
}
