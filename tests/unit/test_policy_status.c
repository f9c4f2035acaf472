/*
 * The condition InForce, with an API server made here: it holds one StorePolicy, takes
 * its status from any replica and tells all of them, as the watches do.
 */
#include "helpers.h"

#include "fake_api.h"
#include "json.h"
#include "policy_status.h"

extern const char sg_default_policy[], sg_default_policy_end[];

enum { REPLICAS = 2, PATIENCE_MS = 20000 };

static struct {
	unsigned version, generation, writes;
	const char *pattern; /* spec.naming.pattern; NULL: the default one */
	char status[64 * 1024]; /* JSON as it was written; "": none */
	int answer; /* instead of taking it; 0: takes it */
	unsigned asked;
} server;

/* --- the API server ----------------------------------------------------------- */

static int take_status(const struct api_request *r)
{
	char version[32];
	(void)snprintf(version, sizeof version, "\"resourceVersion\":\"%u\"",
		       server.version);
	if (!strstr(r->body, version))
		return 409;
	const char *status = strstr(r->body, "\"status\":{");
	assert_non_null(status);
	(void)snprintf(server.status, sizeof server.status, "{%s", status);
	server.version++;
	server.writes++;
	return 200;
}

int api_call(struct api *a, const struct api_request *r, int *status,
	     struct sg_buffer *answer, struct sg_error *e)
{
	(void)answer;
	assert_string_equal(r->method, "PATCH");
	(void)pthread_mutex_lock(&fake_lock);
	server.asked++;
	*status = server.answer ? server.answer : take_status(r);
	bool dead = a->stopped || server.answer < 0;
	(void)pthread_mutex_unlock(&fake_lock);
	return dead ? sg_error_set(e, SG_IO, "no answer") : 0;
}

/* --- replicas ----------------------------------------------------------------- */

struct replica {
	struct api api;
	struct log log;
	struct policies *policies;
	struct policy_status *status;
	struct informer_sink sink, status_sink;
	unsigned seen; /* version */
};

static void start(struct replica *r)
{
	struct sg_error e = { 0 };
	struct policy *first = NULL;
	*r = (struct replica){ .log = { .fd = -1 } };
	assert_int_equal(policy_parse_default(&first, &e), 0);
	r->policies = policies_new(first, &r->log);
	assert_non_null(r->policies);
	assert_int_equal(policy_status_start(&r->api, r->policies, &r->log,
					     &r->status, &e), 0);
	r->sink = policies_sink(r->policies);
	r->status_sink = policy_status_sink(r->status);
}

static void end(struct replica *r)
{
	api_stop(&r->api);
	policy_status_free(r->status);
	policies_free(r->policies);
}

static struct node *json(struct sg_arena *a, const char *text)
{
	struct sg_error e = { 0 };
	struct node *root = NULL;
	if (json_parse(text, strlen(text), a, &root, &e))
		fail_msg("%s\nis no JSON: %s", text, e.message);
	return root;
}

/* What a watch tells: the object as it is. */
static void tell(struct replica *r)
{
	cleanup_arena struct sg_arena a;
	struct node *root = NULL;
	struct sg_error e = { 0 };
	char metadata[256];
	sg_arena_init(&a);
	assert_int_equal(yaml_parse(sg_default_policy,
				    (size_t)(sg_default_policy_end - sg_default_policy),
				    1, &a, &root, &e), 0);
	(void)pthread_mutex_lock(&fake_lock);
	r->seen = server.version;
	(void)snprintf(metadata, sizeof metadata,
		       "{\"name\":\"default\",\"uid\":\"u1\",\"generation\":%u,"
		       "\"resourceVersion\":\"%u\"}",
		       server.generation, server.version);
	struct node *at = node_own(root, "metadata"), *next = at->next;
	*at = *json(&a, metadata);
	at->next = next;
	if (server.pattern) {
		struct node *pattern = node_own(
			node_own(node_own(root, "spec"), "naming"), "pattern");
		pattern->text = server.pattern;
		pattern->length = (uint32_t)strlen(server.pattern);
	}
	struct node *spec = node_own(root, "spec");
	if (*server.status) {
		/* key and value, behind all others */
		struct node *status = json(&a, server.status)->first;
		spec->next = status;
		root->last = status->next;
	}
	(void)pthread_mutex_unlock(&fake_lock);
	r->sink.set(r->sink.context, root);
	r->status_sink.set(r->status_sink.context, root);
}

static bool is_behind(const struct replica *r)
{
	(void)pthread_mutex_lock(&fake_lock);
	bool behind = r->seen != server.version;
	(void)pthread_mutex_unlock(&fake_lock);
	return behind;
}

static unsigned count_writes(void)
{
	(void)pthread_mutex_lock(&fake_lock);
	unsigned writes = server.writes;
	(void)pthread_mutex_unlock(&fake_lock);
	return writes;
}

