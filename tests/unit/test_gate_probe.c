/* Whether the gate stands, by an API server made here. */
#include "helpers.h"

#include "fake_api.h"
#include "gate_probe.h"

#define DENIED                                                                 \
	"{\"message\":\"admission webhook \\\"validate-namespace.urumi.io\\\" denied the request: namespaces store-*\"}"
#define NET                                                                    \
	"{\"message\":\"ValidatingAdmissionPolicy 'storeguard-namespace-labels' with binding 'x' denied request: y\"}"
#define IN_VAIN                                                                \
	"{\"message\":\"Internal error occurred: failed calling webhook \\\"validate-namespace.urumi.io\\\": no endpoints\"}"

#define RULES(resource, operations)                                            \
	"\"rules\":[{\"operations\":[" operations "],\"resources\":[\"" resource "\"]}]"
#define STORES                                                                 \
	"{\"name\":\"validate-store.urumi.io\",\"failurePolicy\":\"Fail\",\"namespaceSelector\":{},\"objectSelector\":{}," \
	RULES("stores", "\"CREATE\",\"UPDATE\"") "}"
#define NAMESPACES(more)                                                       \
	"{\"name\":\"validate-namespace.urumi.io\",\"failurePolicy\":\"Fail\"" more "," \
	RULES("namespaces", "\"CREATE\"") "}"
#define HOOKS(list) "{\"webhooks\":[" list "]}"
#define SELECTOR(expressions)                                                  \
	",\"namespaceSelector\":{\"matchExpressions\":[" expressions "]}"
#define AKS                                                                    \
	"{\"key\":\"control-plane\",\"operator\":\"DoesNotExist\"}," \
	"{\"key\":\"kubernetes.azure.com/managedby\",\"operator\":\"NotIn\",\"values\":[\"aks\"]}"

static struct {
	int plain; /* status of the plain namespace; 0: no answer */
	const char *says;
	int labelled;
	const char *says_of_labelled;
	const char *configuration; /* NULL: there is none */
	char labels[512]; /* gets what was tried with labels */
} server;

static int answer(int status, const char *text, int *out, struct sg_buffer *to,
		  struct sg_error *e)
{
	if (!status)
		return sg_error_set(e, SG_IO, "no answer in time");
	*out = status;
	sg_buffer_puts(to, text);
	return 0;
}

int api_call(struct api *a, const struct api_request *r, int *status,
	     struct sg_buffer *to, struct sg_error *e)
{
	(void)a;
	if (strcmp(r->method, "GET") == 0) {
		assert_string_equal(strrchr(r->path, '/'), "/storeguard");
		return answer(server.configuration ? 200 : 404,
			      server.configuration ? server.configuration :
						     "{}",
			      status, to, e);
	}
	/* nothing is ever made */
	assert_non_null(strstr(r->path, "/api/v1/namespaces/store-"));
	assert_non_null(strstr(r->path, "?dryRun=All&"));
	const char *labels = strstr(r->body, "\"labels\":");
	assert_non_null(labels);
	if (strncmp(labels, "\"labels\":{}", 11) == 0)
		return answer(server.plain, server.says, status, to, e);
	(void)snprintf(server.labels, sizeof server.labels, "%s", labels);
	return answer(server.labelled, server.says_of_labelled, status, to, e);
}

bool api_says_not_found(const struct sg_buffer *text, const char *name)
{
	(void)text, (void)name;
	return true;
}

/* --- */

static void expect(enum gate_state state, const char *says)
{
	cleanup_arena struct sg_arena a;
	struct gate_finding found;
	struct api api = { 0 };
	sg_arena_init(&a);
	gate_probe(&api, &a, "storeguard", &found);
	if (found.state != state || !strstr(found.message, says))
		fail_msg("state %d instead of %d, without \"%s\": %s",
			 found.state, state, says, found.message);
}

static int reset(void **state)
{
	(void)state;
	server.plain = server.labelled = 403;
	server.says = server.says_of_labelled = DENIED;
	server.configuration = HOOKS(STORES "," NAMESPACES(""));
	server.labels[0] = '\0';
	return 0;
}

static void test_it_stands(void **state)
{
	(void)state;
	expect(GATE_ASKED, "are refused");
	assert_string_equal(server.labels, "");
}

static void test_it_is_not_asked(void **state)
{
	(void)state;
	server.plain = 201;
	server.says = "{\"kind\":\"Namespace\"}";
	expect(GATE_NOT_ASKED, "with labels {}, which no Store has, would be made");
	server.plain = 200;
	expect(GATE_NOT_ASKED, "would be made");
}

