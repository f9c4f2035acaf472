/* Who may make and change Stores, and what they may be: each rule, and ways around. */
#include "helpers.h"

#include "gate_helpers.h"
#include "names.h"

static int set_up(void **state)
{
	static struct fake f;
	struct policy *p;
	struct sg_error e = { 0 };
	if (policy_parse_default(&p, &e))
		return -1;
	f = fake_world(p);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fake *f = *state;
	policy_free((struct policy *)(uintptr_t)f->world.policy);
	return 0;
}

/* A fresh fake over the shared policy. */
static struct fake fresh(void **state)
{
	return fake_world(((struct fake *)*state)->world.policy);
}

static struct ask create(const char *user, const char *object)
{
	return (struct ask){ .endpoint = ENDPOINT_VALIDATE_STORE,
			     .operation = OPERATION_CREATE,
			     .user = user,
			     .object = object };
}

static struct ask update(const char *user, const char *old, const char *object)
{
	return (struct ask){ .endpoint = ENDPOINT_VALIDATE_STORE,
			     .operation = OPERATION_UPDATE,
			     .user = user,
			     .object = object,
			     .old = old };
}

#define SA "system:serviceaccount:argocd:controller"
#define GC "system:serviceaccount:kube-system:generic-garbage-collector"

/* --- who --- */

static void test_create_by_whom(void **state)
{
	struct fake f = fresh(state);
	struct ask own = create("alice", STORE("fashion", "alice", ""));
	struct ask others = create("bob", STORE("fashion", "alice", ""));
	struct ask service = create(SA, STORE("fashion", "alice", ""));
	struct ask like = create("Alice", STORE("fashion", "alice", ""));
	expect_allowed(&f, &own);
	expect_refused(&f, &others, 422, "spec.owner: you are \"bob\"");
	expect_refused(&f, &service, 422, "the right to \"assign\"");
	expect_refused(&f, &like, 422, "spec.owner: you are \"Alice\"");
	f.may_assign = true;
	expect_allowed(&f, &others);
	expect_allowed(&f, &service);
}

static void test_create_without_owner(void **state)
{
	static const char text[] =
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion}, "
		"spec: {engine: woocommerce, owner: null}}";
	struct fake f = fresh(state);
	struct ask person = create("alice", text), service = create(SA, text);
	f.may_assign = true;
	expect_refused(&f, &person, 422, "spec.owner: is missing; name the user");
	expect_refused(&f, &service, 422, "is no person");
	struct ask odd = create("a\xc2\x85z", text);
	expect_refused(&f, &odd, 422,
		       "spec.owner: is missing, and can't be you (\"a??z\"); name the user whom the Store is for: an owner is a user's name: one line of 1 to 253 bytes");
}

/* The rule is the post-renderer's, too, which could not label this one's shop. */
static void test_owner_that_is_no_line(void **state)
{
	struct fake f = fresh(state);
	struct ask own = create("a\xc2\x85z", STORE("fashion", "\"a\\u0085z\"", ""));
	struct ask given = update("alice", STORE("fashion", "alice", ""),
				  STORE("fashion", "\"a\\u2028z\"", ""));
	expect_refused(&f, &own, 422, "spec.owner: \"a??z\" is no owner's name");
	f.may_assign = true;
	expect_refused(&f, &given, 422, "is no owner's name; an owner is a user's name: one line");
}

static void test_change_by_whom(void **state)
{
	static const char old[] = STORE("fashion", "alice", "");
	static const char now[] = STORE("fashion", "alice", ", adminEmail: a@b.c");
	struct fake f = fresh(state);
	struct ask own = update("alice", old, now);
	struct ask others = update("bob", old, now);
	struct ask held = update("alice", old,
				 "{apiVersion: urumi.io/v1, kind: Store, metadata: {name: "
				 "fashion, finalizers: [" SG_FINALIZER "]}, spec: {engine: "
				 "woocommerce, owner: alice, plan: small, host: "
				 "fashion.shops.example.com, displayName: fashion, "
				 "delivery: gitops}}");
	struct ask metadata = update("bob", old, old);
	struct ask controller = update(GC, old, old);
	struct ask overreach = update(GC, old, now);
	expect_allowed(&f, &own);
	expect_allowed(&f, &held);
	assert_int_equal(f.asked, 0); /* the common case waits for nobody */
	expect_refused(&f, &others, 403, "belongs to \"alice\"");
	expect_refused(&f, &metadata, 403, "belongs to \"alice\"");
	expect_allowed(&f, &controller);
	expect_refused(&f, &overreach, 403, "belongs to \"alice\"");
	f.may_assign = true;
	expect_allowed(&f, &others);
}

