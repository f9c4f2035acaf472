#include "policy.h"

#include <regex.h>
#include <string.h>

#include "cleanup.h"
#include "names.h"

/* Embedded by the Makefile from default-policy.yaml. */
extern const char sg_default_policy[];
extern const char sg_default_policy_end[];

struct reader {
	struct policy *policy;
	struct sg_arena *arena;
	struct sg_error *e;
};

static const char *child(struct reader *r, const char *path, const char *key)
{
	const char *at = sg_arena_printf(r->arena, "%s.%s", path, key);
	return at ? at : path;
}

static const char *item(struct reader *r, const char *path, unsigned index)
{
	const char *at = sg_arena_printf(r->arena, "%s[%u]", path, index);
	return at ? at : path;
}

static void *allocate(struct reader *r, size_t count, size_t size)
{
	void *memory = sg_arena_alloc(r->arena, (count + 1) * size);
	if (!memory)
		sg_error_memory(r->e);
	return memory;
}

/* NULL for a key that is no text, or without memory. */
static const char *copy_key(struct reader *r, const struct node *key)
{
	const char *text = node_text(key);
	return text ? sg_arena_copy(r->arena, text, strlen(text)) : NULL;
}

static int required(struct reader *r, const struct node *n, const char *path)
{
	if (!node_is_null(n))
		return 0;
	return sg_error_set(r->e, SG_INVALID, "%s is missing", path);
}

static int read_naming(struct reader *r, const struct node *n, const char *path)
{
	static const char *const fields[] = { "pattern", "minLength",
					      "maxLength", "reserved",
					      "protected", NULL };
	struct policy *p = r->policy;
	p->naming.min_length = 1;
	p->naming.max_length = SG_STORE_NAME_MAX;
	if (required(r, n, path) || decode_mapping(n, path, fields, r->e) ||
	    decode_string(r->arena, n, path, "pattern", REQUIRED,
			  &p->naming.pattern, r->e) ||
	    decode_int(n, path, "minLength", 1, SG_STORE_NAME_MAX,
		       &p->naming.min_length, r->e) ||
	    decode_int(n, path, "maxLength", p->naming.min_length,
		       SG_STORE_NAME_MAX, &p->naming.max_length, r->e) ||
	    decode_strings(r->arena, n, path, "reserved", &p->naming.reserved,
			   r->e) ||
	    decode_strings(r->arena, n, path, "protected",
			   &p->naming.protected_names, r->e))
		return -1;
	regex_t compiled;
	int failed = regcomp(&compiled, p->naming.pattern,
			     REG_EXTENDED | REG_NOSUB);
	if (failed == REG_ESPACE)
		return sg_error_memory(r->e);
	if (failed) {
		char why[128];
		regerror(failed, &compiled, why, sizeof why);
		return sg_error_set(r->e, SG_INVALID,
				    "%s.pattern: \"%.80s\" is not a POSIX extended regular expression: %s",
				    path, p->naming.pattern, why);
	}
	regfree(&compiled);
	return 0;
}

static int check_domains(struct reader *r, const struct strings *domains,
			 const char *path)
{
	for (unsigned i = 0; i < domains->count; i++)
		if (!name_is_dns_subdomain(domains->items[i]))
			return sg_error_set(r->e, SG_INVALID,
					    "%s: \"%.80s\" is not a domain (like shops.example.com)",
					    path, domains->items[i]);
	return 0;
}

static int read_hosts(struct reader *r, const struct node *n, const char *path)
{
	static const char *const fields[] = { "baseDomain", "allowedDomains",
					      "deniedDomains", NULL };
	struct policy *p = r->policy;
	if (required(r, n, path) || decode_mapping(n, path, fields, r->e) ||
	    decode_string(r->arena, n, path, "baseDomain", REQUIRED,
			  &p->hosts.base_domain, r->e) ||
	    decode_strings(r->arena, n, path, "allowedDomains",
			   &p->hosts.allowed_domains, r->e) ||
	    decode_strings(r->arena, n, path, "deniedDomains",
			   &p->hosts.denied_domains, r->e))
		return -1;
	struct strings base = { &p->hosts.base_domain, 1 };
	return check_domains(r, &base, child(r, path, "baseDomain")) ||
			       check_domains(r, &p->hosts.allowed_domains,
					     child(r, path, "allowedDomains")) ||
			       check_domains(r, &p->hosts.denied_domains,
					     child(r, path, "deniedDomains")) ?
		       -1 :
		       0;
}

