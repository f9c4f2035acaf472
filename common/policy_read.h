/*
 * Shared by the files that decode a StorePolicy. Every function takes the path
 * of the node given, returns -1 with the reader's error filled, and puts what
 * it reads into the reader's policy.
 */
#ifndef SG_POLICY_READ_H
#define SG_POLICY_READ_H

#include "policy.h"

struct policy_reader {
	struct policy *policy;
	struct sg_arena *arena; /* the policy's own */
	struct sg_error *e;
	struct violations *all; /* NULL: the first complaint ends it */
};

/* Behind a complaint: 0 when it is listed and reading goes on, else -1. */
int policy_note(struct policy_reader *r);

/* "path.key" and "path[index]", for messages. */
const char *policy_child(struct policy_reader *r, const char *path,
			 const char *key);
const char *policy_item(struct policy_reader *r, const char *path,
			unsigned index);
/* An array, zeroed, never of no bytes; or NULL. */
void *policy_allocate(struct policy_reader *r, size_t count, size_t size);
/* NULL for a key that is no text, or without memory. */
const char *policy_copy_key(struct policy_reader *r, const struct node *key);
/* Refuses null and absent. */
int policy_required(struct policy_reader *r, const struct node *n,
		    const char *path);
/* For a mapping of labels with a key that is none. Returns -1. */
int policy_no_label_key(struct policy_reader *r, const char *path);
/* Checks a mapping whose keys are names of what its values describe. */
int policy_read_names(struct policy_reader *r, const struct node *n,
		      const char *path, unsigned *count);

/* The largest number in a policy. */
enum { POLICY_MANY = 1000000 };

int policy_read_owners(struct policy_reader *r, const struct node *n,
		       const char *path);
int policy_read_plans(struct policy_reader *r, const struct node *n,
		      const char *path);
/* After the plans, which engines refer to. */
int policy_read_engines(struct policy_reader *r, const struct node *n,
			const char *path);
int policy_read_network(struct policy_reader *r, const struct node *n,
			const char *path);
int policy_read_cluster(struct policy_reader *r, const struct node *n,
			const char *path);
/* Refuses names of resources that no container can have. */
int policy_check_containers(struct policy_reader *r, const struct resources *list,
			    const char *path);

#endif
