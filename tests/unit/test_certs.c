#include "helpers.h"

#include <time.h>

#include "base64.h"
#include "certs.h"
#include "service_names.h"

enum { HOUR = 3600 };

static const char *const names[] = { "hook.ns.svc", "127.0.0.1", "::1" };

static void must_make_ca(struct certs_pair *ca, int64_t seconds)
{
	struct sg_error e = { 0 };
	certs_pair_init(ca);
	if (certs_make_ca("test-ca", seconds, ca, &e))
		fail_msg("no CA: %s", e.message);
}

static void must_issue(const struct certs_pair *ca, int64_t seconds,
		       struct certs_pair *leaf)
{
	struct sg_error e = { 0 };
	certs_pair_init(leaf);
	if (certs_issue(ca, names, COUNT(names), seconds, leaf, &e))
		fail_msg("no certificate: %s", e.message);
}

static int check(const struct certs_pair *leaf, const struct certs_pair *ca,
		 const char *name, int64_t now, struct sg_error *e)
{
	return certs_check(leaf, certs_text(&ca->certificate), &name, 1, now, e);
}

static void test_a_leaf_holds(void **state)
{
	cleanup_certs_pair struct certs_pair ca, leaf;
	struct certs_facts facts;
	struct sg_error e = { 0 };
	(void)state;
	must_make_ca(&ca, HOUR);
	must_issue(&ca, HOUR, &leaf);
	int64_t now = time(NULL);
	for (size_t i = 0; i < COUNT(names); i++)
		if (check(&leaf, &ca, names[i], now, &e))
			fail_msg("%s: %s", names[i], e.message);
	assert_int_equal(certs_read(certs_text(&leaf.certificate), 0, &facts, &e), 0);
	assert_string_equal(facts.names, "hook.ns.svc 127.0.0.1 ::1");
	assert_string_equal(facts.issuer, "CN=test-ca");
	assert_int_equal(strlen(facts.fingerprint), 64);
	assert_true(facts.not_before <= now - 300);
	assert_true(facts.not_after >= now + HOUR - 60);
	assert_non_null(strstr(certs_text(&leaf.key), "BEGIN PRIVATE KEY"));
}

static void test_what_does_not_hold(void **state)
{
	cleanup_certs_pair struct certs_pair ca, other, leaf, mixed, self;
	struct sg_error e = { 0 };
	int64_t now = time(NULL);
	(void)state;
	must_make_ca(&ca, HOUR);
	must_make_ca(&other, HOUR);
	must_issue(&ca, HOUR, &leaf);
	must_issue(&ca, HOUR, &mixed);
	assert_int_equal(certs_text_set(&mixed.key, leaf.key.data,
					leaf.key.length, &e), 0);
	expect_error(check(&leaf, &ca, "other.ns.svc", now, &e), &e, SG_INVALID,
		     "not for other.ns.svc, only for: hook.ns.svc 127.0.0.1 ::1",
		     "wrong name");
	expect_error(check(&leaf, &ca, "127.0.0.2", now, &e), &e, SG_INVALID,
		     "not for 127.0.0.2", "wrong address");
	expect_error(check(&leaf, &other, names[0], now, &e), &e, SG_INVALID,
		     "no CA of the bundle vouches", "wrong CA of the same name");
	expect_error(check(&mixed, &ca, names[0], now, &e), &e, SG_INVALID,
		     "the key does not belong to the certificate", "wrong key");
	expect_error(check(&leaf, &ca, names[0], now + 2 * HOUR, &e), &e,
		     SG_INVALID, "the certificate expired on ", "expired");
	expect_error(check(&leaf, &ca, names[0], now - HOUR, &e), &e, SG_INVALID,
		     "is not valid before ", "not yet valid");
	expect_error(check(&ca, &ca, "test-ca", now, &e), &e, SG_INVALID,
		     "only for: nothing", "the CA is no server");
	certs_pair_init(&self);
	expect_error(certs_issue(&leaf, names, 1, HOUR, &self, &e), &e,
		     SG_INVALID, "is no CA's", "a leaf signs nothing");
	expect_error(certs_issue(&mixed, names, 1, HOUR, &self, &e), &e,
		     SG_INVALID, "does not belong", "nor does a wrong key");
}

static void test_names_that_are_none(void **state)
{
	static const char *const bad[] = { "", "a b", "*.ns.svc", "a,DNS:b",
					   "Hook.ns.svc", "-a", "1.2.3.4.",
					   "hook.ns.svc\n" };
	cleanup_certs_pair struct certs_pair ca, leaf;
	struct sg_error e = { 0 };
	(void)state;
	must_make_ca(&ca, HOUR);
	certs_pair_init(&leaf);
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_error(certs_issue(&ca, &bad[i], 1, HOUR, &leaf, &e), &e,
			     SG_INVALID, "is no DNS name in lower case", bad[i]);
	expect_error(certs_issue(&ca, NULL, 0, HOUR, &leaf, &e), &e, SG_INVALID,
		     "needs a name", "no name");
	assert_int_equal(leaf.key.length, 0);
}

static void test_a_leaf_does_not_outlive_its_ca(void **state)
{
	cleanup_certs_pair struct certs_pair ca, leaf;
	struct certs_facts a, b;
	struct sg_error e = { 0 };
	(void)state;
	must_make_ca(&ca, HOUR);
	must_issue(&ca, 100 * HOUR, &leaf);
	assert_int_equal(certs_read(certs_text(&ca.certificate), 0, &a, &e), 0);
	assert_int_equal(certs_read(certs_text(&leaf.certificate), 0, &b, &e), 0);
	assert_int_equal(a.not_after, b.not_after);
}

