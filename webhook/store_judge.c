/* How a store is, by what was seen of it: store_status_judge(). */
#include <inttypes.h>
#include <string.h>

#include "guard_names.h"
#include "names.h"
#include "object_read.h"
#include "store_status.h"
#include "text.h"

enum {
	/* the part of a shop's time to get ready, after which one for Argo CD that
	 * nobody took up says so */
	TAKE_UP = 5,
	NAMED_GUARDS = 4,
};

/* How much an object tells of what is wrong. */
enum rank {
	RANK_GOOD,
	RANK_RUNNING, /* a Job */
	RANK_WAITING,
	RANK_RETRYING, /* a Job that has failed before */
	RANK_CAUSE,    /* it, or its Pod, says why */
	RANK_FAILED,
};

struct judging {
	struct sg_arena *arena;
	const struct policy *policy;
	const struct engine *engine; /* NULL: the policy knows it no more */
	const struct store_view *store;
	const struct store_scene *scene;
	int64_t now;
	struct store_verdict *out;
	bool was_ready;
	/* what the objects come to */
	unsigned workloads, waiting;
	int64_t installed; /* when the oldest was made; 0: none was */
	bool has_public;
	const struct object_state *worst;
	enum rank rank;
};

static const char *or_empty(const char *text)
{
	return text ? text : "";
}

/* One line of what can't be formatted is "", and the arena says that it failed. */
#define print(j, ...) or_empty(sg_arena_printf((j)->arena, __VA_ARGS__))

