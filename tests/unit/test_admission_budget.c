/* How much a Store may hold, and how what is too large already gets smaller. */
#include "helpers.h"

#include <stdio.h>

#include "gate_helpers.h"

static int set_up(void **state)
{
	static struct fake f;
	struct policy *p;
	struct sg_error e = { 0 };
	if (policy_parse_default(&p, &e))
		return -1;
	f = fake_world(p);
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fake *f = *state;
	policy_free((struct policy *)(uintptr_t)f->world.policy);
	return 0;
}

/* What of an object a case is about; NULL: as the default is. */
struct given {
	const char *metadata; /* `,"labels":{…}` */
	const char *values; /* `{…}` */
	const char *spec; /* `,"deletionProtection":true` */
};

static void write_object(struct sg_buffer *out, const struct given *g)
{
	sg_buffer_puts(out, "{\"apiVersion\":\"urumi.io/v1\",\"kind\":\"Store\",\"metadata\":{\"name\":\"fashion\"");
	sg_buffer_puts(out, g->metadata ? g->metadata : "");
	sg_buffer_puts(out,
		       "},\"spec\":{\"engine\":\"woocommerce\",\"owner\":\"alice\",\"plan\":\"small\",\"host\":\"fashion.shops.example.com\",\"displayName\":\"x\",\"delivery\":\"gitops\",\"values\":");
	sg_buffer_puts(out, g->values ? g->values : "{}");
	sg_buffer_puts(out, g->spec ? g->spec : "");
	sg_buffer_puts(out, "}}");
}

/* As the API server asks: what it is, or "" when it may. `old`: NULL for a create. */
static const char *judge(void **state, struct sg_arena *a, const char *user,
			 const struct given *old, const struct given *now)
{
	const struct fake *f = *state;
	cleanup_buffer struct sg_buffer text;
	struct node *root = NULL;
	struct review r;
	struct verdict v;
	struct sg_error e = { 0 };
	sg_buffer_init(&text, SG_MAX_BODY);
	sg_buffer_printf(&text,
			 "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{\"uid\":\"u\",\"kind\":{\"group\":\"urumi.io\",\"version\":\"v1\",\"kind\":\"Store\"},\"operation\":\"%s\",\"userInfo\":{\"username\":\"%s\"},\"object\":",
			 old ? "UPDATE" : "CREATE", user);
	write_object(&text, now);
	sg_buffer_puts(&text, ",\"oldObject\":");
	if (old)
		write_object(&text, old);
	else
		sg_buffer_puts(&text, "null");
	sg_buffer_puts(&text, "}}");
	assert_int_equal(sg_buffer_check(&text, &e), 0);
	if (review_read(a, text.data, text.length, &root, &e) ||
	    review_decode(a, root, &r, &e))
		return sg_arena_printf(a, "400 %s", e.message);
	verdict_init(&v, a);
	assert_true(admission_decide(&f->world, ENDPOINT_VALIDATE_STORE, &r, &v));
	return v.allowed ? "" : sg_arena_printf(a, "%s", v.message);
}

static void expect(void **state, const char *user, const struct given *old,
		   const struct given *now, const char *says, const char *what)
{
	cleanup_arena struct sg_arena a;
	sg_arena_init(&a);
	const char *said = judge(state, &a, user, old, now);
	if (!*says && *said)
		fail_msg("%s: was refused: %s", what, said);
	if (*says && !strstr(said, says))
		fail_msg("%s: without \"%s\": %s", what, says,
			 *said ? said : "allowed");
}

/* before, what, many times, after; the last one without its comma */
static char *repeat(const char *before, const char *what, size_t times,
		    const char *after)
{
	struct sg_buffer b;
	sg_buffer_init(&b, SG_MAX_BODY);
	sg_buffer_puts(&b, before);
	for (size_t i = 0; i < times; i++)
		sg_buffer_puts(&b, what);
	b.length -= times && b.data[b.length - 1] == ',';
	b.data[b.length] = '\0';
	sg_buffer_puts(&b, after);
	assert_false(b.over_cap);
	return b.data;
}

static char *products(size_t count)
{
	return repeat("{\"shop\":{\"demoProducts\":[", "0,", count, "]}}");
}

static char *currency(size_t length)
{
	return repeat("{\"shop\":{\"currency\":\"", "x", length, "\"}}");
}

static char *numbered(const char *before, const char *format, unsigned count,
		      const char *after)
{
	struct sg_buffer b;
	sg_buffer_init(&b, SG_MAX_BODY);
	sg_buffer_puts(&b, before);
	for (unsigned i = 0; i < count; i++) {
		sg_buffer_puts(&b, i ? "," : "");
		sg_buffer_printf(&b, format, i);
	}
	sg_buffer_puts(&b, after);
	return b.data;
}

