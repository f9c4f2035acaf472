#include "helpers.h"

#include <stdlib.h>
#include <unistd.h>

#include "policies.h"

extern const char sg_default_policy[], sg_default_policy_end[];

/* A log whose lines can be read back, and policies that write it. */
struct fixture {
	char path[64];
	char text[4096];
	struct log log;
	struct policies *policies;
	struct informer_sink sink;
	struct sg_arena arena;
	const char *uid; /* of the object */
	const char *kept_generation, *kept; /* in its status; NULL: nothing */
};

static void setup(struct fixture *f)
{
	struct sg_error e = { 0 };
	struct policy *first = NULL;
	*f = (struct fixture){ .path = "/tmp/storeguard-policies-XXXXXX",
			       .uid = "u1" };
	f->log.fd = mkstemp(f->path);
	assert_true(f->log.fd >= 0);
	assert_int_equal(policy_parse_default(&first, &e), 0);
	f->policies = policies_new(first, &f->log);
	assert_non_null(f->policies);
	f->sink = policies_sink(f->policies);
	sg_arena_init(&f->arena);
}

static void teardown(struct fixture *f)
{
	policies_free(f->policies);
	sg_arena_release(&f->arena);
	log_close(&f->log);
	assert_int_equal(unlink(f->path), 0);
}

static const char *logged(struct fixture *f)
{
	ssize_t got = pread(f->log.fd, f->text, sizeof f->text - 1, 0);
	assert_true(got >= 0);
	f->text[got] = '\0';
	return f->text;
}

static void expect_log(struct fixture *f, const char *says)
{
	if (!strstr(logged(f), says))
		fail_msg("the log lacks \"%s\":\n%s", says, f->text);
}

/* Sets a key, or changes its text. */
static void put(struct fixture *f, struct node *mapping, const char *key,
		const char *text)
{
	struct node *value = node_own(mapping, key);
	assert_true(node_is_mapping(mapping));
	if (!value) {
		node_set_string(&f->arena, mapping, key, text);
		return;
	}
	value->text = text;
	value->length = (uint32_t)strlen(text);
}

/* The default policy as an object, with another domain. */
static struct node *policy_object(struct fixture *f, const char *name,
				  const char *generation, const char *domain)
{
	size_t length = (size_t)(sg_default_policy_end - sg_default_policy);
	struct sg_error e = { 0 };
	struct node *root = NULL;
	assert_int_equal(yaml_parse(sg_default_policy, length, 1, &f->arena,
				    &root, &e),
			 0);
	struct node *metadata = node_own(root, "metadata");
	put(f, metadata, "name", name);
	put(f, metadata, "uid", f->uid);
	put(f, metadata, "generation", generation);
	put(f, node_own(node_own(root, "spec"), "hosts"), "baseDomain", domain);
	if (f->kept) {
		struct node *status = node_new_mapping(&f->arena);
		struct node *accepted = node_new_mapping(&f->arena);
		node_set(&f->arena, root, "status", status);
		node_set(&f->arena, status, "accepted", accepted);
		put(f, accepted, "generation", f->kept_generation);
		put(f, accepted, "policy", f->kept);
	}
	return root;
}

static void set(struct fixture *f, const char *name, const char *generation,
		const char *domain)
{
	f->sink.set(f->sink.context,
		    policy_object(f, name, generation, domain));
	/* trees die with the call */
	sg_arena_release(&f->arena);
	sg_arena_init(&f->arena);
}

static void expect(struct fixture *f, int64_t generation, const char *domain,
		   const char *why)
{
	struct policy_hold *h = policies_hold(f->policies);
	int64_t in_force = -1;
	char reason[1024];
	policies_state(f->policies, &in_force, reason, sizeof reason);
	assert_int_equal(in_force, generation);
	if (domain)
		assert_string_equal(policy_held(h)->hosts.base_domain, domain);
	assert_int_equal(h != NULL, generation != POLICIES_NONE);
	if (*why ? !strstr(reason, why) : *reason != '\0')
		fail_msg("why: \"%s\" instead of \"%s\"", reason, why);
	policies_release(h);
}

