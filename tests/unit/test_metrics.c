#include "helpers.h"

#include <pthread.h>
#include <string.h>

#include "metrics.h"
#include "probes.h"

static double read_number(const void *context)
{
	return *(const double *)context;
}

static char *written(struct metrics *m, struct sg_buffer *out)
{
	sg_buffer_init(out, SG_MAX_REPLY);
	metrics_write(m, out);
	assert_non_null(out->data);
	return out->data;
}

static void expect_line(const char *text, const char *line)
{
	const char *at = strstr(text, line);
	size_t length = strlen(line);
	while (at && ((at != text && at[-1] != '\n') || at[length] != '\n'))
		at = strstr(at + 1, line);
	if (!at)
		fail_msg("no line \"%s\" in\n%s", line, text);
}

static void test_reviews(void **state)
{
	struct metrics *m = metrics_new();
	cleanup_buffer struct sg_buffer out;
	(void)state;
	assert_non_null(m);
	metrics_review(m, ENDPOINT_VALIDATE_STORE, METRICS_ALLOWED, 200, 100);
	metrics_review(m, ENDPOINT_VALIDATE_STORE, METRICS_ALLOWED, 200, 101);
	metrics_review(m, ENDPOINT_VALIDATE_STORE, METRICS_DENIED, 422, 3000);
	metrics_review(m, ENDPOINT_VALIDATE_STORE, METRICS_ERROR, 599, 60000000);
	const char *text = written(m, &out);
	const char *const lines[] = {
		"# TYPE storeguard_admission_reviews_total counter",
		"storeguard_admission_reviews_total{endpoint=\"mutate-store\",verdict=\"allowed\",code=\"200\"} 0",
		"storeguard_admission_reviews_total{endpoint=\"validate-store\",verdict=\"allowed\",code=\"200\"} 2",
		"storeguard_admission_reviews_total{endpoint=\"validate-store\",verdict=\"denied\",code=\"422\"} 1",
		"storeguard_admission_reviews_total{endpoint=\"validate-store\",verdict=\"error\",code=\"500\"} 1",
		"# TYPE storeguard_admission_duration_seconds histogram",
		"storeguard_admission_duration_seconds_bucket{endpoint=\"validate-store\",le=\"0.0001\"} 1",
		"storeguard_admission_duration_seconds_bucket{endpoint=\"validate-store\",le=\"0.00025\"} 2",
		"storeguard_admission_duration_seconds_bucket{endpoint=\"validate-store\",le=\"0.005\"} 3",
		"storeguard_admission_duration_seconds_bucket{endpoint=\"validate-store\",le=\"10\"} 3",
		"storeguard_admission_duration_seconds_bucket{endpoint=\"validate-store\",le=\"+Inf\"} 4",
		"storeguard_admission_duration_seconds_sum{endpoint=\"validate-store\"} 60.003201",
		"storeguard_admission_duration_seconds_count{endpoint=\"validate-store\"} 4",
		"storeguard_build_info{version=\"" SG_VERSION "\"} 1",
		"# TYPE process_resident_memory_bytes gauge",
	};
	for (size_t i = 0; i < COUNT(lines); i++)
		expect_line(text, lines[i]);
	metrics_free(m);
}

