#include "status.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "object_parse.h"
#include "status_calls.h"
#include "store_scenes.h"

/* ms */
enum {
	SYNC_POLL = 100,
	POLICY_POLL = 1000,
	BLIND_TOLD = 30000,
	EXPLAIN_AGAIN = 15000,
	/* where it took too long, which it may at each time, and others wait */
	UNEXPLAINED_AGAIN = 120000,
	FAILED_AGAIN = 5000,
	CONFLICT_AGAIN = 1000,
};

/* What is watched, besides Stores and namespaces; by their store's label, or as guards. */
static const struct {
	enum object_kind kind;
	const char *path;
} watched[] = {
#define OF_STORES "?labelSelector=urumi.io%2Fstore"
#define GUARDS "?labelSelector=urumi.io%2Fcomponent%3Dguard"
	{ OBJECT_DEPLOYMENT, "/apis/apps/v1/deployments" OF_STORES },
	{ OBJECT_STATEFULSET, "/apis/apps/v1/statefulsets" OF_STORES },
	{ OBJECT_DAEMONSET, "/apis/apps/v1/daemonsets" OF_STORES },
	{ OBJECT_JOB, "/apis/batch/v1/jobs" OF_STORES },
	{ OBJECT_POD, "/api/v1/pods" OF_STORES },
	{ OBJECT_INGRESS, "/apis/networking.k8s.io/v1/ingresses" OF_STORES },
	{ OBJECT_NETWORKPOLICY,
	  "/apis/networking.k8s.io/v1/networkpolicies" GUARDS },
	{ OBJECT_RESOURCEQUOTA, "/api/v1/resourcequotas" GUARDS },
	{ OBJECT_LIMITRANGE, "/api/v1/limitranges" GUARDS },
};

enum {
	KINDS = sizeof watched / sizeof *watched,
	STORES = KINDS,
	NAMESPACES,
	WATCHES,
};

struct status {
	struct status_options options;
	struct api *api;
	struct scenes *scenes;
	struct informer *watches[WATCHES];
	pthread_t thread;
	bool runs;
	struct sg_arena arena; /* of the Store at hand */
	struct policy_hold *policy; /* that Stores were judged by last */
	bool sees_all; /* each list has been read */
	bool may_not_mark; /* namespaces: nobody wants it */
	int64_t told; /* when it was logged last that it does not */
	char complaint[SG_MAX_MESSAGE]; /* logged last */
};

/* --- what could not be done ------------------------------------------------------ */

static void complain(struct status *s, const char *name, const struct sg_error *e)
{
	if (strcmp(s->complaint, e->message) == 0)
		return;
	memcpy(s->complaint, e->message, sizeof s->complaint);
	log_event(s->options.log, LOG_LEVEL_WARNING,
		  "a Store's status could not be kept, and will be tried again",
		  log_text("store", name), log_text("error", e->message));
}

/* Whether it was done. Else it is tried again, or what is new will tell. */
static bool took(struct status *s, const char *name, enum call call,
		 const struct sg_error *e)
{
	if (call == CALL_DONE)
		return true;
	if (call == CALL_ABSENT || api_pause(s->api, 0))
		return false;
	if (call != CALL_CONFLICT)
		complain(s, name, e);
	scenes_look_again(s->scenes, name,
			  clock_now() + (call == CALL_CONFLICT ?
						 CONFLICT_AGAIN :
						 FAILED_AGAIN));
	return false;
}

/* --- a Store's finalizer ------------------------------------------------------------ */

static void free_name(struct status *s, const char *name,
		      const struct node *store)
{
	struct sg_error e = { 0 };
	enum call call = status_find_namespace(s->api, name, &e);
	if (call == CALL_DONE)
		return; /* it came back, and the watch will tell */
	if (call != CALL_ABSENT) {
		(void)took(s, name, call, &e);
		return;
	}
	if (took(s, name, status_set_finalizer(s->api, store, false, &e), &e))
		log_event(s->options.log, LOG_LEVEL_INFO,
			  "a Store's namespace is gone, and its name free",
			  log_text("store", name));
}

