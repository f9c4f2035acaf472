#include "helpers.h"

#include "decode.h"

/* One decode_* call on {k: VALUE}, with path "spec". */
typedef int decoder(struct sg_arena *a, const struct node *n,
		    struct sg_error *e);

static int as_string(struct sg_arena *a, const struct node *n,
		     struct sg_error *e)
{
	const char *out;
	return decode_string(a, n, "spec", "k", REQUIRED, &out, e);
}

static int as_int(struct sg_arena *a, const struct node *n, struct sg_error *e)
{
	int64_t out = 0;
	(void)a;
	return decode_int(n, "spec", "k", 1, 10, &out, e);
}

static int as_bool(struct sg_arena *a, const struct node *n, struct sg_error *e)
{
	bool out = false;
	(void)a;
	return decode_bool(n, "spec", "k", &out, e);
}

static int as_strings(struct sg_arena *a, const struct node *n,
		      struct sg_error *e)
{
	struct strings out;
	return decode_strings(a, n, "spec", "k", &out, e);
}

static int as_ports(struct sg_arena *a, const struct node *n,
		    struct sg_error *e)
{
	struct ports out;
	return decode_ports(a, n, "spec", "k", &out, e);
}

static int as_resources(struct sg_arena *a, const struct node *n,
			struct sg_error *e)
{
	struct resources out;
	return decode_resources(a, n, "spec", "k", &out, e);
}

static int as_mapping(struct sg_arena *a, const struct node *n,
		      struct sg_error *e)
{
	static const char *const known[] = { "a", "b", NULL };
	(void)a;
	return decode_mapping(node_own(n, "k"), "spec.k", known, e);
}

static int as_sequence(struct sg_arena *a, const struct node *n,
		       struct sg_error *e)
{
	(void)a;
	return decode_sequence(node_own(n, "k"), "spec.k", e);
}

struct wrong {
	decoder *decode;
	const char *value;
	const char *message;
};

#define NOT_WHOLE " is not a whole number from 1 to 10"
#define NOT_PORT " is not a whole number from 1 to 65535"
#define EXAMPLES " (like 500m, 2, 1.5 or 512Mi)"

static const struct wrong wrongs[] = {
	{ as_string, "", "spec.k is missing" },
	{ as_string, "~", "spec.k is missing" },
	{ as_string, "[a]", "spec.k must be a string, not a list" },
	{ as_string, "{a: b}", "spec.k must be a string, not a mapping" },
	{ as_string, "''", "spec.k is empty" },
	{ as_string, "on", "spec.k: on is not a string; write it in quotes" },
	{ as_string, "0755", "spec.k: 0755 is not a string" },
	{ as_string, "1e3", "spec.k: 1e3 is not a string" },
	{ as_string, "0x1F", "spec.k: 0x1F is not a string" },
	{ as_string, "2024-01-01", "spec.k: 2024-01-01 is not a string" },
	{ as_int, "0", "spec.k: \"0\"" NOT_WHOLE },
	{ as_int, "11", "spec.k: \"11\"" NOT_WHOLE },
	{ as_int, "-1", "spec.k: \"-1\"" NOT_WHOLE },
	{ as_int, "+1", "spec.k: \"+1\"" NOT_WHOLE },
	{ as_int, "010", "spec.k: \"010\"" NOT_WHOLE },
	{ as_int, "1.0", "spec.k: \"1.0\"" NOT_WHOLE },
	{ as_int, "0x1", "spec.k: \"0x1\"" NOT_WHOLE },
	{ as_int, "5 6", "spec.k: \"5 6\"" NOT_WHOLE },
	{ as_int, "\"\\t5\"", "5\"" NOT_WHOLE },
	{ as_int, "99999999999999999999", "spec.k: \"99999999999999999999\"" },
	{ as_int, "five", "spec.k: \"five\"" NOT_WHOLE },
	{ as_int, "[5]", "spec.k: a list" NOT_WHOLE },
	{ as_bool, "yes", "spec.k: yes is not true or false" },
	{ as_bool, "1", "spec.k: 1 is not true or false" },
	{ as_bool, "[]", "spec.k: a list is not true or false" },
	{ as_strings, "a", "spec.k must be a list, not a scalar" },
	{ as_strings, "{a: b}", "spec.k must be a list, not a mapping" },
	{ as_strings, "[a, [b]]", "spec.k must be a string, not a list" },
	{ as_strings, "[a, ~]", "spec.k must be a string, not null" },
	{ as_strings, "[a, no]", "spec.k: no is not a string" },
	{ as_strings, "[a, '']", "spec.k is empty" },
	{ as_ports, "80", "spec.k must be a list, not a scalar" },
	{ as_ports, "[0]", "spec.k: \"0\"" NOT_PORT },
	{ as_ports, "[80, 65536]", "spec.k: \"65536\"" NOT_PORT },
	{ as_ports, "[http]", "spec.k: \"http\"" NOT_PORT },
	{ as_resources, "5", "spec.k must be a mapping, not a scalar" },
	{ as_resources, "[5]", "spec.k must be a mapping, not a list" },
	{ as_resources, "{cpu: ten}",
	  "spec.k.cpu: \"ten\" is not a quantity" EXAMPLES },
	{ as_resources, "{cpu: }", "spec.k.cpu: null is not a quantity" },
	{ as_resources, "{cpu: [1]}", "spec.k.cpu: a list is not a quantity" },
	{ as_resources, "{cpu: -1}", "spec.k.cpu: -1 is negative" },
	{ as_resources, "{cpu: 010}", "spec.k.cpu: 010 may be read as octal" },
	{ as_resources, "{cpu: +010}", "spec.k.cpu: +010 may be read as octal" },
	{ as_mapping, "x", "spec.k must be a mapping, not a scalar" },
	{ as_mapping, "", "spec.k must be a mapping, not null" },
	{ as_mapping, "{a: 1, c: 2}",
	  "spec.k has no field \"c\"; it has: a, b" },
	{ as_sequence, "{}", "spec.k must be a list, not a mapping" },
};

