/* Defaults of Stores, namespaces of Stores, and policies. */
#include "helpers.h"

#include "gate_helpers.h"
#include "names.h"

static int set_up(void **state)
{
	struct policy *p;
	struct sg_error e = { 0 };
	if (policy_parse_default(&p, &e))
		return -1;
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	policy_free(*state);
	return 0;
}

/* --- defaults --- */

/* The patch as JSON; what it makes is checked to need no further one. */
static void expect_patch(const struct fake *f, const struct ask *k,
			 const char *wanted)
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer out;
	struct verdict v, again;
	sg_arena_init(&a);
	sg_buffer_init(&out, SG_MAX_FILE);
	decide(&a, f, k, &v);
	assert_true(v.allowed);
	json_write(&out, v.patch);
	expect_text(out.data, wanted, k->object);
	struct review r = review_of(&a, k);
	r.object = patch_apply(&a, r.object, v.patch);
	assert_non_null(r.object);
	verdict_init(&again, &a);
	assert_true(admission_decide(&f->world, k->endpoint, &r, &again));
	if (node_count(again.patch))
		fail_msg("%s is patched again", k->object);
}

static struct ask mutate(const char *user, const char *old, const char *object)
{
	return (struct ask){ .endpoint = ENDPOINT_MUTATE_STORE,
			     .operation = old ? OPERATION_UPDATE :
						OPERATION_CREATE,
			     .user = user,
			     .object = object,
			     .old = old };
}

#define HEAD "{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion}"
#define ADD(key, value)                                                        \
	"{\"op\":\"add\",\"path\":\"/spec/" key "\",\"value\":\"" value "\"}"
#define HELD                                                                   \
	"{\"op\":\"add\",\"path\":\"/metadata/finalizers\",\"value\":[\"" SG_FINALIZER "\"]}"
#define REST                                                                   \
	ADD("plan", "small") "," ADD("host", "fashion.shops.example.com") ","  \
	ADD("displayName", "fashion") "," ADD("delivery", "gitops")

static void test_defaults_of_new(void **state)
{
	struct fake f = fake_world(*state);
	struct ask person = mutate("alice", NULL, HEAD ", spec: {engine: medusa}}");
	struct ask account = mutate("system:serviceaccount:a:b", NULL,
				    HEAD ", spec: {engine: medusa}}");
	struct ask node = mutate("system:node:n1", NULL, HEAD ", spec: {x: 1}}");
	struct ask nulls = mutate("alice", NULL,
				  HEAD ", spec: {plan: null, owner: bob, host: h}}");
	struct ask nothing = mutate("alice", NULL, HEAD "}");
	expect_patch(&f, &person, "[" ADD("owner", "alice") "," REST "," HELD "]");
	expect_patch(&f, &account, "[" REST "," HELD "]");
	expect_patch(&f, &node, "[" REST "," HELD "]");
	struct ask odd = mutate("a\xc2\x85" "b", NULL, HEAD ", spec: {engine: medusa}}");
	expect_patch(&f, &odd, "[" REST "," HELD "]");
	expect_patch(&f, &nulls, "[" ADD("plan", "small") ","
		     ADD("displayName", "fashion") "," ADD("delivery", "gitops") "," HELD "]");
	expect_patch(&f, &nothing,
		     "[{\"op\":\"add\",\"path\":\"/spec\",\"value\":{\"owner\":\"alice\","
		     "\"plan\":\"small\",\"host\":\"fashion.shops.example.com\","
		     "\"displayName\":\"fashion\",\"delivery\":\"gitops\"}}," HELD "]");
	assert_int_equal(f.asked, 0);
}

static void test_generated_name_has_no_host_yet(void **state)
{
	struct fake f = fake_world(*state);
	struct ask k = mutate("alice", NULL,
			      "{apiVersion: urumi.io/v1, kind: Store, metadata: "
			      "{generateName: shop-}, spec: {engine: medusa}}");
	expect_patch(&f, &k, "[" ADD("owner", "alice") "," ADD("plan", "small")
		     "," ADD("delivery", "gitops") "," HELD "]");
}

static void test_updates_keep_what_they_leave_out(void **state)
{
	static const char old[] =
		HEAD ", spec: {engine: medusa, owner: alice, plan: large, host: a.b.c, "
		     "displayName: A, delivery: helm, deletionProtection: true, "
		     "adminEmail: a@b.c, values: {x: 1}}}";
	struct fake f = fake_world(*state);
	struct ask replaced = mutate("bob", old, HEAD ", spec: {engine: medusa}}");
	struct ask labelled = mutate("bob", old, old);
	struct ask ownerless = mutate("bob", HEAD ", spec: {engine: medusa}}",
				      HEAD ", spec: {engine: medusa, plan: large}}");
	struct ask bare = mutate("bob", HEAD ", spec: {engine: medusa}}",
				 HEAD ", spec: {engine: medusa}}");
	expect_patch(&f, &replaced,
		     "[" ADD("owner", "alice") "," ADD("plan", "large") ","
		     ADD("host", "a.b.c") "," ADD("displayName", "A") ","
		     ADD("delivery", "helm")
		     ",{\"op\":\"add\",\"path\":\"/spec/deletionProtection\",\"value\":true}," HELD "]");
	expect_patch(&f, &labelled, "[" HELD "]");
	expect_patch(&f, &ownerless, "["
		     ADD("host", "fashion.shops.example.com") ","
		     ADD("displayName", "fashion") "," ADD("delivery", "gitops") "," HELD "]");
	expect_patch(&f, &bare, "[" HELD "]");
}

