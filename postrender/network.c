#include "network.h"

#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "names.h"

#define JOB_NAME_LABEL "batch.kubernetes.io/job-name"
/* Of the pods that cert-manager makes to answer an HTTP-01 challenge. */
#define ACME_LABEL "acme.cert-manager.io/http01-solver"

enum { ACME_PORT = 8089 };

struct network {
	struct sg_arena *arena;
	const struct policy *policy;
	const struct identity *who;
	const struct engine *engine;
	const struct survey *survey;
	const struct node *plain_jobs; /* their selector, to be copied */
	struct node **policies;
	unsigned count;
};

/* --- selectors --- */

static struct node *select_component(struct network *n, const char *name)
{
	struct node *selector = node_new_mapping(n->arena);
	struct node *labels = node_new_mapping(n->arena);
	node_set_string(n->arena, labels, SG_LABEL_COMPONENT, name);
	node_set(n->arena, selector, "matchLabels", labels);
	return selector;
}

static void add_expression(struct network *n, struct node *list,
			   const char *key, const char *operator,
			   struct node * values)
{
	struct node *expression = node_new_mapping(n->arena);
	node_set_string(n->arena, expression, "key", key);
	node_set_string(n->arena, expression, "operator", operator);
	node_set(n->arena, expression, "values", values);
	node_append(list, expression);
}