static void test_the_object_replaces_the_first(void **state)
{
	struct fixture f;
	(void)state;
	setup(&f);
	expect(&f, 0, NULL, "");
	f.sink.begin(f.sink.context);
	set(&f, "default", "1", "one.example.com");
	set(&f, "another", "7", "other.example.com");
	f.sink.end(f.sink.context);
	expect(&f, 1, "one.example.com", "");
	set(&f, "default", "2", "two.example.com");
	expect(&f, 2, "two.example.com", "");
	expect_log(&f, "StorePolicy default: generation 2 is in force");
	teardown(&f);
}

static void test_the_last_good_one_stays(void **state)
{
	struct fixture f;
	(void)state;
	setup(&f);
	set(&f, "default", "1", "[");
	expect(&f, POLICIES_NONE, NULL,
	       "StorePolicy default: spec.hosts.baseDomain");
	expect(&f, POLICIES_NONE, NULL, "none that was accepted before is kept");
	expect_log(&f, "no policy is in force, since generation 1 is broken: ");
	set(&f, "default", "2", "two.example.com");
	expect(&f, 2, "two.example.com", "");
	set(&f, "default", "3", "[");
	expect(&f, 2, "two.example.com", "spec.hosts.baseDomain");
	expect_log(&f, "generation 2 stays in force, since generation 3 is "
		       "broken: ");
	set(&f, "default", "4", "four.example.com");
	expect(&f, 4, "four.example.com", "");
	teardown(&f);
}

/* As JSON, of a policy that was in force once. */
static char *kept_text(const char *domain)
{
	struct fixture f;
	setup(&f);
	set(&f, "default", "7", domain);
	struct policy_hold *h = policies_hold(f.policies);
	assert_int_equal(policy_held_generation(h), 7);
	char *text = strdup(policy_held_text(h));
	assert_non_null(text);
	policies_release(h);
	teardown(&f);
	return text;
}

static void test_what_is_kept_is_in_force_while_it_is_broken(void **state)
{
	struct fixture f;
	char *seven = kept_text("seven.example.com");
	char *eight = kept_text("eight.example.com");
	(void)state;
	setup(&f);
	f.kept = seven;
	f.kept_generation = "7";
	set(&f, "default", "9", "[");
	expect(&f, 7, "seven.example.com", "spec.hosts.baseDomain");
	expect_log(&f, "generation 7, accepted before, is in force, since "
		       "generation 9 is broken: ");
	/* another replica knows a newer one; an older one is no news */
	f.kept = eight;
	f.kept_generation = "8";
	set(&f, "default", "9", "[");
	expect(&f, 8, "eight.example.com", "spec.hosts.baseDomain");
	f.kept = seven;
	f.kept_generation = "7";
	set(&f, "default", "9", "[");
	set(&f, "default", "10", "[");
	expect(&f, 8, "eight.example.com", "spec.hosts.baseDomain");
	set(&f, "default", "11", "eleven.example.com");
	expect(&f, 11, "eleven.example.com", "");
	/* what is kept of another object, or of this one by nobody, counts for nothing */
	f.uid = "u2";
	f.kept = NULL;
	set(&f, "default", "1", "[");
	expect(&f, POLICIES_NONE, NULL, "none that was accepted before is kept");
	f.sink.removed(f.sink.context,
		       policy_object(&f, "default", "1", "one.example.com"));
	expect(&f, 0, NULL, "");
	teardown(&f);
	free(seven);
	free(eight);
}

static void test_what_is_kept_may_be_broken_too(void **state)
{
	static const char *const kept[][2] = {
		{ "", "none that was accepted before" },
		{ "{", "the one that is kept of generation 3: " },
		{ "{\"kind\":\"StorePolicy\"}", "the one that is kept: " },
		{ "[1]", "the one that is kept: " },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(kept); i++) {
		struct fixture f;
		setup(&f);
		f.kept = kept[i][0];
		f.kept_generation = "3";
		set(&f, "default", "4", "[");
		expect(&f, POLICIES_NONE, NULL, kept[i][1]);
		set(&f, "default", "5", "five.example.com");
		expect(&f, 5, "five.example.com", "");
		set(&f, "default", "6", "[");
		expect(&f, 5, "five.example.com", "spec.hosts.baseDomain");
		teardown(&f);
	}
}

