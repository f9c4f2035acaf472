/*
 * What keeping Stores' status asks of the API server. Reads of Stores and namespaces are
 * quorum reads; a write is refused when the Store has changed since.
 *
 * Asked of RBAC: get, patch of stores; patch of stores/status; get, patch of namespaces; list of
 * pods and events; create of events in namespace default.
 */
#ifndef SG_STATUS_CALLS_H
#define SG_STATUS_CALLS_H

#include "call.h"
#include "store_status.h"

enum call status_get_store(struct api *api, struct sg_arena *a,
			   const char *name, struct node **store,
			   struct sg_error *e);

/* CALL_DONE: it is there; CALL_ABSENT: it is not. */
enum call status_find_namespace(struct api *api, const char *store,
				struct sg_error *e);

/* Marks its namespace as one that is not to be deleted, or as any other. */
enum call status_mark_namespace(struct api *api, const char *store,
				bool is_protected, struct sg_error *e);

/* Adds or removes the finalizer, of a Store as it was read. */
enum call status_set_finalizer(struct api *api, const struct node *store,
			       bool present, struct sg_error *e);

/* Writes what store_status_write() says. */
enum call status_apply(struct api *api, const struct store_view *store,
		       const struct store_status *s,
		       const struct store_status *shown, int64_t now,
		       struct sg_error *e);

/* An Event about the Store, where `kubectl describe store` finds it. */
enum call status_tell(struct api *api, const struct store_view *store,
		      bool is_warning, const char *reason, const char *message,
		      int64_t now, struct sg_error *e);

/*
 * Why a workload has no pods that work, or a Job fails, by its Pods or by Events about
 * it. *reason is "" where nothing tells; texts live in the arena.
 */
enum call status_explain(struct api *api, struct sg_arena *a, const char *store,
			 const struct object_state *object, const char **reason,
			 const char **message, struct sg_error *e);

#endif
