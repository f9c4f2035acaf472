#include "helpers.h"

#include "decode.h"
#include "demand.h"
#include "fit.h"

/* The default policy's plan `large` fits most; quotas here are their own. */
struct world {
	struct sg_arena arena;
	struct policy *policy;
	struct identity who;
	struct plan plan;
	struct terms terms;
};

static const char quota[] =
	"quota: {pods: 99, requests.cpu: 99, limits.cpu: 99, cpu: 99, "
	"requests.storage: 99Gi, persistentvolumeclaims: 99, services: 99, "
	"services.loadbalancers: 9, services.nodeports: 9, secrets: 99, "
	"configmaps: 99, resourcequotas: 9, count/jobs.batch: 99, "
	"count/pods: 99, count/secrets: 9, count/deployments.apps: 99, "
	"count/replicasets.apps: 99, "
	"gold.storageclass.storage.k8s.io/requests.storage: 9Gi, "
	"gold.storageclass.storage.k8s.io/persistentvolumeclaims: 9, "
	"requests.example.com/gpu: 9}\n";

static int make_world(void **state)
{
	struct world *w = calloc(1, sizeof *w);
	struct sg_error e = { 0 };
	assert_non_null(w);
	sg_arena_init(&w->arena);
	if (policy_parse_default(&w->policy, &e) ||
	    decode_resources(&w->arena, must_parse(&w->arena, quota), "x",
			     "quota", &w->plan.quota, &e))
		fail_msg("%s", e.message);
	w->plan.name = "test";
	w->who.engine = policy_engine(w->policy, "woocommerce");
	w->who.plan = &w->plan;
	w->who.cluster = &w->policy->cluster;
	w->terms = (struct terms){ &w->plan, &w->policy->cluster };
	w->who.store.name = "fashion";
	*state = w;
	return 0;
}

static int end_world(void **state)
{
	struct world *w = *state;
	policy_free(w->policy);
	sg_arena_release(&w->arena);
	free(w);
	return 0;
}

static void expect_amount(const struct resources *r, const char *name,
			  const char *wanted, const char *what)
{
	char text[QUANTITY_TEXT_SIZE];
	const struct quantity *q = resources_get(r, name);
	expect_text(q ? quantity_print(*q, text) : "-", wanted, what);
}

#define POD "template: {spec: {containers: [{name: c, resources: {" \
	"requests: {cpu: 1, example.com/gpu: 1}, limits: {cpu: 2}}}]}}"

static char *workload(struct sg_arena *a, const char *api, const char *kind,
		      const char *spec)
{
	return sg_arena_printf(a,
			       "apiVersion: %s\nkind: %s\nmetadata: {name: web}"
			       "\nspec: {%s}\n",
			       api, kind, spec);
}

struct scaled {
	const char *api;
	const char *kind;
	const char *spec;
	int64_t replicas;
	int64_t pods; /* with the surge of an update */
};

#define SURGE(n) "strategy: {rollingUpdate: {maxSurge: " n "}}, "

static const struct scaled scaled[] = {
	{ "apps/v1", "Deployment", POD, 1, 2 },
	{ "apps/v1", "Deployment", "replicas: 4, " POD, 4, 5 },
	{ "apps/v1", "Deployment", "replicas: 5, " POD, 5, 7 },
	{ "apps/v1", "Deployment", "replicas: 0, " POD, 0, 0 },
	{ "apps/v1", "Deployment", SURGE("0") "replicas: 4, " POD, 4, 4 },
	{ "apps/v1", "Deployment", SURGE("3") "replicas: 4, " POD, 4, 7 },
	{ "apps/v1", "Deployment", SURGE("1%") "replicas: 3, " POD, 3, 4 },
	{ "apps/v1", "Deployment", SURGE("34%") "replicas: 3, " POD, 3, 5 },
	{ "apps/v1", "Deployment", SURGE("100%") "replicas: 3, " POD, 3, 6 },
	{ "apps/v1", "Deployment", SURGE("0%") "replicas: 3, " POD, 3, 3 },
	{ "apps/v1", "Deployment", "strategy: {type: Recreate}, replicas: 4, "
	  POD, 4, 4 },
	{ "apps/v1", "Deployment", "strategy: {type: RollingUpdate}, "
	  "replicas: 4, " POD, 4, 5 },
	{ "apps/v1", "StatefulSet", "replicas: 3, " POD, 3, 3 },
	{ "apps/v1", "ReplicaSet", "replicas: 3, " POD, 3, 3 },
	{ "v1", "ReplicationController", "replicas: 3, " POD, 3, 3 },
	{ "apps/v1", "DaemonSet", POD, 1, 1 },
	{ "batch/v1", "Job", POD, 1, 1 },
	{ "batch/v1", "Job", "parallelism: 4, " POD, 4, 4 },
	{ "batch/v1", "Job", "parallelism: 4, completions: 2, " POD, 2, 2 },
	{ "batch/v1", "Job", "parallelism: 2, completions: 9, " POD, 2, 2 },
	{ "batch/v1", "Job", "completions: 9, " POD, 1, 1 },
	{ "batch/v1", "CronJob", "jobTemplate: {spec: {parallelism: 3, " POD
	  "}}", 3, 3 },
};

