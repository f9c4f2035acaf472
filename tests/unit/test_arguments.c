#include "helpers.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "arguments.h"

enum { WORDS = 32 };

/* Parses a line split at spaces, behind the program's name. */
static int parse(const char *line, struct arguments *out, struct sg_error *e)
{
	static char text[512];
	static char program[] = "storeguard-webhook";
	char *argv[WORDS + 1] = { program };
	int argc = 1;
	(void)snprintf(text, sizeof text, "%s", line);
	for (char *rest = text, *word; (word = strsep(&rest, " "));)
		if (*word && argc < WORDS)
			argv[argc++] = word;
	argv[argc] = NULL;
	optind = 0; /* else getopt goes on in the middle of the last line */
	(void)getopt(1, argv, "");
	return arguments_parse(argc, argv, out, e);
}

static void must_parse_line(const char *line, struct arguments *out)
{
	struct sg_error e = { 0 };
	if (parse(line, out, &e))
		fail_msg("%s: %s", line, e.message);
}

static int outside_of_a_pod(void **state)
{
	(void)state;
	return unsetenv("KUBECONFIG") || unsetenv("KUBERNETES_SERVICE_HOST");
}

static void test_defaults(void **state)
{
	struct arguments a;
	char text[80];
	(void)state;
	must_parse_line("--standalone", &a);
	assert_int_equal(a.command, ARGUMENTS_SERVE);
	assert_int_equal(a.drain, 25);
	assert_int_equal(a.log_format, LOG_FORMAT_JSON);
	assert_null(a.policy_file);
	address_print(&a.listen, text, sizeof text);
	expect_text(text, "[::]:8443", "--listen");
	address_print(&a.http, text, sizeof text);
	expect_text(text, "[::]:8080", "--http");
}

static void test_serve(void **state)
{
	struct arguments a;
	char text[80];
	(void)state;
	must_parse_line("serve --listen 127.0.0.1:0 --http [::1]:9090 --tls-cert c "
			"--tls-key k --path-secret ns/path --client-ca ca --policy p --kubeconfig f "
			"--drain 0 --log-format text",
			&a);
	address_print(&a.listen, text, sizeof text);
	expect_text(text, "127.0.0.1:0", "--listen");
	address_print(&a.http, text, sizeof text);
	expect_text(text, "[::1]:9090", "--http");
	expect_text(a.tls_cert, "c", "--tls-cert");
	expect_text(a.tls_key, "k", "--tls-key");
	expect_text(a.path_secret, "ns/path", "--path-secret");
	expect_text(a.client_ca, "ca", "--client-ca");
	expect_text(a.policy_file, "p", "--policy");
	expect_text(a.kubeconfig, "f", "--kubeconfig");
	assert_int_equal(a.drain, 0);
	assert_int_equal(a.log_format, LOG_FORMAT_TEXT);
	must_parse_line("--kubeconfig f --cert-secret ns/tls --service ns/hook", &a);
	expect_text(a.cert_secret, "ns/tls", "--cert-secret");
	expect_text(a.service, "ns/hook", "--service");
	expect_text(a.configurations, "storeguard", "--configurations");
	assert_null(a.lease);
	must_parse_line("--kubeconfig f --tls-cert c --tls-key k --lease ns/webhook",
			&a);
	expect_text(a.lease, "ns/webhook", "--lease");
	assert_null(a.generator_token_file);
	must_parse_line("--kubeconfig f --tls-cert c --tls-key k "
			"--generator :8081 --generator-token-file t",
			&a);
	address_print(&a.generator, text, sizeof text);
	expect_text(text, "[::]:8081", "--generator");
	expect_text(a.generator_token_file, "t", "--generator-token-file");
}

static void test_where_the_cluster_is(void **state)
{
	struct arguments a;
	(void)state;
	assert_int_equal(setenv("KUBECONFIG", "from-environment", 1), 0);
	must_parse_line("--tls-cert c --tls-key k", &a);
	expect_text(a.kubeconfig, "from-environment", "outside of a pod");
	must_parse_line("--tls-cert c --tls-key k --kubeconfig f", &a);
	expect_text(a.kubeconfig, "f", "the option");
	assert_int_equal(setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1), 0);
	must_parse_line("--tls-cert c --tls-key k", &a);
	assert_null(a.kubeconfig);
}

static void test_quota(void **state)
{
	struct arguments a;
	(void)state;
	must_parse_line("quota alice@example.com 10", &a);
	assert_int_equal(a.command, ARGUMENTS_QUOTA);
	expect_text(a.owner, "alice@example.com", "owner");
	assert_int_equal(a.stores, 10);
	must_parse_line("quota x 0", &a);
	assert_int_equal(a.stores, 0);
	must_parse_line("--standalone", &a);
	assert_int_equal(a.reservation_ttl, 120);
	must_parse_line("--standalone --reservation-ttl 300", &a);
	assert_int_equal(a.reservation_ttl, 300);
}

