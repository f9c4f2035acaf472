/*
 * The webhook's own certificate over a Secret, with an API server that is made here: it
 * holds one Secret and two webhook configurations, refuses writes on what has changed
 * since, and can break off. After each change it asks what an API server would: does
 * every certificate that is shown hold against the bundle of every configuration?
 */
#include "helpers.h"

#include "base64.h"
#include "certificates_parts.h"
#include "fake_api.h"
#include "json.h"
#include "keyring_secret.h"

/* Callers know of a bundle after a while; a slow replica hears of a Secret after one. */
enum { SETTLE_MS = 40, LAG_MS = 35, SLOW_MS = 300, PATIENCE_MS = 20000, REPLICAS = 2 };

struct tls {
	struct certs_pair shown;
};

/* None fails; and the second replica is slow. */
enum { ALWAYS = -1, SLOWLY = -2 };

static struct {
	struct keyring secret;
	bool exists, is_ours;
	unsigned version;
	struct sg_buffer bundles[2]; /* of the configurations, PEM */
	struct sg_buffer former[2]; /* what some callers still go by, until: */
	int64_t former_until[2];
	bool have_configurations, takes_no_bundle;
	struct tls *replicas[REPLICAS];
	unsigned looks, writes, conflicts;
} server;

static const char *const names[] = { "hook.ns.svc" };

/* --- what callers would say --------------------------------------------------- */

static void must_hold(const struct tls *t, const struct sg_buffer *bundle,
		      const char *when)
{
	struct sg_error e = { 0 };
	if (!t || !t->shown.certificate.length || !bundle->length ||
	    !server.have_configurations)
		return;
	if (certs_check(&t->shown, certs_text(bundle), names, 1, time(NULL), &e)) {
		(void)fprintf(stderr, "%s: %s\n", when, e.message);
		abort(); /* not the test's thread */
	}
}

static void callers_are_content(const char *when)
{
	for (int r = 0; r < REPLICAS; r++) {
		for (int i = 0; i < 2; i++) {
			must_hold(server.replicas[r], &server.bundles[i], when);
			if (clock_now() < server.former_until[i])
				must_hold(server.replicas[r], &server.former[i],
					  when);
		}
	}
}

int tls_set(struct tls *t, const char *certificate, const char *key,
	    struct sg_error *e)
{
	(void)pthread_mutex_lock(&fake_lock);
	int failed = certs_text_set(&t->shown.certificate, certificate,
				    strlen(certificate), e) ||
		     certs_text_set(&t->shown.key, key, strlen(key), e) ||
		     certs_check_pair(&t->shown, e);
	if (!failed)
		callers_are_content("a certificate was shown");
	(void)pthread_mutex_unlock(&fake_lock);
	return failed ? -1 : 0;
}

/* --- the API server ----------------------------------------------------------- */

static void answer_secret(struct sg_buffer *answer)
{
	cleanup_buffer struct sg_buffer text;
	static const char metadata[] = "\"metadata\":{";
	sg_buffer_init(&text, SG_MIB);
	keyring_secret_write(&server.secret, "tls", &text);
	char *at = strstr(text.data, metadata);
	assert_non_null(at);
	at += strlen(metadata);
	sg_buffer_append(answer, text.data, (size_t)(at - text.data));
	sg_buffer_printf(answer, "\"resourceVersion\":\"%u\",", server.version);
	char *label = strstr(at, "storeguard-webhook");
	assert_non_null(label);
	if (!server.is_ours)
		label[0] = 'S';
	sg_buffer_puts(answer, at);
}

static void take_secret(const struct api_request *r)
{
	cleanup_arena struct sg_arena a;
	struct node *root = NULL;
	struct sg_error e = { 0 };
	bool is_ours;
	const char *version;
	sg_arena_init(&a);
	assert_int_equal(json_parse(r->body, r->length, &a, &root, &e), 0);
	keyring_release(&server.secret);
	keyring_init(&server.secret);
	assert_int_equal(keyring_secret_read(root, &server.secret, &is_ours,
					     &version, &e), 0);
	server.exists = true;
	server.version++;
	server.writes++;
}

