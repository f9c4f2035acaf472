#include "generator_metrics.h"

static const struct {
	int code;
	const char *label;
} codes[GENERATOR_CODES] = {
	{ 200, "code=\"200\"" }, { 400, "code=\"400\"" },
	{ 401, "code=\"401\"" }, { 404, "code=\"404\"" },
	{ 405, "code=\"405\"" }, { 415, "code=\"415\"" },
	{ 503, "code=\"503\"" }, { 500, "code=\"500\"" },
};

void generator_count(struct generator_counters *c, int code)
{
	unsigned i = 0;
	while (i < GENERATOR_CODES - 1 && codes[i].code != code)
		i++;
	atomic_fetch_add(&c->answers[i], 1);
}

static double read_counter(const void *context)
{
	return (double)atomic_load((const atomic_ulong *)context);
}

int generator_metrics_add(struct metrics *m, struct generator_counters *c)
{
	const struct metric gauges[GENERATOR_GAUGES] = {
		{ .name = "storeguard_generator_stores",
		  .help = "Stores for Argo CD as last read whole, of all engines.",
		  .type = METRIC_GAUGE,
		  .read = read_counter,
		  .context = &c->stores },
		{ .name = "storeguard_generator_withheld_stores",
		  .help = "Stores withheld from Argo CD, since another has their host.",
		  .type = METRIC_GAUGE,
		  .read = read_counter,
		  .context = &c->withheld },
		{ .name = "storeguard_generator_too_large_stores",
		  .help = "Stores withheld from Argo CD, since their values are more than a Store may have.",
		  .type = METRIC_GAUGE,
		  .read = read_counter,
		  .context = &c->too_large },
	};
	struct metric answers = {
		.name = "storeguard_generator_requests_total",
		.help = "Requests of Argo CD's ApplicationSets for the list of Stores, by status code.",
		.type = METRIC_COUNTER,
		.read = read_counter,
	};
	for (unsigned i = 0; i < GENERATOR_CODES; i++) {
		answers.context = &c->answers[i];
		answers.labels = codes[i].label;
		if (metrics_add(m, &answers))
			return -1;
	}
	for (unsigned i = 0; i < GENERATOR_GAUGES; i++)
		if (metrics_add(m, &gauges[i]))
			return -1;
	return 0;
}

void generator_metrics_forget(struct metrics *m, struct generator_counters *c)
{
	for (unsigned i = 0; i < GENERATOR_CODES; i++)
		metrics_forget(m, &c->answers[i]);
	metrics_forget(m, &c->stores);
	metrics_forget(m, &c->withheld);
	metrics_forget(m, &c->too_large);
}