static void test_replicas_and_surge(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < COUNT(scaled); i++) {
		cleanup_arena struct sg_arena a;
		const struct scaled *s = &scaled[i];
		struct violations v;
		struct unknowns unknown;
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		violations_init(&v, &a);
		char *text = workload(&a, s->api, s->kind, s->spec);
		struct object o = must_read(&a, text);
		struct asker asker = { .workload = o.workload };
		if (demand_measure(&o, &w->terms, &a, &asker, &v,
				   &unknown, &e))
			fail_msg("%s%s", text, e.message);
		if (asker.replicas != s->replicas ||
		    asker_pods(&asker) != s->pods)
			fail_msg("%s%lld replicas, %lld pods", text,
				 (long long)asker.replicas,
				 (long long)asker_pods(&asker));
		/* of one pod, under all keys that it counts for */
		expect_amount(&asker.each, "pods", "1", text);
		expect_amount(&asker.each, "count/pods", "1", text);
		expect_amount(&asker.each, "cpu", "1", text);
		expect_amount(&asker.each, "requests.cpu", "1", text);
		expect_amount(&asker.each, "limits.cpu", "2", text);
		expect_amount(&asker.each, "requests.example.com/gpu", "1",
			      text);
	}
}

static const struct {
	const char *kind;
	const char *spec;
	const char *says;
} broken[] = {
	{ "Deployment", "replicas: many, " POD, "spec.replicas: \"many\"" },
	{ "Deployment", "replicas: -1, " POD, "spec.replicas: \"-1\"" },
	{ "Deployment", "replicas: 1000001, " POD, "from 0 to 1000000" },
	{ "Deployment", SURGE("half") POD, "maxSurge: \"half\" is not a" },
	{ "Deployment", SURGE("-1") POD, "maxSurge: \"-1\"" },
	{ "Deployment", SURGE("1.5") POD, "maxSurge: \"1.5\"" },
	{ "Deployment", SURGE("'%'") POD, "maxSurge: \"%\"" },
	{ "Deployment", SURGE("99999999%") POD, "maxSurge: " },
	{ "StatefulSet", "volumeClaimTemplates: x, " POD,
	  "spec.volumeClaimTemplates must be a list" },
	{ "StatefulSet", "volumeClaimTemplates: [{spec: {resources: {requests: "
	  "{storage: big}}}}], " POD, "\"big\" is not a quantity" },
};

static void test_broken(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < COUNT(broken); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct unknowns unknown;
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		violations_init(&v, &a);
		char *text = workload(&a, "apps/v1", broken[i].kind,
				      broken[i].spec);
		struct object o = must_read(&a, text);
		struct asker asker = { .workload = o.workload };
		expect_error(demand_measure(&o, &w->terms, &a, &asker, &v,
				   &unknown, &e),
			     &e, SG_INVALID, broken[i].says, text);
	}
}

#define GIB(n) "{spec: {resources: {requests: {storage: " n "Gi}}}}"
#define GOLD "{spec: {storageClassName: gold, resources: {requests: " \
	"{storage: 5Gi}}}}"

static void measure(struct world *w, struct sg_arena *a, const char *text,
		    struct asker *asker, struct violations *v)
{
	struct unknowns unknown;
	struct sg_error e = { 0 };
	struct object o = must_read(a, text);
	asker->workload = o.workload;
	if (demand_measure(&o, &w->terms, a, asker, v, &unknown, &e))
		fail_msg("%s%s", text, e.message);
}

