#include "helpers.h"

/* Everything that libyaml's marks count differently from bytes. */
static const char *const hostile[] = {
	"a: 1\nb: [x, 'y', \"z\"]\nc: {d: e}\n",
	"# \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\na: \xc3\xa4\n"
	"b: 'k\xc3\xa4se'\n"
	"\xe2\x82\xac: [\xf0\x9f\x98\x80, x]\nlast: one\n",
	"a: 1\r\n\xc3\xa4: \"\xc3\xb6\"\r\nb:\r\n  - x\r\n  - y\r\nc: z\r\n",
	"\xef\xbb\xbf" "a: \xc3\xa4\nb: x\n",
	"\xef\xbb\xbf" "a: plain\nb: [x]\n",
	"# nbsp \xc2\xa0# next\na: \xc3\xa4\nb: x\n",
	"a: 'x \xe2\x80\xaf y'\nb: z\nc: \"\xc2\xa0\"\nd: e\n",
	"--- # head\n\xc3\xa4:\n  - &anchor {b: c}\n  - *anchor\nlast: x\n",
	"a: |\n  \xc3\xa4\n  x\nb: >-\n  folded\n  more\nc: x\n",
	"{\xc3\xa4: [1, 2, {b: 'c'}], d: \xe2\x82\xac}\n",
	"- x\n-\n  - \xc3\xa4\n- 'it''s'\n- \"\\u00e4\"\n",
	"a: &x \xc3\xa4\nb: *x\nc: &y [*x, *x]\nd: {e: *y}\n",
	"a:   x   # \xe2\x82\xac comment\nb:\t'y'\nc: x\n",
};

static size_t opening(const struct node *n, const char *at)
{
	const char *value = at;
	if (n->anchored)
		value += strcspn(value, " ") + 1;
	return (size_t)(value - at);
}

/* What the bytes must look like by themselves, without the parser's help. */
static void check_slice(const char *text, const struct node *n)
{
	size_t skip = opening(n, text + n->begin);
	const char *at = text + n->begin + skip;
	size_t length = n->end - n->begin - skip;
	bool right = true;
	if (n->begin > n->end || n->end > strlen(text))
		fail_msg("%s: from %u to %u", text, n->begin, n->end);
	if (n->anchored)
		right &= text[n->begin] == '&';
	if (n->kind == NODE_ALIAS)
		right &= at[0] == '*' &&
			 strncmp(at + 1, text + n->target->begin + 1,
				 length - 1) == 0;
	else if (n->style == STYLE_FLOW)
		right &= strchr("[{", at[0]) && strchr("]}", at[length - 1]);
	else if (n->kind == NODE_SCALAR && n->style == STYLE_PLAIN)
		right &= length == n->length && !memcmp(at, n->text, length);
	else if (n->kind == NODE_SCALAR && n->style == STYLE_QUOTED)
		right &= strchr("'\"", at[0]) && at[length - 1] == at[0];
	else if (n->kind == NODE_SCALAR)
		right &= strchr("|>", at[0]) && at[length - 1] == '\n';
	if (!right)
		fail_msg("%s\n%u to %u is: %.*s", text, n->begin, n->end,
			 (int)(n->end - n->begin), text + n->begin);
}

static void check_inside(const char *text, const struct node *n)
{
	if (n->kind != NODE_MAPPING)
		return;
	if (n->style == STYLE_FLOW && text[n->inside - 1] != '{')
		fail_msg("%s\n%u is not behind a {", text, n->inside);
	if (n->style != STYLE_BLOCK)
		return;
	if (n->first->begin != n->inside)
		fail_msg("%s\n%u is no first key", text, n->inside);
	for (uint32_t i = 1; i <= n->column; i++)
		if (text[n->inside - i] == '\n')
			fail_msg("%s\ncolumn %u is wrong", text, n->column);
}

static unsigned check_slices(const char *text, const struct node *n)
{
	unsigned count = 1;
	check_slice(text, n);
	check_inside(text, n);
	if (n->kind != NODE_MAPPING && n->kind != NODE_SEQUENCE)
		return count;
	uint32_t end = n->begin;
	for (const struct node *c = n->first; c; c = c->next) {
		if (c->begin < end || c->end > n->end)
			fail_msg("%s\n%u to %u overlaps or leaves its parent",
				 text, c->begin, c->end);
		end = c->end;
		count += check_slices(text, c);
	}
	return count;
}

/* At the end of a page, so that reading on is seen; and at every length. */
static void parse_cut(const char *text, size_t length)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	struct guarded g = guarded_copy(text, length);
	sg_arena_init(&a);
	if (yaml_parse(g.bytes, length, 1, &a, &root, &e) == 0 && root)
		assert_true(root->end <= length);
	assert_true(yaml_document_length(g.bytes, length) <= length);
	(void)yaml_is_document_start(g.bytes, length);
	guarded_free(&g);
}

static void test_every_node_is_where_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hostile); i++) {
		cleanup_arena struct sg_arena a;
		sg_arena_init(&a);
		const struct node *root = must_parse(&a, hostile[i]);
		unsigned seen = check_slices(hostile[i], root);
		if (seen < 4)
			fail_msg("%s\nonly %u nodes", hostile[i], seen);
	}
}

