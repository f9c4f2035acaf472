#include "object_state.h"

#include <inttypes.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "limits.h"
#include "names.h"
#include "object_read.h"

#define ANNOTATION_ADMIN_PATH "urumi.io/admin-path"
#define ANNOTATION_ADMIN_SECRET "urumi.io/admin-secret"

const char *object_kind_name(enum object_kind kind)
{
	static const char *const names[OBJECT_KINDS] = {
		[OBJECT_DEPLOYMENT] = "Deployment",
		[OBJECT_STATEFULSET] = "StatefulSet",
		[OBJECT_DAEMONSET] = "DaemonSet",
		[OBJECT_JOB] = "Job",
		[OBJECT_POD] = "Pod",
		[OBJECT_INGRESS] = "Ingress",
		[OBJECT_NETWORKPOLICY] = "NetworkPolicy",
		[OBJECT_RESOURCEQUOTA] = "ResourceQuota",
		[OBJECT_LIMITRANGE] = "LimitRange",
	};
	return names[kind];
}

static void set(struct object_state *out, enum object_health health,
		const char *reason, const char *message)
{
	out->health = health;
	out->reason = reason;
	out->message = message;
}

/* --- workloads --- */

struct replicas {
	int64_t wanted;
	int64_t available;
};

static void wait_for_replicas(struct sg_arena *a, struct object_state *out,
			      struct replicas r)
{
	out->health = HEALTH_WAITING;
	out->reason = "ReplicasUnavailable";
	out->message = sg_arena_printf(a,
				       "%" PRId64 " of %" PRId64
				       " pods are available",
				       r.available < r.wanted ? r.available :
								r.wanted,
				       r.wanted);
}

/* Whether its controller has not seen its last change: then its status tells nothing. */
static bool is_outdated(const struct node *object, struct object_state *out)
{
	if (object_number(node_get(object, "status"), "observedGeneration",
			  0) >=
	    object_number(node_get(object, "metadata"), "generation", 0))
		return false;
	set(out, HEALTH_WAITING, "NotObserved",
	    "its last change has not been taken up yet");
	return true;
}

static void read_deployment(struct sg_arena *a, const struct node *object,
			    struct object_state *out)
{
	const struct node *status = node_get(object, "status");
	const struct node *failure = object_condition(object, "ReplicaFailure");
	struct replicas r = {
		object_number(node_get(object, "spec"), "replicas", 1),
		object_number(status, "availableReplicas", 0),
	};
	out->is_idle = r.wanted == 0;
	if (is_outdated(object, out))
		return;
	if (node_is(node_get(failure, "status"), "True"))
		set(out, HEALTH_WAITING,
		    *object_text(failure, "reason") ?
			    object_text(failure, "reason") :
			    "ReplicaFailure",
		    object_refusal(object_text(failure, "message")));
	else if (!object_condition_is(object, "Available", "True") &&
		 !out->is_idle)
		wait_for_replicas(a, out, r);
	else if (object_condition_is(object, "Progressing", "False"))
		set(out, HEALTH_WAITING, "ProgressDeadlineExceeded",
		    "the pods of its last change do not become available; those from before it go on");
}

static void read_statefulset(struct sg_arena *a, const struct node *object,
			     struct object_state *out)
{
	struct replicas r = {
		object_number(node_get(object, "spec"), "replicas", 1),
		object_number(node_get(object, "status"), "availableReplicas",
			      0),
	};
	out->is_idle = r.wanted == 0;
	if (!is_outdated(object, out) && r.available < r.wanted)
		wait_for_replicas(a, out, r);
}

static void read_daemonset(struct sg_arena *a, const struct node *object,
			   struct object_state *out)
{
	const struct node *status = node_get(object, "status");
	struct replicas r = {
		object_number(status, "desiredNumberScheduled", 0),
		object_number(status, "numberAvailable", 0),
	};
	if (!is_outdated(object, out) && r.available < r.wanted)
		wait_for_replicas(a, out, r);
}

static void read_job(const struct node *object, struct object_state *out)
{
	const struct node *failed = object_condition(object, "Failed");
	if (object_condition_is(object, "Complete", "True"))
		return;
	if (node_is(node_get(failed, "status"), "True"))
		set(out, HEALTH_FAILED, "JobFailed",
		    *object_text(failed, "message") ?
			    object_text(failed, "message") :
			    "has failed");
	else if (object_condition_is(object, "Suspended", "True"))
		set(out, HEALTH_WAITING, "JobSuspended", "is suspended");
	else if (object_number(node_get(object, "status"), "failed", 0))
		set(out, HEALTH_WAITING, "JobRetrying",
		    "has failed and is tried again");
	else
		set(out, HEALTH_WAITING, "JobRunning", "is not done yet");
}

/* --- where the shop is --- */

