#include "survey.h"

#include <string.h>

#include "demand.h"
#include "guard_names.h"
#include "labels.h"
#include "names.h"
#include "operators.h"
#include "text.h"

int survey_init(struct survey *s, const struct identity *who, bool measures,
		struct sg_error *e)
{
	*s = (struct survey){
		.who = who,
		.terms = { who->plan, who->cluster },
		.measures = measures,
	};
	sg_arena_init(&s->arena);
	sg_buffer_init(&s->operated, SG_MAX_MESSAGE);
	violations_init(&s->violations, &s->arena);
	calls_init(&s->calls, who);
	return reach_init(&s->reach, who->engine, e);
}

void survey_release(struct survey *s)
{
	free(s->askers.items);
	free(s->autoscalers.items);
	free(s->plain_jobs.items);
	sg_buffer_release(&s->operated);
	calls_release(&s->calls);
	reach_release(&s->reach);
	sg_arena_release(&s->arena);
}

/* A name that outlives its object, fit to print. */
static const char *keep(struct survey *s, const char *text)
{
	char *kept = sg_arena_copy(&s->arena, text, strlen(text));
	return kept ? text_make_printable(kept) : "";
}

static void note_component(struct survey *s, const struct object *o,
			   const struct component *component,
			   struct diagnostics *d)
{
	const struct engine *engine = s->who->engine;
	if (component)
		reach_facts(&s->reach, component)->present = true;
	else
		diagnostics_warn(d,
				 "%s/%s is none of engine %s's components: its pods get no network but DNS. A label " SG_LABEL_COMPONENT
				 " on its template can name one",
				 o->kind, o->name, engine->name);
}

/* What an operator makes of a custom object is labelled as that says, if at all. */
static void note_custom(struct survey *s, const struct component *component)
{
	if (!component)
		return;
	struct component_facts *facts = reach_facts(&s->reach, component);
	facts->present = true;
	facts->is_guessed = true;
}

/*
 * A plain Job's pods are stamped by nobody. What its template says itself holds:
 * a component's name puts them under that component's policy, and where it has the
 * store's label, the policy of hooks finds them.
 */
static bool needs_own_selector(const struct object *o)
{
	return o->workload == JOB && !o->is_hook &&
	       !object_label(o->template, SG_LABEL_STORE) &&
	       !object_label(o->template, SG_LABEL_COMPONENT);
}

enum { SHOWN_OPERATED = 12, NAME_WIDTH = 60 };

static void note_operated(struct survey *s, const struct object *o)
{
	char name[512];
	if (s->operated_shown == SHOWN_OPERATED) {
		s->operated_more++;
		return;
	}
	(void)snprintf(name, sizeof name, "%.63s/%.253s", o->kind, o->name);
	sg_buffer_printf(&s->operated, "%s%s", s->operated_shown ? ", " : "",
			 text_shorten(text_make_printable(name), NAME_WIDTH));
	s->operated_shown++;
}

static int note_plain_job(struct survey *s, const struct object *o,
			  struct sg_error *e)
{
	struct plain_job *job = LIST_ADD(s->plain_jobs, e);
	if (!job)
		return -1;
	const struct node *labels =
		node_path(o->template, "metadata", "labels", NULL);
	size_t count = node_count(labels);
	if (count == 0)
		return 0;
	if (count > SG_MAX_JOB_LABELS) {
		sg_error_set(e, SG_INVALID,
			     "its template has %zu labels; at most %u are accepted",
			     count, SG_MAX_JOB_LABELS);
		return object_context(o, e);
	}
	job->labels = sg_arena_alloc(&s->arena, count * sizeof *job->labels);
	if (!job->labels)
		return sg_error_memory(e);
	for (const struct node *k = labels->first; k; k = k->next->next) {
		const char *key = node_text(k), *value = node_text(k->next);
		if (key && value)
			job->labels[job->label_count++] = (struct edit_pair){
				sg_arena_copy(&s->arena, key, strlen(key)),
				sg_arena_copy(&s->arena, value, strlen(value))
			};
	}
	return 0;
}

static int note_autoscaler(struct survey *s, const struct object *o,
			   struct sg_error *e)
{
	if (!autoscaler_is_one(o))
		return 0;
	struct autoscaler *scaler = LIST_ADD(s->autoscalers, e);
	if (!scaler)
		return -1;
	if (autoscaler_read(o, scaler, e))
		return object_context(o, e);
	scaler->kind = keep(s, scaler->kind);
	scaler->name = keep(s, scaler->name);
	return 0;
}

/* Keeps an asker beyond its object's turn, if it asks for anything. */
static int keep_asker(struct survey *s, const struct asker *asker,
		      struct sg_error *e)
{
	struct resources each = { 0 };
	if (!asker->each.count)
		return 0;
	/* the names are the policy's, only the list moves */
	if (resources_add_all(&s->arena, &each, &asker->each, 1, e))
		return -1;
	struct asker *stored = LIST_ADD(s->askers, e);
	if (!stored)
		return -1;
	*stored = *asker;
	stored->kind = asker->kind ? keep(s, asker->kind) : NULL;
	stored->name = keep(s, asker->name);
	stored->each = each;
	return 0;
}

