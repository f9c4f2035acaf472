/* AdmissionReviews read and answered, by what jansson reads of the answer. */
#include "helpers.h"

#include <jansson.h>
#include <string.h>

#include "json.h"
#include "review.h"

#define REVIEW(request)                                                        \
	"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"," \
	"\"request\":" request "}"
#define KIND "\"kind\":{\"group\":\"urumi.io\",\"version\":\"v1\",\"kind\":\"Store\"}"
#define USER "\"userInfo\":{\"username\":\"alice\",\"groups\":[\"a\",\"b\"]}"

static int read_review(struct sg_arena *a, const char *text, struct review *r,
		       struct sg_error *e)
{
	struct node *root = NULL;
	if (json_parse(text, strlen(text), a, &root, e))
		return -1;
	return review_decode(a, root, r, e);
}

static void test_reading(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct review r;
	(void)state;
	sg_arena_init(&a);
	if (read_review(&a,
			REVIEW("{\"uid\":\"u\"," KIND "," USER
			       ",\"name\":\"\",\"operation\":\"UPDATE\",\"dryRun\":true,"
			       "\"object\":{\"metadata\":{\"name\":\"x\"}},\"oldObject\":{},"
			       "\"subResource\":\"status\"}"),
			&r, &e))
		fail_msg("%s", e.message);
	expect_text(r.uid, "u", "uid");
	expect_text(r.group, "urumi.io", "group");
	expect_text(r.kind, "Store", "kind");
	expect_text(r.name, "x", "name");
	expect_text(r.sub_resource, "status", "subResource");
	expect_text(r.user.name, "alice", "user");
	assert_int_equal(r.operation, OPERATION_UPDATE);
	assert_int_equal(r.user.groups.count, 2);
	assert_true(r.dry_run && r.object && r.old_object);
}

static void test_no_reviews(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "[]", "not an AdmissionReview" },
		{ "{\"apiVersion\":\"admission.k8s.io/v1beta1\",\"kind\":\"AdmissionReview\"}",
		  "expected apiVersion: admission.k8s.io/v1" },
		{ "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"Review\"}",
		  "not an AdmissionReview" },
		{ REVIEW("null"), "has no request" },
		{ REVIEW("[]"), "has no request" },
		{ REVIEW("{}"), "request.uid is missing" },
		{ REVIEW("{\"uid\":\"\"}"), "request.uid is missing" },
		{ REVIEW("{\"uid\":{}}"), "request.uid is missing" },
		{ REVIEW("{\"uid\":\"u\"}"), "request.operation is missing" },
		{ REVIEW("{\"uid\":\"u\",\"operation\":\"CONNECT\"}"),
		  "\"CONNECT\" is not CREATE, UPDATE or DELETE" },
		{ REVIEW("{\"uid\":\"u\",\"operation\":\"CREATE\"}"),
		  "request.kind.kind is missing" },
		{ REVIEW("{\"uid\":\"u\",\"operation\":\"CREATE\"," KIND "}"),
		  "request.userInfo.username is missing" },
		{ REVIEW("{\"uid\":\"u\",\"operation\":\"CREATE\"," KIND "," USER "}"),
		  "request.object is missing" },
		{ REVIEW("{\"uid\":\"u\",\"operation\":\"CREATE\"," KIND "," USER
			 ",\"object\":[]}"),
		  "request.object must be an object, not a list" },
		{ REVIEW("{\"uid\":\"u\",\"operation\":\"UPDATE\"," KIND "," USER
			 ",\"object\":{}}"),
		  "request.oldObject is missing" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		struct review r;
		sg_arena_init(&a);
		expect_error(read_review(&a, cases[i].text, &r, &e), &e,
			     SG_INVALID, cases[i].says, cases[i].text);
	}
}

/* --- answers --- */

static const struct review review = { .uid = "u\"1", .group = "urumi.io",
				      .kind = "Store", .name = "fashion" };

/* The response, as jansson reads it; to be given back. */
static json_t *answer(const struct verdict *v, json_t **root)
{
	cleanup_buffer struct sg_buffer out;
	json_error_t e;
	sg_buffer_init(&out, SG_MAX_FILE);
	verdict_write(v, &review, &out);
	*root = json_loadb(out.data, out.length, JSON_REJECT_DUPLICATES, &e);
	if (!*root)
		fail_msg("%s\nis no JSON: %s", out.data, e.text);
	expect_text(json_string_value(json_object_get(*root, "kind")),
		    "AdmissionReview", "kind");
	json_t *response = json_object_get(*root, "response");
	expect_text(json_string_value(json_object_get(response, "uid")), "u\"1",
		    "uid");
	return response;
}

