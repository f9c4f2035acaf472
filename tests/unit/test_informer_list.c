/* Lists of many objects, and of ones that somebody made as bad as can be. */
#include "helpers.h"

#include "fake_api.h"

#include "informer_list.h"
#include "object_parse.h"
#include "quotas.h"
#include "store_scenes.h"

/* --- an API server that has COUNT objects, each written by write_item() --- */

static struct {
	size_t count;
	void (*write_item)(struct sg_buffer *out, size_t number);
	unsigned pages;
} holds;

int api_call(struct api *a, const struct api_request *r, int *status,
	     struct sg_buffer *answer, struct sg_error *e)
{
	const char *limit = strstr(r->path, "limit=");
	const char *next = strstr(r->path, "&continue=");
	size_t from = next ? strtoul(next + strlen("&continue="), NULL, 10) : 0;
	size_t to = from + strtoul(limit + strlen("limit="), NULL, 10);
	(void)a;
	holds.pages++;
	to = to < holds.count ? to : holds.count;
	sg_buffer_puts(answer, "{\"apiVersion\":\"v1\",\"items\":[");
	for (size_t i = from; i < to; i++) {
		sg_buffer_puts(answer, i > from ? "," : "");
		holds.write_item(answer, i);
	}
	sg_buffer_puts(answer, "],\"kind\":\"List\",\"metadata\":{\"resourceVersion\":\"7\"");
	if (to < holds.count)
		sg_buffer_printf(answer, ",\"continue\":\"%zu\"", to);
	sg_buffer_puts(answer, "}}");
	*status = 200;
	return sg_buffer_check(answer, e);
}

static size_t list(const struct informer_sink *sink, const char *const *sealed,
		   size_t count,
		   void (*write_item)(struct sg_buffer *out, size_t number))
{
	cleanup_buffer struct sg_buffer version;
	struct api api = { .stopped = false };
	struct sg_error e = { 0 };
	struct informer_listing l = { .api = &api,
				      .path = "/apis/x",
				      .sink = sink,
				      .sealed = sealed,
				      .version = &version };
	sg_buffer_init(&version, SG_MAX_TOKEN);
	holds.count = count;
	holds.write_item = write_item;
	holds.pages = 0;
	if (informer_list(&l, &e))
		fail_msg("the list failed: %s", e.message);
	expect_text(version.data, "7", "resourceVersion");
	return l.count;
}

/* --- a sink that counts --- */

struct told {
	size_t set, left_out;
	bool ended;
	char names[512]; /* of those left out, with why */
};

static void begin(void *context)
{
	*(struct told *)context = (struct told){ 0 };
}

static void set(void *context, const struct node *object)
{
	struct told *t = context;
	assert_non_null(node_text(node_path(object, "metadata", "name", NULL)));
	t->set++;
}

static void left_out(void *context, const struct node *outline, const char *why)
{
	struct told *t = context;
	const char *name =
		node_text(node_path(outline, "metadata", "name", NULL));
	size_t used = strlen(t->names);
	(void)snprintf(t->names + used, sizeof t->names - used, "%s: %s; ",
		       name ? name : "?", why);
	t->left_out++;
}

static void end(void *context)
{
	((struct told *)context)->ended = true;
}

static struct informer_sink sink_of(struct told *t)
{
	return (struct informer_sink){ .begin = begin,
				       .set = set,
				       .left_out = left_out,
				       .end = end,
				       .context = t };
}

/* --- what tenants make --- */

static void write_values(struct sg_buffer *out, size_t number)
{
	static const char *const worst[] = {
		"\"\\u0000\"", "\"\\ud800\"", "{\"a\":1,\"a\":2}", "1e99999",
		"\"}],\\\"items\\\":[{\"", "[[[]]]", "{}", "null",
	};
	sg_buffer_printf(out,
			 "{\"metadata\":{\"labels\":{\"a\":\"b\"},\"name\":\"s%zu\"},\"spec\":{\"values\":",
			 number);
	if (number % 100 == 7) {
		sg_buffer_puts(out, "{\"a\":[0");
		for (size_t i = 0; i < 92000; i++)
			sg_buffer_puts(out, ",0");
		sg_buffer_puts(out, "]}");
	} else if (number % 100 == 8) {
		sg_buffer_pad(out, '[', 5000);
		sg_buffer_pad(out, ']', 5000);
	} else {
		sg_buffer_printf(out, "{\"a\":%s}",
				 worst[number % COUNT(worst)]);
	}
	sg_buffer_puts(out, "}}");
}

/* 1,200 Stores of which 24 have 92,000 values or more: those who read no values see all. */
static void test_stores_of_every_kind(void **state)
{
	struct told t;
	const struct informer_sink sink = sink_of(&t);
	(void)state;
	assert_int_equal(list(&sink, object_sealed_store, 1200, write_values),
			 1200);
	assert_int_equal(t.set, 1200);
	assert_int_equal(t.left_out, 0);
	assert_true(t.ended);
	assert_int_equal(holds.pages, 3);
}

static void write_worst(struct sg_buffer *out, size_t number)
{
	sg_buffer_printf(out,
			 "{\"metadata\":{\"annotations\":{\"a\":\"}\"},\"name\":\"s%zu\",\"namespace\":\"store-s%zu\"},\"spec\":",
			 number, number);
	if (number == 3) {
		sg_buffer_puts(out, "\"");
		sg_buffer_pad(out, 'x', 5 * SG_MIB);
		sg_buffer_puts(out, "\"");
	} else if (number == 4) {
		sg_buffer_puts(out, "[0");
		for (size_t i = 0; i < SG_MAX_OBJECT_NODES; i++)
			sg_buffer_puts(out, ",0");
		sg_buffer_puts(out, "]");
	} else if (number == 5) {
		sg_buffer_pad(out, '[', SG_MAX_DEPTH);
		sg_buffer_pad(out, ']', SG_MAX_DEPTH);
	} else {
		sg_buffer_puts(out, number == 6 ? "\"\\u0000\"" : "1");
	}
	sg_buffer_puts(out, "}");
}