static void test_claims(void **state)
{
	struct world *w = *state;
	cleanup_arena struct sg_arena a;
	struct violations v;
	struct asker set = { 0 }, claim = { 0 }, ephemeral = { 0 };
	sg_arena_init(&a);
	violations_init(&v, &a);
	measure(w, &a,
		workload(&a, "apps/v1", "StatefulSet",
			 "replicas: 3, volumeClaimTemplates: [" GIB("1") ", "
			 GOLD "], " POD),
		&set, &v);
	expect_amount(&set.each, "requests.storage", "6Gi", "one replica");
	expect_amount(&set.each, "persistentvolumeclaims", "2", "one replica");
	expect_amount(&set.each,
		      "gold.storageclass.storage.k8s.io/requests.storage",
		      "5Gi", "one replica");
	measure(w, &a,
		workload(&a, "v1", "PersistentVolumeClaim",
			 "resources: {requests: {storage: 8Gi}}"),
		&claim, &v);
	expect_amount(&claim.each, "requests.storage", "8Gi", "a claim");
	expect_amount(&claim.each, "pods", "-", "a claim");
	assert_int_equal(claim.replicas, 1);
	assert_int_equal(asker_pods(&claim), 0);
	measure(w, &a,
		workload(&a, "v1", "Pod",
			 "containers: [{name: c}], volumes: [{emptyDir: {}}, "
			 "{ephemeral: {volumeClaimTemplate: " GIB("2") "}}]"),
		&ephemeral, &v);
	expect_amount(&ephemeral.each, "requests.storage", "2Gi", "ephemeral");
}

/* Which class a claim is charged to, and whether that takes asking. */
static const struct {
	const char *usual; /* the policy's cluster.defaultStorageClass */
	const char *claim; /* its metadata and spec */
	const char *gold;
	bool asked;
} classed[] = {
	{ NULL, "spec: {storageClassName: gold}", "1", false },
	{ NULL, "spec: {storageClassName: tin}", "-", false },
	{ NULL, "spec: {storageClassName: \"\"}", "-", false },
	{ NULL, "spec: {}", "-", true },
	{ NULL, "spec: {storageClassName: null}", "-", true },
	{ "gold", "spec: {}", "1", false },
	{ "gold", "spec: {storageClassName: }", "1", false },
	{ "gold", "spec: {storageClassName: \"\"}", "-", false },
	{ "gold", "spec: {storageClassName: tin}", "-", false },
	{ "tin", "spec: {}", "-", false },
	/* the old annotation goes before the field */
	{ NULL, "metadata: {annotations: {volume.beta.kubernetes.io/"
	  "storage-class: gold}}, spec: {storageClassName: tin}", "1", false },
	{ "gold", "metadata: {annotations: {volume.beta.kubernetes.io/"
	  "storage-class: tin}}, spec: {}", "-", false },
};

static void test_claim_classes(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < COUNT(classed); i++) {
		cleanup_arena struct sg_arena a;
		struct violations v;
		struct unknowns unknown;
		struct sg_error e = { 0 };
		struct asker set = { 0 };
		const struct cluster_facts cluster = { classed[i].usual, NULL,
						       0 };
		const struct terms terms = { &w->plan, &cluster };
		sg_arena_init(&a);
		violations_init(&v, &a);
		char *text = sg_arena_printf(
			&a, "volumeClaimTemplates: [{%s}], " POD,
			classed[i].claim);
		struct object o = must_read(
			&a, workload(&a, "apps/v1", "StatefulSet", text));
		assert_int_equal(demand_measure(&o, &terms, &a, &set, &v,
						&unknown, &e), 0);
		expect_amount(&set.each, "persistentvolumeclaims", "1", text);
		expect_amount(&set.each,
			      "gold.storageclass.storage.k8s.io/"
			      "persistentvolumeclaims",
			      classed[i].gold, text);
		if (unknown.claim_class != classed[i].asked)
			fail_msg("%s: class %s", text,
				 classed[i].asked ? "not asked for" : "asked");
	}
}

