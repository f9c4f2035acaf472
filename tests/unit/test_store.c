#include "helpers.h"

#include "store.h"

/* The default policy with a few settings that it leaves empty. */
static int load_policy(void **state)
{
	static const char *const changes[][2] = {
		{ "allowedDomains: []", "allowedDomains: [shop.example.org]" },
		{ "deniedDomains: []",
		  "deniedDomains: [vip.shops.example.com]" },
		{ "plans: [small, medium, large]", "plans: [small, medium]" },
	};
	extern const char sg_default_policy[];
	cleanup_buffer struct sg_buffer text;
	struct policy *p = NULL;
	struct sg_error e = { 0 };
	const char *from = sg_default_policy;
	sg_buffer_init(&text, SG_MIB);
	for (size_t i = 0; i < COUNT(changes); i++) {
		const char *at = strstr(from, changes[i][0]);
		assert_non_null(at);
		sg_buffer_append(&text, from, (size_t)(at - from));
		sg_buffer_puts(&text, changes[i][1]);
		from = at + strlen(changes[i][0]);
	}
	sg_buffer_puts(&text, from);
	if (policy_parse("p.yaml", text.data, text.length, &p, &e))
		fail_msg("%s", e.message);
	*state = p;
	return 0;
}

static int free_policy(void **state)
{
	policy_free(*state);
	return 0;
}

#define HEAD "apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: fashion}\n"

static const char full[] = HEAD
	"spec:\n  engine: medusa\n  owner: alice@example.com\n  plan: medium\n"
	"  host: f.shop.example.org\n  displayName: Fashion\n"
	"  adminEmail: a@example.com\n  delivery: helm\n"
	"  deletionProtection: true\n  values: {shop: {currency: eur}}\n";

static void test_decode(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct store s;
	(void)state;
	sg_arena_init(&a);
	assert_int_equal(store_decode(&a, must_parse(&a, full), &s, &e), 0);
	expect_text(s.name, "fashion", "name");
	expect_text(s.engine, "medusa", "engine");
	expect_text(s.owner, "alice@example.com", "owner");
	expect_text(s.plan, "medium", "plan");
	expect_text(s.host, "f.shop.example.org", "host");
	expect_text(s.display_name, "Fashion", "displayName");
	expect_text(s.admin_email, "a@example.com", "adminEmail");
	expect_text(s.delivery, "helm", "delivery");
	expect_text(node_text(node_path(s.values, "shop", "currency", NULL)),
		    "eur", "a value");
}

static void test_defaults(void **state)
{
	cleanup_arena struct sg_arena a;
	struct sg_error e = { 0 };
	struct store s;
	sg_arena_init(&a);
	assert_int_equal(store_decode(&a, must_parse(&a, HEAD), &s, &e), 0);
	assert_null(s.plan);
	assert_int_equal(store_default(&a, *state, &s, &e), 0);
	expect_text(s.plan, "small", "plan");
	expect_text(s.host, "fashion.shops.example.com", "host");
	expect_text(s.display_name, "fashion", "display name");
	expect_text(s.delivery, "gitops", "delivery");
	assert_null(s.owner);
	assert_null(s.engine);
	/* what is given stays */
	assert_int_equal(store_decode(&a, must_parse(&a, full), &s, &e), 0);
	assert_int_equal(store_default(&a, *state, &s, &e), 0);
	expect_text(s.host, "f.shop.example.org", "the given host");
	expect_text(s.plan, "medium", "the given plan");
}

struct wrong {
	const char *text;
	const char *says;
};

static const struct wrong wrongs[] = {
	{ "[]\n", "not a Store: expected apiVersion: urumi.io/v1" },
	{ "apiVersion: urumi.io/v2\nkind: Store\n", "not a Store" },
	{ "apiVersion: urumi.io/v1\nkind: Stores\n", "not a Store" },
	{ "apiVersion: urumi.io/v1\nkind: Store\n", "metadata must be a" },
	{ "apiVersion: urumi.io/v1\nkind: Store\nmetadata: {}\n",
	  "metadata.name is missing" },
	{ "apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: 12}\n",
	  "metadata.name: 12 is not a string" },
	{ HEAD "spec: []\n", "spec must be a mapping, not a list" },
	{ HEAD "spec: {engin: x}\n", "spec has no field \"engin\"" },
	{ HEAD "spec: {plan: [x]}\n", "spec.plan must be a string" },
	{ HEAD "spec: {host: ''}\n", "spec.host is empty" },
	{ HEAD "spec: {deletionProtection: 1}\n",
	  "spec.deletionProtection: 1 is not true or false" },
	{ HEAD "spec: {values: [x]}\n", "spec.values must be a mapping" },
};

