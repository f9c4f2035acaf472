#include "candidate.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "leader.h"

enum { HOST_SIZE = 256 };

struct candidate {
	struct metrics *metrics;
	struct api *api;
	struct leader *leader;
	char identity[HOST_SIZE + 17];
};

static double read_leads(const void *candidate)
{
	return candidate_leads(candidate);
}

/* A pod's name, and what tells it from itself when its container was restarted. */
static void make_identity(struct candidate *c)
{
	char host[HOST_SIZE] = "";
	uint64_t chance = 0;
	(void)gethostname(host, sizeof host - 1);
	arc4random_buf(&chance, sizeof chance);
	(void)snprintf(c->identity, sizeof c->identity, "%s_%016" PRIx64, host,
		       chance);
}

static int start(struct candidate *c, const struct candidate_options *o,
		 struct sg_error *e)
{
	const struct metric leads = {
		.name = "storeguard_leader",
		.help = "1 where this replica leads.",
		.type = METRIC_GAUGE,
		.read = read_leads,
		.context = c,
	};
	if (api_open(o->kubeconfig, &c->api, e))
		return -1;
	const struct leader_options election = { .api = c->api,
						 .lease = o->lease,
						 .identity = c->identity,
						 .start = o->start,
						 .stop = o->stop,
						 .context = o->context,
						 .log = o->log };
	if (leader_start(&election, &c->leader, e))
		return sg_error_context(e, "--lease");
	return metrics_add(o->metrics, &leads) ? sg_error_memory(e) : 0;
}

int candidate_open(const struct candidate_options *o, struct candidate **out,
		   struct sg_error *e)
{
	struct candidate *c = calloc(1, sizeof *c);
	if (!c)
		return sg_error_memory(e);
	c->metrics = o->metrics;
	make_identity(c);
	if (start(c, o, e)) {
		candidate_free(c);
		return -1;
	}
	*out = c;
	return 0;
}

bool candidate_leads(const struct candidate *c)
{
	return c && leader_leads(c->leader);
}

void candidate_withdraw(struct candidate *c)
{
	if (c)
		leader_stop(c->leader);
}

void candidate_free(struct candidate *c)
{
	if (!c)
		return;
	metrics_forget(c->metrics, c);
	leader_free(c->leader);
	api_free(c->api);
	free(c);
}
