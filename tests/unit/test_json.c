/* JSON into trees and back, beside jansson, which says what is JSON. */
#include "helpers.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

static int parse(struct sg_arena *a, const char *text, size_t length,
		 struct node **root, struct sg_error *e)
{
	struct guarded g = guarded_copy(text, length);
	int failed = json_parse(g.bytes, length, a, root, e);
	guarded_free(&g);
	return failed;
}

static void expect_written(const struct node *n, const char *wanted)
{
	cleanup_buffer struct sg_buffer out;
	sg_buffer_init(&out, SG_MAX_FILE);
	json_write(&out, n);
	expect_text(out.data, wanted, "written");
}

static void test_values(void **state)
{
	static const struct {
		const char *text, *written;
	} cases[] = {
		{ "{}", "{}" },
		{ " [ ] ", "[]" },
		{ "null", "null" },
		{ "\"\"", "\"\"" },
		{ "[true,false,null,\"true\",\"null\"]",
		  "[true,false,null,\"true\",\"null\"]" },
		{ "[0,-0.5,1e3,1E+2,12345678901234567890123]",
		  "[0,-0.5,1e3,1E+2,12345678901234567890123]" },
		{ "\"\\u00e9\\ud83d\\ude00\\/\\n\\\"\\\\\"",
		  "\"é😀/\\n\\\"\\\\\"" },
		{ "{\"a\":{\"b\":[1,{\"c\":\"d\"}]},\"<<\":{\"x\":1}}",
		  "{\"a\":{\"b\":[1,{\"c\":\"d\"}]},\"<<\":{\"x\":1}}" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		struct node *root = NULL;
		sg_arena_init(&a);
		if (parse(&a, cases[i].text, strlen(cases[i].text), &root, &e))
			fail_msg("%s: %s", cases[i].text, e.message);
		expect_written(root, cases[i].written);
	}
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "", "ends where a value" },
		{ "{", "ends where a key" },
		{ "{\"a\":1,}", "\"}\" where a key" },
		{ "[1,]", "where a value" },
		{ "[1 2]", "where \",\" or \"]\"" },
		{ "{\"a\" 1}", "where \":\"" },
		{ "{a:1}", "where a key" },
		{ "{'a':1}", "where a key" },
		{ "1 2", "where nothing more" },
		{ "01", "where a value" },
		{ "1.", "where a value" },
		{ "-", "where a value" },
		{ "+1", "where a value" },
		{ "NaN", "where a value" },
		{ "nul", "where a value" },
		{ "\"abc", "ends where a string" },
		{ "\"a\nb\"", "where a string's next" },
		{ "\"\\x\"", "where an escape" },
		{ "\"\\u12g4\"", "hexadecimal" },
		{ "\"\\u0000\"", "NUL" },
		{ "\"\\ud800\"", "surrogate" },
		{ "\"\\udc00\\ud800\"", "surrogate" },
		{ "\"\\ud800\\u0041\"", "surrogate" },
		{ "\"\xff\"", "where a string's next" },
		{ "\"\xc0\x80\"", "where a string's next" },
		{ "\"\xed\xa0\x80\"", "where a string's next" },
		{ "\"\xf4\x90\x80\x80\"", "where a string's next" },
		{ "\"\xe2\x82\"", "where a string's next" },
		{ "\xef\xbb\xbf{}", "where a value" },
		{ "{\"a\":1,\n\"a\":2}", "line 2: the key \"a\" is given twice" },
		{ "{\"a\":1,\"\\u0061\":2}", "given twice" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		struct node *root = NULL;
		sg_arena_init(&a);
		expect_error(parse(&a, cases[i].text, strlen(cases[i].text),
				   &root, &e),
			     &e, SG_INVALID, cases[i].says, cases[i].text);
	}
}

