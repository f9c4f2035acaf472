#include "kinds.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

struct group_kind {
	const char *group; /* NULL: of any */
	const char *kind; /* "*": all of the group's */
};

void kind_group(const char *api_version, char *group, unsigned size)
{
	const char *slash = strchr(api_version, '/');
	int length = slash ? (int)(slash - api_version) : 0;
	(void)snprintf(group, size, "%.*s", length, api_version);
}

static bool is_one_of(const struct group_kind *list, const char *group,
		      const char *kind)
{
	for (; list->kind; list++)
		if ((strcmp(list->kind, kind) == 0 ||
		     strcmp(list->kind, "*") == 0) &&
		    (!list->group || strcmp(list->group, group) == 0))
			return true;
	return false;
}

enum workload_kind kind_workload(const char *group, const char *kind)
{
	static const struct {
		struct group_kind is;
		enum workload_kind workload;
	} workloads[] = {
		{ { "apps", "Deployment" }, DEPLOYMENT },
		{ { "apps", "StatefulSet" }, STATEFUL_SET },
		{ { "apps", "DaemonSet" }, DAEMON_SET },
		{ { "apps", "ReplicaSet" }, REPLICA_SET },
		{ { "", "ReplicationController" }, REPLICATION_CONTROLLER },
		{ { "batch", "Job" }, JOB },
		{ { "batch", "CronJob" }, CRON_JOB },
		{ { "", "Pod" }, POD },
	};
	for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++)
		if (strcmp(workloads[i].is.kind, kind) == 0 &&
		    strcmp(workloads[i].is.group, group) == 0)
			return workloads[i].workload;
	return NOT_A_WORKLOAD;
}

/* Groups whose kinds all live in namespaces need no mention. */
static const struct group_kind cluster_scoped[] = {
	{ "", "ComponentStatus" },
	{ "", "Namespace" },
	{ "", "Node" },
	{ "", "PersistentVolume" },
	{ "admissionregistration.k8s.io", "MutatingAdmissionPolicy" },
	{ "admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding" },
	{ "admissionregistration.k8s.io", "MutatingWebhookConfiguration" },
	{ "admissionregistration.k8s.io", "ValidatingAdmissionPolicy" },
	{ "admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding" },
	{ "admissionregistration.k8s.io", "ValidatingWebhookConfiguration" },
	{ "apiextensions.k8s.io", "CustomResourceDefinition" },
	{ "apiregistration.k8s.io", "APIService" },
	{ "authentication.k8s.io", "SelfSubjectReview" },
	{ "authentication.k8s.io", "TokenReview" },
	{ "authorization.k8s.io", "SelfSubjectAccessReview" },
	{ "authorization.k8s.io", "SelfSubjectRulesReview" },
	{ "authorization.k8s.io", "SubjectAccessReview" },
	{ "certificates.k8s.io", "CertificateSigningRequest" },
	{ "certificates.k8s.io", "ClusterTrustBundle" },
	{ "flowcontrol.apiserver.k8s.io", "FlowSchema" },
	{ "flowcontrol.apiserver.k8s.io", "PriorityLevelConfiguration" },
	{ "gateway.networking.k8s.io", "GatewayClass" },
	{ "internal.apiserver.k8s.io", "StorageVersion" },
	{ "networking.k8s.io", "IPAddress" },
	{ "networking.k8s.io", "IngressClass" },
	{ "networking.k8s.io", "ServiceCIDR" },
	{ "node.k8s.io", "RuntimeClass" },
	{ "policy", "PodSecurityPolicy" },
	{ "policy.networking.k8s.io", "AdminNetworkPolicy" },
	{ "policy.networking.k8s.io", "BaselineAdminNetworkPolicy" },
	{ "policy.networking.k8s.io", "ClusterNetworkPolicy" },
	{ "rbac.authorization.k8s.io", "ClusterRole" },
	{ "rbac.authorization.k8s.io", "ClusterRoleBinding" },
	{ "resource.k8s.io", "DeviceClass" },
	{ "resource.k8s.io", "DeviceTaintRule" },
	{ "resource.k8s.io", "ResourceSlice" },
	{ "scheduling.k8s.io", "PriorityClass" },
	{ "snapshot.storage.k8s.io", "VolumeSnapshotClass" },
	{ "snapshot.storage.k8s.io", "VolumeSnapshotContent" },
	{ "storage.k8s.io", "CSIDriver" },
	{ "storage.k8s.io", "CSINode" },
	{ "storage.k8s.io", "StorageClass" },
	{ "storage.k8s.io", "VolumeAttachment" },
	{ "storage.k8s.io", "VolumeAttributesClass" },
	{ "storagemigration.k8s.io", "StorageVersionMigration" },
	{ "urumi.io", "*" },
	{ NULL, NULL },
};