static void test_due_after_two_thirds(void **state)
{
	const struct certs_facts f = { .not_before = 1000, .not_after = 1300 };
	(void)state;
	assert_false(certs_is_due(&f, 1199));
	assert_true(certs_is_due(&f, 1200));
	assert_true(certs_is_due(&f, 5000));
}

static void test_bundle(void **state)
{
	cleanup_certs_pair struct certs_pair a, b, expired;
	cleanup_buffer struct sg_buffer both, all;
	struct sg_error e = { 0 };
	(void)state;
	must_make_ca(&a, HOUR);
	must_make_ca(&b, HOUR);
	must_make_ca(&expired, -10);
	sg_buffer_init(&both, SG_MAX_PEM);
	sg_buffer_init(&all, SG_MAX_PEM);
	assert_int_equal(certs_bundle("", certs_text(&a.certificate), &both, &e), 0);
	expect_text(both.data, a.certificate.data, "a bundle of one");
	assert_int_equal(certs_bundle(certs_text(&both), certs_text(&b.certificate),
				      &both, &e), 0);
	assert_int_equal(certs_count(certs_text(&both)), 2);
	sg_buffer_printf(&all, "# a remark\n%s%s", certs_text(&expired.certificate),
			 certs_text(&both));
	assert_int_equal(certs_bundle(certs_text(&both), certs_text(&all), &all, &e), 0);
	expect_text(all.data, both.data, "each once, without the expired one");
	expect_error(certs_bundle("-----BEGIN CERTIFICATE-----\nAAAA\n", "", &all, &e),
		     &e, SG_INVALID, "certificate 1 is broken", "not PEM");
	expect_text(all.data, both.data, "after a failure");
	assert_int_equal(certs_bundle("", "", &all, &e), 0);
	assert_int_equal(all.length, 0);
}

static void test_the_certificate_of_a_key(void **state)
{
	cleanup_certs_pair struct certs_pair a, b, c;
	cleanup_buffer struct sg_buffer both, found;
	struct sg_error e = { 0 };
	(void)state;
	must_make_ca(&a, HOUR);
	must_make_ca(&b, HOUR);
	must_make_ca(&c, HOUR);
	sg_buffer_init(&both, SG_MAX_PEM);
	sg_buffer_init(&found, SG_MAX_PEM);
	assert_int_equal(certs_bundle(certs_text(&a.certificate),
				      certs_text(&b.certificate), &both, &e), 0);
	assert_int_equal(certs_find(both.data, b.key.data, &found, &e), 0);
	expect_text(found.data, b.certificate.data, "found");
	expect_error(certs_find(both.data, c.key.data, &found, &e), &e,
		     SG_INVALID, "no certificate belongs to the key", "of none");
}

static void test_keys_that_are_none(void **state)
{
	/* encrypted: nobody is asked for a password */
	static const char encrypted[] =
		"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
		"MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAg=\n"
		"-----END ENCRYPTED PRIVATE KEY-----\n";
	static const char *const bad[] = { "", "secret", encrypted };
	cleanup_certs_pair struct certs_pair p;
	struct sg_error e = { 0 };
	(void)state;
	must_make_ca(&p, HOUR);
	for (size_t i = 0; i < COUNT(bad); i++) {
		assert_int_equal(certs_text_set(&p.key, bad[i], strlen(bad[i]),
						&e), 0);
		expect_error(certs_check_pair(&p, &e), &e, SG_INVALID,
			     "holds no private key in PEM", bad[i]);
		assert_null(strstr(e.message, "secret"));
	}
}

static void test_base64(void **state)
{
	static const char *const texts[] = { "", "a", "ab", "abc", "abcd" };
	static const char *const bad[] = { "a", "====", "AAA", "A*==", "AA==AA==",
					   "AAAA" };
	struct sg_error e = { 0 };
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		cleanup_buffer struct sg_buffer there, back;
		sg_buffer_init(&there, 64);
		sg_buffer_init(&back, 64);
		certs_base64(&there, texts[i], strlen(texts[i]));
		assert_int_equal(certs_unbase64(certs_text(&there), &back, &e), 0);
		assert_string_equal(certs_text(&back), texts[i]);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		cleanup_buffer struct sg_buffer back;
		sg_buffer_init(&back, 64);
		expect_error(certs_unbase64(bad[i], &back, &e), &e, SG_INVALID,
			     "is no base64", bad[i]);
	}
}

static void test_service_names(void **state)
{
	static const char *const bad[] = { "", "/", "a", "a/", "/a", "a/b/c",
					   "a/B", "a b/c" };
	struct service_names n;
	struct sg_error e = { 0 };
	(void)state;
	assert_int_equal(service_names_set(&n, "shops/hook", &e), 0);
	assert_string_equal(n.text[0], "hook.shops");
	assert_string_equal(n.text[1], "hook.shops.svc");
	assert_string_equal(n.text[2], "hook.shops.svc.cluster.local");
	for (size_t i = 0; i < COUNT(bad); i++)
		expect_error(service_names_set(&n, bad[i], &e), &e, SG_INVALID,
			     "is not NAMESPACE/SERVICE", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_leaf_holds),
		cmocka_unit_test(test_what_does_not_hold),
		cmocka_unit_test(test_names_that_are_none),
		cmocka_unit_test(test_a_leaf_does_not_outlive_its_ca),
		cmocka_unit_test(test_due_after_two_thirds),
		cmocka_unit_test(test_bundle),
		cmocka_unit_test(test_the_certificate_of_a_key),
		cmocka_unit_test(test_keys_that_are_none),
		cmocka_unit_test(test_base64),
		cmocka_unit_test(test_service_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
