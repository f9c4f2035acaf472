#include "helpers.h"

#include <pthread.h>
#include <stdatomic.h>

#include "store_entry.h"
#include "stores.h"

#define UID_TEXT "0123abcd-4567-89ef-0123-456789abcdef"

/* name, host and time of creation; "" is left out */
struct given {
	const char *name;
	const char *host;
	const char *created;
};

static struct node *object_of(struct sg_arena *a, const struct given *g)
{
	return must_parse(
		a, sg_arena_printf(
			   a,
			   "metadata: {name: %s, uid: " UID_TEXT
			   ", creationTimestamp: '%s'}\n"
			   "spec: {engine: woocommerce, owner: alice, plan: small, delivery: helm%s%s}\n",
			   g->name,
			   g->created ? g->created : "2026-01-02T03:04:05Z",
			   *g->host ? ", host: " : "", g->host));
}

static void set(struct stores *s, const char *name, const char *host)
{
	const struct informer_sink sink = stores_sink(s);
	cleanup_arena struct sg_arena a;
	sg_arena_init(&a);
	sink.set(sink.context, object_of(&a, &(struct given){ name, host, NULL }));
}

static void removed(struct stores *s, const char *name)
{
	const struct informer_sink sink = stores_sink(s);
	cleanup_arena struct sg_arena a;
	sg_arena_init(&a);
	sink.removed(sink.context,
		     object_of(&a, &(struct given){ name, "", NULL }));
}

static bool has(struct stores *s, const char *name)
{
	cleanup_arena struct sg_arena a;
	struct store_facts facts;
	sg_arena_init(&a);
	return stores_find(s, &a, name, &facts);
}

static void expect_host(struct stores *s, const char *host, const char *name,
			const char *wanted)
{
	cleanup_arena struct sg_arena a;
	struct store_facts facts = { 0 };
	sg_arena_init(&a);
	bool found = stores_find_host(s, &a, host, name, &facts);
	if (!wanted)
		assert_false(found);
	else
		expect_text(facts.name, wanted, host);
}

static void test_what_is_kept(void **state)
{
	struct stores *s = stores_new();
	const struct informer_sink sink = stores_sink(s);
	cleanup_arena struct sg_arena a;
	struct store_facts f;
	(void)state;
	sg_arena_init(&a);
	sink.set(sink.context,
		 must_parse(&a, "metadata: {name: fashion, uid: " UID_TEXT
				", deletionTimestamp: '2026-01-02T03:04:05Z'}\n"
				"spec: {engine: medusa, owner: alice@example.com, plan: large, host: f.example.com, delivery: gitops}\n"));
	assert_true(stores_find(s, &a, "fashion", &f));
	assert_string_equal(f.name, "fashion");
	assert_string_equal(f.uid, UID_TEXT);
	assert_string_equal(f.owner, "alice@example.com");
	assert_string_equal(f.engine, "medusa");
	assert_string_equal(f.plan, "large");
	assert_string_equal(f.host, "f.example.com");
	assert_string_equal(f.delivery, "gitops");
	assert_true(f.deleting);

	/* the least that there can be, and an odd uid */
	sink.set(sink.context, must_parse(&a, "metadata: {name: bare, uid: u1}"));
	assert_true(stores_find(s, &a, "bare", &f));
	assert_string_equal(f.uid, "u1");
	assert_string_equal(f.host, "");
	assert_string_equal(f.owner, "");
	assert_false(f.deleting);
	assert_int_equal(stores_count(s), 2);
	expect_host(s, "", "x", NULL);

	sink.set(sink.context, must_parse(&a, "metadata: {}"));
	sink.set(sink.context, must_parse(&a, "[no, object]"));
	assert_int_equal(stores_count(s), 2);
	stores_free(s);
}

static void test_changes(void **state)
{
	struct stores *s = stores_new();
	(void)state;
	set(s, "one", "a.example.com");
	expect_host(s, "a.example.com", "other", "one");
	expect_host(s, "a.example.com", "one", NULL);
	set(s, "one", "b.example.com");
	expect_host(s, "a.example.com", "other", NULL);
	expect_host(s, "b.example.com", "other", "one");
	removed(s, "two");
	assert_int_equal(stores_count(s), 1);
	removed(s, "one");
	assert_int_equal(stores_count(s), 0);
	expect_host(s, "b.example.com", "other", NULL);
	stores_free(s);
}

static void test_the_oldest_has_the_host(void **state)
{
	static const struct given given[] = {
		{ "young", "h.example.com", "2026-01-02T03:04:06Z" },
		{ "old-b", "h.example.com", "2025-12-31T23:59:59Z" },
		{ "old-a", "h.example.com", "2025-12-31T23:59:59Z" },
		{ "undated", "h.example.com", "" },
	};
	struct stores *s = stores_new();
	const struct informer_sink sink = stores_sink(s);
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	for (size_t i = 0; i < COUNT(given); i++)
		sink.set(sink.context, object_of(&a, &given[i]));
	expect_host(s, "h.example.com", "x", "old-a");
	expect_host(s, "h.example.com", "old-a", "old-b");
	removed(s, "old-a");
	removed(s, "old-b");
	expect_host(s, "h.example.com", "x", "young");
	expect_host(s, "h.example.com", "young", "undated");
	stores_free(s);
}

