/*
 * Memory runs out at every place in turn while a review is answered: no crash, no
 * leak, and above all nothing is allowed that would be refused.
 */
#include "helpers.h"

#include "failing_memory.h"

#include "endpoints.h"
#include "gate_helpers.h"

static const struct world *open_world(void *context, struct sg_arena *a,
				      int64_t deadline, bool may_wait,
				      struct sg_error *e)
{
	(void)a, (void)deadline, (void)may_wait, (void)e;
	return &((struct fake *)context)->world;
}

static void close_world(void *context, const struct world *w)
{
	(void)context, (void)w;
}

static int set_up(void **state)
{
	static struct fake f;
	struct policy *p;
	struct sg_error e = { 0 };
	if (policy_parse_default(&p, &e))
		return -1;
	f = fake_world(p);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fake *f = *state;
	policy_free((struct policy *)(uintptr_t)f->world.policy);
	return 0;
}

#define REVIEW(kind, operation, objects)                                       \
	"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":" \
	"{\"uid\":\"u1\",\"kind\":{\"group\":\"urumi.io\",\"version\":\"v1\",\"kind\":\"" kind \
	"\"},\"operation\":\"" operation                                       \
	"\",\"userInfo\":{\"username\":\"alice\",\"groups\":[\"g\"]}," objects "}}"
#define STORE_OF(name, owner, more)                                            \
	"{\"apiVersion\":\"urumi.io/v1\",\"kind\":\"Store\",\"metadata\":{\"name\":\"" name \
	"\"},\"spec\":{\"engine\":\"medusa\",\"owner\":\"" owner "\"" more "}}"

/* A larger one than an arena's first block, so that several may fail. */
static char *with_filling(const char *text)
{
	struct sg_buffer b;
	const char *spec = strstr(text, "\"spec\":{");
	sg_buffer_init(&b, SG_MIB);
	sg_buffer_append(&b, text, (size_t)(spec - text));
	sg_buffer_puts(&b, "\"filling\":{\"x\":0");
	for (unsigned i = 0; i < 3000; i++)
		sg_buffer_printf(&b, ",\"a%u\":[]", i);
	sg_buffer_puts(&b, "},");
	sg_buffer_puts(&b, spec);
	return b.data;
}

/* With every allocation failing in turn, until none does. */
static void torture(struct fake *f, const char *path, const char *body,
		    bool allowed)
{
	struct endpoints endpoints = { open_world, close_world, NULL, f,
					      NULL };
	struct server_request r = { .method = "POST",
				    .path = path,
				    .content_type = "application/json",
				    .body = body,
				    .length = strlen(body),
				    .may_wait = true };
	bool failed = true;
	for (unsigned long nth = 1; failed; nth++) {
		struct server_answer answer = { 0 };
		sg_buffer_init(&answer.body, SG_MIB);
		fails_in = nth;
		assert_int_equal(endpoints_handle(&endpoints, &r, &answer),
				 SERVER_DONE);
		failed = fails_in == 0;
		fails_in = 0;
		const char *text = answer.body.data ? answer.body.data : "";
		bool says_yes = strstr(text, "\"allowed\":true") != NULL;
		if (says_yes && !allowed)
			fail_msg("allocation %lu failed: %s", nth, text);
		if (!failed && says_yes != allowed)
			fail_msg("without failures: %s", text);
		sg_buffer_release(&answer.body);
	}
}

static void torture_both(struct fake *f, const char *path, const char *body,
			 bool allowed)
{
	cleanup_free char *filled = with_filling(body);
	torture(f, path, body, allowed);
	torture(f, path, filled, allowed);
}

static void test_stores(void **state)
{
	struct fake *f = *state;
	torture_both(f, "/validate-store",
		     REVIEW("Store", "CREATE",
			    "\"object\":" STORE_OF("fashion", "alice", "")),
		     true);
	torture_both(f, "/validate-store",
		     REVIEW("Store", "CREATE",
			    "\"object\":" STORE_OF("fashion", "bob", "")),
		     false);
	torture_both(f, "/validate-store",
		     REVIEW("Store", "CREATE",
			    "\"object\":" STORE_OF(
				    "paypa1", "alice",
				    ",\"values\":{\"x\":1},\"host\":\"x\"")),
		     false);
	torture_both(f, "/validate-store",
		     REVIEW("Store", "UPDATE",
			    "\"object\":" STORE_OF("fashion", "alice",
						   ",\"values\":{\"x\":1}") ","
			    "\"oldObject\":" STORE_OF("fashion", "alice", "")),
		     false);
	torture_both(f, "/mutate-store",
		     REVIEW("Store", "CREATE",
			    "\"object\":" STORE_OF("fashion", "alice", "")),
		     true);
}

static void test_policies(void **state)
{
	torture_both(*state, "/validate-storepolicy",
		     REVIEW("StorePolicy", "CREATE",
			    "\"object\":{\"apiVersion\":\"urumi.io/v1\",\"kind\":"
			    "\"StorePolicy\",\"metadata\":{\"name\":\"default\"},\"spec\":{"
			    "\"plans\":{\"a\":{}}}}"),
		     false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stores),
		cmocka_unit_test(test_policies),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
