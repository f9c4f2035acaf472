#include "helpers.h"

#include <stdlib.h>
#include <unistd.h>

#include "api_server.h"
#include "kubeconfig.h"

#define CONFIG(cluster, user)                                                  \
	"apiVersion: v1\nkind: Config\ncurrent-context: here\n"                \
	"contexts:\n"                                                          \
	"- {name: there, context: {cluster: other, user: nobody}}\n"           \
	"- {name: here, context: {cluster: c, user: u}}\n"                     \
	"clusters:\n- {name: other, cluster: {server: 'https://no'}}\n"        \
	"- {name: c, cluster: {" cluster "}}\n"                                \
	"users:\n- {name: u, user: {" user "}}\n"

#define SERVER "server: 'https://127.0.0.1:6443'"

static int parse(const char *text, struct kubeconfig *k, struct sg_error *e)
{
	return kubeconfig_parse("/etc/kube/config", text, strlen(text), k, e);
}

static void must(const char *text, struct kubeconfig *k)
{
	struct sg_error e = { 0 };
	if (parse(text, k, &e))
		fail_msg("%s\nis refused: %s", text, e.message);
}

static void test_files_and_names(void **state)
{
	struct kubeconfig k;
	(void)state;
	must(CONFIG(SERVER
		    ", certificate-authority: pki/ca.crt, tls-server-name: api",
		    "tokenFile: /run/token, client-certificate: ../me.crt, "
		    "client-key: me.key"),
	     &k);
	assert_string_equal(k.server, "https://127.0.0.1:6443");
	assert_string_equal(k.server_name, "api");
	assert_string_equal(k.ca.file, "/etc/kube/pki/ca.crt");
	assert_string_equal(k.token_file, "/run/token");
	assert_string_equal(k.certificate.file, "/etc/kube/../me.crt");
	assert_string_equal(k.key.file, "/etc/kube/me.key");
	assert_null(k.token);
	kubeconfig_release(&k);
}

static void test_data_come_before_files(void **state)
{
	struct kubeconfig k;
	(void)state;
	must(CONFIG(SERVER ", certificate-authority: ca.crt, "
			   "certificate-authority-data: Y2E=",
		    "token: abc, client-certificate-data: Y2VydA==, "
		    "client-key-data: a2V5"),
	     &k);
	assert_null(k.ca.file);
	assert_int_equal(k.ca.length, 2);
	assert_memory_equal(k.ca.bytes, "ca", 2);
	assert_int_equal(k.certificate.length, 4);
	assert_memory_equal(k.certificate.bytes, "cert", 4);
	assert_int_equal(k.key.length, 3);
	assert_memory_equal(k.key.bytes, "key", 3);
	assert_string_equal(k.token, "abc");
	kubeconfig_release(&k);
}

static void test_json(void **state)
{
	struct kubeconfig k;
	(void)state;
	must("{\"current-context\": \"x\", \"contexts\": [{\"name\": \"x\", "
	     "\"context\": {\"cluster\": \"x\"}}], \"clusters\": [{\"name\": "
	     "\"x\", \"cluster\": {\"server\": \"https://[::1]:6443/k\"}}]}",
	     &k);
	assert_string_equal(k.server, "https://[::1]:6443/k");
	assert_null(k.token);
	kubeconfig_release(&k);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		const char *says;
	} cases[] = {
		{ "", "/etc/kube/config: is empty" },
		{ "[]", "the kubeconfig must be a mapping" },
		{ "{}", "the kubeconfig.current-context is missing" },
		{ "current-context: x", "contexts: there is no context \"x\"" },
		{ CONFIG("server: 'http://127.0.0.1'", "token: t"),
		  "it must begin with https://" },
		{ CONFIG("certificate-authority: x", "token: t"),
		  "cluster.server is missing" },
		{ CONFIG(SERVER ", insecure-skip-tls-verify: true", "token: t"),
		  "cluster.insecure-skip-tls-verify: the API server must be known" },
		{ CONFIG(SERVER ", proxy-url: 'http://p'", "token: t"),
		  "cluster.proxy-url: proxies are not supported" },
		{ CONFIG(SERVER ", certificate-authority-data: '*'", "token: t"),
		  "certificate-authority-data is not base64" },
		{ CONFIG(SERVER ", certificate-authority-data: abcde", "token: t"),
		  "certificate-authority-data is not base64" },
		{ CONFIG(SERVER, "exec: {command: aws}"),
		  "user.exec: no other program is run" },
		{ CONFIG(SERVER, "auth-provider: {name: gcp}"),
		  "user.auth-provider: auth providers are not supported" },
		{ CONFIG(SERVER, "username: a, password: b"),
		  "user.username: passwords are not supported" },
		{ CONFIG(SERVER, "token: t, as: root"),
		  "user.as: impersonation is not supported" },
		{ CONFIG(SERVER, "client-certificate: me.crt"),
		  "client-key is missing" },
		{ CONFIG(SERVER, "client-key-data: a2V5"),
		  "client-certificate is missing" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sg_error e = { 0 };
		struct kubeconfig k;
		int result = parse(cases[i].text, &k, &e);
		expect_error(result, &e, SG_INVALID, cases[i].says,
			     cases[i].text);
		kubeconfig_release(&k);
	}
}

