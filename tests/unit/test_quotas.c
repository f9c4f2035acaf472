/* StoreQuotas as a replica sees them, and for how long it has seen them so. */
#include "helpers.h"

#include <time.h>

#include "clock.h"
#include "json.h"
#include "names.h"
#include "quotas.h"

static const struct log silent = { .fd = -1 };

struct seen {
	char names[128];
	unsigned count;
	int64_t oldest;
};

static void note(void *context, const struct quota_sight *s)
{
	struct seen *seen = context;
	size_t length = strlen(seen->names);
	(void)snprintf(seen->names + length, sizeof seen->names - length,
		       "%s/%s/%lld%s ", s->owner, s->name,
		       (long long)s->reservation, s->has_uid ? "!" : "");
	seen->count++;
	if (s->age > seen->oldest)
		seen->oldest = s->age;
}

static struct seen look(struct quotas *q, int64_t now)
{
	struct seen seen = { .oldest = -1 };
	quotas_each(q, now, note, &seen);
	return seen;
}

/* Tells the sink of a StoreQuota of that owner with those entries. */
static void tell(struct quotas *q, bool removed, const char *uid,
		 const char *owner, const char *rest)
{
	cleanup_arena struct sg_arena a;
	char text[1024], name[NAME_QUOTA_SIZE];
	struct node *root = NULL;
	struct sg_error e = { 0 };
	const struct informer_sink sink = quotas_sink(q);
	sg_arena_init(&a);
	name_owner_quota(owner, name);
	(void)snprintf(text, sizeof text,
		       "{\"metadata\":{\"name\":\"%s\",\"uid\":\"%s\",\"resourceVersion\":"
		       "\"1\"},\"spec\":{\"owner\":\"%s\"%s}",
		       name, uid, owner, rest);
	if (json_parse(text, strlen(text), &a, &root, &e))
		fail_msg("%s: %s", text, e.message);
	(removed ? sink.removed : sink.set)(sink.context, root);
}

#define ENTRIES(list) "},\"status\":{\"entries\":[" list "]}"
#define BOOKS(n) "{\"name\":\"books\",\"uid\":\"u1\",\"reservation\":" n "}"
#define TOYS "{\"name\":\"toys\",\"reservation\":4}"

/* Until the clock shows another ms. */
static int64_t later(void)
{
	int64_t now = clock_now();
	while (clock_now() == now)
		;
	return clock_now();
}

static void test_what_stays_grows_old(void **state)
{
	struct quotas *q = quotas_new(&silent);
	(void)state;
	tell(q, false, "q1", "alice", ENTRIES(BOOKS("2")));
	int64_t first = later();
	tell(q, false, "q1", "alice", ENTRIES(TOYS "," BOOKS("2")));
	struct seen seen = look(q, first + 1000);
	expect_text(seen.names, "alice/toys/4 alice/books/2! ", "entries");
	assert_true(seen.oldest > 1000);
	/* reserved anew, it is as young as a new one */
	later();
	int64_t second = clock_now();
	tell(q, false, "q1", "alice", ENTRIES(BOOKS("5")));
	seen = look(q, second + 1000);
	assert_true(seen.oldest <= 1000);
	quotas_free(q);
}

static void test_another_object_or_another_uid_is_new(void **state)
{
	struct quotas *q = quotas_new(&silent);
	(void)state;
	tell(q, false, "q1", "alice", ENTRIES(TOYS));
	later();
	int64_t now = clock_now();
	tell(q, false, "q2", "alice", ENTRIES(TOYS));
	assert_true(look(q, now).oldest <= 0);
	later();
	now = clock_now();
	tell(q, false, "q2", "alice",
	     ENTRIES("{\"name\":\"toys\",\"uid\":\"u\",\"reservation\":4}"));
	assert_true(look(q, now).oldest <= 0);
	quotas_free(q);
}