/* Watches tell until so much has been written in all, and nothing more for a while. */
static void follow(struct replica *replicas, int count, unsigned writes)
{
	int64_t begun = clock_now(), quiet_since = begun;
	while (count_writes() < writes || clock_now() - quiet_since < 100) {
		for (int i = 0; i < count; i++) {
			if (!is_behind(&replicas[i]))
				continue;
			tell(&replicas[i]);
			quiet_since = clock_now();
		}
		if (clock_now() - begun > PATIENCE_MS)
			fail_msg("%u writes, and no end", count_writes());
		sleep_ms(1);
	}
}

static void change(const char *pattern)
{
	(void)pthread_mutex_lock(&fake_lock);
	server.pattern = pattern;
	server.generation++;
	server.version++;
	(void)pthread_mutex_unlock(&fake_lock);
}

static void answer_by(int status)
{
	(void)pthread_mutex_lock(&fake_lock);
	server.answer = status;
	(void)pthread_mutex_unlock(&fake_lock);
}

static void expect(const char *status, const char *reason, const char *says,
		   unsigned writes)
{
	cleanup_arena struct sg_arena a;
	sg_arena_init(&a);
	const struct node *s = node_get(json(&a, server.status), "status");
	const struct node *c = node_get(s, "conditions")->first;
	char generation[16];
	(void)snprintf(generation, sizeof generation, "%u", server.generation);
	assert_true(node_is(node_get(s, "observedGeneration"), generation));
	assert_true(node_is(node_get(c, "observedGeneration"), generation));
	expect_text(node_text(node_get(c, "type")), "InForce", "type");
	expect_text(node_text(node_get(c, "status")), status, "status");
	expect_text(node_text(node_get(c, "reason")), reason, "reason");
	assert_int_equal(strlen(node_text(node_get(c, "lastTransitionTime"))),
			 20);
	if (!strstr(node_text(node_get(c, "message")), says))
		fail_msg("the message is \"%s\", not \"%s\"",
			 node_text(node_get(c, "message")), says);
	assert_int_equal(server.writes, writes);
}

static int reset(void **state)
{
	(void)state;
	server.version = server.generation = 1;
	server.writes = server.asked = 0;
	server.pattern = NULL;
	server.status[0] = '\0';
	answer_by(0);
	return 0;
}

/* --- the tests ---------------------------------------------------------------- */

static void test_it_is_said_once(void **state)
{
	struct replica r[REPLICAS];
	(void)state;
	for (int i = 0; i < REPLICAS; i++)
		start(&r[i]);
	follow(r, REPLICAS, 1);
	expect("True", "Accepted", "generation 1 is in force", 1);
	change("(");
	follow(r, REPLICAS, 2);
	expect("False", "Invalid", "generation 1 stays in force", 2);
	expect("False", "Invalid", "spec.naming.pattern: \"(\"", 2);
	change(NULL);
	follow(r, REPLICAS, 3);
	expect("True", "Accepted", "generation 3 is in force", 3);
	for (int i = 0; i < REPLICAS; i++)
		end(&r[i]);
}

static void test_one_that_starts_later_has_nothing_to_add(void **state)
{
	struct replica r[REPLICAS];
	(void)state;
	start(&r[0]);
	follow(r, 1, 1);
	change("(");
	follow(r, 1, 2);
	start(&r[1]); /* it knows no generation 1 */
	follow(r, REPLICAS, 2);
	expect("False", "Invalid", "generation 1 stays in force", 2);
	end(&r[1]);
	end(&r[0]);
}

static void test_broken_from_the_start(void **state)
{
	struct replica r;
	(void)state;
	change("(");
	start(&r);
	follow(&r, 1, 1);
	expect("False", "Invalid", "no policy is in force", 1);
	assert_null(policies_hold(r.policies));
	assert_null(strstr(server.status, "\"accepted\""));
	change(NULL);
	follow(&r, 1, 2);
	expect("True", "Accepted", "generation 3 is in force", 2);
	end(&r);
}

static int64_t generation_of(const struct replica *r)
{
	struct policy_hold *h = policies_hold(r->policies);
	int64_t generation = h ? policy_held_generation(h) : POLICIES_NONE;
	policies_release(h);
	return generation;
}

/* Those that start then decide as those that run, whenever they start. */
static void test_the_last_good_one_survives_a_restart(void **state)
{
	struct replica r[REPLICAS];
	(void)state;
	start(&r[0]);
	follow(r, 1, 1);
	change(NULL);
	follow(r, 1, 2);
	change("(");
	follow(r, 1, 3);
	start(&r[1]);
	follow(r, REPLICAS, 3);
	assert_int_equal(generation_of(&r[0]), 2);
	assert_int_equal(generation_of(&r[1]), 2);
	end(&r[0]);
	start(&r[0]);
	change("[");
	follow(r, REPLICAS, 4);
	assert_int_equal(generation_of(&r[0]), 2);
	assert_int_equal(generation_of(&r[1]), 2);
	expect("False", "Invalid", "generation 2 stays in force", 4);
	for (int i = 0; i < REPLICAS; i++)
		end(&r[i]);
}

