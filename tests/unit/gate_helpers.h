/* A world as a test wants it, and reviews in short. Behind helpers.h. */
#ifndef SG_TEST_GATE_HELPERS_H
#define SG_TEST_GATE_HELPERS_H

#include <string.h>

#include "admission.h"
#include "json.h"
#include "patch.h"

struct fake {
	struct world world; /* first */
	bool may_assign;
	bool unknown; /* nobody answers anything */
	const char *taken_host; /* by Store "other" */
	const char *store;	/* that exists by a quorum read */
	bool cached;		/* and in the cache, too */
	bool deleting;
	const struct node *metadata; /* of the namespace that exists */
	struct reservation quota; /* what reserving gives */
	struct reservation wanted; /* gets what was asked last, */
	char wanted_owner[64], wanted_store[64]; /* and its texts */
	unsigned reserved; /* gets how often */
	unsigned asked;
};

static inline enum answer fake_answer(const struct world *w, bool waits,
				      bool yes, struct sg_error *e)
{
	struct fake *f = (struct fake *)(uintptr_t)w;
	f->asked++;
	if (waits && !w->may_wait)
		return WORLD_LATER;
	if (f->unknown) {
		sg_error_set(e, SG_IO, "the API server did not answer");
		return WORLD_UNKNOWN;
	}
	return yes ? WORLD_YES : WORLD_NO;
}

static inline enum answer fake_store(const struct world *w, struct sg_arena *a,
				     const char *name, bool fresh,
				     struct store_facts *out, struct sg_error *e)
{
	const struct fake *f = (const struct fake *)w;
	(void)a;
	bool exists = f->store && strcmp(f->store, name) == 0 &&
		      (fresh || f->cached);
	*out = (struct store_facts){ .name = name, .owner = "alice",
				     .deleting = f->deleting };
	return fake_answer(w, fresh, exists, e);
}

static inline enum answer fake_host(const struct world *w, struct sg_arena *a,
				    const char *host, const char *name,
				    bool fresh, struct store_facts *out,
				    struct sg_error *e)
{
	const struct fake *f = (const struct fake *)w;
	(void)a, (void)name;
	*out = (struct store_facts){ .name = "other" };
	assert_true(fresh);
	return fake_answer(w, fresh,
			   f->taken_host && strcmp(f->taken_host, host) == 0, e);
}

static inline enum answer fake_namespace(const struct world *w,
					 struct sg_arena *a, const char *name,
					 const struct node **metadata,
					 struct sg_error *e)
{
	const struct fake *f = (const struct fake *)w;
	(void)a, (void)name;
	*metadata = f->metadata;
	return fake_answer(w, true, f->metadata != NULL, e);
}

static inline enum answer fake_assign(const struct world *w, struct sg_arena *a,
				      const struct user *user, const char *store,
				      struct sg_error *e)
{
	(void)a, (void)user;
	assert_non_null(store);
	return fake_answer(w, true, ((const struct fake *)w)->may_assign, e);
}

static inline enum answer fake_reserve(const struct world *w,
				       struct sg_arena *a,
				       struct reservation *r, struct sg_error *e)
{
	struct fake *f = (struct fake *)(uintptr_t)w;
	(void)a;
	f->reserved++;
	f->wanted = *r;
	(void)snprintf(f->wanted_owner, sizeof f->wanted_owner, "%s", r->owner);
	(void)snprintf(f->wanted_store, sizeof f->wanted_store, "%s", r->store);
	r->verdict = f->quota.verdict;
	r->quota = f->quota.quota;
	r->used = f->quota.used;
	r->limit = f->quota.limit;
	r->wait = f->quota.wait;
	r->places = f->quota.places;
	return fake_answer(w, true, true, e);
}

static inline struct fake fake_world(const struct policy *p)
{
	static const struct world_calls calls = { .find_store = fake_store,
						  .find_host = fake_host,
						  .find_namespace =
							  fake_namespace,
						  .may_assign = fake_assign,
						  .reserve = fake_reserve };
	return (struct fake){ .world = { .calls = &calls, .policy = p,
					 .may_wait = true } };
}

struct ask {
	enum endpoint endpoint;
	enum operation operation;
	const char *user;
	const char *group; /* one, or NULL */
	const char *object, *old; /* YAML, or NULL */
};

static inline const struct node *object_of(struct sg_arena *a, const char *text)
{
	return text ? must_parse(a, text) : NULL;
}

/* The review of an ask; kind and group as the object has them. */
static inline struct review review_of(struct sg_arena *a, const struct ask *k)
{
	struct review r = { .uid = "u1", .operation = k->operation };
	r.object = object_of(a, k->object);
	r.old_object = object_of(a, k->old);
	const struct node *some = r.object ? r.object : r.old_object;
	const char *api = node_text(node_get(some, "apiVersion"));
	r.group = strcmp(api, "v1") == 0 ? "" : "urumi.io";
	r.kind = node_text(node_get(some, "kind"));
	r.name = node_text(node_path(some, "metadata", "name", NULL));
	r.user.name = k->user;
	if (k->group) {
		r.user.groups.items = sg_arena_alloc(a, sizeof(char *));
		r.user.groups.items[0] = k->group;
		r.user.groups.count = 1;
	}
	return r;
}

static inline void decide(struct sg_arena *a, const struct fake *f,
			  const struct ask *k, struct verdict *v)
{
	struct review r = review_of(a, k);
	verdict_init(v, a);
	assert_true(admission_decide(&f->world, k->endpoint, &r, v));
}

static inline void expect_allowed(const struct fake *f, const struct ask *k)
{
	cleanup_arena struct sg_arena a;
	struct verdict v;
	sg_arena_init(&a);
	decide(&a, f, k, &v);
	if (!v.allowed)
		fail_msg("%s by %s\nwas refused: %s",
			 k->object ? k->object : k->old, k->user, v.message);
}

static inline void expect_refused(const struct fake *f, const struct ask *k,
				  int code, const char *says)
{
	cleanup_arena struct sg_arena a;
	struct verdict v;
	sg_arena_init(&a);
	decide(&a, f, k, &v);
	const char *what = k->object ? k->object : k->old;
	if (v.allowed)
		fail_msg("%s by %s\nwas allowed", what, k->user);
	if (v.code != code || !strstr(v.message, says))
		fail_msg("%s by %s\ncode %d, without \"%s\": %s", what, k->user,
			 v.code, says, v.message);
}

/* A Store as stored, with its name, owner and further text of its spec. */
#define STORE(name, owner, more)                                               \
	"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: " name        \
	"}, spec: {engine: woocommerce, owner: " owner                         \
	", plan: small, host: " name ".shops.example.com, displayName: " name  \
	", delivery: gitops" more "}}"

#endif
