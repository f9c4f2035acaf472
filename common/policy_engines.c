#include "policy_read.h"

#include <string.h>

#include "names.h"

static int read_label_matches(struct policy_reader *r, const struct node *n,
			      const char *path, struct component *c)
{
	const struct node *labels = node_get(n, "labels");
	if (node_is_null(labels))
		return 0;
	path = policy_child(r, path, "labels");
	if (decode_any_mapping(labels, path, r->e))
		return -1;
	c->labels = policy_allocate(r, node_count(labels), sizeof *c->labels);
	if (!c->labels)
		return -1;
	for (const struct node *k = labels->first; k; k = k->next->next) {
		struct label_match *match = &c->labels[c->label_count++];
		match->key = policy_copy_key(r, k);
		if (!match->key)
			return policy_no_label_key(r, path);
		if (decode_strings(r->arena, labels, path, match->key,
				   &match->values, r->e))
			return -1;
	}
	return 0;
}

static int read_component(struct policy_reader *r, const struct node *n,
			  const char *path, struct component *c)
{
	static const char *const fields[] = { "name",	"jobs",	  "public",
					      "labels", "images", "ports",
					      "reaches", "internet", NULL };
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_string(r->arena, n, path, "name", REQUIRED, &c->name,
			  r->e) ||
	    decode_bool(n, path, "jobs", &c->jobs, r->e) ||
	    decode_bool(n, path, "public", &c->is_public, r->e) ||
	    read_label_matches(r, n, path, c) ||
	    decode_strings(r->arena, n, path, "images", &c->images, r->e) ||
	    decode_ports(r->arena, n, path, "ports", &c->ports, r->e) ||
	    decode_strings(r->arena, n, path, "reaches", &c->reaches, r->e) ||
	    decode_ports(r->arena, n, path, "internet", &c->internet, r->e))
		return -1;
	/* guards have these names, or end in them */
	static const char *const taken[] = { SG_GUARD, "acme", "dns" };
	bool usable = name_is_dns_label(c->name) && !strchr(c->name, '-');
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		usable &= strcmp(c->name, taken[i]) != 0;
	if (usable)
		return 0;
	return sg_error_set(r->e, SG_INVALID,
			    "%s.name: \"%.80s\" is not a component's name (lower-case letters and digits; not guard, dns or acme)",
			    path, c->name);
}

static int check_component(struct policy_reader *r, const struct engine *engine,
			   const struct component *c, const char *path)
{
	unsigned same = 0, jobs = 0;
	for (unsigned i = 0; i < engine->component_count; i++) {
		same += strcmp(engine->components[i].name, c->name) == 0;
		jobs += engine->components[i].jobs;
	}
	if (same > 1 || (c->jobs && jobs > 1))
		return sg_error_set(r->e, SG_INVALID,
				    same > 1 ? "%s: two are named %s" :
					       "%s: two have jobs: true (%s)",
				    path, c->name);
	for (unsigned i = 0; i < c->reaches.count; i++) {
		const struct component *to =
			engine_component(engine, c->reaches.items[i]);
		if (!to || !to->ports.count)
			return sg_error_set(r->e, SG_INVALID,
					    "%s: %s reaches \"%.80s\", which is no component with ports",
					    path, c->name, c->reaches.items[i]);
	}
	if (c->is_public && !c->ports.count)
		return sg_error_set(r->e, SG_INVALID,
				    "%s: %s is public but has no ports", path,
				    c->name);
	return 0;
}

static int read_components(struct policy_reader *r, const struct node *n,
			   const char *path, struct engine *engine)
{
	if (policy_required(r, n, path) || decode_sequence(n, path, r->e))
		return -1;
	engine->components =
		policy_allocate(r, node_count(n), sizeof *engine->components);
	if (!engine->components)
		return -1;
	for (const struct node *c = n->first; c; c = c->next) {
		unsigned i = engine->component_count++;
		if (read_component(r, c, policy_item(r, path, i),
				   &engine->components[i]))
			return -1;
	}
	for (unsigned i = 0; i < engine->component_count; i++)
		if (check_component(r, engine, &engine->components[i], path))
			return -1;
	return 0;
}

static int read_engine(struct policy_reader *r, const struct node *n, const char *path,
		       struct engine *engine)
{
	static const char *const fields[] = { "plans", "values", "podSecurity",
					      "components", NULL };
	static const char *const levels[] = { "restricted", "baseline",
					      "privileged", NULL };
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_strings(r->arena, n, path, "plans", &engine->plans, r->e) ||
	    decode_strings(r->arena, n, path, "values", &engine->values,
			   r->e) ||
	    decode_string(r->arena, n, path, "podSecurity", OPTIONAL,
			  &engine->pod_security, r->e) ||
	    read_components(r, node_get(n, "components"),
			    policy_child(r, path, "components"), engine))
		return -1;
	if (!engine->pod_security)
		engine->pod_security = levels[0];
	size_t level = 0;
	while (levels[level] && strcmp(levels[level], engine->pod_security) != 0)
		level++;
	if (!levels[level])
		return sg_error_set(r->e, SG_INVALID,
				    "%s.podSecurity: \"%.80s\" is not restricted, baseline or privileged",
				    path, engine->pod_security);
	/* without plans, another complaint says so */
	for (unsigned i = 0; i < engine->plans.count && r->policy->plan_count;
	     i++)
		if (!policy_plan(r->policy, engine->plans.items[i]))
			return sg_error_set(r->e, SG_INVALID,
					    "%s.plans: there is no plan \"%.80s\"; there are: %s",
					    path, engine->plans.items[i],
					    policy_plan_names(r->arena,
							      r->policy));
	return 0;
}

int policy_read_engines(struct policy_reader *r, const struct node *n, const char *path)
{
	unsigned count = 0;
	if (policy_read_names(r, n, path, &count))
		return -1;
	r->policy->engines = policy_allocate(r, count, sizeof *r->policy->engines);
	if (!r->policy->engines)
		return -1;
	for (const struct node *k = n->first; k; k = k->next->next) {
		struct engine *engine =
			&r->policy->engines[r->policy->engine_count++];
		engine->name = policy_copy_key(r, k);
		if (!engine->name)
			return sg_error_memory(r->e);
		if (read_engine(r, k->next, policy_child(r, path, engine->name),
				engine) &&
		    policy_note(r))
			return -1;
	}
	return 0;
}
