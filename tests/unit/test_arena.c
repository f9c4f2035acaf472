#include "helpers.h"

#include <stdalign.h>

static void test_aligned_and_zeroed(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	for (size_t size = 0; size < 3000; size++) {
		unsigned char *p = sg_arena_alloc(&a, size);
		assert_non_null(p);
		assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			if (p[i])
				fail_msg("byte %zu of %zu is %d", i, size,
					 p[i]);
		memset(p, 0xA5, size);
	}
}

static void test_allocations_do_not_overlap(void **state)
{
	enum { MANY = 2000, SIZE = 100 };
	cleanup_arena struct sg_arena a;
	unsigned char *all[MANY];
	(void)state;
	sg_arena_init(&a);
	for (size_t i = 0; i < MANY; i++) {
		all[i] = sg_arena_alloc(&a, SIZE);
		assert_non_null(all[i]);
		memset(all[i], (int)(i % 251), SIZE);
	}
	for (size_t i = 0; i < MANY; i++)
		for (size_t j = 0; j < SIZE; j++)
			assert_int_equal(all[i][j], i % 251);
}

static void test_larger_than_a_block(void **state)
{
	const size_t size = 5 * SG_MIB;
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	char *before = sg_arena_copy(&a, "before", 6);
	char *large = sg_arena_alloc(&a, size);
	assert_non_null(large);
	memset(large, 'x', size);
	char *after = sg_arena_copy(&a, "after", 5);
	expect_text(before, "before", "made before the large one");
	expect_text(after, "after", "made behind the large one");
	assert_int_equal(large[size - 1], 'x');
}

/* Memory that is used again is as clean as fresh memory. */
static void test_clear(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	sg_arena_clear(&a);
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 20; i++) {
			char *p = sg_arena_alloc(&a, 10000);
			assert_non_null(p);
			assert_int_equal(p[0], 0);
			assert_int_equal(p[9999], 0);
			memset(p, 'x', 10000);
		}
		sg_arena_clear(&a);
	}
	if (a.total > SG_MIB)
		fail_msg("a cleared arena holds on to %zu bytes", a.total);
}

static void test_cap(void **state)
{
	struct sg_error e = { 0 };
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	assert_null(sg_arena_alloc(&a, SG_MAX_ARENA + 1));
	expect_error(sg_arena_check(&a, &e), &e, SG_IO, "memory", "the cap");
	sg_arena_clear(&a);
	assert_int_equal(sg_arena_check(&a, &e), 0);
	assert_null(sg_arena_alloc(&a, SIZE_MAX));
	assert_null(sg_arena_copy(&a, "", SIZE_MAX));
	assert_int_equal(sg_arena_check(&a, &e), -1);
}

static void test_cap_of_the_sum(void **state)
{
	struct sg_error e = { 0 };
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	a.total = SG_MAX_ARENA - 3 * SG_MIB; /* as if so much were taken */
	assert_non_null(sg_arena_alloc(&a, SG_MIB));
	assert_non_null(sg_arena_alloc(&a, SG_MIB));
	assert_null(sg_arena_alloc(&a, 2 * SG_MIB));
	expect_error(sg_arena_check(&a, &e), &e, SG_IO, "memory", "the sum");
	/* a failure is remembered, though small ones succeed again */
	assert_non_null(sg_arena_alloc(&a, 1));
	assert_int_equal(sg_arena_check(&a, &e), -1);
}

static void test_copy(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	expect_text(sg_arena_copy(&a, "abcdef", 3), "abc", "three of six");
	expect_text(sg_arena_copy(&a, NULL, 0), "", "nothing");
	char *nul = sg_arena_copy(&a, "a\0b", 3);
	assert_memory_equal(nul, "a\0b\0", 4);
}

static void test_printf(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	expect_text(sg_arena_printf(&a, "%s.%s[%d]", "spec", "x", 3),
		    "spec.x[3]", "printf");
	char *wide = sg_arena_printf(&a, "%*d", 100000, 7);
	assert_non_null(wide);
	assert_int_equal(strlen(wide), 100000);
	assert_int_equal(wide[99999], '7');
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_aligned_and_zeroed),
		cmocka_unit_test(test_allocations_do_not_overlap),
		cmocka_unit_test(test_larger_than_a_block),
		cmocka_unit_test(test_clear),
		cmocka_unit_test(test_cap),
		cmocka_unit_test(test_cap_of_the_sum),
		cmocka_unit_test(test_copy),
		cmocka_unit_test(test_printf),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
