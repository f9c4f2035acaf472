/*
 * The election, with an API server made here that holds one Lease: what no test on a real
 * one can arrange, such as answers that are lost, and what is led being slow to end.
 */
#include "helpers.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "fake_api.h"
#include "json.h"
#include "leader.h"

/* ms: what the candidates promise is whole seconds. */
enum { PROMISE = 1000, RENEW = 600, RETRY = 50, PATIENCE = 20000 };
enum { CANDIDATES = 3 };

static struct {
	bool exists;
	unsigned version, creations;
	char spec[1024]; /* JSON, as it was written */
	char metadata[512]; /* of it, in addition: ",…" */
	/* writes that are made and not answered, or answered like this and not made */
	unsigned lose_answers;
	int refuse;
} server;

/* --- the API server ----------------------------------------------------------- */

static void show(struct sg_buffer *answer)
{
	sg_buffer_printf(answer,
			 "{\"metadata\":{\"name\":\"x\",\"resourceVersion\":\"%u\",\"managedFields\":[{}]%s},%s",
			 server.version, server.metadata, server.spec);
}

static int take(const struct api_request *r, struct sg_buffer *answer)
{
	char version[64];
	bool post = strcmp(r->method, "POST") == 0;
	(void)snprintf(version, sizeof version, "\"resourceVersion\":\"%u\"",
		       server.version);
	if (server.refuse)
		return server.refuse;
	if (!post && !server.exists)
		return 404;
	if (post ? server.exists : !strstr(r->body, version))
		return 409;
	assert_null(strstr(r->body, "managedFields"));
	if (!post)
		assert_non_null(strstr(r->body, server.metadata));
	const char *spec = strstr(r->body, "\"spec\":{");
	assert_non_null(spec);
	(void)snprintf(server.spec, sizeof server.spec, "%s", spec);
	server.version++;
	server.exists = true;
	server.creations += post;
	show(answer);
	return post ? 201 : 200;
}

int api_call(struct api *a, const struct api_request *r, int *status,
	     struct sg_buffer *answer, struct sg_error *e)
{
	(void)pthread_mutex_lock(&fake_lock);
	bool get = strcmp(r->method, "GET") == 0, lost = a->stopped;
	if (!lost && get) {
		*status = server.exists ? 200 : 404;
		if (server.exists)
			show(answer);
	} else if (!lost) {
		*status = take(r, answer);
		lost = server.lose_answers > 0;
		server.lose_answers -= lost;
	}
	(void)pthread_mutex_unlock(&fake_lock);
	return lost ? sg_error_set(e, SG_IO, "no answer") : 0;
}

static void set_cut_off(struct api *a, bool cut_off)
{
	(void)pthread_mutex_lock(&fake_lock);
	a->stopped = cut_off;
	(void)pthread_mutex_unlock(&fake_lock);
}

/* From now on; how many were still to be lost. */
static unsigned lose_answers(unsigned count)
{
	(void)pthread_mutex_lock(&fake_lock);
	unsigned before = server.lose_answers;
	server.lose_answers = count;
	(void)pthread_mutex_unlock(&fake_lock);
	return before;
}

static unsigned creations(void)
{
	(void)pthread_mutex_lock(&fake_lock);
	unsigned count = server.creations;
	(void)pthread_mutex_unlock(&fake_lock);
	return count;
}

/* A field of the Lease's spec as text; "" when absent. */
static const char *field(const char *key, char text[256])
{
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer json;
	struct sg_error e = { 0 };
	struct node *root = NULL;
	sg_arena_init(&a);
	sg_buffer_init(&json, SG_MIB);
	(void)pthread_mutex_lock(&fake_lock);
	show(&json);
	(void)pthread_mutex_unlock(&fake_lock);
	assert_int_equal(json_parse(json.data, json.length, &a, &root, &e), 0);
	const char *value = node_text(node_path(root, "spec", key, NULL));
	(void)snprintf(text, 256, "%s", value ? value : "");
	return text;
}