static void test_allowed(void **state)
{
	cleanup_arena struct sg_arena a;
	struct verdict v;
	json_t *root;
	(void)state;
	sg_arena_init(&a);
	verdict_init(&v, &a);
	v.patch = must_parse(&a, "[{op: add, path: /spec/plan, value: small}]");
	verdict_annotate(&v, "owner", "%s", "a\nb");
	json_t *response = answer(&v, &root);
	assert_true(json_is_true(json_object_get(response, "allowed")));
	assert_null(json_object_get(response, "status"));
	expect_text(json_string_value(json_object_get(response, "patchType")),
		    "JSONPatch", "patchType");
	expect_text(json_string_value(json_object_get(response, "patch")),
		    "W3sib3AiOiJhZGQiLCJwYXRoIjoiL3NwZWMvcGxhbiIsInZhbHVlIjoic21hbGwifV0=",
		    "patch");
	json_t *audit = json_object_get(response, "auditAnnotations");
	expect_text(json_string_value(json_object_get(audit, "owner")), "a?b",
		    "annotation");
	json_decref(root);
}

static void test_refused_with_causes(void **state)
{
	cleanup_arena struct sg_arena a;
	struct verdict v;
	json_t *root;
	(void)state;
	sg_arena_init(&a);
	verdict_init(&v, &a);
	v.patch = must_parse(&a, "[{op: add, path: /spec/plan, value: small}]");
	violations_add(&v.causes, "spec.plan", "is \"bad\"");
	violations_add(&v.causes, "spec.host", "\x1b[31m\xff");
	verdict_refuse_causes(&v, "Store \"fashion\"");
	verdict_refuse(&v, 500, "InternalError", "too late");
	json_t *response = answer(&v, &root);
	json_t *status = json_object_get(response, "status");
	json_t *details = json_object_get(status, "details");
	json_t *causes = json_object_get(details, "causes");
	assert_true(json_is_false(json_object_get(response, "allowed")));
	assert_null(json_object_get(response, "patch"));
	assert_int_equal(json_integer_value(json_object_get(status, "code")), 422);
	expect_text(json_string_value(json_object_get(status, "reason")),
		    "Invalid", "reason");
	expect_text(json_string_value(json_object_get(status, "message")),
		    "Store \"fashion\" is refused: spec.plan: is \"bad\"; spec.host: ?[31m?",
		    "message");
	expect_text(json_string_value(json_object_get(details, "name")),
		    "fashion", "name");
	assert_null(json_object_get(details, "retryAfterSeconds"));
	assert_int_equal(json_array_size(causes), 2);
	expect_text(json_string_value(json_object_get(json_array_get(causes, 0),
						      "field")),
		    "spec.plan", "field");
	json_decref(root);
}

/* kind and name without causes would make kubectl drop the message */
static void test_postponed(void **state)
{
	cleanup_arena struct sg_arena a;
	struct verdict v;
	struct sg_error e;
	json_t *root;
	(void)state;
	sg_arena_init(&a);
	verdict_init(&v, &a);
	sg_error_set(&e, SG_IO, "no answer");
	verdict_postpone(&v, &e);
	json_t *status = json_object_get(answer(&v, &root), "status");
	json_t *details = json_object_get(status, "details");
	assert_int_equal(json_integer_value(json_object_get(status, "code")), 503);
	assert_int_equal(json_object_size(details), 1);
	assert_int_equal(json_integer_value(json_object_get(
				 details, "retryAfterSeconds")),
			 1);
	json_decref(root);
}

/* The API server drops what is too long, and items with control characters. */
static void test_warnings(void **state)
{
	cleanup_arena struct sg_arena a;
	struct verdict v;
	char text[1001];
	json_t *root;
	(void)state;
	sg_arena_init(&a);
	verdict_init(&v, &a);
	for (size_t i = 0; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	text[sizeof text - 1] = '\0';
	verdict_warn(&v, "a\tb");
	for (size_t i = 0; i < 4; i++)
		verdict_warn(&v, "%s", text);
	json_t *list = json_object_get(answer(&v, &root), "warnings");
	expect_text(json_string_value(json_array_get(list, 0)), "a?b", "short");
	assert_int_equal(json_string_length(json_array_get(list, 1)), 1000);
	json_decref(root);
	for (size_t i = 0; i < 9; i++)
		verdict_warn(&v, "%s", text);
	list = json_object_get(answer(&v, &root), "warnings");
	assert_int_equal(json_array_size(list), VERDICT_WARNINGS);
	/* 256 characters of two bytes */
	for (size_t i = 1; i < VERDICT_WARNINGS; i++)
		assert_int_equal(json_string_length(json_array_get(list, i)),
				 512);
	json_decref(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reading),
		cmocka_unit_test(test_no_reviews),
		cmocka_unit_test(test_allowed),
		cmocka_unit_test(test_refused_with_causes),
		cmocka_unit_test(test_postponed),
		cmocka_unit_test(test_warnings),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
