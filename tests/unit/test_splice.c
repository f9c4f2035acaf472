#include "helpers.h"

#include "edit.h"
#include "splice.h"
#include "verify.h"

/* metadata.labels gets a and b; spec.template.metadata.labels gets a. */
static void plan(struct sg_arena *a, struct edit *root, bool pods)
{
	static const struct edit_pair pairs[] = {
		{ "urumi.io/a", "x" },
		{ "urumi.io/b", "on" },
	};
	struct edit *labels =
		edit_child(a, edit_child(a, root, "metadata"), "labels");
	labels->pairs = pairs;
	labels->pair_count = 2;
	if (!pods)
		return;
	struct edit *template =
		edit_child(a, edit_child(a, root, "spec"), "template");
	labels = edit_child(a, edit_child(a, template, "metadata"), "labels");
	labels->pairs = pairs;
	labels->pair_count = 1;
}

/* The spliced text, or NULL with the error filled. Verified in any case. */
static char *splice(struct sg_arena *a, const char *text,
		    const struct edit *edit, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer out;
	const struct document d = document_of(text);
	struct node *root = must_parse(a, text);
	sg_buffer_init(&out, SG_MIB);
	if (splice_document(&d, root, edit, a, &out, e))
		return NULL;
	struct sg_error why = { 0 };
	struct node *after = NULL;
	if (yaml_parse(out.data, out.length, 1, a, &after, &why) ||
	    verify_edit(must_parse(a, text), after, edit, &why))
		fail_msg("%s\nbecame\n%s\n%s", text, out.data, why.message);
	return sg_arena_copy(a, out.data, out.length);
}

struct splicing {
	bool pods;
	const char *before;
	const char *after; /* NULL: whatever verifies */
};

#define NEW "{\"urumi.io/a\": \"x\", \"urumi.io/b\": \"on\"}"
#define LINES(indent, eol) \
	indent "urumi.io/a: x" eol indent "urumi.io/b: \"on\"" eol