static void test_relist(void **state)
{
	struct stores *s = stores_new();
	const struct informer_sink sink = stores_sink(s);
	(void)state;
	set(s, "kept", "kept.example.com");
	set(s, "gone", "gone.example.com");
	sink.begin(sink.context);
	set(s, "new", "new.example.com");
	assert_true(has(s, "kept") && has(s, "gone") && has(s, "new"));
	sink.begin(sink.context); /* the list is told anew */
	set(s, "kept", "kept.example.com");
	set(s, "newer", "newer.example.com");
	sink.end(sink.context);
	assert_true(has(s, "kept") && has(s, "newer"));
	assert_false(has(s, "gone") || has(s, "new"));
	expect_host(s, "gone.example.com", "x", NULL);
	assert_int_equal(stores_count(s), 2);
	sink.begin(sink.context);
	sink.end(sink.context);
	assert_int_equal(stores_count(s), 0);
	stores_free(s);
}

/* What can't be read any more is as it was; what never could is asked for elsewhere. */
static void test_what_cannot_be_read(void **state)
{
	struct stores *s = stores_new();
	const struct informer_sink sink = stores_sink(s);
	cleanup_arena struct sg_arena a;
	(void)state;
	sg_arena_init(&a);
	set(s, "large", "large.example.com");
	sink.begin(sink.context);
	sink.left_out(sink.context, must_parse(&a, "metadata: {name: large}"), "");
	sink.left_out(sink.context, must_parse(&a, "metadata: {name: new}"), "");
	sink.end(sink.context);
	assert_true(has(s, "large"));
	expect_host(s, "large.example.com", "x", "large");
	assert_false(has(s, "new"));
	sink.removed(sink.context, must_parse(&a, "metadata: {name: large}"));
	assert_false(has(s, "large"));
	stores_free(s);
}

static void test_many(void **state)
{
	enum { MANY = 5000 };
	struct stores *s = stores_new();
	char name[32], host[64];
	(void)state;
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof name, "s%d", i);
		(void)snprintf(host, sizeof host, "h%d.example.com", i / 2);
		set(s, name, host);
	}
	for (int i = 0; i < MANY; i += 3) {
		(void)snprintf(name, sizeof name, "s%d", i);
		removed(s, name);
	}
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(name, sizeof name, "s%d", i);
		assert_int_equal(has(s, name), i % 3 != 0);
	}
	assert_int_equal(stores_count(s), MANY - (MANY + 2) / 3);
	stores_free(s);
}

static void test_uuids(void **state)
{
	static const char *const none[] = {
		"",
		"0123ABCD-4567-89ef-0123-456789abcdef",
		"0123abcd-4567-89ef-0123-456789abcde",
		"0123abcd-4567-89ef-0123-456789abcdef0",
		"0123abcd04567-89ef-0123-456789abcdef",
		"0123abcd-4567-89ef-0123-456789abcdeg",
		"-123abcd-4567-89ef-0123-456789abcdef",
	};
	uint8_t packed[16];
	char text[UUID_SIZE];
	(void)state;
	assert_true(uuid_pack(UID_TEXT, packed));
	assert_int_equal(packed[0], 0x01);
	assert_int_equal(packed[15], 0xef);
	uuid_unpack(packed, text);
	assert_string_equal(text, UID_TEXT);
	for (size_t i = 0; i < COUNT(none); i++)
		assert_false(uuid_pack(none[i], packed));
}

/* --- readers and the writer at once --- */

struct readers {
	struct stores *stores;
	atomic_bool over;
	atomic_uint wrong;
};

static void *read_always(void *context)
{
	struct readers *r = context;
	struct sg_arena a;
	sg_arena_init(&a);
	while (!atomic_load(&r->over)) {
		struct store_facts f = { 0 };
		sg_arena_clear(&a);
		if (!stores_find(r->stores, &a, "always", &f) ||
		    strcmp(f.owner, "alice") != 0 ||
		    strcmp(f.uid, UID_TEXT) != 0)
			atomic_fetch_add(&r->wrong, 1);
		if (!stores_find_host(r->stores, &a, "always.example.com", "x",
				      &f) ||
		    strcmp(f.name, "always") != 0)
			atomic_fetch_add(&r->wrong, 1);
	}
	sg_arena_release(&a);
	return NULL;
}

static void test_never_absent(void **state)
{
	struct readers r = { .stores = stores_new() };
	const struct informer_sink sink = stores_sink(r.stores);
	pthread_t threads[4];
	char name[32];
	(void)state;
	set(r.stores, "always", "always.example.com");
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, read_always,
						&r),
				 0);
	for (int round = 0; round < 20; round++) {
		sink.begin(sink.context);
		for (int i = 0; i < 100; i++) {
			(void)snprintf(name, sizeof name, "r%d-%d", round, i);
			set(r.stores, name, name);
		}
		set(r.stores, "always", "always.example.com");
		sink.end(sink.context);
		assert_int_equal(stores_count(r.stores), 101);
	}
	atomic_store(&r.over, true);
	for (size_t i = 0; i < COUNT(threads); i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(atomic_load(&r.wrong), 0);
	stores_free(r.stores);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_kept),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_the_oldest_has_the_host),
		cmocka_unit_test(test_relist),
		cmocka_unit_test(test_what_cannot_be_read),
		cmocka_unit_test(test_many),
		cmocka_unit_test(test_uuids),
		cmocka_unit_test(test_never_absent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
