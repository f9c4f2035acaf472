#include "generator_ask.h"

#include <string.h>

#include "json.h"

static int check_known(const struct node *parameters, struct sg_error *e)
{
	for (const struct node *k = parameters->first; k; k = k->next->next)
		if (!node_is(k, "engine"))
			return sg_error_set(
				e, SG_INVALID,
				"input.parameters.%.80s: only engine can be asked for; by what can change, Stores would fall out of the list, and their shops be deleted",
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
	out->engine = engine->style == STYLE_QUOTED ? node_text(engine) : NULL;
	if (out->engine && policy_engine(policy, out->engine))
		return 0;
	const char *names = policy_engine_names(a, policy);
	if (!names)
		return sg_error_memory(e);
	if (!out->engine)
		return sg_error_set(e, SG_INVALID,
				    "input.parameters.engine must be a string, not %s; one of: %s",
				    node_kind_name(engine), names);
	return sg_error_set(e, SG_INVALID,
			    "input.parameters.engine: there is no engine \"%.64s\"; one of: %s",
			    out->engine, names);
}

int generator_ask_read(struct sg_arena *a, const char *body, size_t length,
		       const struct policy *policy, struct generator_ask *out,
		       struct sg_error *e)
{
	struct node *root = NULL;
	*out = (struct generator_ask){ 0 };
	if (json_parse_review(body, length, a, &root, e))
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
			       read_engine(a, parameters, policy, out, e) ?
		       -1 :
		       0;
}
