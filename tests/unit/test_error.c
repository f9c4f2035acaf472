#include "helpers.h"

#include "violations.h"

static void test_set(void **state)
{
	struct sg_error e = { 0 };
	(void)state;
	int result = sg_error_set(&e, SG_REFUSED, "%s: %d", "count", 3);
	expect_error(result, &e, SG_REFUSED, "count: 3", "a plain message");
	expect_text(e.message, "count: 3", "the whole message");
}

static void test_context_goes_in_front(void **state)
{
	struct sg_error e = { 0 };
	(void)state;
	sg_error_set(&e, SG_INVALID, "ten is not a number");
	int result = sg_error_context(&e, "spec.%s", "pods");
	expect_error(result, &e, SG_INVALID, "", "context");
	sg_error_context(&e, "policy.yaml");
	expect_text(e.message, "policy.yaml: spec.pods: ten is not a number",
		    "two contexts");
}

/* Neither message nor context is ever taken for a format. */
static void test_percent_signs(void **state)
{
	struct sg_error e = { 0 };
	(void)state;
	sg_error_set(&e, SG_INVALID, "%s", "100%s%n");
	sg_error_context(&e, "%s", "%d%n");
	expect_text(e.message, "%d%n: 100%s%n", "percent signs");
}

static void fill(char *text, size_t size, char byte)
{
	memset(text, byte, size - 1);
	text[size - 1] = '\0';
}

static void expect_cut(const struct sg_error *e)
{
	size_t length = strlen(e->message);
	assert_int_equal(length, SG_MAX_MESSAGE - 1);
	expect_text(e->message + length - 3, "...", "the end of a cut one");
}

static void test_long_messages_are_cut(void **state)
{
	char text[2 * SG_MAX_MESSAGE];
	struct sg_error e = { 0 };
	(void)state;
	fill(text, SG_MAX_MESSAGE, 'x');
	sg_error_set(&e, SG_INVALID, "%s", text);
	expect_text(e.message, text, "the longest that fits");
	fill(text, SG_MAX_MESSAGE + 1, 'x');
	sg_error_set(&e, SG_INVALID, "%s", text);
	expect_cut(&e);
	fill(text, sizeof text, 'x');
	sg_error_set(&e, SG_INVALID, "%s", text);
	expect_cut(&e);
}

static void test_long_contexts_are_cut(void **state)
{
	char text[2 * SG_MAX_MESSAGE];
	struct sg_error e = { 0 };
	(void)state;
	fill(text, sizeof text, 'c');
	sg_error_set(&e, SG_INVALID, "the reason");
	sg_error_context(&e, "%s", text);
	/* a context of any length leaves the reason readable */
	expect_error(-1, &e, SG_INVALID, "...: the reason", "a long context");
	for (int i = 0; i < 20; i++)
		sg_error_context(&e, "%s", text);
	expect_cut(&e);
}

static void test_memory(void **state)
{
	struct sg_error e = { 0 };
	(void)state;
	expect_error(sg_error_memory(&e), &e, SG_IO, "out of memory",
		     "no memory");
}

static void test_violations(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct violations v;
	(void)state;
	sg_arena_init(&a);
	violations_init(&v, &a);
	assert_int_equal(violations_check(&v, "store", &e), 0);
	violations_add(&v, "spec.host", "\"%s\" is no host", "a b");
	violations_add(&v, "spec.plan", "there is no plan %d", 7);
	expect_error(violations_check(&v, "store \"x\"", &e), &e, SG_REFUSED,
		     "", "two violations");
	expect_text(e.message,
		    "store \"x\" breaks the policy:\n"
		    "  - spec.host: \"a b\" is no host\n"
		    "  - spec.plan: there is no plan 7",
		    "two violations");
}

static void test_too_many_violations(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct violations v;
	(void)state;
	sg_arena_init(&a);
	violations_init(&v, &a);
	for (unsigned i = 0; i < 10 * SG_MAX_VIOLATIONS; i++)
		violations_add(&v, "spec", "number %u, %600d", i, 1);
	assert_int_equal(v.count, SG_MAX_VIOLATIONS);
	expect_error(violations_check(&v, "x", &e), &e, SG_REFUSED,
		     "\n  - spec: number 0,", "very many violations");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_set),
		cmocka_unit_test(test_context_goes_in_front),
		cmocka_unit_test(test_percent_signs),
		cmocka_unit_test(test_long_messages_are_cut),
		cmocka_unit_test(test_long_contexts_are_cut),
		cmocka_unit_test(test_memory),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_too_many_violations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