static void test_decode_refuses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(wrongs); i++) {
		cleanup_arena struct sg_arena a;
		struct sg_error e = { 0 };
		struct store s;
		sg_arena_init(&a);
		const struct node *n = must_parse(&a, wrongs[i].text);
		expect_error(store_decode(&a, n, &s, &e), &e, SG_INVALID,
			     wrongs[i].says, wrongs[i].text);
	}
}

static void test_is_store(void **state)
{
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	assert_true(store_is_store(must_parse(&a, HEAD)));
	assert_true(store_is_store(
		must_parse(&a, "{apiVersion: urumi.io/v9, kind: Store}")));
	assert_false(store_is_store(
		must_parse(&a, "{apiVersion: other.io/v1, kind: Store}")));
	assert_false(store_is_store(
		must_parse(&a, "{apiVersion: urumi.io/v1, kind: Policy}")));
	assert_false(store_is_store(must_parse(&a, "[Store]")));
	assert_false(store_is_store(NULL));
}

struct rule {
	const char *what;
	const char *says; /* of the only violation; NULL: there is none */
};

static void expect_rule(const struct violations *v, const struct rule *r,
			const char *field)
{
	if (v->count != (r->says ? 1 : 0))
		fail_msg("\"%s\": %u violations, first: %s", r->what, v->count,
			 v->count ? v->items[0].message : "-");
	if (r->says && !strstr(v->items[0].message, r->says))
		fail_msg("\"%s\": %s", r->what, v->items[0].message);
	if (r->says && field)
		expect_text(v->items[0].field, field, "the field");
}

static const struct rule names[] = {
	{ "fashion", NULL },
	{ "a12", NULL },
	{ "abcdefghijklmnopqrstuvwxyz123456", NULL },
	{ "my-shop", NULL },
	{ "administrator", NULL },
	{ "shop-admin", NULL },
	{ "apiary", NULL },
	{ "visage", NULL },
	{ "paypalace", NULL },
	{ "ab", "\"ab\" has 2 characters; from 3 to 32" },
	{ "abcdefghijklmnopqrstuvwxyz1234567", "has 33 characters" },
	{ "1shop", "does not match" },
	{ "Shop", "does not match" },
	{ "shop-", "does not match" },
	{ "-shop", "does not match" },
	{ "sh_op", "does not match" },
	{ "sh.op", "does not match" },
	{ "shop\nx", "does not match" },
	{ "sh\xc3\xb6p", "does not match" },
	{ "xn--shop", "punycode" },
	{ "ab--shop", "punycode" },
	{ "abc--shop", NULL },
	{ "admin", "\"admin\" is reserved" },
	{ "www", "is reserved" },
	{ "paypal", "resembles the protected name \"paypal\"" },
	{ "paypa1", "resembles the protected name \"paypal\"" },
	{ "pay-pal", "resembles the protected name \"paypal\"" },
	{ "my-paypal", "resembles the protected name \"paypal\"" },
	{ "paypai-shop", "resembles the protected name \"paypal\"" },
	{ "x-arnaz0n-y", "resembles the protected name \"amazon\"" },
	{ "my-5tr1pe", "resembles the protected name \"stripe\"" },
	{ "k1arna", "resembles the protected name \"klarna\"" },
	{ "p4ypal", "\"p4ypal\" resembles the protected name \"paypal\" (\"4\" for \"a\"); choose another name" },
	{ "pay-pal-shop", "(\"pay-pal\" in it, without \"-\")" },
	{ "stripe3", "(without digits around it)" },
	{ "adm1n", "\"adm1n\" resembles the reserved name \"admin\" (\"1\" for \"i\"); choose another name" },
	{ "ad-min", "resembles the reserved name \"admin\"" },
	{ "admin-1", "resembles the reserved name \"admin\"" },
	{ "rnail", "resembles the reserved name \"mail\"" },
	{ "suport", "resembles the reserved name \"support\"" },
};

static void test_names(void **state)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		sg_arena_init(&a);
		violations_init(&v, &a);
		store_check_name(*state, names[i].what, &v);
		expect_rule(&v, &names[i], "metadata.name");
	}
}