static void test_reads_stay_inside(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(hostile); i++)
		for (size_t n = 0; n <= strlen(hostile[i]); n++)
			parse_cut(hostile[i], n);
	parse_cut("---", 3);
	parse_cut("a\n---", 5);
	parse_cut("\xef\xbb\xbf", 3);
	parse_cut("\xef\xbb", 2);
	parse_cut("\xff\xfe", 2);
}

static void test_lines_and_styles(void **state)
{
	static const char text[] = "# c\n\na: x\nb: 'y'\nc: |\n  z\nd: [1]\n"
				   "e:\n- 1\nf:\n  g: {h: i}\n";
	static const struct {
		const char *key;
		unsigned line, style;
	} wanted[] = {
		{ "a", 2, STYLE_PLAIN },   { "b", 3, STYLE_QUOTED },
		{ "c", 4, STYLE_LITERAL }, { "d", 6, STYLE_FLOW },
		{ "e", 8, STYLE_BLOCK },   { "f", 10, STYLE_BLOCK },
	};
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	const struct node *root = must_parse(&a, text);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct node *n = node_get(root, wanted[i].key);
		if (!n || n->line != wanted[i].line ||
		    n->style != wanted[i].style)
			fail_msg("%s: line %u, style %u", wanted[i].key,
				 n ? n->line : 0, n ? n->style : 0);
	}
	assert_int_equal(node_path(root, "f", "g", NULL)->style, STYLE_FLOW);
	assert_true(must_parse(&a, "a: !!str 1\n")->first->next->tagged);
}

static void test_no_document(void **state)
{
	static const char *const texts[] = { "", "\n", "# only\n", "---\n",
					     "--- # c\n# c\n",
					     "\xef\xbb\xbf", "---\n...\n" };
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	for (size_t i = 0; i < COUNT(texts); i++)
		if (must_parse(&a, texts[i]))
			fail_msg("\"%s\" has a document", texts[i]);
	/* these say something, though it is little */
	assert_null(must_parse(&a, "~\n"));
	assert_non_null(must_parse(&a, "''\n"));
	assert_non_null(must_parse(&a, "{}\n"));
}

/* A file's one document, with whatever may stand around it. */
static void test_one_document(void **state)
{
	static const char *const texts[] = {
		"a: 1\n", "---\na: 1\n", "# c\n---\na: 1\n",
		"\n\n---\na: 1\n...\n", "--- \t# c\na: 1\n",
		"\r\n# c\r\n---\r\na: 1\r\n", "\xef\xbb\xbf---\na: 1\n",
		"\xef\xbb\xbf# \xc3\xa4\n--- # c\na: 1\n",
	};
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	for (size_t i = 0; i < COUNT(texts); i++) {
		const struct node *root = must_parse(&a, texts[i]);
		if (!node_is(node_get(root, "a"), "1"))
			fail_msg("%s\nhas no a", texts[i]);
	}
}

static const char merges[] = "base: &b {x: 1, v: 2, z: ~}\n"
			     "more: &m {<<: *b, v: 3, w: 4}\n"
			     "one: {<<: *b, v: own}\n"
			     "many: {<<: [*m, *b]}\n"
			     "odd: {'<<': {x: 1}}\n"
			     "ref: *b\n";

static const struct {
	const char *map, *key, *wanted;
} gets[] = {
	{ "one", "x", "1" },  { "one", "v", "own" }, { "one", "w", NULL },
	{ "many", "v", "3" }, { "many", "x", "1" },  { "many", "w", "4" },
	{ "odd", "x", NULL }, { "ref", "v", "2" },   { "nope", "x", NULL },
	{ "ref", "z", NULL },
};

static void test_get(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	const struct node *root = must_parse(&a, merges);
	for (size_t i = 0; i < COUNT(gets); i++) {
		const char *seen = node_text(
			node_path(root, gets[i].map, gets[i].key, NULL));
		const char *wanted = gets[i].wanted;
		if (!seen != !wanted || (seen && strcmp(seen, wanted) != 0))
			fail_msg("%s.%s is %s", gets[i].map, gets[i].key,
				 seen ? seen : "absent");
	}
	assert_null(node_own(node_get(root, "one"), "x"));
	assert_non_null(node_own(node_get(root, "ref"), "x"));
	assert_int_equal(node_count(node_get(root, "base")), 3);
	assert_int_equal(node_count(node_get(root, "odd")), 1);
	assert_int_equal(node_count(NULL), 0);
}