static void test_owner_changes(void **state)
{
	static const char alices[] = STORE("fashion", "alice", "");
	static const char bobs[] = STORE("fashion", "bob", "");
	static const char nobodys[] = STORE("fashion", "null", "");
	static const char leaving[] =
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion, "
		"deletionTimestamp: '2026-11-24T10:00:00Z'}, spec: {engine: "
		"woocommerce, owner: alice, delivery: gitops}}";
	struct fake f = fresh(state);
	struct ask given = update("alice", alices, bobs);
	struct ask taken = update("bob", alices, bobs);
	struct ask dropped = update("alice", alices, nobodys);
	struct ask adopted = update("bob", nobodys, bobs);
	struct ask in_passing = update("alice", leaving, bobs);
	expect_refused(&f, &given, 422, "can give it to \"bob\"; keep \"alice\"");
	expect_refused(&f, &taken, 403, "belongs to \"alice\"");
	expect_refused(&f, &dropped, 422, "can't be left out: it is alice");
	expect_refused(&f, &adopted, 403, "belongs to \"nobody\"");
	expect_refused(&f, &in_passing, 422, "keep \"alice\"");
	f.may_assign = true;
	expect_allowed(&f, &given);
	expect_allowed(&f, &taken);
	expect_allowed(&f, &adopted);
	expect_refused(&f, &dropped, 422, "can't be left out");
}

/* --- what --- */

static void test_all_at_once(void **state)
{
	cleanup_arena struct sg_arena a;
	struct verdict v;
	struct fake f = fresh(state);
	struct ask k = create(
		"alice",
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: paypa1}, spec: "
		"{engine: medusa, owner: alice, plan: huge, host: a.evil.com, adminEmail: "
		"\"a\\u0007@b.c\", displayName: \"a\\nb\", delivery: post, values: {x: 1, "
		"web: {dbPassword: s3cr3t}}}}");
	sg_arena_init(&a);
	decide(&a, &f, &k, &v);
	static const char *const fields[] = {
		"metadata.name", "spec.plan",	    "spec.host",
		"spec.delivery", "spec.adminEmail", "spec.displayName",
		"spec.values.x", "spec.values.web.dbPassword"
	};
	assert_false(v.allowed);
	assert_int_equal(v.code, 422);
	assert_int_equal(v.causes.count, COUNT(fields));
	for (unsigned i = 0; i < COUNT(fields); i++) {
		expect_text(v.causes.items[i].field, fields[i], "cause");
		assert_non_null(strstr(v.message, fields[i]));
	}
	assert_null(strstr(v.message, "s3cr3t"));
}

static void test_immutable(void **state)
{
	static const char old[] = STORE("fashion", "alice", "");
	struct fake f = fresh(state);
	struct ask engine = update(
		"alice", old,
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion}, "
		"spec: {engine: medusa, owner: alice, delivery: helm}}");
	f.may_assign = true;
	expect_refused(&f, &engine, 422,
		       "spec.engine: can't be changed: keep \"woocommerce\"");
	expect_refused(&f, &engine, 422,
		       "spec.delivery: can't be changed: keep \"gitops\"");
}

