#include "room.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "names.h"
#include "rights.h"
#include "text.h"

void room_init(struct room *r, const struct identity *who,
	       const struct options *options)
{
	*r = (struct room){ .who = who, .options = options };
	sg_arena_init(&r->arena);
	violations_init(&r->faults, &r->arena);
	for (int i = 0; i < ROOM_LEVELS; i++)
		violations_init(&r->by_level[i], &r->arena);
	/* the policy has no other */
	(void)pod_security_level(who->engine->pod_security, &r->engine);
	r->required = r->engine;
	if (r->required == POD_SECURITY_RESTRICTED && !options->with_namespace)
		r->required = POD_SECURITY_BASELINE;
}

void room_release(struct room *r)
{
	sg_arena_release(&r->arena);
}

/* Beyond the cap they are counted, so nothing is kept for them. */
static const char *place(struct room *r, const struct violations *v)
{
	if (!r->place && v->count < SG_MAX_VIOLATIONS)
		r->place = object_place(r->object, &r->arena);
	return r->place ? r->place : "";
}

static size_t line_of(const struct room *r, const struct node *at)
{
	return r->object->document->line + (at ? at : r->object->root)->line;
}

static void add(struct room *r, const struct node *at, const char *format,
		va_list args)
{
	/* with its line longer than a message may be, if it is cut */
	char text[VIOLATION_MESSAGE_SIZE];
	(void)vsnprintf(text, sizeof text, format, args);
	violations_add(&r->faults, place(r, &r->faults), "line %zu: %s",
		       line_of(r, at), text);
}

__attribute__((format(printf, 3, 4))) static void
refuse(struct room *r, const struct node *at, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(r, at, format, args);
	va_end(args);
}

void room_refuse(struct room *r, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(r, r->object->root, format, args);
	va_end(args);
}

static const char *called(const struct node *n)
{
	const char *text = node_text(n);
	return text ? text : node_kind_name(n);
}

static void check_label(struct room *r, const struct node *owner,
			const char *where)
{
	const struct node *label = node_path(owner, "metadata", "labels",
					     SG_LABEL_STORE, NULL);
	if (label && !node_is(label, r->who->store.name))
		refuse(r, label,
		       "%s label " SG_LABEL_STORE
		       " is \"%.63s\", another store's; leave it out or make it \"%s\"",
		       where, called(label), r->who->store.name);
}

/* A made-up component would slip by the profile's policies. */
static void check_component(struct room *r, const struct node *owner)
{
	const struct engine *engine = r->who->engine;
	const struct node *label = node_path(owner, "metadata", "labels",
					     SG_LABEL_COMPONENT, NULL);
	const char *text = node_text(label);
	if (label && !object_is_guard(r->object) &&
	    !(text && engine_component(engine, text)))
		refuse(r, label,
		       "label " SG_LABEL_COMPONENT
		       " is \"%.63s\", no component of engine %s; leave it out",
		       called(label), engine->name);
}

static void check_claim_templates(struct room *r, const struct object *o)
{
	const struct node *claims = node_path(o->root, "spec",
					      "volumeClaimTemplates", NULL);
	const struct node *c = node_is_sequence(claims) ? claims->first : NULL;
	for (; c; c = c->next)
		check_label(r, c, "a volumeClaimTemplate's");
}

static void check_labels(struct room *r, const struct object *o)
{
	check_label(r, o->root, "its");
	check_component(r, o->root);
	if (o->template && o->workload != POD) {
		check_label(r, o->template, "its template's");
		check_component(r, o->template);
	}
	if (o->workload == CRON_JOB)
		check_label(r, node_path(o->root, "spec", "jobTemplate", NULL),
			    "its jobTemplate's");
	check_claim_templates(r, o);
}

static void check_level_version(struct room *r, const struct node *labels)
{
	static const char key[] = "pod-security.kubernetes.io/enforce-version";
	const struct node *version = node_get(labels, key);
	if (version && !node_is(version, "latest"))
		refuse(r, version,
		       "label %s is \"%.63s\"; leave it out or make it latest: older versions let in what the present one refuses",
		       key, called(version));
}

/* The store's own: pods that it lets in are held to nothing else. */
static void check_own_namespace(struct room *r, const struct object *o)
{
	static const char key[] = "pod-security.kubernetes.io/enforce";
	static const char devices[] = "resource.kubernetes.io/admin-access";
	const struct node *labels = node_get(o->metadata, "labels");
	const struct node *label = node_get(labels, key);
	const struct node *access = node_get(labels, devices);
	const char *engine = r->who->engine->name;
	enum pod_security level = r->engine;
	if (r->options->with_namespace && object_is_guard(o))
		return; /* gives way to a new one */
	if (r->options->with_namespace)
		refuse(r, o->root,
		       "is the store's namespace, which --with-namespace makes; leave it out of the chart, or that option");
	if (label && (!pod_security_level(called(label), &level) ||
		      level < r->engine))
		refuse(r, label,
		       "label %s is \"%.63s\"; make it %s, the podSecurity of engine %s",
		       key, called(label), pod_security_name(r->engine), engine);
	else if (label && level > r->enforced)
		r->enforced = level;
	if (r->engine == POD_SECURITY_PRIVILEGED)
		return;
	check_level_version(r, labels);
	if (node_is(access, "true"))
		refuse(r, access,
		       "label %s lets pods take devices that others use; leave it out",
		       devices);
}