/* A replica that saw a good one go by, and had no time to say so, says so later. */
static void test_what_one_replica_accepted_the_others_follow(void **state)
{
	struct replica r[REPLICAS];
	(void)state;
	start(&r[0]);
	follow(r, 1, 1);
	start(&r[1]);
	change(NULL);
	answer_by(409);
	tell(&r[0]);
	change("(");
	answer_by(0);
	tell(&r[1]); /* it knows of generation 1 alone */
	assert_int_equal(generation_of(&r[1]), 1);
	follow(r, REPLICAS, 2);
	for (int i = 0; i < REPLICAS; i++) {
		assert_int_equal(generation_of(&r[i]), 2);
		end(&r[i]);
	}
	expect("False", "Invalid", "generation 2 stays in force",
	       server.writes);
	assert_true(server.writes <= 4);
}

static void test_since_when_stays(void **state)
{
	struct replica r;
	(void)state;
	(void)snprintf(server.status, sizeof server.status,
		       "{\"status\":{\"conditions\":[{\"type\":\"Other\"},"
		       "{\"type\":\"InForce\",\"status\":\"True\",\"observedGeneration\":1,"
		       "\"lastTransitionTime\":\"2026-01-02T03:04:05Z\"}],"
		       "\"accepted\":{\"generation\":1,\"policy\":\"{}\"}}}");
	start(&r);
	follow(&r, 1, 0);
	assert_int_equal(server.writes, 0);
	change(NULL);
	follow(&r, 1, 1);
	expect("True", "Accepted", "generation 2 is in force", 1);
	assert_non_null(strstr(server.status, "2026-01-02T03:04:05Z"));
	end(&r);
}

/* Somebody who says otherwise is contradicted once, not for ever. */
static void test_no_war(void **state)
{
	struct replica r;
	(void)state;
	start(&r);
	follow(&r, 1, 1);
	for (int i = 0; i < 5; i++) {
		(void)snprintf(server.status, sizeof server.status,
			       "{\"status\":{\"conditions\":[{\"type\":\"InForce\","
			       "\"status\":\"False\",\"observedGeneration\":1}]}}");
		server.version++;
		follow(&r, 1, 1);
	}
	assert_int_equal(server.writes, 1);
	end(&r);
}

static void test_it_is_written_when_the_server_is_back(void **state)
{
	static const int answers[] = { -1, 500, 403 };
	(void)state;
	for (size_t i = 0; i < COUNT(answers); i++) {
		struct replica r;
		reset(NULL);
		server.answer = answers[i];
		start(&r);
		tell(&r);
		int64_t until = clock_now() + PATIENCE_MS;
		for (bool asked = false; !asked; sleep_ms(1)) {
			(void)pthread_mutex_lock(&fake_lock);
			asked = server.asked >= 2;
			if (asked)
				server.answer = 0;
			(void)pthread_mutex_unlock(&fake_lock);
			assert_true(clock_now() < until);
		}
		while (!is_behind(&r)) {
			assert_true(clock_now() < until);
			sleep_ms(1);
		}
		follow(&r, 1, 1);
		expect("True", "Accepted", "generation 1 is in force", 1);
		end(&r);
	}
}

/* What changed since, or is gone, is not asked about again until a watch tells. */
static void test_one_that_was_overtaken_waits_for_news(void **state)
{
	struct replica r;
	(void)state;
	start(&r);
	answer_by(404);
	tell(&r);
	int64_t until = clock_now() + PATIENCE_MS;
	for (bool asked = false; !asked; sleep_ms(1)) {
		(void)pthread_mutex_lock(&fake_lock);
		asked = server.asked > 0;
		(void)pthread_mutex_unlock(&fake_lock);
		assert_true(clock_now() < until);
	}
	for (int i = 0; i < 5; i++) /* longer than a first pause */
		follow(&r, 1, 0);
	assert_int_equal(server.asked, 1);
	end(&r);
}

static void test_it_ends_while_the_server_is_away(void **state)
{
	struct replica r;
	(void)state;
	answer_by(-1);
	start(&r);
	tell(&r);
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_it_is_said_once, reset),
		cmocka_unit_test_setup(
			test_one_that_starts_later_has_nothing_to_add, reset),
		cmocka_unit_test_setup(test_broken_from_the_start, reset),
		cmocka_unit_test_setup(test_the_last_good_one_survives_a_restart,
				       reset),
		cmocka_unit_test_setup(
			test_what_one_replica_accepted_the_others_follow, reset),
		cmocka_unit_test_setup(test_since_when_stays, reset),
		cmocka_unit_test_setup(test_no_war, reset),
		cmocka_unit_test_setup(
			test_it_is_written_when_the_server_is_back, reset),
		cmocka_unit_test_setup(
			test_one_that_was_overtaken_waits_for_news, reset),
		cmocka_unit_test_setup(test_it_ends_while_the_server_is_away,
				       reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