static void test_kinds_and_nulls(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	const struct node *root = must_parse(
		&a, "a:\nb: ~\nc: null\nd: NULL\ne: ''\nf: 'null'\n"
		    "g: nULL\nh: {}\ni: []\nj: &x ~\nk: *x\nl: !!str ~\n");
	const char *const nulls[] = { "a", "b", "c", "d", "j", "k", "zz" };
	const char *const others[] = { "e", "f", "g", "h", "i", "l" };
	for (size_t i = 0; i < COUNT(nulls); i++)
		if (!node_is_null(node_get(root, nulls[i])))
			fail_msg("%s is not null", nulls[i]);
	for (size_t i = 0; i < COUNT(others); i++)
		if (node_is_null(node_get(root, others[i])))
			fail_msg("%s is null", others[i]);
	expect_text(node_kind_name(node_get(root, "h")), "a mapping", "h");
	expect_text(node_kind_name(node_get(root, "i")), "a list", "i");
	expect_text(node_kind_name(node_get(root, "b")), "null", "b");
	expect_text(node_kind_name(node_get(root, "zz")), "absent", "zz");
	expect_text(node_kind_name(node_get(root, "e")), "a scalar", "e");
}

static void expect_duplicate(const char *text, const char *key)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	char says[64];
	sg_arena_init(&a);
	if (!key) {
		(void)must_parse(&a, text);
		return;
	}
	(void)snprintf(says, sizeof says, "the key \"%s\" is given twice", key);
	expect_error(yaml_parse(text, strlen(text), 1, &a, &root, &e), &e,
		     SG_INVALID, says, text);
}

static void test_duplicate_keys(void **state)
{
	cleanup_buffer struct sg_buffer many;
	(void)state;
	expect_duplicate("a: 1\nb: 2\n", NULL);
	expect_duplicate("a: 1\nb: 2\na: 3\n", "a");
	expect_duplicate("{a: 1, 'a': 3}", "a");
	expect_duplicate("a: {b: 1}\nb: 1\n", NULL);
	expect_duplicate("a: 1\nb: 2\n\"a\": 1\n", NULL);
	expect_duplicate("a: 1\na: \"1\"\n", "a");
	expect_duplicate("a: 1\na: !!str 1\n", "a");
	expect_duplicate("a: [1, {b: c}]\na:\n- 1\n- b: c\n", NULL);
	expect_duplicate("a: [1, {b: c}]\na:\n- 1\n- b: d\n", "a");
	expect_duplicate("yes: 1\non: 1\n", NULL);
	expect_duplicate("yes: 1\n\"true\": 2\n", "true");
	expect_duplicate("[a, a]", NULL);
	expect_duplicate("a", NULL);
	sg_buffer_init(&many, SG_MIB);
	for (int i = 0; i < 1000; i++)
		sg_buffer_printf(&many, "k%d: 1\n", i);
	expect_duplicate(many.data, NULL);
	sg_buffer_puts(&many, "k500: 1\n");
	expect_duplicate(many.data, NULL);
	sg_buffer_puts(&many, "k500: 2\n");
	expect_duplicate(many.data, "k500");
}

/* Kubernetes' library merges at the "<<", others before all own keys. */
static void test_merge_order(void **state)
{
	static const char *const ambiguous[] = {
		"a: 1\n<<: {a: 2}\n",
		"a: 1\nb: 1\n<<: [{c: 1}, {b: 2}]\n",
		"x: &x {a: 1}\ny: &y {<<: *x}\nz: {a: 2, <<: *y}\n",
	};
	static const char *const clear[] = {
		"<<: {a: 2}\na: 1\n",
		"a: 1\n<<: {b: 2}\n",
		"a: 1\n'<<': {a: 2}\n",
		"{<<: [{a: 1}, {a: 2}], b: 3}",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(ambiguous); i++) {
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		struct node *root = NULL;
		sg_arena_init(&a);
		expect_error(yaml_parse(ambiguous[i], strlen(ambiguous[i]), 1,
					&a, &root, &e),
			     &e, SG_INVALID, "put \"<<\" first", ambiguous[i]);
	}
	for (size_t i = 0; i < COUNT(clear); i++) {
		cleanup_arena struct sg_arena a;
		sg_arena_init(&a);
		(void)must_parse(&a, clear[i]);
	}
}

static void test_cutting(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} cuts[] = {
		{ "a\n---\nb", 2 },	  { "---\na\n---\nb", 6 },
		{ "a\n--- b", 2 },	  { "a\n---\tb", 2 },
		{ "a\r\n---\r\nb", 3 },	  { "a\n---", 2 },
		{ "a\n----\nb", 8 },	  { "a\n--\nb", 6 },
		{ "a\n ---\nb", 8 },	  { "a: |\n  ---\n---\n", 11 },
		{ "a ---\nb", 7 },	  { "---\n---\n", 4 },
		{ "", 0 },		  { "\n\n---\n", 2 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cuts); i++) {
		size_t seen = yaml_document_length(cuts[i].text,
						   strlen(cuts[i].text));
		if (seen != cuts[i].length)
			fail_msg("\"%s\" is cut at %zu, not %zu", cuts[i].text,
				 seen, cuts[i].length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_node_is_where_it_says),
		cmocka_unit_test(test_reads_stay_inside),
		cmocka_unit_test(test_lines_and_styles),
		cmocka_unit_test(test_no_document),
		cmocka_unit_test(test_one_document),
		cmocka_unit_test(test_get),
		cmocka_unit_test(test_kinds_and_nulls),
		cmocka_unit_test(test_duplicate_keys),
		cmocka_unit_test(test_merge_order),
		cmocka_unit_test(test_cutting),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
