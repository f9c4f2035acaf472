#include "survey.h"

#include <string.h>

#include "demand.h"
#include "guard_names.h"
#include "labels.h"
#include "names.h"
#include "text.h"

int survey_init(struct survey *s, const struct identity *who, bool measures,
		struct sg_error *e)
{
	*s = (struct survey){ .who = who, .measures = measures };
	sg_arena_init(&s->arena);
	violations_init(&s->violations, &s->arena);
	calls_init(&s->calls, who);
	return reach_init(&s->reach, who->engine, e);
}

void survey_release(struct survey *s)
{
	free(s->askers.items);
	free(s->autoscalers.items);
	free(s->plain_jobs.items);
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

/* What an operator makes of a custom object: pods, which we can only guess. */
static void note_custom(struct survey *s, const struct object *o,
			const struct component *component,
			struct diagnostics *d)
{
	if (node_is_sequence(node_path(o->root, "spec", "template", "spec",
				       "containers", NULL)))
		diagnostics_warn(d,
				 "%s/%s makes pods of a kind unknown here: they are not counted, and get no network but DNS",
				 o->kind, o->name);
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
	bool hpa = strcmp(o->group, "autoscaling") == 0 &&
		   strcmp(o->kind, "HorizontalPodAutoscaler") == 0;
	bool keda = strcmp(o->group, "keda.sh") == 0 &&
		    strcmp(o->kind, "ScaledObject") == 0;
	if (!hpa && !keda)
		return 0;
	const struct node *spec = node_get(o->root, "spec");
	const struct node *target = node_get(spec, "scaleTargetRef");
	const char *kind = node_text(node_get(target, "kind"));
	const char *name = node_text(node_get(target, "name"));
	const char *field = hpa ? "maxReplicas" : "maxReplicaCount";
	struct autoscaler *scaler = LIST_ADD(s->autoscalers, e);
	if (!scaler)
		return -1;
	*scaler = (struct autoscaler){ keep(s, kind ? kind : "Deployment"),
				       keep(s, name ? name : ""), 100 };
	return decode_int(spec, "spec", field, 1, DEMAND_MAX_REPLICAS,
			  &scaler->max, e) ?
		       object_context(o, e) :
		       0;
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

static int measure(struct survey *s, const struct object *o,
		   struct sg_arena *scratch, struct diagnostics *d,
		   struct sg_error *e)
{
	struct asker itself = { .kind = o->kind, .name = o->name,
				.replicas = 1 };
	struct asker asker = { .kind = o->kind, .name = o->name,
			       .workload = o->workload,
			       .is_hook = o->is_hook };
	const struct plan *plan = s->who->plan;
	if (demand_count_object(o, plan, scratch, &itself.each, e) ||
	    demand_measure(o, plan, scratch, &asker, &s->violations, e))
		return object_context(o, e);
	if (o->workload == DAEMON_SET)
		diagnostics_warn(d,
				 "%s/%s runs on every node; its pods are counted as one",
				 o->kind, o->name);
	return keep_asker(s, &itself, e) || keep_asker(s, &asker, e) ? -1 : 0;
}

int survey_object(struct survey *s, const struct object *o,
		  const struct component *component, struct sg_arena *scratch,
		  struct diagnostics *d, struct sg_error *e)
{
	s->objects++;
	if (o->workload)
		note_component(s, o, component, d);
	else if (kind_is_custom(o->group))
		note_custom(s, o, component, d);
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

static int compare_autoscalers(const void *left, const void *right)
{
	const struct autoscaler *a = left, *b = right;
	int order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->kind, b->kind);
}

/* Of several for one target, the largest maximum counts. */
static void apply_autoscalers(struct survey *s)
{
	struct autoscaler *list = s->autoscalers.items;
	unsigned count = s->autoscalers.count;
	if (!count)
		return;
	qsort(list, count, sizeof *list, compare_autoscalers);
	for (unsigned i = 1; i < count; i++)
		if (compare_autoscalers(&list[i - 1], &list[i]) == 0 &&
		    list[i].max < list[i - 1].max)
			list[i].max = list[i - 1].max;
	for (unsigned i = count - 1; i > 0; i--)
		if (compare_autoscalers(&list[i - 1], &list[i]) == 0)
			list[i - 1].max = list[i].max;
	for (unsigned i = 0; i < s->askers.count; i++) {
		struct asker *asker = &s->askers.items[i];
		struct autoscaler key = { asker->kind, asker->name, 0 };
		if (!asker->workload)
			continue;
		const struct autoscaler *found = bsearch(
			&key, list, count, sizeof *list, compare_autoscalers);
		if (found && asker->replicas < found->max)
			asker->replicas = found->max;
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
				 s->who->plan, &s->arena, &asker.each, e) ||
		    keep_asker(s, &asker, e))
			return -1;
	}
	return 0;
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
