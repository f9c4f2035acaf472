#include "cluster_world.h"

#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "cluster_look.h"
#include "keeper.h"
#include "names.h"

/* Without news of the API server for so long, ms, the caches are no good: two
 * bookmarks were missed. */
enum { STALE = 180000 };

static const struct cluster *cluster_of(const struct world *w)
{
	/* world is the first member */
	return ((const struct cluster_world *)w)->cluster;
}

static bool is_cache_good(const struct cluster *c)
{
	return informer_is_synced(c->informer) &&
	       informer_age(c->informer) < STALE;
}

static enum answer no_memory(struct sg_error *e)
{
	sg_error_memory(e);
	return WORLD_UNKNOWN;
}

static enum answer find_store(const struct world *w, struct sg_arena *a,
			      const char *name, bool fresh,
			      struct store_facts *out, struct sg_error *e)
{
	const struct cluster *c = cluster_of(w);
	if (!fresh && is_cache_good(c) && stores_find(c->stores, a, name, out))
		return WORLD_YES;
	if (a->failed)
		return no_memory(e);
	/* it may be so new that the cache has not heard of it */
	return w->may_wait ? cluster_look_store(c->api, a, name, w->deadline,
						out, e) :
			     WORLD_LATER;
}

/* The name that a Store without a host would have for this to be its default. */
static const char *name_of_default(const struct world *w, struct sg_arena *a,
				   const char *host)
{
	const char *dot = strchr(host, '.');
	if (!dot || strcmp(dot + 1, w->policy->hosts.base_domain) != 0)
		return NULL;
	const char *name = sg_arena_copy(a, host, (size_t)(dot - host));
	return name && name_is_dns_label(name) ? name : NULL;
}

static enum answer find_cached_host(const struct world *w, struct sg_arena *a,
				    const char *host, const char *name,
				    struct store_facts *out)
{
	const struct cluster *c = cluster_of(w);
	const char *by_default = name_of_default(w, a, host);
	if (!is_cache_good(c))
		return WORLD_NO;
	if (stores_find_host(c->stores, a, host, name, out))
		return WORLD_YES;
	if (by_default && strcmp(by_default, name) != 0 &&
	    stores_find(c->stores, a, by_default, out) && !*out->host)
		return WORLD_YES;
	return WORLD_NO;
}

static enum answer look_host(const struct world *w, struct sg_arena *a,
			     const char *host, const char *name,
			     struct store_facts *out, struct sg_error *e)
{
	struct api *api = cluster_of(w)->api;
	enum answer answer =
		cluster_look_host(api, a, host, name, w->deadline, out, e);
	const char *by_default = name_of_default(w, a, host);
	if (answer != WORLD_NO || !by_default || strcmp(by_default, name) == 0)
		return answer;
	answer = cluster_look_store(api, a, by_default, w->deadline, out, e);
	return answer == WORLD_YES && *out->host ? WORLD_NO : answer;
}

static enum answer find_host(const struct world *w, struct sg_arena *a,
			     const char *host, const char *name, bool fresh,
			     struct store_facts *out, struct sg_error *e)
{
	if (!name_is_dns_subdomain(host))
		return WORLD_NO; /* no Store can have it; nor is it a selector */
	if (!fresh && find_cached_host(w, a, host, name, out) == WORLD_YES)
		return WORLD_YES;
	if (a->failed)
		return no_memory(e);
	if (!fresh && is_cache_good(cluster_of(w)))
		return WORLD_NO;
	return w->may_wait ? look_host(w, a, host, name, out, e) : WORLD_LATER;
}

static enum answer find_namespace(const struct world *w, struct sg_arena *a,
				  const char *name,
				  const struct node **metadata,
				  struct sg_error *e)
{
	return w->may_wait ? cluster_look_namespace(cluster_of(w)->api, a, name,
						    w->deadline, metadata, e) :
			     WORLD_LATER;
}

