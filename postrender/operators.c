#include "operators.h"

#include <string.h>

/* Levels of a spec that are looked at: spec.pxc.size, spec.nodeSets[].count */
enum { DEPTH = 3 };

struct known {
	const char *group; /* ".x": this and all that end so */
	const char *kind;  /* NULL: all of the group's kinds */
};

/* Kinds whose fields read as if they sized something. */
static const struct known harmless[] = {
	{ "argoproj.io", "AnalysisTemplate" },
	{ "argoproj.io", "AppProject" },
	{ "argoproj.io", "Application" },
	{ "argoproj.io", "ApplicationSet" },
	{ "bitnami.com", "SealedSecret" },
	{ ".cert-manager.io", NULL },
	{ ".cilium.io", NULL },
	{ ".external-secrets.io", NULL },
	{ ".istio.io", NULL },
	{ ".azure.com", NULL }, /* what runs in a cloud, not in the cluster */
	{ ".cnrm.cloud.google.com", NULL },
	{ ".crossplane.io", NULL },
	{ ".services.k8s.aws", NULL },
	{ ".upbound.io", NULL },
	{ "kafka.strimzi.io", "KafkaTopic" },
	{ "keda.sh", "ScaledObject" },
	{ ".konghq.com", NULL },
	{ ".kyverno.io", NULL },
	{ ".linkerd.io", NULL },
	{ ".networking.k8s.io", NULL },
	{ "autoscaling.k8s.io", NULL },
	{ ".projectcalico.org", NULL },
	{ "projectcontour.io", NULL },
	{ "secrets-store.csi.x-k8s.io", NULL },
	{ "snapshot.storage.k8s.io", NULL },
	{ "source.toolkit.fluxcd.io", NULL },
	{ ".traefik.io", NULL },
	{ "traefik.containo.us", NULL },
	{ "velero.io", NULL },
};

/* Kinds that bring pods of which their own fields say nothing. */
static const struct known deployers[] = {
	{ "argoproj.io", "CronWorkflow" },
	{ "argoproj.io", "Rollout" },
	{ "argoproj.io", "Workflow" },
	{ "grafana.integreatly.org", "Grafana" },
	{ "helm.cattle.io", "HelmChart" },
	{ "helm.toolkit.fluxcd.io", "HelmRelease" },
	{ "keda.sh", "ScaledJob" },
	{ "kustomize.toolkit.fluxcd.io", "Kustomization" },
	{ "monitoring.coreos.com", "Alertmanager" },
	{ "monitoring.coreos.com", "Prometheus" },
	{ "monitoring.coreos.com", "PrometheusAgent" },
	{ "monitoring.coreos.com", "ThanosRuler" },
	{ "opentelemetry.io", "OpenTelemetryCollector" },
	{ "tekton.dev", "PipelineRun" },
	{ "tekton.dev", "TaskRun" },
};

static const char *const sizes[] = {
	"containers",
	"dataVolumeClaimSpec",
	"instances",
	"members",
	"nodeSets",
	"numberOfInstances",
	"persistence",
	"persistentVolumeClaimSpec",
	"podSpec",
	"podTemplate",
	"replicaCount",
	"replicas",
	"servers",
	"size",
	"storage",
	"storageClassName",
	"storageSize",
	"volumeClaimTemplate",
	"volumeClaimTemplates",
	"volumeSize",
};

static bool ends_with(const char *text, const char *end)
{
	size_t t = strlen(text), n = strlen(end);
	return t >= n && strcmp(text + t - n, end) == 0;
}

static bool is_known(const struct known *list, size_t count,
		     const struct object *o)
{
	for (size_t i = 0; i < count; i++) {
		const char *group = list[i].group;
		bool same = strcmp(group, o->group) == 0 ||
			    (*group == '.' &&
			     (strcmp(group + 1, o->group) == 0 ||
			      ends_with(o->group, group)));
		if (same &&
		    (!list[i].kind || strcmp(list[i].kind, o->kind) == 0))
			return true;
	}
	return false;
}

/* A field that sizes something; resources do where they are a container's. */
static bool is_size(const struct node *key, const struct node *value)
{
	if (node_is_null(value))
		return false;
	if (node_is(key, "resources"))
		return node_get(value, "requests") || node_get(value, "limits");
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		if (node_is(key, sizes[i]))
			return true;
	return false;
}

static bool sizes_something(const struct node *n, unsigned depth)
{
	n = node_resolve(n);
	if (!n || depth == 0)
		return false;
	if (node_is_sequence(n)) {
		for (const struct node *item = n->first; item; item = item->next)
			if (sizes_something(item, depth))
				return true;
		return false;
	}
	if (!node_is_mapping(n))
		return false;
	for (const struct node *k = n->first; k; k = k->next->next)
		if (is_size(k, k->next) || sizes_something(k->next, depth - 1))
			return true;
	return false;
}

bool operator_makes_pods(const struct object *o)
{
	if (!strchr(o->group, '.') || strcmp(o->group, "urumi.io") == 0 ||
	    is_known(harmless, sizeof harmless / sizeof *harmless, o))
		return false;
	return is_known(deployers, sizeof deployers / sizeof *deployers, o) ||
	       ends_with(o->kind, "Cluster") ||
	       sizes_something(node_get(o->root, "spec"), DEPTH);
}
