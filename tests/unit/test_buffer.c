#include "helpers.h"

#define CAP ((size_t)1000)

static void expect_broken(const struct sg_buffer *b, size_t length)
{
	struct sg_error e = { 0 };
	expect_error(sg_buffer_check(b, &e), &e, SG_INVALID,
		     "more than 1000 bytes", "a buffer over its cap");
	assert_int_equal(b->length, length);
}

static void test_empty(void **state)
{
	struct sg_error e = { 0 };
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	assert_int_equal(sg_buffer_check(&b, &e), 0);
	assert_int_equal(b.length, 0);
	sg_buffer_append(&b, "", 0);
	sg_buffer_puts(&b, "");
	assert_int_equal(b.length, 0);
	expect_text(b.data, "", "nothing appended");
}

static void test_appends(void **state)
{
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	sg_buffer_append(&b, "abcdef", 3);
	sg_buffer_putc(&b, 'X');
	sg_buffer_puts(&b, "yz");
	sg_buffer_pad(&b, ' ', 2);
	sg_buffer_printf(&b, "%d%%", 42);
	expect_text(b.data, "abcXyz  42%", "all kinds of appends");
	assert_int_equal(b.length, 11);
	assert_int_equal(b.data[b.length], '\0');
}

static void test_growth_keeps_the_content(void **state)
{
	enum { MANY = 100000 };
	struct sg_error e = { 0 };
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, (size_t)MANY * 10);
	for (int i = 0; i < MANY; i++)
		sg_buffer_printf(&b, "%06d\n", i);
	assert_int_equal(sg_buffer_check(&b, &e), 0);
	assert_int_equal(b.length, (size_t)MANY * 7);
	for (int i = 0; i < MANY; i++) {
		char line[16];
		(void)snprintf(line, sizeof line, "%06d\n", i);
		assert_memory_equal(b.data + (size_t)i * 7, line, 7);
	}
}

static void test_room_for_the_nul(void **state)
{
	(void)state;
	for (size_t length = 0; length <= CAP; length++) {
		cleanup_buffer struct sg_buffer b;
		sg_buffer_init(&b, CAP);
		sg_buffer_pad(&b, 'x', length);
		assert_int_equal(b.length, length);
		assert_true(b.capacity > length);
	}
}

static void test_bytes_may_be_nul(void **state)
{
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	sg_buffer_append(&b, "a\0b", 3);
	sg_buffer_putc(&b, '\0');
	assert_int_equal(b.length, 4);
	assert_memory_equal(b.data, "a\0b\0", 5);
}

static void test_cap_is_exact(void **state)
{
	struct sg_error e = { 0 };
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	sg_buffer_pad(&b, 'x', CAP);
	assert_int_equal(sg_buffer_check(&b, &e), 0);
	assert_int_equal(b.length, CAP);
	sg_buffer_puts(&b, "");
	assert_int_equal(sg_buffer_check(&b, &e), 0);
	sg_buffer_putc(&b, 'y');
	expect_broken(&b, CAP);
}

/* What came later must not land behind a hole. */
static void test_broken_stays_broken(void **state)
{
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	sg_buffer_puts(&b, "start");
	sg_buffer_pad(&b, 'x', CAP);
	expect_broken(&b, 5);
	sg_buffer_puts(&b, "fits");
	sg_buffer_printf(&b, "%s", "fits");
	sg_buffer_putc(&b, '!');
	expect_broken(&b, 5);
	expect_text(b.data, "start", "what was there before");
	assert_null(sg_buffer_reserve(&b, 1));
}

static void test_printf_over_the_cap(void **state)
{
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	sg_buffer_printf(&b, "%*d", (int)CAP + 1, 7);
	expect_broken(&b, 0);
}

static void test_sizes_that_overflow(void **state)
{
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	sg_buffer_puts(&b, "x");
	assert_null(sg_buffer_reserve(&b, SIZE_MAX));
	expect_broken(&b, 1);
}

static void test_clear_mends(void **state)
{
	struct sg_error e = { 0 };
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	sg_buffer_pad(&b, 'x', CAP);
	sg_buffer_putc(&b, 'y');
	sg_buffer_clear(&b);
	assert_int_equal(sg_buffer_check(&b, &e), 0);
	expect_text(b.data, "", "a cleared buffer");
	sg_buffer_puts(&b, "again");
	expect_text(b.data, "again", "a cleared buffer, filled");
}

static void test_release_keeps_the_cap(void **state)
{
	struct sg_error e = { 0 };
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	sg_buffer_puts(&b, "x");
	sg_buffer_release(&b);
	assert_null(b.data);
	sg_buffer_pad(&b, 'x', CAP);
	assert_int_equal(sg_buffer_check(&b, &e), 0);
}

static void test_reserve(void **state)
{
	cleanup_buffer struct sg_buffer b;
	(void)state;
	sg_buffer_init(&b, CAP);
	sg_buffer_puts(&b, "ab");
	char *to = sg_buffer_reserve(&b, 500);
	assert_non_null(to);
	memset(to, 'c', 500); /* all of it is ours */
	b.length += 1;
	sg_buffer_puts(&b, "d");
	expect_text(b.data, "abcd", "one of the reserved bytes used");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_appends),
		cmocka_unit_test(test_growth_keeps_the_content),
		cmocka_unit_test(test_room_for_the_nul),
		cmocka_unit_test(test_bytes_may_be_nul),
		cmocka_unit_test(test_cap_is_exact),
		cmocka_unit_test(test_broken_stays_broken),
		cmocka_unit_test(test_printf_over_the_cap),
		cmocka_unit_test(test_sizes_that_overflow),
		cmocka_unit_test(test_clear_mends),
		cmocka_unit_test(test_release_keeps_the_cap),
		cmocka_unit_test(test_reserve),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
