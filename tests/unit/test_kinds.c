#include "helpers.h"

#include "kinds.h"

struct group_case {
	const char *api_version;
	const char *group;
};

static const struct group_case groups[] = {
	{ "v1", "" },
	{ "apps/v1", "apps" },
	{ "networking.k8s.io/v1", "networking.k8s.io" },
	{ "", "" },
	{ "/v1", "" },
	{ "a/b/c", "a" },
};

static void test_groups(void **state)
{
	char group[128];
	(void)state;
	for (size_t i = 0; i < COUNT(groups); i++) {
		kind_group(groups[i].api_version, group, sizeof group);
		expect_text(group, groups[i].group, groups[i].api_version);
	}
	char small[4];
	kind_group("networking.k8s.io/v1", small, sizeof small);
	expect_text(small, "net", "a small buffer");
}

struct kind_case {
	const char *group;
	const char *kind;
	enum workload_kind workload;
};

static const struct kind_case workloads[] = {
	{ "apps", "Deployment", DEPLOYMENT },
	{ "apps", "StatefulSet", STATEFUL_SET },
	{ "apps", "DaemonSet", DAEMON_SET },
	{ "apps", "ReplicaSet", REPLICA_SET },
	{ "", "ReplicationController", REPLICATION_CONTROLLER },
	{ "batch", "Job", JOB },
	{ "batch", "CronJob", CRON_JOB },
	{ "", "Pod", POD },
	{ "", "Deployment", NOT_A_WORKLOAD },
	{ "example.com", "Job", NOT_A_WORKLOAD },
	{ "apps", "deployment", NOT_A_WORKLOAD },
	{ "", "Service", NOT_A_WORKLOAD },
	{ "", "PodTemplate", NOT_A_WORKLOAD },
	{ "", "", NOT_A_WORKLOAD },
};

static void test_workloads(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(workloads); i++) {
		const struct kind_case *k = &workloads[i];
		if (kind_workload(k->group, k->kind) != k->workload)
			fail_msg("%s %s is taken for %d", k->group, k->kind,
				 (int)kind_workload(k->group, k->kind));
	}
}

struct scope_case {
	const char *group;
	const char *kind;
	bool cluster;
};

static const struct scope_case scopes[] = {
	{ "", "Namespace", true },
	{ "", "Node", true },
	{ "", "PersistentVolume", true },
	{ "rbac.authorization.k8s.io", "ClusterRole", true },
	{ "rbac.authorization.k8s.io", "ClusterRoleBinding", true },
	{ "apiextensions.k8s.io", "CustomResourceDefinition", true },
	{ "storage.k8s.io", "StorageClass", true },
	{ "scheduling.k8s.io", "PriorityClass", true },
	{ "networking.k8s.io", "IngressClass", true },
	{ "admissionregistration.k8s.io", "ValidatingWebhookConfiguration",
	  true },
	{ "cert-manager.io", "ClusterIssuer", true },
	{ "urumi.io", "Store", true },
	{ "", "PersistentVolumeClaim", false },
	{ "", "Secret", false },
	{ "rbac.authorization.k8s.io", "Role", false },
	{ "rbac.authorization.k8s.io", "RoleBinding", false },
	{ "cert-manager.io", "Issuer", false },
	{ "networking.k8s.io", "Ingress", false },
	{ "storage.k8s.io", "CSIStorageCapacity", false },
	{ "example.com", "Namespace", false },
	{ "urumi.io", "StoreHost", true },
	{ "karpenter.sh", "NodePool", true },
	{ "constraints.gatekeeper.sh", "K8sAllowedRepos", true },
	{ "security.openshift.io", "SecurityContextConstraints", true },
	{ "crd.projectcalico.org", "IPPool", true },
	{ "projectcalico.org", "GlobalNetworkPolicy", true },
	{ "projectcalico.org", "NetworkPolicy", false },
	{ "cilium.io", "CiliumClusterwideNetworkPolicy", true },
	{ "cilium.io", "CiliumNetworkPolicy", false },
	{ "postgresql.cnpg.io", "Cluster", false },
	{ "argoproj.io", "Rollout", false },
};

