/* HTTP requests to answers; and hostile ones, of which none may crash. */
#include "helpers.h"

#include <jansson.h>
#include <stdlib.h>

#include "endpoints.h"
#include "gate_helpers.h"
#include "json.h"

struct setting {
	struct fake fake;
	struct endpoints endpoints;
	bool no_world;
	unsigned open;
	unsigned decided;
	struct endpoints_outcome last;
};

static const struct world *open_world(void *context, struct sg_arena *a,
				      int64_t deadline, bool may_wait,
				      struct sg_error *e)
{
	struct setting *s = context;
	(void)a, (void)deadline;
	if (s->no_world) {
		sg_error_set(e, SG_IO, "no policy yet");
		return NULL;
	}
	s->open++;
	s->fake.world.may_wait = may_wait;
	return &s->fake.world;
}

static void close_world(void *context, const struct world *w)
{
	struct setting *s = context;
	assert_ptr_equal(w, &s->fake.world);
	s->open--;
}

static void decided(void *context, const struct endpoints_outcome *o)
{
	struct setting *s = context;
	s->decided++;
	s->last = *o;
	assert_true(o->microseconds >= 0);
}

static int set_up(void **state)
{
	static struct setting s;
	struct policy *p;
	struct sg_error e = { 0 };
	if (policy_parse_default(&p, &e))
		return -1;
	s.fake = fake_world(p);
	s.endpoints = (struct endpoints){ open_world, close_world, decided, &s,
					   NULL };
	*state = &s;
	return 0;
}

static int tear_down(void **state)
{
	struct setting *s = *state;
	policy_free((struct policy *)(uintptr_t)s->fake.world.policy);
	return 0;
}

static const char create[] =
	"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":"
	"{\"uid\":\"u1\",\"kind\":{\"group\":\"urumi.io\",\"version\":\"v1\",\"kind\":\"Store\"},"
	"\"operation\":\"CREATE\",\"userInfo\":{\"username\":\"alice\",\"groups\":[\"g\"]},"
	"\"object\":{\"apiVersion\":\"urumi.io/v1\",\"kind\":\"Store\",\"metadata\":{\"name\":"
	"\"fashion\",\"labels\":{\"a\":\"b\"}},\"spec\":{\"engine\":\"medusa\",\"owner\":\"alice\","
	"\"values\":{\"shop\":{\"currency\":\"EUR\"}}}},\"oldObject\":null}}";

static struct server_request request_of(const char *body)
{
	return (struct server_request){ .method = "POST",
					.path = "/validate-store",
					.content_type = "application/json",
					.body = body,
					.length = strlen(body),
					.may_wait = true };
}

/* The status, and the answer as JSON, to be given back. */
static int ask(struct setting *s, const struct server_request *r,
	       struct server_answer *answer, json_t **json)
{
	cleanup_buffer struct sg_buffer body;
	json_error_t e;
	*answer = (struct server_answer){ 0 };
	sg_buffer_init(&answer->body, SG_MIB);
	assert_int_equal(endpoints_handle(&s->endpoints, r, answer), SERVER_DONE);
	body = answer->body;
	*json = json_loadb(body.data, body.length, 0, &e);
	if (!*json)
		fail_msg("%s is no JSON", body.data);
	assert_int_equal(s->open, 0);
	return answer->status;
}

static void expect_status(struct setting *s, const struct server_request *r,
			  int status, const char *says)
{
	struct server_answer answer;
	json_t *json;
	int seen = ask(s, r, &answer, &json);
	const char *message = json_string_value(json_object_get(json, "message"));
	if (seen != status || !message || !strstr(message, says))
		fail_msg("%s: %d %s", r->body, seen, message ? message : "");
	assert_int_equal(json_integer_value(json_object_get(json, "code")), status);
	assert_true((answer.retry_after > 0) == (status == 503));
	if (status == 405)
		expect_text(answer.allow, "POST", "Allow");
	json_decref(json);
}

static int asked_on(struct setting *s, struct server_request *r, const char *path)
{
	struct server_answer answer;
	json_t *json;
	r->path = path;
	int status = ask(s, r, &answer, &json);
	json_decref(json);
	assert_true(endpoints_read_body(&s->endpoints, path) == (status == 200));
	return status;
}

