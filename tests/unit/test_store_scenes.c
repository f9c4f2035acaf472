#include "helpers.h"

#include "clock.h"
#include "store_scenes.h"

/* What each of these sinks is told, of objects as one line of YAML. */
struct stage {
	struct scenes *scenes;
	struct informer_sink stores, namespaces, jobs, pods;
	struct sg_arena arena;
};

static void open_stage(struct stage *s)
{
	s->scenes = scenes_new();
	assert_non_null(s->scenes);
	s->stores = scenes_stores_sink(s->scenes);
	s->namespaces = scenes_namespaces_sink(s->scenes);
	s->jobs = scenes_objects_sink(s->scenes, OBJECT_JOB);
	s->pods = scenes_objects_sink(s->scenes, OBJECT_POD);
	sg_arena_init(&s->arena);
}

static void close_stage(struct stage *s)
{
	scenes_free(s->scenes);
	sg_arena_release(&s->arena);
}

static void set(struct stage *s, const struct informer_sink *sink,
		const char *text)
{
	sink->set(sink->context, must_parse(&s->arena, text));
}

static void removed(struct stage *s, const struct informer_sink *sink,
		    const char *text)
{
	sink->removed(sink->context, must_parse(&s->arena, text));
}

static void relist(struct stage *s, const struct informer_sink *sink,
		   const char *text)
{
	sink->begin(sink->context);
	if (text)
		set(s, sink, text);
	sink->end(sink->context);
}

#define FASHION                                                                \
	"metadata: {name: fashion, uid: u, generation: 4, creationTimestamp: '2026-01-02T03:04:05Z', finalizers: [a, urumi.io/namespace]}\n" \
	"spec: {engine: medusa, host: a.b, delivery: helm}\n"
#define TOYS "metadata: {name: toys, uid: v}\nspec: {engine: medusa}\n"
#define SPACE "metadata: {name: store-fashion, creationTimestamp: '2026-01-02T03:05:05Z'}\n"
#define JOB(status)                                                            \
	"metadata: {name: setup, namespace: store-fashion, labels: {urumi.io/store: fashion}}\n" \
	"status: " status "\n"
#define POD(status)                                                            \
	"metadata: {name: web-1, namespace: store-fashion, labels: {urumi.io/store: fashion}}\n" \
	"status: " status "\n"

static void left_out(struct stage *s, const struct informer_sink *sink,
		     const char *text)
{
	sink->left_out(sink->context, must_parse(&s->arena, text),
		       "larger than anything");
}

static bool copy(struct stage *s, const char *name, struct scenes_copy *out)
{
	return scenes_copy(s->scenes, &s->arena, name, out);
}

static void expect_next(struct stage *s, const char *wanted)
{
	char name[SG_STORE_NAME_MAX + 1] = "";
	bool found = scenes_next(s->scenes,
				 clock_now() + (wanted ? 20000 : 600), name);
	if (found != (wanted != NULL) || (found && strcmp(name, wanted) != 0))
		fail_msg("%s came instead of %s", found ? name : "nothing",
			 wanted ? wanted : "nothing");
}

/* It is there, it is not well, and it is nobody else's matter. */
static void test_what_cannot_be_read(void **state)
{
	static const char job[] =
		"metadata: {name: setup, namespace: store-fashion}\n";
	struct stage s;
	struct scenes_copy c;
	(void)state;
	open_stage(&s);
	set(&s, &s.stores, FASHION);
	set(&s, &s.namespaces, SPACE);
	left_out(&s, &s.jobs, job);
	left_out(&s, &s.jobs, "metadata: {name: setup, namespace: elsewhere}\n");
	assert_true(copy(&s, "fashion", &c));
	assert_int_equal(c.scene.count, 1);
	expect_text(c.scene.objects[0].name, "setup", "name");
	expect_text(c.scene.objects[0].reason, "Unreadable", "reason");
	expect_text(c.scene.objects[0].message,
		    "can't be looked at: it is larger than anything", "message");
	assert_int_equal(c.scene.objects[0].health, HEALTH_WAITING);
	/* so are they in the next lists, and none of them is gone */
	s.jobs.begin(s.jobs.context);
	left_out(&s, &s.jobs, job);
	s.jobs.end(s.jobs.context);
	s.stores.begin(s.stores.context);
	left_out(&s, &s.stores, "metadata: {name: fashion}\n");
	left_out(&s, &s.stores, "metadata: {name: unheard-of}\n");
	s.stores.end(s.stores.context);
	s.namespaces.begin(s.namespaces.context);
	left_out(&s, &s.namespaces, "metadata: {name: store-fashion}\n");
	s.namespaces.end(s.namespaces.context);
	assert_true(copy(&s, "fashion", &c));
	assert_int_equal(c.scene.count, 1);
	assert_int_equal(c.scene.namespace, NAMESPACE_ACTIVE);
	expect_text(c.store.uid, "u", "uid");
	/* and when they can be read again, or are gone, that counts */
	set(&s, &s.jobs, JOB("{failed: 1}"));
	assert_true(copy(&s, "fashion", &c));
	expect_text(c.scene.objects[0].reason, "JobRetrying", "read again");
	removed(&s, &s.jobs, job);
	assert_true(copy(&s, "fashion", &c));
	assert_int_equal(c.scene.count, 0);
	close_stage(&s);
}

