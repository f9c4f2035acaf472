/*
 * What one object of a store says of how it is: a Deployment whether it is available,
 * a Job whether it is done, a Pod what is wrong with it, an Ingress where the shop is.
 * Pure: a tree in, facts out.
 *
 * Messages hold what the API server shows of these objects to who may read them, but
 * every user who may list Stores reads a Store's status: nothing of a container's
 * output (a termination message, say) is ever among them. They change only when
 * something happened: no counts of retries, no growing intervals.
 */
#ifndef SG_OBJECT_STATE_H
#define SG_OBJECT_STATE_H

#include "arena.h"
#include "tree.h"

enum object_kind {
	OBJECT_DEPLOYMENT,
	OBJECT_STATEFULSET,
	OBJECT_DAEMONSET,
	OBJECT_JOB,
	OBJECT_POD,
	OBJECT_INGRESS,
	OBJECT_NETWORKPOLICY,
	OBJECT_RESOURCEQUOTA,
	OBJECT_LIMITRANGE,
	OBJECT_KINDS,
};

/* "Deployment", … */
const char *object_kind_name(enum object_kind kind);
static inline bool object_kind_is_workload(enum object_kind kind)
{
	return kind <= OBJECT_DAEMONSET;
}

enum object_health {
	HEALTH_GOOD, /* or, of a Pod, not worth a word */
	HEALTH_WAITING,
	/* and nothing will be tried again by itself; of a Pod: it is given up, and says
	 * no more than why there is one less */
	HEALTH_FAILED,
};

/* What is absent is "". Texts are the tree's or the arena's. */
struct object_state {
	enum object_kind kind;
	enum object_health health;
	bool is_idle; /* a workload that is to have no pods */
	int64_t created; /* s since 1970 */
	const char *name;
	const char *component; /* the label urumi.io/component */
	const char *reason;    /* why it is not good, in one word … */
	const char *message;   /* … and in a sentence without an end */
	const char *of; /* Pods: "Deployment/x", whose pod it is */
	/* Ingresses: "https://shop.example.com http://…" of all hosts */
	const char *urls;
	const char *admin_path;	  /* annotation urumi.io/admin-path */
	const char *admin_secret; /* annotation urumi.io/admin-secret */
};

/*
 * false when it is no store's object: without the label urumi.io/store, or not in
 * that store's namespace. *store gets the Store's name.
 */
bool object_state_read(struct sg_arena *a, enum object_kind kind,
		       const struct node *object, const char **store,
		       struct object_state *out);

/* Its reason. */
#define OBJECT_UNREADABLE "Unreadable"
/*
 * The same of one that can't be read, of which metadata's texts are known: it is not
 * good, and says so.
 */
bool object_state_left_out(struct sg_arena *a, enum object_kind kind,
			   const struct node *outline, const char *why,
			   const char **store, struct object_state *out);

/* Of which store it may be, by its namespace; NULL: of none. */
const char *object_state_store(const struct node *object);

/* A Pod, whatever its labels; the rest of *out stays. Inside of object_state_read(). */
void pod_state_read(struct sg_arena *a, const struct node *pod,
		    struct object_state *out);

#endif
