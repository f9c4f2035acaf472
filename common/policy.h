/*
 * A StorePolicy, decoded: what names, hosts, engines and plans there are, and
 * what guards a store gets. Immutable once parsed; safe to share by threads.
 *
 * The same YAML is a file for --policy and an object in the cluster; the
 * default one (common/default-policy.yaml) is embedded. Unknown fields are
 * refused, so that a misspelt rule can't be one that silently isn't there.
 */
#ifndef SG_POLICY_H
#define SG_POLICY_H

#include "decode.h"
#include "violations.h"

/* The group and version of all our kinds. */
#define SG_API_VERSION "urumi.io/v1"

struct label_match {
	const char *key;
	struct strings values; /* any of them */
};

/* What one kind of workload is, and whom it may talk to. */
struct component {
	const char *name;
	bool jobs;	/* Jobs, CronJobs and hooks are this one */
	bool is_public; /* reached from the ingress controllers */
	struct label_match *labels;
	unsigned label_count;
	struct strings images;	/* globs of a repository's last element */
	struct ports ports;	/* what it listens on */
	struct strings reaches; /* names of components */
	struct ports internet;	/* ports of the Internet that it may call */
};

struct engine {
	const char *name;
	struct strings plans;
	struct strings values; /* paths of chart values that a Store may set */
	const char *pod_security; /* restricted, baseline or privileged */
	struct component *components;
	unsigned component_count;
};

struct limit_range {
	const char *type; /* Container or PersistentVolumeClaim */
	struct resources defaults;
	struct resources default_requests;
	struct resources min;
	struct resources max;
};

struct plan {
	const char *name;
	struct strings groups; /* who may use it; empty: everybody */
	struct resources quota; /* a ResourceQuota's spec.hard */
	struct limit_range *limits;
	unsigned limit_count;
};

/* A RuntimeClass of the cluster, and what it adds to a pod that names it. */
struct runtime_class {
	const char *name;
	struct resources overhead;
};

/* What manifests leave to the cluster, as far as it is told. */
struct cluster_facts {
	const char *default_storage_class; /* or NULL */
	struct runtime_class *runtime_classes;
	unsigned runtime_class_count;
};

struct group_limit {
	const char *group;
	int64_t stores;
};

/* Whom somebody may act for who may "assign" Stores. */
struct assigner {
	const char *user;
	struct strings owners; /* "team-*": all that begin with "team-" */
};

struct policy {
	struct {
		const char *pattern; /* POSIX extended, of the whole name */
		int64_t min_length;
		int64_t max_length;
		struct strings reserved;
		struct strings protected_names;
	} naming;
	struct {
		const char *base_domain;
		struct strings allowed_domains;
		struct strings denied_domains;
	} hosts;
	struct {
		int64_t stores; /* 0: no limit */
		int64_t creates_per_minute; /* 0: no limit */
		struct group_limit *groups;
		unsigned group_count;
		struct assigner *assigners;
		unsigned assigner_count;
	} owners;
	int64_t provisioning_seconds; /* a shop that takes longer has failed */
	const char *default_plan;
	struct engine *engines;
	unsigned engine_count;
	struct plan *plans;
	unsigned plan_count;
	struct cluster_facts cluster;
	struct {
		/* Lists of NetworkPolicy peers, as trees. */
		const struct node *dns;
		const struct node *ingress;
		const struct node *internet;
		struct ports ingress_ports;
	} network;
	struct sg_arena arena; /* owns all of the above */
};

/*
 * Decodes `text`; `source` (a file's name) begins every message. *out owns
 * everything; free it with policy_free.
 */
int policy_parse(const char *source, const char *text, size_t length,
		 struct policy **out, struct sg_error *e);
/* The same from an object's tree; *out keeps nothing of it. */
int policy_from_tree(const char *source, const struct node *root,
		     struct policy **out, struct sg_error *e);
/*
 * Lists everything that policy_from_tree() would refuse, as far as one complaint
 * does not hide the next. -1 without memory.
 */
int policy_check(const struct node *root, struct violations *v,
		 struct sg_error *e);
/* The embedded one. */
int policy_parse_default(struct policy **out, struct sg_error *e);
void policy_free(struct policy *p);
static inline void policy_cleanup(struct policy **p)
{
	policy_free(*p);
}
#define cleanup_policy cleanup_with(policy_cleanup)

/* Whether one who may "assign" Stores may do so for that owner: all may unless listed. */
bool policy_lets_act_for(const struct policy *p, const char *user,
			 const char *owner);

/* NULL when there is none. */
const struct engine *policy_engine(const struct policy *p, const char *name);
const struct plan *policy_plan(const struct policy *p, const char *name);
const struct component *engine_component(const struct engine *engine,
					 const char *name);
/* The component of Jobs and hooks, or NULL. */
const struct component *engine_jobs_component(const struct engine *engine);
/* The plan's limits of that type, or NULL. */
const struct limit_range *plan_limits(const struct plan *plan,
				      const char *type);
/* The class of that name, or NULL where the policy tells of none. */
const struct runtime_class *cluster_runtime_class(const struct cluster_facts *cluster,
						  const char *name);
/* "a, b, c" of all names, in the arena given. */
const char *policy_engine_names(struct sg_arena *a, const struct policy *p);
const char *policy_plan_names(struct sg_arena *a, const struct policy *p);

#endif