static const struct splicing splicings[] = {
	{ false, "kind: X\nmetadata:\n  labels:\n    app: y # z\n",
	  "kind: X\nmetadata:\n  labels:\n" LINES("    ", "\n")
	  "    app: y # z\n" },
	{ false, "metadata:\r\n  labels:\r\n    app: y\r\n",
	  "metadata:\r\n  labels:\r\n" LINES("    ", "\r\n")
	  "    app: y\r\n" },
	{ false, "metadata:\n  name: n\n",
	  "metadata:\n  labels:\n" LINES("    ", "\n") "  name: n\n" },
	{ false, "metadata: {name: n}",
	  "metadata: {\"labels\": " NEW ", name: n}" },
	{ false, "metadata: {labels: {}}\n", "metadata: {labels: " NEW "}\n" },
	{ false, "metadata:\n  name: n\n  labels:\nx: y\n",
	  "metadata:\n  name: n\n  labels: " NEW "\nx: y\n" },
	{ false, "metadata:\n  labels: ~ # none\n",
	  "metadata:\n  labels: " NEW " # none\n" },
	{ false, "metadata:\n  labels:\n    urumi.io/b: 'on'\n"
		 "    urumi.io/a: x\n",
	  "metadata:\n  labels:\n    urumi.io/b: 'on'\n    urumi.io/a: x\n" },
	{ false, "metadata:\n  labels:\n    urumi.io/b: on\n"
		 "    urumi.io/a: z\n",
	  "metadata:\n  labels:\n    urumi.io/b: \"on\"\n"
	  "    urumi.io/a: \"x\"\n" },
	{ false, "--- # \xc3\xa4\xf0\x9f\x98\x80\n# \xe2\x82\xac\n"
		 "\xc3\xa4: \xc3\xa4\nmetadata:\n  labels: {\xc3\xa4: y}\n",
	  "--- # \xc3\xa4\xf0\x9f\x98\x80\n# \xe2\x82\xac\n\xc3\xa4: \xc3\xa4\n"
	  "metadata:\n  labels: {\"urumi.io/a\": \"x\", \"urumi.io/b\": \"on\","
	  " \xc3\xa4: y}\n" },
	{ false, "{\n  \"kind\": \"X\",\n  \"metadata\": {\n"
		 "    \"labels\": {\n      \"app\": \"y\"\n    }\n  }\n}\n",
	  "{\n  \"kind\": \"X\",\n  \"metadata\": {\n    \"labels\": {\n"
	  "      \"urumi.io/a\": \"x\",\n      \"urumi.io/b\": \"on\",\n"
	  "      \"app\": \"y\"\n    }\n  }\n}\n" },
	{ true, "metadata:\n  labels:\n    app: y\nspec:\n  template:\n"
		"    metadata:\n      labels:\n        app: y\n    spec: {}\n",
	  "metadata:\n  labels:\n" LINES("    ", "\n") "    app: y\nspec:\n"
	  "  template:\n    metadata:\n      labels:\n"
	  "        urumi.io/a: x\n        app: y\n    spec: {}\n" },
	{ true, "metadata: {name: n}\nspec:\n  template:\n    spec: {}\n",
	  "metadata: {\"labels\": " NEW ", name: n}\nspec:\n  template:\n"
	  "    metadata:\n      labels:\n        urumi.io/a: x\n"
	  "    spec: {}\n" },
	{ false, "metadata: {labels, name: n}\n",
	  "metadata: {labels: " NEW ", name: n}\n" },
	{ false, "metadata:\n  labels:\n    urumi.io/a: |\n      z\n\n"
		 "    urumi.io/b: >-\n      z\n  name: n\n", NULL },
	/* shared nodes: only the place meant may change */
	{ true, "metadata:\n  labels: &l {app: y}\nspec:\n  template:\n"
		"    metadata:\n      labels: *l\n  selector: *l\n", NULL },
	{ true, "metadata: &m\n  labels:\n    app: nginx:1.25\n    v: a, b\n"
		"spec:\n  template:\n    metadata: *m\ncopy: [*m]\n", NULL },
	{ false, "base: &b {app: y}\nmetadata:\n  labels:\n    <<: *b\n"
		 "    c: d\n", NULL },
	{ false, "base: &b\n  labels:\n    app: y\n    n:\nmetadata:\n"
		 "  <<: *b\n  name: n\n", NULL },
	{ false, "metadata:\n  labels: &l\n    app: y\n    v: \"1\"\n"
		 "selector: *l\nagain: {a: *l}\n", NULL },
	{ false, "metadata:\n  labels:\n    urumi.io/a: &v z\n    o: *v\n"
		 "    urumi.io/b: *v\n", NULL },
};

static void test_splices(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(splicings); i++) {
		cleanup_arena struct sg_arena a;
		const struct splicing *s = &splicings[i];
		struct sg_error e = { 0 };
		struct edit edit = { 0 };
		sg_arena_init(&a);
		plan(&a, &edit, s->pods);
		const char *after = splice(&a, s->before, &edit, &e);
		if (!after && !strstr(s->before, "&v"))
			fail_msg("%s\n%s", s->before, e.message);
		if (s->after)
			expect_text(after, s->after, s->before);
		/* what was done once needs no doing twice */
		if (after)
			expect_text(splice(&a, after, &edit, &e), after,
				    "the second time");
	}
}

static void test_ends_without_a_newline(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(splicings); i++) {
		cleanup_arena struct sg_arena a;
		const struct splicing *s = &splicings[i];
		struct sg_error e = { 0 };
		struct edit edit = { 0 };
		sg_arena_init(&a);
		size_t length = strlen(s->before) - 1;
		plan(&a, &edit, s->pods);
		if (s->before[length] == '\n' && !strstr(s->before, "&v"))
			assert_non_null(splice(
				&a, sg_arena_copy(&a, s->before, length),
				&edit, &e));
	}
}

struct refusal {
	const char *text;
	const char *says;
};

static const struct refusal refusals[] = {
	{ "metadata: [x]\n", "" },
	{ "metadata: scalar\n", "metadata must be a mapping, not a scalar" },
	{ "metadata: {labels: [a]}\n", "" },
	{ "metadata:\n  labels: 5\n", "labels must be a mapping" },
	{ "metadata: !!map {labels: {}}\n", "line 1: a YAML tag" },
	{ "metadata:\n  labels: &x\nb: *x\n", "anchored null" },
	{ "metadata:\n  labels:\n    urumi.io/a: [x]\n",
	  "urumi.io/a can't be set: its present value is a list" },
	{ "- metadata\n", "" },
};