static void test_nul_in_the_middle(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	(void)state;
	sg_arena_init(&a);
	expect_error(parse(&a, "{}\0{}", 5, &root, &e), &e, SG_INVALID,
		     "nothing more", "NUL behind");
	expect_error(parse(&a, "\"a\0b\"", 5, &root, &e), &e, SG_INVALID,
		     "next character", "NUL within");
}

/* `before`, then `text` so many times, then `behind` as often. */
static char *repeated(const char *text, const char *middle, const char *behind,
		      size_t times)
{
	struct sg_buffer b;
	sg_buffer_init(&b, 64 * SG_MIB);
	for (size_t i = 0; i < times; i++)
		sg_buffer_puts(&b, text);
	sg_buffer_puts(&b, middle);
	for (size_t i = 0; i < times; i++)
		sg_buffer_puts(&b, behind);
	assert_non_null(b.data);
	return b.data;
}

static void expect_bounds(const char *text, const char *says)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	sg_arena_init(&a);
	int failed = json_parse(text, strlen(text), &a, &root, &e);
	if (says)
		expect_error(failed, &e, SG_INVALID, says, "too much");
	else if (failed)
		fail_msg("was refused: %s", e.message);
}

static void test_bounds(void **state)
{
	cleanup_free char *most = repeated("[", "1", "]", SG_MAX_DEPTH);
	cleanup_free char *deep = repeated("[", "1", "]", SG_MAX_DEPTH + 1);
	cleanup_free char *abyss = repeated("{\"a\":[", "", "", 1000000);
	cleanup_free char *wide = repeated("", "[1", ",1]", 1);
	cleanup_free char *many = repeated(",[]", "", "", SG_MAX_NODES);
	(void)state;
	expect_bounds(most, NULL);
	expect_bounds(wide, NULL);
	expect_bounds(deep, "nested deeper than 512 levels");
	expect_bounds(abyss, "nested deeper than 512 levels");
	many[0] = ' ';
	cleanup_free char *list = repeated("[", many, "]", 1);
	expect_bounds(list, "more than 1000000 values");
}

/* Like what the API server sends: objects within objects, all kinds of texts. */
static const char sample[] =
	"{\"apiVersion\":\"v1\",\"n\":[1,-2.5e3,true,null],\"t\":\"a\\u0041\\n"
	"\\ud83d\\ude00\xc3\xa9\",\"o\":{\"k\":{},\"l\":[[],[{}]]}}";

/* Where both accept, both found the same; where jansson refuses, so do we. */
static void test_like_jansson(void **state)
{
	(void)state;
	srand(1);
	size_t accepted = 0;
	for (size_t round = 0; round < 60000; round++) {
		static const char bytes[] = "{}[]\",:\\u0e1-.tfn \xc3\xed\xa0";
		char text[sizeof sample];
		size_t length = sizeof sample - 1;
		memcpy(text, sample, sizeof sample);
		for (int n = rand() % 3; n >= 0; n--)
			text[(size_t)rand() % length] =
				bytes[(size_t)rand() % (sizeof bytes - 1)];
		if (rand() % 4 == 0)
			length = (size_t)rand() % length;
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		struct node *root = NULL;
		json_error_t why;
		sg_arena_init(&a);
		int failed = parse(&a, text, length, &root, &e);
		json_t *theirs = json_loadb(text, length,
					    JSON_DECODE_ANY |
						    JSON_REJECT_DUPLICATES,
					    &why);
		/* numbers beyond a double are a limit of jansson's */
		bool by_limit = strstr(why.text, "real number overflow") ||
				strstr(why.text, "too big") ||
				strstr(why.text, "too small");
		if (!failed != !!theirs && !by_limit)
			fail_msg("%.*s\nours: %s\njansson: %s", (int)length,
				 text, failed ? e.message : "accepted",
				 theirs ? "accepted" : why.text);
		accepted += theirs != NULL;
		if (!failed && theirs) {
			cleanup_buffer struct sg_buffer out;
			sg_buffer_init(&out, SG_MAX_FILE);
			json_write(&out, root);
			json_t *again = json_loadb(out.data, out.length,
						   JSON_DECODE_ANY, &why);
			if (!again || !json_equal(theirs, again))
				fail_msg("%.*s\nwas written %s", (int)length,
					 text, out.data);
			json_decref(again);
		}
		json_decref(theirs);
	}
	assert_true(accepted > 1000);
}

