#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "quantity.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* (2^127 - 1) billionths, the largest that fits. */
#define LARGEST "170141183460469231731687303715884105727n"

struct pair {
	const char *text;
	const char *canonical;
};

static const struct pair suffixes[] = {
	{ "7n", "7n" },
	{ "7u", "7u" },
	{ "7m", "7m" },
	{ "7", "7" },
	{ "7k", "7k" },
	{ "7M", "7M" },
	{ "7G", "7G" },
	{ "7T", "7T" },
	{ "7P", "7P" },
	{ "7E", "7E" },
	{ "7Ki", "7Ki" },
	{ "7Mi", "7Mi" },
	{ "7Gi", "7Gi" },
	{ "7Ti", "7Ti" },
	{ "7Pi", "7Pi" },
	{ "7Ei", "7Ei" },
};

static const struct pair decimals[] = {
	{ "0", "0" },
	{ "-0", "0" },
	{ "000", "0" },
	{ "0.000", "0" },
	{ "0Mi", "0" },
	{ "0e9", "0" },
	{ "+1", "1" },
	{ "-1", "-1" },
	{ "007", "7" },
	{ ".5", "500m" },
	{ "5.", "5" },
	{ "-.5", "-500m" },
	{ "1.5", "1500m" },
	{ "1.500", "1500m" },
	{ "2000m", "2" },
	{ "1000000n", "1m" },
	{ "1500n", "1500n" },
	{ "10", "10" },
	{ "100", "100" },
	{ "1000", "1k" },
	{ "10000", "10k" },
	{ "1000000", "1M" },
	{ "1000k", "1M" },
	{ "0.001M", "1k" },
	{ "1E", "1E" },
	{ "1000E", "1000E" },
	{ "-1500m", "-1500m" },
	{ "9223372036854775807", "9223372036854775807" },
	{ "9223372036854775808", "9223372036854775808" },
};

static const struct pair exponents[] = {
	{ "1e3", "1e3" },
	{ "1E3", "1e3" },
	{ "1e+3", "1e3" },
	{ "1e003", "1e3" },
	{ "1e0", "1" },
	{ "1e-0", "1" },
	{ "1e1", "10" },
	{ "1e2", "100" },
	{ "1e4", "10e3" },
	{ "1e5", "100e3" },
	{ "1000e3", "1e6" },
	{ "1.5e3", "1500" },
	{ "15e2", "1500" },
	{ "1.5e6", "1500e3" },
	{ "1e-1", "100e-3" },
	{ "1e-3", "1e-3" },
	{ "1e-6", "1e-6" },
	{ "1e-9", "1e-9" },
	{ "1e-10", "1e-9" },
	{ "5.e-1", "500e-3" },
	{ ".5e1", "5" },
	{ "-12e6", "-12e6" },
	{ "1e29", "100e27" },
	{ "0e1000000000", "0" },
	{ "1e-1000000000", "1e-9" },
	{ "100000000000000000000000000000000000000000e-40", "10" },
};

static const struct pair binaries[] = {
	{ "1Ki", "1Ki" },
	{ "01Ki", "1Ki" },
	{ "1.5Gi", "1536Mi" },
	{ "1024Ki", "1Mi" },
	{ "1536Ki", "1536Ki" },
	{ "1048576Ki", "1Gi" },
	{ "1024Ei", "1024Ei" },
	{ "-1.5Gi", "-1536Mi" },
	{ "-1024Ki", "-1Mi" },
	{ "0.5Ki", "512" },
	{ "-0.5Ki", "-512" },
	{ "0.9990234375Ki", "1023" },
	{ "0.25Ki", "256" },
	{ "1.0009765625Ki", "1025" },
	{ ".0009765625Mi", "1Ki" },
	/* Whole, but not of kibibytes; and not even whole. */
	{ "1.5009765625Ki", "1537" },
	{ "1.1Ki", "1126400m" },
	{ "-1.1Ki", "-1126400m" },
	{ "0.1Ki", "102400m" },
	{ "0.0001Ki", "102400u" },
};