enum { MANY = 1000000 };

static int read_owners(struct reader *r, const struct node *n, const char *path)
{
	static const char *const fields[] = { "stores", "createsPerMinute",
					      "groups", NULL };
	static const char *const group_fields[] = { "group", "stores", NULL };
	struct policy *p = r->policy;
	if (node_is_null(n))
		return 0;
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_int(n, path, "stores", 0, MANY, &p->owners.stores, r->e) ||
	    decode_int(n, path, "createsPerMinute", 0, MANY,
		       &p->owners.creates_per_minute, r->e))
		return -1;
	const struct node *groups = node_get(n, "groups");
	if (node_is_null(groups))
		return 0;
	path = child(r, path, "groups");
	if (decode_sequence(groups, path, r->e))
		return -1;
	p->owners.groups = allocate(r, node_count(groups),
				    sizeof *p->owners.groups);
	if (!p->owners.groups)
		return -1;
	for (const struct node *g = groups->first; g; g = g->next) {
		struct group_limit *limit =
			&p->owners.groups[p->owners.group_count];
		const char *at = item(r, path, p->owners.group_count++);
		if (decode_mapping(g, at, group_fields, r->e) ||
		    decode_string(r->arena, g, at, "group", REQUIRED,
				  &limit->group, r->e) ||
		    required(r, node_get(g, "stores"), child(r, at, "stores")) ||
		    decode_int(g, at, "stores", 0, MANY, &limit->stores, r->e))
			return -1;
	}
	return 0;
}

static int no_label_key(struct reader *r, const char *path)
{
	return sg_error_set(r->e, SG_INVALID, "%s has a key that is no label",
			    path);
}

static int read_label_matches(struct reader *r, const struct node *n,
			      const char *path, struct component *c)
{
	const struct node *labels = node_get(n, "labels");
	if (node_is_null(labels))
		return 0;
	path = child(r, path, "labels");
	if (decode_any_mapping(labels, path, r->e))
		return -1;
	c->labels = allocate(r, node_count(labels), sizeof *c->labels);
	if (!c->labels)
		return -1;
	for (const struct node *k = labels->first; k; k = k->next->next) {
		struct label_match *match = &c->labels[c->label_count++];
		match->key = copy_key(r, k);
		if (!match->key)
			return no_label_key(r, path);
		if (decode_strings(r->arena, labels, path, match->key,
				   &match->values, r->e))
			return -1;
	}
	return 0;
}

static int read_component(struct reader *r, const struct node *n,
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
	static const char *const taken[] = { SG_GUARD, "default-deny", "dns" };
	bool usable = name_is_dns_label(c->name) && !strchr(c->name, '-');
	for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
		usable &= strcmp(c->name, taken[i]) != 0;
	if (usable)
		return 0;
	return sg_error_set(r->e, SG_INVALID,
			    "%s.name: \"%.80s\" is not a component's name (lower-case letters and digits; not guard or dns)",
			    path, c->name);
}

