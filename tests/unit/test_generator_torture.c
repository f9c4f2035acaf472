/*
 * Memory runs out at every place in turn while a list of Stores is gathered and written:
 * no crash, no leak, and above all no list that lacks a Store.
 */
#include "helpers.h"

#include "failing_memory.h"

#include "generator_list.h"

enum { SHOPS = 70 }; /* more than the list has room for at first */

static struct node *shop(struct sg_arena *a, unsigned number)
{
	return must_parse(
		a, sg_arena_printf(
			   a,
			   "{metadata: {name: shop-%u, uid: u%u}, spec: {engine: medusa, owner: alice, displayName: Shop %u, values: {filling: \"%0500u\"}}}",
			   number, number, number, number));
}

static int list(const struct policy *p, struct node *const shops[SHOPS],
		struct sg_buffer *out)
{
	struct generator_list *l = generator_list_new(p, NULL);
	struct generator_counts counts;
	struct sg_error e = { 0 };
	cleanup_buffer struct sg_buffer conflicts;
	if (!l)
		return -1;
	sg_buffer_init(&conflicts, SG_MAX_MESSAGE);
	const struct informer_sink sink = generator_list_sink(l);
	sink.begin(sink.context);
	for (unsigned i = 0; i < SHOPS; i++)
		sink.set(sink.context, shops[i]);
	sink.end(sink.context);
	int result = generator_list_write(l, out, &conflicts, &counts, &e);
	if (result && (e.code == SG_OK || !*e.message))
		fail_msg("it failed without a reason");
	generator_list_free(l);
	return result;
}

static void test_no_list_is_short(void **state)
{
	struct policy *p;
	struct sg_error e = { 0 };
	struct node *shops[SHOPS];
	cleanup_arena struct sg_arena a;
	cleanup_buffer struct sg_buffer whole;
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&whole, SG_MIB);
	assert_int_equal(policy_parse_default(&p, &e), 0);
	for (unsigned i = 0; i < SHOPS; i++)
		shops[i] = shop(&a, i);
	assert_int_equal(list(p, shops, &whole), 0);
	bool failed = true;
	for (unsigned long nth = 1; failed; nth++) {
		cleanup_buffer struct sg_buffer out;
		sg_buffer_init(&out, SG_MIB);
		fails_in = nth;
		int result = list(p, shops, &out);
		failed = fails_in == 0;
		fails_in = 0;
		if (result == 0 && strcmp(out.data, whole.data) != 0)
			fail_msg("allocation %lu failed, and the list is %s",
				 nth, out.data);
		if (!failed && result)
			fail_msg("it failed with all memory that it wants");
	}
	policy_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_list_is_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
