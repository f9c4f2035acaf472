#include "helpers.h"

#include "object_state.h"

#define HEAD "metadata: {name: it, namespace: store-fashion, generation: 2, labels: {urumi.io/store: fashion, urumi.io/component: web}"
#define META HEAD "}\n"

struct expected {
	const char *what;
	enum object_kind kind;
	const char *text; /* behind the metadata */
	enum object_health health;
	const char *reason, *message;
};

#define AVAILABLE "{type: Available, status: 'True'}"
#define DEPLOYED(conditions, more)                                             \
	"spec: {replicas: 3}\nstatus: {observedGeneration: 2, " more           \
	"conditions: [" conditions "]}\n"
#define POD(conditions, statuses)                                              \
	"spec: {nodeName: n1}\nstatus: {phase: Running, conditions: [" conditions \
	"], containerStatuses: [" statuses "]}\n"
#define SCHEDULED "{type: PodScheduled, status: 'True'}"

static const struct expected table[] = {
	{ "available", OBJECT_DEPLOYMENT, DEPLOYED(AVAILABLE, ""), HEALTH_GOOD,
	  "", "" },
	{ "not yet", OBJECT_DEPLOYMENT, DEPLOYED("", "availableReplicas: 1, "),
	  HEALTH_WAITING, "ReplicasUnavailable", "1 of 3 pods are available" },
	{ "more than wanted, of an old template", OBJECT_DEPLOYMENT,
	  DEPLOYED("", "availableReplicas: 5, "), HEALTH_WAITING,
	  "ReplicasUnavailable", "3 of 3 pods are available" },
	{ "not looked at", OBJECT_DEPLOYMENT,
	  "spec: {}\nstatus: {observedGeneration: 1, conditions: [" AVAILABLE
	  "]}\n",
	  HEALTH_WAITING, "NotObserved",
	  "its last change has not been taken up yet" },
	{ "no status at all", OBJECT_DEPLOYMENT, "spec: {}\n", HEALTH_WAITING,
	  "NotObserved", "its last change has not been taken up yet" },
	{ "refused pods", OBJECT_DEPLOYMENT,
	  DEPLOYED(AVAILABLE
		   ", {type: ReplicaFailure, status: 'True', reason: FailedCreate, message: 'pods \"x-1-2\" is forbidden: exceeded quota: q'}",
		   ""),
	  HEALTH_WAITING, "FailedCreate", "exceeded quota: q" },
	{ "a change that gets nowhere", OBJECT_DEPLOYMENT,
	  DEPLOYED(AVAILABLE ", {type: Progressing, status: 'False'}", ""),
	  HEALTH_WAITING, "ProgressDeadlineExceeded",
	  "the pods of its last change do not become available; those from before it go on" },
	{ "idle", OBJECT_DEPLOYMENT,
	  "spec: {replicas: 0}\nstatus: {observedGeneration: 2}\n",
	  HEALTH_GOOD, "", "" },
	{ "stateful", OBJECT_STATEFULSET,
	  "spec: {replicas: 2}\nstatus: {observedGeneration: 2, availableReplicas: 2}\n",
	  HEALTH_GOOD, "", "" },
	{ "stateful, not yet", OBJECT_STATEFULSET,
	  "spec: {replicas: 2}\nstatus: {observedGeneration: 2, readyReplicas: 2, availableReplicas: 1}\n",
	  HEALTH_WAITING, "ReplicasUnavailable", "1 of 2 pods are available" },
	{ "on each node", OBJECT_DAEMONSET,
	  "status: {observedGeneration: 2, desiredNumberScheduled: 3, numberAvailable: 2}\n",
	  HEALTH_WAITING, "ReplicasUnavailable", "2 of 3 pods are available" },
	{ "done", OBJECT_JOB,
	  "status: {failed: 2, conditions: [{type: Complete, status: 'True'}]}\n",
	  HEALTH_GOOD, "", "" },
	{ "at work", OBJECT_JOB, "status: {active: 1}\n", HEALTH_WAITING,
	  "JobRunning", "is not done yet" },
	{ "again", OBJECT_JOB, "status: {failed: 4}\n", HEALTH_WAITING,
	  "JobRetrying", "has failed and is tried again" },
	{ "given up", OBJECT_JOB,
	  "status: {conditions: [{type: Failed, status: 'True', reason: BackoffLimitExceeded, message: reached the limit}]}\n",
	  HEALTH_FAILED, "JobFailed", "reached the limit" },
	{ "suspended", OBJECT_JOB,
	  "status: {conditions: [{type: Suspended, status: 'True'}]}\n",
	  HEALTH_WAITING, "JobSuspended", "is suspended" },
	{ "a pod that is ready", OBJECT_POD,
	  POD("{type: Ready, status: 'True'}",
	      "{name: c, ready: true, restartCount: 9, lastState: {terminated: {exitCode: 1}}}"),
	  HEALTH_GOOD, "", "" },
	{ "a pod that starts", OBJECT_POD,
	  POD(SCHEDULED,
	      "{name: c, ready: false, state: {waiting: {reason: ContainerCreating}}}"),
	  HEALTH_GOOD, "", "" },
	{ "a pod for no node", OBJECT_POD,
	  "status: {phase: Pending, conditions: [{type: PodScheduled, status: 'False', reason: Unschedulable, message: 0/3 nodes}]}\n",
	  HEALTH_WAITING, "Unschedulable", "no node takes its pod: 0/3 nodes" },
	{ "a pod that ended well and starts again", OBJECT_POD,
	  POD(SCHEDULED,
	      "{name: c, ready: false, restartCount: 1, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 0, reason: Completed}}}"),
	  HEALTH_WAITING, "CrashLoopBackOff",
	  "container c keeps ending, last with exit code 0" },
	{ "an init container that ended well", OBJECT_POD,
	  "status: {phase: Pending, conditions: [" SCHEDULED
	  "], initContainerStatuses: [{name: i, ready: false, state: {terminated: {exitCode: 0}}}]}\n",
	  HEALTH_GOOD, "", "" },
	{ "one failed init container", OBJECT_POD,
	  "status: {phase: Pending, conditions: [" SCHEDULED
	  "], initContainerStatuses: [{name: i, ready: false, state: {terminated: {exitCode: 3, message: secret}}}]}\n",
	  HEALTH_WAITING, "ContainerFailed",
	  "container i ended with exit code 3" },
	{ "an image, at first", OBJECT_POD,
	  POD(SCHEDULED,
	      "{name: c, image: x/y, ready: false, state: {waiting: {reason: ErrImagePull, message: not found}}}"),
	  HEALTH_WAITING, "ImagePullBackOff",
	  "image x/y can't be pulled: not found" },
	{ "an image, later", OBJECT_POD,
	  POD(SCHEDULED,
	      "{name: c, image: x/y, ready: false, state: {waiting: {reason: ImagePullBackOff, message: 'Back-off pulling image \"x/y\": ErrImagePull: not found'}}}"),
	  HEALTH_WAITING, "ImagePullBackOff",
	  "image x/y can't be pulled: not found" },
	{ "an evicted pod", OBJECT_POD,
	  "status: {phase: Failed, reason: Evicted, message: The node was low on resource}\n",
	  HEALTH_FAILED, "Evicted", "The node was low on resource" },
	{ "one restart, of a node's maybe", OBJECT_POD,
	  POD(SCHEDULED,
	      "{name: c, ready: false, restartCount: 1, state: {running: {}}, lastState: {terminated: {exitCode: 255}}}"),
	  HEALTH_GOOD, "", "" },
	{ "an image, wrapped", OBJECT_POD,
	  POD(SCHEDULED,
	      "{name: c, image: x/y, ready: false, state: {waiting: {reason: ErrImagePull, message: 'rpc error: code = NotFound desc = failed to resolve x/y: x/y: not found'}}}"),
	  HEALTH_WAITING, "ImagePullBackOff",
	  "image x/y can't be pulled: not found" },
	{ "a silent node", OBJECT_POD,
	  POD("{type: Ready, status: 'False'}, {type: ContainersReady, status: 'True'}",
	      "{name: c, ready: true}"),
	  HEALTH_WAITING, "NodeNotReady",
	  "node n1, which has its pod, is not heard of" },
	{ "a guard", OBJECT_LIMITRANGE, "spec: {}\n", HEALTH_GOOD, "", "" },
};