/* As kubectl would send what stands in YAML. */
static void test_yaml_as_json(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	expect_written(must_parse(&a, "a: [yes, No, ON, oFF, y, 'yes', ~, x]"),
		       "{\"a\":[true,false,true,\"oFF\",true,\"yes\",null,\"x\"]}");
	expect_written(
		must_parse(&a, "[010, 0x1F, 0b11, 1_000, +5, .5, 1., 1e3, 08, "
			       "2024-01-31, -7, 0o17, 12:30]"),
		"[8,31,3,1000,5,0.5,1,1e3,8,\"2024-01-31\",-7,15,\"12:30\"]");
	expect_written(must_parse(&a, "x: &x {a: 1}\nz: *x\n"),
		       "{\"x\":{\"a\":1},\"z\":{\"a\":1}}");
}

static void expect_sealed(const char *text, const char *const *under,
			  unsigned most, const char *written)
{
	static const char *const sealed[] = { "a.b", "c", NULL };
	struct json_reading how = { .most_values = most,
				    .sealed = sealed,
				    .under = under };
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	sg_arena_init(&a);
	struct guarded g = guarded_copy(text, strlen(text));
	if (json_read(g.bytes, strlen(text), &how, &a, &root, &e))
		fail_msg("%s: %s", text, e.message);
	guarded_free(&g);
	expect_written(root, written);
}

static void test_what_is_not_looked_into(void **state)
{
	static const char *const event[] = { "object.", NULL };
	static const char text[] =
		"{\"x\":{\"a\":{\"b\":[1]}},\"a\":{\"b\": {\"d\" :[\"}\\\"\",1.0,{}], \"d\":\"\\u0000\"}, \"e\":[]},\"c\":1}";
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	static const char *const sealed[] = { "a.b", NULL };
	struct json_reading how = { .most_values = 16, .sealed = sealed };
	(void)state;
	sg_arena_init(&a);
	assert_int_equal(json_read(text, strlen(text), &how, &a, &root, &e), 0);
	const struct node *b = node_path(root, "a", "b", NULL);
	assert_true(node_is_sealed(b));
	assert_null(node_text(b));
	assert_int_equal(b->values, 8);
	assert_int_equal(how.values, 16);
	expect_text(b->text,
		    "{\"d\" :[\"}\\\"\",1.0,{}], \"d\":\"\\u0000\"}",
		    "sealed");
	/* as it was, whatever it is; a scalar is none of it */
	expect_sealed("{\"a\":{\"b\":{\"k\":1E+2,\"k\":[ ]}},\"c\":{}}", NULL,
		      8, "{\"a\":{\"b\":{\"k\":1E+2,\"k\":[ ]}},\"c\":{}}");
	expect_sealed("{\"a\":{\"b\":\"x\"},\"c\":null}", NULL, 9,
		      "{\"a\":{\"b\":\"x\"},\"c\":null}");
	expect_sealed("{\"type\":\"t\",\"object\":{\"c\":[1,2,3,4,5]}}", event,
		      7, "{\"type\":\"t\",\"object\":{\"c\":[1,2,3,4,5]}}");
}