static const struct pair rounded[] = {
	{ "0.1n", "1n" },
	{ "-0.1n", "-1n" },
	{ "1.1n", "2n" },
	{ "-1.1n", "-2n" },
	{ "1.0n", "1n" },
	{ "0.0000000001", "1n" },
	{ "1.0000000000", "1" },
	{ "1.0000000001", "1000000001n" },
	{ "0.9999999999", "1" },
	{ "-0.9999999999", "-1" },
	{ "1.0000001m", "1000001n" },
	{ "1e-99", "1e-9" },
	{ "1.00000000000000000000000000000000000000000001k",
	  "1000000000001n" },
	{ "0.000000001Ei", "1152921504606846976n" },
	{ "0.0000000000000000000001Ei", "115293n" },
	{ "0.00000000000000000000000000000000000000000001Ei", "1n" },
};

static const struct pair edges[] = {
	{ LARGEST, LARGEST },
	{ "-" LARGEST, "-" LARGEST },
	{ "170141183460469231731687303715.884105727",
	  "170141183460469231731687303715884105727n" },
	{ "170141183460469231731687303715.8841057269",
	  "170141183460469231731687303715884105727n" },
	{ "147573952589Ei", "147573952589Ei" },
	{ "-147573952589Ei", "-147573952589Ei" },
};

static const char *const too_large[] = {
	"170141183460469231731687303715884105728n",
	"-170141183460469231731687303715884105728n",
	"170141183460469231731687303715.8841057271",
	"999999999999999999999999999999999999999999999999999999999999",
	"147573952590Ei",
	"1e30",
	"-1e30",
	"1e1000000000",
	"0.1e31",
	"170141183461E",
};

static const char *const refused[] = {
	/* no digits; Kubernetes takes these for 0 */
	"+", "-", ".", "-.", "Mi", "e3", ".Ki",
	/* numbers */
	"", "--1", "+-1", "-+1", "1..5", "1.2.3", "1-", "1+3", "0x10",
	"1_000", "1,000", "inf", "NaN", "ten", "\xc2\xbd",
	/* space */
	"1 Gi", " 1", "1 ", "1\n", "1\t", "1e 3",
	/* suffixes */
	"1.5x", "1i", "1ki", "1K", "1gi", "1mi", "1mm", "1B", "1MB", "1MiMi",
	"1Mie", "1Kie3", "1m3",
	/* exponents */
	"1e", "1e+", "1e-", "1e--1", "1e3m", "1e3.5", "1ee3", "1EE", "1e1_0",
	"1e0x10",
	/* exponents that Kubernetes wraps around at 32 bits, or refuses too */
	"1e1000000001", "1e-1000000001", "0e4294967296", "1e-4294967296",
	"1e18446744073709551616", "1e99999999999999999999999999",
};

static struct quantity parse(const char *text)
{
	struct sg_error e = { 0 };
	struct quantity q = { 0 };
	if (quantity_parse(text, strlen(text), &q, &e) != 0)
		fail_msg("%s", e.message);
	return q;
}

static void expect(struct quantity q, const char *wanted, const char *what)
{
	char text[QUANTITY_TEXT_SIZE];
	if (quantity_print(q, text) != text)
		fail_msg("%s: not the buffer that was passed", what);
	if (strcmp(text, wanted) != 0)
		fail_msg("%s prints as %s, not %s", what, text, wanted);
}

static void expect_table(const struct pair *table, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct quantity q = parse(table[i].text);
		expect(q, table[i].canonical, table[i].text);
		/* What was printed has the same value. */
		struct quantity again = parse(table[i].canonical);
		if (quantity_compare(q, again) != 0)
			fail_msg("%s differs from %s", table[i].canonical,
				 table[i].text);
	}
}

static void test_suffixes(void **state)
{
	(void)state;
	expect_table(suffixes, COUNT(suffixes));
}

static void test_decimals(void **state)
{
	(void)state;
	expect_table(decimals, COUNT(decimals));
}

static void test_exponents(void **state)
{
	(void)state;
	expect_table(exponents, COUNT(exponents));
}

static void test_binaries(void **state)
{
	(void)state;
	expect_table(binaries, COUNT(binaries));
}

static void test_rounding(void **state)
{
	(void)state;
	expect_table(rounded, COUNT(rounded));
}

static void test_edges(void **state)
{
	(void)state;
	expect_table(edges, COUNT(edges));
}

struct format_case {
	const char *text;
	enum quantity_format format;
};

