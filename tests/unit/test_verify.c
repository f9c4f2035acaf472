#include "helpers.h"

#include "edit.h"
#include "verify.h"

/* verify_edit() is the last guard: it must see whatever a splice gets wrong. */

static const char input[] = "kind: X\n"
			    "metadata:\n"
			    "  name: shop\n"
			    "  labels:\n"
			    "    app: web\n"
			    "spec:\n"
			    "  on: yes\n"
			    "  port: 080\n"
			    "  text: \"on\"\n"
			    "  empty:\n"
			    "  list: [a, b]\n"
			    "  shared: &s {k: v}\n"
			    "  again: *s\n";

static const char wanted[] = "kind: X\n"
			     "metadata:\n"
			     "  name: shop\n"
			     "  labels:\n"
			     "    urumi.io/a: x\n"
			     "    app: web\n"
			     "spec:\n"
			     "  on: yes\n"
			     "  port: 080\n"
			     "  text: \"on\"\n"
			     "  empty:\n"
			     "  list: [a, b]\n"
			     "  shared: &s {k: v}\n"
			     "  again: *s\n";

static const struct edit_pair pair = { "urumi.io/a", "x" };
static struct edit labels = { .key = "labels", .pairs = &pair,
			      .pair_count = 1 };
static struct edit metadata = { .key = "metadata", .children = &labels };
static const struct edit edit = { .children = &metadata };

struct change {
	const char *from; /* in the wanted output */
	const char *to;
	const char *says; /* NULL: it still means the same */
};

static const struct change changes[] = {
	/* labels */
	{ "    urumi.io/a: x\n", "", "metadata: labels: a label is missing" },
	{ "urumi.io/a: x", "urumi.io/a: y", "is not what was to be set" },
	{ "urumi.io/a: x", "urumi.io/a: [x]", "is not what was to be set" },
	{ "urumi.io/a: x", "urumi.io/a: !!str x", "is not what was to be" },
	{ "urumi.io/a: x", "urumi.io/a: x\n    urumi.io/b: x",
	  "urumi.io/b: was not there before" },
	{ "    app: web\n", "", "a key is gone" },
	/* scalars and types */
	{ "name: shop", "name: m", "metadata: name: a scalar changed" },
	{ "name: shop", "name:", "metadata: name: a scalar changed" },
	{ "name: shop", "name: [shop]", "changed its kind" },
	{ "on: yes", "on: \"yes\"", "spec: true: a scalar changed its type" },
	{ "on: yes", "on: true", "a scalar changed" },
	{ "  on: yes", "  \"on\": yes", "" },
	{ "port: 080", "port: \"080\"", "a scalar changed its type" },
	{ "port: 080", "port: 80", "a scalar changed" },
	{ "text: \"on\"", "text: on", "spec: text: a scalar changed its type" },
	{ "text: \"on\"", "text: |-\n    on", NULL },
	{ "text: \"on\"", "text: 'on'", NULL },
	{ "text: \"on\"", "text: !!str on", "changed its type" },
	{ "text: \"on\"", "text: !!str \"on\"", "changed its type" },
	{ "empty:\n", "empty: ''\n", "empty: a scalar changed its type" },
	{ "empty:\n", "empty: {}\n", "changed its kind" },
	{ "name: shop", "name: \"shop\"", NULL },
	/* keys and items */
	{ "kind: X\n", "", "" },
	{ "kind: X\n", "kind: X\nextra: 1\n", "extra: was not there before" },
	{ "  on: yes\n  port: 080\n", "  port: 080\n  on: yes\n", "" },
	{ "  on: yes\n  port: 080\n", "  port: 080\n", "spec: " },
	{ "[a, b]", "[b, a]", "list: [0]: a scalar changed" },
	{ "[a, b]", "[a]", "list: an item is gone" },
	{ "[a, b]", "[a, b, c]", "list: an item too many" },
	{ "[a, b]", "{a: b}", "changed its kind" },
	{ "[a, b]", "[a, [b]]", "list: [1]: changed its kind" },
	/* aliases */
	{ "*s", "{k: v}", NULL },
	{ "*s", "{k: w}", "again: k: a scalar changed" },
	{ "{k: v}", "{k: v, l: w}", "" },
	/* looks alone */
	{ "    app: web", "    # comment\n    app:    web   # more", NULL },
	{ "[a, b]", "\n  - a\n  - b", NULL },
};