static void test_it_is_asked_in_vain(void **state)
{
	(void)state;
	server.plain = 500;
	server.says = IN_VAIN;
	expect(GATE_FAILING, "no endpoints");
}

static void test_it_can_not_be_tried(void **state)
{
	(void)state;
	server.plain = 0;
	expect(GATE_UNKNOWN, "no answer in time");
	server.plain = 403;
	server.says = "{\"message\":\"User \\\"x\\\" cannot patch resource\"}";
	expect(GATE_UNKNOWN, "HTTP 403: User \"x\" cannot patch resource");
	server.says = "{\"message\":\"admission webhook \\\"other\\\" denied the request: no\"}";
	expect(GATE_UNKNOWN, "webhook \"other\" denied");
	server.says = "not JSON";
	expect(GATE_UNKNOWN, "HTTP 403: ");
	reset(NULL);
	server.configuration = NULL;
	expect(GATE_UNKNOWN, "404");
}

/* As AKS does it, and as others might. */
static void test_selectors_that_leave_something_out(void **state)
{
	static const struct {
		const char *selector;
		const char *labels; /* that are tried */
	} cases[] = {
		{ SELECTOR(AKS),
		  "{\"control-plane\":\"true\",\"kubernetes.azure.com/managedby\":\"aks\"}" },
		{ SELECTOR("{\"key\":\"control-plane\",\"operator\":\"NotIn\",\"values\":[\"true\"]}"),
		  "{\"control-plane\":\"true\"}" },
		{ ",\"objectSelector\":{\"matchExpressions\":[{\"key\":\"a/b\",\"operator\":\"DoesNotExist\"}]}",
		  "{\"a/b\":\"true\"}" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		sg_arena_init(&a);
		reset(NULL);
		server.configuration =
			sg_arena_printf(&a, HOOKS(STORES "," NAMESPACES("%s")),
					cases[i].selector);
		expect(GATE_ASKED, "are refused");
		if (!strstr(server.labels, cases[i].labels))
			fail_msg("tried with %s, not %s", server.labels,
				 cases[i].labels);
		/* the second net */
		server.says_of_labelled = NET;
		expect(GATE_ASKED, "are refused");
		server.labelled = 200;
		server.says_of_labelled = "{}";
		expect(GATE_NOT_ASKED, cases[i].labels);
	}
	/* what is asked for is missing in the plain one, which is not refused then */
	reset(NULL);
	server.configuration = HOOKS(STORES "," NAMESPACES(SELECTOR(
		"{\"key\":\"a\",\"operator\":\"Exists\"},{\"key\":\"b\",\"operator\":\"In\",\"values\":[\"c\"]}")));
	expect(GATE_ASKED, "are refused");
	assert_string_equal(server.labels, "");
}

static void test_what_the_configuration_lacks(void **state)
{
	static const struct {
		const char *configuration, *says;
	} cases[] = {
		{ "{}", "has no webhook validate-store.urumi.io" },
		{ HOOKS(NAMESPACES("")), "has no webhook validate-store.urumi.io" },
		{ HOOKS(STORES), "has no webhook validate-namespace.urumi.io" },
		{ HOOKS("{\"name\":\"validate-store.urumi.io\",\"failurePolicy\":\"Ignore\"}"),
		  "validate-store.urumi.io has no failurePolicy Fail" },
		{ HOOKS("{\"name\":\"validate-store.urumi.io\",\"failurePolicy\":\"Fail\"," RULES(
			"stores", "\"CREATE\"") "}"),
		  "has no rule for all that is done to stores" },
		{ HOOKS("{\"name\":\"validate-store.urumi.io\",\"failurePolicy\":\"Fail\"," RULES(
			  "stores", "\"*\"") ",\"objectSelector\":{\"matchLabels\":{\"a\":\"b\"}}}," NAMESPACES("")),
		  "has an objectSelector" },
		{ HOOKS(STORES ",{\"name\":\"validate-namespace.urumi.io\",\"failurePolicy\":\"Fail\"}"),
		  "has no rule for all that is done to namespaces" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		server.configuration = cases[i].configuration;
		expect(GATE_NOT_ASKED, cases[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_it_stands, reset),
		cmocka_unit_test_setup(test_it_is_not_asked, reset),
		cmocka_unit_test_setup(test_it_is_asked_in_vain, reset),
		cmocka_unit_test_setup(test_it_can_not_be_tried, reset),
		cmocka_unit_test_setup(test_selectors_that_leave_something_out,
				       reset),
		cmocka_unit_test_setup(test_what_the_configuration_lacks, reset),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