static void test_scopes(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(scopes); i++)
		if (kind_is_cluster_scoped(scopes[i].group, scopes[i].kind) !=
		    scopes[i].cluster)
			fail_msg("%s %s: the wrong scope", scopes[i].group,
				 scopes[i].kind);
}

static void test_policies_and_quotas(void **state)
{
	(void)state;
	assert_true(kind_is_network_policy("networking.k8s.io",
					   "NetworkPolicy"));
	assert_true(kind_is_network_policy("cilium.io",
					   "CiliumNetworkPolicy"));
	assert_true(kind_is_network_policy("projectcalico.org",
					   "NetworkPolicy"));
	assert_false(kind_is_network_policy("networking.k8s.io", "Ingress"));
	assert_true(kind_is_network_policy("crd.antrea.io", "NetworkPolicy"));
	assert_false(kind_is_network_policy("cilium.io", "CiliumNode"));
	assert_true(kind_is_quota("", "ResourceQuota"));
	assert_true(kind_is_quota("", "LimitRange"));
	assert_false(kind_is_quota("urumi.io", "ResourceQuota"));
	assert_false(kind_is_quota("", "ConfigMap"));
}

struct resource_case {
	const char *group;
	const char *kind;
	const char *resource;
};

/* As `kubectl api-resources -o name` has them. */
static const struct resource_case resources[] = {
	{ "", "Pod", "pods" },
	{ "", "Service", "services" },
	{ "", "ConfigMap", "configmaps" },
	{ "", "Secret", "secrets" },
	{ "", "Endpoints", "endpoints" },
	{ "", "PersistentVolumeClaim", "persistentvolumeclaims" },
	{ "", "ResourceQuota", "resourcequotas" },
	{ "", "LimitRange", "limitranges" },
	{ "", "ServiceAccount", "serviceaccounts" },
	{ "apps", "Deployment", "deployments.apps" },
	{ "apps", "StatefulSet", "statefulsets.apps" },
	{ "batch", "Job", "jobs.batch" },
	{ "batch", "CronJob", "cronjobs.batch" },
	{ "networking.k8s.io", "Ingress", "ingresses.networking.k8s.io" },
	{ "networking.k8s.io", "IngressClass",
	  "ingressclasses.networking.k8s.io" },
	{ "networking.k8s.io", "NetworkPolicy",
	  "networkpolicies.networking.k8s.io" },
	{ "gateway.networking.k8s.io", "Gateway",
	  "gateways.gateway.networking.k8s.io" },
	{ "policy", "PodDisruptionBudget", "poddisruptionbudgets.policy" },
	{ "autoscaling", "HorizontalPodAutoscaler",
	  "horizontalpodautoscalers.autoscaling" },
	{ "discovery.k8s.io", "EndpointSlice",
	  "endpointslices.discovery.k8s.io" },
	{ "storage.k8s.io", "StorageClass", "storageclasses.storage.k8s.io" },
	{ "example.com", "Mailbox", "mailboxes.example.com" },
	{ "example.com", "Branch", "branches.example.com" },
	{ "example.com", "Key", "keys.example.com" },
	{ "external-secrets.io", "ClusterSecretStore",
	  "clustersecretstores.external-secrets.io" },
};

static void test_resources(void **state)
{
	char resource[240];
	(void)state;
	for (size_t i = 0; i < COUNT(resources); i++) {
		kind_resource(resources[i].group, resources[i].kind, resource,
			      sizeof resource);
		expect_text(resource, resources[i].resource,
			    resources[i].kind);
	}
}

/* Kinds come from charts: any length, any bytes. */
static void test_odd_kinds(void **state)
{
	char resource[64], kind[1000];
	(void)state;
	memset(kind, 'K', sizeof kind - 1);
	kind[sizeof kind - 1] = '\0';
	kind_resource(kind, kind, resource, sizeof resource);
	assert_int_equal(strlen(resource), sizeof resource - 1);
	kind_resource("", "", resource, sizeof resource);
	kind_resource("", "y", resource, sizeof resource);
	kind_resource("", "\xc3\x84s", resource, sizeof resource);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_groups),
		cmocka_unit_test(test_workloads),
		cmocka_unit_test(test_scopes),
		cmocka_unit_test(test_policies_and_quotas),
		cmocka_unit_test(test_resources),
		cmocka_unit_test(test_odd_kinds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
