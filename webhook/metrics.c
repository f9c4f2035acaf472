#include "metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "metrics_process.h"

enum {
	ENDPOINTS = ENDPOINT_VALIDATE_STOREPOLICY + 1,
	VERDICTS = METRICS_ERROR + 1,
	ADDED_MAX = 128, /* metrics_add's are few, and all in the code */
};

/* Any other code counts as the last one. */
static const int codes[] = { 200, 400, 403, 404, 405, 409, 413,
			     415, 422, 429, 503, 504, 500 };
enum { CODES = sizeof codes / sizeof *codes };

/* Upper bounds in microseconds; what takes longer counts to +Inf only. */
static const int64_t bounds[] = { 100,	  250,	   500,	    1000,   2500,
				  5000,	  10000,   25000,   50000,  100000,
				  250000, 500000,  1000000, 2500000, 5000000,
				  10000000 };
enum { BUCKETS = sizeof bounds / sizeof *bounds };

static const char *const endpoint_names[ENDPOINTS] = {
	[ENDPOINT_MUTATE_STORE] = "mutate-store",
	[ENDPOINT_VALIDATE_STORE] = "validate-store",
	[ENDPOINT_VALIDATE_NAMESPACE] = "validate-namespace",
	[ENDPOINT_VALIDATE_STOREPOLICY] = "validate-storepolicy",
};
static const char *const verdict_names[VERDICTS] = { "allowed", "denied",
						     "error" };

struct histogram {
	atomic_ullong buckets[BUCKETS + 1]; /* not added up yet; the last: +Inf */
	atomic_ullong microseconds;
};

struct metrics {
	atomic_ullong reviews[ENDPOINTS][VERDICTS][CODES];
	struct histogram durations[ENDPOINTS];
	pthread_mutex_t lock; /* of what was added */
	struct metric added[ADDED_MAX];
	unsigned added_count;
};

struct metrics *metrics_new(void)
{
	struct metrics *m = calloc(1, sizeof *m);
	if (m)
		(void)pthread_mutex_init(&m->lock, NULL);
	return m;
}

void metrics_free(struct metrics *m)
{
	if (!m)
		return;
	(void)pthread_mutex_destroy(&m->lock);
	free(m);
}

static void add(atomic_ullong *counter, unsigned long long n)
{
	atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

static unsigned long long get(const atomic_ullong *counter)
{
	return atomic_load_explicit(counter, memory_order_relaxed);
}

void metrics_review(struct metrics *m, enum endpoint endpoint,
		    enum metrics_verdict verdict, int code,
		    int64_t microseconds)
{
	struct histogram *h = &m->durations[endpoint];
	unsigned c = 0, bucket = 0;
	while (c < CODES - 1 && codes[c] != code)
		c++;
	while (bucket < BUCKETS && microseconds > bounds[bucket])
		bucket++;
	add(&m->reviews[endpoint][verdict][c], 1);
	add(&h->buckets[bucket], 1);
	if (microseconds > 0)
		add(&h->microseconds, (unsigned long long)microseconds);
}

int metrics_add(struct metrics *m, const struct metric *metric)
{
	int result = -1;
	pthread_mutex_lock(&m->lock);
	if (m->added_count < ADDED_MAX) {
		m->added[m->added_count++] = *metric;
		result = 0;
	}
	pthread_mutex_unlock(&m->lock);
	return result;
}

void metrics_forget(struct metrics *m, const void *context)
{
	unsigned kept = 0;
	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < m->added_count; i++)
		if (m->added[i].context != context)
			m->added[kept++] = m->added[i];
	m->added_count = kept;
	pthread_mutex_unlock(&m->lock);
}

/* --- writing --- */

static void write_head(struct sg_buffer *out, const char *name,
		       const char *type, const char *help)
{
	sg_buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
			 type);
}

static void write_reviews(const struct metrics *m, struct sg_buffer *out)
{
	static const char name[] = "storeguard_admission_reviews_total";
	write_head(out, name, "counter",
		   "Admission reviews answered, by endpoint, verdict and status code.");
	for (unsigned e = 0; e < ENDPOINTS; e++)
		for (unsigned v = 0; v < VERDICTS; v++)
			for (unsigned c = 0; c < CODES; c++) {
				unsigned long long n =
					get(&m->reviews[e][v][c]);
				/* a series that exists can be told from none */
				if (n || (v == METRICS_ALLOWED && c == 0))
					sg_buffer_printf(
						out,
						"%s{endpoint=\"%s\",verdict=\"%s\",code=\"%d\"} %llu\n",
						name, endpoint_names[e],
						verdict_names[v], codes[c], n);
			}
}

static void write_durations(const struct metrics *m, struct sg_buffer *out)
{
	static const char name[] = "storeguard_admission_duration_seconds";
	write_head(out, name, "histogram",
		   "Time from a whole request to its answer, by endpoint.");
	for (unsigned e = 0; e < ENDPOINTS; e++) {
		const struct histogram *h = &m->durations[e];
		unsigned long long sum = 0;
		for (unsigned b = 0; b < BUCKETS; b++) {
			sum += get(&h->buckets[b]);
			sg_buffer_printf(
				out,
				"%s_bucket{endpoint=\"%s\",le=\"%g\"} %llu\n",
				name, endpoint_names[e],
				(double)bounds[b] / 1e6, sum);
		}
		sum += get(&h->buckets[BUCKETS]);
		sg_buffer_printf(
			out, "%s_bucket{endpoint=\"%s\",le=\"+Inf\"} %llu\n",
			name, endpoint_names[e], sum);
		sg_buffer_printf(out, "%s_sum{endpoint=\"%s\"} %.6f\n", name,
				 endpoint_names[e],
				 (double)get(&h->microseconds) / 1e6);
		sg_buffer_printf(out, "%s_count{endpoint=\"%s\"} %llu\n", name,
				 endpoint_names[e], sum);
	}
}

static void write_added(struct metrics *m, struct sg_buffer *out)
{
	static const char *const types[] = {
		[METRIC_GAUGE] = "gauge",
		[METRIC_COUNTER] = "counter",
		[METRIC_HISTOGRAM] = "histogram",
	};
	const char *last = "";
	pthread_mutex_lock(&m->lock);
	for (unsigned i = 0; i < m->added_count; i++) {
		const struct metric *x = &m->added[i];
		if (strcmp(last, x->name) != 0)
			write_head(out, x->name, types[x->type], x->help);
		last = x->name;
		sg_buffer_printf(out, "%s%s", x->name,
				 x->suffix ? x->suffix : "");
		if (x->labels)
			sg_buffer_printf(out, "{%s}", x->labels);
		sg_buffer_printf(out, " %.15g\n", x->read(x->context));
	}
	pthread_mutex_unlock(&m->lock);
}

void metrics_write(struct metrics *m, struct sg_buffer *out)
{
	write_head(out, "storeguard_build_info", "gauge",
		   "The version that runs; always 1.");
	sg_buffer_puts(out, "storeguard_build_info{version=\"" SG_VERSION
			    "\"} 1\n");
	write_reviews(m, out);
	write_durations(m, out);
	write_added(m, out);
	metrics_write_process(out);
}