static const struct rule hosts[] = {
	{ "fashion.shops.example.com", NULL },
	{ "a.b.shops.example.com", NULL },
	{ "shop.example.org", NULL },
	{ "fashion.shop.example.org", NULL },
	{ "shops.example.com", "not below" },
	{ "example.com", "allowed: "
	  "shops.example.com, shop.example.org" },
	{ "evilshops.example.com", "not below" },
	{ "shops.example.com.evil.org", "not below" },
	{ "fashion", "is not a host name (like fashion.shops.example.com)" },
	{ "Fashion.shops.example.com", "is not a host name" },
	{ "https://fashion.shops.example.com", "is not a host name" },
	{ "*.shops.example.com", "is not a host name" },
	{ "fashion.shops.example.com.", "is not a host name" },
	{ "fashion.shops.example.com/x", "is not a host name" },
	{ "xn--80ak6aa92e.shops.example.com", "punycode" },
	{ "a.xn--p1ai.shops.example.com", "punycode" },
	{ "vip.shops.example.com", "is in a denied domain" },
	{ "x.vip.shops.example.com", "is in a denied domain" },
	{ "xvip.shops.example.com", NULL },
	{ "admin.shops.example.com", "\"admin\" is reserved" },
	{ "adm1n.shops.example.com", "\"adm1n.shops.example.com\": \"adm1n\" resembles the reserved name \"admin\" (\"1\" for \"i\"); choose another host" },
	{ "pay-pal.fashion.shops.example.com", "\"pay-pal\" resembles the protected name \"paypal\" (without \"-\"); choose another host" },
	{ "www.fashion.shops.example.com", NULL },
	{ "www.shop.example.org", NULL },
	{ "my-paypa1.shops.example.com", "resembles the protected name \"paypal\"" },
	{ "str1pe.fashion.shops.example.com", "resembles the protected name \"stripe\"" },
	{ "a123456789b123456789c123456789d123456789e123456789f123456789g12."
	  "shops.example.com", NULL },
};

static void test_hosts(void **state)
{
	for (size_t i = 0; i < COUNT(hosts); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		sg_arena_init(&a);
		violations_init(&v, &a);
		store_check_host(*state, hosts[i].what, &v);
		expect_rule(&v, &hosts[i], "spec.host");
	}
}

/* of a woocommerce store */
static const struct rule values[] = {
	{ "{}", NULL },
	{ "{shop: {currency: eur, locale: de}}", NULL },
	{ "{shop: &s {currency: eur}}", NULL },
	{ "{web: {replicas: 3}}", NULL },
	{ "{ingress: {tls: {enabled: true}}}", NULL },
	{ "{shop: {currency: [a, {b: c}]}}", NULL },
	{ "{shop: {currency: {}}}", NULL },
	{ "{shop: {currency: []}}", NULL },
	{ "{shop: {currency: [{}, [], ~, {a: {}}]}}", NULL },
	{ "{shop: {currency: ~}}", NULL },
	/* what a chart has gives way to all of these */
	{ "{shop: {}}", "an empty mapping is one, too: leave it out" },
	{ "{shop: []}", "is not a value" },
	{ "{shop: [{currency: eur}]}", "a list is one, whatever is in it" },
	{ "{shop: {open: {}}}", "is not a value" },
	{ "{shop: {open: []}}", "is not a value" },
	{ "{shop: {open: [{}]}}", "is not a value" },
	{ "{shop: {open: [[], [[]]]}}", "is not a value" },
	{ "{shop: {open: ~}}", "is not a value" },
	{ "{shop: {open: ''}}", "is not a value" },
	{ "{shop: {open: {deep: {er: {}}}}}", "is not a value" },
	{ "{shop: {currency: eur, open: {}}}", "is not a value" },
	{ "{shop: {currency: &e {}, open: *e}}", "is not a value" },
	{ "{Shop: {currency: eur}}", "is not a value" },
	{ "{shop: {Currency: eur}}", "is not a value" },
	{ "{shop: {'currency ': eur}}", "is not a value" },
	{ "{'': {shop: {currency: eur}}}", "the key \"\" is empty" },
	{ "{'': eur}", "the key \"\" is empty" },
	{ "{shop: {<<: {}}}", "merges" },
	{ "{shop: {currency: {<<: {open: x}}}}", "merges" },
	{ "{<<: {store: {name: other}}}", "merges" },
	{ "{store: {name: other}}", "is written from the Store's own name" },
	{ "{store: {}}", "is written from the Store's own name" },
	{ "{store: ~}", "is written from the Store's own name" },
	{ "{shop: {currency: {store: x}}}", NULL },
	{ "{shop: ~}", "is not a value that a woocommerce store may set" },
	{ "{shop: x}", "is not a value" },
	{ "{shop: {currencyX: x}}", "is not a value" },
	{ "{worker: {replicas: 3}}", "allowed: shop.currency" },
	{ "{image: {tag: x}}", "is not a value" },
	{ "{shop.currency: {x: y}}", "" },
	{ "{shop: {currency.x: y}}", "" },
	{ "{database: {password: x}}", "looks like a secret" },
	{ "{shop: {currency: {apiKey: x}}}", "looks like a secret" },
	{ "{shop: {demoProducts: [{secretToken: x}]}}", "looks like a secret" },
	{ "{web: {<<: {image: x}}}", "" },
};

