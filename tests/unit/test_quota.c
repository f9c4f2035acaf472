/* The steps of the ledger on one StoreQuota, and its way to JSON and back. */
#include "helpers.h"

#include "json.h"
#include "quota.h"

static const char plain[] =
	"{\"metadata\":{\"name\":\"alice-1\",\"uid\":\"q1\",\"resourceVersion\":\"7\"},"
	"\"spec\":{\"owner\":\"alice\"},\"status\":{\"reservations\":4,\"hard\":3,"
	"\"entries\":[{\"name\":\"books\",\"uid\":\"u1\",\"reservation\":2,"
	"\"reservedAt\":\"2026-01-02T03:04:05Z\"},"
	"{\"name\":\"toys\",\"reservation\":4}]}}";

static struct quota quota_of(struct sg_arena *a, const char *text)
{
	struct node *root = NULL;
	struct quota q = { 0 };
	struct sg_error e = { 0 };
	if (json_parse(text, strlen(text), a, &root, &e) ||
	    quota_read(a, root, &q, &e))
		fail_msg("%s", e.message);
	return q;
}

static enum quota_result reserve(struct quota *q, const char *name,
				 const char *uid, int64_t hard)
{
	int64_t wait;
	const struct quota_request r = { .name = name, .uid = uid,
					 .hard = hard };
	return quota_reserve(q, &r, &wait);
}

static const struct quota_entry *entry(const struct quota *q, const char *name)
{
	const struct quota_entry *found = quota_find(q, name);
	if (!found)
		fail_msg("no entry %s", name);
	return found;
}

static void test_there_is_room_up_to_the_limit(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	assert_int_equal(reserve(&q, "shoes", "u3", 2), QUOTA_FULL);
	assert_int_equal(q.count, 2);
	assert_int_equal(q.reservations, 4);
	assert_int_equal(reserve(&q, "shoes", "u3", 3), QUOTA_RESERVED);
	assert_int_equal(entry(&q, "shoes")->reservation, 5);
	expect_text(entry(&q, "shoes")->uid, "u3", "uid");
	assert_int_equal(reserve(&q, "garden", "u4", 3), QUOTA_FULL);
	assert_int_equal(reserve(&q, "garden", "u4", 0), QUOTA_FULL);
	/* no limit, but a ledger: it stays true */
	assert_int_equal(reserve(&q, "garden", "u4", -1), QUOTA_RESERVED);
	assert_int_equal(q.count, 4);
}

static void test_a_name_has_one_place(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	/* the same creation again: it changes the object, and keeps the uid */
	assert_int_equal(reserve(&q, "books", "u1", 2), QUOTA_RESERVED);
	assert_int_equal(entry(&q, "books")->reservation, 5);
	expect_text(entry(&q, "books")->uid, "u1", "uid");
	/* another one: the end of either says nothing of the other */
	assert_int_equal(reserve(&q, "books", "u2", 2), QUOTA_RESERVED);
	assert_null(entry(&q, "books")->uid);
	assert_int_equal(reserve(&q, "books", "u2", 2), QUOTA_RESERVED);
	assert_null(entry(&q, "books")->uid);
	assert_int_equal(q.count, 2);
	assert_false(quota_drop_uid(&q, "books", "u2"));
}

static void test_places_are_dropped_by_what_they_are(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	assert_false(quota_drop_uid(&q, "books", "u2"));
	assert_false(quota_drop_uid(&q, "toys", "u1"));
	assert_false(quota_drop_entry(&q, "books", 3));
	assert_false(quota_drop_entry(&q, "shoes", 2));
	assert_int_equal(q.count, 2);
	assert_true(quota_drop_uid(&q, "books", "u1"));
	assert_null(quota_find(&q, "books"));
	assert_true(quota_drop_entry(&q, "toys", 4));
	assert_int_equal(q.count, 0);
}

static void test_no_entry_ever_looks_like_a_former_one(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	int64_t before = entry(&q, "toys")->reservation;
	assert_true(quota_drop_entry(&q, "toys", before));
	assert_int_equal(reserve(&q, "toys", "u9", 3), QUOTA_RESERVED);
	assert_int_equal(reserve(&q, "toys", "u8", 3), QUOTA_RESERVED);
	assert_true(entry(&q, "toys")->reservation > before);
}

static void test_a_store_is_identified_once(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	assert_false(quota_identify(&q, "books", 2, "u5"));
	assert_false(quota_identify(&q, "toys", 3, "u5"));
	assert_true(quota_identify(&q, "toys", 4, "u5"));
	assert_true(quota_drop_uid(&q, "toys", "u5"));
}