/* Longer than any buffer that a key might be put together in. */
static void test_long_class(void **state)
{
	struct world *w = *state;
	cleanup_arena struct sg_arena a;
	struct violations v;
	struct sg_error e = { 0 };
	struct plan plan = { 0 };
	struct unknowns unknown;
	struct asker claim = { 0 };
	const struct terms terms = { &plan, w->terms.cluster };
	char class[221];
	sg_arena_init(&a);
	violations_init(&v, &a);
	memset(class, 'a', sizeof class - 1);
	class[sizeof class - 1] = '\0';
	const char *key = sg_arena_printf(
		&a, "%s.storageclass.storage.k8s.io/requests.storage", class);
	assert_int_equal(resources_set(&a, &plan.quota, key,
				       quantity_from_int(1), &e), 0);
	char *text = sg_arena_printf(
		&a, "storageClassName: %s, resources: {requests: {storage: "
		    "1.5}}", class);
	struct object o = must_read(
		&a, workload(&a, "v1", "PersistentVolumeClaim", text));
	assert_int_equal(demand_measure(&o, &terms, &a, &claim, &v, &unknown,
					&e), 0);
	/* bytes are whole */
	expect_amount(&claim.each, key, "2", "a claim");
}

static void test_claim_limits(void **state)
{
	struct world *w = *state;
	cleanup_arena struct sg_arena a;
	struct violations v;
	struct sg_error e = { 0 };
	struct limit_range range = { .type = "PersistentVolumeClaim" };
	struct plan plan = w->plan;
	const struct terms terms = { &plan, w->terms.cluster };
	struct unknowns unknown;
	sg_arena_init(&a);
	violations_init(&v, &a);
	assert_int_equal(resources_set(&a, &range.min, "storage",
				       quantity_from_int(10), &e), 0);
	assert_int_equal(resources_set(&a, &range.max, "storage",
				       quantity_from_int(20), &e), 0);
	plan.limits = &range;
	plan.limit_count = 1;
	for (int size = 9; size <= 21; size++) {
		struct asker asker = { 0 };
		char *text = sg_arena_printf(
			&a, "apiVersion: v1\nkind: PersistentVolumeClaim\n"
			    "metadata: {name: c%d}\nspec: {resources: "
			    "{requests: {storage: %d}}}\n", size, size);
		struct object o = must_read(&a, text);
		assert_int_equal(demand_measure(&o, &terms, &a, &asker, &v, &unknown,
						&e),
				 0);
	}
	assert_int_equal(v.count, 2);
	expect_text(v.items[0].field, "PersistentVolumeClaim/c9", "too small");
	expect_text(v.items[1].field, "PersistentVolumeClaim/c21", "too large");
}

static const struct {
	const char *api, *kind, *spec;
	const char *key, *wanted;
} counted[] = {
	{ "v1", "Service", "ports: [{port: 1}]", "services", "1" },
	{ "v1", "Service", "ports: [{port: 1}]", "services.nodeports", "-" },
	{ "v1", "Service", "type: NodePort, ports: [{port: 1}, {port: 2}]",
	  "services.nodeports", "2" },
	{ "v1", "Service", "type: LoadBalancer, ports: [{port: 1}, {port: 2}]",
	  "services.nodeports", "2" },
	{ "v1", "Service", "type: LoadBalancer, ports: [{port: 1}]",
	  "services.loadbalancers", "1" },
	{ "v1", "Service", "type: LoadBalancer, "
	  "allocateLoadBalancerNodePorts: false, ports: [{port: 1}]",
	  "services.nodeports", "0" },
	{ "v1", "Service", "type: LoadBalancer, "
	  "allocateLoadBalancerNodePorts: false, ports: [{port: 1, "
	  "nodePort: 30001}, {port: 2, nodePort: 0}, {port: 3}, {port: 4, "
	  "nodePort: 30002}]", "services.nodeports", "2" },
	{ "v1", "Service", "type: LoadBalancer, "
	  "allocateLoadBalancerNodePorts: no, ports: [{port: 1}]",
	  "services.nodeports", "0" },
	{ "v1", "Service", "type: NodePort, "
	  "allocateLoadBalancerNodePorts: false, ports: [{port: 1}]",
	  "services.nodeports", "1" },
	{ "serving.knative.dev/v1", "Service", "x: y", "services", "-" },
	{ "v1", "Secret", "x: y", "secrets", "1" },
	{ "v1", "Secret", "x: y", "count/secrets", "1" },
	{ "v1", "ConfigMap", "x: y", "configmaps", "1" },
	{ "apps/v1", "Deployment", POD, "count/deployments.apps", "1" },
	{ "batch/v1", "Job", POD, "count/jobs.batch", "1" },
	{ "v1", "Pod", "containers: [{name: c}]", "pods", "-" },
	{ "batch/v1", "CronJob", "jobTemplate: {spec: {" POD "}}",
	  "count/jobs.batch", "5" },
	{ "batch/v1", "CronJob", "successfulJobsHistoryLimit: 20, "
	  "failedJobsHistoryLimit: 0, jobTemplate: {spec: {" POD "}}",
	  "count/jobs.batch", "21" },
	{ "apps/v1", "Deployment", POD, "count/replicasets.apps", "12" },
	{ "apps/v1", "Deployment", "revisionHistoryLimit: 0, " POD,
	  "count/replicasets.apps", "2" },
	{ "apps/v1", "Deployment", "revisionHistoryLimit: 2147483647, " POD,
	  "count/replicasets.apps", "2147483649" },
};

