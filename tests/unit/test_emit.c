#include "helpers.h"

/* What must come back as the string that it was. */
static const char *const strings[] = {
	"", " ", "plain", "on", "On", "off", "yes", "no", "y", "N", "true",
	"False", "null", "Null", "~", "0755", "0o17", "0x1F", "0b1", "1e3",
	"1_000", "1:30", ".5", "-1", "+1", "123", "1.5Gi", ".inf", "-.INF",
	".nan", "2024-01-01", "2024-01-01T00:00:00Z", "=", "<<", "-", "--",
	"---", "...", "- a", "? a", "a: b", "a:", ":a", "#a", "a #b", "&a",
	"*a", "!a", "|", ">", "%a", "@a", "`a`", "{a}", "[a]", "a, b", "'a'",
	"it's", "\"a\"", "\\", "\\n", "a\nb", "a\n", "\na", "a\n\n", "a\n\n\n",
	"\n", " a", "a ", "\ta", "a\tb", "a \nb", "\r\n", "\x7f", "\x01",
	"\xc3\xa4", "\xf0\x9f\x98\x80", "\xc2\x85", "\xe2\x80\xa8",
	"\xef\xbb\xbf", "a\n  b\n c", "  a\nb\n", "a\n---\nb\n",
};

/* Documents of every style that charts are written in. */
static const char *const documents[] = {
	"a: 1\nb: x\nc: [1, two, {d: e}]\n",
	"a:\n- 1\n-\n  - 2\n- {}\n- []\n",
	"a: 'x'\nb: \"y\\nz\"\nc: |\n  l1\n  l2\nd: >-\n  f1\n  f2\n",
	"a: |\n  keep\n\n\nb: |+\n  keep\n\n\nc: |-\n  strip\n",
	"a: |2\n    indented\n  less\nb: x\n",
	"a: on\nb: 0755\nc: 1e3\nd: 2024-01-01\ne: ~\nf: 'on'\n",
	"a:\nb:\n- \n- x\nc: {d: , e: f}\n",
	"image: nginx:1.25\nurl: https://x.example/a?b=c,d#e\nargs: --a=[b]\n",
	"a: &x {b: c}\nd: *x\ne: [*x, *x]\n",
	"? explicit\n: value\n? k\n: w\n",
	"a: multi\n  line plain\n\n  text\nb: 'multi\n\n  quoted'\n",
	"- 1\n- [2, [3, [4]]]\n",
	"just a string\n",
	"'on'\n",
	"{}\n",
	"[]\n",
	"last: |+\n  kept\n\n",
	"nested:\n  last: |+\n    kept\n\n",
};

typedef int emitter(struct sg_buffer *out, const struct node *n,
		    struct sg_error *e);

static int emit_block(struct sg_buffer *out, const struct node *n,
		      struct sg_error *e)
{
	return yaml_emit_block(out, n, 0, e);
}

/* Emits into a place of a larger text, and takes it from there again. */
static int emit_deep(struct sg_buffer *out, const struct node *n,
		     struct sg_error *e)
{
	sg_buffer_puts(out, "x:\n  z:\n");
	return yaml_emit_block(out, n, 4, e);
}

static const struct {
	const char *name;
	emitter *emit;
	bool is_deep;
} emitters[] = {
	{ "block", emit_block, false },
	{ "flow", yaml_emit_flow, false },
	{ "deep block", emit_deep, true },
};

/* Strings may get or lose quotes; nothing else may differ. */
static void expect_same_again(struct sg_arena *a, const struct node *n,
			      size_t how, const char *what)
{
	struct sg_error e = { 0 };
	struct node *again = NULL;
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MIB);
	if (emitters[how].emit(&text, n, &e))
		fail_msg("%s: %s: %s", emitters[how].name, what, e.message);
	if (yaml_parse(text.data, text.length, 1, a, &again, &e))
		fail_msg("%s of %s\ngives %s\n%s", emitters[how].name, what,
			 text.data, e.message);
	const struct node *back =
		emitters[how].is_deep ? node_path(again, "x", "z", NULL) :
					again;
	if (!same_tree(n, back))
		fail_msg("%s of\n%s\ngives\n%s", emitters[how].name, what,
			 text.data);
}