static const struct format_case formats[] = {
	{ "1", QUANTITY_DECIMAL_SI },
	{ "1E", QUANTITY_DECIMAL_SI },
	{ "1E3", QUANTITY_DECIMAL_EXPONENT },
	{ "1e0", QUANTITY_DECIMAL_EXPONENT },
	{ "1Ei", QUANTITY_BINARY_SI },
	{ "0Ki", QUANTITY_BINARY_SI },
	{ "0.5Ki", QUANTITY_BINARY_SI },
	{ "0.0009765625Ki", QUANTITY_BINARY_SI },
	/* Between -1 and 1, Kubernetes forgets that it was binary. */
	{ "0.0001Ki", QUANTITY_DECIMAL_SI },
	{ "-0.0001Ki", QUANTITY_DECIMAL_SI },
};

static void test_formats(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(formats); i++) {
		struct quantity q = parse(formats[i].text);
		if (q.format != formats[i].format)
			fail_msg("%s has format %d, not %d", formats[i].text,
				 (int)q.format, (int)formats[i].format);
	}
}

/* Parses a copy of the exact size, so that a sanitizer sees reads past it. */
static void expect_refused(const char *text, size_t length, const char *says)
{
	struct quantity q = { .nano = 42, .format = QUANTITY_BINARY_SI };
	struct sg_error e = { 0 };
	char *copy = malloc(length ? length : 1);
	assert_non_null(copy);
	if (length)
		memcpy(copy, text, length);
	int result = quantity_parse(copy, length, &q, &e);
	free(copy);
	if (result != -1 || e.code != SG_INVALID)
		fail_msg("\"%s\" gave %d with code %d", text, result,
			 (int)e.code);
	if (!strstr(e.message, says))
		fail_msg("\"%s\" was refused with: %s", text, e.message);
	if (q.nano != 42 || q.format != QUANTITY_BINARY_SI)
		fail_msg("refusing \"%s\" changed the result", text);
}

static void test_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refused); i++)
		expect_refused(refused[i], strlen(refused[i]),
			       "is not a quantity (" QUANTITY_EXAMPLES ")");
	expect_refused("1\0", 2, "is not a quantity");
	expect_refused("1\0Gi", 4, "is not a quantity");
}

static void test_too_large(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(too_large); i++)
		expect_refused(too_large[i], strlen(too_large[i]),
			       "is too large for a quantity");
}

static void test_only_length_bytes_are_read(void **state)
{
	struct sg_error e = { 0 };
	struct quantity q = { 0 };
	(void)state;
	if (quantity_parse("12Mi and more", 4, &q, &e) != 0)
		fail_msg("%s", e.message);
	expect(q, "12Mi", "the first four bytes");
}

static const struct pair messages[] = {
	{ "1.5x", "\"1.5x\" is not a quantity (like 500m, 2, 1.5 or 512Mi)" },
	{ "", "\"\" is not a quantity (like 500m, 2, 1.5 or 512Mi)" },
	{ "1\n\x1b[31m", "\"1\\x0a\\x1b[31m\" is not" },
	{ "a\"b\\c", "\"a\\x22b\\x5cc\" is not" },
	{ "\xff%s", "\"\\xff%s\" is not" },
	{ "0123456789012345678901234567890123456789",
	  "\"0123456789012345678901234567890123456789\" is too large" },
	{ "0123456789012345678901234567890123456789x",
	  "\"0123456789012345678901234567890123456789...\" is not" },
	{ "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
	  "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1",
	  "\\x01...\" is not" },
};

static void test_messages(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(messages); i++)
		expect_refused(messages[i].text, strlen(messages[i].text),
			       messages[i].canonical);
}

static void test_very_long_digits(void **state)
{
	enum { LENGTH = 1000000 };
	struct sg_error e = { 0 };
	struct quantity q = { 0 };
	char *text = malloc(LENGTH);
	(void)state;
	assert_non_null(text);

	memset(text, '9', LENGTH);
	expect_refused(text, LENGTH - 1, "is too large");
	text[0] = '.';
	assert_int_equal(quantity_parse(text, LENGTH, &q, &e), 0);
	expect(q, "1", "a million nines after the dot");
	memset(text, '0', LENGTH - 1);
	text[LENGTH - 1] = '7';
	assert_int_equal(quantity_parse(text, LENGTH, &q, &e), 0);
	expect(q, "7", "a million zeros and 7");
	text[1] = '.';
	assert_int_equal(quantity_parse(text, LENGTH, &q, &e), 0);
	expect(q, "1n", "a million zeros after the dot and 7");
	free(text);
}