static const char *job_label(const struct plain_job *job, const char *key)
{
	for (unsigned i = 0; i < job->label_count; i++)
		if (strcmp(job->labels[i].key, key) == 0)
			return job->labels[i].value;
	return NULL;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The values that plain Jobs give a label, or NULL where one has it not. */
static struct node *values_of(struct network *n, const char *key)
{
	unsigned count = n->survey->plain_jobs.count;
	const char **values = sg_arena_alloc(n->arena, count * sizeof *values);
	struct node *list = node_new_sequence(n->arena);
	for (unsigned i = 0; values && i < count; i++) {
		values[i] = job_label(&n->survey->plain_jobs.items[i], key);
		if (!values[i])
			return NULL;
	}
	if (!values)
		return NULL;
	qsort(values, count, sizeof *values, compare_text);
	for (unsigned i = 0; i < count; i++)
		if (i == 0 || strcmp(values[i - 1], values[i]) != 0)
			node_append(list, node_new_string(n->arena, values[i]));
	return list;
}

/*
 * Pods of plain Jobs, by all labels that their templates share. One selector
 * can't say "these labels or those", so several Jobs are selected by the keys
 * that all have, each with any of their values: what more that covers are
 * unstamped pods only.
 */
static struct node *build_plain_jobs(struct network *n)
{
	struct node *selector = node_new_mapping(n->arena);
	struct node *list = node_new_sequence(n->arena);
	add_expression(n, list, SG_LABEL_STORE, "DoesNotExist", NULL);
	const struct plain_job *first = n->survey->plain_jobs.items;
	bool any = false;
	for (unsigned i = 0; n->survey->plain_jobs.count && i < first->label_count;
	     i++) {
		struct node *values = values_of(n, first->labels[i].key);
		if (values)
			add_expression(n, list, first->labels[i].key, "In",
				       values);
		any |= values != NULL;
	}
	if (!any)
		add_expression(n, list, JOB_NAME_LABEL, "Exists", NULL);
	node_set(n->arena, selector, "matchExpressions", list);
	return selector;
}

static struct node *select_plain_jobs(struct network *n)
{
	return node_copy(n->arena, n->plain_jobs);
}

/*
 * Pods of any Job that name no component: hooks that Helm 3 hid, and Jobs whose
 * templates bring the store's label along.
 */
static struct node *select_hooks(struct network *n)
{
	struct node *selector = node_new_mapping(n->arena);
	struct node *list = node_new_sequence(n->arena);
	add_expression(n, list, SG_LABEL_COMPONENT, "DoesNotExist", NULL);
	add_expression(n, list, JOB_NAME_LABEL, "Exists", NULL);
	node_set(n->arena, selector, "matchExpressions", list);
	return selector;
}

/* --- rules --- */

static void add_port(struct network *n, struct node *list, int64_t number)
{
	struct node *port = node_new_mapping(n->arena);
	node_set_string(n->arena, port, "protocol", "TCP");
	node_set(n->arena, port, "port", node_new_int(n->arena, number));
	node_append(list, port);
}

static struct node *ports_of(struct network *n, const struct ports *ports)
{
	struct node *list = node_new_sequence(n->arena);
	for (unsigned i = 0; i < ports->count; i++)
		add_port(n, list, ports->items[i]);
	return list;
}

static struct node *ports_of_set(struct network *n, const struct port_set *set)
{
	struct node *list = node_new_sequence(n->arena);
	for (unsigned port = 1; set && port <= UINT16_MAX; port++)
		if (port_set_has(set, (uint16_t)port))
			add_port(n, list, (int64_t)port);
	return list;
}

static void add_rule(struct network *n, struct node *rules, const char *side,
		     struct node *peers, struct node *ports)
{
	/* an empty list of peers or ports would mean all of them */
	if (!peers || !peers->first || !ports || !ports->first)
		return;
	struct node *rule = node_new_mapping(n->arena);
	node_set(n->arena, rule, side, peers);
	node_set(n->arena, rule, "ports", ports);
	node_append(rules, rule);
}

static void add_pod_peer(struct network *n, struct node *peers,
			 struct node *selector)
{
	struct node *peer = node_new_mapping(n->arena);
	node_set(n->arena, peer, "podSelector", selector);
	node_append(peers, peer);
}

static const struct component_facts *facts_of(const struct network *n,
					      const struct component *c)
{
	return reach_facts(&n->survey->reach, c);
}

/* Jobs may always come: those that Helm 3 hides can't be seen. */
static bool may_call(const struct network *n, const struct component *c)
{
	return c->jobs || facts_of(n, c)->present;
}

static void add_caller(struct network *n, struct node *peers,
		       const struct component *caller)
{
	add_pod_peer(n, peers, select_component(n, caller->name));
	if (!caller->jobs)
		return;
	if (n->survey->plain_jobs.count)
		add_pod_peer(n, peers, select_plain_jobs(n));
	add_pod_peer(n, peers, select_hooks(n));
}

static struct node *ingress_of(struct network *n, const struct component *c)
{
	struct node *rules = node_new_sequence(n->arena);
	struct node *peers = node_new_sequence(n->arena);
	struct node *itself = node_new_sequence(n->arena);
	const struct port_set *ports = &facts_of(n, c)->ports;
	for (unsigned i = 0; i < n->engine->component_count; i++) {
		const struct component *caller = &n->engine->components[i];
		if (reach_ports(&n->survey->reach, caller, c) &&
		    may_call(n, caller))
			add_caller(n, caller == c ? itself : peers, caller);
	}
	add_rule(n, rules, "from", peers, ports_of_set(n, ports));
	add_rule(n, rules, "from", itself,
		 ports_of_set(n, &facts_of(n, c)->inside));
	if (c->is_public)
		add_rule(n, rules, "from",
			 node_copy(n->arena, n->policy->network.ingress),
			 ports_of_set(n, ports));
	return rules;
}

static struct node *egress_of(struct network *n, const struct component *c)
{
	struct node *rules = node_new_sequence(n->arena);
	for (unsigned i = 0; i < n->engine->component_count; i++) {
		const struct component *to = &n->engine->components[i];
		const struct port_set *ports =
			reach_ports(&n->survey->reach, c, to);
		struct node *peers = node_new_sequence(n->arena);
		if (!ports || !facts_of(n, to)->present)
			continue;
		add_pod_peer(n, peers, select_component(n, to->name));
		add_rule(n, rules, "to", peers, ports_of_set(n, ports));
	}
	if (c->is_public) /* its own public address */
		add_rule(n, rules, "to",
			 node_copy(n->arena, n->policy->network.ingress),
			 ports_of(n, &n->policy->network.ingress_ports));
	add_rule(n, rules, "to",
		 node_copy(n->arena, n->policy->network.internet),
		 ports_of(n, &c->internet));
	return rules;
}

static struct node *dns_rules(struct network *n)
{
	static const char *const protocols[] = { "UDP", "TCP" };
	struct node *rules = node_new_sequence(n->arena);
	struct node *ports = node_new_sequence(n->arena);
	for (size_t i = 0; i < sizeof protocols / sizeof *protocols; i++) {
		struct node *port = node_new_mapping(n->arena);
		node_set_string(n->arena, port, "protocol", protocols[i]);
		node_set(n->arena, port, "port", node_new_int(n->arena, 53));
		node_append(ports, port);
	}
	add_rule(n, rules, "to", node_copy(n->arena, n->policy->network.dns),
		 ports);
	return rules;
}

/* cert-manager's solver listens on its own port, for the ingress controller. */
static struct node *acme_rules(struct network *n)
{
	uint16_t port = ACME_PORT;
	struct ports ports = { &port, 1 };
	struct node *rules = node_new_sequence(n->arena);
	add_rule(n, rules, "from",
		 node_copy(n->arena, n->policy->network.ingress),
		 ports_of(n, &ports));
	return rules;
}

static struct node *select_acme(struct network *n)
{
	struct node *selector = node_new_mapping(n->arena);
	struct node *labels = node_new_mapping(n->arena);
	struct node *list = node_new_sequence(n->arena);
	node_set_string(n->arena, labels, ACME_LABEL, "true");
	node_set(n->arena, selector, "matchLabels", labels);
	add_expression(n, list, SG_LABEL_STORE, "DoesNotExist", NULL);
	node_set(n->arena, selector, "matchExpressions", list);
	return selector;
}

/* --- policies --- */

/* They are added in the order of guard_policy_name(). */
static void add_policy(struct network *n, struct node *selector,
		       struct node *ingress, struct node *egress)
{
	struct node *annotations;
	struct node *object = guard_object(
		n->arena, n->who, "networking.k8s.io/v1", "NetworkPolicy",
		guard_policy_name(n->arena, n->engine, n->count), &annotations);
	struct node *spec = node_new_mapping(n->arena);
	struct node *types = node_new_sequence(n->arena);
	guard_keep(n->arena, annotations);
	node_set(n->arena, spec, "podSelector", selector);
	node_append(types, node_new_string(n->arena, "Ingress"));
	node_append(types, node_new_string(n->arena, "Egress"));
	node_set(n->arena, spec, "policyTypes", types);
	if (ingress && ingress->first)
		node_set(n->arena, spec, "ingress", ingress);
	if (egress && egress->first)
		node_set(n->arena, spec, "egress", egress);
	node_set(n->arena, object, "spec", spec);
	n->policies[n->count++] = object;
}

static void add_component(struct network *n, const struct component *c)
{
	bool needed = may_call(n, c);
	add_policy(n, select_component(n, c->name),
		   needed ? ingress_of(n, c) : NULL,
		   needed ? egress_of(n, c) : NULL);
}

static void add_unstamped_jobs(struct network *n, const struct component *jobs)
{
	bool plain = n->survey->plain_jobs.count > 0;
	add_policy(n, select_plain_jobs(n), NULL,
		   plain ? egress_of(n, jobs) : NULL);
	add_policy(n, select_hooks(n), NULL, egress_of(n, jobs));
}

int network_build(struct sg_arena *a, const struct policy *policy,
		  const struct identity *who, const struct survey *s,
		  struct node **policies, struct sg_error *e)
{
	struct network n = {
		.arena = a,
		.policy = policy,
		.who = who,
		.engine = who->engine,
		.survey = s,
		.policies = policies,
	};
	const struct component *jobs = engine_jobs_component(who->engine);
	n.plain_jobs = build_plain_jobs(&n);
	add_policy(&n, node_new_mapping(a), NULL, NULL);
	add_policy(&n, node_new_mapping(a), NULL, dns_rules(&n));
	add_policy(&n, select_acme(&n), acme_rules(&n), NULL);
	for (unsigned i = 0; i < who->engine->component_count; i++)
		add_component(&n, &who->engine->components[i]);
	if (jobs)
		add_unstamped_jobs(&n, jobs);
	return sg_arena_check(a, e);
}