static void test_documents(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(documents); i++)
		for (size_t how = 0; how < COUNT(emitters); how++) {
			cleanup_arena struct sg_arena a;
			sg_arena_init(&a);
			const struct node *n = must_parse(&a, documents[i]);
			expect_same_again(&a, n, how, documents[i]);
			expect_same_again(&a, node_copy(&a, n), how,
					  documents[i]);
		}
}

static void expect_still(const struct node *n, const char *text)
{
	if (!n || n->kind != NODE_SCALAR || strcmp(n->text, text) != 0)
		fail_msg("\"%s\" became \"%s\"", text,
			 n && n->kind == NODE_SCALAR ? n->text : "no scalar");
	if (n->style == STYLE_PLAIN && !yaml_plain_is_string(text))
		fail_msg("\"%s\" is written plain", text);
}

/* As value, as key and in a list at once. */
static void test_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strings); i++)
		for (size_t how = 0; how < COUNT(emitters); how++) {
			cleanup_arena struct sg_arena a;
			sg_arena_init(&a);
			struct node *map = node_new_mapping(&a);
			struct node *list = node_new_sequence(&a);
			node_append(list, node_new_string(&a, strings[i]));
			node_set(&a, map, "list", list);
			node_set_string(&a, map, strings[i], strings[i]);
			expect_same_again(&a, map, how, strings[i]);
		}
}

/* As keys and values: alone, before, within and behind a text, and in ends of lines. */
static void add_code_point(struct sg_arena *a, struct node *list, uint32_t code)
{
	static const char *const around[][2] = {
		{ "", "" }, { "", "a" }, { "a", "a" }, { "a", "" },
		{ "a\n", "" }, { "", "\nb" }, { "a: ", " #b" },
	};
	for (size_t i = 0; i < COUNT(around); i++) {
		cleanup_buffer struct sg_buffer text;
		sg_buffer_init(&text, 64);
		sg_buffer_puts(&text, around[i][0]);
		put_code_point(&text, code);
		sg_buffer_puts(&text, around[i][1]);
		struct node *map = node_new_mapping(a);
		node_set_string(a, map, text.data, text.data);
		node_append(list, map);
	}
}

static void test_every_code_point(void **state)
{
	enum { AT_A_TIME = 1024 };
	(void)state;
	for (uint32_t code = 1; code;) {
		cleanup_arena struct sg_arena a;
		sg_arena_init(&a);
		struct node *list = node_new_sequence(&a);
		char from[32];
		(void)snprintf(from, sizeof from, "from U+%04X on",
			       (unsigned)code);
		for (int i = 0; i < AT_A_TIME && code; i++) {
			add_code_point(&a, list, code);
			code = next_code_point(code);
		}
		for (size_t how = 0; how < COUNT(emitters); how++)
			expect_same_again(&a, list, how, from);
	}
}

static void test_strings_stay_strings(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strings); i++) {
		cleanup_arena struct sg_arena a;
		cleanup_buffer struct sg_buffer text;
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		sg_buffer_init(&text, SG_MIB);
		struct node *map = node_new_mapping(&a);
		node_set_string(&a, map, "value", strings[i]);
		assert_int_equal(yaml_emit_block(&text, map, 0, &e), 0);
		expect_still(node_get(must_parse(&a, text.data), "value"),
			     strings[i]);
	}
}

static void expect_emitted(const struct node *n, const char *block,
			   const char *flow)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_error e = { 0 };
	sg_buffer_init(&text, SG_MIB);
	assert_int_equal(yaml_emit_block(&text, n, 2, &e), 0);
	expect_text(text.data, block, "block style");
	sg_buffer_clear(&text);
	sg_buffer_puts(&text, "before: ");
	assert_int_equal(yaml_emit_flow(&text, n, &e), 0);
	expect_text(text.data, flow, "flow style");
}