static void test_from_int(void **state)
{
	(void)state;
	expect(quantity_from_int(0), "0", "0");
	expect(quantity_from_int(-3), "-3", "-3");
	expect(quantity_from_int(2048), "2048", "2048");
	expect(quantity_from_int(5000), "5k", "5000");
	expect(quantity_from_int(INT64_MAX), "9223372036854775807", "max");
	expect(quantity_from_int(INT64_MIN), "-9223372036854775808", "min");
}

struct order {
	const char *a;
	const char *b;
	int sign;
};

static const struct order orders[] = {
	{ "1", "1", 0 },
	{ "1", "1000m", 0 },
	{ "1k", "1e3", 0 },
	{ "1Ki", "1024", 0 },
	{ "1Ki", "1.024k", 0 },
	{ "1.5Gi", "1536Mi", 0 },
	{ "0", "-0", 0 },
	{ "0Ki", "0e5", 0 },
	{ "1k", "1Ki", -1 },
	{ "1Gi", "1G", 1 },
	{ "1n", "0", 1 },
	{ "-1n", "0", -1 },
	{ "-1", "1", -1 },
	{ "-2", "-1", -1 },
	{ "9223372036854775807", "8Ei", -1 },
	{ "9223372036854775808", "8Ei", 0 },
	{ LARGEST, "-" LARGEST, 1 },
};

static void test_compare(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(orders); i++) {
		const struct order *o = &orders[i];
		int there = quantity_compare(parse(o->a), parse(o->b));
		int back = quantity_compare(parse(o->b), parse(o->a));
		if ((there > 0) - (there < 0) != o->sign ||
		    (back > 0) - (back < 0) != -o->sign)
			fail_msg("comparing %s with %s: %d, and back %d", o->a,
				 o->b, there, back);
	}
}

static void test_sign(void **state)
{
	(void)state;
	assert_true(quantity_is_negative(parse("-1n")));
	assert_false(quantity_is_negative(parse("-0")));
	assert_false(quantity_is_negative(parse("1Ki")));
	assert_true(quantity_is_zero(parse("-0.0Ki")));
	assert_false(quantity_is_zero(parse("0.1n")));
}

struct sum {
	const char *a;
	const char *b;
	const char *sum;
	const char *difference;
};

static const struct sum sums[] = {
	{ "1", "1", "2", "0" },
	{ "500m", "1500m", "2", "-1" },
	{ "1Gi", "512Mi", "1536Mi", "512Mi" },
	{ "1Gi", "1M", "1074741824", "1072741824" },
	{ "1M", "1Mi", "2048576", "-48576" },
	{ "1e3", "1k", "2e3", "0" },
	{ "0", "1Gi", "1Gi", "-1Gi" },
	{ "0", "1e3", "1e3", "-1e3" },
	{ "0Ki", "4096", "4096", "-4096" },
	{ "4096", "0Ki", "4096", "4096" },
	{ "-1", "1n", "-999999999n", "-1000000001n" },
	{ LARGEST, "0", LARGEST, LARGEST },
};

static void test_add_and_subtract(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sums); i++) {
		const struct sum *s = &sums[i];
		struct sg_error e = { 0 };
		struct quantity a = parse(s->a);
		struct quantity b = parse(s->a);
		if (quantity_add(&a, parse(s->b), &e) != 0 ||
		    quantity_subtract(&b, parse(s->b), &e) != 0)
			fail_msg("%s and %s: %s", s->a, s->b, e.message);
		expect(a, s->sum, "the sum");
		expect(b, s->difference, "the difference");
	}
}

struct product {
	const char *a;
	int64_t times;
	const char *product;
};

static const struct product products[] = {
	{ "500m", 4, "2" },
	{ "512Mi", 3, "1536Mi" },
	{ "1e3", 1000, "1e6" },
	{ "-2", -3, "6" },
	{ "2", -3, "-6" },
	{ "-2Ki", 3, "-6Ki" },
	{ "3Ki", 0, "0" },
	{ "0", INT64_MIN, "0" },
	{ "1", INT64_MIN, "-9223372036854775808" },
	{ "-1", INT64_MIN, "9223372036854775808" },
	{ "1n", INT64_MAX, "9223372036854775807n" },
	{ LARGEST, 1, LARGEST },
	{ LARGEST, -1, "-" LARGEST },
};