/* Somebody, by hand; a record differs from the one before. */
static void write_by_hand(const char *holder, unsigned seconds)
{
	(void)pthread_mutex_lock(&fake_lock);
	server.exists = true;
	server.version++;
	(void)snprintf(server.spec, sizeof server.spec,
		       "\"spec\":{\"holderIdentity\":\"%s\",\"leaseDurationSeconds\":%u,"
		       "\"leaseTransitions\":4,\"renewTime\":\"%u\"}}",
		       holder, seconds, server.version);
	(void)pthread_mutex_unlock(&fake_lock);
}

/* --- candidates ---------------------------------------------------------------- */

/* How many lead in truth: from the end of start() to the end of stop(). */
static atomic_int led, led_at_most;

struct candidate {
	struct api api;
	struct log log;
	FILE *said;
	char identity[8];
	struct leader *leader;
	atomic_int starts, stops;
	atomic_bool may_end; /* stop() waits for it */
};

static void start_led(void *context)
{
	struct candidate *c = context;
	int now = atomic_fetch_add(&led, 1) + 1;
	if (now > atomic_load(&led_at_most))
		atomic_store(&led_at_most, now);
	atomic_fetch_add(&c->starts, 1);
}

static void stop_led(void *context)
{
	struct candidate *c = context;
	while (!atomic_load(&c->may_end))
		sleep_ms(2);
	atomic_fetch_sub(&led, 1);
	atomic_fetch_add(&c->stops, 1);
}

static void begin(struct candidate *c, char name)
{
	struct sg_error e = { 0 };
	*c = (struct candidate){ .said = tmpfile(),
				 .identity = { name, '\0' },
				 .may_end = true };
	assert_non_null(c->said);
	c->log = (struct log){ .fd = fileno(c->said) };
	const struct leader_options o = { .api = &c->api,
					  .lease = "ns/x",
					  .identity = c->identity,
					  .start = start_led,
					  .stop = stop_led,
					  .context = c,
					  .log = &c->log,
					  .lease_ms = PROMISE,
					  .renew_ms = RENEW,
					  .retry_ms = RETRY };
	assert_int_equal(leader_start(&o, &c->leader, &e), 0);
}

/* More than once does nothing more. */
static void end(struct candidate *c)
{
	leader_free(steal(&c->leader));
	if (c->said)
		(void)fclose(steal(&c->said));
	assert_int_equal(c->starts, c->stops);
}

static bool has_said(const struct candidate *c, const char *message)
{
	char text[16384];
	ssize_t length = pread(fileno(c->said), text, sizeof text - 1, 0);
	text[length > 0 ? length : 0] = '\0';
	return strstr(text, message) != NULL;
}

