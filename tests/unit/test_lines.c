#include "helpers.h"

#include "lines.h"

struct seen {
	char text[512]; /* lines, each ended by "|" */
	int fails_at;	/* this call and later ones return -7; 0: none */
	int calls;
};

static int note(void *context, const char *line, size_t length, bool is_whole)
{
	struct seen *s = context;
	size_t used = strlen(s->text);
	if (++s->calls == s->fails_at)
		return -7;
	(void)snprintf(s->text + used, sizeof s->text - used, "%.*s%s",
		       (int)length, line, is_whole ? "|" : "...|");
	return 0;
}

static int feed(struct lines *l, const char *piece, struct seen *s,
		struct sg_error *e)
{
	/* whoever reads past the piece gets a signal */
	struct guarded g = guarded_copy(piece, strlen(piece));
	int result = lines_feed(l, g.bytes, strlen(piece), note, s, e);
	guarded_free(&g);
	return result;
}

static void test_every_way_to_cut(void **state)
{
	static const char stream[] = "one\n\ntwo three\n{\"a\": 1}\r\n\nlast";
	(void)state;
	for (size_t first = 0; first < sizeof stream; first++) {
		for (size_t second = first; second < sizeof stream; second++) {
			struct seen s = { .text = "" };
			struct sg_error e = { 0 };
			struct lines l;
			char piece[3][sizeof stream] = { "", "", "" };
			memcpy(piece[0], stream, first);
			memcpy(piece[1], stream + first, second - first);
			memcpy(piece[2], stream + second,
			       sizeof stream - second);
			lines_init(&l, 16);
			for (size_t i = 0; i < 3; i++)
				assert_int_equal(feed(&l, piece[i], &s, &e), 0);
			assert_string_equal(s.text,
					    "one|two three|{\"a\": 1}\r|");
			assert_true(lines_end_within(&l));
			assert_int_equal(feed(&l, "\n", &s, &e), 0);
			assert_false(lines_end_within(&l));
			assert_non_null(strstr(s.text, "|last|"));
			lines_release(&l);
		}
	}
}

static void test_byte_by_byte(void **state)
{
	static const char stream[] = "ab\ncd\n\nef\n";
	struct seen s = { .text = "" };
	struct sg_error e = { 0 };
	struct lines l;
	(void)state;
	lines_init(&l, 4);
	for (const char *c = stream; *c; c++)
		assert_int_equal(lines_feed(&l, c, 1, note, &s, &e), 0);
	assert_string_equal(s.text, "ab|cd|ef|");
	lines_release(&l);
}

/* Of what is too long the begin is told, and what follows is as if nothing had been. */
static void test_too_long(void **state)
{
	static const char *const streams[][2] = {
		{ "12345678\n", "next\n" }, /* whole in one piece */
		{ "1234", "5678\nnext\n" },
		{ "12345678", "90\nnext\n" }, /* its end comes later */
		{ "1234567", "8\nnext\n" },
		{ "12345678901234567890", "\nnext\n" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(streams); i++) {
		struct seen s = { .text = "" };
		struct sg_error e = { 0 };
		struct lines l;
		lines_init(&l, 7);
		assert_int_equal(feed(&l, streams[i][0], &s, &e), 0);
		assert_int_equal(feed(&l, streams[i][1], &s, &e), 0);
		expect_text(s.text, "1234567...|next|", streams[i][0]);
		lines_release(&l);
	}
}

static void test_the_longest(void **state)
{
	struct seen s = { .text = "" };
	struct sg_error e = { 0 };
	struct lines l;
	(void)state;
	lines_init(&l, 7);
	assert_int_equal(feed(&l, "1234567\n123", &s, &e), 0);
	assert_int_equal(feed(&l, "4567\n", &s, &e), 0);
	assert_string_equal(s.text, "1234567|1234567|");
	lines_release(&l);
}

static void test_the_sink_ends_it(void **state)
{
	struct seen s = { .fails_at = 2 };
	struct sg_error e = { 0 };
	struct lines l;
	(void)state;
	lines_init(&l, 64);
	assert_int_equal(feed(&l, "one\ntwo\nthree\n", &s, &e), -7);
	assert_string_equal(s.text, "one|");
	assert_int_equal(s.calls, 2);
	lines_release(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_way_to_cut),
		cmocka_unit_test(test_byte_by_byte),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_the_longest),
		cmocka_unit_test(test_the_sink_ends_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
