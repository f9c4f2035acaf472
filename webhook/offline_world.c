#include "offline_world.h"

#include <stdint.h>
#include <string.h>

static const struct offline_world *offline_of(const struct world *w)
{
	return (const struct offline_world *)w; /* its first member */
}

static enum answer doubt(const struct world *w, enum offline_doubt what)
{
	*offline_of(w)->doubts |= (unsigned)what;
	return WORLD_NO;
}

static enum answer find_store(const struct world *w, struct sg_arena *a,
			      const char *name, bool fresh,
			      struct store_facts *out, struct sg_error *e)
{
	(void)a, (void)fresh, (void)e;
	for (const struct offline_store *s = offline_of(w)->stores; s;
	     s = s->next) {
		if (strcmp(s->facts.name, name) == 0) {
			*out = s->facts;
			return WORLD_YES;
		}
	}
	return doubt(w, DOUBT_STORE);
}

static enum answer find_host(const struct world *w, struct sg_arena *a,
			     const char *host, const char *name, bool fresh,
			     struct store_facts *out, struct sg_error *e)
{
	(void)a, (void)fresh, (void)e;
	for (const struct offline_store *s = offline_of(w)->stores; s;
	     s = s->next) {
		if (strcmp(s->facts.host, host) == 0 &&
		    strcmp(s->facts.name, name) != 0) {
			*out = s->facts;
			return WORLD_YES;
		}
	}
	return doubt(w, DOUBT_HOST);
}

static enum answer find_namespace(const struct world *w, struct sg_arena *a,
				  const char *name,
				  const struct node **metadata,
				  struct sg_error *e)
{
	(void)a, (void)name, (void)metadata, (void)e;
	return doubt(w, DOUBT_NAMESPACE);
}

static enum answer may_assign(const struct world *w, struct sg_arena *a,
			      const struct user *user, const char *store,
			      struct sg_error *e)
{
	(void)a, (void)store, (void)e;
	/* may do everything, in every cluster */
	if (strings_contain(&user->groups, "system:masters"))
		return WORLD_YES;
	return doubt(w, DOUBT_ASSIGN);
}

/* Counted are the Stores that were reviewed before; an exception is not known. */
static enum answer reserve(const struct world *w, struct sg_arena *a,
			   struct reservation *r, struct sg_error *e)
{
	(void)doubt(w, DOUBT_QUOTA);
	r->limit = r->hard > 0 ? r->hard : -1;
	for (const struct offline_store *s = offline_of(w)->stores; s;
	     s = s->next)
		r->used += strcmp(s->facts.owner, r->owner) == 0;
	r->places = sg_arena_alloc(a, ((size_t)r->used + 1) * sizeof *r->places);
	if (!r->places) {
		sg_error_memory(e);
		return WORLD_UNKNOWN;
	}
	int64_t at = 0;
	for (const struct offline_store *s = offline_of(w)->stores; s;
	     s = s->next)
		if (strcmp(s->facts.owner, r->owner) == 0)
			r->places[at++].store = s->facts.name;
	r->verdict = r->limit < 0	      ? RESERVATION_NO_LIMIT :
		     r->used >= r->limit ? RESERVATION_FULL :
					      RESERVATION_MADE;
	r->used += r->verdict == RESERVATION_MADE;
	return WORLD_YES;
}

void offline_world_init(struct offline_world *w, const struct policy *policy,
			unsigned *doubts)
{
	static const struct world_calls calls = { .find_store = find_store,
						  .find_host = find_host,
						  .find_namespace =
							  find_namespace,
						  .may_assign = may_assign,
						  .reserve = reserve };
	*w = (struct offline_world){ .world = { .calls = &calls,
						.policy = policy,
						.deadline = INT64_MAX,
						.may_wait = true },
				     .doubts = doubts };
}

static const char *text_or_empty(const struct node *n)
{
	return node_text(n) ? node_text(n) : "";
}

void offline_world_add(struct offline_world *w, struct sg_arena *a,
		       const struct node *object)
{
	struct offline_store *s = sg_arena_alloc(a, sizeof *s);
	const struct node *metadata = node_get(object, "metadata");
	const struct node *spec = node_get(object, "spec");
	if (!s)
		return;
	s->facts = (struct store_facts){
		.name = text_or_empty(node_get(metadata, "name")),
		.owner = text_or_empty(node_get(spec, "owner")),
		.host = text_or_empty(node_get(spec, "host")),
	};
	s->next = w->stores;
	w->stores = s;
}
