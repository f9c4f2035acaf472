#include "helpers.h"

#include "operators.h"

struct custom {
	const char *api, *kind, *spec;
};

/* As their projects' own examples have them, cut to what sizes something. */
static const struct custom makers[] = {
	{ "postgresql.cnpg.io/v1", "Cluster",
	  "instances: 3, storage: {size: 100Gi}" },
	{ "postgresql.cnpg.io/v1", "Pooler", "instances: 2, type: rw" },
	{ "acid.zalan.do/v1", "postgresql",
	  "numberOfInstances: 2, volume: {size: 5Gi}" },
	{ "postgres-operator.crunchydata.com/v1beta1", "PostgresCluster",
	  "instances: [{dataVolumeClaimSpec: {}}]" },
	{ "k8s.mariadb.com/v1alpha1", "MariaDB", "storage: {size: 1Gi}" },
	{ "mysql.oracle.com/v2", "InnoDBCluster", "instances: 3" },
	{ "pxc.percona.com/v1", "PerconaXtraDBCluster", "pxc: {size: 3}" },
	{ "psmdb.percona.com/v1", "PerconaServerMongoDB",
	  "replsets: [{name: rs0, size: 3}]" },
	{ "mongodbcommunity.mongodb.com/v1", "MongoDBCommunity", "members: 3" },
	{ "rabbitmq.com/v1beta1", "RabbitmqCluster", "" },
	{ "redis.redis.opstreelabs.in/v1beta2", "Redis",
	  "kubernetesConfig: {image: a, resources: {limits: {cpu: 1}}}" },
	{ "databases.spotahome.com/v1", "RedisFailover",
	  "redis: {replicas: 3}" },
	{ "kafka.strimzi.io/v1beta2", "Kafka", "kafka: {replicas: 3}" },
	{ "elasticsearch.k8s.elastic.co/v1", "Elasticsearch",
	  "nodeSets: [{name: a, count: 3}]" },
	{ "minio.min.io/v2", "Tenant", "pools: [{servers: 4}]" },
	{ "monitoring.coreos.com/v1", "Prometheus", "" },
	{ "argoproj.io/v1alpha1", "Rollout",
	  "template: {spec: {containers: [{name: c}]}}" },
	{ "serving.knative.dev/v1", "Service",
	  "template: {spec: {containers: [{name: c}]}}" },
	{ "apps.kruise.io/v1alpha1", "CloneSet", "replicas: 5" },
	{ "keda.sh/v1alpha1", "ScaledJob", "jobTargetRef: {}" },
	{ "helm.toolkit.fluxcd.io/v2", "HelmRelease", "chart: {}" },
	{ "k8s.keycloak.org/v2alpha1", "Keycloak", "instances: 1" },
	{ "sparkoperator.k8s.io/v1beta2", "SparkApplication",
	  "executor: {instances: 2}" },
};

static const struct custom others[] = {
	{ "monitoring.coreos.com/v1", "ServiceMonitor", "endpoints: [{}]" },
	{ "monitoring.coreos.com/v1", "PrometheusRule", "groups: []" },
	{ "cert-manager.io/v1", "Certificate", "privateKey: {size: 256}" },
	{ "acme.cert-manager.io/v1", "Challenge",
	  "solver: {http01: {ingress: {podTemplate: {spec: {}}}}}" },
	{ "gateway.networking.k8s.io/v1", "HTTPRoute", "rules: []" },
	{ "external-secrets.io/v1", "ExternalSecret",
	  "target: {template: {data: {}}}" },
	{ "external-secrets.io/v1", "SecretStore", "provider: {}" },
	{ "bitnami.com/v1alpha1", "SealedSecret",
	  "encryptedData: {}, template: {type: Opaque}" },
	{ "traefik.io/v1alpha1", "IngressRoute", "routes: []" },
	{ "traefik.io/v1alpha1", "Middleware", "buffering: {}" },
	{ "networking.istio.io/v1", "VirtualService", "http: []" },
	{ "security.istio.io/v1", "PeerAuthentication", "mtls: {}" },
	{ "keda.sh/v1alpha1", "ScaledObject", "maxReplicaCount: 5" },
	{ "autoscaling.k8s.io/v1", "VerticalPodAutoscaler",
	  "resourcePolicy: {containerPolicies: []}" },
	{ "snapshot.storage.k8s.io/v1", "VolumeSnapshot", "source: {}" },
	{ "kyverno.io/v1", "Policy",
	  "rules: [{validate: {pattern: {spec: {containers: []}}}}]" },
	{ "cilium.io/v2", "CiliumNetworkPolicy", "egress: []" },
	{ "postgresql.cnpg.io/v1", "ScheduledBackup", "schedule: daily" },
	{ "postgresql.cnpg.io/v1", "Database", "name: a, owner: b" },
	{ "k8s.mariadb.com/v1alpha1", "User", "mariaDbRef: {name: a}" },
	{ "rabbitmq.com/v1beta1", "Queue", "name: a" },
	{ "kafka.strimzi.io/v1beta2", "KafkaTopic",
	  "partitions: 3, replicas: 2" },
	{ "secrets-store.csi.x-k8s.io/v1", "SecretProviderClass",
	  "provider: a" },
	{ "velero.io/v1", "Schedule", "template: {storageLocation: a}" },
	{ "grafana.integreatly.org/v1beta1", "GrafanaDashboard", "json: a" },
	{ "externaldns.k8s.io/v1alpha1", "DNSEndpoint", "endpoints: []" },
	{ "rds.services.k8s.aws/v1alpha1", "DBCluster", "engine: a" },
	{ "projectcontour.io/v1", "HTTPProxy", "routes: []" },
	{ "source.toolkit.fluxcd.io/v1", "GitRepository", "url: a" },
	/* of Kubernetes itself, or ours */
	{ "networking.k8s.io/v1", "Ingress", "rules: []" },
	{ "v1", "PersistentVolumeClaim", "storageClassName: a" },
	{ "autoscaling/v2", "HorizontalPodAutoscaler", "maxReplicas: 1" },
	{ "urumi.io/v1", "Store", "values: {web: {replicas: 3}}" },
	/* too deep to be what it is about, or no value */
	{ "example.com/v1", "Thing", "a: {b: {c: {replicas: 1}}}" },
	{ "example.com/v1", "Thing", "replicas: , size: null" },
};

static void expect(const struct custom *list, size_t count, bool wanted)
{
	for (size_t i = 0; i < count; i++) {
		cleanup_arena struct sg_arena a;
		sg_arena_init(&a);
		struct object o = must_read(&a, sg_arena_printf(
			&a, "apiVersion: %s\nkind: %s\nmetadata: {name: it}\n"
			    "spec: {%s}\n",
			list[i].api, list[i].kind, list[i].spec));
		if (operator_makes_pods(&o) != wanted)
			fail_msg("%s %s was %staken for one that makes pods",
				 list[i].api, list[i].kind,
				 wanted ? "not " : "");
	}
}

static void test_makers(void **state)
{
	(void)state;
	expect(makers, COUNT(makers), true);
}

static void test_others(void **state)
{
	(void)state;
	expect(others, COUNT(others), false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_makers),
		cmocka_unit_test(test_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