static bool names_version(const struct api_request *r, const char *before)
{
	char wanted[64];
	(void)snprintf(wanted, sizeof wanted, "%s\"%u\"", before,
		       server.version);
	return strstr(r->body, wanted) != NULL;
}

static int secret_call(const struct api_request *r, struct sg_buffer *answer)
{
	bool post = strcmp(r->method, "POST") == 0;
	bool get = strcmp(r->method, "GET") == 0;
	if (!post && !server.exists)
		return 404;
	if ((post && server.exists) ||
	    (!post && !get && !names_version(r, "\"resourceVersion\":"))) {
		server.conflicts++;
		return 409;
	}
	if (get)
		server.looks++;
	else
		take_secret(r);
	if (post)
		server.is_ours = true;
	answer_secret(answer);
	return post ? 201 : 200;
}

static int configuration_call(const struct api_request *r, int which,
			      struct sg_buffer *answer)
{
	struct sg_buffer *bundle = &server.bundles[which];
	if (!server.have_configurations)
		return 404;
	if (strcmp(r->method, "PATCH") == 0) {
		char value[16384] = "";
		const char *last = strstr(r->body, "caBundle\",\"value\":\"");
		struct sg_error e = { 0 };
		if (!last || server.takes_no_bundle ||
		    !names_version(r, "\"value\":")) {
			server.conflicts++;
			return 422;
		}
		assert_int_equal(sscanf(last, "caBundle\",\"value\":\"%16383[^\"]",
					value), 1);
		assert_int_equal(certs_text_set(&server.former[which],
						certs_text(bundle),
						bundle->length, &e), 0);
		server.former_until[which] = clock_now() + LAG_MS;
		assert_int_equal(certs_unbase64(value, bundle, &e), 0);
		server.version++;
		callers_are_content("a bundle was changed");
	}
	sg_buffer_printf(answer, "{\"metadata\":{\"resourceVersion\":\"%u\"},\"webhooks\":[",
			 server.version);
	for (int i = 0; i < 2; i++) {
		sg_buffer_puts(answer, i ? "," : "");
		sg_buffer_puts(answer, "{\"name\":\"a\",\"clientConfig\":{\"caBundle\":\"");
		certs_base64(answer, certs_text(bundle), bundle->length);
		sg_buffer_puts(answer, "\"}}");
	}
	sg_buffer_puts(answer, "]}");
	return 200;
}

int api_call(struct api *a, const struct api_request *r, int *status,
	     struct sg_buffer *answer, struct sg_error *e)
{
	if (a->is_slow && strstr(r->path, "/secrets"))
		sleep_ms(SLOW_MS);
	(void)pthread_mutex_lock(&fake_lock);
	bool dead = a->stopped || a->calls_left == 0;
	if (!dead) {
		if (strstr(r->path, "/secrets"))
			*status = secret_call(r, answer);
		else
			*status = configuration_call(
				r, strstr(r->path, "mutating") != NULL, answer);
		if (a->calls_left > 0)
			a->calls_left--;
		dead = a->calls_left == 0; /* the answer is lost */
	}
	(void)pthread_mutex_unlock(&fake_lock);
	return dead ? sg_error_set(e, SG_IO, "no answer") : 0;
}

int api_watch(struct api *a, struct api_watching *w, struct sg_error *e)
{
	(void)a;
	(void)w;
	return sg_error_set(e, SG_IO, "no watch");
}

/* --- the tests ---------------------------------------------------------------- */

struct replica {
	struct tls tls;
	struct api api;
	struct log log;
	struct certificates *c;
};

static void start_with(struct replica *r, int number, int calls, int64_t settle)
{
	const struct certificates_secret options = {
		.secret = "ns/tls",
		.names = names,
		.count = 1,
		.configurations = "storeguard",
		.settle = settle,
	};
	struct sg_error e = { 0 };
	*r = (struct replica){ .api = { .calls_left = calls,
					.is_slow = number == 1 && calls == SLOWLY }, .log = { .fd = -1 } };
	certs_pair_init(&r->tls.shown);
	(void)pthread_mutex_lock(&fake_lock);
	server.replicas[number] = &r->tls;
	(void)pthread_mutex_unlock(&fake_lock);
	if (certificates_follow_secret(&r->tls, &r->api, &options, &r->log,
				       &r->c, &e))
		fail_msg("does not start: %s", e.message);
}