/* Whether there is nothing to do about it. */
static bool keep_finalizer(struct status *s, const struct store_view *view,
			   const struct store_scene *scene,
			   const struct node *store)
{
	struct sg_error e = { 0 };
	if (view->is_deleting && view->has_finalizer &&
	    scene->namespace == NAMESPACE_ABSENT) {
		free_name(s, view->name, store);
		return false;
	}
	if (view->is_deleting || view->has_finalizer)
		return true;
	(void)took(s, view->name,
		   status_set_finalizer(s->api, store, true, &e), &e);
	return false; /* it comes again, with another version */
}

/* --- a protected Store's namespace ------------------------------------------------- */

static bool is_marked_right(const struct store_view *view,
			    const struct store_scene *scene)
{
	return scene->namespace != NAMESPACE_ACTIVE ||
	       view->is_protected == scene->is_marked;
}

static void keep_mark(struct status *s, const struct store_view *view,
		      const struct store_scene *scene)
{
	struct sg_error e = { 0 };
	if (s->may_not_mark || is_marked_right(view, scene))
		return;
	enum call call = status_mark_namespace(s->api, view->name,
					       view->is_protected, &e);
	s->may_not_mark = call == CALL_REFUSED;
	if (s->may_not_mark)
		log_event(s->options.log, LOG_LEVEL_WARNING,
			  "the namespaces of protected Stores are not marked, so the API server lets them be deleted",
			  log_text("error", e.message));
	else
		(void)took(s, view->name, call, &e);
}

/* --- a Store's status --------------------------------------------------------------- */

/* Not worth an Event of their own: on the way, one follows another. */
static bool is_on_its_way(const char *reason)
{
	static const char *const ordinary[] = { "ReplicasUnavailable",
						"NotObserved", "JobRunning",
						"NotDelivered",
						"NothingInstalled",
						"NoPublicWorkload" };
	for (size_t i = 0; i < sizeof ordinary / sizeof *ordinary; i++)
		if (strcmp(reason, ordinary[i]) == 0)
			return true;
	return false;
}

static void tell(struct status *s, const struct store_view *view,
		 const struct store_status *is, const struct store_status *was,
		 int64_t now)
{
	const struct store_condition *ready = &is->conditions[CONDITION_READY];
	struct sg_error e = { 0 };
	bool new_phase = is->phase != was->phase;
	/* a restart takes a shop's pods away for a moment */
	bool is_bad = is->phase == PHASE_FAILED ||
		      (is->phase == PHASE_DEGRADED &&
		       !is_on_its_way(ready->reason));
	bool new_cause =
		strcmp(ready->reason,
		       was->conditions[CONDITION_READY].reason) != 0 &&
		is->phase != PHASE_READY && is->phase != PHASE_DELETING &&
		!is_on_its_way(ready->reason);
	if (!new_phase && !new_cause)
		return;
	log_event(s->options.log, is_bad ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		  "store", log_text("name", view->name),
		  log_text("phase", store_phase_name(is->phase)),
		  log_text("reason", ready->reason),
		  log_text("message", ready->message));
	/* the status stands; an Event that is lost is no reason to write it again */
	if (status_tell(s->api, view, is_bad || new_cause,
			new_cause ? ready->reason :
				    store_phase_name(is->phase),
			ready->message, now, &e) != CALL_DONE &&
	    !api_pause(s->api, 0))
		complain(s, view->name, &e);
}

static void write_status(struct status *s, const struct store_view *view,
			 const struct store_status *is,
			 const struct store_status *was)
{
	struct status_counters *c = s->options.counters;
	struct sg_error e = { 0 };
	int64_t now = clock_wall() / 1000;
	enum call call = status_apply(s->api, view, is, was, now, &e);
	atomic_fetch_add(call == CALL_DONE ? &c->written : &c->failed, 1);
	if (!took(s, view->name, call, &e))
		return;
	s->complaint[0] = '\0';
	if (is->ready_at && !was->ready_at)
		status_count_ready(c, is->provisioning_seconds);
	tell(s, view, is, was, now);
}

