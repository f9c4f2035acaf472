/*
 * What is wrong with a Pod, if anything: https://kubernetes.io/docs/concepts/workloads/pods/pod-lifecycle/
 */
#include <inttypes.h>
#include <string.h>

#include "object_read.h"
#include "object_state.h"

static bool is_any_of(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(text, *list) == 0)
			return true;
	return false;
}

/* --- whose it is --- */

static const struct node *controller_of(const struct node *metadata)
{
	const struct node *owners = node_get(metadata, "ownerReferences");
	if (node_is_sequence(owners))
		for (const struct node *n = owners->first; n; n = n->next)
			if (node_is(node_get(n, "controller"), "true"))
				return n;
	return NULL;
}

/* A ReplicaSet is called as its Deployment, "-" and the pods' template hash. */
static const char *read_of(struct sg_arena *a, const struct node *metadata)
{
	const struct node *owner = controller_of(metadata);
	const char *kind = object_text(owner, "kind");
	const char *name = object_text(owner, "name");
	const char *hash =
		object_text(node_get(metadata, "labels"), "pod-template-hash");
	size_t length = strlen(name), tail = strlen(hash) + 1;
	const char *of;
	if (!owner)
		return "";
	if (strcmp(kind, "ReplicaSet") == 0 && *hash && length > tail &&
	    name[length - tail] == '-' &&
	    strcmp(name + length - tail + 1, hash) == 0)
		of = sg_arena_printf(a, "Deployment/%.*s",
				     (int)(length - tail), name);
	else
		of = sg_arena_printf(a, "%s/%s", kind, name);
	return of ? of : "";
}

/* --- containers --- */

static void say(struct object_state *out, const char *reason,
		const char *message)
{
	out->health = HEALTH_WAITING;
	out->reason = reason;
	out->message = message ? message : "";
}

/*
 * The kubelet goes from ErrImagePull to ImagePullBackOff and back, and tells the cause
 * behind the first word in both: here both are one.
 */
static bool read_image_pull(struct sg_arena *a, const struct node *container,
			    const char *reason, const char *message,
			    struct object_state *out)
{
	static const char *const pulls[] = { "ErrImagePull", "ImagePullBackOff",
					     NULL };
	static const char before[] = "ErrImagePull: ";
	if (!is_any_of(reason, pulls))
		return false;
	const char *cause = strstr(message, before);
	if (cause)
		message = cause + strlen(before);
	else if (strcmp(reason, "ImagePullBackOff") == 0)
		message = "it could not be pulled before";
	/* wrapped many times over, each time with the image's name */
	for (const char *more; (more = strstr(message, ": "));)
		message = more + 2;
	say(out, "ImagePullBackOff",
	    sg_arena_printf(a, "image %.255s can't be pulled: %.500s",
			    object_text(container, "image"), message));
	return true;
}

/* repeats: it is started again each time. */
static bool read_end(struct sg_arena *a, const struct node *container,
		     const struct node *terminated, bool repeats,
		     struct object_state *out)
{
	const char *name = object_text(container, "name");
	int64_t code = object_number(terminated, "exitCode", 0);
	if (node_is(node_get(terminated, "reason"), "OOMKilled")) {
		say(out, "OOMKilled",
		    sg_arena_printf(
			    a,
			    "container %.63s %s for taking more memory than its limit",
			    name,
			    repeats ? "keeps being killed" : "was killed"));
		return true;
	}
	if (!code && !repeats)
		return false;
	say(out, repeats ? "CrashLoopBackOff" : "ContainerFailed",
	    sg_arena_printf(a, "container %.63s %s exit code %" PRId64, name,
			    repeats ? "keeps ending, last with" : "ended with",
			    code));
	return true;
}

static bool read_container(struct sg_arena *a, const struct node *container,
			   struct object_state *out)
{
	static const char *const starting[] = { "", "ContainerCreating",
						"PodInitializing", NULL };
	const struct node *waiting =
		node_path(container, "state", "waiting", NULL);
	const struct node *ended =
		node_path(container, "state", "terminated", NULL);
	const struct node *before =
		node_path(container, "lastState", "terminated", NULL);
	const char *reason = object_text(waiting, "reason");
	if (node_is(node_get(container, "ready"), "true"))
		return false;
	if (read_image_pull(a, container, reason,
			    object_text(waiting, "message"), out))
		return true;
	/* between two ends it runs, which is no news; one may be a reboot's */
	bool repeats = object_number(container, "restartCount", 0) > 1 ||
		       strcmp(reason, "CrashLoopBackOff") == 0;
	if (repeats && (before || ended))
		return read_end(a, container, ended ? ended : before, true,
				out);
	if (ended)
		return read_end(a, container, ended, false, out);
	if (is_any_of(reason, starting))
		return false;
	say(out, reason,
	    sg_arena_printf(a, "container %.63s: %.500s",
			    object_text(container, "name"),
			    object_text(waiting, "message")));
	return true;
}

static bool read_containers(struct sg_arena *a, const struct node *status,
			    const char *key, struct object_state *out)
{
	const struct node *all = node_get(status, key);
	if (node_is_sequence(all))
		for (const struct node *n = all->first; n; n = n->next)
			if (read_container(a, n, out))
				return true;
	return false;
}

/* --- the Pod --- */

static bool are_containers_ready(const struct node *status)
{
	const struct node *all = node_get(status, "containerStatuses");
	if (!node_is_sequence(all) || !all->first)
		return false;
	for (const struct node *n = all->first; n; n = n->next)
		if (!node_is(node_get(n, "ready"), "true"))
			return false;
	return true;
}

/*
 * Of a node that is not heard of, the control plane says that its pods are not ready;
 * what the kubelet said of their containers stays.
 */
static bool is_node_silent(const struct node *pod)
{
	return node_is_null(node_path(pod, "spec", "readinessGates", NULL)) &&
	       object_condition_is(pod, "Ready", "False") &&
	       object_condition_is(pod, "ContainersReady", "True") &&
	       are_containers_ready(node_get(pod, "status"));
}

void pod_state_read(struct sg_arena *a, const struct node *pod,
		    struct object_state *out)
{
	const struct node *metadata = node_get(pod, "metadata");
	const struct node *status = node_get(pod, "status");
	const struct node *scheduled = object_condition(pod, "PodScheduled");
	out->of = read_of(a, metadata);
	if (node_is(node_get(status, "phase"), "Succeeded") ||
	    object_condition_is(pod, "Ready", "True"))
		return;
	bool is_deleted = !node_is_null(node_get(metadata, "deletionTimestamp"));
	if (is_node_silent(pod)) {
		say(out, "NodeNotReady",
		    sg_arena_printf(a,
				    "node %.253s, which has its pod, is not heard of",
				    object_text(node_get(pod, "spec"),
						"nodeName")));
		if (is_deleted) /* another may run in its place */
			out->health = HEALTH_FAILED;
		return;
	}
	if (is_deleted)
		return;
	if (node_is(node_get(scheduled, "status"), "False")) {
		say(out, object_text(scheduled, "reason"),
		    sg_arena_printf(a, "no node takes its pod: %.500s",
				    object_text(scheduled, "message")));
		return;
	}
	bool has_failed = node_is(node_get(status, "phase"), "Failed");
	if (!read_containers(a, status, "initContainerStatuses", out) &&
	    !read_containers(a, status, "containerStatuses", out) && has_failed)
		say(out,
		    *object_text(status, "reason") ?
			    object_text(status, "reason") :
			    "PodFailed",
		    object_text(status, "message"));
	if (has_failed) /* and stays, while others take its place */
		out->health = HEALTH_FAILED;
}