/* All others are told the same, before anything of them is looked at. */
static void test_unguessable_paths(void **state)
{
#define SECRET "0123456789abcdef0123456789abcdef"
	struct setting *s = *state;
	const char *const secrets[PATHS_MAX] = { SECRET, NULL, "former" SECRET };
	const char *const others[PATHS_MAX] = { NULL, NULL, "other" SECRET };
	struct server_request r = request_of(create);
	unsigned decided = s->decided;
	s->endpoints.paths = paths_new();
	assert_int_equal(asked_on(s, &r, "/" SECRET "/validate-store"), 503);
	paths_set(s->endpoints.paths, secrets);
	static const char *const wrong[] = {
		"/validate-store", "/", "", "//validate-store", "/x/validate-store",
		"/" SECRET, "/" SECRET "/", "/" SECRET "/validate",
		"/" SECRET "0/validate-store", "/" SECRET "/x/validate-store",
		"/former/validate-store", "validate-store/" SECRET,
	};
	r.method = "GET";
	for (size_t i = 0; i < COUNT(wrong); i++)
		if (asked_on(s, &r, wrong[i]) != 404)
			fail_msg("%s is answered on", wrong[i]);
	assert_int_equal(s->decided, decided);
	r.method = "POST";
	assert_int_equal(asked_on(s, &r, "/" SECRET "/validate-store"), 200);
	assert_int_equal(asked_on(s, &r, "/former" SECRET "/validate-store"), 200);
	paths_set(s->endpoints.paths, others);
	assert_int_equal(asked_on(s, &r, "/" SECRET "/validate-store"), 404);
	assert_int_equal(asked_on(s, &r, "/other" SECRET "/validate-store"), 200);
	paths_free(s->endpoints.paths);
	s->endpoints.paths = NULL;
	assert_int_equal(s->decided, decided + 3);
}

/* Repeats a part between two ends, up to a size. */
static void repeat(struct sg_buffer *out, const char *begin, const char *part,
		   const char *end, size_t size)
{
	sg_buffer_puts(out, begin);
	for (unsigned i = 0; out->length < size; i++)
		sg_buffer_printf(out, part, i);
	sg_buffer_puts(out, end);
	assert_false(out->over_cap || out->no_memory);
}

/* What the server sets aside is enough for what takes most. */
static void test_memory(void **state)
{
	static const char *const parts[] = { "0,", "[],", "{},", "\"\",", "1234567890123456,",
					     "[[[]]],", "true,", "{\"a\":{\"b\":0}}," };
	(void)state;
	for (size_t i = 0; i <= COUNT(parts); i++) {
		cleanup_buffer struct sg_buffer body;
		cleanup_arena struct sg_arena arena;
		struct node *root;
		struct sg_error e;
		sg_buffer_init(&body, SG_MAX_BODY);
		sg_arena_init(&arena);
		if (i < COUNT(parts))
			repeat(&body, "[", parts[i], "0]", 190000);
		else
			repeat(&body, "{", "\"%x\":0,", "\"z\":0}", 400000);
		assert_int_equal(review_read(&arena, body.data, body.length, &root,
					     &e), 0);
		size_t allowed = endpoints_memory(body.data, body.length);
		if (arena.total > allowed || allowed > 4 * arena.total)
			fail_msg("%s: %zu taken, %zu set aside", parts[i],
				 arena.total, allowed);
	}
	assert_true(endpoints_memory(create, sizeof create - 1) < 512 * 1024);
}

static void test_requests(void **state)
{
	struct setting *s = *state;
	struct server_request r = request_of(create);
	r.path = "/validate";
	expect_status(s, &r, 404, "/validate-storepolicy");
	assert_int_equal(s->decided, 0);
	r.path = "/validate-store";
	r.method = "GET";
	expect_status(s, &r, 405, "POST");
	r.method = "POST";
	r.content_type = "text/plain";
	expect_status(s, &r, 415, "application/json");
	r.content_type = "";
	expect_status(s, &r, 415, "application/json");
	assert_int_equal(s->decided, 3);
	assert_int_equal(s->last.status, 415);
	assert_null(s->last.review);
	assert_non_null(s->last.problem);
	s->no_world = true;
	r.content_type = "Application/JSON; charset=utf-8";
	expect_status(s, &r, 503, "no policy yet");
	s->no_world = false;
	r.length = 0;
	expect_status(s, &r, 400, "not JSON");
	struct server_request no_uid = request_of(
		"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{}}");
	expect_status(s, &no_uid, 400, "request.uid is missing");
}

static void test_verdicts(void **state)
{
	struct setting *s = *state;
	struct server_request r = request_of(create);
	struct server_answer answer;
	json_t *json;
	assert_int_equal(ask(s, &r, &answer, &json), 200);
	json_t *response = json_object_get(json, "response");
	assert_true(json_is_true(json_object_get(response, "allowed")));
	assert_int_equal(s->last.endpoint, ENDPOINT_VALIDATE_STORE);
	assert_non_null(s->last.review);
	json_decref(json);
	r.path = "/mutate-store";
	assert_int_equal(ask(s, &r, &answer, &json), 200);
	response = json_object_get(json, "response");
	assert_non_null(json_object_get(response, "patch"));
	json_decref(json);
	r.path = "/validate-namespace";
	assert_int_equal(ask(s, &r, &answer, &json), 200);
	response = json_object_get(json, "response");
	assert_true(json_is_false(json_object_get(response, "allowed")));
	json_decref(json);
}

static void test_later(void **state)
{
	struct setting *s = *state;
	struct server_request r = request_of(create);
	struct server_answer answer = { 0 };
	unsigned before = s->decided;
	sg_buffer_init(&answer.body, SG_MIB);
	r.may_wait = false;
	assert_int_equal(endpoints_handle(&s->endpoints, &r, &answer),
			 SERVER_LATER);
	assert_int_equal(s->decided, before);
	assert_int_equal(answer.body.length, 0);
	assert_int_equal(s->open, 0);
	sg_buffer_release(&answer.body);
}

