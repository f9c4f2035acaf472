#include "helpers.h"

#include "policy.h"

extern const char sg_default_policy[];
extern const char sg_default_policy_end[];

static size_t default_length(void)
{
	return (size_t)(sg_default_policy_end - sg_default_policy);
}

/* The default policy with bytes [begin, end) replaced must be refused. */
static void expect_refused(size_t begin, size_t end, const char *with,
			   const char *says)
{
	cleanup_buffer struct sg_buffer text;
	cleanup_policy struct policy *p = NULL;
	struct sg_error e = { 0 };
	sg_buffer_init(&text, SG_MIB);
	sg_buffer_append(&text, sg_default_policy, begin);
	sg_buffer_puts(&text, with);
	sg_buffer_append(&text, sg_default_policy + end,
			 default_length() - end);
	expect_error(policy_parse("p.yaml", text.data, text.length, &p, &e),
		     &e, SG_INVALID, says, with);
	assert_null(p);
	if (strncmp(e.message, "p.yaml: ", 8) != 0)
		fail_msg("the message does not name the file: %s", e.message);
}

/* The first occurrence of a text in the default policy replaced. */
static void expect_change_refused(const char *from, const char *to,
				  const char *says)
{
	const char *at = memmem(sg_default_policy, default_length(), from,
				strlen(from));
	if (!at)
		fail_msg("the default policy has no %s", from);
	size_t begin = (size_t)(at - sg_default_policy);
	expect_refused(begin, begin + strlen(from), to, says);
}

static void test_default(void **state)
{
	cleanup_policy struct policy *p = NULL;
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	(void)state;
	sg_arena_init(&a);
	if (policy_parse_default(&p, &e))
		fail_msg("%s", e.message);
	expect_text(policy_plan_names(&a, p), "small, medium, large", "plans");
	expect_text(policy_engine_names(&a, p), "woocommerce, medusa",
		    "engines");
	expect_text(p->default_plan, "small", "the default plan");
	assert_null(policy_engine(p, "shopify"));
	assert_null(policy_plan(p, ""));
	const struct engine *engine = policy_engine(p, "woocommerce");
	const struct component *web = engine_component(engine, "web");
	assert_true(web->is_public && !web->jobs);
	assert_int_equal(web->ports.items[1], 443);
	assert_true(strings_contain(&web->reaches, "database"));
	expect_text(engine_jobs_component(engine)->name, "setup", "jobs");
	const struct plan *plan = policy_plan(p, "large");
	assert_null(plan_limits(plan, "Pod"));
	const struct limit_range *range = plan_limits(plan, "Container");
	assert_int_equal(quantity_compare(*resources_get(&range->max, "cpu"),
					  quantity_from_int(8)),
			 0);
	assert_int_equal(p->owners.stores, 5);
	assert_int_equal(p->provisioning_seconds, 600);
}

static void test_whom_an_assigner_acts_for(void **state)
{
	static const struct {
		const char *user, *owner;
		bool may;
	} cases[] = {
		{ "team", "alice", true },  { "team", "alic", false },
		{ "team", "alice2", false }, { "team", "a-", true },
		{ "team", "a-bob", true },   { "team", "ab", false },
		{ "team", "carol", true },   { "team", "", false },
		{ "none", "alice", false },  { "all", "anybody", true },
		{ "stranger", "alice", true },
	};
	struct strings first = { (const char *[]){ "alice", "a-*" }, 2 };
	struct strings second = { (const char *[]){ "carol" }, 1 };
	struct strings all = { (const char *[]){ "*" }, 1 };
	struct assigner list[] = { { "team", first },
				   { "none", { NULL, 0 } },
				   { "team", second },
				   { "all", all } };
	const struct policy p = { .owners = { .assigners = list,
					      .assigner_count = COUNT(list) } };
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (policy_lets_act_for(&p, cases[i].user, cases[i].owner) !=
		    cases[i].may)
			fail_msg("%s for %s", cases[i].user, cases[i].owner);
}

/* --- every value of the default policy, of a wrong kind in turn --- */

static bool is_free(const char *path)
{
	return strncmp(path, "spec", 4) != 0; /* metadata is anybody's */
}

/* Lists of plain values are spoken of as a whole. */
static void wrong_kinds(const struct node *n, const char *path)
{
	cleanup_buffer struct sg_buffer at;
	unsigned index = 0;
	sg_buffer_init(&at, 1000);
	if (is_free(path) && *path)
		return;
	if (*path)
		expect_refused(n->begin, n->end,
			       n->kind == NODE_SCALAR ? "[[]]" : "oops", path);
	if (n->kind == NODE_SCALAR)
		return;
	for (const struct node *c = n->first; c; c = c->next, index++) {
		sg_buffer_clear(&at);
		sg_buffer_puts(&at, path);
		if (n->kind == NODE_SEQUENCE && c->kind != NODE_SCALAR)
			sg_buffer_printf(&at, "[%u]", index);
		if (n->kind == NODE_MAPPING) {
			sg_buffer_printf(&at, "%s%s", *path ? "." : "",
					 c->text);
			c = c->next;
		}
		wrong_kinds(c, at.data);
	}
}