/* What the policy no longer takes stays as it is, and only that. */
static void test_what_was_admitted_stays(void **state)
{
#define LEGACY(more)                                                           \
	"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: admin}, spec: " \
	"{engine: woocommerce, owner: alice, plan: legacy, host: old.evil.com, " \
	"adminEmail: nonsense, values: {old: {a: 1, b: [1, 2]}" more "}}}"
	struct fake f = fresh(state);
	struct ask same = update("alice", LEGACY(""),
				 LEGACY(", shop: {currency: EUR}"));
	struct ask worse = update("alice", LEGACY(""), LEGACY(", new: 1"));
	expect_allowed(&f, &same);
	assert_int_equal(f.asked, 0);
	expect_refused(&f, &worse, 422, "spec.values.new: is not a value");
	struct ask host = update("alice", LEGACY(""),
				 STORE("admin", "alice", ""));
	expect_refused(&f, &host, 422, "\"admin\" is reserved; choose another host");
	struct ask value = update(
		"alice", STORE("fashion", "alice", ", values: {old: {a: 1, b: 2}}"),
		STORE("fashion", "alice", ", values: {old: {a: 2, b: 2}}"));
	expect_refused(&f, &value, 422, "spec.values.old.a: is not a value");
}

static void test_leaving_stores_can_leave(void **state)
{
	static const char leaving[] =
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion, "
		"deletionTimestamp: '2026-11-24T10:00:00Z'}, spec: {engine: "
		"gone, owner: alice, plan: gone}}";
	struct fake f = fresh(state);
	struct ask own = update("alice", leaving, leaving);
	struct ask controller = update(GC, leaving, leaving);
	expect_allowed(&f, &own);
	expect_allowed(&f, &controller);
}

/* The same Store, being deleted. */
static const char *leaving(struct sg_arena *a, const char *text)
{
	static const char head[] = "metadata: {";
	const char *at = strstr(text, head);
	assert_non_null(at);
	return sg_arena_printf(a, "%.*s%sdeletionTimestamp: '2026-11-24T10:00:00Z', %s",
			       (int)(at - text), text, head, at + strlen(head));
}

/* One update of a Store that lives, and of the same that is being deleted. */
static void expect_alike(const struct fake *f, const char *user,
			 const char *group, const char *old, const char *now)
{
	cleanup_arena struct sg_arena a;
	struct verdict living, dying;
	sg_arena_init(&a);
	struct ask k = update(user, old, now);
	k.group = group;
	decide(&a, f, &k, &living);
	k.old = leaving(&a, old);
	k.object = leaving(&a, now);
	decide(&a, f, &k, &dying);
	if (living.allowed != dying.allowed || living.code != dying.code ||
	    (!living.allowed && strcmp(living.message, dying.message) != 0))
		fail_msg("%s by %s\nliving: %s\nbeing deleted: %s", now, user,
			 living.allowed ? "allowed" : living.message,
			 dying.allowed ? "allowed" : dying.message);
}

#define OF(fields)                                                             \
	"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion}, "   \
	"spec: {" fields "}}"
#define BASE "engine: woocommerce, owner: alice, delivery: gitops"

/* Whatever is tried on a Store, it is no other one for being deleted. */
static void test_a_store_being_deleted_is_a_store(void **state)
{
	static const char old[] = OF(BASE ", plan: small, values: {old: 1}");
	static const char *const changes[] = {
		OF(BASE ", plan: small, values: {old: 1}"),
		OF(BASE ", plan: medium, values: {old: 1}"),
		OF(BASE ", plan: gone, values: {old: 1}"),
		OF(BASE ", plan: 5"),
		OF(BASE ", plan: small, x: 1"),
		OF(BASE ", plan: small, values: {shop: {currency: EUR}}"),
		OF(BASE ", plan: small, values: {shop: {unknown: 1}}"),
		OF(BASE ", plan: small, values: {database: {password: x}}"),
		OF(BASE ", plan: small, values: text"),
		OF(BASE ", plan: small, adminEmail: nonsense"),
		OF(BASE ", plan: small, adminEmail: a@example.com"),
		OF(BASE ", plan: small, displayName: \"a\\nb\""),
		OF("engine: medusa, owner: alice, delivery: gitops"),
		OF("engine: woocommerce, owner: alice, delivery: helm"),
		OF("owner: alice, delivery: gitops, plan: small"),
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion}}",
	};
	static const char *const users[] = { "alice", "bob", SA, GC };
	struct fake f = fresh(state);
	for (int assigns = 0; assigns < 2; assigns++) {
		f.may_assign = assigns;
		for (size_t u = 0; u < COUNT(users); u++)
			for (size_t i = 0; i < COUNT(changes); i++)
				expect_alike(&f, users[u], NULL, old, changes[i]);
	}
	expect_alike(&f, "alice", "everybody", old, changes[1]);
}