static void test_wrong_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		char text[80];
		sg_arena_init(&a);
		(void)snprintf(text, sizeof text, "k: %s\n", wrongs[i].value);
		const struct node *n = must_parse(&a, text);
		expect_error(wrongs[i].decode(&a, n, &e), &e, SG_INVALID,
			     wrongs[i].message, text);
		assert_ptr_equal(strstr(e.message, "spec.k"), e.message);
	}
}

struct right {
	decoder *decode;
	const char *value;
};

static const struct right rights[] = {
	{ as_string, "x" },	     { as_string, "'on'" },
	{ as_string, "\"0755\"" },   { as_string, "!!str 12" },
	{ as_string, "a-b.c" },	     { as_int, "1" },
	{ as_int, "10" },	     { as_int, "~" },
	{ as_bool, "true" },	     { as_bool, "false" },
	{ as_bool, "" },	     { as_strings, "[]" },
	{ as_strings, "" },	     { as_strings, "[a, 'b']" },
	{ as_ports, "[1, 65535]" },  { as_ports, "[]" },
	{ as_resources, "{}" },	     { as_resources, "{cpu: 0, x: \"010\"}" },
	{ as_mapping, "{}" },	     { as_mapping, "{b: 1}" },
	{ as_sequence, "[1]" },
};

static void test_right_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(rights); i++) {
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		char text[80];
		sg_arena_init(&a);
		(void)snprintf(text, sizeof text, "k: %s\n", rights[i].value);
		if (rights[i].decode(&a, must_parse(&a, text), &e))
			fail_msg("%s: %s", text, e.message);
	}
}

static void test_absent_keeps_the_default(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	int64_t number = 7;
	bool yes = true;
	const char *text = "before";
	(void)state;
	sg_arena_init(&a);
	const struct node *n = must_parse(&a, "other: 1\nnil: ~\n");
	assert_int_equal(decode_int(n, "x", "k", 0, 9, &number, &e), 0);
	assert_int_equal(decode_int(n, "x", "nil", 0, 9, &number, &e), 0);
	assert_int_equal(decode_bool(n, "x", "k", &yes, &e), 0);
	assert_int_equal(number, 7);
	assert_true(yes);
	assert_int_equal(
		decode_string(&a, n, "x", "k", OPTIONAL, &text, &e), 0);
	assert_null(text);
}

static void test_what_comes_out(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct strings names;
	struct ports ports;
	struct resources amounts;
	char text[QUANTITY_TEXT_SIZE];
	(void)state;
	sg_arena_init(&a);
	const struct node *n = must_parse(
		&a, "s: [x, &y 'y z']\np: [443, 80]\n"
		    "r: &r {cpu: 2000m, memory: 1.5Gi}\nt: *r\n");
	assert_int_equal(decode_strings(&a, n, "x", "s", &names, &e), 0);
	expect_text(strings_join(&a, &names), "x, y z", "strings");
	assert_true(strings_contain(&names, "y z"));
	assert_false(strings_contain(&names, "y"));
	assert_int_equal(decode_ports(&a, n, "x", "p", &ports, &e), 0);
	assert_int_equal(ports.count, 2);
	assert_int_equal(ports.items[0], 443);
	assert_int_equal(decode_resources(&a, n, "x", "t", &amounts, &e), 0);
	assert_int_equal(amounts.count, 2);
	expect_text(quantity_print(amounts.items[1].amount, text), "1536Mi",
		    "memory");
}

static void test_too_many_resources(void **state)
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer text;
	struct resources out;
	struct sg_error e = { 0 };
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&text, SG_MIB);
	sg_buffer_puts(&text, "k:\n");
	for (unsigned i = 0; i <= SG_MAX_RESOURCES; i++)
		sg_buffer_printf(&text, "  example.com/r%u: 1\n", i);
	const struct node *n = must_parse(&a, text.data);
	expect_error(decode_resources(&a, n, "spec", "k", &out, &e), &e,
		     SG_INVALID, "spec.k: more than 64 different resources",
		     "65 resources");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_right_values),
		cmocka_unit_test(test_absent_keeps_the_default),
		cmocka_unit_test(test_what_comes_out),
		cmocka_unit_test(test_too_many_resources),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
