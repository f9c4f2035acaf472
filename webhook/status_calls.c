#include "status_calls.h"

#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "finalizer.h"
#include "json.h"
#include "names.h"
#include "object_read.h"

#define STORES "/apis/urumi.io/v1/stores/"
#define MANAGER "storeguard-webhook"

enum { CALL_MS = 10000 };

enum call status_get_store(struct api *api, struct sg_arena *a,
			   const char *name, struct node **store,
			   struct sg_error *e)
{
	char path[256];
	(void)snprintf(path, sizeof path, STORES "%s", name);
	const struct api_request r = { .method = "GET",
				       .path = path,
				       .deadline = clock_now() + CALL_MS };
	return call_object(api, a, &r, name, store, e);
}

enum call status_find_namespace(struct api *api, const char *store,
				struct sg_error *e)
{
	char path[256];
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/" SG_NAMESPACE_PREFIX "%s", store);
	const struct api_request r = { .method = "GET",
				       .path = path,
				       .deadline = clock_now() + CALL_MS };
	return call_object(api, NULL, &r, strrchr(path, '/') + 1, NULL, e);
}

static enum call write_object(struct api *api, const char *method,
			      const char *path, const char *type,
			      const struct sg_buffer *body, const char *name,
			      struct sg_error *e)
{
	if (sg_buffer_check(body, e))
		return CALL_REFUSED;
	const struct api_request r = {
		.method = method,
		.path = path,
		.content_type = type,
		.body = body->data,
		.length = body->length,
		.deadline = clock_now() + CALL_MS,
	};
	return call_object(api, NULL, &r, name, NULL, e);
}

enum call status_mark_namespace(struct api *api, const char *store,
				bool is_protected, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer patch;
	char name[256], path[512];
	(void)snprintf(name, sizeof name, SG_NAMESPACE_PREFIX "%s", store);
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/%s?fieldManager=" MANAGER, name);
	sg_buffer_init(&patch, SG_MAX_TOKEN);
	sg_buffer_printf(&patch,
			 "{\"metadata\":{\"labels\":{\"" SG_LABEL_PROTECTED
			 "\":%s}}}",
			 is_protected ? "\"true\"" : "null");
	return write_object(api, "PATCH", path, "application/merge-patch+json",
			    &patch, name, e);
}

enum call status_set_finalizer(struct api *api, const struct node *store,
			       bool present, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer patch;
	char path[256];
	const char *name = object_text(node_get(store, "metadata"), "name");
	int index = finalizer_index(store);
	if (present == (index >= 0))
		return CALL_DONE;
	sg_buffer_init(&patch, SG_MAX_TOKEN);
	(void)snprintf(path, sizeof path, STORES "%s?fieldManager=" MANAGER,
		       name);
	if (present)
		finalizer_write_addition(store, &patch);
	else
		finalizer_write_removal(index, &patch);
	return write_object(api, "PATCH", path, "application/json-patch+json",
			    &patch, name, e);
}

enum call status_apply(struct api *api, const struct store_view *store,
		       const struct store_status *s,
		       const struct store_status *shown, int64_t now,
		       struct sg_error *e)
{
	cleanup_buffer struct sg_buffer body;
	char path[256];
	sg_buffer_init(&body, SG_MIB);
	(void)snprintf(path, sizeof path,
		       STORES "%s/status?fieldManager=" MANAGER "&force=true",
		       store->name);
	store_status_write(store, s, shown, now, &body);
	return write_object(api, "PATCH", path, "application/apply-patch+yaml",
			    &body, store->name, e);
}

/* --- Events ---------------------------------------------------------------------- */

/* Those about objects outside of namespaces are in "default". */
enum call status_tell(struct api *api, const struct store_view *store,
		      bool is_warning, const char *reason, const char *message,
		      int64_t now, struct sg_error *e)
{
	static const char path[] = "/api/v1/namespaces/default/events";
	cleanup_buffer struct sg_buffer body;
	char time[OBJECT_TIME_SIZE], name[128];
	(void)object_time_print(now, time);
	(void)snprintf(name, sizeof name, "%s.%" PRIx64 "%08x", store->name,
		       (uint64_t)now, arc4random());
	sg_buffer_init(&body, SG_MIB);
	sg_buffer_printf(&body,
			 "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{"
			 "\"name\":\"%s\",\"namespace\":\"default\"},"
			 "\"involvedObject\":{\"apiVersion\":\"" SG_API_VERSION
			 "\",\"kind\":\"Store\",\"name\":\"%s\",\"uid\":",
			 name, store->name);
	json_write_string(&body, store->uid);
	sg_buffer_printf(&body,
			 "},\"type\":\"%s\",\"count\":1,\"firstTimestamp\":\"%s\","
			 "\"lastTimestamp\":\"%s\",\"source\":{\"component\":\"" MANAGER
			 "\"},\"reason\":",
			 is_warning ? "Warning" : "Normal", time, time);
	json_write_string(&body, reason);
	sg_buffer_puts(&body, ",\"message\":");
	json_write_string(&body, message);
	sg_buffer_putc(&body, '}');
	return write_object(api, "POST", path, NULL, &body, name, e);
}

/* --- explanations ------------------------------------------------------------------ */

static enum call list(struct api *api, struct sg_arena *a, const char *path,
		      struct node **root, struct sg_error *e)
{
	const struct api_request r = { .method = "GET",
				       .path = path,
				       .deadline = clock_now() + CALL_MS };
	return call_object(api, a, &r, "", root, e);
}