static void start(struct replica *r, int number, int calls)
{
	start_with(r, number, calls, SETTLE_MS);
}

static void end(struct replica *r, int number)
{
	api_stop(&r->api);
	certificates_free(r->c);
	(void)pthread_mutex_lock(&fake_lock);
	server.replicas[number] = NULL;
	(void)pthread_mutex_unlock(&fake_lock);
	certs_pair_release(&r->tls.shown);
}

static bool is_same(const struct sg_buffer *a, const struct sg_buffer *b)
{
	return strcmp(certs_text(a), certs_text(b)) == 0;
}

static bool is_shown_by_all(const struct certs_pair *leaf)
{
	for (int r = 0; r < REPLICAS; r++)
		if (server.replicas[r] &&
		    !is_same(&server.replicas[r]->shown.certificate,
			     &leaf->certificate))
			return false;
	return true;
}

static bool is_told_to_all(const struct sg_buffer *bundle)
{
	return !server.have_configurations ||
	       (is_same(&server.bundles[0], bundle) &&
		is_same(&server.bundles[1], bundle));
}

/* All show the Secret's leaf, and all configurations have its one CA. */
static bool is_steady(const struct sg_buffer *not_this_ca)
{
	struct sg_buffer *bundle = &server.secret.bundle;
	struct keyring_view v;
	const struct keyring_terms terms = { .names = names, .count = 1 };
	if (!server.exists || !is_told_to_all(bundle) ||
	    !is_shown_by_all(&server.secret.leaf) ||
	    (not_this_ca &&
	     is_same(&server.secret.ca.certificate, not_this_ca)) ||
	    certs_count(certs_text(bundle)) != 1)
		return false;
	/* the dear part last: it is asked again and again */
	keyring_look(&server.secret, &terms, time(NULL), &v);
	return v.ca_holds && v.leaf_by_ca && v.is_named;
}

static void wait_until_steady(const struct sg_buffer *not_this_ca, const char *what)
{
	int64_t until = clock_now() + PATIENCE_MS;
	for (bool steady = false; !steady; sleep_ms(2)) {
		(void)pthread_mutex_lock(&fake_lock);
		steady = is_steady(not_this_ca);
		(void)pthread_mutex_unlock(&fake_lock);
		if (clock_now() > until)
			fail_msg("%s: does not come to rest", what);
	}
}

static int reset(void **state)
{
	(void)state;
	keyring_release(&server.secret);
	keyring_init(&server.secret);
	for (int i = 0; i < 2; i++) {
		sg_buffer_release(&server.bundles[i]);
		sg_buffer_init(&server.bundles[i], SG_MAX_PEM);
		sg_buffer_release(&server.former[i]);
		sg_buffer_init(&server.former[i], SG_MAX_PEM);
		server.former_until[i] = 0;
	}
	server.exists = server.is_ours = false;
	server.have_configurations = true;
	server.takes_no_bundle = false;
	server.version = server.looks = server.writes = server.conflicts = 0;
	return 0;
}

/* The CA's key is gone: a new CA is needed, and what is shown holds meanwhile. */
static void ask_for_a_new_ca(struct sg_buffer *old)
{
	struct sg_error e = { 0 };
	(void)pthread_mutex_lock(&fake_lock);
	assert_int_equal(certs_text_set(old, server.secret.ca.certificate.data,
					server.secret.ca.certificate.length, &e), 0);
	sg_buffer_wipe(&server.secret.ca.key);
	server.version++;
	(void)pthread_mutex_unlock(&fake_lock);
}

static void test_replicas_agree(void **state)
{
	struct replica r[REPLICAS];
	cleanup_buffer struct sg_buffer old;
	(void)state;
	sg_buffer_init(&old, SG_MAX_PEM);
	for (int i = 0; i < REPLICAS; i++)
		start(&r[i], i, SLOWLY);
	wait_until_steady(NULL, "two replicas at once");
	assert_int_equal(server.writes, 1);
	ask_for_a_new_ca(&old);
	wait_until_steady(&old, "a new CA");
	assert_int_equal(server.writes, 4); /* CA, leaf, drop */
	for (int i = 0; i < REPLICAS; i++) {
		assert_true(certificates_is_ready(r[i].c));
		end(&r[i], i);
	}
}