/* How large values may be, however they are written; what was larger may shrink. */
static void test_size_of_values(void **state)
{
	static const struct {
		const char *item;
		unsigned count, before; /* of a list of these */
		const char *says; /* NULL: it may be */
	} cases[] = {
		{ "0", 1995, 0, NULL },
		{ "0", 1996, 0, "has 4019 bytes as JSON, and 2001 values" },
		{ "0", 2500, 2500, NULL },
		{ "0", 2500, 2501, NULL },
		{ "0", 2501, 2500, "or no more than there were before" },
		/* of several spellings, one size */
		{ "xxxxxxxxxxxxxxxxxxxx", 1423, 0, NULL },
		{ "\"xxxxxxxxxxxxxxxxxxxx\"", 1424, 0, "has 32779 bytes" },
		{ "xxxxxxxxxxxxxxxxxxxx", 1424, 0, "has 32779 bytes" },
		{ "'<>&'", 1559, 0, NULL },
		{ "'<>&'", 1560, 0, "has 32787 bytes" },
		{ "\"\\n\\\"\\x01\"", 1000, 0, NULL },
		{ "{}", 1995, 0, NULL },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct store s = { .engine = "medusa" };
		const struct node *trees[2];
		sg_arena_init(&a);
		violations_init(&v, &a);
		for (unsigned n = 0; n < 2; n++) {
			cleanup_buffer struct sg_buffer text;
			sg_buffer_init(&text, SG_MIB);
			sg_buffer_puts(&text, "{shop: {demoProducts: [");
			for (unsigned k = 0;
			     k < (n ? cases[i].before : cases[i].count); k++)
				sg_buffer_printf(&text, "%s%s", k ? ", " : "",
						 cases[i].item);
			sg_buffer_puts(&text, "]}}");
			trees[n] = must_parse(
				&a, sg_arena_copy(&a, text.data, text.length));
		}
		s.values = trees[0];
		store_check_values(*state, &s, trees[1], &v);
		const char *said = v.count ? v.items[0].message : "";
		if (!cases[i].says ? v.count != 0 : !strstr(said, cases[i].says))
			fail_msg("%u of %s: %s", cases[i].count, cases[i].item,
				 v.count ? said : "may be");
	}
}

static void test_values(void **state)
{
	for (size_t i = 0; i < COUNT(values); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct store s = { .name = "x", .engine = "woocommerce" };
		sg_arena_init(&a);
		violations_init(&v, &a);
		s.values = must_parse(&a, values[i].what);
		store_check_values(*state, &s, NULL, &v);
		expect_rule(&v, &values[i], NULL);
	}
}

/* What is written from the Store itself stays so, whatever a policy allows. */
static void test_no_policy_allows_what_is_not_to_be_set(void **state)
{
	static const char *const allowed[] = { "", "store", "store.name", "x" };
	static const struct rule cases[] = {
		{ "{store: {name: other}}", "is written from" },
		{ "{store: {theme: dark}}", "is written from" },
		{ "{store: []}", "is written from" },
		{ "{'': x}", "is empty" },
		{ "{y: 1}", "allowed: , store, store.name, x" },
		{ "{x: {store: {name: other}, y: []}}", NULL },
	};
	struct policy p = *(const struct policy *)*state;
	struct engine engine = { .name = "kiosk" };
	engine.values.items = (const char **)(uintptr_t)allowed;
	engine.values.count = COUNT(allowed);
	p.engines = &engine;
	p.engine_count = 1;
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct store s = { .name = "x", .engine = "kiosk" };
		sg_arena_init(&a);
		violations_init(&v, &a);
		s.values = must_parse(&a, cases[i].what);
		store_check_values(&p, &s, NULL, &v);
		expect_rule(&v, &cases[i], NULL);
	}
}