#define BACKUP "template: {spec: {containers: [{name: c}], volumes: [{name: v, " \
	"ephemeral: {volumeClaimTemplate: " GIB("2") "}}]}}"

/* Pods that have ended stay, and so do their claims. */
static const struct {
	const char *kind, *spec, *pods, *storage;
} finished[] = {
	{ "Job", BACKUP, "-", "-" },
	{ "Job", "completions: 5, " BACKUP, "4", "8Gi" },
	{ "Job", "parallelism: 2, completions: 5, " BACKUP, "3", "6Gi" },
	{ "Job", "parallelism: 5, completions: 2, " BACKUP, "-", "-" },
	{ "CronJob", "jobTemplate: {spec: {" BACKUP "}}", "4", "8Gi" },
	{ "CronJob", "jobTemplate: {spec: {completions: 2, " BACKUP "}}", "9",
	  "18Gi" },
	{ "CronJob", "successfulJobsHistoryLimit: 1, failedJobsHistoryLimit: "
	  "0, jobTemplate: {spec: {" BACKUP "}}", "1", "2Gi" },
	{ "CronJob", "jobTemplate: {spec: {ttlSecondsAfterFinished: 0, " BACKUP
	  "}}", "-", "-" },
	{ "CronJob", "jobTemplate: {spec: {ttlSecondsAfterFinished: 60, " BACKUP
	  "}}", "4", "8Gi" },
};

static void test_finished_pods(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < COUNT(finished); i++) {
		cleanup_arena struct sg_arena a;
		struct resources counts = { 0 };
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		char *text = workload(&a, "batch/v1", finished[i].kind,
				      finished[i].spec);
		struct object o = must_read(&a, text);
		if (demand_count_finished(&o, &w->terms, &a, &counts, &e))
			fail_msg("%s", e.message);
		expect_amount(&counts, "count/pods", finished[i].pods, text);
		expect_amount(&counts, "requests.storage", finished[i].storage,
			      text);
		expect_amount(&counts, "requests.cpu", "-", text);
	}
}

static void test_counts(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < COUNT(counted); i++) {
		cleanup_arena struct sg_arena a;
		struct resources counts = { 0 };
		struct sg_error e = { 0 };
		sg_arena_init(&a);
		char *text = workload(&a, counted[i].api, counted[i].kind,
				      counted[i].spec);
		struct object o = must_read(&a, text);
		if (demand_count_object(&o, &w->terms, &a, &counts, &e))
			fail_msg("%s", e.message);
		expect_amount(&counts, counted[i].key, counted[i].wanted, text);
	}
}

