/*
 * What this program must know of Kubernetes' kinds: which are cluster-scoped,
 * which run pods and where their template is, and their resource names.
 *
 * Source: `kubectl api-resources` of Kubernetes 1.36, and the cluster-scoped
 * kinds of operators that charts commonly bring.
 */
#ifndef SG_KINDS_H
#define SG_KINDS_H

#include <stdbool.h>

enum workload_kind {
	NOT_A_WORKLOAD,
	DEPLOYMENT,
	STATEFUL_SET,
	DAEMON_SET,
	REPLICA_SET,
	REPLICATION_CONTROLLER,
	JOB,
	CRON_JOB,
	POD,
};

/* "apps" of "apps/v1", "" of "v1", in a buffer of that size. */
void kind_group(const char *api_version, char *group, unsigned size);

enum workload_kind kind_workload(const char *group, const char *kind);
/* Not of Kubernetes itself, nor ours: some operator's. */
bool kind_is_custom(const char *group);
/* For custom kinds by their names: Cluster… but Cluster itself. */
bool kind_is_cluster_scoped(const char *group, const char *kind);
/* NetworkPolicy, and what other network plug-ins call theirs. */
bool kind_is_network_policy(const char *group, const char *kind);
/* ResourceQuota, LimitRange: a store has the guards' own and no other. */
bool kind_is_quota(const char *group, const char *kind);

/*
 * The resource as quotas count it: "jobs.batch" of batch Job, "services" of
 * core Service. By English rules where the kind is not known.
 */
void kind_resource(const char *group, const char *kind, char *resource,
		   unsigned size);

#endif