static void test_looks(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	struct node *map = node_new_mapping(&a);
	struct node *list = node_new_sequence(&a);
	node_append(list, node_new_int(&a, -5));
	node_append(list, node_new_string(&a, "5"));
	node_append(list, node_new_mapping(&a));
	node_set_string(&a, map, "urumi.io/store", "fashion");
	node_set(&a, map, "list", list);
	expect_emitted(map,
		       "  urumi.io/store: fashion\n"
		       "  list:\n"
		       "  - -5\n"
		       "  - \"5\"\n"
		       "  - {}\n",
		       "before: {urumi.io/store: fashion, "
		       "list: [-5, \"5\", {}]}");
}

static void test_long_lines_are_not_folded(void **state)
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer text, words;
	struct sg_error e = { 0 };
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&text, SG_MIB);
	sg_buffer_init(&words, SG_MIB);
	for (int i = 0; i < 1000; i++)
		sg_buffer_puts(&words, "some words ");
	struct node *map = node_new_mapping(&a);
	node_set_string(&a, map, "a", words.data);
	assert_int_equal(yaml_emit_flow(&text, map, &e), 0);
	assert_null(strchr(text.data, '\n'));
}

static void test_buffer_cap(void **state)
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer text;
	struct sg_error e = { 0 };
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&text, 10);
	const struct node *n = must_parse(&a, "a: a long text\n");
	expect_error(yaml_emit_flow(&text, n, &e), &e, SG_INVALID,
		     "more than 10 bytes", "flow into a small buffer");
	sg_buffer_clear(&text);
	expect_error(yaml_emit_block(&text, n, 0, &e), &e, SG_INVALID,
		     "more than 10 bytes", "block into a small buffer");
}

static void test_nothing_to_emit(void **state)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_error e = { 0 };
	(void)state;
	sg_buffer_init(&text, 100);
	/* a tree that could not be built for want of memory */
	expect_error(yaml_emit_flow(&text, NULL, &e), &e, SG_IO, "memory",
		     "no tree");
}

/* What YAML 1.1 or 1.2 reads as another type, and what neither does. */
static void test_typed(void **state)
{
	static const char *const typed[] = {
		"", "~", "null", "NULL", "true", "Yes", "OFF", "y", "N", "0",
		"-1", "+1", "0755", "0o17", "0x1F", "0b11", "1_000", "1.5",
		".5", "1.", "1e3", "-1.5E-3", "1:30", "12:30:45", ".inf",
		"-.INF", ".nan", "2024-01-01", "2024-1-1", "<<", "=",
		"2024-01-01T00:00:00Z", "2024-01-01 00:00:00.5 +01:00",
	};
	static const char *const untyped[] = {
		"nginx:1.25", "hello", "a, b", "https://x.example/?a=b#c",
		"--flag", "yes please", "truely", "1.5Gi", "500m", "1.2.3",
		"0x", "0xG", "e3", "1e", "1e3x", "12:", "a:1", "-", ".",
		"10.0.0.0/8", "nano", "nullable", "2024-01", "v1", "\xc3\xa4",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(typed); i++)
		if (!yaml_plain_is_typed(typed[i]) ||
		    yaml_plain_is_string(typed[i]))
			fail_msg("%s is taken for a string", typed[i]);
	for (size_t i = 0; i < COUNT(untyped); i++)
		if (yaml_plain_is_typed(untyped[i]))
			fail_msg("%s is taken for no string", untyped[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_typed),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_strings),
		cmocka_unit_test(test_every_code_point),
		cmocka_unit_test(test_strings_stay_strings),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_long_lines_are_not_folded),
		cmocka_unit_test(test_buffer_cap),
		cmocka_unit_test(test_nothing_to_emit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
