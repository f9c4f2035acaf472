/*
 * Memory runs out at every place in turn. Whatever fails must say so (SG_IO),
 * leak nothing and never crash.
 */
#include "helpers.h"

#include "failing_memory.h"

#include "edit.h"
#include "policy.h"
#include "splice.h"
#include "room.h"
#include "survey.h"
#include "verify.h"

typedef int job(const void *input, struct sg_error *e);

/* Does the job again and again, until none of its allocations fails. */
static unsigned long torture(job *work, const void *input)
{
	for (unsigned long nth = 1;; nth++) {
		struct sg_error e = { 0 };
		fails_in = nth;
		int result = work(input, &e);
		bool failed = fails_in == 0;
		fails_in = 0;
		if (!failed) {
			if (result)
				fail_msg("without failures: %s", e.message);
			return nth - 1;
		}
		if (result != -1 || e.code != SG_IO)
			fail_msg("allocation %lu failed: result %d, code %d, "
				 "message: %s",
				 nth, result, (int)e.code, e.message);
	}
}

/* --- a document's way: parse, splice, parse again, verify, emit --- */

static const struct edit_pair pairs[] = { { "urumi.io/store", "fashion" },
					  { "urumi.io/plan", "on" } };
static struct edit labels = { .key = "labels", .pairs = pairs,
			      .pair_count = 2 };
static struct edit metadata = { .key = "metadata", .children = &labels };
static const struct edit edit = { .children = &metadata };

static int rewrite(const void *input, struct sg_error *e)
{
	cleanup_arena struct sg_arena tree;
	cleanup_arena struct sg_arena scratch;
	cleanup_buffer struct sg_buffer out, block;
	const struct document d = document_of(input);
	struct node *root = NULL, *after = NULL;
	sg_arena_init(&tree);
	sg_arena_init(&scratch);
	sg_buffer_init(&out, SG_MIB);
	sg_buffer_init(&block, SG_MIB);
	if (document_parse(&d, &tree, &root, e) ||
	    splice_document(&d, root, &edit, &scratch, &out, e) ||
	    yaml_parse(out.data, out.length, 1, &scratch, &after, e) ||
	    verify_edit(root, after, &edit, e))
		return -1;
	struct node *copy = node_copy(&scratch, after);
	return sg_arena_check(&scratch, e) ||
			       yaml_emit_block(&block, copy, 2, e) ||
			       yaml_emit_flow(&block, copy, e) ?
		       -1 :
		       0;
}

static const char *const documents[] = {
	"# c\nkind: X\nmetadata:\n  name: n\n  labels:\n    app: y\n",
	"metadata: {labels: {urumi.io/plan: z}}\ndata: |\n  text\n",
	"base: &b {labels: {a: b}}\nmetadata:\n  <<: *b\n  name: 'n'\n",
	"metadata: &m\n  labels: {a: b}\ncopies: [*m, *m]\n",
	"metadata:\r\n  labels:\r\n",
};

static void test_rewriting(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(documents); i++) {
		unsigned long failures = torture(rewrite, documents[i]);
		if (failures < 50)
			fail_msg("only %lu allocations", failures);
	}
}

/* More keys than the check for duplicates holds on its stack. */
static void test_many_keys(void **state)
{
	char text[2000] = "metadata:\n  labels:\n";
	size_t used = strlen(text);
	(void)state;
	for (int i = 0; i < 40; i++)
		used += (size_t)snprintf(text + used, sizeof text - used,
					 "    k%d: v\n", i);
	torture(rewrite, text);
}

/* --- a policy --- */

static const char small_policy[] =
	"apiVersion: urumi.io/v1\nkind: StorePolicy\nspec:\n"
	"  naming: {pattern: '[a-z]+', reserved: [admin]}\n"
	"  hosts: {baseDomain: example.com, deniedDomains: [a.b]}\n"
	"  owners: {groups: [{group: g, stores: 1}]}\n"
	"  defaultPlan: small\n"
	"  engines:\n    shop:\n      plans: [small]\n      components:\n"
	"      - {name: web, public: true, ports: [80], labels: {a: [b]}}\n"
	"      - {name: setup, jobs: true, reaches: [web]}\n"
	"  plans:\n    small:\n      quota: {pods: 9, requests.cpu: 2}\n"
	"      limitRange:\n      - {type: Container, default: {cpu: 1}}\n"
	"  network:\n    dns: [{podSelector: {matchLabels: {k8s-app: dns}}}]\n"
	"    ingress: {ports: [80], peers: [{namespaceSelector: {}}]}\n"
	"    internet: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]\n";

static int read_policy(const void *input, struct sg_error *e)
{
	cleanup_policy struct policy *p = NULL;
	const char *text = input;
	return policy_parse("p.yaml", text, strlen(text), &p, e);
}

