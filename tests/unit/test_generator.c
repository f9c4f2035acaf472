/* What the generator is asked, by whom, and what it makes of a list of Stores. */
#include "helpers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "generator_ask.h"
#include "generator_list.h"
#include "generator_token.h"
#include "json.h"
#include "object_parse.h"

static int set_up(void **state)
{
	struct policy *p;
	struct sg_error e = { 0 };
	if (policy_parse_default(&p, &e))
		return -1;
	*state = p;
	return 0;
}

static int tear_down(void **state)
{
	policy_free(*state);
	return 0;
}

/* --- questions --- */

static int ask(const struct policy *p, struct sg_arena *a, const char *body,
	       struct generator_ask *out, struct sg_error *e)
{
	return generator_ask_read(a, body, strlen(body), p, out, e);
}

static void test_questions(void **state)
{
	cleanup_arena struct sg_arena a;
	struct generator_ask asked;
	struct sg_error e = { 0 };
	sg_arena_init(&a);
	assert_int_equal(
		ask(*state, &a,
		    "{\"applicationSetName\":\"shops\",\"input\":{\"parameters\":{\"engine\":\"medusa\"}}}",
		    &asked, &e),
		0);
	expect_text(asked.application_set, "shops", "applicationSetName");
	expect_text(asked.part.engine, "medusa", "engine");
	assert_int_equal(asked.part.of, 0);
	assert_int_equal(ask(*state, &a, "{\"input\":{}}", &asked, &e), 0);
	assert_null(asked.application_set);
	assert_null(asked.part.engine);
	/* as a number, or as Argo CD's templates write it */
	assert_int_equal(
		ask(*state, &a,
		    "{\"input\":{\"parameters\":{\"shard\":\"2\",\"of\":3}}}",
		    &asked, &e),
		0);
	assert_int_equal(asked.part.shard, 2);
	assert_int_equal(asked.part.of, 3);
}

#define PARAMETERS(text) "{\"input\":{\"parameters\":" text "}}"

