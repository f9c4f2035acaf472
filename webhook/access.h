/*
 * Who may `assign` Stores, that is act for other owners: asked of the API server's
 * authorizers by SubjectAccessReview
 * (https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/subject-access-review-v1/).
 *
 * Answers are kept: yes for 10 s, so that a GitOps tool that applies a Store
 * again and again costs one question in that time, and a right that is taken away ends
 * soon; no for 5 s, so that who was refused and then given the right need not
 * wait, and a client that tries again and again can't make the API server's load ours.
 * The key is all of who asks (name, uid, groups, extra) and the Store's name. Their
 * number is fixed; those nearest their end make room. Equal questions at one time are
 * asked once.
 */
#ifndef SG_ACCESS_H
#define SG_ACCESS_H

#include "api.h"
#include "world.h"

struct access;

struct access *access_new(struct api *api); /* NULL without memory */
void access_free(struct access *a);

/*
 * Before the deadline (CLOCK_MONOTONIC, ms); without may_wait only from what is kept,
 * else WORLD_LATER. Safe from all threads.
 */
enum answer access_may_assign(struct access *a, const struct user *user,
			      const char *store, int64_t deadline,
			      bool may_wait, struct sg_error *e);

#endif