/* What is there besides any release: Helm's Secrets, the CA, our quota. */
static void test_surroundings(void **state)
{
	struct world *w = *state;
	cleanup_arena struct sg_arena a;
	cleanup_with(survey_release) struct survey s = { 0 };
	struct sg_error e = { 0 };
	struct fit fit;
	sg_arena_init(&a);
	assert_int_equal(survey_init(&s, &w->who, true, &e), 0);
	assert_int_equal(survey_finish(&s, &e), 0);
	assert_int_equal(fit_compute(&a, &s, &fit, &e), 0);
	struct resources asked = { 0 };
	for (unsigned i = 0; i < fit.count; i++)
		assert_int_equal(resources_set(&a, &asked, fit.rows[i].key,
					       fit.rows[i].asked, &e),
				 0);
	expect_amount(&asked, "secrets", "11", "Helm's releases");
	expect_amount(&asked, "count/secrets", "11", "Helm's releases");
	expect_amount(&asked, "configmaps", "1", "kube-root-ca.crt");
	expect_amount(&asked, "resourcequotas", "1", "ours");
	expect_amount(&asked, "pods", "0", "no release at all");
	assert_false(fit_holds(&fit)); /* count/secrets allows nine */
}

static const struct {
	const char *scaler; /* api, kind and spec of it */
	int64_t replicas;   /* of a Deployment web with two */
	int64_t from_zero;  /* of one with none */
} autoscaled[] = {
	{ "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
	  "metadata: {name: h}\nspec: {maxReplicas: 7, scaleTargetRef: "
	  "{kind: Deployment, name: web}}\n", 7, 0 },
	{ "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
	  "metadata: {name: h}\nspec: {minReplicas: 0, maxReplicas: 7, "
	  "scaleTargetRef: {kind: Deployment, name: web}}\n", 7, 7 },
	{ "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
	  "metadata: {name: h}\nspec: {maxReplicas: 1, scaleTargetRef: "
	  "{kind: Deployment, name: web}}\n", 2, 0 },
	{ "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
	  "metadata: {name: h}\nspec: {maxReplicas: 7, scaleTargetRef: "
	  "{kind: Deployment, name: other}}\n", 2, 0 },
	{ "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\n"
	  "metadata: {name: h}\nspec: {maxReplicas: 7, scaleTargetRef: "
	  "{kind: StatefulSet, name: web}}\n", 2, 0 },
	{ "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\n"
	  "metadata: {name: h}\nspec: {maxReplicaCount: 6, scaleTargetRef: "
	  "{name: web}}\n", 6, 6 },
	{ "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\n"
	  "metadata: {name: h}\nspec: {scaleTargetRef: {name: web}}\n", 100, 100 },
	{ "apiVersion: example.com/v1\nkind: HorizontalPodAutoscaler\n"
	  "metadata: {name: h}\nspec: {maxReplicas: 7, scaleTargetRef: "
	  "{kind: Deployment, name: web}}\n", 2, 0 },
};

static void survey(struct survey *s, struct sg_arena *a, const char *text)
{
	struct diagnostics d = { .log = { .fd = -1 }, .relay = -1 };
	struct sg_error e = { 0 };
	struct object o = must_read(a, text);
	const struct engine *engine = s->who->engine;
	if (survey_object(s, &o, engine_component(engine, "web"), a, &d, &e))
		fail_msg("%s: %s", text, e.message);
}

static int64_t replicas_of_web(const struct survey *s)
{
	int64_t replicas = -1;
	for (unsigned i = 0; i < s->askers.count; i++)
		if (s->askers.items[i].workload == DEPLOYMENT)
			replicas = s->askers.items[i].replicas;
	return replicas;
}

/* The autoscaler may come before its target or after it. */
static void test_autoscalers(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < 4 * COUNT(autoscaled); i++) {
		cleanup_arena struct sg_arena a;
		cleanup_with(survey_release) struct survey s = { 0 };
		struct sg_error e = { 0 };
		const char *scaler = autoscaled[i / 4].scaler;
		bool off = i % 4 / 2;
		int64_t wanted = off ? autoscaled[i / 4].from_zero :
				       autoscaled[i / 4].replicas;
		sg_arena_init(&a);
		char *web = workload(&a, "apps/v1", "Deployment",
				     off ? "replicas: 0, " POD :
					   "replicas: 2, " POD);
		assert_int_equal(survey_init(&s, &w->who, true, &e), 0);
		survey(&s, &a, i % 2 ? scaler : web);
		survey(&s, &a, i % 2 ? web : scaler);
		assert_int_equal(survey_finish(&s, &e), 0);
		if (replicas_of_web(&s) != wanted)
			fail_msg("%s%lld replicas, not %lld", scaler,
				 (long long)replicas_of_web(&s),
				 (long long)wanted);
	}
}