static void test_refusals(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		cleanup_arena struct sg_arena a;
		cleanup_buffer struct sg_buffer out;
		const struct document d = document_of(refusals[i].text);
		struct sg_error e = { 0 };
		struct edit edit = { 0 };
		sg_arena_init(&a);
		sg_buffer_init(&out, SG_MIB);
		plan(&a, &edit, false);
		struct node *root = must_parse(&a, refusals[i].text);
		int result = splice_document(&d, root, &edit, &a, &out, &e);
		if (*refusals[i].says)
			expect_error(result, &e, SG_INVALID, refusals[i].says,
				     refusals[i].text);
		if (result)
			continue;
		/* done, so it must not verify */
		struct node *after = NULL;
		if (yaml_parse(out.data, out.length, 1, &a, &after, &e) == 0 &&
		    verify_edit(must_parse(&a, refusals[i].text), after, &edit,
				&e) == 0)
			fail_msg("%s became %s", refusals[i].text, out.data);
	}
}

static const char list[] = "kind: List\nitems:\n- a: nginx:1.25\n  b:\n"
			   "- drop: me\n- c: |\n    text\n  d: [x, y]\nz: 1\n";

static void expect_dropped(const struct node *after)
{
	const struct node *items = node_get(after, "items");
	assert_int_equal(node_count(items), 2);
	assert_true(node_is(node_get(items->first, "a"), "nginx:1.25"));
	assert_true(node_is(node_get(items->last, "c"), "text\n"));
	assert_true(node_is(node_path(items->last, "metadata", "labels",
				      "urumi.io/a", NULL),
			    "x"));
	assert_true(node_is(node_get(after, "z"), "1"));
}

static void test_dropped_items(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct edit edit = { 0 };
	(void)state;
	sg_arena_init(&a);
	struct edit *items = edit_child(&a, &edit, "items");
	edit_item(&a, items, 1)->drop = true;
	plan(&a, edit_item(&a, items, 2), false);
	const char *after = splice(&a, list, &edit, &e);
	if (!after)
		fail_msg("%s", e.message);
	expect_dropped(must_parse(&a, after));
}

/* Whatever an owner or a chart's annotation is made of is set as it is. */
static void test_every_code_point(void **state)
{
	enum { AT_A_TIME = 1024 };
	static const char *const documents[] = {
		"metadata:\n  name: n\n  annotations:\n    a: b\n",
		"metadata:\n  name: n\n",
		"{\"metadata\": {\"annotations\": {\"a\": \"b\"}}}\n",
	};
	(void)state;
	for (uint32_t code = 1; code;) {
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		struct edit edit = { 0 };
		sg_arena_init(&a);
		struct edit_pair *pairs = sg_arena_alloc(
			&a, AT_A_TIME * sizeof *pairs);
		struct edit *at = edit_child(
			&a, edit_child(&a, &edit, "metadata"), "annotations");
		assert_non_null(pairs);
		at->pairs = pairs;
		for (; at->pair_count < AT_A_TIME && code;
		     code = next_code_point(code)) {
			static const char *const around[][2] = {
				{ "", "" }, { "", "a" }, { "a", "" }, { "a", "b" }
			};
			unsigned i = at->pair_count++;
			cleanup_buffer struct sg_buffer value;
			sg_buffer_init(&value, 64);
			sg_buffer_puts(&value, around[code % COUNT(around)][0]);
			put_code_point(&value, code);
			sg_buffer_puts(&value, around[code % COUNT(around)][1]);
			pairs[i].key = sg_arena_printf(&a, "k%u", i);
			pairs[i].value = sg_arena_copy(&a, value.data,
						       value.length);
		}
		for (size_t i = 0; i < COUNT(documents); i++)
			if (!splice(&a, documents[i], &edit, &e))
				fail_msg("%s: %s", documents[i], e.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_splices),
		cmocka_unit_test(test_ends_without_a_newline),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_dropped_items),
		cmocka_unit_test(test_every_code_point),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