static void test_added(void **state)
{
	struct metrics *m = metrics_new();
	const double age = 1.5, many = 123456789012;
	const struct metric added[] = {
		{ "storeguard_watch_age_seconds", "Age.", METRIC_GAUGE,
		  read_number, &age, "kind=\"Store\"", NULL },
		{ "storeguard_watch_age_seconds", "Age.", METRIC_GAUGE,
		  read_number, &many, "kind=\"StorePolicy\"", NULL },
		{ "storeguard_things_total", "Things.", METRIC_COUNTER,
		  read_number, &many, NULL, NULL },
		{ "storeguard_took_seconds", "Took.", METRIC_HISTOGRAM,
		  read_number, &age, "le=\"+Inf\"", "_bucket" },
		{ "storeguard_took_seconds", "Took.", METRIC_HISTOGRAM,
		  read_number, &age, NULL, "_sum" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(added); i++)
		assert_int_equal(metrics_add(m, &added[i]), 0);
	cleanup_buffer struct sg_buffer first, second;
	const char *text = written(m, &first);
	expect_line(text, "storeguard_watch_age_seconds{kind=\"Store\"} 1.5");
	expect_line(text, "storeguard_watch_age_seconds{kind=\"StorePolicy\"} 123456789012");
	expect_line(text, "storeguard_things_total 123456789012");
	expect_line(text, "# TYPE storeguard_took_seconds histogram");
	expect_line(text, "storeguard_took_seconds_bucket{le=\"+Inf\"} 1.5");
	expect_line(text, "storeguard_took_seconds_sum 1.5");
	const char *head = strstr(text, "# HELP storeguard_watch_age_seconds");
	assert_non_null(head);
	assert_null(strstr(head + 1, "# HELP storeguard_watch_age_seconds"));
	metrics_forget(m, &many);
	text = written(m, &second);
	expect_line(text, "storeguard_watch_age_seconds{kind=\"Store\"} 1.5");
	assert_null(strstr(text, "123456789012"));
	metrics_free(m);
}

enum { THREADS = 4, REVIEWS = 20000 };

static void *review_often(void *metrics)
{
	for (int i = 0; i < REVIEWS; i++)
		metrics_review(metrics, ENDPOINT_MUTATE_STORE, METRICS_ALLOWED,
			       200, i % 1000);
	return NULL;
}

static void test_threads(void **state)
{
	struct metrics *m = metrics_new();
	pthread_t threads[THREADS];
	cleanup_buffer struct sg_buffer during, after;
	(void)state;
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, review_often,
						m),
				 0);
	(void)written(m, &during);
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	expect_line(written(m, &after),
		    "storeguard_admission_duration_seconds_count{endpoint=\"mutate-store\"} 80000");
	metrics_free(m);
}

/* --- probes --- */

static struct server_answer asked(struct probes *p, const char *method,
				  const char *path)
{
	const struct server_request r = { .method = method, .path = path,
					  .content_type = "", .body = "" };
	struct server_answer a = { .status = 200 };
	sg_buffer_init(&a.body, SG_MAX_REPLY);
	assert_int_equal(probes_handle(p, &r, &a), SERVER_DONE);
	return a;
}

static void expect_answer(struct probes *p, const char *path, int status,
			  const char *body)
{
	struct server_answer a = asked(p, "GET", path);
	assert_int_equal(a.status, status);
	expect_text(a.body.data, body, path);
	sg_buffer_release(&a.body);
}

static int check_flag(const void *flag, struct sg_error *e)
{
	if (*(const bool *)flag)
		return 0;
	return sg_error_set(e, SG_IO, "the first list has not come yet");
}

static void test_probes(void **state)
{
	struct metrics *m = metrics_new();
	struct probes *p = probes_new(m);
	bool certificate = true, stores = false;
	(void)state;
	probes_add(p, "certificate", check_flag, &certificate);
	probes_add(p, "stores", check_flag, &stores);
	expect_answer(p, "/healthz", 200, "ok\n");
	expect_answer(p, "/readyz", 503,
		      "[+]certificate ok\n"
		      "[-]stores failed: the first list has not come yet\n"
		      "[+]shutdown ok\n"
		      "readyz check failed\n");
	stores = true;
	expect_answer(p, "/readyz", 200,
		      "[+]certificate ok\n[+]stores ok\n[+]shutdown ok\n"
		      "readyz check passed\n");
	probes_drain(p);
	expect_answer(p, "/healthz", 200, "ok\n");
	expect_answer(p, "/readyz", 503,
		      "[+]certificate ok\n[+]stores ok\n"
		      "[-]shutdown failed: the process is ending\n"
		      "readyz check failed\n");
	expect_answer(p, "/", 404, "there are /healthz, /readyz and /metrics\n");

	struct server_answer a = asked(p, "GET", "/metrics");
	expect_text(a.content_type, "text/plain; version=0.0.4; charset=utf-8",
		    "the type of /metrics");
	assert_memory_equal(a.body.data, "# HELP ", 7);
	sg_buffer_release(&a.body);
	a = asked(p, "POST", "/metrics");
	assert_int_equal(a.status, 405);
	expect_text(a.allow, "GET, HEAD", "Allow");
	sg_buffer_release(&a.body);
	probes_free(p);
	metrics_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reviews),
		cmocka_unit_test(test_added),
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_probes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