/* Whatever comes in, one whole answer goes out. */
static void test_hostile(void **state)
{
	static const char *const paths[] = { "/validate-store", "/mutate-store",
					     "/validate-namespace",
					     "/validate-storepolicy" };
	static const char *const words[] = { "null", "{}", "[]", "1", "\"x\"",
					     "\"\\u001b\"", "{\"<<\":{}}" };
	struct setting *s = *state;
	srand(5);
	unsigned verdicts = 0;
	for (unsigned round = 0; round < 20000; round++) {
		char body[2 * sizeof create];
		size_t length = sizeof create - 1;
		memcpy(body, create, sizeof create);
		if (round % 2) { /* another value in place of one */
			char *colon = strchr(body + (size_t)rand() % (length / 2), ':');
			const char *word = words[(size_t)rand() % COUNT(words)];
			size_t size = strlen(word);
			const char *rest = colon + 1 + strcspn(colon + 1, ",}");
			char tail[sizeof create];
			(void)snprintf(tail, sizeof tail, "%s", rest);
			memcpy(colon + 1, word, size);
			memcpy(colon + 1 + size, tail, strlen(tail) + 1);
			length = strlen(body);
		} else {
			body[(size_t)rand() % length] = (char)(rand() % 256);
		}
		struct server_request r = request_of(create);
		struct guarded g = guarded_copy(body, length);
		struct server_answer answer;
		json_t *json;
		r.body = g.bytes;
		r.length = length;
		r.path = paths[round % COUNT(paths)];
		int status = ask(s, &r, &answer, &json);
		if (status != 200 && status != 400)
			fail_msg("%s: %d", body, status);
		verdicts += status == 200;
		json_decref(json);
		guarded_free(&g);
	}
	assert_true(verdicts > 2000);
}

/* Mappings and texts as large as the API server lets through. */
static void test_huge(void **state)
{
	struct setting *s = *state;
	cleanup_buffer struct sg_buffer body;
	sg_buffer_init(&body, 16 * SG_MIB);
	const char *labels = strstr(create, "\"a\":\"b\"");
	const char *values = strstr(create, "\"currency\":\"EUR\"");
	sg_buffer_append(&body, create, (size_t)(labels - create));
	for (unsigned i = 0; i < 20000; i++)
		sg_buffer_printf(&body, "\"l%u\":\"v\",", i * 7919 % 20000);
	sg_buffer_append(&body, labels, (size_t)(values - labels));
	for (unsigned i = 0; i < 10000; i++)
		sg_buffer_printf(&body, "\"k%u\":{\"secret\":[%u]},", i, i);
	sg_buffer_puts(&body, values);
	struct server_request r = request_of(body.data);
	struct server_answer answer;
	json_t *json;
	assert_int_equal(ask(s, &r, &answer, &json), 200);
	json_t *status = json_object_get(json_object_get(json, "response"), "status");
	json_t *causes = json_object_get(json_object_get(status, "details"), "causes");
	assert_int_equal(json_array_size(causes), SG_MAX_VIOLATIONS);
	json_decref(json);
	/* a second would mean work that grows with the square */
	assert_true(s->last.microseconds < 5000000);
}

static void write_many(struct sg_buffer *body, const char *before)
{
	const char *values = strstr(create, before);
	sg_buffer_append(body, create, (size_t)(values - create));
	sg_buffer_puts(body, "\"many\":[");
	for (unsigned i = 0; i < SG_MAX_REVIEW_NODES; i++)
		sg_buffer_puts(body, "0,");
	sg_buffer_puts(body, "0],");
	sg_buffer_puts(body, values);
}

/* Small to send, large to hold: refused before it is. */
static void test_many_values(void **state)
{
	cleanup_buffer struct sg_buffer body;
	struct setting *s = *state;
	sg_buffer_init(&body, SG_MAX_BODY);
	write_many(&body, "\"username\"");
	struct server_request r = request_of(body.data);
	expect_status(s, &r, 400, "more than 100000 values");
}

/* Where a person may have put them, the person is told what would be accepted. */
static void test_many_values_of_a_store(void **state)
{
	cleanup_buffer struct sg_buffer body;
	struct setting *s = *state;
	struct server_answer answer;
	json_t *json;
	sg_buffer_init(&body, SG_MAX_BODY);
	write_many(&body, "\"currency\"");
	struct server_request r = request_of(body.data);
	assert_int_equal(ask(s, &r, &answer, &json), 200);
	const json_t *response = json_object_get(json, "response");
	const char *message = json_string_value(json_object_get(
		json_object_get(response, "status"), "message"));
	assert_true(json_is_false(json_object_get(response, "allowed")));
	if (!message ||
	    !strstr(message, "up to 32768 bytes and 2000 values are accepted"))
		fail_msg("%s", message ? message : "no message");
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_requests), cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_later),	 cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_huge),	 cmocka_unit_test(test_many_values),
		cmocka_unit_test(test_many_values_of_a_store),
		cmocka_unit_test(test_memory),	 cmocka_unit_test(test_unguessable_paths),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