static void test_what_is_no_question(void **state)
{
	static const char *const cases[][2] = {
		{ "", "not JSON" },
		{ "{\"input\":{}", "not JSON" },
		{ "{}", "\"input\"" },
		{ "\"input\"", "\"input\"" },
		{ "{\"input\":[]}", "\"input\"" },
		{ PARAMETERS("[]"), "\"input\"" },
		{ PARAMETERS("{\"engine\":\"medusa\",\"engine\":\"x\"}"), "engine" },
		{ PARAMETERS("{\"plan\":\"small\"}"), "input.parameters.plan" },
		{ PARAMETERS("{\"\":\"\"}"), "only engine" },
		{ PARAMETERS("{\"engine\":\"huge\"}"), "no engine \"huge\"" },
		{ PARAMETERS("{\"engine\":true}"), "must be a string" },
		{ PARAMETERS("{\"engine\":{}}"), "not a mapping" },
		{ PARAMETERS("{\"engine\":null}"), "not null" },
		{ PARAMETERS("{\"shard\":0}"), "parameters.of must be" },
		{ PARAMETERS("{\"of\":2}"), "parameters.shard must be" },
		{ PARAMETERS("{\"shard\":2,\"of\":2}"), "from 0 to 1" },
		{ PARAMETERS("{\"shard\":-1,\"of\":2}"), "from 0 to 1" },
		{ PARAMETERS("{\"shard\":\"\",\"of\":2}"), "from 0 to 1" },
		{ PARAMETERS("{\"shard\":\"1x\",\"of\":2}"), "from 0 to 1" },
		{ PARAMETERS("{\"shard\":[],\"of\":2}"), "from 0 to 1" },
		{ PARAMETERS("{\"shard\":0,\"of\":0}"), "from 1 to 1000" },
		{ PARAMETERS("{\"shard\":0,\"of\":1001}"), "from 1 to 1000" },
		{ PARAMETERS("{\"shard\":0,\"of\":1.5}"), "from 1 to 1000" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct generator_ask asked;
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		expect_error(ask(*state, &a, cases[i][0], &asked, &e), &e,
			     SG_INVALID, cases[i][1], cases[i][0]);
	}
}

/* --- tokens --- */

static const char token_file[] = "generator-token-of-a-test";

static int make_folder(void **state)
{
	static char folder[] = "/tmp/storeguard-test-XXXXXX";
	(void)state;
	return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
	char folder[64];
	(void)state;
	(void)unlink(token_file);
	return getcwd(folder, sizeof folder) ? rmdir(folder) : -1;
}

static void write_file(const char *content)
{
	FILE *file = fopen(token_file, "w");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void expect_token(const char *content, const char *header,
			 enum token wanted)
{
	struct sg_error e = { 0 };
	write_file(content);
	enum token seen = token_check(token_file, header, &e);
	if (seen != wanted)
		fail_msg("\"%s\" before \"%s\": %d, not %d: %s", header, content,
			 (int)seen, (int)wanted, e.message);
	if (wanted != TOKEN_RIGHT && !*e.message)
		fail_msg("\"%s\": no reason", header);
	if (strstr(e.message, "hidden"))
		fail_msg("a token is told: %s", e.message);
}

static void test_tokens(void **state)
{
	struct sg_error e = { 0 };
	(void)state;
	expect_token("hidden", "Bearer hidden", TOKEN_RIGHT);
	expect_token("hidden\n", "Bearer hidden", TOKEN_RIGHT);
	expect_token("hidden\r\n", "bearer  hidden", TOKEN_RIGHT);
	expect_token("hid den", "Bearer hid den", TOKEN_RIGHT);
	expect_token("hidden", "Bearer hidden2", TOKEN_WRONG);
	expect_token("hidden2", "Bearer hidden", TOKEN_WRONG);
	expect_token("hidden", "Bearer ", TOKEN_WRONG);
	expect_token("hidden", "", TOKEN_WRONG);
	expect_token("hidden", "hidden", TOKEN_WRONG);
	expect_token("hidden", "Basic hidden", TOKEN_WRONG);
	expect_token(" hidden", "Bearer hidden", TOKEN_WRONG);
	expect_token("", "Bearer ", TOKEN_UNKNOWN);
	expect_token("\n", "Bearer \n", TOKEN_UNKNOWN);
	assert_int_equal(unlink(token_file), 0);
	assert_int_equal(token_check(token_file, "Bearer x", &e), TOKEN_UNKNOWN);
}

/* --- lists --- */

struct shop {
	const char *name, *host, *created;
	const char *more; /* of the object */
};

static void tell(struct generator_list *l, const struct shop *shops)
{
	const struct informer_sink sink = generator_list_sink(l);
	sink.begin(sink.context);
	for (; shops->name; shops++) {
		cleanup_arena struct sg_arena a;
		sg_arena_init(&a);
		const char *text = sg_arena_printf(
			&a,
			"{metadata: {name: %s, creationTimestamp: '2026-01-02T03:04:%sZ'%s}, spec: {engine: medusa, owner: a, host: %s}}",
			shops->name, shops->created,
			shops->more ? shops->more : "", shops->host);
		sink.set(sink.context, must_parse(&a, text));
	}
	sink.end(sink.context);
}

/* "a b c", of the answer's names, in their order. */
static const char *names_of(const struct sg_buffer *answer)
{
	static char names[512];
	size_t used = 0;
	for (const char *at = answer->data; (at = strstr(at, "\n{\"name\":\""));) {
		at += strlen("\n{\"name\":\"");
		used += (size_t)snprintf(names + used, sizeof names - used,
					 "%s%.*s", used ? " " : "",
					 (int)strcspn(at, "\""), at);
	}
	names[used] = '\0';
	return names;
}

static void expect_listed(const struct policy *p, const struct shop *shops,
			  const char *wanted, const char *conflicts)
{
	struct generator_list *l = generator_list_new(p, NULL);
	cleanup_buffer struct sg_buffer out, told;
	struct generator_counts counts;
	struct sg_error e = { 0 };
	assert_non_null(l);
	sg_buffer_init(&out, SG_MIB);
	sg_buffer_init(&told, SG_MAX_MESSAGE);
	tell(l, shops);
	if (generator_list_write(l, &out, &told, &counts, &e))
		fail_msg("%s: %s", wanted, e.message);
	expect_text(names_of(&out), wanted, "listed");
	expect_text(told.length ? told.data : "", conflicts, "conflicts");
	generator_list_free(l);
}

#define DELETED ", deletionTimestamp: '2026-01-03T03:04:05Z'"
#define READY "}, status: {readyAt: '2026-01-03T03:04:05Z'"

static void test_one_host_one_shop(void **state)
{
	const struct policy *p = *state;
	expect_listed(p, (const struct shop[]){ { 0 } }, "", "");
	expect_listed(p,
		      (const struct shop[]){ { "b", "h", "02", NULL },
					     { "a", "h", "03", NULL },
					     { "c", "i", "04", NULL },
					     { 0 } },
		      "b c", "a: h is the host of b");
	/* of one second, the least name */
	expect_listed(p,
		      (const struct shop[]){ { "b", "h", "02", NULL },
					     { "a", "h", "02", NULL },
					     { 0 } },
		      "a", "b: h is the host of a");
	/* one that is being deleted displaces nobody, whatever it has been */
	expect_listed(p,
		      (const struct shop[]){ { "b", "h", "02", DELETED },
					     { "a", "h", "03", NULL },
					     { 0 } },
		      "a", "");
	expect_listed(p,
		      (const struct shop[]){ { "b", "h", "02", DELETED READY },
					     { "a", "h", "03", NULL },
					     { "c", "h", "04", NULL },
					     { 0 } },
		      "a", "c: h is the host of a");
	/* and nobody hears of a loser that is none of Argo CD's */
	expect_listed(p,
		      (const struct shop[]){ { "b", "h", "02", NULL },
					     { "a", "h", "03", DELETED },
					     { 0 } },
		      "b", "");
}

static void test_shops_that_run_stay(void **state)
{
	const struct policy *p = *state;
	expect_listed(p,
		      (const struct shop[]){ { "b", "h", "02", NULL },
					     { "a", "h", "03", READY },
					     { 0 } },
		      "a", "b: h is the host of a");
	expect_listed(p,
		      (const struct shop[]){ { "b", "h", "02", READY },
					     { "a", "h", "03", READY },
					     { 0 } },
		      "a b",
		      "a: h is the host of b, but its shop has been ready and stays");
}

static void test_many_conflicts_are_told_in_short(void **state)
{
	struct shop shops[101] = { { "x", "h", "01", NULL } };
	char names[100][8];
	cleanup_buffer struct sg_buffer out, told;
	struct generator_counts counts;
	struct sg_error e = { 0 };
	struct generator_list *l = generator_list_new(*state, NULL);
	for (size_t i = 1; i < 100; i++) {
		(void)snprintf(names[i], sizeof names[i], "y%02zu", i);
		shops[i] = (struct shop){ names[i], "h", "02", NULL };
	}
	assert_non_null(l);
	sg_buffer_init(&out, SG_MIB);
	sg_buffer_init(&told, SG_MAX_MESSAGE);
	tell(l, shops);
	assert_int_equal(generator_list_write(l, &out, &told, &counts, &e), 0);
	assert_int_equal(counts.stores, 1);
	assert_int_equal(counts.withheld, 99);
	if (!strstr(told.data, "y08: h is the host of x; and others"))
		fail_msg("conflicts: %s", told.data);
	generator_list_free(l);
}

/* --- sizes and parts --- */

/* Told as the API server writes it, and read as the generator reads it. */
static void tell_json(struct generator_list *l, const char *format, ...)
{
	const struct informer_sink sink = generator_list_sink(l);
	cleanup_arena struct sg_arena a;
	struct json_reading how = { .most_values = SG_MAX_OBJECT_NODES,
				    .sealed = object_sealed_store };
	struct node *root = NULL;
	struct sg_error e = { 0 };
	char *text = NULL;
	va_list args;
	sg_arena_init(&a);
	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	assert_true(length > 0);
	if (json_read(text, (size_t)length, &how, &a, &root, &e))
		fail_msg("%s: %s", text, e.message);
	sink.set(sink.context, root);
	free(text);
}

#define STORE(name, values, status)                                            \
	"{\"metadata\":{\"name\":\"" name                                       \
	"\"},\"spec\":{\"engine\":\"medusa\",\"values\":" values                \
	"},\"status\":{" status "}}"
#define LIVED "\"readyAt\":\"2026-01-03T03:04:05Z\""

static void test_too_large_is_withheld_alone(void **state)
{
	struct generator_list *l = generator_list_new(*state, NULL);
	cleanup_buffer struct sg_buffer out, told;
	struct generator_counts counts;
	struct sg_error e = { 0 };
	static char many[2 * 100000 + 1], text[40001];
	for (size_t i = 0; i < sizeof many - 1; i++)
		many[i] = i % 2 ? ',' : '0';
	memset(text, 'x', sizeof text - 1);
	assert_non_null(l);
	sg_buffer_init(&out, SG_MIB);
	sg_buffer_init(&told, SG_MAX_MESSAGE);
	generator_list_sink(l).begin(l);
	tell_json(l, STORE("many", "{\"a\":[%s0]}", ""), many);
	tell_json(l, STORE("long", "{\"a\":\"%s\"}", ""), text);
	tell_json(l, STORE("good", "{\"a\":[1,\"\\u003cb\\u003e\\n\\\"\",1.50]}", ""));
	tell_json(l, STORE("ready", "{\"a\":\"%s\"}", LIVED), text);
	/* what nobody could read before must not matter here either */
	tell_json(l, STORE("nul", "{\"a\":\"\\u0000\"}", ""));
	assert_int_equal(generator_list_write(l, &out, &told, &counts, &e), 0);
	expect_text(names_of(&out), "good nul ready", "listed");
	assert_int_equal(counts.too_large, 2);
	assert_int_equal(counts.withheld, 0);
	expect_text(told.data,
		    "long: spec.values is larger than a Store's may be; "
		    "many: spec.values is larger than a Store's may be; "
		    "ready: spec.values is larger than a Store's may be, but its shop has been ready and stays",
		    "told");
	/* once, and with no escape that JSON does not need */
	const char *first = strstr(out.data, "1.50");
	if (!strstr(out.data,
		    "\\\"values\\\":{\\\"a\\\":[1,\\\"<b>\\\\n\\\\\\\"\\\",1.50]}") ||
	    strstr(first + 1, "1.50"))
		fail_msg("%.2000s", out.data);
	generator_list_free(l);
}

/* The largest that a Store can be, whatever it is made of. */
static void test_each_share_is_bounded(void **state)
{
	static const char *const fillings[] = { "x", "\\\"", "\\u003c", "\\n",
						"\\u0001", "\xc3\xa9" };
	for (size_t i = 0; i < COUNT(fillings); i++) {
		struct generator_list *l = generator_list_new(*state, NULL);
		cleanup_buffer struct sg_buffer out, told, text;
		struct generator_counts counts;
		struct sg_error e = { 0 };
		sg_buffer_init(&out, SG_MIB);
		sg_buffer_init(&told, SG_MAX_MESSAGE);
		sg_buffer_init(&text, SG_MIB);
		size_t room = SG_MAX_VALUES_BYTES - strlen("{\"a\":\"\"}");
		while (text.length + strlen(fillings[i]) <= room)
			sg_buffer_puts(&text, fillings[i]);
		generator_list_sink(l).begin(l);
		tell_json(l, STORE("x", "{\"a\":\"%s\"}", ""), text.data);
		assert_int_equal(generator_list_write(l, &out, &told, &counts,
						      &e),
				 0);
		assert_int_equal(counts.written, 1);
		if (out.length > 2 * SG_MAX_VALUES_BYTES + 2048)
			fail_msg("%s: %zu bytes", fillings[i], out.length);
		generator_list_free(l);
	}
}

static void test_one_that_cannot_be_read_is_no_reason_to_delete(void **state)
{
	struct generator_list *l = generator_list_new(*state, NULL);
	const struct informer_sink sink = generator_list_sink(l);
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer out, told;
	struct generator_counts counts;
	struct sg_error e = { 0 };
	sg_arena_init(&a);
	sg_buffer_init(&out, SG_MIB);
	sg_buffer_init(&told, SG_MAX_MESSAGE);
	sink.begin(l);
	sink.left_out(l, must_parse(&a, "metadata: {name: worst}"), "so large");
	expect_error(generator_list_write(l, &out, &told, &counts, &e), &e,
		     SG_INVALID, "Store worst can't be read: it is so large",
		     "left out");
	generator_list_free(l);
}

/* Every Store is in one part, and the same each time. */
static void test_parts(void **state)
{
	enum { SHOPS = 200, PARTS = 3 };
	struct shop shops[SHOPS + 1] = { 0 };
	char names[SHOPS][8];
	size_t listed = 0;
	for (size_t i = 0; i < SHOPS; i++) {
		(void)snprintf(names[i], sizeof names[i], "y%zu", i);
		shops[i] = (struct shop){ names[i], names[i], "02", NULL };
	}
	for (unsigned i = 0; i < PARTS; i++) {
		const struct generator_part part = { .shard = i, .of = PARTS };
		struct generator_list *l = generator_list_new(*state, &part);
		cleanup_buffer struct sg_buffer out, told;
		struct generator_counts counts;
		struct sg_error e = { 0 };
		sg_buffer_init(&out, SG_MIB);
		sg_buffer_init(&told, SG_MAX_MESSAGE);
		tell(l, shops);
		assert_int_equal(generator_list_write(l, &out, &told, &counts,
						      &e),
				 0);
		assert_int_equal(counts.stores, SHOPS);
		assert_in_range(counts.written, SHOPS / PARTS / 2,
				SHOPS / PARTS * 2);
		listed += counts.written;
		/* by FNV-1a: this must not change, or shops would be deleted */
		assert_int_equal(strstr(out.data, "\n{\"name\":\"y7\"") != NULL,
				 i == 2u);
		generator_list_free(l);
	}
	assert_int_equal(listed, SHOPS);
}

static void test_a_list_that_begins_anew(void **state)
{
	struct generator_list *l = generator_list_new(*state, NULL);
	cleanup_buffer struct sg_buffer out, told;
	struct generator_counts counts;
	struct sg_error e = { 0 };
	assert_non_null(l);
	sg_buffer_init(&out, SG_MIB);
	sg_buffer_init(&told, SG_MAX_MESSAGE);
	tell(l, (const struct shop[]){ { "\"\"", "h", "01", NULL },
				       { "gone", "i", "01", NULL },
				       { 0 } });
	expect_error(generator_list_write(l, &out, &told, &counts, &e), &e,
		     SG_INVALID, "without a name", "an empty name");
	tell(l, (const struct shop[]){ { "a", "h", "01", NULL }, { 0 } });
	assert_int_equal(generator_list_write(l, &out, &told, &counts, &e), 0);
	expect_text(names_of(&out), "a", "the second list");
	generator_list_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_questions, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_no_question, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_tokens, make_folder,
						remove_folder),
		cmocka_unit_test_setup_teardown(test_one_host_one_shop, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_shops_that_run_stay, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_many_conflicts_are_told_in_short, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_too_large_is_withheld_alone,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_each_share_is_bounded, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_one_that_cannot_be_read_is_no_reason_to_delete,
			set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_parts, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_a_list_that_begins_anew,
						set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
