/*
 * Inside of cluster_world.c: quorum reads of the API server. Answers live in the
 * arena. WORLD_UNKNOWN, with why, when there was no answer that says so or so.
 */
#ifndef SG_CLUSTER_LOOK_H
#define SG_CLUSTER_LOOK_H

#include "api.h"
#include "world.h"

enum answer cluster_look_store(struct api *api, struct sg_arena *a,
			       const char *name, int64_t deadline,
			       struct store_facts *out, struct sg_error *e);
/* The oldest Store whose spec has that host, but not the one called `name`. */
enum answer cluster_look_host(struct api *api, struct sg_arena *a,
			      const char *host, const char *name,
			      int64_t deadline, struct store_facts *out,
			      struct sg_error *e);
enum answer cluster_look_namespace(struct api *api, struct sg_arena *a,
				   const char *name, int64_t deadline,
				   const struct node **metadata,
				   struct sg_error *e);

#endif