static void test_what_may_be_made(void **state)
{
	static const char over[] =
		"up to 32768 bytes and 2000 values are accepted";
	cleanup_free char *few = products(1990), *many = products(2000),
			  *most = products(150000);
	cleanup_free char *text = currency(32700), *long_text = currency(32800),
			  *longest = currency(3000000);
	cleanup_free char *wide = repeat("{\"shop\":{\"currency\":\"", "\\u003c",
					 5500, "\"}}");
	const struct {
		const char *values, *says;
	} cases[] = {
		{ few, "" },
		{ many, "has 4027 bytes as JSON, and 2005 values" },
		{ many, over },
		{ most, over },
		{ text, "" },
		{ long_text, over },
		{ longest, "spec.values" },
		/* as it is stored, so nobody hides size in escapes */
		{ wide, over },
		{ "{\"shop\":{\"currency\":\"\\u0000\"}}", "400 spec.values" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct given now = { .values = cases[i].values };
		expect(state, "alice", NULL, &now, cases[i].says, cases[i].says);
	}
}

/* Of what has been stored: everything may happen that makes it no larger. */
static void test_what_is_too_large_already(void **state)
{
	static const size_t sizes[] = { 2500, 60000, 90000, 400000 };
	static const char off[] = ",\"deletionProtection\":false",
			  on[] = ",\"deletionProtection\":true";
	for (size_t i = 0; i < COUNT(sizes); i++) {
		cleanup_free char *values = products(sizes[i]),
				  *fewer = products(sizes[i] - 1),
				  *more = products(sizes[i] + 1),
				  *good = products(10);
		const struct given old = { .values = values, .spec = on };
		const struct given same = { .values = values, .spec = off },
				   shrunk = { .values = good, .spec = on },
				   less = { .values = fewer, .spec = on },
				   grown = { .values = more, .spec = on },
				   marked = { .values = values, .spec = on,
					      .metadata = ",\"labels\":{\"a\":\"b\"}" };
		char what[32];
		(void)snprintf(what, sizeof what, "%zu products", sizes[i]);
		expect(state, "alice", &old, &same, "", what);
		expect(state, "alice", &old, &shrunk, "", what);
		expect(state, "alice", &old, &marked, "", what);
		expect(state, "alice", &old, &grown, "spec.values", what);
		if (sizes[i] < SG_MAX_REVIEW_NODES)
			expect(state, "alice", &old, &less, "", what);
		else
			expect(state, "alice", &old, &less,
			       "leave them as they are, or leave up to 2000",
			       what);
		expect(state, "bob", &old, &same, "belongs to \"alice\"", what);
	}
}

/* The one for whom it is refused may not hide another value behind it. */
static void test_less_is_still_looked_at(void **state)
{
	cleanup_free char *values = products(60000);
	cleanup_free char *other = repeat("{\"mine\":[", "0,", 50000, "]}");
	cleanup_free char *secret = repeat("{\"shop\":{\"demoProducts\":[", "0,", 50000,
					   "],\"password\":\"x\"}}");
	const struct given old = { .values = values };
	expect(state, "alice", &old, &(struct given){ .values = other },
	       "spec.values.mine: is not a value", "another path");
	expect(state, "alice", &old, &(struct given){ .values = secret },
	       "looks like a secret", "a secret");
}

static void test_what_hangs_on_it(void **state)
{
	cleanup_free char *labels = numbered(",\"labels\":{", "\"a%u\":\"b\"", 70, "}");
	cleanup_free char *labels_now = numbered(",\"labels\":{", "\"a%u\":\"b\"", 71, "}");
	cleanup_free char *labels_few = numbered(",\"labels\":{", "\"a%u\":\"b\"", 64, "}");
	cleanup_free char *labels_most = numbered(",\"labels\":{", "\"a%u\":\"b\"", 90000, "}");
	cleanup_free char *labels_less = numbered(",\"labels\":{", "\"a%u\":\"b\"", 300, "}");
	cleanup_free char *marks = numbered(",\"annotations\":{", "\"a%u\":\"b\"", 65, "}");
	cleanup_free char *owners = numbered(",\"ownerReferences\":[", "{\"uid\":\"%u\"}", 17, "]");
	cleanup_free char *holds = numbered(",\"finalizers\":[", "\"a.b/%u\"", 17, "]");
	cleanup_free char *note = repeat(",\"annotations\":{\"a\":\"", "x", 17000, "\"}");
	cleanup_free char *applied = repeat(",\"annotations\":{\"kubectl.kubernetes.io/last-applied-configuration\":\"", "x", 200000, "\"}");
	const struct {
		const char *before, *now, *says;
	} cases[] = {
		{ NULL, labels_few, "" },
		{ NULL, labels, "metadata.labels: has 70 labels; up to 64 are accepted" },
		{ labels, labels_now, "metadata.labels: has 71 labels" },
		{ labels, labels, "" },
		{ labels_now, labels, "" },
		{ labels_most, labels_most, "" },
		{ labels_most, labels_less, "" },
		{ labels_less, labels_most, "metadata.labels: has 90000 labels" },
		{ NULL, marks, "metadata.annotations: has 65 annotations" },
		{ NULL, owners, "metadata.ownerReferences: has 17 owners; up to 16" },
		{ NULL, holds, "metadata.finalizers: has 17 finalizers; up to 16" },
		{ NULL, note, "metadata.annotations: has 17001 bytes" },
		{ note, note, "" },
		{ NULL, applied, "" },
	};
	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct given old = { .metadata = cases[i].before };
		const struct given now = { .metadata = cases[i].now };
		expect(state, "alice", &old, &now, cases[i].says, cases[i].says);
		if (!cases[i].before)
			expect(state, "alice", NULL, &now, cases[i].says, "made");
	}
}

/* What the API server keeps of who wrote what is in nobody's way. */
static void test_managed_fields_count_for_nothing(void **state)
{
	cleanup_free char *fields = numbered(
		",\"managedFields\":[{\"fieldsV1\":{", "\"k:{%u}\":{}", 90000, "}}]");
	const struct given old = { .metadata = fields }, now = { .metadata = fields };
	expect(state, "alice", &old, &now, "", "managedFields");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_what_may_be_made, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(test_what_is_too_large_already,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_less_is_still_looked_at,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_what_hangs_on_it, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			test_managed_fields_count_for_nothing, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