/* However many there are, and whatever they say, little of it is kept, and that shows. */
static void test_crowds(void **state)
{
	struct stage s;
	struct scenes_copy c;
	char text[2048];
	(void)state;
	open_stage(&s);
	set(&s, &s.stores, FASHION);
	for (unsigned i = 0; i < 400; i++) {
		(void)snprintf(text, sizeof text,
			       "metadata: {name: job-%u, namespace: store-fashion, labels: {urumi.io/store: fashion}}\n"
			       "status: {conditions: [{type: Failed, status: 'True', message: %01200u}]}\n",
			       i, i);
		set(&s, &s.jobs, text);
	}
	assert_true(copy(&s, "fashion", &c));
	assert_true(c.scene.is_crowded);
	assert_in_range(c.scene.count, 200, 260);
	assert_int_equal(strlen(c.scene.objects[0].message), 1003);
	/* who was there may still change, and goes with the next list */
	s.jobs.begin(s.jobs.context);
	set(&s, &s.jobs, JOB("{}"));
	s.jobs.end(s.jobs.context);
	assert_true(copy(&s, "fashion", &c));
	assert_int_equal(c.scene.count, 1);
	assert_false(c.scene.is_crowded);
	close_stage(&s);
}

/* Who never rests is looked at now and then, and the others as ever. */
static void test_one_that_never_rests(void **state)
{
	struct stage s;
	(void)state;
	open_stage(&s);
	set(&s, &s.stores, FASHION);
	set(&s, &s.stores, TOYS);
	expect_next(&s, "fashion");
	expect_next(&s, "toys");
	for (unsigned i = 0; i < SCENES_LOOKS; i++)
		scenes_spent(s.scenes, "fashion", 0);
	set(&s, &s.jobs, JOB("{failed: 1}"));
	expect_next(&s, NULL);
	set(&s, &s.stores, TOYS);
	expect_next(&s, "toys");
	close_stage(&s);
}

/* However many of them there are, one that is as others are does not wait for all. */
static void test_large_and_slow_ones_wait(void **state)
{
	struct stage s;
	char name[SG_STORE_NAME_MAX + 1];
	cleanup_buffer struct sg_buffer large;
	(void)state;
	open_stage(&s);
	sg_buffer_init(&large, SG_MIB);
	sg_buffer_puts(&large, "metadata: {name: large, uid: w}\nspec: {engine: medusa, values: {a: ");
	sg_buffer_pad(&large, 'x', SG_MAX_VALUES_BYTES);
	sg_buffer_puts(&large, "}}\n");
	set(&s, &s.stores, FASHION);
	expect_next(&s, "fashion");
	scenes_spent(s.scenes, "fashion", SCENES_SLOW);
	set(&s, &s.stores, large.data);
	set(&s, &s.stores, FASHION);
	set(&s, &s.stores, TOYS);
	/* all three are due */
	assert_false(scenes_next(s.scenes, clock_now(), name));
	for (int64_t until = clock_now() + 400; clock_now() < until;)
		;
	expect_next(&s, "toys");
	expect_next(&s, "large");
	expect_next(&s, "fashion");
	close_stage(&s);
}