/* Its host and its owner it keeps, whoever asks. */
static void test_a_store_being_deleted_takes_nothing(void **state)
{
	static const char old[] = OF(BASE ", host: a.shops.example.com");
	static const char *const changes[][2] = {
		{ OF(BASE ", host: b.shops.example.com"), "takes no other host; keep a." },
		{ OF(BASE ", host: admin.shops.example.com"), "\"admin\" is reserved" },
		{ OF(BASE ", host: fashion.shops.example.com"), "takes no other host" },
		{ OF(BASE ", host: not a host"), "is not a host name" },
		{ OF(BASE), "takes no other host" },
		{ OF("engine: woocommerce, owner: bob, delivery: gitops, "
		     "host: a.shops.example.com"),
		  "stays with its owner" },
		{ OF("engine: woocommerce, delivery: gitops, "
		     "host: a.shops.example.com"),
		  "spec.owner: is missing" },
	};
	cleanup_arena struct sg_arena a;
	struct fake f = fresh(state);
	sg_arena_init(&a);
	f.may_assign = true;
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct ask k = update("alice", leaving(&a, old),
				      leaving(&a, changes[i][0]));
		expect_refused(&f, &k, 422, changes[i][1]);
	}
	assert_int_equal(f.reserved, 0);
}

static void test_hosts(void **state)
{
	struct fake f = fresh(state);
	struct ask k = create("alice", STORE("fashion", "alice", ""));
	f.taken_host = "fashion.shops.example.com";
	expect_refused(&f, &k, 422,
		       "spec.host: \"fashion.shops.example.com\" is taken by Store \"other\"");
	cleanup_arena struct sg_arena a;
	struct verdict v;
	sg_arena_init(&a);
	decide(&a, &f, &k, &v);
	assert_int_equal(v.causes.items[0].kind, VIOLATION_DUPLICATE);
}

#define HOSTED(owner, host)                                                    \
	"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: mine}, spec: {" \
	"engine: woocommerce, owner: " owner ", plan: small, host: " host        \
	", delivery: gitops}}"

/* Store fashion is alice's; the fake says no host, as of a generated name. */
static void test_hosts_of_other_names(void **state)
{
	struct fake f = fresh(state);
	f.store = "fashion";
	struct ask bobs = create("bob", HOSTED("bob", "fashion.shops.example.com"));
	struct ask below =
		create("bob", HOSTED("bob", "pay.fashion.shops.example.com"));
	struct ask same =
		create("alice", HOSTED("alice", "fashion.shops.example.com"));
	struct ask own_below =
		create("alice", HOSTED("alice", "new.fashion.shops.example.com"));
	struct ask free =
		create("bob", HOSTED("bob", "fashion2.shops.example.com"));
	struct ask moved = update("bob", HOSTED("bob", "mine.shops.example.com"),
				  HOSTED("bob", "fashion.shops.example.com"));
	static const char says[] = "is kept for Store \"fashion\"";
	expect_refused(&f, &bobs, 422, says);
	expect_refused(&f, &below, 422, says);
	expect_refused(&f, &same, 422, says);
	expect_refused(&f, &moved, 422, says);
	expect_allowed(&f, &own_below);
	expect_allowed(&f, &free);
}