static void test_each_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(table); i++) {
		const struct expected *t = &table[i];
		cleanup_arena struct sg_arena a;
		struct object_state is;
		const char *store;
		sg_arena_init(&a);
		const char *text = sg_arena_printf(&a, META "%s", t->text);
		if (!object_state_read(&a, t->kind, must_parse(&a, text),
				       &store, &is))
			fail_msg("%s: it is no store's", t->what);
		expect_text(store, "fashion", t->what);
		expect_text(is.component, "web", t->what);
		expect_text(is.reason, t->reason, t->what);
		expect_text(is.message, t->message, t->what);
		if (is.health != t->health)
			fail_msg("%s: health %d", t->what, (int)is.health);
		assert_int_equal(is.is_idle, strcmp(t->what, "idle") == 0);
	}
}

static void test_a_pod_knows_whose_it_is(void **state)
{
	static const struct {
		const char *more, *of;
	} pods[] = {
		{ "pod-template-hash: 7d9}, ownerReferences: [{kind: ReplicaSet, name: fashion-web-7d9, controller: true}]",
		  "Deployment/fashion-web" },
		{ "pod-template-hash: 7d8}, ownerReferences: [{kind: ReplicaSet, name: fashion-web-7d9, controller: true}]",
		  "ReplicaSet/fashion-web-7d9" },
		{ "pod-template-hash: 7d9}, ownerReferences: [{kind: ReplicaSet, name: 7d9, controller: true}]",
		  "ReplicaSet/7d9" },
		{ "}, ownerReferences: [{kind: Other, name: x}, {kind: StatefulSet, name: db, controller: true}]",
		  "StatefulSet/db" },
		{ "}", "" },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(pods); i++) {
		cleanup_arena struct sg_arena a;
		struct object_state is;
		const char *store;
		sg_arena_init(&a);
		const char *text = sg_arena_printf(
			&a,
			"metadata: {name: p, namespace: store-fashion, labels: {urumi.io/store: fashion, %s}\n",
			pods[i].more);
		assert_true(object_state_read(&a, OBJECT_POD,
					      must_parse(&a, text), &store,
					      &is));
		expect_text(is.of, pods[i].of, pods[i].more);
	}
}