static void test_what_is_copied(void **state)
{
	struct stage s;
	struct scenes_copy c;
	(void)state;
	open_stage(&s);
	assert_false(copy(&s, "fashion", &c));
	set(&s, &s.jobs, JOB("{failed: 1}"));
	set(&s, &s.pods, POD("{phase: Failed, reason: Evicted, message: m}"));
	set(&s, &s.namespaces, SPACE);
	assert_false(copy(&s, "fashion", &c)); /* without a Store */
	set(&s, &s.stores, FASHION);
	assert_true(copy(&s, "fashion", &c));
	expect_text(c.store.name, "fashion", "name");
	expect_text(c.store.uid, "u", "uid");
	expect_text(c.store.host, "a.b", "host");
	expect_text(c.store.engine, "medusa", "engine");
	expect_text(c.store.held_by, "a", "held by");
	assert_true(c.store.by_helm && c.store.has_finalizer &&
		    !c.store.is_deleting);
	assert_int_equal(c.store.generation, 4);
	assert_int_equal(c.store.created, 1767323045);
	assert_int_equal(c.scene.namespace, NAMESPACE_ACTIVE);
	assert_int_equal(c.scene.namespace_created, 1767323105);
	assert_int_equal(c.scene.count, 2);
	expect_text(c.scene.objects[0].reason, "JobRetrying", "the Job");
	expect_text(c.scene.objects[1].reason, "Evicted", "the Pod");
	scenes_explain(s.scenes, "fashion", "Job/setup", "r", "m", 7);
	assert_true(copy(&s, "fashion", &c));
	expect_text(c.scene.explained, "Job/setup", "explained");
	expect_text(c.scene.message, "m", "explanation");
	close_stage(&s);
}

static void test_pods_that_are_well_are_not_kept(void **state)
{
	struct stage s;
	struct scenes_copy c;
	(void)state;
	open_stage(&s);
	set(&s, &s.stores, FASHION);
	set(&s, &s.pods, POD("{phase: Failed}"));
	assert_true(copy(&s, "fashion", &c) && c.scene.count == 1);
	set(&s, &s.pods, POD("{phase: Succeeded}"));
	assert_true(copy(&s, "fashion", &c) && c.scene.count == 0);
	close_stage(&s);
}

static void test_what_a_list_does_not_name_is_gone(void **state)
{
	struct stage s;
	struct scenes_copy c;
	(void)state;
	open_stage(&s);
	relist(&s, &s.stores, FASHION);
	relist(&s, &s.namespaces, SPACE);
	relist(&s, &s.jobs, JOB("{}"));
	set(&s, &s.stores, TOYS);
	assert_int_equal(scenes_count(s.scenes, PHASE_NONE), 2);
	relist(&s, &s.jobs, NULL);
	assert_true(copy(&s, "fashion", &c) && c.scene.count == 0);
	assert_int_equal(c.scene.namespace, NAMESPACE_ACTIVE);
	relist(&s, &s.namespaces, NULL);
	assert_true(copy(&s, "fashion", &c));
	assert_int_equal(c.scene.namespace, NAMESPACE_ABSENT);
	relist(&s, &s.stores, TOYS);
	assert_false(copy(&s, "fashion", &c));
	assert_true(copy(&s, "toys", &c));
	assert_int_equal(scenes_count(s.scenes, PHASE_NONE), 1);
	close_stage(&s);
}