/* Sealed and opened is as if it had never been sealed. */
static void test_what_is_unsealed(void **state)
{
	static const char *const sealed[] = { "a.b", "c", NULL };
	static const char *const good[] = {
		"{\"a\":{\"b\":{\"d\":[\"}\\\"\\u00e9\",1.0,{}],\"e\":null}},\"c\":[[]],\"x\":1}",
		"{\"a\":{\"b\": [ ] },\"c\" : {\"\":{}} }",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct json_reading how = { .most_values = 50,
					    .sealed = sealed };
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		struct node *plain = NULL, *root = NULL;
		sg_arena_init(&a);
		assert_int_equal(parse(&a, good[i], strlen(good[i]), &plain, &e),
				 0);
		assert_int_equal(json_read(good[i], strlen(good[i]), &how, &a,
					   &root, &e),
				 0);
		assert_false(node_equal(plain, root));
		struct node *at[] = { node_own(node_get(root, "a"), "b"),
				      node_own(root, "c") };
		for (size_t n = 0; n < COUNT(at); n++)
			assert_int_equal(json_unseal(at[n], &how, &a, &e), 0);
		assert_true(node_equal(plain, root));
	}
	cleanup_arena struct sg_arena a;
	struct json_reading how = { .most_values = 5, .sealed = sealed };
	struct sg_error e = { 0 };
	struct node *root = NULL;
	static const char many[] = "{\"c\":[1,2,3,4,5]}";
	sg_arena_init(&a);
	assert_int_equal(json_read(many, strlen(many), &how, &a, &root, &e), 0);
	expect_error(json_unseal(node_own(root, "c"), &how, &a, &e), &e,
		     SG_INVALID, "more than 5 values", many);
	assert_true(node_is_sealed(node_get(root, "c")));
}

/* Of what can't be read, what there was before. */
static void test_what_was_read_until_then(void **state)
{
	static const char *const texts[] = {
		"{\"a\":{\"name\":\"x\",\"b\":{\"c\":[1,2,3",
		"{\"a\":{\"name\":\"x\",\"b\":\"\\u0000\"}}",
		"{\"a\":{\"name\":\"x\",\"b\":1,\"b\":2}}",
		"{\"a\":{\"name\":\"x\"",
		"{\"a\":{\"name\":\"x\",\"b\":{\"c\":",
		"{\"a\":{\"name\":\"x\"},\"b\":[[[[[[[[[[[[]]]]]]]]]]]]}",
	};
	static const char *const sealed[] = { "a.b", NULL };
	(void)state;
	for (size_t i = 0; i < COUNT(texts) * 2; i++) {
		struct json_reading how = { .most_values = 9,
					    .sealed = i % 2 ? sealed : NULL };
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		struct node *root = NULL;
		const char *text = texts[i / 2];
		sg_arena_init(&a);
		int failed = json_read(text, strlen(text), &how, &a, &root, &e);
		if (!failed && i / 2 != 1)
			fail_msg("%s is accepted", text);
		expect_text(node_text(node_path(root, "a", "name", NULL)), "x",
			    text);
	}
	cleanup_arena struct sg_arena a;
	struct json_reading how = { .most_values = 9 };
	struct sg_error e = { 0 };
	struct node *root = NULL;
	sg_arena_init(&a);
	assert_int_equal(json_read("{\"a\":\"b", 7, &how, &a, &root, &e), -1);
	assert_int_equal(node_count(root), 0);
}

static void test_quoted_merge_keys_do_not_merge(void **state)
{
	static const char text[] = "{\"<<\":{\"owner\":\"mallory\"}}";
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	(void)state;
	sg_arena_init(&a);
	assert_int_equal(parse(&a, text, strlen(text), &root, &e), 0);
	assert_null(node_get(root, "owner"));
	assert_null(node_get(must_parse(&a, text), "owner"));
	assert_non_null(node_get(must_parse(&a, "<<: {owner: a}"), "owner"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_nul_in_the_middle),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_like_jansson),
		cmocka_unit_test(test_yaml_as_json),
		cmocka_unit_test(test_what_is_not_looked_into),
		cmocka_unit_test(test_what_is_unsealed),
		cmocka_unit_test(test_what_was_read_until_then),
		cmocka_unit_test(test_quoted_merge_keys_do_not_merge),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