static void test_namespaces(void **state)
{
	static const struct {
		const char *metadata, *says; /* NULL: allowed */
	} cases[] = {
		{ "{labels: {urumi.io/store: fashion, urumi.io/owner: alice}}",
		  NULL },
		{ "{labels: {urumi.io/store: fashion, urumi.io/owner: bob}}",
		  "still holds another shop (urumi.io/owner=bob)" },
		{ "{labels: {urumi.io/store: other, urumi.io/owner: alice}}",
		  "still holds another shop" },
		{ "{labels: {urumi.io/store: fashion}}",
		  "still holds another shop" },
		{ "{labels: {name: store-fashion}}",
		  "kubectl label namespace store-fashion urumi.io/store=fashion urumi.io/owner=alice" },
		{ "{name: store-fashion}", "does not say whose it is" },
		{ "{deletionTimestamp: '2026-11-24T10:00:00Z', labels: "
		  "{urumi.io/store: fashion, urumi.io/owner: alice}}",
		  "is still being removed; wait until" },
	};
	struct ask k = create("alice", STORE("fashion", "alice", ""));
	cleanup_arena struct sg_arena a;
	sg_arena_init(&a);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fake f = fresh(state);
		f.may_assign = true; /* it does not help here */
		f.metadata = must_parse(&a, cases[i].metadata);
		if (cases[i].says)
			expect_refused(&f, &k, 422, cases[i].says);
		else
			expect_allowed(&f, &k);
	}
}

/* Or an administrator would give the new owner the volumes of the old one's shop. */
static void test_a_namespace_with_a_store_is_nobody_elses(void **state)
{
	cleanup_arena struct sg_arena a;
	struct ask k = create("bob", STORE("fashion", "bob", ""));
	struct fake f = fresh(state);
	sg_arena_init(&a);
	f.store = "fashion";
	f.metadata = must_parse(&a, "{name: store-fashion}");
	expect_refused(&f, &k, 422,
		       "metadata.name: Store \"fashion\" belongs to \"alice\"; choose");
	f.deleting = true;
	expect_refused(&f, &k, 422,
		       "belongs to \"alice\" and is being deleted; choose another name, or wait until \"kubectl get store fashion\" finds none");
	struct verdict v;
	decide(&a, &f, &k, &v);
	if (strstr(v.message, "kubectl label"))
		fail_msg("told to label it: %s", v.message);
	assert_int_equal(v.causes.count, 1);
	assert_int_equal(v.causes.items[0].kind, VIOLATION_DUPLICATE);
	assert_int_equal(f.reserved, 0);
	/* with all else that is wrong */
	k.object = STORE("fashion", "bob", ", adminEmail: nobody");
	expect_refused(&f, &k, 422, "belongs to \"alice\" and is being deleted");
	expect_refused(&f, &k, 422, "spec.adminEmail: \"nobody\"");
}

/* Whether there is a Store is not known: no advice. */
static enum answer no_answer(const struct world *w, struct sg_arena *a,
			     const char *name, bool is_fresh,
			     struct store_facts *out, struct sg_error *e)
{
	(void)w, (void)a, (void)name, (void)is_fresh, (void)out;
	sg_error_set(e, SG_IO, "the API server did not answer");
	return WORLD_UNKNOWN;
}

static void test_a_namespace_in_doubt_is_given_to_nobody(void **state)
{
	cleanup_arena struct sg_arena a;
	struct ask k = create("bob", STORE("fashion", "bob", ""));
	struct fake f = fresh(state);
	struct world_calls calls = *f.world.calls;
	sg_arena_init(&a);
	calls.find_store = no_answer;
	f.world.calls = &calls;
	f.metadata = must_parse(&a, "{name: store-fashion}");
	expect_refused(&f, &k, 503, "try again");
	f.metadata = must_parse(&a, "{labels: {urumi.io/store: fashion, "
				    "urumi.io/owner: alice}}");
	expect_refused(&f, &k, 422, "still holds another shop");
}

static void test_plans_for_groups(void **state)
{
	struct fake f = fresh(state);
	struct policy *p = (struct policy *)(uintptr_t)f.world.policy;
	struct plan *large = &p->plans[2];
	const char *agencies = "agencies";
	struct strings before = large->groups;
	static const char small[] = STORE("fashion", "alice", "");
	static const char text[] =
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion}, spec: "
		"{engine: woocommerce, owner: alice, plan: large, delivery: gitops}}";
	struct ask k = create("alice", text), grown = update("alice", small, text);
	struct ask kept = update(
		"alice", text,
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion}, spec: "
		"{engine: woocommerce, owner: alice, plan: large, adminEmail: a@b.c}}");
	expect_text(large->name, "large", "plan");
	large->groups = (struct strings){ &agencies, 1 };
	expect_refused(&f, &k, 422,
		       "plan \"large\" is only for members of: agencies; you may use: small, medium");
	expect_refused(&f, &grown, 422, "only for members of");
	expect_allowed(&f, &kept);
	k.group = "agencies";
	expect_allowed(&f, &k);
	k.group = "agency";
	f.may_assign = true;
	expect_allowed(&f, &k);
	large->groups = before;
}