static void test_no_message_shows_a_secret(void **state)
{
	static const char *const cases[] = {
		CONFIG(SERVER, "token: 314159"),
		CONFIG(SERVER, "token: [314159]"),
		CONFIG(SERVER, "client-certificate: x, client-key-data: 314159"),
		CONFIG(SERVER, "client-certificate: x, client-key-data: '314159'"),
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct sg_error e = { 0 };
		struct kubeconfig k;
		assert_int_equal(parse(cases[i], &k, &e), -1);
		if (strstr(e.message, "314159"))
			fail_msg("%s", e.message);
		kubeconfig_release(&k);
	}
}

/* --- tokens --- */

static int token_of(const char *text, bool in_file, struct sg_buffer *out,
		    struct sg_error *e)
{
	char path[] = "/tmp/storeguard-token-XXXXXX";
	struct kubeconfig k = { 0 };
	int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(close(fd), 0);
	if (in_file)
		k.token_file = path;
	else
		k.token = text;
	int result = kubeconfig_token(&k, out, e);
	assert_int_equal(unlink(path), 0);
	return result;
}

static void test_tokens(void **state)
{
	(void)state;
	for (int in_file = 0; in_file < 2; in_file++) {
		cleanup_buffer struct sg_buffer out;
		struct sg_error e = { 0 };
		sg_buffer_init(&out, SG_MAX_TOKEN);
		assert_int_equal(token_of("ey.J-x_\n", in_file, &out, &e), 0);
		assert_string_equal(out.data, "ey.J-x_");
	}
}

static void test_tokens_that_break_headers(void **state)
{
	static const char *const cases[] = { "s3cret\r\nHost: evil", "s3cret x",
					     "s3cret\xC3\xBC", "s3cret\x01",
					     "\n", "" };
	(void)state;
	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		cleanup_buffer struct sg_buffer out;
		struct sg_error e = { 0 };
		sg_buffer_init(&out, SG_MAX_TOKEN);
		int result = token_of(cases[i / 2], i % 2, &out, &e);
		expect_error(result, &e, SG_INVALID, "the token", cases[i / 2]);
		assert_null(strstr(e.message, "s3cret"));
		/* where it is kept is said where that is known */
		assert_true(!!strstr(e.message, "/tmp/") == (i % 2 == 1));
	}
}

static void test_no_token_file(void **state)
{
	const struct kubeconfig k = { .token_file = "/nowhere/token" };
	cleanup_buffer struct sg_buffer out;
	struct sg_error e = { 0 };
	(void)state;
	sg_buffer_init(&out, SG_MAX_TOKEN);
	expect_error(kubeconfig_token(&k, &out, &e), &e, SG_IO,
		     "token: cannot open /nowhere/token", "no file");
}