static int check_component(struct reader *r, const struct engine *engine,
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

static int read_components(struct reader *r, const struct node *n,
			   const char *path, struct engine *engine)
{
	if (required(r, n, path) || decode_sequence(n, path, r->e))
		return -1;
	engine->components =
		allocate(r, node_count(n), sizeof *engine->components);
	if (!engine->components)
		return -1;
	for (const struct node *c = n->first; c; c = c->next) {
		unsigned i = engine->component_count++;
		if (read_component(r, c, item(r, path, i),
				   &engine->components[i]))
			return -1;
	}
	for (unsigned i = 0; i < engine->component_count; i++)
		if (check_component(r, engine, &engine->components[i], path))
			return -1;
	return 0;
}

static int read_engine(struct reader *r, const struct node *n, const char *path,
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
			    child(r, path, "components"), engine))
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
	for (unsigned i = 0; i < engine->plans.count; i++)
		if (!policy_plan(r->policy, engine->plans.items[i]))
			return sg_error_set(r->e, SG_INVALID,
					    "%s.plans: there is no plan \"%.80s\"; there are: %s",
					    path, engine->plans.items[i],
					    policy_plan_names(r->arena,
							      r->policy));
	return 0;
}

static int read_limit(struct reader *r, const struct node *n, const char *path,
		      struct limit_range *limit)
{
	static const char *const fields[] = { "type", "default",
					      "defaultRequest", "min", "max",
					      NULL };
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_string(r->arena, n, path, "type", REQUIRED, &limit->type,
			  r->e) ||
	    decode_resources(r->arena, n, path, "default", &limit->defaults,
			     r->e) ||
	    decode_resources(r->arena, n, path, "defaultRequest",
			     &limit->default_requests, r->e) ||
	    decode_resources(r->arena, n, path, "min", &limit->min, r->e) ||
	    decode_resources(r->arena, n, path, "max", &limit->max, r->e))
		return -1;
	bool claim = strcmp(limit->type, "PersistentVolumeClaim") == 0;
	if (!claim && strcmp(limit->type, "Container") != 0)
		return sg_error_set(r->e, SG_INVALID,
				    "%s.type: \"%.80s\" is not Container or PersistentVolumeClaim",
				    path, limit->type);
	if (claim && (limit->defaults.count || limit->default_requests.count))
		return sg_error_set(r->e, SG_INVALID,
				    "%s: a PersistentVolumeClaim has only min and max",
				    path);
	return 0;
}

/* In every pair, the left one may not be the larger: min ≤ default ≤ max. */
static int check_limit(struct reader *r, const struct limit_range *limit,
		       const char *path)
{
	const struct {
		const char *low_name;
		const struct resources *low;
		const char *high_name;
		const struct resources *high;
	} pairs[] = {
		{ "min", &limit->min, "max", &limit->max },
		{ "default", &limit->defaults, "max", &limit->max },
		{ "defaultRequest", &limit->default_requests, "default",
		  &limit->defaults },
		{ "defaultRequest", &limit->default_requests, "max",
		  &limit->max },
		{ "min", &limit->min, "default", &limit->defaults },
		{ "min", &limit->min, "defaultRequest",
		  &limit->default_requests },
	};
	for (size_t p = 0; p < sizeof pairs / sizeof *pairs; p++) {
		const struct resources *low = pairs[p].low;
		for (unsigned i = 0; i < low->count; i++) {
			const struct quantity *high = resources_get(
				pairs[p].high, low->items[i].name);
			if (high &&
			    quantity_compare(low->items[i].amount, *high) > 0)
				return sg_error_set(
					r->e, SG_INVALID,
					"%s: %s.%s is larger than %s.%s", path,
					pairs[p].low_name, low->items[i].name,
					pairs[p].high_name, low->items[i].name);
		}
	}
	return 0;
}

static int read_limits(struct reader *r, const struct node *n, const char *path,
		       struct plan *plan)
{
	if (required(r, n, path) || decode_sequence(n, path, r->e))
		return -1;
	plan->limits = allocate(r, node_count(n), sizeof *plan->limits);
	if (!plan->limits)
		return -1;
	for (const struct node *l = n->first; l; l = l->next) {
		struct limit_range *limit = &plan->limits[plan->limit_count];
		const char *at = item(r, path, plan->limit_count);
		if (read_limit(r, l, at, limit) || check_limit(r, limit, at))
			return -1;
		if (plan_limits(plan, limit->type))
			return sg_error_set(r->e, SG_INVALID,
					    "%s: two limits of type %s", path,
					    limit->type);
		plan->limit_count++;
	}
	return 0;
}

