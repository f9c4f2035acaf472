#include "helpers.h"

#include "decode.h"
#include "pods.h"

/* A plan whose quota and LimitRange are only what a test says. */
static struct plan *make_plan(struct sg_arena *a, const char *quota,
			      const char *range)
{
	struct plan *plan = sg_arena_alloc(a, sizeof *plan);
	struct limit_range *limits = sg_arena_alloc(a, sizeof *limits);
	struct sg_error e = { 0 };
	const struct node *q = must_parse(a, quota);
	const struct node *r = must_parse(a, range);
	assert_true(plan && limits);
	limits->type = "Container";
	if (decode_resources(a, q, "x", "quota", &plan->quota, &e) ||
	    decode_resources(a, r, "x", "default", &limits->defaults, &e) ||
	    decode_resources(a, r, "x", "defaultRequest",
			     &limits->default_requests, &e) ||
	    decode_resources(a, r, "x", "min", &limits->min, &e) ||
	    decode_resources(a, r, "x", "max", &limits->max, &e))
		fail_msg("%s", e.message);
	plan->limits = limits;
	plan->limit_count = r ? 1 : 0;
	return plan;
}

/* Nothing is told of the cluster. */
static const struct cluster_facts no_cluster;

static int measure(struct sg_arena *a, const struct object *o,
		   const struct plan *plan, struct pod_needs *out,
		   struct violations *v, struct sg_error *e)
{
	const struct terms terms = { plan, &no_cluster };
	return pod_measure(a, o, &terms, out, v, e);
}

static struct object pod(struct sg_arena *a, const char *spec)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MIB);
	sg_buffer_printf(&text,
			 "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\n"
			 "spec: {%s}\n",
			 spec);
	return must_read(a, sg_arena_copy(a, text.data, text.length));
}

static void expect_amount(const struct resources *r, const char *name,
			  const char *wanted, const char *what)
{
	char text[QUANTITY_TEXT_SIZE];
	const struct quantity *q = resources_get(r, name);
	expect_text(q ? quantity_print(*q, text) : "-", wanted, what);
}

struct sum {
	const char *spec;
	const char *cpu_request;
	const char *cpu_limit;
};

#define C(request, limit) \
	"{name: c, resources: {requests: {cpu: " request "}, " \
	"limits: {cpu: " limit "}}}"
#define SIDECAR(request, limit) \
	"{name: s, restartPolicy: Always, " \
	"resources: {requests: {cpu: " request "}, limits: {cpu: " limit "}}}"
#define MAIN "containers: [" C("2", "3") ", " C("1", "1") "]"

/* Without LimitRange; requests and limits by the rules of KEP-753. */
static const struct sum sums[] = {
	{ "containers: [{name: c}]", "-", "-" },
	{ MAIN, "3", "4" },
	/* a request defaults to its own limit */
	{ "containers: [{name: c, resources: {limits: {cpu: 2}}}]", "2", "2" },
	{ "containers: [{name: c, resources: {requests: {cpu: 2}}}]", "2",
	  "-" },
	/* init containers: one at a time, so the largest counts */
	{ MAIN ", initContainers: [" C("1", "1") ", " C("2", "2") "]", "3",
	  "4" },
	{ MAIN ", initContainers: [" C("5", "5") ", " C("2", "2") "]", "5",
	  "5" },
	/* a sidecar stays: it adds to the sum */
	{ MAIN ", initContainers: [" SIDECAR("1", "1") "]", "4", "5" },
	/* and to the init containers behind it, not to those before */
	{ MAIN ", initContainers: [" C("5", "5") ", " SIDECAR("1", "1") "]",
	  "5", "5" },
	{ MAIN ", initContainers: [" SIDECAR("1", "1") ", " C("5", "5") "]",
	  "6", "6" },
	{ MAIN ", initContainers: [" SIDECAR("1", "1") ", " C("3", "3") ", "
	  SIDECAR("2", "2") ", " C("4", "4") "]", "7", "7" },
	{ "containers: [" C("1", "1") "], initContainers: ["
	  SIDECAR("10", "10") ", " SIDECAR("5", "5") "]", "16", "16" },
	{ MAIN ", initContainers: []", "3", "4" },
	{ MAIN ", initContainers: ", "3", "4" },
	/* overhead comes on top, on limits only where there are any */
	{ MAIN ", runtimeClassName: kata, overhead: {cpu: 250m}", "3250m", "4250m" },
	{ "containers: [{name: c, resources: {requests: {cpu: 2}}}], "
	  "runtimeClassName: kata, overhead: {cpu: 1}", "3", "-" },
	{ MAIN ", initContainers: [" C("5", "5") "], runtimeClassName: kata, overhead: {cpu: 1}", "6",
	  "6" },
	/* pod-level resources replace the sum */
	{ MAIN ", resources: {requests: {cpu: 5}, limits: {cpu: 6}}", "5",
	  "6" },
	{ MAIN ", resources: {limits: {cpu: 6}}", "3", "6" },
	{ "containers: [{name: c}], resources: {limits: {cpu: 6}}", "6", "6" },
	{ "containers: [{name: c}], resources: {requests: {cpu: 2}}", "2",
	  "-" },
	{ MAIN ", resources: {requests: {cpu: 5}}, runtimeClassName: kata, overhead: {cpu: 1}", "6",
	  "5" },
	{ "containers: [" C("1", "1") "], runtimeClassName: kata, "
	  "overhead: {memory: 1}", "1", "1" },
	{ "containers: [" C("0", "0") "], runtimeClassName: kata, "
	  "overhead: {cpu: 1}", "1", "0" },
	/* each is rounded up to thousandths before it is added */
	{ "containers: [" C("1n", "1n") ", " C("0.0011", "1.0001") "]", "3m",
	  "1002m" },
	/* quantities add up exactly */
	{ "containers: [" C("100m", "0.1") ", " C("0.2", "200m") "]", "300m",
	  "300m" },
};