static void test_nothing_to_default(void **state)
{
	struct fake f = fake_world(*state);
	struct ask odd = mutate("alice", NULL, HEAD ", spec: [1]}");
	struct ask text = mutate("alice", NULL, HEAD ", spec: text}");
	struct ask leaving = mutate("alice", HEAD ", spec: {engine: medusa}}",
				    "{apiVersion: urumi.io/v1, kind: Store, metadata: "
				    "{name: fashion, deletionTimestamp: x}}");
	expect_patch(&f, &odd, "[" HELD "]");
	expect_patch(&f, &text, "[" HELD "]");
	expect_patch(&f, &leaving,
		     "[{\"op\":\"add\",\"path\":\"/spec\",\"value\":{\"engine\":\"medusa\","
		     "\"plan\":\"small\",\"host\":\"fashion.shops.example.com\","
		     "\"displayName\":\"fashion\",\"delivery\":\"gitops\"}}]");
}

static void test_finalizer(void **state)
{
#define WITH(metadata)                                                         \
	"{apiVersion: urumi.io/v1, kind: Store, metadata: {name: fashion" metadata \
	"}, spec: {owner: alice, plan: small, host: h, displayName: F, delivery: helm}}"
	static const struct {
		const char *metadata, *patch;
	} cases[] = {
		{ WITH(""), "[" HELD "]" },
		{ WITH(", finalizers: null"), "[" HELD "]" },
		{ WITH(", finalizers: []"), "[" HELD "]" },
		{ WITH(", finalizers: [a/b, c/d]"),
		  "[{\"op\":\"add\",\"path\":\"/metadata/finalizers\","
		  "\"value\":[\"a/b\",\"c/d\",\"" SG_FINALIZER "\"]}]" },
		{ WITH(", finalizers: [" SG_FINALIZER "]"), "null" },
		{ WITH(", finalizers: [a/b, " SG_FINALIZER ", c/d]"), "null" },
		{ WITH(", finalizers: text"), "null" },
		{ WITH(", deletionTimestamp: x, finalizers: [a/b]"), "null" },
	};
	struct fake f = fake_world(*state);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct ask made = mutate("alice", NULL, cases[i].metadata);
		struct ask kept = mutate("alice", WITH(""), cases[i].metadata);
		struct ask taken_off = mutate("alice",
					      WITH(", finalizers: [" SG_FINALIZER "]"),
					      cases[i].metadata);
		expect_patch(&f, &made, cases[i].patch);
		expect_patch(&f, &kept, cases[i].patch);
		expect_patch(&f, &taken_off, cases[i].patch);
	}
#undef WITH
}

static void test_pointers_are_escaped(void **state)
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer out;
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&out, SG_MAX_FILE);
	struct node *added = node_new_mapping(&a);
	node_set_string(&a, added, "a/b~c", "x");
	node_set_string(&a, added, "~1", "y");
	struct node *patch = patch_add_all(&a, "s/t", true, added);
	json_write(&out, patch);
	expect_text(out.data,
		    "[{\"op\":\"add\",\"path\":\"/s~1t/a~1b~0c\",\"value\":\"x\"},"
		    "{\"op\":\"add\",\"path\":\"/s~1t/~01\",\"value\":\"y\"}]",
		    "patch");
	const struct node *made =
		patch_apply(&a, must_parse(&a, "{s/t: {z: 1}}"), patch);
	assert_true(node_is(node_path(made, "s/t", "a/b~c", NULL), "x"));
	assert_true(node_is(node_path(made, "s/t", "~1", NULL), "y"));
	assert_null(patch_apply(&a, must_parse(&a, "{}"), patch));
}

/* --- namespaces --- */

static struct ask namespace(const char *object)
{
	return (struct ask){ .endpoint = ENDPOINT_VALIDATE_NAMESPACE,
			     .operation = OPERATION_CREATE,
			     .user = "alice",
			     .object = object };
}