static void test_policy(void **state)
{
	(void)state;
	unsigned long failures = torture(read_policy, small_policy);
	if (failures < 200)
		fail_msg("only %lu allocations", failures);
}

/* Too many keys in a policy: the check for duplicates needs memory. */
static void test_policy_with_many_keys(void **state)
{
	cleanup_buffer struct sg_buffer text;
	const char *quota = strstr(small_policy, "pods: 9");
	(void)state;
	sg_buffer_init(&text, SG_MIB);
	sg_buffer_append(&text, small_policy, (size_t)(quota - small_policy));
	for (int i = 0; i < 40; i++)
		sg_buffer_printf(&text, "requests.example.com/r%d: 1, ", i);
	sg_buffer_puts(&text, quota);
	torture(read_policy, text.data);
}

/* --- a release's survey --- */

struct release {
	const struct identity *who;
	const char *const *objects;
	size_t count;
};

static int survey_one(struct survey *s, const char *text, struct sg_error *e)
{
	cleanup_arena struct sg_arena a;
	struct diagnostics quiet = { .log = { .fd = -1 }, .relay = -1 };
	const struct document d = document_of(text);
	struct node *root = NULL;
	struct object o;
	sg_arena_init(&a);
	if (document_parse(&d, &a, &root, e) ||
	    object_read(&a, &d, root, NULL, &o, e))
		return -1;
	return survey_object(s, &o, &s->who->engine->components[0], &a, &quiet,
			     e);
}

static int survey_release_of(const void *input, struct sg_error *e)
{
	const struct release *r = input;
	cleanup_with(survey_release) struct survey s = { 0 };
	if (survey_init(&s, r->who, true, e))
		return -1;
	for (size_t i = 0; i < r->count; i++)
		if (survey_one(&s, r->objects[i], e))
			return -1;
	return reach_work_out(&s.reach, &s.calls, e) || survey_finish(&s, e) ?
		       -1 :
		       0;
}

/* Its faults are texts, which take memory. */
static int check_room_of(const void *input, struct sg_error *e)
{
	const struct release *r = input;
	const struct options options = { .with_namespace = true };
	cleanup_with(room_release) struct room room = { 0 };
	room_init(&room, r->who, &options);
	for (size_t i = 0; i < r->count; i++) {
		cleanup_arena struct sg_arena a;
		const struct document d = document_of(r->objects[i]);
		struct node *root = NULL;
		struct object o;
		sg_arena_init(&a);
		if (document_parse(&d, &a, &root, e) ||
		    object_read(&a, &d, root, NULL, &o, e))
			return -1;
		room_check(&room, &o);
	}
	if (room.faults.count == 0)
		fail_msg("nothing wrong was found");
	return sg_arena_check(&room.arena, e);
}

#define POD "template: {metadata: {labels: {a: b}}, spec: {containers: [" \
	"{name: c, resources: {limits: {cpu: 1, memory: 1Gi}}, " \
	"env: [{name: HOST, value: d}], args: [--host, d], " \
	"volumeMounts: [{name: v}], ports: [{containerPort: 80}]}], " \
	"volumes: [{name: v, configMap: {name: e}}]}}"

static const char *const objects[] = {
	"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\n"
	"spec: {replicas: 2, volumeClaimTemplates: [{spec: {resources: "
	"{requests: {storage: 1Gi}}}}], " POD "}\n",
	"apiVersion: batch/v1\nkind: Job\nmetadata: {name: b}\n"
	"spec: {" POD "}\n",
	"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
	"metadata: {name: c}\nspec: {maxReplicas: 3, scaleTargetRef: "
	"{kind: StatefulSet, name: a}}\n",
	"apiVersion: v1\nkind: Service\nmetadata: {name: d}\n"
	"spec: {clusterIP: None, selector: {a: b}, ports: [{port: 80}]}\n",
	"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: e}\n"
	"data: {a: \"http://d:81\"}\n",
	"apiVersion: v1\nkind: Secret\nmetadata: {name: e}\ndata: {a: ZA==}\n",
	"apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: f}\n"
	"spec: {defaultBackend: {service: {name: d, port: {number: 80}}}}\n",
};

static void test_release(void **state)
{
	cleanup_policy struct policy *p = NULL;
	struct sg_error e = { 0 };
	(void)state;
	assert_int_equal(policy_parse("p.yaml", small_policy,
				      strlen(small_policy), &p, &e),
			 0);
	const struct identity who = { .store = { .name = "fashion" },
				      .engine = &p->engines[0],
				      .plan = &p->plans[0],
				      .cluster = &p->cluster,
				      .namespace = "store-fashion" };
	const struct release r = { &who, objects, COUNT(objects) };
	torture(survey_release_of, &r);
	torture(check_room_of, &r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rewriting),
		cmocka_unit_test(test_many_keys),
		cmocka_unit_test(test_policy),
		cmocka_unit_test(test_policy_with_many_keys),
		cmocka_unit_test(test_release),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