static void test_the_worst_are_left_out_by_name(void **state)
{
	struct told t;
	const struct informer_sink sink = sink_of(&t);
	(void)state;
	assert_int_equal(list(&sink, NULL, 1000, write_worst), 1000);
	assert_int_equal(t.set, 996);
	assert_true(t.ended);
	expect_text(t.names,
		    "s3: larger than 4 MiB; s4: more than 100000 values; "
		    "s5: nested deeper than 512 levels; "
		    "s6: line 1: a text holds a NUL (\\u0000); leave it out; ",
		    "left out");
}

static void write_nameless(struct sg_buffer *out, size_t number)
{
	sg_buffer_puts(out, "{\"metadata\":{\"labels\":{\"a\":\"");
	sg_buffer_pad(out, 'x', number == 1 ? 5 * SG_MIB : 1);
	sg_buffer_printf(out, "\"},\"name\":\"s%zu\"}}", number);
}

/* Then nothing is known to be gone, and all else is told. */
static void test_one_whose_name_cannot_be_seen(void **state)
{
	struct told t;
	const struct informer_sink sink = sink_of(&t);
	(void)state;
	assert_int_equal(list(&sink, NULL, 3, write_nameless), 3);
	assert_int_equal(t.set, 2);
	expect_text(t.names, "?: larger than 4 MiB; ", "left out");
	assert_false(t.ended);
}

/* --- without malice --- */

/* 400 Deployments of 300 variables each, in one namespace */
static void write_deployment(struct sg_buffer *out, size_t number)
{
	sg_buffer_printf(out,
			 "{\"metadata\":{\"name\":\"d%zu\",\"namespace\":\"store-shop\",\"labels\":{\"urumi.io/store\":\"shop\"},\"managedFields\":[",
			 number);
	for (size_t i = 0; i < 300; i++)
		sg_buffer_printf(out, "%s{\"k:{\\\"name\\\":\\\"V%zu\\\"}\":{\".\":{},\"f:name\":{},\"f:value\":{}}}",
				 i ? "," : "", i);
	sg_buffer_puts(out,
		       "]},\"spec\":{\"replicas\":1,\"template\":{\"spec\":{\"containers\":[{\"env\":[");
	for (size_t i = 0; i < 300; i++)
		sg_buffer_printf(out, "%s{\"name\":\"V%zu\",\"value\":\"%zu\"}",
				 i ? "," : "", i, i);
	sg_buffer_puts(out, "]}]}}},\"status\":{\"availableReplicas\":1}}");
}

static void test_deployments_with_many_variables(void **state)
{
	struct told t;
	const struct informer_sink sink = sink_of(&t);
	(void)state;
	assert_int_equal(list(&sink, object_sealed_workload, 400,
			      write_deployment),
			 400);
	assert_int_equal(t.set, 400);
	assert_int_equal(holds.pages, 1);
	assert_int_equal(list(&sink, NULL, 400, write_deployment), 400);
	assert_int_equal(t.set, 400);
}

/* A StoreQuota of 100 Stores, with what the API server keeps of each field. */
static void write_quota(struct sg_buffer *out, size_t number)
{
	char owner[32], name[NAME_QUOTA_SIZE];
	(void)snprintf(owner, sizeof owner, "owner-%zu", number);
	name_owner_quota(owner, name);
	sg_buffer_printf(out,
			 "{\"metadata\":{\"managedFields\":[{\"fieldsV1\":{\"f:status\":{\"f:entries\":{");
	for (unsigned i = 0; i < 100; i++)
		sg_buffer_printf(out, "%s\"k:{\\\"name\\\":\\\"s%u\\\"}\":{\".\":{},\"f:name\":{},\"f:reservation\":{},\"f:uid\":{}}",
				 i ? "," : "", i);
	sg_buffer_printf(out,
			 "}}}}],\"name\":\"%s\",\"resourceVersion\":\"1\",\"uid\":\"u%zu\"},\"spec\":{\"owner\":\"%s\"},\"status\":{\"entries\":[",
			 name, number, owner);
	for (unsigned i = 0; i < 100; i++)
		sg_buffer_printf(out, "%s{\"name\":\"s%u\",\"reservation\":%u,\"reservedAt\":\"2026-01-02T03:04:05Z\",\"uid\":\"0123abcd-4567-89ef-0123-456789abcdef\"}",
				 i ? "," : "", i, i + 1);
	sg_buffer_puts(out, "]}}");
}

static void test_quotas_of_many_owners(void **state)
{
	static const struct log quiet = { .fd = -1 };
	enum { OWNERS = 10000 };
	struct quotas *q = quotas_new(&quiet);
	const struct informer_sink sink = quotas_sink(q);
	char owner[32];
	(void)state;
	assert_int_equal(list(&sink, NULL, OWNERS, write_quota), OWNERS);
	assert_int_equal(holds.pages, OWNERS / 500);
	for (int i = 0; i < OWNERS; i += 999) {
		(void)snprintf(owner, sizeof owner, "owner-%d", i);
		assert_true(quotas_misses(q, owner, "s100"));
		assert_false(quotas_misses(q, owner, "s99"));
	}
	quotas_free(q);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stores_of_every_kind),
		cmocka_unit_test(test_the_worst_are_left_out_by_name),
		cmocka_unit_test(test_one_whose_name_cannot_be_seen),
		cmocka_unit_test(test_deployments_with_many_variables),
		cmocka_unit_test(test_quotas_of_many_owners),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