static enum answer may_assign(const struct world *w, struct sg_arena *a,
			      const struct user *user, const char *store,
			      struct sg_error *e)
{
	(void)a;
	return access_may_assign(cluster_of(w)->access, user, store,
				 w->deadline, w->may_wait, e);
}

/* --- quotas --- */

/* A reservation's end: the keeper looks that often. */
static int64_t end_of(const struct cluster *c, const struct quota_entry *entry)
{
	int64_t reserved = quota_time(entry->reserved_at);
	return reserved ? reserved + c->reservation_ttl +
				  keeper_round(c->reservation_ttl) :
			  0;
}

static const char *print_time(struct sg_arena *a, int64_t ms)
{
	const time_t then = (time_t)(ms / 1000);
	char text[32] = "";
	struct tm utc;
	if (!gmtime_r(&then, &utc) ||
	    !strftime(text, sizeof text, "%H:%M:%S UTC", &utc))
		return NULL;
	return sg_arena_copy(a, text, strlen(text));
}

static void describe_place(const struct cluster *c, struct sg_arena *a,
			   const struct quota_entry *entry,
			   const char *owner, struct place *out)
{
	struct store_facts facts;
	int64_t end = end_of(c, entry);
	*out = (struct place){ .store = entry->name };
	if (stores_find(c->stores, a, entry->name, &facts) &&
	    strcmp(facts.owner, owner) == 0)
		out->state = facts.deleting ? PLACE_DELETING : PLACE_EXISTS;
	else if (end && end < clock_wall())
		out->state = PLACE_GONE;
	else
		out->state = PLACE_PENDING;
	if (out->state == PLACE_PENDING && end)
		out->until = print_time(a, end);
}

static void describe_places(const struct cluster *c, struct sg_arena *a,
			    const struct quota *q, struct reservation *r)
{
	r->places = sg_arena_alloc(a, (q->count + 1) * sizeof *r->places);
	for (unsigned i = 0; r->places && i < q->count; i++)
		describe_place(c, a, &q->entries[i], r->owner, &r->places[i]);
}

static enum answer reserve(const struct world *w, struct sg_arena *a,
			   struct reservation *r, struct sg_error *e)
{
	static const enum reservation_verdict verdicts[] = {
		[LEDGER_NO_LIMIT] = RESERVATION_NO_LIMIT,
		[LEDGER_RESERVED] = RESERVATION_MADE,
		[LEDGER_FULL] = RESERVATION_FULL,
		[LEDGER_TOO_FAST] = RESERVATION_TOO_FAST,
	};
	const struct cluster *c = cluster_of(w);
	struct ledger_outcome out;
	if (!w->may_wait)
		return WORLD_LATER;
	const struct ledger_request request = {
		.owner = r->owner, .store = r->store, .uid = r->uid,
		.hard = r->hard, .per_minute = r->per_minute,
		.dry_run = r->dry_run, .deadline = w->deadline,
	};
	ledger_reserve(c->ledger, a, &request, &out, e);
	if (out.verdict == LEDGER_UNKNOWN)
		return WORLD_UNKNOWN;
	r->verdict = verdicts[out.verdict];
	r->quota = out.quota.name;
	r->used = out.quota.count;
	r->limit = out.hard;
	r->wait = out.wait;
	if (r->verdict == RESERVATION_FULL)
		describe_places(c, a, &out.quota, r);
	return a->failed ? no_memory(e) : WORLD_YES;
}

static const struct world_calls calls = { .find_store = find_store,
					  .find_host = find_host,
					  .find_namespace = find_namespace,
					  .may_assign = may_assign,
					  .reserve = reserve };

void cluster_world_init(struct cluster_world *w, const struct cluster *cluster,
			const struct policy *policy, int64_t deadline,
			bool may_wait)
{
	*w = (struct cluster_world){
		.world = { .calls = &calls,
			   .policy = policy,
			   .deadline = deadline,
			   .may_wait = may_wait },
		.cluster = cluster,
	};
}