/* As the API server takes one: who reports an object's state may call it anything. */
static bool is_reason(const char *text)
{
	static const char usable[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	return strlen(text) <= 128 && strspn(text, usable) == strlen(text) &&
	       !strchr("0123456789", *text);
}

/* Messages were cut somewhere, maybe within a character. */
static void set(struct judging *j, enum store_condition_type type,
		const char *status, const char *reason, const char *message)
{
	char *copy = sg_arena_copy(j->arena, message, strlen(message));
	j->out->status.conditions[type] = (struct store_condition){
		.status = status,
		.reason = is_reason(reason) ? reason : "NotReady",
		.message = copy ? text_make_printable(copy) : "",
	};
}

static void not_ready(struct judging *j, enum store_phase phase,
		      const char *reason, const char *message)
{
	j->out->status.phase = phase;
	set(j, CONDITION_READY, "False", reason, message);
}

static void look_again(struct judging *j, int64_t when)
{
	int64_t *at = &j->out->look_again;
	if (when > j->now && (!*at || when < *at))
		*at = when;
}

/* --- objects --- */

static bool is_public(const struct judging *j, const struct object_state *o)
{
	const struct component *c =
		j->engine ? engine_component(j->engine, o->component) : NULL;
	return c && c->is_public;
}

static bool is_of(const struct object_state *pod, const struct object_state *o)
{
	const char *kind = object_kind_name(o->kind);
	size_t length = strlen(kind);
	return pod->kind == OBJECT_POD &&
	       strncmp(pod->of, kind, length) == 0 && pod->of[length] == '/' &&
	       strcmp(pod->of + length + 1, o->name) == 0;
}

/* A Pod of it that says what is wrong; one that is still tried, if there is. */
static const struct object_state *pod_of(const struct judging *j,
					 const struct object_state *o)
{
	const struct object_state *found = NULL;
	for (unsigned i = 0; i < j->scene->count; i++) {
		const struct object_state *pod = &j->scene->objects[i];
		if (pod->health != HEALTH_GOOD && is_of(pod, o) &&
		    (!found || pod->health == HEALTH_WAITING))
			found = pod;
	}
	return found;
}

/* Whether it does not itself say why it is not good. */
static bool is_silent(const struct object_state *o)
{
	if (o->kind == OBJECT_JOB)
		return o->health == HEALTH_FAILED ||
		       strcmp(o->reason, "JobRetrying") == 0;
	return strcmp(o->reason, "ReplicasUnavailable") == 0;
}

static enum rank rank_of(const struct judging *j, const struct object_state *o)
{
	bool is_workload = object_kind_is_workload(o->kind);
	if (o->health == HEALTH_FAILED)
		return RANK_FAILED;
	if (is_workload && o->is_idle && is_public(j, o))
		return RANK_CAUSE;
	const struct object_state *pod = is_workload ? pod_of(j, o) : NULL;
	/* of a change, say, whose pods don't come up while the former ones serve */
	if (pod && pod->health == HEALTH_WAITING)
		return RANK_CAUSE;
	if (o->health == HEALTH_GOOD)
		return RANK_GOOD;
	if (is_workload)
		return pod || !(is_silent(o) ||
				strcmp(o->reason, "NotObserved") == 0) ?
			       RANK_CAUSE :
			       RANK_WAITING;
	if (j->was_ready) /* a set-up that runs again takes nothing from a shop */
		return RANK_GOOD;
	return strcmp(o->reason, "JobRetrying") == 0 ? RANK_RETRYING :
						       RANK_RUNNING;
}

static void look_at(struct judging *j, const struct object_state *o)
{
	if (!object_kind_is_workload(o->kind) && o->kind != OBJECT_JOB)
		return;
	enum rank rank = rank_of(j, o);
	j->workloads++;
	if (!j->installed || o->created < j->installed)
		j->installed = o->created;
	j->has_public |= is_public(j, o);
	j->waiting += rank != RANK_GOOD;
	if (rank > j->rank ||
	    (rank != RANK_GOOD && rank == j->rank && strcmp(o->name, j->worst->name) < 0)) {
		j->rank = rank;
		j->worst = o;
	}
}

struct cause {
	const char *reason, *message;
};

static struct cause cause_of(struct judging *j, const struct object_state *o)
{
	const struct store_scene *scene = j->scene;
	const struct object_state *pod = pod_of(j, o);
	const char *name =
		print(j, "%s/%s", object_kind_name(o->kind), o->name);
	bool is_job = o->kind == OBJECT_JOB;
	if (o->is_idle && o->health == HEALTH_GOOD)
		return (struct cause){ "ScaledToZero",
				       "it is to have no pods" };
	if (pod && !is_job)
		return (struct cause){ pod->reason, pod->message };
	if (!is_silent(o))
		return (struct cause){ o->reason, o->message };
	j->out->unexplained = o;
	if (strcmp(scene->explained, name) != 0 || !*scene->message)
		return (struct cause){ o->reason, o->message };
	if (is_job)
		return (struct cause){ o->reason, print(j, "%s: %s", o->message,
							scene->message) };
	return (struct cause){ scene->reason, scene->message };
}

/* "exceeded quota" has a reason of its own: it is the plan, not the shop. */
static const char *reason_of(const struct cause *c)
{
	return strncmp(c->message, "exceeded quota: ", 16) == 0 ?
		       "ExceededQuota" :
		       c->reason;
}

static struct cause worst_cause(struct judging *j)
{
	struct cause c = cause_of(j, j->worst);
	unsigned others = j->waiting - 1;
	const char *tail =
		others == 0 ? "" :
		others == 1 ? "; another object is not ready either" :
			      print(j, "; %u others are not ready either",
				    others);
	const char *message =
		print(j, "%s %.253s: %.700s%s", object_kind_name(j->worst->kind),
		      j->worst->name, c.message, tail);
	return (struct cause){ reason_of(&c), message };
}

/* --- guards --- */

static bool has_guard(const struct judging *j, enum object_kind kind,
		      const char *name)
{
	for (unsigned i = 0; i < j->scene->count; i++)
		if (j->scene->objects[i].kind == kind &&
		    strcmp(j->scene->objects[i].name, name) == 0)
			return true;
	return false;
}

struct missing {
	const char *names; /* "NetworkPolicy storeguard-dns, …" */
	unsigned count;
};

static void miss(struct judging *j, struct missing *m, enum object_kind kind,
		 const char *name)
{
	if (!name || has_guard(j, kind, name))
		return;
	if (m->count++ < NAMED_GUARDS)
		m->names = print(j, "%s%s%s %s", m->names,
				 m->count > 1 ? ", " : "",
				 object_kind_name(kind), name);
}

/* Whether none is missing; says which is, and how it comes back. */
static bool judge_guards(struct judging *j)
{
	struct missing m = { .names = "" };
	if (!j->engine) {
		set(j, CONDITION_GUARDED, "Unknown", "UnknownEngine",
		    print(j, "the policy has no engine \"%.63s\" any more, so which guards there should be is not known",
			  j->store->engine));
		return true;
	}
	miss(j, &m, OBJECT_RESOURCEQUOTA, GUARD_PREFIX);
	miss(j, &m, OBJECT_LIMITRANGE, GUARD_PREFIX);
	for (unsigned i = 0; i < guard_policy_count(j->engine); i++)
		miss(j, &m, OBJECT_NETWORKPOLICY,
		     guard_policy_name(j->arena, j->engine, i));
	if (!m.count) {
		set(j, CONDITION_GUARDED, "True", "InPlace",
		    "ResourceQuota, LimitRange and NetworkPolicies are in place");
		return true;
	}
	if (m.count > NAMED_GUARDS)
		m.names = print(j, "%s and %u more", m.names,
				m.count - NAMED_GUARDS);
	set(j, CONDITION_GUARDED, "False", "GuardMissing",
	    print(j, "missing: %s; %s", m.names,
		  j->store->by_helm ?
			  "helm upgrade with the post-renderer brings it back" :
			  "a sync of its Application brings it back"));
	return false;
}

/* --- where it is --- */

static const char *find_url(struct judging *j, const char *urls)
{
	size_t host = strlen(j->store->host);
	while (*urls) {
		size_t length = strcspn(urls, " ");
		if (length > host && host &&
		    strncmp(urls + length - host, j->store->host, host) == 0 &&
		    urls[length - host - 1] == '/')
			return or_empty(sg_arena_copy(j->arena, urls, length));
		urls += length + (urls[length] == ' ');
	}
	return "";
}

/* Several may have the host: that with a certificate counts, and what any says. */
static void judge_urls(struct judging *j)
{
	struct store_status *s = &j->out->status;
	const struct object_state *admin = NULL;
	for (unsigned i = 0; i < j->scene->count; i++) {
		const struct object_state *o = &j->scene->objects[i];
		const char *url =
			o->kind == OBJECT_INGRESS ? find_url(j, o->urls) : "";
		if (!*url)
			continue;
		if (!*s->url || strncmp(url, "https:", 6) == 0)
			s->url = url;
		if ((*o->admin_path || *o->admin_secret) &&
		    (!admin || strcmp(o->name, admin->name) < 0))
			admin = o;
	}
	if (!admin)
		return;
	s->admin_secret = admin->admin_secret;
	if (*admin->admin_path)
		s->admin_url = print(j, "%s%s", s->url, admin->admin_path);
}

/* --- conditions --- */

static const char *how_to_deliver(struct judging *j)
{
	const char *name = j->store->name;
	return j->store->by_helm ?
		       print(j, "waits for whoever installs it: storeguard-postrender values FILE | helm install store-%s … (its spec.delivery is helm)",
			     name) :
		       print(j, "waits for Argo CD to make namespace store-%s",
			     name);
}

static void judge_absent(struct judging *j)
{
	const struct store_view *s = j->store;
	int64_t take_up = s->created + j->policy->provisioning_seconds / TAKE_UP;
	bool is_late = !s->by_helm && j->now >= take_up;
	char since[OBJECT_TIME_SIZE];
	const char *message =
		j->was_ready ?
			print(j, "namespace store-%s is not there any more",
			      s->name) :
		is_late ?
			print(j, "nothing has made namespace store-%s since %s: Argo CD's Application store-%s says why, or, where that is missing, its ApplicationSet for Stores",
			      s->name, object_time_print(s->created, since),
			      s->name) :
			how_to_deliver(j);
	const char *reason = j->was_ready ? "NamespaceMissing" :
			     is_late	  ? "NotTakenUp" :
					    "NotDelivered";
	if (!s->by_helm)
		look_again(j, take_up);
	set(j, CONDITION_DELIVERED, "False", reason, message);
	set(j, CONDITION_GUARDED, "Unknown", reason,
	    "there is nothing to guard yet");
	not_ready(j, PHASE_PENDING, reason, message);
}

static void judge_empty(struct judging *j)
{
	const char *message =
		print(j, "nothing is installed in namespace store-%s",
		      j->store->name);
	set(j, CONDITION_DELIVERED, "False", "NothingInstalled", message);
	set(j, CONDITION_GUARDED, "Unknown", "NothingInstalled",
	    "there is nothing to guard yet");
	not_ready(j, PHASE_PROVISIONING, "NothingInstalled", message);
}

/*
 * When it began to be brought about: a Store for Argo CD as it was made, any other when
 * somebody took it up.
 */
static int64_t begin_of(const struct judging *j)
{
	int64_t begin = j->store->created;
	if (!j->store->by_helm)
		return begin;
	if (begin < j->scene->namespace_created)
		begin = j->scene->namespace_created;
	return begin < j->installed ? j->installed : begin;
}

/* Of what keeps no shop from being ready. */
static const char *what_is_not_seen(struct judging *j)
{
	if (j->scene->is_crowded)
		return "; of its objects there are more than are looked at";
	for (unsigned i = 0; i < j->scene->count; i++) {
		const struct object_state *o = &j->scene->objects[i];
		if (strcmp(o->reason, OBJECT_UNREADABLE) == 0)
			return print(j, "; %s %.253s %.300s",
				     object_kind_name(o->kind), o->name,
				     o->message);
	}
	return "";
}

static void judge_installed(struct judging *j)
{
	struct store_status *s = &j->out->status;
	bool guarded = judge_guards(j);
	set(j, CONDITION_DELIVERED, "True", "Installed",
	    print(j, "its workloads are in namespace store-%s",
		  j->store->name));
	if (j->worst) {
		const struct cause c = worst_cause(j);
		not_ready(j, PHASE_PROVISIONING, c.reason, c.message);
	} else if (!guarded) {
		not_ready(j, PHASE_PROVISIONING, "GuardMissing",
			  s->conditions[CONDITION_GUARDED].message);
	} else if (j->engine && !j->has_public) {
		not_ready(j, PHASE_PROVISIONING, "NoPublicWorkload",
			  "no workload that serves it is installed");
	} else {
		s->phase = PHASE_READY;
		set(j, CONDITION_READY, "True", "Served",
		    print(j, "all workloads are available and all guards are in place%s",
			  what_is_not_seen(j)));
		if (!s->ready_at) {
			int64_t took = j->now - begin_of(j);
			s->ready_at = j->now;
			s->provisioning_seconds = took > 0 ? took : 0;
		}
	}
}

static void judge_namespace(struct judging *j)
{
	if (j->scene->namespace == NAMESPACE_ABSENT)
		judge_absent(j);
	else if (!j->workloads)
		judge_empty(j);
	else
		judge_installed(j);
	if (j->scene->namespace == NAMESPACE_TERMINATING)
		not_ready(j, PHASE_PROVISIONING, "NamespaceTerminating",
			  print(j, "namespace store-%s is being deleted, though its Store is not%s%s",
				j->store->name,
				*j->scene->holds_namespace ? ": " : "",
				j->scene->holds_namespace));
}

/* Argo CD is not told of it: generator_list.h. */
static void judge_size(struct judging *j)
{
	if (!j->store->is_too_large || j->store->by_helm || j->was_ready)
		return;
	const char *message =
		print(j, "spec.values is more than a Store may have (%zu bytes as JSON, %u values with their keys): until it is less, Argo CD is not told of it",
		      SG_MAX_VALUES_BYTES, SG_MAX_VALUES);
	set(j, CONDITION_DELIVERED, "False", "TooLarge", message);
	not_ready(j, j->out->status.phase == PHASE_READY ?
			     PHASE_PROVISIONING :
			     j->out->status.phase,
		  "TooLarge", message);
}

/* What is not ready has failed, or is worse than it was, or takes its time. */
static void judge_phase(struct judging *j)
{
	struct store_status *s = &j->out->status;
	const struct store_condition *ready = &s->conditions[CONDITION_READY];
	int64_t timeout = j->policy->provisioning_seconds;
	int64_t end = begin_of(j) + timeout;
	if (s->phase == PHASE_READY)
		return;
	if (j->was_ready) {
		s->phase = PHASE_DEGRADED;
	} else if (j->rank == RANK_FAILED) {
		s->phase = PHASE_FAILED;
	} else if (j->store->by_helm && !j->workloads) {
		return; /* whoever installs it may take their time */
	} else if (j->now >= end) {
		not_ready(j, PHASE_FAILED, "ProvisionTimeout",
			  timeout % 60 ? print(j, "not ready within %" PRId64
						  " s: %s",
					       timeout, ready->message) :
					 print(j, "not ready within %" PRId64
						  " min: %s",
					       timeout / 60, ready->message));
	} else {
		look_again(j, end);
	}
}

static void judge_deleting(struct judging *j)
{
	const struct store_scene *scene = j->scene;
	const char *name = j->store->name;
	const char *message;
	if (scene->namespace == NAMESPACE_ABSENT && *j->store->held_by)
		message = print(j, "namespace store-%s is gone; the name is free when whoever put finalizer %.128s on the Store takes it off",
				name, j->store->held_by);
	else if (scene->namespace == NAMESPACE_ABSENT)
		message = print(j, "namespace store-%s is gone; the name is about to be free",
				name);
	else if (scene->namespace == NAMESPACE_TERMINATING)
		message = print(j, "waits for namespace store-%s, which is being deleted%s%s",
				name, *scene->holds_namespace ? ": " : "",
				scene->holds_namespace);
	else if (j->store->by_helm)
		message = print(j, "waits until namespace store-%s is gone: helm uninstall store-%s -n store-%s && kubectl delete namespace store-%s",
				name, name, name, name);
	else
		message = print(j, "waits until Argo CD has deleted its Application, and namespace store-%s with it",
				name);
	not_ready(j, PHASE_DELETING, "Deleting", message);
}

void store_status_judge(struct sg_arena *a, const struct policy *p,
			const struct store_view *store,
			const struct store_status *shown,
			const struct store_scene *scene, int64_t now,
			struct store_verdict *out)
{
	struct judging j = {
		.arena = a,
		.policy = p,
		.engine = policy_engine(p, store->engine),
		.store = store,
		.scene = scene,
		.now = now,
		.out = out,
		.was_ready = shown->ready_at != 0,
	};
	*out = (struct store_verdict){ .status = {
		.url = "",
		.admin_url = "",
		.admin_secret = "",
		.ready_at = shown->ready_at,
		.provisioning_seconds = shown->provisioning_seconds,
	} };
	for (unsigned i = 0; i < CONDITIONS; i++)
		out->status.conditions[i] = (struct store_condition){ "", "", "",
								      0 };
	for (unsigned i = 0; i < scene->count; i++)
		look_at(&j, &scene->objects[i]);
	judge_urls(&j);
	if (store->is_deleting) {
		judge_deleting(&j);
		return;
	}
	judge_namespace(&j);
	judge_size(&j);
	judge_phase(&j);
}