static void test_without_configurations(void **state)
{
	struct replica r;
	cleanup_buffer struct sg_buffer old;
	(void)state;
	sg_buffer_init(&old, SG_MAX_PEM);
	server.have_configurations = false;
	start(&r, 0, ALWAYS);
	wait_until_steady(NULL, "no configurations");
	ask_for_a_new_ca(&old);
	wait_until_steady(&old, "a new CA without configurations");
	end(&r, 0);
}

static void test_goes_on_after_a_crash_anywhere(void **state)
{
	bool all_done = false;
	(void)state;
	for (int calls = 1; !all_done; calls++) {
		struct replica first, second;
		cleanup_buffer struct sg_buffer old;
		sg_buffer_init(&old, SG_MAX_PEM);
		reset(NULL);
		start(&second, 1, ALWAYS);
		wait_until_steady(NULL, "the other replica");
		end(&second, 1);
		ask_for_a_new_ca(&old);
		start(&first, 0, calls);
		int64_t until = clock_now() + PATIENCE_MS;
		for (bool over = false; !over; sleep_ms(1)) {
			(void)pthread_mutex_lock(&fake_lock);
			all_done = is_steady(&old);
			over = all_done || first.api.calls_left == 0;
			(void)pthread_mutex_unlock(&fake_lock);
			assert_true(clock_now() < until);
		}
		start(&second, 1, ALWAYS); /* beside the one that hangs */
		(void)pthread_mutex_lock(&fake_lock);
		server.replicas[0] = NULL; /* nobody calls it any more */
		(void)pthread_mutex_unlock(&fake_lock);
		wait_until_steady(&old, "after a crash");
		end(&second, 1);
		end(&first, 0);
		assert_true(calls < 500);
		if (calls >= 12) /* a round of REST is 3 calls: by leaps now */
			calls += 14;
	}
}

/* --- waiting ------------------------------------------------------------------ */

/* As they leave it. */
static void put_secret(const enum keyring_step *steps)
{
	const struct keyring_terms terms = { names, 1, 360000, 360000 };
	struct sg_error e = { 0 };
	for (; *steps != KEYRING_REST; steps++)
		assert_int_equal(keyring_take(&server.secret, *steps, &terms,
					      &e), 0);
	server.exists = server.is_ours = true;
}

/* What it does about what it sees, however often it looks. */
static unsigned writes_of_many_looks(struct replica *r)
{
	int64_t until = clock_now() + PATIENCE_MS;
	unsigned writes = 0;
	for (unsigned looks = 0; looks < 10; sleep_ms(2)) {
		certificates_ring(r->c);
		(void)pthread_mutex_lock(&fake_lock);
		looks = server.looks;
		writes = server.writes;
		(void)pthread_mutex_unlock(&fake_lock);
		assert_true(clock_now() < until);
	}
	return writes;
}

static void must_wait(const enum keyring_step *steps, int64_t settle)
{
	struct replica r;
	put_secret(steps);
	start_with(&r, 0, ALWAYS, settle);
	assert_int_equal(writes_of_many_looks(&r), 0);
	end(&r, 0);
}

static const enum keyring_step overlapping[] = { KEYRING_MAKE, KEYRING_RENEW_CA,
						 KEYRING_REST };
static const enum keyring_step switched[] = { KEYRING_MAKE, KEYRING_RENEW_CA,
					      KEYRING_RENEW_LEAF, KEYRING_REST };
enum { HOUR_MS = 3600000 };

static void test_a_leaf_waits_until_its_ca_is_known(void **state)
{
	(void)state;
	must_wait(overlapping, HOUR_MS);
	assert_int_equal(certs_count(certs_text(&server.bundles[0])), 2);
}

static void test_a_leaf_waits_while_its_ca_cannot_be_told(void **state)
{
	(void)state;
	server.takes_no_bundle = true;
	must_wait(overlapping, 1);
}

static void test_an_old_ca_waits_until_no_leaf_of_it_is_shown(void **state)
{
	(void)state;
	must_wait(switched, HOUR_MS);
}

