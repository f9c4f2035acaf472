/*
 * A Store's status: read as the API server shows it, made anew from what was seen of
 * the store's namespace, and written. Pure; the conditions are
 *
 *     Ready	  True exactly in phase Ready; else its reason and message name the
 *		  object that is in the way
 *     Delivered  whether somebody has brought the shop into its namespace
 *     Guarded	  whether all guards are in place
 *
 * https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/ has conditions of
 * this form; https://github.com/kubernetes/community/blob/master/contributors/devel/sig-architecture/api-conventions.md
 * their rules.
 */
#ifndef SG_STORE_STATUS_H
#define SG_STORE_STATUS_H

#include "object_state.h"
#include "policy.h"

enum store_phase {
	PHASE_NONE, /* nothing was said yet */
	PHASE_PENDING,
	PHASE_PROVISIONING,
	PHASE_READY,
	PHASE_DEGRADED,
	PHASE_FAILED,
	PHASE_DELETING,
	PHASES,
};

const char *store_phase_name(enum store_phase phase); /* "" of PHASE_NONE */

enum store_condition_type {
	CONDITION_READY,
	CONDITION_DELIVERED,
	CONDITION_GUARDED,
	CONDITIONS,
};

struct store_condition {
	const char *status; /* "True", "False", "Unknown"; "": there is none */
	const char *reason;
	const char *message;
	int64_t since; /* s since 1970, as all times here; 0: now */
};

/* Absent texts are "". */
struct store_status {
	enum store_phase phase;
	const char *url;
	const char *admin_url;
	const char *admin_secret;
	int64_t ready_at; /* 0: it never was */
	int64_t provisioning_seconds;
	struct store_condition conditions[CONDITIONS];
};

/* A Store as far as its status goes. */
struct store_view {
	const char *name;
	const char *uid;
	const char *version; /* resourceVersion */
	const char *host;
	const char *engine;
	bool by_helm; /* spec.delivery */
	bool is_deleting;
	bool is_protected; /* its namespace is not to be deleted either */
	bool has_finalizer;
	const char *held_by; /* another finalizer, the first; "": none */
	bool is_too_large; /* its values, as the generator has it */
	int64_t generation;
	int64_t observed; /* the generation that its status speaks of */
	int64_t created;
};

enum namespace_state {
	NAMESPACE_ABSENT,
	NAMESPACE_ACTIVE,
	NAMESPACE_TERMINATING,
};

/* What was seen of a store's namespace. */
struct store_scene {
	enum namespace_state namespace;
	int64_t namespace_created;
	bool is_marked; /* the namespace, as one not to be deleted */
	const char *holds_namespace; /* why it is still there; "": not known */
	const struct object_state *objects;
	unsigned count;
	bool is_crowded; /* there are more, which nobody looks at */
	/* What Events or Pods say of one of them that says nothing of itself; "". */
	const char *explained; /* "StatefulSet/x" */
	const char *reason;
	const char *message;
	int64_t explained_until; /* CLOCK_MONOTONIC, ms; 0: nothing is */
};

/* What is made of it. */
struct store_verdict {
	struct store_status status;
	/* The object that is in the way and does not itself say why; NULL: none. */
	const struct object_state *unexplained;
	int64_t look_again; /* when time alone changes it; 0: never */
};

/* false when it is no Store with a name. */
bool store_view_read(const struct node *store, struct store_view *out);
void store_status_read(const struct node *store, struct store_status *out);

/*
 * `shown` is the status so far, of which readyAt stays. Texts live in the arena or are
 * those that were given.
 */
void store_status_judge(struct sg_arena *a, const struct policy *p,
			const struct store_view *store,
			const struct store_status *shown,
			const struct store_scene *scene, int64_t now,
			struct store_verdict *out);

/*
 * A text, equal for two that say the same, whenever they began to; short, so that one
 * can be kept of each Store.
 */
enum { STORE_STATUS_DIGEST = 33 };
void store_status_digest(const struct store_status *s, int64_t generation,
			 char out[STORE_STATUS_DIGEST]);

/*
 * The body of a server-side apply to the Store's status. Conditions that say what
 * `shown` says keep their time; all others get `now`.
 */
void store_status_write(const struct store_view *store,
			const struct store_status *s,
			const struct store_status *shown, int64_t now,
			struct sg_buffer *out);

#endif