static void test_deletions(void **state)
{
	struct stage s;
	struct scenes_copy c;
	(void)state;
	open_stage(&s);
	set(&s, &s.stores, FASHION);
	set(&s, &s.namespaces,
	    "metadata: {name: store-fashion, deletionTimestamp: '2026-01-02T03:05:05Z'}\n"
	    "status: {conditions: [{type: NamespaceContentRemaining, status: 'True', message: a claim}, {type: NamespaceFinalizersRemaining, status: 'True', message: a finalizer}, {type: NamespaceDeletionContentFailure, status: 'False', message: none}]}\n");
	assert_true(copy(&s, "fashion", &c));
	assert_int_equal(c.scene.namespace, NAMESPACE_TERMINATING);
	expect_text(c.scene.holds_namespace, "a claim; a finalizer", "holds");
	assert_false(c.scene.is_marked || c.store.is_protected);
	set(&s, &s.namespaces,
	    "metadata: {name: store-fashion, labels: {urumi.io/deletion-protection: 'true'}}\n");
	assert_true(copy(&s, "fashion", &c) && c.scene.is_marked);
	set(&s, &s.namespaces,
	    "metadata: {name: store-fashion, deletionTimestamp: '2026-01-02T03:05:05Z', finalizers: [kubernetes, a/b, c/d]}\n"
	    "spec: {finalizers: [kubernetes, e/f]}\n"
	    "status: {conditions: [{type: NamespaceContentRemaining, status: 'True', message: a claim}]}\n");
	assert_true(copy(&s, "fashion", &c));
	expect_text(c.scene.holds_namespace,
		    "a claim; its own metadata.finalizers: a/b, c/d; its own spec.finalizers: e/f",
		    "holds");
	set(&s, &s.namespaces,
	    "metadata: {name: store-fashion, deletionTimestamp: '2026-01-02T03:05:05Z', finalizers: [a, b, c, d, e, f]}\n"
	    "spec: {finalizers: [kubernetes]}\n");
	assert_true(copy(&s, "fashion", &c));
	expect_text(c.scene.holds_namespace,
		    "its own metadata.finalizers: a, b, c, d and others", "holds");
	set(&s, &s.namespaces,
	    "metadata: {name: store-fashion, deletionTimestamp: '2026-01-02T03:05:05Z', finalizers: {}}\n"
	    "spec: {finalizers: [kubernetes, null]}\n");
	assert_true(copy(&s, "fashion", &c));
	expect_text(c.scene.holds_namespace, "", "holds");
	set(&s, &s.jobs, JOB("{}"));
	removed(&s, &s.jobs, JOB("{}"));
	removed(&s, &s.jobs, JOB("{}"));
	removed(&s, &s.namespaces, SPACE);
	assert_true(copy(&s, "fashion", &c) && c.scene.count == 0);
	assert_int_equal(c.scene.namespace, NAMESPACE_ABSENT);
	removed(&s, &s.stores, FASHION);
	assert_false(copy(&s, "fashion", &c));
	expect_next(&s, NULL);
	close_stage(&s);
}

static void test_each_change_comes_once(void **state)
{
	struct stage s;
	(void)state;
	open_stage(&s);
	set(&s, &s.jobs, JOB("{}"));
	expect_next(&s, NULL); /* no Store, no news */
	set(&s, &s.stores, FASHION);
	set(&s, &s.stores, TOYS);
	set(&s, &s.jobs, JOB("{failed: 1}"));
	expect_next(&s, "fashion");
	expect_next(&s, "toys");
	expect_next(&s, NULL);
	set(&s, &s.jobs, JOB("{failed: 2}")); /* which says the same */
	relist(&s, &s.jobs, JOB("{failed: 3}"));
	expect_next(&s, NULL);
	relist(&s, &s.jobs, NULL);
	expect_next(&s, "fashion");
	close_stage(&s);
}

static void test_a_second_look(void **state)
{
	struct stage s;
	(void)state;
	open_stage(&s);
	set(&s, &s.stores, FASHION);
	set(&s, &s.stores, TOYS);
	expect_next(&s, "fashion");
	expect_next(&s, "toys");
	scenes_look_again(s.scenes, "toys", clock_now() + 3600000);
	scenes_look_again(s.scenes, "fashion", clock_now() + 3600000);
	scenes_look_again(s.scenes, "fashion", clock_now() + 200);
	scenes_look_again(s.scenes, "fashion", clock_now() + 3600000);
	scenes_look_again(s.scenes, "nobody", clock_now());
	expect_next(&s, "fashion");
	expect_next(&s, NULL);
	scenes_look_at_all(s.scenes);
	expect_next(&s, "fashion");
	expect_next(&s, "toys");
	scenes_stop(s.scenes);
	set(&s, &s.stores, FASHION);
	expect_next(&s, NULL);
	close_stage(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_is_copied),
		cmocka_unit_test(test_large_and_slow_ones_wait),
		cmocka_unit_test(test_one_that_never_rests),
		cmocka_unit_test(test_crowds),
		cmocka_unit_test(test_what_cannot_be_read),
		cmocka_unit_test(test_pods_that_are_well_are_not_kept),
		cmocka_unit_test(test_what_a_list_does_not_name_is_gone),
		cmocka_unit_test(test_deletions),
		cmocka_unit_test(test_each_change_comes_once),
		cmocka_unit_test(test_a_second_look),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
