/* Certificates from disk, renewed as Kubernetes and cert-manager do it. */
#include "helpers.h"

#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "certificates.h"
#include "certs.h"
#include "clock.h"

enum { PATIENCE_MS = 10000 };

struct tls {
	_Atomic unsigned times;
};

int tls_set(struct tls *t, const char *certificate, const char *key,
	    struct sg_error *e)
{
	(void)certificate;
	(void)key;
	(void)e;
	t->times++;
	return 0;
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void make_pair(struct certs_pair *out)
{
	static const char *const names[] = { "hook.ns.svc" };
	cleanup_certs_pair struct certs_pair ca;
	struct sg_error e = { 0 };
	certs_pair_init(&ca);
	certs_pair_init(out);
	assert_int_equal(certs_make_ca("ca", 3600, &ca, &e), 0);
	assert_int_equal(certs_issue(&ca, names, 1, 3600, out, &e), 0);
}

/* A volume of Kubernetes: tls.crt -> ..data/tls.crt, ..data -> a folder. */
static void write_version(const char *version, const struct certs_pair *p)
{
	char path[64];
	assert_int_equal(mkdir(version, 0700), 0);
	(void)snprintf(path, sizeof path, "%s/tls.crt", version);
	write_text(path, certs_text(&p->certificate));
	(void)snprintf(path, sizeof path, "%s/tls.key", version);
	write_text(path, certs_text(&p->key));
	assert_int_equal(symlink(version, "..data_tmp"), 0);
	assert_int_equal(rename("..data_tmp", "..data"), 0);
}

static void wait_for(struct tls *t, unsigned times)
{
	int64_t until = clock_now() + PATIENCE_MS;
	const struct timespec pause = { .tv_nsec = 10000000 };
	while (t->times < times) {
		if (clock_now() > until)
			fail_msg("shown %u times instead of %u", t->times, times);
		(void)nanosleep(&pause, NULL);
	}
}

/* A folder of its own, left and removed again. */
static void enter(char folder[], size_t size)
{
	(void)snprintf(folder, size, "/tmp/storeguard-files-XXXXXX");
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
}

static void leave(const char *folder)
{
	static const char *const files[] = { "one/tls.crt", "one/tls.key",
					     "two/tls.crt", "two/tls.key",
					     "tls.crt", "tls.key", "..data" };
	for (size_t i = 0; i < COUNT(files); i++)
		(void)unlink(files[i]);
	(void)rmdir("one");
	(void)rmdir("two");
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void test_a_volume_is_swapped(void **state)
{
	char folder[64];
	cleanup_certs_pair struct certs_pair one, two;
	struct certificates *c = NULL;
	struct tls tls = { 0 };
	const struct log log = { .fd = -1 };
	struct sg_error e = { 0 };
	(void)state;
	enter(folder, sizeof folder);
	make_pair(&one);
	make_pair(&two);
	write_version("one", &one);
	assert_int_equal(symlink("..data/tls.crt", "tls.crt"), 0);
	assert_int_equal(symlink("..data/tls.key", "tls.key"), 0);
	assert_int_equal(certificates_follow_files(&tls, "tls.crt", "tls.key",
						   &log, &c, &e), 0);
	assert_int_equal(tls.times, 1);
	assert_true(certificates_is_ready(c));
	write_version("two", &two);
	wait_for(&tls, 2);
	certificates_free(c);
	assert_int_equal(tls.times, 2);
	leave(folder);
}

static void test_half_a_renewal_is_not_shown(void **state)
{
	char folder[64];
	cleanup_certs_pair struct certs_pair one, two;
	struct certificates *c = NULL;
	struct tls tls = { 0 };
	struct log log = { .fd = -1 };
	struct sg_error e = { 0 };
	char said[2048] = "";
	(void)state;
	enter(folder, sizeof folder);
	make_pair(&one);
	make_pair(&two);
	write_text("tls.crt", certs_text(&one.certificate));
	write_text("tls.key", certs_text(&one.key));
	FILE *lines = tmpfile();
	assert_non_null(lines);
	log.fd = fileno(lines);
	assert_int_equal(certificates_follow_files(&tls, "tls.crt", "tls.key",
						   &log, &c, &e), 0);
	write_text("tls.crt", certs_text(&two.certificate));
	for (int64_t until = clock_now() + PATIENCE_MS;
	     !strstr(said, "does not belong") && clock_now() < until;) {
		const struct timespec pause = { .tv_nsec = 10000000 };
		(void)nanosleep(&pause, NULL);
		said[pread(log.fd, said, sizeof said - 1, 0)] = '\0';
	}
	assert_non_null(strstr(said, "tls.crt, tls.key: the key does not belong to the certificate"));
	assert_int_equal(tls.times, 1);
	write_text("tls.key", certs_text(&two.key));
	wait_for(&tls, 2);
	certificates_free(c);
	(void)fclose(lines);
	leave(folder);
}

static void test_what_can_not_be_read(void **state)
{
	char folder[64];
	struct certificates *c = NULL;
	struct tls tls = { 0 };
	const struct log log = { .fd = -1 };
	struct sg_error e = { 0 };
	(void)state;
	enter(folder, sizeof folder);
	expect_error(certificates_follow_files(&tls, "tls.crt", "tls.key", &log,
					       &c, &e),
		     &e, SG_IO, "cannot read tls.crt: No such file", "missing");
	write_text("tls.crt", "not a certificate");
	write_text("tls.key", "hush");
	expect_error(certificates_follow_files(&tls, "tls.crt", "tls.key", &log,
					       &c, &e),
		     &e, SG_INVALID, "tls.crt, tls.key: the certificate: holds no certificate in PEM",
		     "no PEM");
	assert_null(strstr(e.message, "hush"));
	assert_int_equal(tls.times, 0);
	leave(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_volume_is_swapped),
		cmocka_unit_test(test_half_a_renewal_is_not_shown),
		cmocka_unit_test(test_what_can_not_be_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