static void test_what_a_list_does_not_name_is_gone(void **state)
{
	struct quotas *q = quotas_new(&silent);
	const struct informer_sink sink = quotas_sink(q);
	(void)state;
	tell(q, false, "q1", "alice", ENTRIES(TOYS));
	tell(q, false, "q2", "bob", ENTRIES(BOOKS("1")));
	int64_t first = later();
	sink.begin(sink.context);
	tell(q, false, "q1", "alice", ENTRIES(TOYS));
	sink.end(sink.context);
	struct seen seen = look(q, first + 1000);
	expect_text(seen.names, "alice/toys/4 ", "entries");
	assert_true(seen.oldest > 1000); /* a list makes nothing young */
	tell(q, true, "q1", "alice", ENTRIES(TOYS));
	assert_int_equal(look(q, first).count, 0);
	quotas_free(q);
}

static void test_one_that_cannot_be_read_is_as_it_was(void **state)
{
	struct quotas *q = quotas_new(&silent);
	const struct informer_sink sink = quotas_sink(q);
	cleanup_arena struct sg_arena a;
	char name[NAME_QUOTA_SIZE];
	(void)state;
	sg_arena_init(&a);
	name_owner_quota("alice", name);
	tell(q, false, "q1", "alice", ENTRIES(TOYS));
	tell(q, false, "q2", "bob", ENTRIES(BOOKS("1")));
	sink.begin(sink.context);
	sink.left_out(sink.context,
		      must_parse(&a, sg_arena_printf(&a, "metadata: {name: %s}",
						     name)),
		      "");
	sink.end(sink.context);
	expect_text(look(q, 0).names, "alice/toys/4 ", "entries");
	quotas_free(q);
}

static void test_what_a_ledger_misses(void **state)
{
	struct quotas *q = quotas_new(&silent);
	(void)state;
	tell(q, false, "q1", "alice", ENTRIES(TOYS));
	tell(q, false, "q2", "bob", "}");
	assert_true(quotas_misses(q, "alice", "books"));
	assert_false(quotas_misses(q, "alice", "toys"));
	assert_false(quotas_misses(q, "bob", "books")); /* it is not seeded */
	assert_false(quotas_misses(q, "carol", "books"));
	quotas_free(q);
}

static void count(void *context, const char *owner)
{
	unsigned *outdated = context;
	expect_text(owner, "alice", "owner");
	++*outdated;
}

static void test_limits_that_are_not_shown(void **state)
{
	struct quotas *q = quotas_new(&silent);
	unsigned outdated = 0;
	(void)state;
	tell(q, false, "q1", "alice",
	     ",\"hard\":{\"stores\":2}},\"status\":{\"hard\":3,\"entries\":[]}");
	tell(q, false, "q2", "bob",
	     ",\"hard\":{\"stores\":2}},\"status\":{\"hard\":2,\"entries\":[]}");
	quotas_each_outdated(q, count, &outdated);
	assert_int_equal(outdated, 1);
	quotas_free(q);
}

static void test_a_quota_of_another_name_counts_for_nobody(void **state)
{
	cleanup_arena struct sg_arena a;
	static const char text[] =
		"{\"metadata\":{\"name\":\"mine\",\"uid\":\"q9\",\"resourceVersion\":\"1\"},"
		"\"spec\":{\"owner\":\"alice\"},\"status\":{\"entries\":[]}}";
	struct quotas *q = quotas_new(&silent);
	const struct informer_sink sink = quotas_sink(q);
	struct node *root = NULL;
	struct sg_error e;
	(void)state;
	sg_arena_init(&a);
	tell(q, false, "q1", "alice", ENTRIES(TOYS));
	assert_int_equal(json_parse(text, strlen(text), &a, &root, &e), 0);
	sink.set(sink.context, root);
	sink.removed(sink.context, root);
	assert_int_equal(look(q, 0).count, 1);
	quotas_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_stays_grows_old),
		cmocka_unit_test(test_another_object_or_another_uid_is_new),
		cmocka_unit_test(test_what_a_list_does_not_name_is_gone),
		cmocka_unit_test(test_one_that_cannot_be_read_is_as_it_was),
		cmocka_unit_test(test_what_a_ledger_misses),
		cmocka_unit_test(test_limits_that_are_not_shown),
		cmocka_unit_test(test_a_quota_of_another_name_counts_for_nobody),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