/* Of operators; what is called Cluster... needs no mention. */
static const struct group_kind cluster_scoped_of_operators[] = {
	{ "apiextensions.crossplane.io", "*" },
	{ "capsule.clastix.io", "Tenant" },
	{ "cilium.io", "CiliumBGPAdvertisement" },
	{ "cilium.io", "CiliumBGPClusterConfig" },
	{ "cilium.io", "CiliumBGPNodeConfig" },
	{ "cilium.io", "CiliumBGPNodeConfigOverride" },
	{ "cilium.io", "CiliumBGPPeerConfig" },
	{ "cilium.io", "CiliumBGPPeeringPolicy" },
	{ "cilium.io", "CiliumCIDRGroup" },
	{ "cilium.io", "CiliumClusterwideEnvoyConfig" },
	{ "cilium.io", "CiliumClusterwideNetworkPolicy" },
	{ "cilium.io", "CiliumEgressGatewayPolicy" },
	{ "cilium.io", "CiliumExternalWorkload" },
	{ "cilium.io", "CiliumIdentity" },
	{ "cilium.io", "CiliumL2AnnouncementPolicy" },
	{ "cilium.io", "CiliumLoadBalancerIPPool" },
	{ "cilium.io", "CiliumNode" },
	{ "cilium.io", "CiliumPodIPPool" },
	{ "config.openshift.io", "*" },
	{ "constraints.gatekeeper.sh", "*" },
	{ "crd.antrea.io", "Egress" },
	{ "crd.antrea.io", "ExternalIPPool" },
	{ "crd.antrea.io", "IPPool" },
	{ "crd.antrea.io", "Tier" },
	{ "crd.antrea.io", "TrafficControl" },
	{ "karpenter.azure.com", "*" },
	{ "karpenter.k8s.aws", "*" },
	{ "karpenter.sh", "*" },
	{ "kueue.x-k8s.io", "AdmissionCheck" },
	{ "kueue.x-k8s.io", "Cohort" },
	{ "kueue.x-k8s.io", "ResourceFlavor" },
	{ "kueue.x-k8s.io", "Topology" },
	{ "kueue.x-k8s.io", "WorkloadPriorityClass" },
	{ "kyverno.io", "GlobalContextEntry" },
	{ "machineconfiguration.openshift.io", "*" },
	{ "mutations.gatekeeper.sh", "*" },
	{ "nfd.k8s-sigs.io", "NodeFeatureRule" },
	{ "oauth.openshift.io", "*" },
	{ "pkg.crossplane.io", "*" },
	{ "project.openshift.io", "*" },
	{ "scheduling.volcano.sh", "Queue" },
	{ "security.openshift.io", "SecurityContextConstraints" },
	{ "templates.gatekeeper.sh", "*" },
	{ "trust.cert-manager.io", "Bundle" },
	{ "user.openshift.io", "*" },
	{ NULL, NULL },
};

/* Of Calico, whatever group it has them in, all but these. */
static bool is_of_calico(const char *group, const char *kind)
{
	static const char *const namespaced[] = {
		"NetworkPolicy",       "NetworkSet",
		"PacketCapture",       "StagedKubernetesNetworkPolicy",
		"StagedNetworkPolicy",
	};
	if (strcmp(group, "projectcalico.org") != 0 &&
	    strcmp(group, "crd.projectcalico.org") != 0)
		return false;
	for (size_t i = 0; i < sizeof namespaced / sizeof *namespaced; i++)
		if (strcmp(namespaced[i], kind) == 0)
			return false;
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t t = strlen(text), n = strlen(end);
	return t >= n && strcmp(text + t - n, end) == 0;
}

bool kind_is_custom(const char *group)
{
	return strchr(group, '.') && !ends_with(group, ".k8s.io") &&
	       strcmp(group, "urumi.io") != 0;
}

bool kind_is_cluster_scoped(const char *group, const char *kind)
{
	static const char cluster[] = "Cluster";
	const size_t length = sizeof cluster - 1;
	if (is_one_of(cluster_scoped, group, kind) ||
	    is_one_of(cluster_scoped_of_operators, group, kind) ||
	    is_of_calico(group, kind))
		return true;
	/* ClusterIssuer, ClusterSecretStore, ClusterPolicy: so they are called */
	return kind_is_custom(group) && strncmp(kind, cluster, length) == 0 &&
	       kind[length] >= 'A' && kind[length] <= 'Z';
}

bool kind_is_network_policy(const char *group, const char *kind)
{
	static const struct group_kind policies[] = {
		{ NULL, "NetworkPolicy" }, /* Calico's and Antrea's, too */
		{ "cilium.io", "CiliumNetworkPolicy" },
		{ NULL, NULL },
	};
	return is_one_of(policies, group, kind);
}

bool kind_is_quota(const char *group, const char *kind)
{
	static const struct group_kind quotas[] = {
		{ "", "ResourceQuota" },
		{ "", "LimitRange" },
		{ NULL, NULL },
	};
	return is_one_of(quotas, group, kind);
}

void kind_resource(const char *group, const char *kind, char *resource,
		   unsigned size)
{
	char name[64];
	size_t length = 0;
	for (; kind[length] && length + 1 < sizeof name; length++)
		name[length] = (char)tolower((unsigned char)kind[length]);
	name[length] = '\0';
	const char *plural = "s";
	if (ends_with(name, "y") && !ends_with(name, "ey") &&
	    !ends_with(name, "ay")) {
		name[length - 1] = '\0';
		plural = "ies";
	} else if (ends_with(name, "s") || ends_with(name, "x") ||
		   ends_with(name, "ch")) {
		plural = "es";
	}
	if (strcmp(name, "endpoints") == 0)
		plural = "";
	(void)snprintf(resource, size, "%s%s%s%s", name, plural,
		       *group ? "." : "", group);
}