static void test_sums(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sums); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct pod_needs needs = { 0 };
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		violations_init(&v, &a);
		struct object o = pod(&a, sums[i].spec);
		if (measure(&a, &o, make_plan(&a, "", ""), &needs, &v, &e))
			fail_msg("%s: %s", sums[i].spec, e.message);
		expect_amount(&needs.requests, "cpu", sums[i].cpu_request,
			      sums[i].spec);
		expect_amount(&needs.limits, "cpu", sums[i].cpu_limit,
			      sums[i].spec);
		assert_int_equal(v.count, 0);
	}
}

#define RANGE "default: {cpu: 500m}\ndefaultRequest: {cpu: 100m}\n"

static const struct {
	const char *range;
	struct sum sum;
} defaults[] = {
	{ RANGE, { "containers: [{name: c}, {name: d}]", "200m", "1" } },
	{ RANGE, { "containers: [" C("200m", "300m") "]", "200m", "300m" } },
	{ RANGE, { "containers: [{name: c, resources: {limits: {cpu: 2}}}]",
		   "2", "2" } },
	{ RANGE, { "containers: [{name: c, resources: {requests: {cpu: "
		   "300m}}}]", "300m", "500m" } },
	{ RANGE, { "containers: [{name: c}], initContainers: [{name: i}]",
		   "100m", "500m" } },
	{ "default: {cpu: 1}", { "containers: [{name: c}]", "1", "1" } },
	{ "max: {cpu: 2}", { "containers: [{name: c}]", "2", "2" } },
	{ "default: {memory: 1}", { "containers: [{name: c}]", "-", "-" } },
	{ "min: {cpu: 1}", { "containers: [{name: c}]", "1", "-" } },
	/* a pod that states limits has its requests before the LimitRange comes */
	{ RANGE, { "containers: [{name: c}], resources: {limits: {cpu: 4}}",
		   "4", "4" } },
	{ RANGE, { "containers: [{name: c}], resources: {limits: {memory: 4}}",
		   "100m", "500m" } },
	{ RANGE, { "containers: [{name: c}], resources: {requests: {cpu: 4}}",
		   "4", "500m" } },
	{ RANGE, { "containers: [" C("2", "2") "], "
		   "resources: {limits: {cpu: 4}}", "2", "4" } },
};

static void test_limit_range_defaults(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(defaults); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct pod_needs needs = { 0 };
		struct sg_error e = { 0 };
		const struct sum *s = &defaults[i].sum;
		sg_arena_init(&a);
		violations_init(&v, &a);
		struct object o = pod(&a, s->spec);
		struct plan *plan = make_plan(&a, "", defaults[i].range);
		if (measure(&a, &o, plan, &needs, &v, &e))
			fail_msg("%s: %s", s->spec, e.message);
		expect_amount(&needs.requests, "cpu", s->cpu_request, s->spec);
		expect_amount(&needs.limits, "cpu", s->cpu_limit, s->spec);
	}
}