static int read_plan(struct reader *r, const struct node *n, const char *path,
		     struct plan *plan)
{
	static const char *const fields[] = { "groups", "quota", "limitRange",
					      NULL };
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_strings(r->arena, n, path, "groups", &plan->groups, r->e) ||
	    required(r, node_get(n, "quota"), child(r, path, "quota")) ||
	    decode_resources(r->arena, n, path, "quota", &plan->quota, r->e) ||
	    read_limits(r, node_get(n, "limitRange"),
			child(r, path, "limitRange"), plan))
		return -1;
	for (unsigned i = 0; i < plan->quota.count; i++)
		if (!name_is_quota_key(plan->quota.items[i].name))
			return sg_error_set(r->e, SG_INVALID,
					    "%s.quota: \"%.80s\" is not a ResourceQuota key (like requests.cpu, pods or count/jobs.batch)",
					    path, plan->quota.items[i].name);
	return 0;
}

/* A mapping whose keys are names of what its values describe. */
static int read_named(struct reader *r, const struct node *n, const char *path,
		      unsigned *count)
{
	if (required(r, n, path) || decode_any_mapping(n, path, r->e))
		return -1;
	*count = (unsigned)node_count(n);
	for (const struct node *k = n->first; k; k = k->next->next) {
		const char *name = node_text(k);
		if (!name || !name_is_dns_label(name))
			return sg_error_set(r->e, SG_INVALID,
					    "%s: \"%.80s\" is not a name (lower-case letters, digits and \"-\")",
					    path, name ? name : "null");
	}
	return *count ? 0 : required(r, NULL, path);
}

static int read_plans(struct reader *r, const struct node *n, const char *path)
{
	unsigned count = 0;
	if (read_named(r, n, path, &count))
		return -1;
	r->policy->plans = allocate(r, count, sizeof *r->policy->plans);
	if (!r->policy->plans)
		return -1;
	for (const struct node *k = n->first; k; k = k->next->next) {
		struct plan *plan = &r->policy->plans[r->policy->plan_count++];
		plan->name = copy_key(r, k);
		if (!plan->name)
			return sg_error_memory(r->e);
		if (read_plan(r, k->next, child(r, path, plan->name), plan))
			return -1;
	}
	return 0;
}

static int read_engines(struct reader *r, const struct node *n, const char *path)
{
	unsigned count = 0;
	if (read_named(r, n, path, &count))
		return -1;
	r->policy->engines = allocate(r, count, sizeof *r->policy->engines);
	if (!r->policy->engines)
		return -1;
	for (const struct node *k = n->first; k; k = k->next->next) {
		struct engine *engine =
			&r->policy->engines[r->policy->engine_count++];
		engine->name = copy_key(r, k);
		if (!engine->name)
			return sg_error_memory(r->e);
		if (read_engine(r, k->next, child(r, path, engine->name),
				engine))
			return -1;
	}
	return 0;
}

static int check_selector(struct reader *r, const struct node *n,
			  const char *path)
{
	static const char *const fields[] = { "matchLabels", NULL };
	if (node_is_null(n))
		return 0;
	if (decode_mapping(n, path, fields, r->e))
		return -1;
	const struct node *labels = node_get(n, "matchLabels");
	if (node_is_null(labels))
		return 0;
	path = child(r, path, "matchLabels");
	if (decode_any_mapping(labels, path, r->e))
		return -1;
	for (const struct node *k = labels->first; k; k = k->next->next) {
		const char *value = NULL;
		if (!node_text(k))
			return no_label_key(r, path);
		if (decode_string(r->arena, labels, path, node_text(k),
				  REQUIRED, &value, r->e))
			return -1;
	}
	return 0;
}