static bool lists(const struct node *list, const char *text)
{
	if (node_is_sequence(list))
		for (const struct node *n = list->first; n; n = n->next)
			if (node_is(n, text))
				return true;
	return false;
}

static bool has_certificate(const struct node *spec, const char *host)
{
	const struct node *tls = node_get(spec, "tls");
	if (node_is_sequence(tls))
		for (const struct node *n = tls->first; n; n = n->next)
			if (lists(node_get(n, "hosts"), host))
				return true;
	return false;
}

static bool add_url(const struct node *spec, const char *host,
		    struct sg_buffer *urls)
{
	if (!*host || strlen(host) > 253)
		return false;
	sg_buffer_printf(urls, "%shttp%s://%s", urls->length ? " " : "",
			 has_certificate(spec, host) ? "s" : "", host);
	return true;
}

static void read_ingress(struct sg_arena *a, const struct node *object,
			 struct object_state *out)
{
	const struct node *annotations =
		node_path(object, "metadata", "annotations", NULL);
	const struct node *spec = node_get(object, "spec");
	const struct node *rules = node_get(spec, "rules");
	const char *path = object_text(annotations, ANNOTATION_ADMIN_PATH);
	const char *secret = object_text(annotations, ANNOTATION_ADMIN_SECRET);
	cleanup_buffer struct sg_buffer urls;
	unsigned count = 0;
	if (*path == '/' && strlen(path) <= 128)
		out->admin_path = path;
	if (name_is_dns_subdomain(secret))
		out->admin_secret = secret;
	sg_buffer_init(&urls, SG_MAX_MESSAGE * 8);
	if (node_is_sequence(rules))
		for (const struct node *n = rules->first;
		     n && count < SG_MAX_INGRESS_HOSTS; n = n->next)
			count += add_url(spec, object_text(n, "host"), &urls);
	const char *copy = urls.data ? sg_arena_copy(a, urls.data, urls.length) :
				       NULL;
	if (copy)
		out->urls = copy;
}

/* --- all --- */

const char *object_state_store(const struct node *object)
{
	const char *namespace =
		object_text(node_get(object, "metadata"), "namespace");
	size_t prefix = strlen(SG_NAMESPACE_PREFIX);
	return strncmp(namespace, SG_NAMESPACE_PREFIX, prefix) == 0 &&
			       namespace[prefix] ?
		       namespace + prefix :
		       NULL;
}

/* A label that names a store counts in that store's namespace only. */
static const char *store_of(const struct node *object)
{
	const char *store = object_state_store(object);
	const struct node *labels =
		node_path(object, "metadata", "labels", NULL);
	return store && node_is(node_get(labels, SG_LABEL_STORE), store) ?
		       store :
		       NULL;
}

bool object_state_left_out(struct sg_arena *a, enum object_kind kind,
			   const struct node *outline, const char *why,
			   const char **store, struct object_state *out)
{
	*store = object_state_store(outline);
	*out = (struct object_state){
		.kind = kind,
		.health = HEALTH_WAITING,
		.name = object_text(node_get(outline, "metadata"), "name"),
		.component = "",
		.reason = OBJECT_UNREADABLE,
		.message = sg_arena_printf(a, "can't be looked at: it is %.200s",
					   why),
		.of = "",
		.urls = "",
		.admin_path = "",
		.admin_secret = "",
	};
	return *store && *out->name && out->message;
}

/* Whose length may be anybody's. */
static const char *shorten(struct sg_arena *a, const char *message)
{
	if (strlen(message) <= SG_MAX_OBJECT_MESSAGE)
		return message;
	const char *begin = sg_arena_printf(a, "%.*s...", SG_MAX_OBJECT_MESSAGE,
					    message);
	return begin ? begin : "";
}

bool object_state_read(struct sg_arena *a, enum object_kind kind,
		       const struct node *object, const char **store,
		       struct object_state *out)
{
	const struct node *metadata = node_get(object, "metadata");
	*store = store_of(object);
	if (!*store)
		return false;
	*out = (struct object_state){
		.kind = kind,
		.created = object_time(metadata, "creationTimestamp"),
		.name = object_text(metadata, "name"),
		.component = object_text(node_get(metadata, "labels"),
					 SG_LABEL_COMPONENT),
		.reason = "",
		.message = "",
		.of = "",
		.urls = "",
		.admin_path = "",
		.admin_secret = "",
	};
	switch (kind) {
	case OBJECT_DEPLOYMENT: read_deployment(a, object, out); break;
	case OBJECT_STATEFULSET: read_statefulset(a, object, out); break;
	case OBJECT_DAEMONSET: read_daemonset(a, object, out); break;
	case OBJECT_JOB: read_job(object, out); break;
	case OBJECT_POD: pod_state_read(a, object, out); break;
	case OBJECT_INGRESS: read_ingress(a, object, out); break;
	default: break;
	}
	out->message = shorten(a, out->message);
	return *out->name != '\0' && !a->failed;
}