#define HELM4 "postrenderer.helm.sh/postrender-filename: a, "
#define HOOK "helm.sh/hook: "
#define ARGO "argocd.argoproj.io/hook: "

/* The annotations of two Jobs of one pod each, and how many pods run at once. */
static const struct {
	const char *one, *two;
	const char *pods;
} hooks[] = {
	{ "", "", "2" },
	{ "", HOOK "pre-install", "2" },
	/* Helm 4 runs them one at a time, and knows no others */
	{ HELM4 HOOK "pre-install", HELM4 HOOK "pre-install", "1" },
	{ HELM4 HOOK "pre-install", HELM4 ARGO "PreSync", "2" },
	{ HELM4 ARGO "PreSync", HELM4 ARGO "PostSync", "2" },
	/* Argo CD by phase and wave */
	{ ARGO "PreSync", ARGO "PreSync", "2" },
	{ ARGO "PreSync", ARGO "PostSync", "1" },
	{ ARGO "\"PostSync,PreSync\"", ARGO "PreSync", "2" },
	{ ARGO "Sync, argocd.argoproj.io/sync-wave: \"1\"", ARGO "Sync", "1" },
	{ ARGO "Sync, argocd.argoproj.io/sync-wave: \"-1\"",
	  ARGO "Sync, argocd.argoproj.io/sync-wave: \"-1\"", "2" },
	{ ARGO "Sync, argocd.argoproj.io/sync-wave: x", ARGO "Sync", "2" },
	/* Helm's own, too, by weight */
	{ HOOK "pre-install", HOOK "pre-upgrade", "2" },
	{ HOOK "\"pre-install, post-install\"", HOOK "post-upgrade", "2" },
	{ HOOK "pre-install, helm.sh/hook-weight: \"5\"", HOOK "pre-install",
	  "1" },
	{ HOOK "pre-install, helm.sh/hook-weight: \"5\"",
	  ARGO "PreSync, argocd.argoproj.io/sync-wave: \"5\"", "2" },
	{ HOOK "test", HOOK "test", "1" },
	{ HOOK "pre-rollback", HOOK "test", "1" },
	/* Argo CD's word goes before Helm's */
	{ HOOK "pre-install, " ARGO "PostSync", HOOK "pre-install", "1" },
	{ ARGO "Skip, " HOOK "pre-install", HOOK "pre-install", "1" },
	{ ARGO "Neither, " HOOK "pre-install", HOOK "pre-install", "2" },
	{ HOOK "pre-delete", HOOK "pre-delete", "1" },
};

static void test_hooks(void **state)
{
	struct world *w = *state;
	for (size_t i = 0; i < COUNT(hooks); i++) {
		cleanup_arena struct sg_arena a;
		cleanup_with(survey_release) struct survey s = { 0 };
		const char *both[] = { hooks[i].one, hooks[i].two };
		struct sg_error e = { 0 };
		struct fit fit;
		sg_arena_init(&a);
		assert_int_equal(survey_init(&s, &w->who, true, &e), 0);
		for (size_t job = 0; job < COUNT(both); job++)
			survey(&s, &a, sg_arena_printf(
				&a, "apiVersion: batch/v1\nkind: Job\n"
				    "metadata: {name: j, annotations: {%s}}\n"
				    "spec: {" POD "}\n", both[job]));
		assert_int_equal(survey_finish(&s, &e), 0);
		assert_int_equal(fit_compute(&a, &s, &fit, &e), 0);
		char text[QUANTITY_TEXT_SIZE];
		expect_text(fit.rows[0].key, "pods", "the first row");
		if (strcmp(quantity_print(fit.rows[0].asked, text),
			   hooks[i].pods) != 0)
			fail_msg("{%s} and {%s}: %s pods", both[0], both[1],
				 text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replicas_and_surge),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_claims),
		cmocka_unit_test(test_claim_classes),
		cmocka_unit_test(test_long_class),
		cmocka_unit_test(test_claim_limits),
		cmocka_unit_test(test_counts),
		cmocka_unit_test(test_finished_pods),
		cmocka_unit_test(test_surroundings),
		cmocka_unit_test(test_autoscalers),
		cmocka_unit_test(test_hooks),
	};
	return cmocka_run_group_tests(tests, make_world, end_world);
}