/* Only what changes is held to the rules: emptied is changed. */
static void test_changed_values(void **state)
{
	static const struct {
		const char *old;
		struct rule now;
	} cases[] = {
		{ "{auth: {on: {}}, x: []}", { "{auth: {on: {}}, x: []}", NULL } },
		{ "{auth: {on: {}}}", { "{auth: {on: []}}", "is not a value" } },
		{ "{auth: {on: true}}", { "{auth: {on: {}}}", "is not a value" } },
		{ "{auth: {on: true}}", { "{auth: {}}", "is not a value" } },
		{ "{auth: {on: true}}", { "{}", NULL } },
		{ "{auth: [{}]}", { "{auth: [{}, {}]}", "is not a value" } },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct store s = { .name = "x", .engine = "woocommerce" };
		sg_arena_init(&a);
		violations_init(&v, &a);
		s.values = must_parse(&a, cases[i].now.what);
		store_check_values(*state, &s, must_parse(&a, cases[i].old), &v);
		expect_rule(&v, &cases[i].now, NULL);
	}
}

#define ODD "one line of 1 to 253 bytes of UTF-8, without control characters"

static void test_owners(void **state)
{
	static const struct rule cases[] = {
		{ "alice", NULL },
		{ "Alice Smith+shops@example.com", NULL },
		{ "CN=al\xc3\xafs, O=\"x\" # \\ {a: b}", NULL },
		{ " ali ce ", NULL },
		{ "\xf0\x9f\x98\x80", NULL },
		{ "\xe2\x80\x8d", NULL },
		{ "", ODD },
		{ "a\nb", ODD },
		{ "a\tb", ODD },
		{ "a\x7f", ODD },
		{ "a\xc2\x80", ODD },
		{ "a\xc2\x85z", "\"a??z\" is no owner's name" },
		{ "\xc2\x9fz", ODD },
		{ "a\xe2\x80\xa8", ODD },
		{ "a\xe2\x80\xa9", ODD },
		{ "\xef\xbb\xbf" "alice", ODD },
		{ "a\xef\xbf\xbe", ODD },
		{ "a\xef\xbf\xbf", ODD },
		{ "a\xff", ODD },
		{ "a\xed\xa0\x80", ODD },
	};
	char long_name[STORE_OWNER_MAX + 2];
	memset(long_name, 'a', sizeof long_name);
	long_name[sizeof long_name - 1] = '\0';
	assert_false(store_is_owner(long_name));
	assert_true(store_is_owner(long_name + 1));
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct store s = { .name = "fashion", .engine = "medusa",
				   .owner = cases[i].what };
		sg_arena_init(&a);
		violations_init(&v, &a);
		store_check(*state, &s, &v);
		expect_rule(&v, &cases[i], "spec.owner");
		assert_int_equal(store_is_owner(cases[i].what), !v.count);
	}
}

static void test_engines_and_plans(void **state)
{
	static const struct {
		const char *engine, *plan, *field, *says;
	} cases[] = {
		{ "woocommerce", "medium", NULL, NULL },
		{ "medusa", "large", NULL, NULL },
		{ "medusa", NULL, NULL, NULL },
		{ NULL, "small", "spec.engine",
		  "is missing; one of: woocommerce, medusa" },
		{ "magento", NULL, "spec.engine",
		  "no engine \"magento\"; one" },
		{ "medusa", "tiny", "spec.plan",
		  "no plan \"tiny\"; one of: small, medium, large" },
		{ "woocommerce", "large", "spec.plan",
		  "not offered for woocommerce; one of: small, medium" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct store s = { .name = "x", .engine = cases[i].engine,
				   .plan = cases[i].plan };
		const struct rule r = { s.engine ? s.engine : "none",
					cases[i].says };
		sg_arena_init(&a);
		violations_init(&v, &a);
		store_check_engine(*state, &s, &v);
		expect_rule(&v, &r, cases[i].field);
	}
}

static void test_all_at_once(void **state)
{
	cleanup_arena struct sg_arena a;
	struct violations v;
	struct sg_error e = { 0 };
	static const char *const fields[] = { "metadata.name", "spec.plan",
					      "spec.host", "spec.values.x",
					      "spec.values.password" };
	sg_arena_init(&a);
	violations_init(&v, &a);
	struct store s = { .name = "admin", .engine = "medusa", .plan = "huge",
			   .host = "x" };
	s.values = must_parse(&a, "{x: 1, password: 2}");
	store_check(*state, &s, &v);
	expect_error(violations_check(&v, "store", &e), &e, SG_REFUSED, "",
		     "a store that is wrong all over");
	assert_int_equal(v.count, COUNT(fields));
	for (size_t i = 0; i < COUNT(fields); i++) {
		expect_text(v.items[i].field, fields[i], "field");
		if (!strstr(e.message, fields[i]))
			fail_msg("%s is not told: %s", fields[i], e.message);
	}
}

/* More than are told, so that none of both could hide the other. */
static const struct node *many_values(struct sg_arena *a, const char *last)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_FILE);
	for (unsigned i = 0; i < 2 * SG_MAX_VIOLATIONS; i++)
		sg_buffer_printf(&text, "x%u: 1\n", i);
	sg_buffer_printf(&text, "%s\n", last);
	return must_parse(a, text.data);
}

