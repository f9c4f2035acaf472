/* Why a workload has no pods that work: status_explain(). */
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "informer_list.h"
#include "names.h"
#include "object_parse.h"
#include "object_read.h"
#include "status_calls.h"

/*
 * For each list, ms. How long one takes is in the hands of whoever fills the namespace,
 * and other Stores wait meanwhile.
 */
enum { LIST_MS = 2000 };
/* Pods of one workload that are there and not ready: what is said of others is past. */
enum {
	WAITING_PODS = 16,
	UID_SIZE = 64,
	TEXT_SIZE = SG_MAX_OBJECT_MESSAGE + sizeof "...",
};

struct waiting_pods {
	char uids[WAITING_PODS][UID_SIZE];
	unsigned count;
};

/* One explanation in the making. */
struct explaining {
	struct sg_arena *arena; /* of what is found */
	struct sg_arena scratch; /* of the object at hand */
	const struct object_state *object;
	const char *workload; /* "Deployment/x" */
	struct waiting_pods pods;
	int64_t latest; /* when the Event that tells most was */
	/* of the Event, or pod, that tells most: of however many and however long ones */
	char reason[TEXT_SIZE], message[TEXT_SIZE];
};

static void begin(void *context)
{
	struct explaining *x = context;
	x->latest = -1;
	*x->reason = *x->message = '\0';
}

static void end(void *context)
{
	(void)context;
}

static enum call list(struct api *api, struct explaining *x,
		      void (*set)(void *, const struct node *),
		      const char *path, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer version;
	const struct informer_sink sink = { .begin = begin,
					    .set = set,
					    .end = end,
					    .context = x };
	struct informer_listing l = { .api = api,
				      .path = path,
				      .sink = &sink,
				      .sealed = object_sealed_workload,
				      .version = &version,
				      .deadline = clock_now() + LIST_MS };
	sg_buffer_init(&version, SG_MAX_TOKEN);
	sg_arena_init(&x->scratch);
	int failed = informer_list(&l, e);
	sg_arena_release(&x->scratch);
	return failed ? CALL_UNKNOWN : CALL_DONE;
}

static void copy(char to[TEXT_SIZE], const char *text)
{
	(void)snprintf(to, TEXT_SIZE, "%.*s%s", SG_MAX_OBJECT_MESSAGE, text,
		       strlen(text) > SG_MAX_OBJECT_MESSAGE ? "..." : "");
}

static void keep(struct explaining *x, const char *reason, const char *message)
{
	copy(x->reason, reason);
	copy(x->message, message);
}

/* --- Jobs --- */

static void take_job_pod(void *context, const struct node *pod)
{
	struct explaining *x = context;
	struct object_state state = { .reason = "", .message = "" };
	sg_arena_clear(&x->scratch);
	pod_state_read(&x->scratch, pod, &state);
	if (state.health != HEALTH_GOOD && state.message)
		keep(x, state.reason, state.message);
}

/* Pods of a plain Job carry no label of ours; they are found by Kubernetes' own. */
static enum call explain_job(struct api *api, struct explaining *x,
			     const char *store, struct sg_error *e)
{
	char path[512];
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/" SG_NAMESPACE_PREFIX
		       "%s/pods?labelSelector=batch.kubernetes.io%%2Fjob-name%%3D%s",
		       store, x->object->name);
	return list(api, x, take_job_pod, path, e);
}

/* --- workloads --- */

static void take_pod(void *context, const struct node *pod)
{
	struct explaining *x = context;
	const struct node *metadata = node_get(pod, "metadata");
	struct object_state state = { .of = "" };
	sg_arena_clear(&x->scratch);
	pod_state_read(&x->scratch, pod, &state);
	if (strcmp(state.of, x->workload) == 0 &&
	    node_is_null(node_get(metadata, "deletionTimestamp")) &&
	    !object_condition_is(pod, "Ready", "True") &&
	    x->pods.count < WAITING_PODS)
		(void)snprintf(x->pods.uids[x->pods.count++], UID_SIZE, "%s",
			       object_text(metadata, "uid"));
}

/* Its own Events tell why it makes no Pods; for Pods that it has, theirs do. */
static bool is_about(const struct node *event, const struct explaining *x)
{
	const struct node *about = node_get(event, "involvedObject");
	if (!x->pods.count)
		return node_is(node_get(about, "kind"),
			       object_kind_name(x->object->kind)) &&
		       node_is(node_get(about, "name"), x->object->name);
	for (unsigned i = 0; i < x->pods.count; i++)
		if (node_is(node_get(about, "uid"), x->pods.uids[i]))
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

static void take_event(void *context, const struct node *event)
{
	struct explaining *x = context;
	sg_arena_clear(&x->scratch);
	const char *cause =
		is_about(event, x) ? cause_in(&x->scratch, event) : NULL;
	if (!cause || time_of(event) < x->latest)
		return;
	x->latest = time_of(event);
	keep(x, object_text(event, "reason"), cause);
}

static enum call explain_workload(struct api *api, struct explaining *x,
				  const char *store, struct sg_error *e)
{
	char path[256];
	x->workload = sg_arena_printf(x->arena, "%s/%s",
				      object_kind_name(x->object->kind),
				      x->object->name);
	if (!x->workload)
		return CALL_UNKNOWN;
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/" SG_NAMESPACE_PREFIX "%s/pods",
		       store);
	enum call call = list(api, x, take_pod, path, e);
	if (call != CALL_DONE)
		return call;
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/" SG_NAMESPACE_PREFIX
		       "%s/events?fieldSelector=type%%3DWarning",
		       store);
	return list(api, x, take_event, path, e);
}

enum call status_explain(struct api *api, struct sg_arena *a, const char *store,
			 const struct object_state *object, const char **reason,
			 const char **message, struct sg_error *e)
{
	struct explaining x = { .arena = a, .object = object };
	enum call call = object->kind == OBJECT_JOB ?
				 explain_job(api, &x, store, e) :
				 explain_workload(api, &x, store, e);
	const char *copies[] = {
		sg_arena_copy(a, x.reason, strlen(x.reason)),
		sg_arena_copy(a, x.message, strlen(x.message)),
	};
	*reason = copies[0] ? copies[0] : "";
	*message = copies[1] ? copies[1] : "";
	return call;
}