static void test_namespaces(void **state)
{
	struct fake f = fake_world(*state);
	struct ask k = namespace(
		"{apiVersion: v1, kind: Namespace, metadata: {name: store-fashion}}");
	struct ask other = namespace(
		"{apiVersion: v1, kind: Namespace, metadata: {name: stores}}");
	struct ask no_name = namespace(
		"{apiVersion: v1, kind: Namespace, metadata: {name: store-}}");
	struct ask too_long = namespace(
		"{apiVersion: v1, kind: Namespace, metadata: {name: "
		"store-abcdefghijklmnopqrstuvwxyz0123456}}");
	expect_allowed(&f, &other);
	expect_refused(&f, &k, 403, "there is none. Make the Store first");
	expect_refused(&f, &no_name, 403, "no Store can be called \"\"");
	expect_refused(&f, &too_long, 403, "no Store can be called");
	f.store = "fashion";
	expect_allowed(&f, &k);
	f.deleting = true;
	expect_refused(&f, &k, 403, "is being deleted; wait");
	f.cached = true;
	expect_refused(&f, &k, 403, "is being deleted; wait");
	f.deleting = false;
	f.world.may_wait = false; /* the cache is enough */
	expect_allowed(&f, &k);
	f.world.may_wait = true;
	f.unknown = true;
	expect_refused(&f, &k, 503, "did not answer");
	k.operation = OPERATION_DELETE;
	k.old = k.object;
	k.object = NULL;
	expect_allowed(&f, &k);
}

/* --- policies --- */

static void test_a_policy_that_could_not_be_kept(void **state)
{
	enum { NAMES = 5000 };
	struct fake f = fake_world(*state);
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MIB);
	sg_buffer_puts(&text, "{apiVersion: urumi.io/v1, kind: StorePolicy, metadata: "
			      "{name: default}, spec: {naming: {reserved: [");
	for (int i = 0; i < NAMES; i++)
		sg_buffer_puts(&text, "a-name-of-sixty-three-characters-"
				      "a-name-of-sixty-three-char,");
	sg_buffer_puts(&text, "]}}}");
	struct ask k = { .endpoint = ENDPOINT_VALIDATE_STOREPOLICY,
			 .operation = OPERATION_CREATE,
			 .user = "admin",
			 .object = text.data };
	expect_refused(&f, &k, 422, "spec: is larger than 256 KiB as JSON");
}

static struct ask policy(enum operation operation, const char *object,
			 const char *old)
{
	return (struct ask){ .endpoint = ENDPOINT_VALIDATE_STOREPOLICY,
			     .operation = operation,
			     .user = "admin",
			     .object = object,
			     .old = old };
}

static void test_policies(void **state)
{
	static const char broken[] =
		"{apiVersion: urumi.io/v1, kind: StorePolicy, metadata: {name: default}, "
		"spec: {naming: {pattern: '['}, hosts: {baseDomain: A}, typo: 1, plans: "
		"{a: {}, b: {quota: {cpus: 1}, limitRange: []}}, defaultPlan: c}}";
	struct fake f = fake_world(*state);
	struct ask k = policy(OPERATION_CREATE, broken, NULL);
	struct ask same = policy(OPERATION_UPDATE, broken, broken);
	static const char *const says[] = {
		"spec: has no field \"typo\"",
		"spec.naming.pattern: \"[\" is not a POSIX",
		"spec.hosts.baseDomain: \"A\" is not a domain",
		"spec.plans.a.quota: is missing",
		"spec.plans.b.quota: \"cpus\" is not",
		"spec.engines: is missing",
		"spec.network: is missing",
		"spec.defaultPlan: there is no plan \"c\"",
	};
	for (size_t i = 0; i < COUNT(says); i++)
		expect_refused(&f, &k, 422, says[i]);
	expect_allowed(&f, &same);
}

static void expect_warning(const struct fake *f, const struct ask *k,
			   const char *says)
{
	cleanup_arena struct sg_arena a;
	struct verdict v;
	sg_arena_init(&a);
	decide(&a, f, k, &v);
	if (!v.allowed)
		fail_msg("was refused: %s", v.message);
	assert_int_equal(v.warnings.count, 1);
	assert_non_null(strstr(v.warnings.items[0], says));
}

extern const char sg_default_policy[];

static void test_policies_not_in_force(void **state)
{
	struct fake f = fake_world(*state);
	const char *name = strstr(sg_default_policy, "name: default");
	char *other = strdup(sg_default_policy);
	assert_true(name && other);
	memcpy(other + (name - sg_default_policy), "name: another", 13);
	struct ask k = policy(OPERATION_CREATE, other, NULL);
	struct ask gone = policy(OPERATION_DELETE, NULL, sg_default_policy);
	struct ask good = policy(OPERATION_CREATE, sg_default_policy, NULL);
	expect_warning(&f, &k, "\"another\" is not in force");
	expect_warning(&f, &gone, "the policy that the webhook was started with is in force");
	expect_allowed(&f, &good);
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_of_new),
		cmocka_unit_test(test_generated_name_has_no_host_yet),
		cmocka_unit_test(test_updates_keep_what_they_leave_out),
		cmocka_unit_test(test_nothing_to_default),
		cmocka_unit_test(test_finalizer),
		cmocka_unit_test(test_pointers_are_escaped),
		cmocka_unit_test(test_namespaces),
		cmocka_unit_test(test_policies),
		cmocka_unit_test(test_a_policy_that_could_not_be_kept),
		cmocka_unit_test(test_policies_not_in_force),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