static void test_not_a_store(void **state)
{
	static const struct {
		const char *object, *says;
	} cases[] = {
		{ "{apiVersion: urumi.io/v2, kind: Store, metadata: {name: a}}",
		  "not a Store" },
		{ "{apiVersion: urumi.io/v1, kind: Store, spec: {}}",
		  "metadata must be" },
		{ "{apiVersion: urumi.io/v1, kind: Store, metadata: {name: abc}, spec: []}",
		  "spec must be a mapping, not a list" },
		{ "{apiVersion: urumi.io/v1, kind: Store, metadata: {name: abc}, spec: {engine: 1}}",
		  "spec.engine: 1 is not a string" },
		{ "{apiVersion: urumi.io/v1, kind: Store, metadata: {name: abc}, spec: {values: x}}",
		  "spec.values must be a mapping" },
		{ "{apiVersion: v1, kind: Namespace, metadata: {name: abc}}",
		  "this endpoint reviews Store of urumi.io, not Namespace" },
		{ "{apiVersion: urumi.io/v1, kind: StorePolicy, metadata: {name: abc}}",
		  "not StorePolicy of urumi.io" },
	};
	struct fake f = fresh(state);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ask k = create("alice", cases[i].object);
		expect_refused(&f, &k, 400, cases[i].says);
	}
}

/* --- doubts --- */

static void test_waiting(void **state)
{
	cleanup_arena struct sg_arena a;
	struct fake f = fresh(state);
	struct ask k = create("alice", STORE("fashion", "alice", ""));
	struct ask bad = create("alice", STORE("admin", "alice", ""));
	struct verdict v;
	sg_arena_init(&a);
	f.world.may_wait = false;
	struct review r = review_of(&a, &k);
	verdict_init(&v, &a);
	assert_false(admission_decide(&f.world, k.endpoint, &r, &v));
	assert_true(v.allowed);
	f.world.may_wait = true;
	f.unknown = true;
	expect_refused(&f, &k, 503, "try again: the API server did not answer");
	/* what is wrong anyway is said all the same */
	expect_refused(&f, &bad, 422, "\"admin\" is reserved");
	struct ask others = update("bob", STORE("fashion", "alice", ""),
				   STORE("fashion", "alice", ""));
	expect_refused(&f, &others, 503, "try again");
}

static void test_warnings_and_audit(void **state)
{
	cleanup_arena struct sg_arena a;
	struct fake f = fresh(state);
	struct policy *p = (struct policy *)(uintptr_t)f.world.policy;
	const char *domain = "shop.example";
	struct strings before = p->hosts.allowed_domains;
	struct verdict v;
	struct ask k = create(
		"alice",
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion}, spec: "
		"{engine: woocommerce, owner: alice, host: fashion.shop.example}}");
	sg_arena_init(&a);
	p->hosts.allowed_domains = (struct strings){ &domain, 1 };
	f.quota = (struct reservation){ .verdict = RESERVATION_MADE,
					.quota = "alice-2b", .limit = 5,
					.used = 2 };
	decide(&a, &f, &k, &v);
	p->hosts.allowed_domains = before;
	assert_true(v.allowed);
	assert_int_equal(v.warnings.count, 1);
	assert_non_null(strstr(v.warnings.items[0], "needs a DNS record"));
	assert_int_equal(v.annotation_count, 5);
	expect_text(v.annotations[0].value, "alice", "owner");
	expect_text(v.annotations[1].value, "used 2 of 5", "quota");
	expect_text(v.annotations[2].value, "alice-2b", "storequota");
	expect_text(v.annotations[3].value, "allowed", "decision");
	expect_text(v.annotations[4].value, "for oneself", "reason");
}

/* --- quotas --- */

