#include "helpers.h"

#include "documents.h"

/* What yaml_parse() refuses, and what it says then. */

struct refusal {
	const char *text;
	const char *says;
};

static const struct refusal broken[] = {
	{ "a: [1\n", "line 12: " },
	{ "a: 'x\n", "line 12: " },
	{ "a: b: c\n", "line 11: " },
	{ "\n\n\ta: b\n", "line 13: " },
	{ "a: 1\n b: 2\n", "line 12: " },
	{ "}", "line 11: " },
	{ "a: \x01\n", "control characters are not allowed at byte 3" },
	{ "a: \xff\n", "not UTF-8 text" },
	{ "a: \xc3", "not UTF-8 text" },
	{ "a: \xed\xa0\x80\n", "not UTF-8 text" },
	{ "\xff\xfe" "a", "UTF-16" },
	{ "\xfe\xff" "a", "UTF-16" },
	{ "a: \"\\0\"\n", "line 11: a NUL character" },
	{ "a: *b\n", "line 11: alias *b has no anchor before it" },
	{ "a: *b\nc: &b 1\n", "line 11: alias *b has no anchor" },
	{ "a: &b [*b]\n", "line 11: alias *b stands inside the node" },
	{ "a: &b\n  c:\n    d: *b\n", "line 13: alias *b stands inside" },
	{ "a: &b 1\nc: &b {d: *b, e: [*b]}\n", "line 12: alias *b stands" },
	{ "a: 1\n---\nb: 2\n", "line 12: " },
	{ "a: 1\n# c\rb: 2\n", "line 12: a carriage return without a line feed" },
	{ "a: 1\n...\n---\nb: 2\n", "line 13: " },
	{ "a: 1\n...\nb: 2\n", "line 13: " },
};

static void expect_refused(const char *text, size_t length, const char *says)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	struct guarded g = guarded_copy(text, length);
	char what[80];
	sg_arena_init(&a);
	(void)snprintf(what, sizeof what, "%.70s", text);
	expect_error(yaml_parse(g.bytes, length, 11, &a, &root, &e), &e,
		     SG_INVALID, says, what);
	guarded_free(&g);
}

static void test_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++)
		expect_refused(broken[i].text, strlen(broken[i].text),
			       broken[i].says);
	expect_refused("a: b\0c\n", 7, "a NUL byte at byte 4");
	expect_refused("\0", 1, "a NUL byte at byte 0");
	expect_refused("a\0\n\0", 4, "a NUL byte at byte 1");
}

static void parse_nested(char open, unsigned depth, const char *says)
{
	cleanup_buffer struct sg_buffer text;
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	sg_arena_init(&a);
	sg_buffer_init(&text, SG_MIB);
	for (unsigned i = 0; i < depth; i++)
		sg_buffer_puts(&text, open == '[' ? "[" : "{a: ");
	sg_buffer_pad(&text, open == '[' ? ']' : '}', depth);
	int result = yaml_parse(text.data, text.length, 1, &a, &root, &e);
	if (says)
		expect_error(result, &e, SG_INVALID, says, "nesting");
	else if (result)
		fail_msg("%u deep: %s", depth, e.message);
}

static void test_depth(void **state)
{
	(void)state;
	parse_nested('[', SG_MAX_DEPTH, NULL);
	parse_nested('{', SG_MAX_DEPTH, NULL);
	parse_nested('[', SG_MAX_DEPTH + 1, "nested deeper than 512 levels");
	parse_nested('{', SG_MAX_DEPTH + 1, "nested deeper than 512 levels");
	parse_nested('[', 100000, "nested deeper than 512 levels");
}

static void test_block_depth(void **state)
{
	cleanup_buffer struct sg_buffer text;
	(void)state;
	sg_buffer_init(&text, SG_MIB);
	for (unsigned i = 0; i <= SG_MAX_DEPTH; i++) {
		sg_buffer_pad(&text, ' ', i);
		sg_buffer_puts(&text, "a:\n");
	}
	expect_refused(text.data, text.length,
		       "line 523: nested deeper than 512 levels");
}

static void test_anchors(void **state)
{
	enum { MOST = 4096 };
	cleanup_buffer struct sg_buffer text;
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&text, SG_MIB);
	for (unsigned i = 0; i < MOST; i++)
		sg_buffer_printf(&text, "- &a%u %u\n", i, i);
	sg_buffer_puts(&text, "- [*a0, *a4095]\n");
	const struct node *root = must_parse(&a, text.data);
	assert_true(node_is(root->last->first, "0"));
	assert_true(node_is(root->last->last, "4095"));
	sg_buffer_puts(&text, "- &b x\n");
	expect_refused(text.data, text.length,
		       "line 4108: more than 4096 anchors");
}

/* Nine levels of ten would be a billion nodes. */
static void test_billion_laughs(void **state)
{
	cleanup_buffer struct sg_buffer text;
	(void)state;
	sg_buffer_init(&text, SG_MIB);
	sg_buffer_puts(&text, "l0: &l0 lol\n");
	for (int level = 1; level < 10; level++) {
		sg_buffer_printf(&text, "l%d: &l%d [", level, level);
		for (int i = 0; i < 10; i++)
			sg_buffer_printf(&text, "%s*l%d", i ? ", " : "",
					 level - 1);
		sg_buffer_puts(&text, "]\n");
	}
	expect_refused(text.data, text.length,
		       "line 17: more than 1000000 nodes in one document, "
		       "aliases expanded");
}

static void test_nodes(void **state)
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer text;
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&text, SG_MAX_DOCUMENT);
	/* the list itself, a hundred anchored ones, then aliases of 101 */
	sg_buffer_puts(&text, "- &a [");
	for (int i = 0; i < 99; i++)
		sg_buffer_puts(&text, "1,");
	sg_buffer_puts(&text, "]\n");
	for (int i = 0; i < 9998; i++)
		sg_buffer_puts(&text, "- *a\n");
	const struct node *root = must_parse(&a, text.data);
	assert_int_equal(root->weight, 999901);
	assert_true(root->first->shared);
	sg_buffer_puts(&text, "- *a\n");
	expect_refused(text.data, text.length, "more than 1000000 nodes");
}

static void test_document_size(void **state)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_error e = { 0 };
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&text, 2 * SG_MAX_DOCUMENT);
	sg_buffer_pad(&text, '#', SG_MAX_DOCUMENT + 1);
	struct documents docs;
	expect_error(documents_index(&a, text.data, text.length, &docs, &e),
		     &e, SG_INVALID, "more than 8388608 bytes in one document",
		     "a large document");
	assert_int_equal(documents_index(&a, text.data, text.length - 1, &docs,
					 &e),
			 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_depth),
		cmocka_unit_test(test_block_depth),
		cmocka_unit_test(test_anchors),
		cmocka_unit_test(test_billion_laughs),
		cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_document_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