/* One change, to the wanted output. */
static int verify(const struct change *c, struct sg_error *e)
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer text;
	const char *at = strstr(wanted, c->from);
	sg_arena_init(&a);
	sg_buffer_init(&text, SG_MIB);
	if (!at)
		fail_msg("no %s", c->from);
	sg_buffer_append(&text, wanted, (size_t)(at - wanted));
	sg_buffer_puts(&text, c->to);
	sg_buffer_puts(&text, at + strlen(c->from));
	return verify_edit(must_parse(&a, input), must_parse(&a, text.data),
			   &edit, e);
}

static void test_changes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct sg_error e = { 0 };
		int result = verify(&changes[i], &e);
		if (changes[i].says)
			expect_error(result, &e, SG_INVALID, changes[i].says,
				     changes[i].to);
		else if (result)
			fail_msg("%s: %s", changes[i].to, e.message);
	}
}

static void test_wanted(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	(void)state;
	sg_arena_init(&a);
	const struct node *in = must_parse(&a, input);
	const struct node *out = must_parse(&a, wanted);
	if (verify_edit(in, out, &edit, &e))
		fail_msg("%s", e.message);
	expect_error(verify_edit(in, in, &edit, &e), &e, SG_INVALID,
		     "a label is missing", "nothing done");
	expect_error(verify_edit(out, in, &edit, &e), &e, SG_INVALID, "",
		     "the wrong way round");
	expect_error(verify_edit(in, out, NULL, &e), &e, SG_INVALID,
		     "was not there before", "an edit that nobody planned");
	expect_error(verify_edit(in, NULL, &edit, &e), &e, SG_INVALID,
		     "the document is gone", "no output");
	assert_int_equal(verify_edit(NULL, NULL, &edit, &e), 0);
}

static int verify_items(const char *before, const char *after, size_t index,
			struct sg_error *e)
{
	cleanup_arena struct sg_arena a;
	struct edit items = { .key = "items" }, root = { .children = &items };
	sg_arena_init(&a);
	edit_item(&a, &items, index)->drop = true;
	return verify_edit(must_parse(&a, before), must_parse(&a, after), &root,
			   e);
}

static void test_dropped_items(void **state)
{
	static const char before[] = "items: [a, b, c]";
	struct sg_error e = { 0 };
	(void)state;
	assert_int_equal(verify_items(before, "items: [a, c]", 1, &e), 0);
	assert_int_equal(verify_items(before, "items: [a, b]", 2, &e), 0);
	expect_error(verify_items(before, "items: [a, b, c]", 1, &e), &e,
		     SG_INVALID, "items: ", "nothing dropped");
	expect_error(verify_items(before, "items: [b, c]", 1, &e), &e,
		     SG_INVALID, "items: ", "the wrong one dropped");
	expect_error(verify_items(before, "items: [a]", 1, &e), &e, SG_INVALID,
		     "an item is gone", "two dropped");
}

/* A mapping that the edit makes where the input has none. */
static void test_made_mappings(void **state)
{
	static const struct change cases[] = {
		{ "metadata: {name: shop}",
		  "metadata: {labels: {urumi.io/a: x}, name: shop}", NULL },
		{ "metadata:", "metadata: {labels: {urumi.io/a: x}}", NULL },
		{ "metadata: {labels: ~}",
		  "metadata: {labels: {urumi.io/a: x}}", NULL },
		{ "metadata: {labels: ~}", "metadata: {labels: {urumi.io/a: x, "
		  "b: c}}", "b: was not there before" },
		{ "metadata: {labels: ~}", "metadata: {labels: {}}",
		  "a label is missing" },
		{ "metadata: {name: shop}", "metadata: {labels: [urumi.io/a], "
		  "name: shop}", "labels: changed its kind" },
		{ "{b: &b {labels: {c: d}}, metadata: {<<: *b}}",
		  "{b: &b {labels: {c: d}}, metadata: {<<: *b, labels: "
		  "{urumi.io/a: x, c: d}}}", NULL },
		{ "{b: &b {labels: {c: d}}, metadata: {<<: *b}}",
		  "{b: &b {labels: {c: d}}, metadata: {<<: *b, labels: "
		  "{urumi.io/a: x}}}", "a key is gone" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		int result = verify_edit(must_parse(&a, cases[i].from),
					 must_parse(&a, cases[i].to), &edit,
					 &e);
		if (cases[i].says)
			expect_error(result, &e, SG_INVALID, cases[i].says,
				     cases[i].to);
		else if (result)
			fail_msg("%s: %s", cases[i].to, e.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wanted),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_dropped_items),
		cmocka_unit_test(test_made_mappings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