static int check_ip_block(struct reader *r, const struct node *n,
			  const char *path)
{
	static const char *const fields[] = { "cidr", "except", NULL };
	const char *cidr = NULL;
	struct strings except;
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_string(r->arena, n, path, "cidr", REQUIRED, &cidr, r->e) ||
	    decode_strings(r->arena, n, path, "except", &except, r->e))
		return -1;
	if (!name_is_cidr(cidr))
		return sg_error_set(r->e, SG_INVALID,
				    "%s.cidr: \"%.80s\" is not a CIDR (like 10.0.0.0/8)",
				    path, cidr);
	for (unsigned i = 0; i < except.count; i++)
		if (!name_is_cidr_within(except.items[i], cidr))
			return sg_error_set(r->e, SG_INVALID,
					    "%s.except: \"%.80s\" is not a CIDR within %s",
					    path, except.items[i], cidr);
	return 0;
}

static int check_peer(struct reader *r, const struct node *n, const char *path)
{
	static const char *const fields[] = { "namespaceSelector",
					      "podSelector", "ipBlock", NULL };
	if (decode_mapping(n, path, fields, r->e))
		return -1;
	const struct node *block = node_get(n, "ipBlock");
	const struct node *namespaces = node_get(n, "namespaceSelector");
	const struct node *pods = node_get(n, "podSelector");
	bool by_label = !node_is_null(namespaces) || !node_is_null(pods);
	if (node_is_null(block) != by_label)
		return sg_error_set(r->e, SG_INVALID,
				    "%s must have either ipBlock or selectors",
				    path);
	if (!by_label)
		return check_ip_block(r, block, child(r, path, "ipBlock"));
	return check_selector(r, namespaces,
			      child(r, path, "namespaceSelector")) ||
			       check_selector(r, pods,
					      child(r, path, "podSelector")) ?
		       -1 :
		       0;
}

static int read_peers(struct reader *r, const struct node *n, const char *path,
		      const struct node **out)
{
	if (required(r, n, path) || decode_sequence(n, path, r->e))
		return -1;
	unsigned index = 0;
	for (const struct node *peer = n->first; peer; peer = peer->next)
		if (check_peer(r, peer, item(r, path, index++)))
			return -1;
	*out = n;
	return 0;
}

static int read_network(struct reader *r, const struct node *n, const char *path)
{
	static const char *const fields[] = { "dns", "ingress", "internet",
					      NULL };
	static const char *const ingress_fields[] = { "ports", "peers", NULL };
	struct policy *p = r->policy;
	if (required(r, n, path) || decode_mapping(n, path, fields, r->e) ||
	    read_peers(r, node_get(n, "dns"), child(r, path, "dns"),
		       &p->network.dns) ||
	    read_peers(r, node_get(n, "internet"), child(r, path, "internet"),
		       &p->network.internet))
		return -1;
	const struct node *ingress = node_get(n, "ingress");
	path = child(r, path, "ingress");
	if (required(r, ingress, path) ||
	    decode_mapping(ingress, path, ingress_fields, r->e) ||
	    decode_ports(r->arena, ingress, path, "ports",
			 &p->network.ingress_ports, r->e) ||
	    read_peers(r, node_get(ingress, "peers"), child(r, path, "peers"),
		       &p->network.ingress))
		return -1;
	return 0;
}

static int read_spec(struct reader *r, const struct node *n)
{
	static const char *const fields[] = { "naming", "hosts", "owners",
					      "defaultPlan", "engines", "plans",
					      "network", NULL };
	static const char path[] = "spec";
	struct policy *p = r->policy;
	if (required(r, n, path) || decode_mapping(n, path, fields, r->e) ||
	    read_naming(r, node_get(n, "naming"), "spec.naming") ||
	    read_hosts(r, node_get(n, "hosts"), "spec.hosts") ||
	    read_owners(r, node_get(n, "owners"), "spec.owners") ||
	    read_plans(r, node_get(n, "plans"), "spec.plans") ||
	    read_engines(r, node_get(n, "engines"), "spec.engines") ||
	    read_network(r, node_get(n, "network"), "spec.network") ||
	    decode_string(r->arena, n, path, "defaultPlan", REQUIRED,
			  &p->default_plan, r->e))
		return -1;
	if (policy_plan(p, p->default_plan))
		return 0;
	return sg_error_set(r->e, SG_INVALID,
			    "spec.defaultPlan: there is no plan \"%.80s\"; there are: %s",
			    p->default_plan, policy_plan_names(r->arena, p));
}

