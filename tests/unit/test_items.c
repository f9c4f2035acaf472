/* Lists cut into objects, wherever the pieces end. */
#include "helpers.h"

#include "items.h"

struct seen {
	char text[512]; /* objects, each ended by "|" */
	int fails_at; /* this call returns -7; 0: none */
	int calls;
};

static int note(void *context, const char *item, size_t length, bool is_whole)
{
	struct seen *s = context;
	size_t used = strlen(s->text);
	if (++s->calls == s->fails_at)
		return -7;
	assert_int_equal(item[length], 0);
	(void)snprintf(s->text + used, sizeof s->text - used, "%.*s%s",
		       (int)length, item, is_whole ? "|" : "...|");
	return 0;
}

static void expect_cut(const char *list, size_t piece, size_t longest,
		       const char *items, const char *rest)
{
	struct seen s = { .text = "" };
	struct sg_error e = { 0 };
	struct items i;
	size_t length = strlen(list);
	items_init(&i, longest);
	for (size_t at = 0; at < length; at += piece) {
		size_t size = piece < length - at ? piece : length - at;
		struct guarded g = guarded_copy(list + at, size);
		if (items_feed(&i, g.bytes, size, note, &s, &e))
			fail_msg("%s: %s", list, e.message);
		guarded_free(&g);
	}
	expect_text(s.text, items, list);
	expect_text(i.rest.data, rest, list);
	items_release(&i);
}

static void test_lists(void **state)
{
	static const char *const cases[][3] = {
		{ "{\"kind\":\"L\",\"items\":[{\"a\":[1,{}]},{\"b\":\"]},{\"}],\"metadata\":{\"continue\":\"x\"}}",
		  "{\"a\":[1,{}]}|{\"b\":\"]},{\"}|",
		  "{\"kind\":\"L\",\"items\":[],\"metadata\":{\"continue\":\"x\"}}" },
		/* as Python writes it */
		{ "{\"items\": [{\"a\": \"\\\\\"}, {\"b\": \"\\\"}\"}], \"x\": [[{}]]}",
		  "{\"a\": \"\\\\\"}|{\"b\": \"\\\"}\"}|",
		  "{\"items\": [], \"x\": [[{}]]}" },
		{ "{\"items\":[]}", "", "{\"items\":[]}" },
		{ "{\"items\":null}", "", "{\"items\":null}" },
		{ "{\"items\":[{}]}\n", "{}|", "{\"items\":[]}\n" },
		/* none of these are a list's items */
		{ "{\"x\":{\"items\":[{}]}}", "", "{\"x\":{\"items\":[{}]}}" },
		{ "{\"no-items\":[{}]}", "", "{\"no-items\":[{}]}" },
		{ "{\"\\\"items\":[{}]}", "", "{\"\\\"items\":[{}]}" },
		{ "{\"a\":\"items\",\"b\":[{}]}", "",
		  "{\"a\":\"items\",\"b\":[{}]}" },
		{ "[[{}]]", "", "[[{}]]" },
		/* and what is no object shows in the rest */
		{ "{\"items\":[1,{},null]}", "{}|", "{\"items\":[1null]}" },
		{ "}]{", "", "}]{" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		for (size_t piece = 1; piece <= strlen(cases[i][0]); piece++)
			expect_cut(cases[i][0], piece, 64, cases[i][1],
				   cases[i][2]);
}

static void test_too_long(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 50; piece++)
		expect_cut("{\"items\":[{\"a\":1},{\"a\":12},{\"a\":\"345\"},{}]}",
			   piece, 7, "{\"a\":1}|{\"a\":12...|{\"a\":\"3...|{}|",
			   "{\"items\":[]}");
}

static void test_too_much_beside(void **state)
{
	char wide[1024];
	struct seen s = { .text = "" };
	struct sg_error e = { 0 };
	struct items i;
	int result = 0;
	(void)state;
	memset(wide, 'x', sizeof wide);
	items_init(&i, 64);
	for (size_t n = 0; !result && n < SG_MAX_TOKEN; n += sizeof wide)
		result = items_feed(&i, wide, sizeof wide, note, &s, &e);
	if (!result)
		result = items_feed(&i, "{", 1, note, &s, &e);
	expect_error(result, &e, SG_INVALID, "beside its items", "no list");
	items_release(&i);
}

static void test_the_sink_ends_it(void **state)
{
	static const char list[] = "{\"items\":[{},{},{}]}";
	struct seen s = { .fails_at = 2 };
	struct sg_error e = { 0 };
	struct items i;
	(void)state;
	items_init(&i, 64);
	assert_int_equal(items_feed(&i, list, strlen(list), note, &s, &e), -7);
	assert_string_equal(s.text, "{}|");
	items_release(&i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_too_much_beside),
		cmocka_unit_test(test_the_sink_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