static const struct {
	const char *quota;
	const char *range;
	const char *spec;
	const char *says; /* of the only violation; NULL: none */
} judged[] = {
	{ "", "max: {cpu: 2}", "containers: [" C("1", "2") "]", NULL },
	{ "", "max: {cpu: 2}", "containers: [" C("1", "3") "]",
	  "limits.cpu 3 is over" },
	{ "", "max: {cpu: 2}", "initContainers: [" C("1", "3") "], "
	  "containers: [" C("1", "1") "]", "limits.cpu 3 is over" },
	{ "", "min: {cpu: 1}", "containers: [" C("500m", "2") "]", "minimum" },
	{ "", "min: {cpu: 1}", "containers: [" C("1", "2") "]", NULL },
	{ "", "", "containers: [" C("3", "2") "]", "requests.cpu 3 is over" },
	{ "", "default: {cpu: 1}", "containers: [{name: c, resources: "
	  "{requests: {cpu: 2}}}]", "requests.cpu 2 is over" },
	{ "quota: {requests.cpu: 9}", "", "containers: [{name: c}]",
	  "states no requests.cpu" },
	{ "quota: {limits.memory: 9}", "", "containers: [{name: c}]",
	  "states no limits.memory" },
	{ "quota: {cpu: 9}", "", "containers: [{name: c}]",
	  "states no requests.cpu" },
	{ "quota: {pods: 9}", "", "containers: [{name: c}]", NULL },
	/* what the plan gives a container has to go into its pod */
	{ "", RANGE, "containers: [{name: c}], resources: {limits: {cpu: "
	  "400m}}", "limits.cpu 500m, the plan's default, is over the pod's" },
	{ "", RANGE, "initContainers: [{name: i}], containers: [" C("1m", "1m")
	  "], resources: {limits: {cpu: 400m}}",
	  "requests.cpu 1m (what its containers state) is less than the 100m" },
	{ "", "", "containers: [" C("1", "3") "], resources: {limits: {cpu: "
	  "2}}", "limits.cpu 3 is over the pod's own limit 2: state less" },
	{ "", "", "containers: [" C("3", "3") "], resources: {requests: {cpu: "
	  "2}}", "requests.cpu 2 is less than its containers' 3 together" },
	{ "", "", "containers: [{name: c}], resources: {requests: {cpu: 3}, "
	  "limits: {cpu: 2}}", "requests.cpu 3 is over its limit 2" },
	{ "", "", "containers: [{name: c}], resources: {limits: "
	  "{ephemeral-storage: 1}}", "no such resource here, but cpu, memory" },
	/* what can't be overcommitted */
	{ "", "", "containers: [{name: c, resources: {requests: "
	  "{example.com/gpu: 1}}}]", "example.com/gpu 1 has no limit" },
	{ "", "", "containers: [{name: c, resources: {limits: "
	  "{example.com/gpu: 1}}}]", NULL },
	{ "", "", "containers: [{name: c, resources: {requests: "
	  "{example.com/gpu: 1}, limits: {example.com/gpu: 2}}}]",
	  "is under its limit 2" },
	{ "", "", "containers: [{name: c, resources: {limits: "
	  "{example.com/gpu: 1.5}}}]", "1500m is no whole number" },
	{ "", "", "containers: [{name: c, resources: {limits: {cpu: 1, "
	  "hugepages-2Mi: 3Mi}}}]", "3Mi is no whole number of such pages" },
	{ "", "", "containers: [{name: c, resources: {limits: "
	  "{hugepages-2Mi: 4Mi}}}]", "huge pages alone" },
	{ "", "", "containers: [{name: c, resources: {limits: {gpu: 1}}}]",
	  "limits.gpu: no such resource here, but cpu" },
	{ "", "", "containers: [{name: c}], overhead: {cpu: 1}",
	  "only a RuntimeClass gives" },
	{ "quota: {requests.cpu: 9, limits.cpu: 9}", RANGE,
	  "containers: [{name: c}]", NULL },
	{ "quota: {limits.cpu: 9}", "", "containers: [" C("1", "2") "]",
	  NULL },
};

static void test_violations(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(judged); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct pod_needs needs = { 0 };
		struct sg_error e = { 0 };
		const char *says = judged[i].says;
		sg_arena_init(&a);
		violations_init(&v, &a);
		struct object o = pod(&a, judged[i].spec);
		struct plan *plan =
			make_plan(&a, judged[i].quota, judged[i].range);
		if (measure(&a, &o, plan, &needs, &v, &e))
			fail_msg("%s: %s", judged[i].spec, e.message);
		if (v.count != (says ? 1 : 0))
			fail_msg("%s: %u violations, first: %s", judged[i].spec,
				 v.count, v.count ? v.items[0].message : "-");
		if (says && !strstr(v.items[0].message, says))
			fail_msg("%s", v.items[0].message);
		if (says && !strstr(v.items[0].field, "Pod/p"))
			fail_msg("%s", v.items[0].field);
	}
}

/* What the policy tells of RuntimeClass kata, and nothing of others. */
static const struct {
	const char *fields;
	const char *request; /* beside containers that request 1 */
	const char *says;
} classes[] = {
	{ "runtimeClassName: kata", "1250m", NULL },
	{ "runtimeClassName: runc", "1", NULL },
	{ "runtimeClassName: kata, overhead: {cpu: 0.25}", "1250m", NULL },
	{ "runtimeClassName: runc, overhead: {cpu: 2}", "3", NULL },
	{ "runtimeClassName: kata, overhead: {cpu: 1}", "2",
	  "another overhead than the policy's of RuntimeClass kata" },
	{ "runtimeClassName: kata, overhead: {cpu: 250m, memory: 1}", "1250m",
	  "another overhead than" },
};

