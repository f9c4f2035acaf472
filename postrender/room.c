#include "room.h"

#include <string.h>
#include <strings.h>

#include "names.h"

static int check_label(const struct object *o, const struct node *owner,
		       const char *where, const struct identity *who,
		       struct sg_error *e)
{
	const struct node *label = node_path(owner, "metadata", "labels",
					     SG_LABEL_STORE, NULL);
	if (!label || node_is(label, who->store.name))
		return 0;
	const char *text = node_text(label);
	sg_error_set(e, SG_REFUSED,
		     "%s label " SG_LABEL_STORE
		     " is \"%.63s\", another store's; leave it out or make it \"%s\"",
		     where, text ? text : node_kind_name(label),
		     who->store.name);
	return object_context(o, e);
}

/* A made-up component would slip by the profile's policies. */
static int check_component(const struct object *o, const struct node *owner,
			   const struct identity *who, struct sg_error *e)
{
	const struct node *label = node_path(owner, "metadata", "labels",
					     SG_LABEL_COMPONENT, NULL);
	const char *text = node_text(label);
	if (!label || object_is_guard(o) ||
	    (text && engine_component(who->engine, text)))
		return 0;
	sg_error_set(e, SG_REFUSED,
		     "label " SG_LABEL_COMPONENT
		     " is \"%.63s\", no component of engine %s; leave it out",
		     text ? text : node_kind_name(label), who->engine->name);
	return object_context(o, e);
}

static int check_claim_templates(const struct object *o,
				 const struct identity *who,
				 struct sg_error *e)
{
	const struct node *claims = node_path(o->root, "spec",
					      "volumeClaimTemplates", NULL);
	if (!node_is_sequence(claims))
		return 0;
	for (const struct node *c = claims->first; c; c = c->next)
		if (check_label(o, c, "a volumeClaimTemplate's", who, e))
			return -1;
	return 0;
}

static bool is_own_cluster_object(const struct object *o,
				  const struct identity *who)
{
	if (!*o->group && strcmp(o->kind, "Namespace") == 0)
		return strcmp(o->name, who->namespace) == 0;
	return store_is_store(o->root) && strcmp(o->name, who->store.name) == 0;
}

static int check_scope(const struct object *o, const struct identity *who,
		       const struct options *options, struct sg_error *e)
{
	if (!kind_is_cluster_scoped(o->group, o->kind) ||
	    is_own_cluster_object(o, who) || options->allow_cluster_scoped)
		return 0;
	if (!*o->group && strcmp(o->kind, "Namespace") == 0)
		sg_error_set(e, SG_REFUSED,
			     "is another namespace; this store's is \"%s\"",
			     who->namespace);
	else
		sg_error_set(e, SG_REFUSED,
			     "is cluster-scoped; a store's release may hold only what lives in namespace \"%s\" (an operator may pass --allow-cluster-scoped)",
			     who->namespace);
	return object_context(o, e);
}

static int check_namespace(const struct object *o, const struct identity *who,
			   struct sg_error *e)
{
	const struct node *namespace = node_get(o->metadata, "namespace");
	if (node_is_null(namespace) || node_is(namespace, "") ||
	    node_is(namespace, who->namespace) ||
	    kind_is_cluster_scoped(o->group, o->kind))
		return 0;
	const char *text = node_text(namespace);
	sg_error_set(e, SG_REFUSED,
		     "metadata.namespace is \"%.63s\"; this store's is \"%s\" (leave it out, or pass --namespace)",
		     text ? text : node_kind_name(namespace), who->namespace);
	return object_context(o, e);
}

/* Some YAML libraries know more booleans than true and false. */
static bool may_be_true(const struct node *n)
{
	static const char *const falses[] = { "false", "no", "off", "n" };
	const char *text = node_text(n);
	for (size_t i = 0; text && i < sizeof falses / sizeof *falses; i++)
		if (strcasecmp(text, falses[i]) == 0)
			return false;
	return !node_is_null(n);
}

static bool takes_host_port(const struct node *pod_spec, const char *list)
{
	const struct node *containers = node_get(pod_spec, list);
	const struct node *c = node_is_sequence(containers) ?
				       containers->first :
				       NULL;
	for (; c; c = c->next) {
		const struct node *ports = node_get(c, "ports");
		const struct node *p = node_is_sequence(ports) ? ports->first :
								 NULL;
		for (; p; p = p->next) {
			const struct node *port = node_get(p, "hostPort");
			if (!node_is_null(port) && !node_is(port, "0"))
				return true;
		}
	}
	return false;
}

static const char *node_share_of(const struct node *pod_spec)
{
	static const char *const fields[] = { "hostNetwork", "hostPID",
					      "hostIPC" };
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		if (may_be_true(node_get(pod_spec, fields[i])))
			return fields[i];
	if (takes_host_port(pod_spec, "containers") ||
	    takes_host_port(pod_spec, "initContainers"))
		return "hostPort";
	const struct node *volumes = node_get(pod_spec, "volumes");
	const struct node *v = node_is_sequence(volumes) ? volumes->first : NULL;
	for (; v; v = v->next)
		if (!node_is_null(node_get(v, "hostPath")))
			return "hostPath";
	return NULL;
}

static int check_pod(const struct object *o, const struct identity *who,
		     struct sg_error *e)
{
	const struct node *pod_spec = o->pod_spec;
	if (!pod_spec) /* a PodTemplate's, or some operator's kind's */
		pod_spec = node_path(o->root, "template", "spec", NULL);
	if (!pod_spec)
		pod_spec = node_path(o->root, "spec", "template", "spec", NULL);
	const char *field = node_share_of(pod_spec);
	if (!field || strcmp(who->engine->pod_security, "privileged") == 0)
		return 0;
	sg_error_set(e, SG_REFUSED,
		     "its pods use their node's own (%s), which NetworkPolicies and quotas do not bind; leave it out (engine %s allows it only with podSecurity: privileged)",
		     field, who->engine->name);
	return object_context(o, e);
}

int room_check(const struct object *o, const struct identity *who,
	       const struct options *options, struct sg_error *e)
{
	if (check_scope(o, who, options, e) || check_namespace(o, who, e) ||
	    check_label(o, o->root, "its", who, e) ||
	    check_component(o, o->root, who, e))
		return -1;
	if (o->template && o->workload != POD &&
	    (check_label(o, o->template, "its template's", who, e) ||
	     check_component(o, o->template, who, e)))
		return -1;
	if (o->workload == CRON_JOB &&
	    check_label(o, node_path(o->root, "spec", "jobTemplate", NULL),
			"its jobTemplate's", who, e))
		return -1;
	return check_pod(o, who, e) || check_claim_templates(o, who, e) ? -1 :
									  0;
}