static void test_wrong_kinds(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	wrong_kinds(must_parse(&a, sg_default_policy), "");
}

/* --- a field that there isn't, in every mapping in turn --- */

static bool ends_in_amounts(const char *path)
{
	static const char *const free_maps[] = { ".default", ".defaultRequest",
						 ".max", ".min" };
	for (size_t i = 0; i < COUNT(free_maps); i++) {
		size_t length = strlen(free_maps[i]);
		if (strlen(path) > length &&
		    strcmp(path + strlen(path) - length, free_maps[i]) == 0)
			return true;
	}
	return false;
}

static void add_field(const struct node *n, const char *path)
{
	char text[100];
	if (is_free(path) || ends_in_amounts(path))
		return;
	if (n->style == STYLE_FLOW)
		(void)snprintf(text, sizeof text, "zzz: 1, ");
	else
		(void)snprintf(text, sizeof text, "zzz: 1\n%*s",
			       (int)n->column, "");
	expect_refused(n->inside, n->inside, text, path);
	expect_refused(n->inside, n->inside, text, "zzz");
}

static void unknown_fields(const struct node *n, const char *path)
{
	char at[1000];
	unsigned index = 0;
	if (n->kind == NODE_SCALAR)
		return;
	if (n->kind == NODE_MAPPING)
		add_field(n, path);
	for (const struct node *c = n->first; c; c = c->next, index++) {
		if (n->kind == NODE_MAPPING) {
			(void)snprintf(at, sizeof at, "%s%s%s", path,
				       *path ? "." : "", c->text);
			c = c->next;
		} else {
			(void)snprintf(at, sizeof at, "%s[%u]", path, index);
		}
		unknown_fields(c, at);
	}
}

static void test_unknown_fields(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	unknown_fields(must_parse(&a, sg_default_policy), "");
	expect_change_refused("spec:\n", "specs: {}\nspec:\n",
			      "has no field \"specs\"; it has: apiVersion");
}

/* --- right kinds with wrong values --- */

struct change {
	const char *from;
	const char *to;
	const char *says;
};