static void test_a_place_is_taken_last_and_for_what_stands(void **state)
{
	struct fake f = fresh(state);
	struct ask k = create("alice", STORE("fashion", "alice", ""));
	struct ask bad = create("alice", STORE("admin", "alice", ""));
	struct ask again = create("alice", STORE("books", "alice", ""));
	struct ask change = update("alice", STORE("fashion", "alice", ""),
				   STORE("fashion", "alice", ", adminEmail: a@example.com"));
	expect_allowed(&f, &k);
	assert_int_equal(f.reserved, 1);
	expect_text(f.wanted_owner, "alice", "owner");
	expect_text(f.wanted_store, "fashion", "store");
	assert_int_equal(f.wanted.hard, f.world.policy->owners.stores);
	assert_int_equal(f.wanted.per_minute,
			 f.world.policy->owners.creates_per_minute);
	expect_refused(&f, &bad, 422, "\"admin\" is reserved");
	expect_allowed(&f, &change);
	f.store = "books";
	expect_refused(&f, &again, 409,
		       "stores.urumi.io \"books\" already exists");
	assert_int_equal(f.reserved, 1);
}

static void test_a_new_owner_needs_a_place(void **state)
{
	struct fake f = fresh(state);
	struct ask given = update("dora", STORE("fashion", "alice", ""),
				  STORE("fashion", "bob", ""));
	struct ask going = update(
		"dora",
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion, "
		"deletionTimestamp: x}, spec: {engine: woocommerce, owner: alice}}",
		STORE("fashion", "bob", ""));
	f.may_assign = true;
	expect_allowed(&f, &given);
	assert_int_equal(f.reserved, 1);
	expect_text(f.wanted_owner, "bob", "owner");
	assert_int_equal(f.wanted.per_minute, 0);
	expect_refused(&f, &going, 422,
		       "stays with its owner, \"alice\"; its name is free once its namespace is gone");
	assert_int_equal(f.reserved, 1);
}

static void test_a_full_quota_says_what_is_in_it(void **state)
{
	struct fake f = fresh(state);
	struct ask k = create("alice", STORE("fashion", "alice", ""));
	struct place places[] = {
		{ "books", PLACE_EXISTS, NULL },
		{ "shoes", PLACE_DELETING, NULL },
		{ "toys", PLACE_PENDING, "14:03:05 UTC" },
		{ "hats", PLACE_GONE, NULL },
	};
	f.quota = (struct reservation){ .verdict = RESERVATION_FULL,
					.quota = "alice-2b", .limit = 4,
					.used = 4, .places = places };
	expect_refused(&f, &k, 403,
		       "\"alice\" has 4 of 4 Stores: books, shoes (being deleted), "
		       "toys (being created or freed, by 14:03:05 UTC), hats (being "
		       "freed); delete one, or ask an administrator for a higher limit "
		       "(spec.hard.stores of StoreQuota alice-2b)");
	f.quota = (struct reservation){ .verdict = RESERVATION_FULL };
	expect_refused(&f, &k, 403,
		       "\"alice\" has 0 of 0 Stores; ask an administrator");
}

static void test_creations_are_paced(void **state)
{
	struct fake f = fresh(state);
	struct ask k = create("alice", STORE("fashion", "alice", ""));
	f.quota = (struct reservation){ .verdict = RESERVATION_TOO_FAST,
					.wait = 4001 };
	expect_refused(&f, &k, 429, "Stores created a minute; try again in 5 s");
	f.quota.wait = 5001;
	expect_refused(&f, &k, 403, "try again in 6 s (at ");
}

static void test_limits_of_groups(void **state)
{
	struct fake f = fresh(state);
	struct policy *p = (struct policy *)(uintptr_t)f.world.policy;
	struct group_limit limits[] = { { "agencies", 50 }, { "testers", 2 } };
	struct ask k = create("alice", STORE("fashion", "alice", ""));
	p->owners.groups = limits;
	p->owners.group_count = 2;
	expect_allowed(&f, &k);
	assert_int_equal(f.wanted.hard, p->owners.stores);
	k.group = "agencies";
	expect_allowed(&f, &k);
	assert_int_equal(f.wanted.hard, 50);
	k.group = "testers"; /* fewer than everybody */
	expect_allowed(&f, &k);
	assert_int_equal(f.wanted.hard, 2);
	k.user = "dora"; /* whose groups are not alice's */
	k.group = "agencies";
	f.may_assign = true;
	f.quota = (struct reservation){ .verdict = RESERVATION_FULL };
	expect_refused(&f, &k, 403, "limits of groups count only for the Stores");
	assert_int_equal(f.wanted.hard, p->owners.stores);
	p->owners.group_count = 0;
}