/* What it says now differs from what it showed when it was seen last. */
static void look_closely(struct status *s, const struct policy *policy,
			 const struct store_scene *scene, const char *name)
{
	struct sg_error e = { 0 };
	struct node *store = NULL;
	struct store_view view;
	struct store_status shown;
	struct store_verdict verdict;
	char is[STORE_STATUS_DIGEST], was[STORE_STATUS_DIGEST];
	if (!took(s, name,
		  status_get_store(s->api, &s->arena, name, &store, &e), &e) ||
	    !store_view_read(store, &view) ||
	    !keep_finalizer(s, &view, scene, store))
		return;
	keep_mark(s, &view, scene);
	if (!s->sees_all)
		return;
	store_status_read(store, &shown);
	store_status_judge(&s->arena, policy, &view, &shown, scene,
			   clock_wall() / 1000, &verdict);
	if (sg_arena_check(&s->arena, &e)) {
		(void)took(s, name, CALL_UNKNOWN, &e);
		return;
	}
	store_status_digest(&verdict.status, view.generation, is);
	store_status_digest(&shown, view.observed, was);
	if (strcmp(is, was) != 0)
		write_status(s, &view, &verdict.status, &shown);
}

static void update(struct status *s, const struct policy *policy,
		   const struct store_scene *scene, const char *name)
{
	int64_t begun = clock_now();
	look_closely(s, policy, scene, name);
	scenes_spent(s->scenes, name, clock_now() - begun);
}

/* Asks why, where it was not asked just now. Whether there is an answer. */
static bool explain(struct status *s, struct store_scene *scene,
		    const char *name, const struct object_state *object)
{
	struct sg_error e = { 0 };
	const char *id = sg_arena_printf(&s->arena, "%s/%s",
					 object_kind_name(object->kind),
					 object->name);
	int64_t now = clock_now();
	scenes_look_again(s->scenes, name, now + EXPLAIN_AGAIN);
	bool was_asked = id && strcmp(scene->explained, id) == 0;
	if (!id || (was_asked && now < scene->explained_until))
		return false;
	const char *reason, *message;
	enum call call = status_explain(s->api, &s->arena, name, object, &reason,
					&message, &e);
	bool is_told = took(s, name, call, &e);
	if (is_told || !was_asked) {
		scene->reason = reason;
		scene->message = message;
	}
	scene->explained = id;
	scenes_explain(s->scenes, name, id, scene->reason, scene->message,
		       clock_now() +
			       (is_told ? EXPLAIN_AGAIN : UNEXPLAINED_AGAIN));
	return is_told;
}

static void look_again(struct status *s, const char *name, int64_t when,
		       int64_t now)
{
	if (when)
		scenes_look_again(s->scenes, name,
				  clock_now() + (when - now) * 1000);
}

/* Whether its finalizer and its namespace's mark are as they should be. */
static bool is_settled(const struct status *s, const struct store_view *view,
		       const struct store_scene *scene)
{
	bool is_held = view->is_deleting ?
			       scene->namespace != NAMESPACE_ABSENT ||
				       !view->has_finalizer :
			       view->has_finalizer;
	return is_held && (s->may_not_mark || is_marked_right(view, scene));
}

static void attend(struct status *s, const struct policy *policy,
		   const char *name)
{
	struct scenes_copy seen;
	struct store_verdict verdict;
	char digest[STORE_STATUS_DIGEST];
	int64_t now = clock_wall() / 1000;
	if (!scenes_copy(s->scenes, &s->arena, name, &seen))
		return;
	bool settled = is_settled(s, &seen.store, &seen.scene);
	if (!s->sees_all) {
		if (!settled)
			update(s, policy, &seen.scene, name);
		return;
	}
	store_status_judge(&s->arena, policy, &seen.store, &seen.shown,
			   &seen.scene, now, &verdict);
	if (verdict.unexplained &&
	    explain(s, &seen.scene, name, verdict.unexplained))
		store_status_judge(&s->arena, policy, &seen.store, &seen.shown,
				   &seen.scene, now, &verdict);
	look_again(s, name, verdict.look_again, now);
	store_status_digest(&verdict.status, seen.store.generation, digest);
	if (!settled || strcmp(digest, seen.digest) != 0)
		update(s, policy, &seen.scene, name);
}

/* --- the threads ---------------------------------------------------------------------- */

/* A name's end is a matter of Stores and namespaces alone. */
static bool may_free_names(const struct status *s)
{
	return informer_is_synced(s->watches[STORES]) &&
	       informer_is_synced(s->watches[NAMESPACES]);
}

static void tell_of_blindness(struct status *s, enum object_kind kind)
{
	int64_t now = clock_now();
	if (now < s->told + BLIND_TOLD)
		return;
	s->told = now;
	log_event(s->options.log, LOG_LEVEL_WARNING,
		  "the Stores' status waits until these objects can be read",
		  log_text("kind", object_kind_name(kind)));
}