static void test_an_ingress_says_where(void **state)
{
	cleanup_arena struct sg_arena a;
	struct object_state is;
	const char *store;
	(void)state;
	sg_arena_init(&a);
	assert_true(object_state_read(
		&a, OBJECT_INGRESS,
		must_parse(
			&a,
			HEAD ", annotations: {urumi.io/admin-path: /app, urumi.io/admin-secret: keys}}\n"
			     "spec: {tls: [{hosts: [a.b]}], rules: [{host: a.b}, {}, {host: c.d}]}\n"),
		&store, &is));
	expect_text(is.urls, "https://a.b http://c.d", "URLs");
	expect_text(is.admin_path, "/app", "path");
	expect_text(is.admin_secret, "keys", "secret");
	assert_true(object_state_read(
		&a, OBJECT_INGRESS,
		must_parse(
			&a,
			HEAD ", annotations: {urumi.io/admin-path: '@evil.com/', urumi.io/admin-secret: '../x'}}\n"),
		&store, &is));
	expect_text(is.admin_path, "", "no path");
	expect_text(is.admin_secret, "", "no name of a Secret");
}

/* Whoever may edit Ingresses could take the leader's memory otherwise. */
static void test_an_ingress_of_very_many_hosts(void **state)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_arena a;
	struct object_state is;
	const char *store;
	(void)state;
	sg_arena_init(&a);
	sg_buffer_init(&text, SG_MAX_STREAM);
	sg_buffer_puts(&text, META "spec: {rules: [{host: a.b}");
	for (int i = 0; i < 20000; i++)
		sg_buffer_printf(&text, ", {host: h%d.example.com}", i);
	sg_buffer_puts(&text, "]}\n");
	const struct node *object = must_parse(&a, text.data);
	size_t before = a.total;
	assert_true(object_state_read(&a, OBJECT_INGRESS, object, &store, &is));
	assert_true(strncmp(is.urls, "http://a.b http://h0.", 21) == 0);
	if (a.total - before > 100000)
		fail_msg("it took %zu bytes", a.total - before);
	sg_arena_release(&a);
}

static void test_no_stores(void **state)
{
	static const char *const texts[] = {
		"metadata: {name: x, namespace: store-fashion}\n",
		"metadata: {name: x, namespace: default, labels: {urumi.io/store: fashion}}\n",
		"metadata: {name: x, namespace: store-toys, labels: {urumi.io/store: fashion}}\n",
		"metadata: {name: x, namespace: store-fashion, labels: {urumi.io/store: ''}}\n",
		"metadata: {namespace: store-fashion, labels: {urumi.io/store: fashion}}\n",
		"[]\n",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		cleanup_arena struct sg_arena a;
		struct object_state is;
		const char *store;
		sg_arena_init(&a);
		if (object_state_read(&a, OBJECT_JOB, must_parse(&a, texts[i]),
				      &store, &is))
			fail_msg("taken: %s", texts[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind),
		cmocka_unit_test(test_a_pod_knows_whose_it_is),
		cmocka_unit_test(test_an_ingress_says_where),
		cmocka_unit_test(test_an_ingress_of_very_many_hosts),
		cmocka_unit_test(test_no_stores),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