static void test_names_are_never_missing(void **state)
{
	static const char nameless[] =
		"{apiVersion: urumi.io/v1, kind: Store, metadata: {}, spec: {}}";
	struct fake f = fresh(state);
	struct ask k = update("bob", nameless, nameless);
	expect_refused(&f, &k, 403, "belongs to \"nobody\"");
}

static void test_deletion_passes(void **state)
{
	struct fake f = fresh(state);
	struct ask k = { .endpoint = ENDPOINT_VALIDATE_STORE,
			 .operation = OPERATION_DELETE,
			 .user = "bob",
			 .old = STORE("fashion", "alice", "") };
	expect_allowed(&f, &k);
}

/* Who is listed deletes for those alone; who isn't, and owners, nobody limits here. */
static void test_deletions_of_who_is_limited(void **state)
{
	const char *owners[] = { "carol", "team-*" };
	struct assigner list[] = { { "dora", { owners, 2 } },
				   { "alice", { NULL, 0 } } };
	struct fake f = fresh(state);
	struct policy limiting = *f.world.policy;
	limiting.owners.assigners = list;
	limiting.owners.assigner_count = COUNT(list);
	f.world.policy = &limiting;
	static const struct {
		const char *user, *old;
		bool allowed;
	} cases[] = {
		{ "dora", STORE("fashion", "carol", ""), true },
		{ "dora", STORE("fashion", "team-a", ""), true },
		{ "dora", STORE("fashion", "dora", ""), true },
		{ "dora", STORE("fashion", "null", ""), true },
		{ "dora", STORE("fashion", "bob", ""), false },
		{ "dora", STORE("fashion", "carolina", ""), false },
		{ "alice", STORE("fashion", "alice", ""), true },
		{ "alice", STORE("fashion", "bob", ""), false },
		{ "erin", STORE("fashion", "bob", ""), true },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ask k = { .endpoint = ENDPOINT_VALIDATE_STORE,
				 .operation = OPERATION_DELETE,
				 .user = cases[i].user,
				 .old = cases[i].old };
		if (cases[i].allowed)
			expect_allowed(&f, &k);
		else
			expect_refused(&f, &k, 403, "may not act: owners.assigners");
	}
	assert_int_equal(f.asked, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_create_by_whom),
		cmocka_unit_test(test_create_without_owner),
		cmocka_unit_test(test_owner_that_is_no_line),
		cmocka_unit_test(test_change_by_whom),
		cmocka_unit_test(test_owner_changes),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_immutable),
		cmocka_unit_test(test_what_was_admitted_stays),
		cmocka_unit_test(test_leaving_stores_can_leave),
		cmocka_unit_test(test_a_store_being_deleted_is_a_store),
		cmocka_unit_test(test_a_store_being_deleted_takes_nothing),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_hosts_of_other_names),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_a_namespace_with_a_store_is_nobody_elses),
		cmocka_unit_test(test_a_namespace_in_doubt_is_given_to_nobody),
		cmocka_unit_test(test_plans_for_groups),
		cmocka_unit_test(test_not_a_store),
		cmocka_unit_test(test_waiting),
		cmocka_unit_test(test_warnings_and_audit),
		cmocka_unit_test(test_a_place_is_taken_last_and_for_what_stands),
		cmocka_unit_test(test_a_new_owner_needs_a_place),
		cmocka_unit_test(test_a_full_quota_says_what_is_in_it),
		cmocka_unit_test(test_creations_are_paced),
		cmocka_unit_test(test_limits_of_groups),
		cmocka_unit_test(test_names_are_never_missing),
		cmocka_unit_test(test_deletion_passes),
		cmocka_unit_test(test_deletions_of_who_is_limited),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
