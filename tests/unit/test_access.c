#include "helpers.h"

#include "access_cache.h"
#include "backoff.h"

/* Keys of one set, so that they take each other's place. */
static struct access_key key_of(unsigned n)
{
	struct access_key key = { { 0 } };
	key.bytes[1] = (uint8_t)n;
	key.bytes[2] = (uint8_t)(n >> 8);
	return key;
}

static void test_answers_last(void **state)
{
	static struct access_cache c;
	const struct access_key yes = key_of(1), no = key_of(2);
	(void)state;
	assert_int_equal(access_cache_find(&c, &yes, 1000), ACCESS_UNKNOWN);
	access_cache_keep(&c, &yes, true, 1000);
	access_cache_keep(&c, &no, false, 1000);
	assert_int_equal(access_cache_find(&c, &yes, 10999), ACCESS_YES);
	assert_int_equal(access_cache_find(&c, &yes, 11000), ACCESS_UNKNOWN);
	assert_int_equal(access_cache_find(&c, &no, 5999), ACCESS_NO);
	assert_int_equal(access_cache_find(&c, &no, 6000), ACCESS_UNKNOWN);
	access_cache_keep(&c, &yes, false, 2000);
	assert_int_equal(access_cache_find(&c, &yes, 2001), ACCESS_NO);
}

static void test_the_number_is_bounded(void **state)
{
	static struct access_cache c;
	(void)state;
	const struct access_key first = key_of(0);
	access_cache_keep(&c, &first, true, 1);
	for (unsigned n = 1; n <= 1000; n++) {
		const struct access_key key = key_of(n);
		access_cache_keep(&c, &key, true, 1 + n);
		assert_int_equal(access_cache_find(&c, &key, 1 + n),
				 ACCESS_YES);
	}
	assert_int_equal(access_cache_find(&c, &first, 1001), ACCESS_UNKNOWN);
	/* the last ones are still there */
	for (unsigned n = 1000; n > 1000 - ACCESS_WAYS; n--) {
		const struct access_key key = key_of(n);
		assert_int_equal(access_cache_find(&c, &key, 1001), ACCESS_YES);
	}
}

static void test_backoff(void **state)
{
	struct backoff b = { 0 };
	int64_t longest = 400;
	(void)state;
	for (int i = 0; i < 200; i++) {
		int64_t wait = backoff_next(&b, 0);
		if (wait < longest / 2 || wait > longest)
			fail_msg("failure %d: %lld is not in %lld..%lld", i,
				 (long long)wait, (long long)longest / 2,
				 (long long)longest);
		longest = longest * 2 < 10000 ? longest * 2 : 10000;
	}
	backoff_reset(&b);
	assert_true(backoff_next(&b, 0) <= 400);
	assert_true(backoff_next(&b, 60000) >= 60000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_answers_last),
		cmocka_unit_test(test_the_number_is_bounded),
		cmocka_unit_test(test_backoff),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