static int read_policy(struct reader *r, const struct node *root)
{
	static const char *const fields[] = { "apiVersion", "kind", "metadata",
					      "spec", "status", NULL };
	if (!root)
		return sg_error_set(r->e, SG_INVALID,
				    "holds no document; a StorePolicy is expected");
	if (!node_is_mapping(root) ||
	    !node_is(node_get(root, "apiVersion"), SG_API_VERSION) ||
	    !node_is(node_get(root, "kind"), "StorePolicy"))
		return sg_error_set(r->e, SG_INVALID,
				    "is not a StorePolicy: expected apiVersion: " SG_API_VERSION
				    " and kind: StorePolicy");
	if (decode_mapping(root, "the document", fields, r->e))
		return -1;
	return read_spec(r, node_get(root, "spec"));
}

int policy_parse(const char *source, const char *text, size_t length,
		 struct policy **out, struct sg_error *e)
{
	cleanup_policy struct policy *p = calloc(1, sizeof *p);
	if (!p)
		return sg_error_memory(e);
	sg_arena_init(&p->arena);
	struct reader reader = { p, &p->arena, e };
	struct node *root = NULL;
	if (yaml_parse(text, length, 1, &p->arena, &root, e) ||
	    read_policy(&reader, root) || sg_arena_check(&p->arena, e))
		return sg_error_context(e, "%s", source);
	*out = steal(&p);
	return 0;
}

int policy_parse_default(struct policy **out, struct sg_error *e)
{
	return policy_parse("the embedded policy", sg_default_policy,
			    (size_t)(sg_default_policy_end - sg_default_policy),
			    out, e);
}

void policy_free(struct policy *p)
{
	if (p)
		sg_arena_release(&p->arena);
	free(p);
}

const struct engine *policy_engine(const struct policy *p, const char *name)
{
	for (unsigned i = 0; i < p->engine_count; i++)
		if (strcmp(p->engines[i].name, name) == 0)
			return &p->engines[i];
	return NULL;
}

const struct plan *policy_plan(const struct policy *p, const char *name)
{
	for (unsigned i = 0; i < p->plan_count; i++)
		if (strcmp(p->plans[i].name, name) == 0)
			return &p->plans[i];
	return NULL;
}

const struct component *engine_component(const struct engine *engine,
					 const char *name)
{
	for (unsigned i = 0; i < engine->component_count; i++)
		if (strcmp(engine->components[i].name, name) == 0)
			return &engine->components[i];
	return NULL;
}

const struct component *engine_jobs_component(const struct engine *engine)
{
	for (unsigned i = 0; i < engine->component_count; i++)
		if (engine->components[i].jobs)
			return &engine->components[i];
	return NULL;
}

const struct limit_range *plan_limits(const struct plan *plan, const char *type)
{
	for (unsigned i = 0; i < plan->limit_count; i++)
		if (strcmp(plan->limits[i].type, type) == 0)
			return &plan->limits[i];
	return NULL;
}

const char *policy_engine_names(struct sg_arena *a, const struct policy *p)
{
	const char *names = p->engine_count ? p->engines[0].name : "none";
	for (unsigned i = 1; i < p->engine_count && names; i++)
		names = sg_arena_printf(a, "%s, %s", names, p->engines[i].name);
	return names ? names : "…";
}

const char *policy_plan_names(struct sg_arena *a, const struct policy *p)
{
	const char *names = p->plan_count ? p->plans[0].name : "none";
	for (unsigned i = 1; i < p->plan_count && names; i++)
		names = sg_arena_printf(a, "%s, %s", names, p->plans[i].name);
	return names ? names : "…";
}