static bool is_namespace(const struct object *o)
{
	return !*o->group && strcmp(o->kind, "Namespace") == 0;
}

static void check_scope(struct room *r, const struct object *o)
{
	const char *namespace = r->who->namespace;
	/* the object's name may be its generateName, which makes others */
	const struct node *name = node_get(o->metadata, "name");
	if (is_namespace(o) && node_is(name, namespace))
		check_own_namespace(r, o);
	else if (r->options->allow_cluster_scoped ||
		 (store_is_store(o->root) && node_is(name, r->who->store.name)))
		return;
	else if (is_namespace(o))
		refuse(r, o->root,
		       "is another namespace; this store's is \"%s\"",
		       namespace);
	else
		refuse(r, o->root,
		       "is cluster-scoped; a store's release may hold only what lives in namespace \"%s\" (an operator may pass --allow-cluster-scoped)",
		       namespace);
}

static void check_namespace(struct room *r, const struct object *o)
{
	const struct node *n = node_get(o->metadata, "namespace");
	const char *own = r->who->namespace;
	if (node_is_null(n) || node_is(n, "") || node_is(n, own))
		return;
	const char *text = node_string(n);
	refuse(r, n, "metadata.namespace is \"%.63s\"; leave it out: this store's is \"%s\"%s",
	       called(n), own,
	       text && identity_may_live_in(r->who->store.name, text) ?
		       " (if the store lives there, pass --namespace)" :
		       "");
}

struct listing {
	struct room *room;
	struct violations *violations; /* NULL: they are only counted */
	unsigned count;
};

static void list_pod_fault(void *context, const struct pod_fault *fault)
{
	struct listing *l = context;
	l->count++;
	if (l->violations)
		violations_add(l->violations, place(l->room, l->violations),
			       "line %zu: %s", line_of(l->room, fault->at),
			       fault->text);
}

/* Whether there are any. */
static bool list_pod_faults(struct room *r, const struct node *template,
			    enum pod_security level, struct violations *v)
{
	struct listing l = { r, v, 0 };
	pod_security_check(node_get(template, "metadata"),
			   node_get(template, "spec"), level, list_pod_fault,
			   &l);
	r->refused[level] += l.count != 0;
	return l.count != 0;
}

/*
 * A system- class has pods of others driven off a node, the cluster's own among
 * them. (PriorityClasses of the operator's are the operator's.)
 */
static void check_priority(struct room *r, const struct node *spec)
{
	static const char prefix[] = "system-";
	const struct node *class = node_get(spec, "priorityClassName");
	const char *text = node_text(class);
	if (text && strncmp(text, prefix, sizeof prefix - 1) == 0)
		refuse(r, class,
		       "priorityClassName is %.63s, for which other stores' pods have to go; leave it out",
		       text);
}

/* Multus gives pods networks that NetworkPolicies do not reach. */
static void check_networks(struct room *r, const struct node *annotations)
{
	static const char *const keys[] = { "k8s.v1.cni.cncf.io/networks",
					    "v1.multus-cni.io/default-network" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct node *n = node_get(annotations, keys[i]);
		if (!node_is_null(n) && !node_is(n, ""))
			refuse(r, n,
			       "annotation %s takes pods to networks besides the cluster's, where no NetworkPolicy holds; leave it out",
			       keys[i]);
	}
}

/*
 * What the required level refuses is listed, or what a lower one does where that
 * refuses nothing: restricted passes over some of baseline.
 */
static void check_pod(struct room *r, const struct node *template)
{
	bool listed = false;
	for (int i = POD_SECURITY_RESTRICTED; i > POD_SECURITY_PRIVILEGED; i--) {
		enum pod_security level = (enum pod_security)i;
		bool higher = level > r->required;
		struct violations *v = higher ? &r->by_level[i] :
				       listed ? NULL :
						&r->faults;
		bool refused = list_pod_faults(r, template, level, v);
		listed |= refused && !higher;
	}
	if (r->engine != POD_SECURITY_PRIVILEGED) {
		check_priority(r, node_get(template, "spec"));
		check_networks(r, node_path(template, "metadata", "annotations",
					    NULL));
	}
}

/* Wherever an operator may take them from: podMetadata, podAnnotations and so on. */
static void search_for_privileges(struct room *r, const struct node *n)
{
	n = node_resolve(n);
	if (node_is_mapping(n)) {
		check_priority(r, n);
		check_networks(r, n);
		for (const struct node *k = n->first; k; k = k->next->next)
			search_for_privileges(r, k->next);
	} else if (node_is_sequence(n)) {
		for (n = n->first; n; n = n->next)
			search_for_privileges(r, n);
	}
}