/* What the fit can't know of an object that it counts. */
static void warn_of_unknowns(struct survey *s, const struct object *o,
			     const struct unknowns *unknown,
			     struct diagnostics *d)
{
	if (o->workload == DAEMON_SET)
		diagnostics_warn(d,
				 "%s/%s runs on every node; its pods are counted as one",
				 o->kind, o->name);
	if (unknown->runtime_class)
		diagnostics_warn(d,
				 "%s/%s: what RuntimeClass %.253s adds to each pod is not counted; the policy can tell it (cluster.runtimeClasses)",
				 o->kind, o->name, unknown->runtime_class);
	if (!unknown->claim_class || s->asked_for_class)
		return;
	s->asked_for_class = true;
	diagnostics_warn(d,
			 "%s/%s: a claim names no storage class, and what the plan allows of the cluster's default one is not checked; the policy can tell it (cluster.defaultStorageClass)",
			 o->kind, o->name);
}

static int measure(struct survey *s, const struct object *o,
		   struct sg_arena *scratch, struct diagnostics *d,
		   struct sg_error *e)
{
	struct asker itself = { .kind = o->kind, .name = o->name,
				.replicas = 1 };
	struct asker asker = { .kind = o->kind, .name = o->name,
			       .workload = o->workload,
			       .hook = hook_read(o) };
	struct asker finished = { .kind = o->kind, .name = o->name,
				  .replicas = 1, .has_ended = true };
	struct unknowns unknown;
	if (demand_count_object(o, &s->terms, scratch, &itself.each, e) ||
	    demand_measure(o, &s->terms, scratch, &asker, &s->violations,
			   &unknown, e) ||
	    demand_count_finished(o, &s->terms, scratch, &finished.each, e))
		return object_context(o, e);
	warn_of_unknowns(s, o, &unknown, d);
	return keep_asker(s, &itself, e) || keep_asker(s, &asker, e) ||
			       keep_asker(s, &finished, e) ?
		       -1 :
		       0;
}

int survey_object(struct survey *s, const struct object *o,
		  const struct component *component, struct sg_arena *scratch,
		  struct diagnostics *d, struct sg_error *e)
{
	s->objects++;
	if (o->workload)
		note_component(s, o, component, d);
	else if (kind_is_custom(o->group))
		note_custom(s, component);
	if (operator_makes_pods(o))
		note_operated(s, o);
	if (labels_reach_pods(o))
		s->stamped_templates++;
	if (needs_own_selector(o) && note_plain_job(s, o, e))
		return -1;
	if (calls_note(&s->calls, o, component, scratch, e))
		return object_context(o, e);
	if (!s->measures)
		return 0;
	if (note_autoscaler(s, o, e))
		return -1;
	return measure(s, o, scratch, d, e);
}

static void apply_autoscalers(struct survey *s)
{
	autoscalers_sort(s->autoscalers.items, s->autoscalers.count);
	for (unsigned i = 0; i < s->askers.count; i++) {
		struct asker *asker = &s->askers.items[i];
		if (asker->workload)
			asker->replicas = autoscalers_raise(
				s->autoscalers.items, s->autoscalers.count,
				asker->kind, asker->name, asker->replicas);
	}
}

/*
 * Helm keeps ten revisions as Secrets, with one to spare; each namespace has a
 * ConfigMap of the cluster's CA and a ServiceAccount; and the guards count too.
 */
static int add_surroundings(struct survey *s, struct sg_error *e)
{
	const struct {
		const char *resource;
		unsigned count;
		const char *name;
	} others[] = {
		{ "secrets", 11, "Helm's own, its release history" },
		{ "configmaps", 1, "Kubernetes' own, kube-root-ca.crt" },
		{ "serviceaccounts", 1, "Kubernetes' own, default" },
		{ "resourcequotas", 1, "the guard itself" },
		{ "limitranges", 1, "the guard itself" },
		{ "networkpolicies.networking.k8s.io",
		  guard_policy_count(s->who->engine), "the guards themselves" },
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		struct asker asker = { .name = others[i].name, .replicas = 1 };
		if (demand_count(others[i].resource, others[i].count,
				 &s->terms, &s->arena, &asker.each, e) ||
		    keep_asker(s, &asker, e))
			return -1;
	}
	return 0;
}

void survey_report(const struct survey *s, struct diagnostics *d)
{
	char more[32] = "";
	if (s->operated_more)
		(void)snprintf(more, sizeof more, " and %u more",
			       s->operated_more);
	if (s->operated_shown)
		diagnostics_warn(d,
				 "the pods and volume claims that operators make of these are not counted in the fit, and get no network but DNS unless the operator labels them: %s%s",
				 s->operated.data, more);
}

int survey_finish(struct survey *s, struct sg_error *e)
{
	apply_autoscalers(s);
	return add_surroundings(s, e);
}

int64_t asker_pods(const struct asker *asker)
{
	if (asker->workload == NOT_A_WORKLOAD)
		return 0;
	int64_t extra = asker->surge;
	if (asker->surge_is_percent) /* Kubernetes rounds a surge up */
		extra = (asker->replicas * asker->surge + 99) / 100;
	return asker->replicas ? asker->replicas + extra : 0;
}

int64_t asker_times(const struct asker *asker)
{
	return asker->workload ? asker_pods(asker) : asker->replicas;
}