static void test_a_missing_store_is_added_past_the_limit(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	assert_false(quota_add(&q, "books", "u9", 0));
	for (unsigned i = q.count; i < QUOTA_MAX_ENTRIES; i++) {
		char name[16];
		(void)snprintf(name, sizeof name, "shop-%u", i);
		assert_true(quota_add(&q, name, "u", 0));
	}
	assert_false(quota_add(&q, "one-more", "u", 0));
	assert_int_equal(reserve(&q, "one-more", "u", 5000), QUOTA_FULL);
	/* it has no place, and no limit asks for one */
	assert_int_equal(reserve(&q, "one-more", "u", -1), QUOTA_RESERVED);
	assert_int_equal(q.count, QUOTA_MAX_ENTRIES);
}

/* --- pacing --- */

static enum quota_result pace(struct quota *q, int64_t per_minute, int64_t now,
			      int64_t *wait)
{
	char name[32];
	(void)snprintf(name, sizeof name, "shop-%u", q->count);
	const struct quota_request r = { .name = name, .hard = 1000,
					 .per_minute = per_minute, .now = now };
	*wait = 0;
	return quota_reserve(q, &r, wait);
}

static void test_creations_are_paced(void **state)
{
	cleanup_arena struct sg_arena a;
	int64_t wait, now = 1000000;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	for (int i = 0; i < 4; i++)
		assert_int_equal(pace(&q, 4, now, &wait), QUOTA_RESERVED);
	unsigned count = q.count;
	assert_int_equal(pace(&q, 4, now, &wait), QUOTA_TOO_FAST);
	assert_int_equal(wait, 15000);
	assert_int_equal(pace(&q, 4, now + 14999, &wait), QUOTA_TOO_FAST);
	assert_true(wait >= 1 && wait <= 15);
	assert_int_equal(q.count, count);
	assert_int_equal(pace(&q, 4, now + 15000, &wait), QUOTA_RESERVED);
	/* a clock that is behind is given nothing, nor does it take anything */
	assert_int_equal(pace(&q, 4, now, &wait), QUOTA_TOO_FAST);
	assert_int_equal(pace(&q, 4, now + 30000, &wait), QUOTA_RESERVED);
	/* after a long rest there is as much as a minute has, and no more */
	now += 10000000;
	for (int i = 0; i < 4; i++)
		assert_int_equal(pace(&q, 4, now, &wait), QUOTA_RESERVED);
	assert_int_equal(pace(&q, 4, now, &wait), QUOTA_TOO_FAST);
	/* a lower rate is in force at once; a Store that is given costs nothing */
	assert_int_equal(pace(&q, 1, now + 59000, &wait), QUOTA_TOO_FAST);
	assert_int_equal(pace(&q, 0, now, &wait), QUOTA_RESERVED);
	assert_int_equal(pace(&q, 4, now, &wait), QUOTA_TOO_FAST);
}

static void test_a_clock_that_was_far_ahead_stops_nobody(void **state)
{
	cleanup_arena struct sg_arena a;
	int64_t wait, now = 1000000, day = 86400000;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	assert_int_equal(pace(&q, 1, now + day, &wait), QUOTA_RESERVED);
	assert_int_equal(pace(&q, 1, now, &wait), QUOTA_TOO_FAST);
	assert_int_equal(wait, 60000);
	/* the first that is admitted sets it right */
	q.refilled = now + day;
	q.tokens = 1000;
	assert_int_equal(pace(&q, 1, now, &wait), QUOTA_RESERVED);
	assert_int_equal(q.refilled, now);
}

static void test_the_same_creation_pays_once(void **state)
{
	cleanup_arena struct sg_arena a;
	int64_t wait;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	const struct quota_request r = { .name = "shoes", .uid = "u7", .hard = 9,
					 .per_minute = 1, .now = 5 };
	const struct quota_request other = { .name = "shoes", .uid = "u8",
					     .hard = 9, .per_minute = 1, .now = 5 };
	assert_int_equal(quota_reserve(&q, &r, &wait), QUOTA_RESERVED);
	assert_int_equal(quota_reserve(&q, &r, &wait), QUOTA_RESERVED);
	assert_int_equal(quota_reserve(&q, &other, &wait), QUOTA_TOO_FAST);
}

static void test_a_full_quota_costs_no_token(void **state)
{
	cleanup_arena struct sg_arena a;
	int64_t wait;
	(void)state;
	sg_arena_init(&a);
	struct quota q = quota_of(&a, plain);
	const struct quota_request full = { .name = "shoes", .hard = 2,
					    .per_minute = 1, .now = 5 };
	assert_int_equal(quota_reserve(&q, &full, &wait), QUOTA_FULL);
	assert_false(q.paced);
}