static void test_multiply(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(products); i++) {
		struct sg_error e = { 0 };
		struct quantity a = parse(products[i].a);
		if (quantity_multiply(&a, products[i].times, &e) != 0)
			fail_msg("%s: %s", products[i].a, e.message);
		expect(a, products[i].product, products[i].a);
	}
}

static void expect_unchanged(int result, struct quantity a,
			     struct quantity before, const struct sg_error *e)
{
	if (result != -1 || e->code != SG_INVALID)
		fail_msg("%d with code %d and message: %s", result,
			 (int)e->code, e->message);
	if (!strstr(e->message, "out of the range"))
		fail_msg("message: %s", e->message);
	if (a.nano != before.nano || a.format != before.format)
		fail_msg("a changed although: %s", e->message);
}

static void test_overflow_leaves_a_alone(void **state)
{
	struct sg_error e = { 0 };
	struct quantity most = parse(LARGEST);
	struct quantity least = parse("-" LARGEST);
	struct quantity a = most;
	(void)state;

	expect_unchanged(quantity_add(&a, parse("1n"), &e), a, most, &e);
	expect_unchanged(quantity_add(&a, most, &e), a, most, &e);
	expect_unchanged(quantity_subtract(&a, least, &e), a, most, &e);
	expect_unchanged(quantity_multiply(&a, 2, &e), a, most, &e);
	expect_unchanged(quantity_multiply(&a, INT64_MIN, &e), a, most, &e);
	a = least;
	expect_unchanged(quantity_add(&a, parse("-2n"), &e), a, least, &e);
	expect_unchanged(quantity_subtract(&a, parse("2n"), &e), a, least, &e);
	expect_unchanged(quantity_multiply(&a, INT64_MAX, &e), a, least, &e);
	a = parse("147573952589Ei");
	expect_unchanged(quantity_add(&a, a, &e), a, parse("147573952589Ei"),
			 &e);
}

struct share {
	const char *part;
	const char *whole;
	unsigned percent;
};

static const struct share shares[] = {
	{ "0", "0", 0 },
	{ "0", "4", 0 },
	{ "1", "4", 25 },
	{ "1", "3", 34 },
	{ "2", "3", 67 },
	{ "4", "4", 100 },
	{ "5", "4", 125 },
	{ "1n", "1E", 1 },
	{ "999999999n", "1", 100 },
	{ "1000000001n", "1", 101 },
	{ "512Mi", "1Gi", 50 },
	{ "1", "0", 9999 },
	{ "1n", "0", 9999 },
	{ "99990m", "1", 9999 },
	{ "99989m", "1", 9999 },
	{ "99980m", "1", 9998 },
	{ "99999m", "1", 9999 },
	{ "100", "1", 9999 },
	{ LARGEST, "1n", 9999 },
	{ LARGEST, LARGEST, 100 },
	{ "85070591730234615865843651857942052863n", LARGEST, 50 },
	{ "85070591730234615865843651857942052864n", LARGEST, 51 },
	{ "-1", "4", 0 },
	{ "1", "-4", 9999 },
};

static void test_percent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(shares); i++) {
		const struct share *s = &shares[i];
		unsigned seen =
			quantity_percent(parse(s->part), parse(s->whole));
		if (seen != s->percent)
			fail_msg("%s of %s is %u%%, not %u%%", s->part,
				 s->whole, seen, s->percent);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_suffixes),
		cmocka_unit_test(test_decimals),
		cmocka_unit_test(test_exponents),
		cmocka_unit_test(test_binaries),
		cmocka_unit_test(test_rounding),
		cmocka_unit_test(test_edges),
		cmocka_unit_test(test_formats),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_only_length_bytes_are_read),
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_very_long_digits),
		cmocka_unit_test(test_from_int),
		cmocka_unit_test(test_compare),
		cmocka_unit_test(test_sign),
		cmocka_unit_test(test_add_and_subtract),
		cmocka_unit_test(test_multiply),
		cmocka_unit_test(test_overflow_leaves_a_alone),
		cmocka_unit_test(test_percent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