static void search_for_pods(struct room *r, const struct object *o)
{
	struct listing l = { r, &r->faults, 0 };
	if (r->engine == POD_SECURITY_PRIVILEGED)
		return;
	pod_security_search(o->root, list_pod_fault, &l);
	r->refused[POD_SECURITY_BASELINE] += l.count != 0;
	search_for_privileges(r, node_get(o->root, "spec"));
}

static void check_pods(struct room *r, const struct object *o, bool in_cluster)
{
	if (o->workload)
		check_pod(r, o->template);
	else if (!*o->group && strcmp(o->kind, "PodTemplate") == 0)
		check_pod(r, node_get(o->root, "template"));
	else if (*o->group && !in_cluster)
		search_for_pods(r, o);
}

static void check_rights(struct room *r, const struct object *o)
{
	struct right right;
	if (r->options->allow_cluster_scoped || !rights_over_guards(o, &right))
		return;
	if (right.is_bound)
		refuse(r, right.at,
		       "binds ClusterRole %s, which may change the store's guards; bind a Role of the release with what the shop needs (an operator may pass --allow-cluster-scoped)",
		       right.over);
	else
		refuse(r, right.at,
		       "gives rights to change %s, by which the store's guards could go; name other resources, or verbs that read (an operator may pass --allow-cluster-scoped)",
		       right.over);
}

void room_check(struct room *r, const struct object *o)
{
	bool in_cluster = kind_is_cluster_scoped(o->group, o->kind);
	r->object = o;
	r->place = NULL;
	if (in_cluster)
		check_scope(r, o);
	else
		check_namespace(r, o);
	check_labels(r, o);
	check_rights(r, o);
	check_pods(r, o, in_cluster);
}

/* --- what is said at the end --- */

static void describe(const struct violations *v, struct sg_buffer *out)
{
	const char *last = "";
	for (unsigned i = 0; i < v->count; i++) {
		const char *of = v->items[i].field;
		if (strcmp(of, last) != 0) {
			sg_buffer_puts(out, "\n  ");
			text_wrap(out, 2, 4, of);
		}
		sg_buffer_puts(out, "  - ");
		text_wrap(out, 4, 4, v->items[i].message);
		last = of;
	}
	if (v->more)
		sg_buffer_printf(out, "\n  and %u more\n", v->more);
}

static void advise(const struct room *r, struct sg_buffer *out)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_MESSAGE);
	bool at_all = r->refused[POD_SECURITY_BASELINE] > 0;
	if (r->required == POD_SECURITY_PRIVILEGED ||
	    !(at_all || r->refused[r->required]))
		return;
	sg_buffer_printf(&text, "Pods of engine %s are held to Pod Security \"%s\". ",
			 r->who->engine->name, pod_security_name(r->required));
	sg_buffer_puts(&text, "Charts mostly have values for these fields");
	sg_buffer_printf(&text, ", or the policy gives the engine podSecurity: %s.",
			 at_all ? "privileged" : "baseline");
	sg_buffer_puts(out, "\n  ");
	text_wrap(out, 2, 2, text.data ? text.data : "");
}

/* Nobody says here what the namespace will enforce. */
static void warn_of_levels(const struct room *r, struct diagnostics *d)
{
	const struct violations *v = &r->by_level[r->engine];
	if (r->options->only != ONLY_GUARDS || r->engine <= r->required ||
	    !v->count)
		return;
	diagnostics_warn(d,
			 "a namespace that enforces Pod Security \"%s\", as engine %s wants it, refuses pods of %u of these objects; with --with-namespace they are listed. The first: %s: %s",
			 pod_security_name(r->engine), r->who->engine->name,
			 r->refused[r->engine], v->items[0].field,
			 v->items[0].message);
}

int room_finish(struct room *r, struct diagnostics *d, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer text;
	/* what is required of pods is among the faults */
	const struct violations *refused =
		r->enforced > r->required ? &r->by_level[r->enforced] : NULL;
	sg_buffer_init(&text, SG_MAX_REPORT);
	if (sg_arena_check(&r->arena, e))
		return -1;
	if (!r->faults.count && !(refused && refused->count)) {
		warn_of_levels(r, d);
		return 0;
	}
	describe(&r->faults, &text);
	if (refused && refused->count) {
		sg_buffer_printf(&text,
				 "\n  Refused by the chart's Namespace, which enforces Pod Security \"%s\":\n",
				 pod_security_name(r->enforced));
		describe(refused, &text);
	}
	advise(r, &text);
	if (sg_buffer_check(&text, e))
		return -1;
	sg_error_set(e, SG_REFUSED,
		     "the release of store \"%s\" does not keep to its room",
		     r->who->store.name);
	diagnostics_error(d, e);
	diagnostics_report(d, text.data);
	e->message[0] = '\0'; /* said already */
	return -1;
}
