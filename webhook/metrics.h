/*
 * What Prometheus is told. Reviews are counted by threads without locks; all else is
 * read where it lives when somebody asks. Names, units and the text format (0.0.4) as
 * https://prometheus.io/docs/practices/naming/ and
 * https://prometheus.io/docs/instrumenting/exposition_formats/ have them.
 */
#ifndef SG_METRICS_H
#define SG_METRICS_H

#include <stdint.h>

#include "admission.h"
#include "buffer.h"

struct metrics;

struct metrics *metrics_new(void); /* NULL without memory */
void metrics_free(struct metrics *m);

enum metrics_verdict { METRICS_ALLOWED, METRICS_DENIED, METRICS_ERROR };

/*
 * One review: what was said (an error is an answer that is no verdict, such as 503),
 * with which code, and how long it took from the whole request to the answer.
 */
void metrics_review(struct metrics *m, enum endpoint endpoint,
		    enum metrics_verdict verdict, int code,
		    int64_t microseconds);

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM };

/* A value that is read when asked for; texts are static. */
struct metric {
	const char *name; /* storeguard_…; a counter's ends in _total */
	const char *help;
	enum metric_type type;
	double (*read)(const void *context);
	const void *context;
	const char *labels; /* such as "kind=\"Store\""; NULL: none */
	/* of a histogram's series: "_bucket" (its label le, adding up), "_sum",
	 * "_count"; NULL: none */
	const char *suffix;
};

/*
 * Those of one name with several labels are added one after another. -1 without
 * memory. Safe while others read.
 */
int metrics_add(struct metrics *m, const struct metric *metric);
/* Before a context goes: no read of it runs when this has returned, nor later. */
void metrics_forget(struct metrics *m, const void *context);

/* Appends everything, the process's own memory and CPU time included. */
void metrics_write(struct metrics *m, struct sg_buffer *out);

#endif
