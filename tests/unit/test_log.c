#include "helpers.h"

#include <sys/stat.h>
#include <unistd.h>

#include "log.h"
#include "text.h"

static void read_back(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, size - 1, file)] = '\0';
	(void)fclose(file);
}

static void test_lines(void **state)
{
	char path[] = "/tmp/storeguard-log-XXXXXX", text[512];
	struct sg_error e = { 0 };
	struct log log = { .fd = -1 };
	struct stat st;
	(void)state;
	assert_int_equal(close(mkstemp(path)), 0);
	assert_int_equal(unlink(path), 0);
	log_write(&log, LOG_LEVEL_INFO, "to nowhere");
	assert_int_equal(log_open(&log, path, &e), 0);
	log_write(&log, LOG_LEVEL_WARNING, "one");
	log_write(&log, LOG_LEVEL_ERROR, "two\n\n  three\n");
	assert_int_equal(fstat(log.fd, &st), 0);
	log_close(&log);
	read_back(path, text, sizeof text);
	assert_int_equal(unlink(path), 0);
	/* 2026-01-02T03:04:05Z is 20 characters */
	const char *wanted[] = { " warning one\n", " error   two\n",
				 " error     three\n" };
	const char *at = text;
	for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
		assert_true(strlen(at) >= 20 + strlen(wanted[i]));
		assert_memory_equal(at + 20, wanted[i], strlen(wanted[i]));
		at += 20 + strlen(wanted[i]);
	}
	assert_string_equal(at, "");
	assert_int_equal(st.st_mode & 0777, 0600);
}

/* What one event looks like, behind its time. */
static void expect_event(enum log_format format, const char *wanted,
			 const char *message, const struct log_field *fields)
{
	char path[] = "/tmp/storeguard-log-XXXXXX", text[1024];
	struct log log = { .fd = mkstemp(path), .format = format };
	assert_true(log.fd >= 0);
	log_fields(&log, LOG_LEVEL_WARNING, message, fields);
	log_close(&log);
	read_back(path, text, sizeof text);
	assert_int_equal(unlink(path), 0);
	/* text: 2026-01-02T03:04:05Z; JSON: {"time":"…05.123Z" */
	const size_t skipped = format == LOG_FORMAT_JSON ? 34 : 20;
	assert_true(strlen(text) > skipped);
	expect_text(text + skipped, wanted, text);
}

static void test_fields(void **state)
{
	const struct log_field fields[] = {
		log_text("uid", "705ab4f5"),
		log_text("user", "al\"ice\\ \n\x1B[2J\xFF gr\xC3\xBC\xC3\x9F"),
		log_text("name", NULL),
		log_text("empty", ""),
		log_text("is", "a=b"),
		log_number("ms", -3),
		{ .key = NULL },
	};
	(void)state;
	expect_event(LOG_FORMAT_TEXT,
		     " warning no? two lines uid=705ab4f5 "
		     "user=\"al\\\"ice\\\\ \\n\\u001b[2J\\ufffd gr\xC3\xBC\xC3\x9F\" "
		     "empty=\"\" is=\"a=b\" ms=-3\n",
		     "no\x1B two\nlines", fields);
	expect_event(LOG_FORMAT_JSON,
		     ",\"level\":\"warning\",\"message\":\"two\\nlines\","
		     "\"uid\":\"705ab4f5\","
		     "\"user\":\"al\\\"ice\\\\ \\n\\u001b[2J\\ufffd "
		     "gr\xC3\xBC\xC3\x9F\","
		     "\"empty\":\"\",\"is\":\"a=b\",\"ms\":-3}\n",
		     "two\nlines", fields);
}

static void test_event_without_log(void **state)
{
	const struct log log = { .fd = -1 };
	(void)state;
	log_event(&log, LOG_LEVEL_INFO, "to nowhere", log_number("ms", 1));
}

static void test_no_file(void **state)
{
	struct sg_error e = { 0 };
	struct log log = { .fd = -1 };
	(void)state;
	assert_int_equal(log_open(&log, "/nowhere/log", &e), -1);
	assert_int_equal(e.code, SG_IO);
	assert_non_null(strstr(e.message, "/nowhere/log"));
}

static void test_printable(void **state)
{
	const char *const cases[][2] = {
		{ "plain", "plain" },
		{ "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9B\x92",
		  "gr\xC3\xBC\xC3\x9F \xE2\x82\xAC \xF0\x9F\x9B\x92" },
		{ "a\nb\rc\td\x1B[2J\x7F", "a?b?c?d?[2J?" },
		{ "\xC2\x9B" "31m", "??31m" },
		{ "cut \xE2\x82", "cut ??" },
		{ "\xFF\xC0\x80", "???" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[64];
		(void)snprintf(text, sizeof text, "%s", cases[i][0]);
		assert_string_equal(text_make_printable(text), cases[i][1]);
	}
}

static void test_shorten(void **state)
{
	char text[] = "Deployment/store-fashion-web";
	char umlauts[] = "\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\xA4";
	(void)state;
	assert_string_equal(text_shorten(text, 28),
			    "Deployment/store-fashion-web");
	assert_string_equal(text_shorten(text, 27),
			    "Deployment/st~e-fashion-web");
	assert_string_equal(text_shorten(text, 12), "Deplo~on-web");
	assert_string_equal(text_shorten(umlauts, 4),
			    "\xC3\xA4~\xC3\x9F\xC3\xA4");
	assert_int_equal(text_columns(umlauts), 4);
}

#define TEN "0123456789"
#define SEVENTY TEN TEN TEN TEN TEN TEN TEN

static void test_wrap(void **state)
{
	static const struct {
		size_t at, indent;
		const char *text, *wrapped;
	} cases[] = {
		{ 0, 2, "", "\n" },
		{ 0, 2, "short", "short\n" },
		{ 0, 2, SEVENTY TEN, SEVENTY TEN "\n" },
		{ 0, 2, SEVENTY TEN " next", SEVENTY TEN "\n  next\n" },
		{ 0, 2, SEVENTY " 23456789 x", SEVENTY " 23456789\n  x\n" },
		/* a word that fits no line is broken where the line ends */
		{ 0, 0, "one " SEVENTY TEN "two",
		  "one " SEVENTY "012345\n6789two\n" },
		{ 0, 0, "one " SEVENTY TEN " two",
		  "one\n" SEVENTY TEN "\ntwo\n" },
		{ 78, 4, SEVENTY, "\n    " SEVENTY "\n" },
		{ 90, 4, "far", "\n    far\n" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		cleanup_buffer struct sg_buffer out;
		sg_buffer_init(&out, SG_MIB);
		text_wrap(&out, cases[i].at, cases[i].indent, cases[i].text);
		assert_string_equal(out.data, cases[i].wrapped);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_event_without_log),
		cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_printable),
		cmocka_unit_test(test_shorten),
		cmocka_unit_test(test_wrap),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
