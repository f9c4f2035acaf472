#include "helpers.h"

#include <time.h>

#include "keyring.h"

enum { HOUR = 3600 };

static const char *const names[] = { "hook.ns.svc" };
static const struct keyring_terms terms = { names, 1, 10 * HOUR, HOUR };

static void must_take(struct keyring *k, enum keyring_step step)
{
	struct sg_error e = { 0 };
	if (keyring_take(k, step, &terms, &e))
		fail_msg("%s: %s", keyring_step_done(step), e.message);
}

static enum keyring_step next(const struct keyring *k, int64_t later,
			      bool bundle_is_known, bool leaf_is_shown)
{
	struct keyring_view v;
	keyring_look(k, &terms, time(NULL) + later, &v);
	return keyring_next(&v, bundle_is_known, leaf_is_shown);
}

static void test_a_rotation(void **state)
{
	cleanup_keyring struct keyring k;
	struct sg_error e = { 0 };
	int64_t now = time(NULL);
	(void)state;
	keyring_init(&k);
	assert_int_equal(next(&k, 0, true, true), KEYRING_MAKE);
	must_take(&k, KEYRING_MAKE);
	assert_int_equal(next(&k, 0, true, true), KEYRING_REST);
	assert_int_equal(next(&k, HOUR * 3 / 4, true, true), KEYRING_RENEW_LEAF);
	must_take(&k, KEYRING_RENEW_CA);
	assert_int_equal(certs_count(k.bundle.data), 2);
	assert_int_equal(next(&k, 0, false, true), KEYRING_REST);
	assert_int_equal(next(&k, 0, true, false), KEYRING_RENEW_LEAF);
	must_take(&k, KEYRING_RENEW_LEAF);
	assert_int_equal(certs_check(&k.leaf, k.ca.certificate.data, names, 1,
				     now, &e), 0);
	assert_int_equal(next(&k, 0, true, false), KEYRING_REST);
	assert_int_equal(next(&k, 0, false, true), KEYRING_DROP_OLD);
	must_take(&k, KEYRING_DROP_OLD);
	expect_text(k.bundle.data, k.ca.certificate.data, "the new CA alone");
	assert_int_equal(next(&k, 0, true, true), KEYRING_REST);
}

static void test_a_ca_that_is_due(void **state)
{
	static const struct keyring_terms short_ca = { names, 1, HOUR, HOUR };
	cleanup_keyring struct keyring k;
	struct keyring_view v;
	struct sg_error e = { 0 };
	(void)state;
	keyring_init(&k);
	assert_int_equal(keyring_take(&k, KEYRING_MAKE, &short_ca, &e), 0);
	keyring_look(&k, &terms, time(NULL) + HOUR * 3 / 4, &v);
	assert_true(v.ca_is_due && v.leaf_is_due);
	v.leaf_is_due = false;
	assert_int_equal(keyring_next(&v, true, true), KEYRING_RENEW_CA);
}

static void test_what_is_broken(void **state)
{
	cleanup_keyring struct keyring k, other;
	struct keyring_view v;
	const struct keyring_terms renamed = {
		(const char *const[]){ "new.ns.svc" }, 1, HOUR, HOUR
	};
	(void)state;
	keyring_init(&k);
	keyring_init(&other);
	must_take(&k, KEYRING_MAKE);
	must_take(&other, KEYRING_MAKE);
	keyring_look(&k, &renamed, time(NULL), &v);
	assert_int_equal(keyring_next(&v, false, false), KEYRING_RENEW_LEAF);
	assert_int_equal(next(&k, 2 * HOUR, false, false), KEYRING_RENEW_LEAF);
	assert_int_equal(next(&k, 20 * HOUR, false, false), KEYRING_MAKE);

	sg_buffer_wipe(&k.ca.key);
	assert_int_equal(next(&k, 0, false, false), KEYRING_RENEW_CA);
	sg_buffer_wipe(&k.leaf.key);
	keyring_look(&k, &terms, time(NULL), &v);
	assert_int_equal(keyring_next(&v, false, false), KEYRING_MAKE);
	expect_text(v.why, "the CA: the key: holds no private key in PEM (-----BEGIN PRIVATE KEY-----, not encrypted)",
		    "why");
	must_take(&k, KEYRING_MAKE);
	assert_int_equal(certs_count(k.bundle.data), 2); /* what held is kept */

	sg_buffer_clear(&k.bundle);
	sg_buffer_puts(&k.bundle, certs_text(&other.bundle));
	assert_int_equal(next(&k, 0, false, false), KEYRING_MAKE);
	sg_buffer_puts(&k.bundle, "-----BEGIN CERTIFICATE-----\nbroken\n");
	must_take(&k, KEYRING_MAKE);
	assert_int_equal(next(&k, 0, true, true), KEYRING_REST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_rotation),
		cmocka_unit_test(test_a_ca_that_is_due),
		cmocka_unit_test(test_what_is_broken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