/* It is in force all the same; only not kept. */
static void test_too_large_to_be_kept(void **state)
{
	enum { NAMES = 5000 };
	struct fixture f;
	(void)state;
	setup(&f);
	struct node *root = policy_object(&f, "default", "1", "one.example.com");
	struct node *reserved = node_own(
		node_own(node_own(root, "spec"), "naming"), "reserved");
	assert_true(policies_can_keep(root));
	for (int i = 0; i < NAMES; i++)
		node_append(reserved,
			    node_new_string(&f.arena, "a-name-of-sixty-three-characters-"
						      "a-name-of-sixty-three-char"));
	assert_false(policies_can_keep(root));
	f.sink.set(f.sink.context, root);
	struct policy_hold *h = policies_hold(f.policies);
	assert_int_equal(policy_held_generation(h), 1);
	assert_null(policy_held_text(h));
	policies_release(h);
	teardown(&f);
}

static void test_deleted(void **state)
{
	struct fixture f;
	(void)state;
	setup(&f);
	set(&f, "default", "1", "one.example.com");
	f.sink.removed(f.sink.context,
		       policy_object(&f, "another", "1", "x.example.com"));
	expect(&f, 1, "one.example.com", "");
	f.sink.removed(f.sink.context,
		       policy_object(&f, "default", "1", "one.example.com"));
	expect(&f, 0, NULL, "");
	expect_log(&f, "is deleted: the policy given at the start is in force");
	/* a relist that does not name it says the same */
	set(&f, "default", "1", "one.example.com");
	expect(&f, 1, "one.example.com", "");
	f.sink.begin(f.sink.context);
	f.sink.end(f.sink.context);
	expect(&f, 0, NULL, "");
	teardown(&f);
}

/* It is there: that it can't be read is no reason to take it for deleted. */
static void test_one_that_cannot_be_read(void **state)
{
	struct fixture f;
	(void)state;
	setup(&f);
	set(&f, "default", "1", "one.example.com");
	f.sink.begin(f.sink.context);
	f.sink.left_out(f.sink.context,
			must_parse(&f.arena, "metadata: {name: another}"), "x");
	f.sink.left_out(f.sink.context,
			must_parse(&f.arena,
				   "metadata: {name: default, generation: 2}"),
			"larger than anything");
	f.sink.end(f.sink.context);
	expect(&f, 1, "one.example.com", "larger than anything");
	expect_log(&f, "generation 1 stays in force, since generation 2 is broken");
	set(&f, "default", "3", "three.example.com");
	expect(&f, 3, "three.example.com", "");
	teardown(&f);
}

static void test_the_same_again_is_no_news(void **state)
{
	struct fixture f;
	(void)state;
	setup(&f);
	set(&f, "default", "1", "one.example.com");
	size_t length = strlen(logged(&f));
	set(&f, "default", "1", "one.example.com");
	assert_int_equal(strlen(logged(&f)), length);
	teardown(&f);
}

static void test_a_request_keeps_its_policy(void **state)
{
	struct fixture f;
	(void)state;
	setup(&f);
	set(&f, "default", "1", "one.example.com");
	struct policy_hold *h = policies_hold(f.policies);
	set(&f, "default", "2", "two.example.com");
	assert_string_equal(policy_held(h)->hosts.base_domain,
			    "one.example.com");
	teardown(&f);
	assert_string_equal(policy_held(h)->hosts.base_domain,
			    "one.example.com");
	policies_release(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_object_replaces_the_first),
		cmocka_unit_test(test_the_last_good_one_stays),
		cmocka_unit_test(test_what_is_kept_is_in_force_while_it_is_broken),
		cmocka_unit_test(test_what_is_kept_may_be_broken_too),
		cmocka_unit_test(test_too_large_to_be_kept),
		cmocka_unit_test(test_deleted),
		cmocka_unit_test(test_one_that_cannot_be_read),
		cmocka_unit_test(test_the_same_again_is_no_news),
		cmocka_unit_test(test_a_request_keeps_its_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