/* What has not been listed yet is not gone: until then nothing is said of any shop. */
static void look_whether_all_is_seen(struct status *s)
{
	if (s->sees_all)
		return;
	for (unsigned i = 0; i < KINDS; i++)
		if (!informer_is_synced(s->watches[i])) {
			tell_of_blindness(s, watched[i].kind);
			return;
		}
	s->sees_all = true;
	scenes_look_at_all(s->scenes);
}

/* Another one judges all Stores anew. NULL: it is not known yet. */
static const struct policy *follow_policy(struct status *s)
{
	struct sg_error e;
	struct policy_hold *now = gate_hold_policy(s->options.gate, &e);
	struct policy_hold *before = s->policy;
	if (!now || (before && policy_held(now) == policy_held(before))) {
		policies_release(now);
		return before ? policy_held(before) : NULL;
	}
	s->policy = now;
	if (before)
		scenes_look_at_all(s->scenes);
	policies_release(before);
	return policy_held(now);
}

static void *run(void *context)
{
	struct status *s = context;
	char name[SG_STORE_NAME_MAX + 1];
	s->told = clock_now();
	while (!may_free_names(s) || !follow_policy(s))
		if (api_pause(s->api, SYNC_POLL))
			return NULL;
	while (!api_pause(s->api, 0)) {
		const struct policy *policy = follow_policy(s);
		look_whether_all_is_seen(s);
		if (!scenes_next(s->scenes, clock_now() + POLICY_POLL, name))
			continue;
		sg_arena_clear(&s->arena);
		attend(s, policy, name);
	}
	return NULL;
}

static int watch(struct status *s, unsigned i, const char *path,
		 const char *const *sealed, struct informer_sink sink,
		 struct sg_error *e)
{
	const struct informer_options o = { .path = path, .sealed = sealed };
	return informer_start(s->api, &o, &sink, s->options.log,
			      &s->watches[i], e);
}

static int watch_all(struct status *s, struct sg_error *e)
{
	for (unsigned i = 0; i < KINDS; i++)
		if (watch(s, i, watched[i].path,
			  watched[i].kind == OBJECT_INGRESS ?
				  object_sealed_alone :
				  object_sealed_workload,
			  scenes_objects_sink(s->scenes, watched[i].kind), e))
			return -1;
	return watch(s, STORES, "/apis/urumi.io/v1/stores", object_sealed_store,
		     scenes_stores_sink(s->scenes), e) ||
			       watch(s, NAMESPACES, "/api/v1/namespaces",
				     object_sealed_alone,
				     scenes_namespaces_sink(s->scenes), e) ?
		       -1 :
		       0;
}

static int start(struct status *s, struct sg_error *e)
{
	if (api_open(s->options.kubeconfig, &s->api, e))
		return -1;
	s->scenes = scenes_new();
	if (!s->scenes || status_metrics_add_phases(s->options.metrics, s->scenes))
		return sg_error_memory(e);
	if (watch_all(s, e))
		return -1;
	for (unsigned i = 0; i < KINDS; i++)
		if (status_metrics_add_watch(s->options.metrics,
					     s->watches[i], watched[i].kind))
			return sg_error_memory(e);
	int failed = pthread_create(&s->thread, NULL, run, s);
	if (failed)
		return sg_error_set(e, SG_IO, "cannot start a thread: %s",
				    strerror(failed));
	s->runs = true;
	return 0;
}

int status_start(const struct status_options *o, struct status **out,
		 struct sg_error *e)
{
	struct status *s = calloc(1, sizeof *s);
	if (!s)
		return sg_error_memory(e);
	s->options = *o;
	sg_arena_init(&s->arena);
	if (start(s, e)) {
		status_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

void status_free(struct status *s)
{
	if (!s)
		return;
	if (s->api)
		api_stop(s->api);
	if (s->scenes) {
		scenes_stop(s->scenes);
		metrics_forget(s->options.metrics, s->scenes);
	}
	if (s->runs)
		(void)pthread_join(s->thread, NULL);
	for (unsigned i = 0; i < WATCHES; i++) {
		if (s->watches[i])
			metrics_forget(s->options.metrics, s->watches[i]);
		informer_free(s->watches[i]);
	}
	scenes_free(s->scenes);
	policies_release(s->policy);
	api_free(s->api);
	sg_arena_release(&s->arena);
	free(s);
}