/* --- JSON --- */

static void test_what_is_written_is_read_again(void **state)
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer text, again;
	int64_t wait;
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&text, SG_MIB);
	sg_buffer_init(&again, SG_MIB);
	struct quota q = quota_of(&a, plain);
	const struct quota_request r = { .name = "a\"b", .uid = "u\\1",
					 .hard = 9, .per_minute = 7,
					 .now = 1767323045678 };
	assert_int_equal(quota_reserve(&q, &r, &wait), QUOTA_RESERVED);
	quota_write(&q, &text);
	assert_non_null(strstr(text.data, "\"used\":3"));
	assert_non_null(strstr(text.data, "\"updatedAt\":\"2026-01-02T03:04:05.678Z\""));
	struct quota back = quota_of(&a, text.data);
	expect_text(back.entries[2].name, "a\"b", "name");
	assert_int_equal(back.refilled, 1767323045678);
	assert_int_equal(back.tokens, 6000);
	assert_int_equal(back.hard, 9);
	quota_write(&back, &again);
	expect_text(again.data, text.data, "again");
	struct quota copied;
	struct sg_error e;
	assert_int_equal(quota_copy(&a, &back, &copied, &e), 0);
	sg_buffer_clear(&again);
	quota_write(&copied, &again);
	expect_text(again.data, text.data, "a copy");
}

static void test_one_without_a_status_is_not_seeded(void **state)
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer text;
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&text, SG_MIB);
	struct quota q = quota_of(
		&a, "{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"1\"},"
		    "\"spec\":{\"owner\":\"alice\",\"hard\":{\"stores\":0}}}");
	assert_false(q.seeded);
	assert_int_equal(q.override, 0);
	assert_int_equal(reserve(&q, "shoes", "u", -1), QUOTA_RESERVED);
	assert_int_equal(q.count, 0);
	quota_write(&q, &text);
	assert_null(strstr(text.data, "entries"));
}

static void test_what_is_no_storequota(void **state)
{
	static const char *const bad[] = {
		"{}",
		"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"1\"},\"spec\":{}}",
		"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\"},\"spec\":{\"owner\":\"x\"}}",
		"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"1\"},"
		"\"spec\":{\"owner\":\"x\"},\"status\":{\"entries\":[{\"uid\":\"u\"}]}}",
		"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"1\"},"
		"\"spec\":{\"owner\":\"x\"},\"status\":{\"reservations\":-1}}",
		"{\"metadata\":{\"name\":\"a\",\"uid\":\"u\",\"resourceVersion\":\"1\"},"
		"\"spec\":{\"owner\":\"x\"},\"status\":{\"reservations\":9223372036854775807}}",
	};
	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		cleanup_arena struct sg_arena a;
		struct node *root = NULL;
		struct quota q;
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		assert_int_equal(json_parse(bad[i], strlen(bad[i]), &a, &root, &e), 0);
		if (quota_read(&a, root, &q, &e) == 0)
			fail_msg("accepted: %s", bad[i]);
		assert_int_equal(e.code, SG_INVALID);
	}
}

static void test_times(void **state)
{
	(void)state;
	assert_int_equal(quota_time("1970-01-01T00:00:01Z"), 1000);
	assert_int_equal(quota_time("1970-01-01T00:00:01.25Z"), 1250);
	assert_int_equal(quota_time("1970-01-01T00:00:01.123456789Z"), 1123);
	assert_int_equal(quota_time("yesterday"), 0);
	assert_int_equal(quota_time(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_is_room_up_to_the_limit),
		cmocka_unit_test(test_a_name_has_one_place),
		cmocka_unit_test(test_places_are_dropped_by_what_they_are),
		cmocka_unit_test(test_no_entry_ever_looks_like_a_former_one),
		cmocka_unit_test(test_a_store_is_identified_once),
		cmocka_unit_test(test_a_missing_store_is_added_past_the_limit),
		cmocka_unit_test(test_creations_are_paced),
		cmocka_unit_test(test_a_clock_that_was_far_ahead_stops_nobody),
		cmocka_unit_test(test_the_same_creation_pays_once),
		cmocka_unit_test(test_a_full_quota_costs_no_token),
		cmocka_unit_test(test_what_is_written_is_read_again),
		cmocka_unit_test(test_one_without_a_status_is_not_seeded),
		cmocka_unit_test(test_what_is_no_storequota),
		cmocka_unit_test(test_times),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
