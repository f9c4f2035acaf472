#include "generator_ask.h"

#include <stdlib.h>
#include <string.h>

#include "json.h"

/* More parts than that have hardly a Store each. */
enum { MOST_PARTS = 1000 };

static int check_known(const struct node *parameters, struct sg_error *e)
{
	for (const struct node *k = parameters->first; k; k = k->next->next)
		if (!node_is(k, "engine") && !node_is(k, "shard") &&
		    !node_is(k, "of"))
			return sg_error_set(
				e, SG_INVALID,
				"input.parameters.%.80s: only engine can be asked for, and shard with of; by what can change, Stores would fall out of the list, and their shops be deleted",
				node_text(k));
	return 0;
}

static int read_engine(struct sg_arena *a, const struct node *parameters,
		       const struct policy *policy, struct generator_ask *out,
		       struct sg_error *e)
{
	const struct node *engine = node_own(parameters, "engine");
	if (!engine)
		return 0;
	const char *asked = engine->style == STYLE_QUOTED ? node_text(engine) :
							    NULL;
	out->part.engine = asked;
	if (asked && policy_engine(policy, asked))
		return 0;
	const char *names = policy_engine_names(a, policy);
	if (!names)
		return sg_error_memory(e);
	if (!asked)
		return sg_error_set(e, SG_INVALID,
				    "input.parameters.engine must be a string, not %s; one of: %s",
				    node_kind_name(engine), names);
	return sg_error_set(e, SG_INVALID,
			    "input.parameters.engine: there is no engine \"%.64s\"; one of: %s",
			    asked, names);
}

/* -1: it is none from `least` to `most`, as a number or as a text. */
static int read_number(const struct node *n, unsigned least, unsigned most,
		       unsigned *out)
{
	const char *text = node_text(n);
	char *end = NULL;
	if (!text || *text < '0' || *text > '9' || strlen(text) > 4)
		return -1;
	unsigned long value = strtoul(text, &end, 10);
	*out = (unsigned)value;
	return *end || value < least || value > most ? -1 : 0;
}

static int read_part(const struct node *parameters, struct generator_ask *out,
		     struct sg_error *e)
{
	const struct node *shard = node_own(parameters, "shard");
	const struct node *of = node_own(parameters, "of");
	if (!shard && !of)
		return 0;
	if (read_number(of, 1, MOST_PARTS, &out->part.of))
		return sg_error_set(e, SG_INVALID,
				    "input.parameters.of must be how many parts there are, from 1 to %d",
				    MOST_PARTS);
	if (read_number(shard, 0, out->part.of - 1, &out->part.shard))
		return sg_error_set(e, SG_INVALID,
				    "input.parameters.shard must be which of the %u parts is asked for, from 0 to %u",
				    out->part.of, out->part.of - 1);
	return 0;
}

int generator_ask_read(struct sg_arena *a, const char *body, size_t length,
		       const struct policy *policy, struct generator_ask *out,
		       struct sg_error *e)
{
	struct json_reading how = { .most_values = SG_MAX_REVIEW_NODES };
	struct node *root = NULL;
	*out = (struct generator_ask){ 0 };
	if (json_read(body, length, &how, a, &root, e))
		return -1;
	const struct node *input = node_get(root, "input");
	const struct node *parameters = node_get(input, "parameters");
	if (!node_is_mapping(input) ||
	    !(node_is_mapping(parameters) || node_is_null(parameters)))
		return sg_error_set(e, SG_INVALID,
				    "not what an ApplicationSet's plugin generator asks: {\"applicationSetName\": \"…\", \"input\": {\"parameters\": {…}}}");
	out->application_set = node_text(node_get(root, "applicationSetName"));
	if (node_is_null(parameters))
		return 0;
	return check_known(parameters, e) ||
			       read_engine(a, parameters, policy, out, e) ||
			       read_part(parameters, out, e) ?
		       -1 :
		       0;
}