#define await(condition)                                                       \
	do {                                                                   \
		for (int64_t until_ = clock_now() + PATIENCE; !(condition);    \
		     sleep_ms(2))                                              \
			if (clock_now() > until_)                              \
				fail_msg("after %d ms not yet: %s", PATIENCE,  \
					 #condition);                          \
	} while (0)

/* For as long as others would need to take the Lease, were it free. */
static void keeps_on(const struct candidate *c)
{
	for (int64_t until = clock_now() + 4 * RETRY; clock_now() < until;
	     sleep_ms(2))
		assert_true(leader_leads(c->leader));
}

static int set_up(void **state)
{
	(void)state;
	memset(&server, 0, sizeof server);
	(void)snprintf(server.spec, sizeof server.spec, "\"spec\":{}}");
	atomic_store(&led_at_most, 0);
	return 0;
}

/* --- tests ---------------------------------------------------------------------- */

static bool leads(const struct candidate *c)
{
	return c->leader && leader_leads(c->leader) && c->starts > c->stops;
}

static struct candidate *leader_of(struct candidate *all)
{
	struct candidate *found = NULL;
	await(({
		for (int i = 0; i < CANDIDATES && !found; i++)
			found = leads(&all[i]) ? &all[i] : NULL;
		found != NULL;
	}));
	return found;
}

static void expect_holder(const char *holder)
{
	char text[256];
	expect_text(field("holderIdentity", text), holder, "holder");
}

static int transitions(void)
{
	char text[256];
	return (int)strtol(field("leaseTransitions", text), NULL, 10);
}

static void test_one_leads_and_leaves_it_to_the_next(void **state)
{
	struct candidate all[CANDIDATES];
	char text[256];
	(void)state;
	(void)snprintf(server.metadata, sizeof server.metadata,
		       ",\"labels\":{\"a\":\"b\"}");
	for (int i = 0; i < CANDIDATES; i++)
		begin(&all[i], (char)('a' + i));
	for (int past = 0; past < CANDIDATES; past++) {
		int64_t begun = clock_now();
		struct candidate *c = leader_of(all);
		/* no promise had to run out */
		assert_true(clock_now() - begun < PROMISE);
		keeps_on(c);
		expect_holder(c->identity);
		expect_text(field("leaseDurationSeconds", text), "1", "promise");
		assert_int_equal(transitions(), past);
		end(c);
		assert_int_equal(c->starts, 1);
	}
	expect_holder("");
	assert_int_equal(creations(), 1);
	assert_int_equal(led_at_most, 1);
}

static void test_a_promise_is_waited_for(void **state)
{
	struct candidate c;
	(void)state;
	write_by_hand("other", 1);
	begin(&c, 'a');
	await(has_said(&c, "another leads"));
	int64_t renewed = clock_now();
	for (unsigned i = 0; i < 3; i++) {
		while (clock_now() < renewed + PROMISE * 3 / 4)
			assert_false(leader_leads(c.leader));
		renewed = clock_now();
		write_by_hand("other", 1);
	}
	await(leads(&c));
	assert_true(clock_now() - renewed >= PROMISE);
	assert_int_equal(transitions(), 5);
	expect_holder("a");
	end(&c);
}

static void test_longer_promises_are_waited_for_too(void **state)
{
	struct candidate c;
	(void)state;
	write_by_hand("other", 3);
	int64_t begun = clock_now();
	begin(&c, 'a');
	await(leads(&c));
	assert_true(clock_now() - begun >= 3000);
	end(&c);
}

static void test_answers_that_are_lost(void **state)
{
	struct candidate c;
	(void)state;
	server.lose_answers = 2; /* of the creation, and of what follows it */
	begin(&c, 'a');
	await(leads(&c));
	for (int i = 0; i < 3; i++) {
		lose_answers(2);
		keeps_on(&c);
		assert_int_equal(lose_answers(0), 0);
	}
	assert_int_equal(c.starts, 1);
	assert_int_equal(transitions(), 0);
	end(&c);
	expect_holder("");
}

static void test_cut_off_it_ends_before_another_begins(void **state)
{
	struct candidate all[CANDIDATES];
	(void)state;
	for (int i = 0; i < CANDIDATES; i++)
		begin(&all[i], (char)('a' + i));
	struct candidate *c = leader_of(all);
	set_cut_off(&c->api, true);
	int64_t begun = clock_now();
	await(!leader_leads(c->leader));
	assert_true(clock_now() - begun < PROMISE);
	await(c->stops == 1);
	struct candidate *next = leader_of(all);
	assert_ptr_not_equal(next, c);
	assert_true(clock_now() - begun >= PROMISE - RETRY);
	set_cut_off(&c->api, false);
	keeps_on(next);
	assert_int_equal(led_at_most, 1);
	for (int i = 0; i < CANDIDATES; i++)
		end(&all[i]);
}

static void test_what_is_slow_to_end_keeps_the_lease(void **state)
{
	struct candidate all[CANDIDATES];
	(void)state;
	for (int i = 0; i < CANDIDATES; i++)
		begin(&all[i], (char)('a' + i));
	struct candidate *c = leader_of(all);
	atomic_store(&c->may_end, false);
	leader_stop(c->leader);
	assert_false(leader_leads(c->leader));
	/* several promises long */
	await(has_said(c, "what was led has not ended, and nobody else leads"));
	expect_holder(c->identity);
	assert_int_equal(transitions(), 0);
	atomic_store(&c->may_end, true);
	end(c);
	(void)leader_of(all);
	assert_int_equal(led_at_most, 1);
	for (int i = 0; i < CANDIDATES; i++)
		end(&all[i]);
}

static void test_a_lease_that_is_gone(void **state)
{
	struct candidate all[CANDIDATES];
	(void)state;
	for (int i = 0; i < CANDIDATES; i++)
		begin(&all[i], (char)('a' + i));
	struct candidate *c = leader_of(all);
	keeps_on(c); /* the others have seen it */
	(void)pthread_mutex_lock(&fake_lock);
	server.exists = false;
	(void)pthread_mutex_unlock(&fake_lock);
	keeps_on(c);
	expect_holder(c->identity);
	assert_int_equal(creations(), 2);
	set_cut_off(&c->api, true);
	(void)pthread_mutex_lock(&fake_lock);
	server.exists = false;
	(void)pthread_mutex_unlock(&fake_lock);
	await(!leader_leads(c->leader));
	assert_ptr_not_equal(leader_of(all), c);
	assert_int_equal(led_at_most, 1);
	for (int i = 0; i < CANDIDATES; i++)
		end(&all[i]);
}

static void test_who_sees_another_hold_it_ends_at_once(void **state)
{
	struct candidate c;
	(void)state;
	begin(&c, 'a');
	await(leads(&c));
	int64_t begun = clock_now();
	write_by_hand("other", 1);
	await(c.stops == 1);
	assert_true(clock_now() - begun < RENEW / 2);
	expect_holder("other");
	await(leads(&c));
	assert_true(clock_now() - begun >= PROMISE);
	end(&c);
}

static void test_what_is_refused_is_said_once(void **state)
{
	struct candidate c;
	(void)state;
	server.refuse = 403;
	begin(&c, 'a');
	await(has_said(&c, "the Lease can't be read or written"));
	off_t length = lseek(fileno(c.said), 0, SEEK_END);
	for (int64_t until = clock_now() + 4 * RETRY; clock_now() < until;)
		assert_false(leader_leads(c.leader));
	assert_int_equal(lseek(fileno(c.said), 0, SEEK_END), length);
	(void)pthread_mutex_lock(&fake_lock);
	server.refuse = 0;
	(void)pthread_mutex_unlock(&fake_lock);
	await(leads(&c));
	end(&c);
}

static void test_what_cannot_be_released_runs_out(void **state)
{
	struct candidate c;
	(void)state;
	begin(&c, 'a');
	await(leads(&c));
	set_cut_off(&c.api, true);
	leader_free(steal(&c.leader));
	assert_true(has_said(&c, "the Lease is not released, and runs out by itself"));
	assert_int_equal(c.stops, 1);
	expect_holder("a");
	end(&c);
}

static void test_names(void **state)
{
	static const char *const wrong[] = { "x", "/x", "ns/", "ns/x/y", "Ns/x",
					     "ns/X" };
	struct api api = { 0 };
	const struct log log = { .fd = -1 };
	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct sg_error e = { 0 };
		struct leader *l = NULL;
		const struct leader_options o = { .api = &api,
						  .lease = wrong[i],
						  .identity = "a",
						  .log = &log };
		expect_error(leader_start(&o, &l, &e), &e, SG_USAGE,
			     "is not NAMESPACE/NAME of a Lease", wrong[i]);
		assert_null(l);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_one_leads_and_leaves_it_to_the_next,
				       set_up),
		cmocka_unit_test_setup(test_a_promise_is_waited_for, set_up),
		cmocka_unit_test_setup(test_longer_promises_are_waited_for_too,
				       set_up),
		cmocka_unit_test_setup(test_answers_that_are_lost, set_up),
		cmocka_unit_test_setup(test_cut_off_it_ends_before_another_begins,
				       set_up),
		cmocka_unit_test_setup(test_what_is_slow_to_end_keeps_the_lease,
				       set_up),
		cmocka_unit_test_setup(test_a_lease_that_is_gone, set_up),
		cmocka_unit_test_setup(test_who_sees_another_hold_it_ends_at_once,
				       set_up),
		cmocka_unit_test_setup(test_what_is_refused_is_said_once, set_up),
		cmocka_unit_test_setup(test_what_cannot_be_released_runs_out,
				       set_up),
		cmocka_unit_test_setup(test_names, set_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