static void test_remove_finalizers(void **state)
{
	struct arguments a;
	(void)state;
	must_parse_line("remove-finalizers --kubeconfig f", &a);
	assert_int_equal(a.command, ARGUMENTS_REMOVE_FINALIZERS);
	expect_text(a.kubeconfig, "f", "--kubeconfig");
	assert_int_equal(setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1", 1), 0);
	must_parse_line("remove-finalizers", &a);
	assert_int_equal(a.command, ARGUMENTS_REMOVE_FINALIZERS);
	assert_null(a.kubeconfig);
}

static void test_review(void **state)
{
	struct arguments a;
	(void)state;
	must_parse_line("review --user alice --groups a,b:c one.yaml - --policy p",
			&a);
	assert_int_equal(a.command, ARGUMENTS_REVIEW);
	expect_text(a.user, "alice", "--user");
	assert_int_equal(a.group_count, 2);
	expect_text(a.groups[1], "b:c", "--groups");
	assert_int_equal(a.file_count, 2);
	expect_text(a.files[0], "one.yaml", "the first");
	expect_text(a.files[1], "-", "the second");
	expect_text(a.policy_file, "p", "--policy");
}

static void test_help_and_version(void **state)
{
	struct arguments a;
	(void)state;
	must_parse_line("-h --nonsense", &a);
	assert_int_equal(a.command, ARGUMENTS_HELP);
	must_parse_line("--version", &a);
	assert_int_equal(a.command, ARGUMENTS_VERSION);
}

static void test_refused(void **state)
{
	const char *const cases[][2] = {
		{ "", "a certificate is needed" },
		{ "--tls-cert c --tls-key k", "not in a pod" },
		{ "--kubeconfig f", "a certificate is needed" },
		{ "--standalone --listen 8443", "ADDRESS:PORT" },
		{ "--standalone --listen localhost:8443", "127.0.0.1:8443" },
		{ "--standalone --http 1.2.3.4:65536", "--http takes" },
		{ "--standalone --http ::1:80", "[::1]:8443" },
		{ "--standalone --drain -1", "seconds from 0 to 3600" },
		{ "--standalone --drain 3601", "seconds from 0 to 3600" },
		{ "--standalone --drain 5s", "\"5s\"" },
		{ "--standalone --log-format xml", "json or text" },
		{ "--standalone --tls-cert c", "belong together" },
		{ "--standalone --kubeconfig f", "no --kubeconfig" },
		{ "--standalone --cert-secret a/b --service a/b",
		  "--standalone goes without a cluster" },
		{ "--kubeconfig f --tls-cert c --tls-key k --cert-secret a/b",
		  "not both" },
		{ "--kubeconfig f --cert-secret b", "NAMESPACE/NAME" },
		{ "--kubeconfig f --cert-secret a/b/c", "NAMESPACE/NAME" },
		{ "--kubeconfig f --cert-secret /b", "NAMESPACE/NAME" },
		{ "--kubeconfig f --cert-secret a/b", "needs --service" },
		{ "--standalone --service a/b", "belongs to --cert-secret" },
		{ "--standalone --settle 2", "belong to --cert-secret" },
		{ "--standalone --path-secret a/b", "no --path-secret" },
		{ "--cert-secret a/b --service a/b --path-secret a/b --path-secret-file f", "--path-secret-file, not both" },
		{ "--standalone --user alice", "belong to review" },
		{ "--standalone --nonsense", "--nonsense; see storeguard-webhook" },
		{ "--standalone --policy", "needs a value" },
		{ "--standalone --policy=", "empty value" },
		{ "--standalone start", "serve, review, quota and remove-finalizers are known" },
		{ "--standalone --lease a/b", "no --lease" },
		{ "--kubeconfig f --tls-cert c --tls-key k --lease b", "--lease takes NAMESPACE/NAME" },
		{ "--kubeconfig f --tls-cert c --tls-key k --generator :1",
		  "--generator and --generator-token-file belong together" },
		{ "--kubeconfig f --tls-cert c --tls-key k --generator-token-file t",
		  "belong together" },
		{ "--kubeconfig f --tls-cert c --tls-key k --generator x "
		  "--generator-token-file t",
		  "--generator takes ADDRESS:PORT" },
		{ "--standalone --generator :1 --generator-token-file t",
		  "no Stores for --generator" },
		{ "remove-finalizers", "not in a pod: pass --kubeconfig; see" },
		{ "remove-finalizers fashion --kubeconfig f", "and nothing else" },
		{ "remove-finalizers --kubeconfig f --drain 3", "and nothing else" },
		{ "remove-finalizers --kubeconfig f --user alice", "and nothing else" },
		{ "review", "FILE, or - for stdin" },
		{ "review --listen :1 f", "no other option" },
		{ "review --groups a,,b f", "commas between" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sg_error e = { 0 };
		struct arguments a;
		expect_error(parse(cases[i][0], &a, &e), &e, SG_USAGE,
			     cases[i][1], cases[i][0]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_defaults, outside_of_a_pod),
		cmocka_unit_test_setup(test_serve, outside_of_a_pod),
		cmocka_unit_test_setup(test_where_the_cluster_is,
				       outside_of_a_pod),
		cmocka_unit_test_setup(test_quota, outside_of_a_pod),
		cmocka_unit_test_setup(test_remove_finalizers, outside_of_a_pod),
		cmocka_unit_test_setup(test_review, outside_of_a_pod),
		cmocka_unit_test_setup(test_help_and_version, outside_of_a_pod),
		cmocka_unit_test_setup(test_refused, outside_of_a_pod),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