static void test_a_secret_that_is_deleted_comes_back(void **state)
{
	struct replica r;
	cleanup_buffer struct sg_buffer leaf;
	struct sg_error e = { 0 };
	(void)state;
	sg_buffer_init(&leaf, SG_MAX_PEM);
	start(&r, 0, ALWAYS);
	wait_until_steady(NULL, "a first Secret");
	(void)pthread_mutex_lock(&fake_lock);
	assert_int_equal(certs_text_set(&leaf, certs_text(&server.secret.leaf.certificate),
					server.secret.leaf.certificate.length, &e), 0);
	server.exists = false;
	(void)pthread_mutex_unlock(&fake_lock);
	wait_until_steady(NULL, "a Secret that was deleted");
	assert_true(is_same(&leaf, &server.secret.leaf.certificate));
	end(&r, 0);
}

static void test_a_bundle_that_is_overwritten_comes_back(void **state)
{
	struct replica r;
	(void)state;
	start(&r, 0, ALWAYS);
	wait_until_steady(NULL, "a first bundle");
	(void)pthread_mutex_lock(&fake_lock);
	sg_buffer_clear(&server.bundles[1]);
	(void)pthread_mutex_unlock(&fake_lock);
	wait_until_steady(NULL, "a bundle that was overwritten");
	end(&r, 0);
}

static void test_anothers_secret_is_only_read(void **state)
{
	const struct keyring_terms terms = { names, 1, 3600, 3600 };
	struct replica r;
	struct sg_error e = { 0 };
	(void)state;
	assert_int_equal(keyring_take(&server.secret, KEYRING_MAKE, &terms, &e), 0);
	sg_buffer_wipe(&server.secret.ca.key);
	server.exists = true;
	start(&r, 0, ALWAYS);
	int64_t until = clock_now() + PATIENCE_MS;
	while (!certificates_is_ready(r.c)) {
		assert_true(clock_now() < until);
		sleep_ms(2);
	}
	end(&r, 0);
	assert_int_equal(server.writes, 0);
	assert_int_equal(server.bundles[0].length, 0);
}

static void test_names_of_secrets(void **state)
{
	static const char *const bad[] = { "", "tls", "/tls", "ns/", "NS/tls",
					   "ns/../tls", "ns/a/b" };
	struct tls tls;
	struct api api = { .calls_left = ALWAYS };
	const struct log log = { .fd = -1 };
	struct sg_error e = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		const struct certificates_secret options = {
			.secret = bad[i], .names = names, .count = 1,
			.configurations = "storeguard" };
		struct certificates *c = NULL;
		expect_error(certificates_follow_secret(&tls, &api, &options,
							&log, &c, &e),
			     &e, SG_USAGE, "is not NAMESPACE/NAME", bad[i]);
	}
}

static void test_in_memory(void **state)
{
	struct tls tls;
	cleanup_buffer struct sg_buffer ca;
	struct sg_error e = { 0 };
	(void)state;
	certs_pair_init(&tls.shown);
	sg_buffer_init(&ca, SG_MAX_PEM);
	assert_int_equal(certificates_make(&tls, names, 1, &ca, &e), 0);
	assert_int_equal(certs_check(&tls.shown, ca.data, names, 1, time(NULL),
				     &e), 0);
	certs_pair_release(&tls.shown);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_replicas_agree, reset),
		cmocka_unit_test_setup(test_without_configurations, reset),
		cmocka_unit_test_setup(test_goes_on_after_a_crash_anywhere, reset),
		cmocka_unit_test_setup(test_a_leaf_waits_until_its_ca_is_known,
				       reset),
		cmocka_unit_test_setup(
			test_a_leaf_waits_while_its_ca_cannot_be_told, reset),
		cmocka_unit_test_setup(
			test_an_old_ca_waits_until_no_leaf_of_it_is_shown,
			reset),
		cmocka_unit_test_setup(test_a_secret_that_is_deleted_comes_back,
				       reset),
		cmocka_unit_test_setup(
			test_a_bundle_that_is_overwritten_comes_back, reset),
		cmocka_unit_test_setup(test_anothers_secret_is_only_read, reset),
		cmocka_unit_test_setup(test_names_of_secrets, reset),
		cmocka_unit_test_setup(test_in_memory, reset),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	reset(NULL);
	return failed;
}