static void test_in_cluster(void **state)
{
	struct sg_error e = { 0 };
	struct kubeconfig k;
	(void)state;
	assert_int_equal(unsetenv("KUBERNETES_SERVICE_HOST"), 0);
	expect_error(kubeconfig_in_cluster(&k, &e), &e, SG_USAGE,
		     "pass --kubeconfig FILE", "no pod");
	kubeconfig_release(&k);
	assert_int_equal(setenv("KUBERNETES_SERVICE_HOST", "fd00::1", 1), 0);
	assert_int_equal(setenv("KUBERNETES_SERVICE_PORT", "443", 1), 0);
	assert_int_equal(kubeconfig_in_cluster(&k, &e), 0);
	assert_string_equal(k.server, "https://[fd00::1]:443");
	assert_string_equal(k.ca.file,
			    "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt");
	assert_string_equal(k.token_file,
			    "/var/run/secrets/kubernetes.io/serviceaccount/token");
	kubeconfig_release(&k);
	assert_int_equal(unsetenv("KUBERNETES_SERVICE_HOST"), 0);
}

/* --- addresses --- */

static void test_addresses(void **state)
{
	static const struct {
		const char *server, *name, *base, *connect_to, *host;
	} cases[] = {
		{ "https://api.example", NULL, "https://api.example:443", NULL,
		  NULL },
		{ "https://10.0.0.1:6443/", NULL, "https://10.0.0.1:6443", NULL,
		  NULL },
		{ "https://[fd00::1]:6443/k8s/c-1/", NULL,
		  "https://[fd00::1]:6443/k8s/c-1", NULL, NULL },
		{ "https://[fd00::1]:6443/k", "api.example",
		  "https://api.example:6443/k", "::[fd00::1]:6443",
		  "Host: [fd00::1]:6443" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct api_server s = { .config = { .server = cases[i].server,
						    .server_name =
							    cases[i].name } };
		struct sg_error e = { 0 };
		assert_int_equal(api_server_resolve(&s, &e), 0);
		assert_string_equal(s.base, cases[i].base);
		assert_true(!s.connect_to == !cases[i].connect_to);
		if (s.connect_to) {
			assert_string_equal(s.connect_to->data,
					    cases[i].connect_to);
			assert_string_equal(s.host_header, cases[i].host);
		}
		api_server_release(&s);
	}
}

static void test_addresses_refused(void **state)
{
	static const char *const cases[] = {
		"https://", "https://user:s3cret@host", "https://host/?x",
		"https://host/#x", "https://host:99999", "ftp://host",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct api_server s = { .config = { .server = cases[i] } };
		struct sg_error e = { 0 };
		expect_error(api_server_resolve(&s, &e), &e, SG_INVALID,
			     "must be like https://HOST:PORT", cases[i]);
		assert_null(strstr(e.message, "s3cret"));
		api_server_release(&s);
	}
}

static void test_escape(void **state)
{
	cleanup_buffer struct sg_buffer out;
	(void)state;
	sg_buffer_init(&out, 256);
	api_escape(&out, "a-b_c.d~E9");
	api_escape(&out, "/../?x=y&z #%,\xC3\xBC");
	assert_string_equal(out.data, "a-b_c.d~E9%2F..%2F%3Fx%3Dy%26z%20%23%25"
				      "%2C%C3%BC");
}

static void test_refusals(void **state)
{
	static const struct {
		const char *body, *says;
	} cases[] = {
		{ "{\"kind\": \"Status\", \"message\": \"stores \\\"x\\\" is forbidden\"}",
		  "GET /x: 403: stores \"x\" is forbidden" },
		{ "<html>no</html>", "GET /x: 403: <html>no</html>" },
		{ "{\"kind\": \"Store\"}", "GET /x: 403: {\"kind\": \"Store\"}" },
		{ "", "GET /x: 403: (no body)" },
	};
	const struct api_request r = { .method = "GET", .path = "/x" };
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_buffer struct sg_buffer answer;
		struct sg_error e = { 0 };
		sg_buffer_init(&answer, 1024);
		sg_buffer_puts(&answer, cases[i].body);
		expect_error(api_refused(&r, 403, &answer, &e), &e, SG_IO,
			     cases[i].says, cases[i].body);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_files_and_names),
		cmocka_unit_test(test_data_come_before_files),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_message_shows_a_secret),
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_tokens_that_break_headers),
		cmocka_unit_test(test_no_token_file),
		cmocka_unit_test(test_in_cluster),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_addresses_refused),
		cmocka_unit_test(test_escape),
		cmocka_unit_test(test_refusals),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