static void test_what_was_admitted_is_excused(void **state)
{
	static const char excused[] = "excused", refused[] = "refused";
	static const struct {
		struct store s;
		const char *field, *how;
	} cases[] = {
		{ { .name = "admin" }, "metadata.name", excused },
		{ { .name = "ab" }, "metadata.name", excused },
		{ { .name = "9shop" }, "metadata.name", excused },
		{ { .name = "xn--shop" }, "metadata.name", excused },
		{ { .name = "paypa1" }, "metadata.name", excused },
		{ { .name = "A" }, "metadata.name", refused },
		{ { .name = "a.b" }, "metadata.name", refused },
		{ { .name = "abcdefghijklmnopqrstuvwxyz0123456" },
		  "metadata.name", refused },
		{ { .host = "garden.shops.example.org" }, "spec.host", excused },
		{ { .host = "xn--a.shops.example.com" }, "spec.host", excused },
		{ { .host = "admin.shops.example.com" }, "spec.host", excused },
		{ { .host = "a b" }, "spec.host", refused },
		{ { .plan = "large" }, "spec.plan", excused },
		{ { .plan = "tiny" }, "spec.plan", refused },
		{ { .engine = "magento" }, "spec.engine", refused },
		{ { .owner = "a\xc2\x85" }, "spec.owner", excused },
		{ { .display_name = "\xef\xbb\xbf" "A" }, "spec.displayName",
		  excused },
		{ { .admin_email = "nobody" }, "spec.adminEmail", refused },
		{ { .delivery = "post" }, "spec.delivery", refused },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v, of_policy;
		struct store s = cases[i].s;
		sg_arena_init(&a);
		violations_init(&v, &a);
		violations_init(&of_policy, &a);
		v.excused = &of_policy;
		s.name = s.name ? s.name : "garden";
		s.engine = s.engine ? s.engine : "woocommerce";
		s.plan = s.plan ? s.plan : "small";
		store_check(*state, &s, &v);
		bool is_excused = cases[i].how == excused;
		const struct violations *with = is_excused ? &of_policy : &v;
		if (v.count != !is_excused || (is_excused && !of_policy.count) ||
		    strcmp(with->items[0].field, cases[i].field) != 0)
			fail_msg("case %zu: %s is not %s: %u refused, %u excused",
				 i, cases[i].field, cases[i].how, v.count,
				 of_policy.count);
	}
}

static void test_excused_values_hide_no_secret(void **state)
{
	cleanup_arena struct sg_arena a;
	struct violations v, of_policy;
	struct store s = { .name = "garden", .engine = "woocommerce",
			   .plan = "small" };
	sg_arena_init(&a);
	violations_init(&v, &a);
	violations_init(&of_policy, &a);
	v.excused = &of_policy;
	s.values = many_values(&a, "shop: {apiToken: x}\nlist: [[{token: x}]]");
	store_check(*state, &s, &v);
	assert_int_equal(of_policy.count, SG_MAX_VIOLATIONS);
	assert_int_equal(v.count, 2);
	expect_text(v.items[0].field, "spec.values.shop.apiToken", "refused");
	expect_text(v.items[1].field, "spec.values.list.token", "refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_decode),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_decode_refuses),
		cmocka_unit_test(test_is_store),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_hosts),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_no_policy_allows_what_is_not_to_be_set),
		cmocka_unit_test(test_changed_values),
		cmocka_unit_test(test_owners),
		cmocka_unit_test(test_size_of_values),
		cmocka_unit_test(test_engines_and_plans),
		cmocka_unit_test(test_all_at_once),
		cmocka_unit_test(test_what_was_admitted_is_excused),
		cmocka_unit_test(test_excused_values_hide_no_secret),
	};
	return cmocka_run_group_tests(tests, load_policy, free_policy);
}