static void test_runtime_classes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(classes); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct pod_needs needs;
		struct sg_error e = { 0 };
		struct runtime_class kata = { .name = "kata" };
		const struct cluster_facts cluster = { NULL, &kata, 1 };
		sg_arena_init(&a);
		violations_init(&v, &a);
		const struct terms terms = { make_plan(&a, "", ""), &cluster };
		struct quantity overhead = quantity_from_int(250);
		overhead.nano /= 1000;
		assert_int_equal(resources_set(&a, &kata.overhead, "cpu",
					       overhead, &e), 0);
		const char *spec = sg_arena_printf(
			&a, "containers: [" C("1", "2") "], %s",
			classes[i].fields);
		struct object o = pod(&a, spec);
		assert_int_equal(pod_measure(&a, &o, &terms, &needs, &v, &e), 0);
		expect_amount(&needs.requests, "cpu", classes[i].request, spec);
		assert_int_equal(v.count > 0, classes[i].says != NULL);
		if (classes[i].says && !strstr(v.items[0].message, classes[i].says))
			fail_msg("%s", v.items[0].message);
	}
}

/* A template is refused as it is written, before its pods get any default. */
static void test_templates(void **state)
{
	static const char huge[] = "containers: [{name: c, resources: {limits: "
				   "{hugepages-2Mi: 4Mi}}}]";
	(void)state;
	for (int is_template = 0; is_template <= 1; is_template++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct pod_needs needs;
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		violations_init(&v, &a);
		char *text = sg_arena_printf(
			&a,
			"apiVersion: batch/v1\nkind: Job\nmetadata: {name: p}\n"
			"spec: {template: {spec: {%s}}}\n", huge);
		struct object o = is_template ? must_read(&a, text) :
						pod(&a, huge);
		assert_int_equal(measure(&a, &o, make_plan(&a, "", RANGE),
					 &needs, &v, &e), 0);
		assert_int_equal(v.count, is_template);
	}
}

/* A pod that states its resources itself is held by nobody's default. */
static void test_pod_level_states_them(void **state)
{
	cleanup_arena struct sg_arena a;
	struct violations v;
	struct pod_needs needs = { 0 };
	struct sg_error e = { 0 };
	(void)state;
	sg_arena_init(&a);
	violations_init(&v, &a);
	struct object o = pod(&a, "containers: [{name: c}], resources: "
				  "{requests: {cpu: 1}, limits: {cpu: 2}}");
	struct plan *plan = make_plan(&a, "quota: {requests.cpu: 9}", "");
	assert_int_equal(measure(&a, &o, plan, &needs, &v, &e), 0);
	if (v.count)
		fail_msg("%s", v.items[0].message);
	expect_amount(&needs.requests, "cpu", "1", "the pod's own request");
}

static const struct {
	const char *spec;
	const char *says;
} broken[] = {
	{ "x: y", "spec.containers must be a list of containers, not absent" },
	{ "containers: []", "spec.containers must be a list" },
	{ "containers: {a: b}", "not a mapping" },
	{ "containers: [x]", "must be a mapping" },
	{ "containers: [{name: web, resources: {requests: {cpu: ten}}}]",
	  "container web: resources.requests.cpu: \"ten\" is not a quantity" },
	{ "containers: [{name: web, resources: {limits: {cpu: -1}}}]",
	  "container web: resources.limits.cpu: -1 is negative" },
	{ "containers: [{name: web, resources: [x]}]", "container web: " },
	{ "containers: [{name: web}], initContainers: x",
	  "spec.initContainers must be a list" },
	{ "containers: [{name: web}], overhead: {cpu: x}", "overhead.cpu" },
	{ "containers: [{name: web}], resources: {limits: {cpu: x}}",
	  "limits.cpu: \"x\" is not a quantity" },
	{ "containers: [" C("1e29", "1e29") ", " C("1e29", "1e29") "]",
	  "out of the range" },
};

static void test_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct pod_needs needs = { 0 };
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		violations_init(&v, &a);
		struct object o = pod(&a, broken[i].spec);
		expect_error(measure(&a, &o, make_plan(&a, "", ""), &needs,
					 &v, &e),
			     &e, SG_INVALID, broken[i].says, broken[i].spec);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sums),
		cmocka_unit_test(test_limit_range_defaults),
		cmocka_unit_test(test_violations),
		cmocka_unit_test(test_runtime_classes),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_pod_level_states_them),
		cmocka_unit_test(test_broken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