static const struct change changes[] = {
	{ "urumi.io/v1\n", "urumi.io/v2\n", "is not a StorePolicy" },
	{ "kind: StorePolicy", "kind: Store", "is not a StorePolicy" },
	{ "spec:\n", "status:\n", "spec is missing" },
	{ "[a-z]([a-z0-9-]*[a-z0-9])?", "[a-z",
	  "spec.naming.pattern: \"[a-z\"" },
	{ "minLength: 3", "minLength: 0", "spec.naming.minLength: \"0\"" },
	{ "minLength: 3", "minLength: 33", "from 1 to 32" },
	{ "maxLength: 32", "maxLength: 2",
	  "spec.naming.maxLength: \"2\" is not a whole number from 3 to" },
	{ "reserved: [admin", "reserved: [on",
	  "spec.naming.reserved: on is not a string" },
	{ "shops.example.com ", "Shops.example.com ",
	  "spec.hosts.baseDomain: \"Shops.example.com\" is not a domain" },
	{ "deniedDomains: []", "deniedDomains: ['*.x']",
	  "spec.hosts.deniedDomains: \"*.x\" is not a domain" },
	{ "stores: 5 ", "stores: -1 ", "spec.owners.stores: \"-1\"" },
	{ "groups: []  ", "groups: [{group: a}]  ",
	  "spec.owners.groups[0].stores is missing" },
	{ "groups: []  ", "groups: [{stores: 1}]  ",
	  "spec.owners.groups[0].group is missing" },
	{ "assigners: []", "assigners: [{owners: [a]}]",
	  "spec.owners.assigners[0].user is missing" },
	{ "assigners: []", "assigners: [{user: a}]",
	  "spec.owners.assigners[0].owners is missing" },
	{ "assigners: []", "assigners: [{user: a, owners: ['*-b']}]",
	  "spec.owners.assigners[0].owners: \"*-b\" has a * that is not at its end" },
	{ "defaultPlan: small", "defaultPlan: huge", "spec.defaultPlan: there "
	  "is no plan \"huge\"; there are: small, medium, large" },
	{ "  woocommerce:", "  Woo_Commerce:",
	  "spec.engines: \"Woo_Commerce\" is not a name" },
	{ "plans: [small, medium", "plans: [tiny, medium",
	  "spec.engines.woocommerce.plans: there is no plan \"tiny\"" },
	{ "podSecurity: restricted", "podSecurity: strict",
	  "woocommerce.podSecurity: \"strict\" is not restricted, baseline" },
	{ "name: setup", "name: guard",
	  "components[0].name: \"guard\" is not a component's name" },
	{ "name: setup", "name: dns", "components[0].name: \"dns\"" },
	{ "name: setup", "name: database", "two are named database" },
	{ "public: true", "jobs: true", "two have jobs: true" },
	{ "ports: [80, 443, 8080", "ports: [0, 443, 8080",
	  "spec.engines.woocommerce.components[3]" },
	{ "reaches: [database, cache, web]", "reaches: [web2]",
	  "setup reaches \"web2\", which is no component with ports" },
	{ "reaches: [database, cache, web]", "reaches: [setup]",
	  "setup reaches \"setup\", which is no component with ports" },
	{ "ports: [3306]", "ports: [0]",
	  "components[1].ports: \"0\" is not a whole number" },
	{ "requests.cpu: \"2\"", "request.cpu: \"2\"",
	  "plans.small.quota: \"request.cpu\" is not a ResourceQuota key" },
	{ "pods: \"15\"", "pods: ten",
	  "spec.plans.small.quota.pods: \"ten\" is not a quantity" },
	{ "pods: \"15\"", "pods: \"-1\"", "quota.pods: -1 is negative" },
	{ "pods: \"15\"", "pods: \"15\"\n        pods: \"16\"",
	  "the key \"pods\" is given twice" },
	{ "type: Container", "type: Pod",
	  "limitRange[0].type: \"Pod\" is not Container" },
	{ "type: PersistentVolumeClaim", "type: Container",
	  "spec.plans.small.limitRange: two limits of type Container" },
	{ "default: {cpu: 500m", "default: {cpu: 5", "limitRange[0]: "
	  "default.cpu is larger than max.cpu" },
	{ "defaultRequest: {cpu: 100m", "defaultRequest: {cpu: 1",
	  "defaultRequest.cpu is larger than default.cpu" },
	{ "max: {storage: 20Gi}", "min: {storage: 2}\n          max: "
	  "{storage: 1}", "limitRange[1]: min.storage is larger than" },
	{ "max: {storage: 20Gi}", "default: {storage: 1}",
	  "a PersistentVolumeClaim has only min and max" },
	{ "cidr: 169.254.20.10/32", "cidr: 169.254.20.10",
	  "spec.network.dns[1].ipBlock.cidr: \"169.254.20.10\" is not" },
	{ "[10.0.0.0/8,", "[10.0.0.0/99,",
	  "\"10.0.0.0/99\" is not a CIDR" },
	{ "- ipBlock: {cidr: 169.254.20.10/32}", "- {}",
	  "spec.network.dns[1] must have either ipBlock or selectors" },
	{ "matchLabels: {k8s-app: kube-dns}", "matchLabels: {k8s-app: on}",
	  "podSelector.matchLabels.k8s-app: on is not a string" },
	{ "matchLabels: {k8s-app: kube-dns}", "matchLabels: {~: x}",
	  "the key ~ is null, which Kubernetes refuses" },
	{ "ports: [80, 443, 8000", "ports: [80, 443, 80000",
	  "spec.network.ingress.ports: \"80000\"" },
};

static void test_wrong_values(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(changes); i++)
		expect_change_refused(changes[i].from, changes[i].to,
				      changes[i].says);
}

static void test_names_by_alias(void **state)
{
	(void)state;
	/* an alias as a key is a name like any other */
	expect_change_refused("  defaultPlan: small\n",
			      "  defaultPlan: &name huge\n",
			      "no plan \"huge\"");
	expect_change_refused("  plans:\n    small:\n",
			      "  plans:\n    *name :\n",
			      "alias *name has no anchor");
}

static void test_no_policy(void **state)
{
	static const char *const texts[] = { "", "# none\n", "[]", "policy\n",
					     "~\n" };
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		cleanup_policy struct policy *p = NULL;
		struct sg_error e = { 0 };
		expect_error(policy_parse("p.yaml", texts[i], strlen(texts[i]),
					  &p, &e),
			     &e, SG_INVALID, "p.yaml: ", "no policy");
		assert_non_null(strstr(e.message, "StorePolicy"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whom_an_assigner_acts_for),
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_wrong_kinds),
		cmocka_unit_test(test_unknown_fields),
		cmocka_unit_test(test_wrong_values),
		cmocka_unit_test(test_names_by_alias),
		cmocka_unit_test(test_no_policy),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