/* Pods of a plain Job carry no label of ours; they are found by Kubernetes' own. */
static enum call explain_job(struct api *api, struct sg_arena *a,
			     const char *store, const char *job,
			     const char **reason, const char **message,
			     struct sg_error *e)
{
	char path[512];
	struct node *root = NULL;
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/" SG_NAMESPACE_PREFIX
		       "%s/pods?limit=20&labelSelector=batch.kubernetes.io%%2Fjob-name%%3D%s",
		       store, job);
	enum call call = list(api, a, path, &root, e);
	const struct node *pods = node_get(root, "items");
	if (call != CALL_DONE || !node_is_sequence(pods))
		return call;
	for (const struct node *pod = pods->first; pod; pod = pod->next) {
		struct object_state state = { .reason = "", .message = "" };
		pod_state_read(a, pod, &state);
		if (state.health == HEALTH_GOOD)
			continue;
		*reason = state.reason;
		*message = state.message;
	}
	return CALL_DONE;
}

/* Pods of one workload that are there and not ready: what is said of others is past. */
enum { WAITING_PODS = 16 };
struct waiting_pods {
	const char *uids[WAITING_PODS];
	unsigned count;
};

static void add_waiting(struct sg_arena *a, const struct node *pod,
			const char *workload, struct waiting_pods *out)
{
	const struct node *metadata = node_get(pod, "metadata");
	struct object_state state = { .of = "" };
	pod_state_read(a, pod, &state);
	if (strcmp(state.of, workload) == 0 &&
	    node_is_null(node_get(metadata, "deletionTimestamp")) &&
	    !object_condition_is(pod, "Ready", "True") &&
	    out->count < WAITING_PODS)
		out->uids[out->count++] = object_text(metadata, "uid");
}

static enum call find_waiting(struct api *api, struct sg_arena *a,
			      const char *store, const char *workload,
			      struct waiting_pods *out, struct sg_error *e)
{
	char path[256];
	struct node *root = NULL;
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/" SG_NAMESPACE_PREFIX
		       "%s/pods?limit=200",
		       store);
	enum call call = list(api, a, path, &root, e);
	const struct node *pods = node_get(root, "items");
	if (call == CALL_DONE && node_is_sequence(pods))
		for (const struct node *n = pods->first; n; n = n->next)
			add_waiting(a, n, workload, out);
	return call;
}

/* Its own Events tell why it makes no Pods; for Pods that it has, theirs do. */
static bool is_about(const struct node *event, const struct object_state *o,
		     const struct waiting_pods *pods)
{
	const struct node *about = node_get(event, "involvedObject");
	if (!pods->count)
		return node_is(node_get(about, "kind"),
			       object_kind_name(o->kind)) &&
		       node_is(node_get(about, "name"), o->name);
	for (unsigned i = 0; i < pods->count; i++)
		if (node_is(node_get(about, "uid"), pods->uids[i]))
			return true;
	return false;
}

/*
 * What an Event's message says of the cause; NULL for those that tell none. Of a probe
 * only which one: what follows may be a container's output.
 */
static const char *cause_in(struct sg_arena *a, const struct node *event)
{
	static const char *const telling[] = { "FailedCreate", "FailedMount",
					       "FailedAttachVolume",
					       "FailedScheduling" };
	const char *reason = object_text(event, "reason");
	const char *message = object_text(event, "message");
	for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
		if (strcmp(reason, telling[i]) == 0)
			return object_refusal(message);
	if (strcmp(reason, "FailedCreatePodSandBox") == 0)
		return "no sandbox can be made for its pod";
	if (strcmp(reason, "Unhealthy") == 0)
		return sg_arena_copy(a, message, strcspn(message, ":"));
	return NULL;
}

static int64_t time_of(const struct node *event)
{
	int64_t last = object_time(event, "lastTimestamp");
	return last ? last : object_time(event, "eventTime");
}

static enum call explain_workload(struct api *api, struct sg_arena *a,
				  const char *store,
				  const struct object_state *o,
				  const char **reason, const char **message,
				  struct sg_error *e)
{
	char path[256];
	struct node *root = NULL;
	struct waiting_pods pods = { .count = 0 };
	int64_t latest = -1;
	const char *name = sg_arena_printf(a, "%s/%s",
					   object_kind_name(o->kind), o->name);
	enum call call = name ? find_waiting(api, a, store, name, &pods, e) :
				CALL_UNKNOWN;
	if (call != CALL_DONE)
		return call;
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/" SG_NAMESPACE_PREFIX
		       "%s/events?limit=500&fieldSelector=type%%3DWarning",
		       store);
	call = list(api, a, path, &root, e);
	const struct node *events = node_get(root, "items");
	if (call != CALL_DONE || !node_is_sequence(events))
		return call;
	for (const struct node *n = events->first; n; n = n->next) {
		const char *cause = is_about(n, o, &pods) ? cause_in(a, n) : NULL;
		if (!cause || time_of(n) < latest)
			continue;
		latest = time_of(n);
		*reason = object_text(n, "reason");
		*message = cause;
	}
	return CALL_DONE;
}

enum call status_explain(struct api *api, struct sg_arena *a, const char *store,
			 const struct object_state *object, const char **reason,
			 const char **message, struct sg_error *e)
{
	*reason = *message = "";
	if (object->kind != OBJECT_JOB)
		return explain_workload(api, a, store, object, reason, message,
					e);
	return explain_job(api, a, store, object->name, reason, message, e);
}
