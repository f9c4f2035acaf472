#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include "classify.h"
#include "containers.h"
#include "decode.h"
#include "demand.h"
#include "labels.h"
#include "names.h"

#define POD_NAME_LABEL "statefulset.kubernetes.io/pod-name"

void calls_init(struct calls *c, const struct identity *who)
{
	*c = (struct calls){ .who = who };
	words_init(&c->words);
}

void calls_release(struct calls *c)
{
	words_release(&c->words);
	free(c->pods.items);
	free(c->declared.items);
	free(c->labels.items);
	free(c->services.items);
	free(c->service_ports.items);
	free(c->mentions.items);
	free(c->sources.items);
	free(c->uses.items);
	free(c->routes.items);
}

int calls_word(struct calls *c, const char *text, uint32_t *number,
	       struct sg_error *e)
{
	*number = WORD_NONE;
	return text ? words_add(&c->words, text, strlen(text), number, e) : 0;
}

/* --- labels --- */

static int add_label(struct calls *c, const char *key, const char *value,
		     struct sg_arena *scratch, struct sg_error *e)
{
	size_t before = strlen(key), length = before + 1 + strlen(value);
	char *pair = sg_arena_alloc(scratch, length);
	uint32_t *item = pair ? LIST_ADD(c->labels, e) : NULL;
	if (!item)
		return sg_error_memory(e);
	memcpy(pair, key, before);
	pair[before] = '=';
	memcpy(pair + before + 1, value, length - before - 1);
	return words_add(&c->words, pair, length, item, e);
}

/* "db" of db-0: a Service may select one pod of a StatefulSet by its name. */
static int add_pod_name(struct calls *c, const char *name,
			struct sg_arena *scratch, struct sg_error *e)
{
	size_t length = strlen(name);
	while (length && name[length - 1] >= '0' && name[length - 1] <= '9')
		length--;
	const char *set = sg_arena_copy(scratch, name, length ? length - 1 : 0);
	return set ? add_label(c, POD_NAME_LABEL, set, scratch, e) :
		     sg_error_memory(e);
}

static int add_labels(struct calls *c, const struct node *map,
		      struct sg_arena *scratch, struct span *span,
		      struct sg_error *e)
{
	span->first = c->labels.count;
	for (const struct node *k = node_is_mapping(map) ? map->first : NULL; k;
	     k = k->next->next) {
		const char *key = node_text(k), *value = node_text(k->next);
		bool is_pod_name = key && strcmp(key, POD_NAME_LABEL) == 0;
		if (is_pod_name && value ?
			    add_pod_name(c, value, scratch, e) :
			    key && add_label(c, key, value ? value : "", scratch,
					     e))
			return -1;
	}
	span->count = c->labels.count - span->first;
	return 0;
}

/* The labels that the pods get besides their template's. */
static int add_stamps(struct calls *c, const struct object *o, struct pods *pods,
		      struct sg_arena *scratch, struct sg_error *e)
{
	const struct identity *who = c->who;
	if (o->workload == STATEFUL_SET &&
	    add_label(c, POD_NAME_LABEL, o->name, scratch, e))
		return -1;
	if (add_label(c, SG_LABEL_STORE, who->store.name, scratch, e) ||
	    add_label(c, SG_LABEL_ENGINE, who->engine->name, scratch, e) ||
	    (pods->component && add_label(c, SG_LABEL_COMPONENT,
					  pods->component->name, scratch, e)))
		return -1;
	pods->labels.count = c->labels.count - pods->labels.first;
	return 0;
}

/* --- pods --- */

static int add_declared(struct calls *c, const struct node *container, bool main,
			struct sg_error *e)
{
	for (const struct node *at = container_first_port(container); at;
	     at = at->next) {
		int64_t number = 0;
		struct sg_error ignored;
		if (!container_port_is_tcp(at) ||
		    decode_number(node_get(at, "containerPort"), 1, 65535,
				  &number, &ignored))
			continue;
		struct declared_port *port = LIST_ADD(c->declared, e);
		if (!port)
			return -1;
		port->number = (uint16_t)number;
		port->main = main;
		if (calls_word(c, node_text(node_get(at, "name")), &port->name,
			       e))
			return -1;
	}
	return 0;
}

static int add_all_declared(struct calls *c, const struct object *o,
			    const struct component *component, struct span *span,
			    struct sg_error *e)
{
	struct containers all = containers_of(o->pod_spec);
	const struct node *main = classify_main(o, component), *n;
	span->first = c->declared.count;
	while ((n = containers_next(&all)))
		if (add_declared(c, n, n == main, e))
			return -1;
	span->count = c->declared.count - span->first;
	return 0;
}

static bool has_several(const struct object *o)
{
	int64_t replicas = 1;
	struct sg_error ignored;
	(void)decode_int(node_get(o->root, "spec"), "spec", "replicas", 0,
			 DEMAND_MAX_REPLICAS, &replicas, &ignored);
	return replicas > 1 || o->workload == DAEMON_SET;
}

static int note_pods(struct calls *c, const struct object *o,
		     const struct component *component, struct sg_arena *scratch,
		     struct sg_error *e)
{
	struct pods pods = { .component = component };
	bool stamped = labels_reach_pods(o);
	bool named = object_label(o->template, SG_LABEL_COMPONENT) != NULL;
	pods.takes_calls = component && (stamped || named);
	pods.selected = pods.takes_calls ||
			(component && component->jobs && o->workload == JOB);
	pods.several = has_several(o);
	pods.are_peers = o->workload == STATEFUL_SET;
	if (calls_word(c, o->kind, &pods.kind, e) ||
	    calls_word(c, o->name, &pods.name, e) ||
	    add_labels(c, node_path(o->template, "metadata", "labels", NULL),
		       scratch, &pods.labels, e) ||
	    (stamped && add_stamps(c, o, &pods, scratch, e)) ||
	    add_all_declared(c, o, component, &pods.ports, e) ||
	    mentions_of_pods(c, o, &pods, scratch, e))
		return -1;
	struct pods *kept = LIST_ADD(c->pods, e);
	if (!kept)
		return -1;
	*kept = pods;
	return 0;
}

/* --- Services --- */

/* A port that is a number or a name; both stay as they are when absent. */
static int read_port(struct calls *c, const struct node *n, uint16_t *number,
		     uint32_t *name, struct sg_error *e)
{
	int64_t value = 0;
	struct sg_error ignored;
	if (decode_number(n, 1, 65535, &value, &ignored) == 0) {
		*number = (uint16_t)value;
		return 0;
	}
	const char *text = node_text(n);
	return text && !node_is(n, "0") ? calls_word(c, text, name, e) : 0;
}

static int add_service_port(struct calls *c, const struct node *n,
			    struct sg_error *e)
{
	struct service_port port = { .target_name = WORD_NONE };
	uint32_t ignored = WORD_NONE;
	port.is_tcp = container_port_is_tcp(n);
	if (calls_word(c, node_text(node_get(n, "name")), &port.name, e) ||
	    read_port(c, node_get(n, "port"), &port.number, &ignored, e))
		return -1;
	port.target = port.number;
	if (read_port(c, node_get(n, "targetPort"), &port.target,
		      &port.target_name, e))
		return -1;
	struct service_port *kept = LIST_ADD(c->service_ports, e);
	if (!kept)
		return -1;
	*kept = port;
	return 0;
}

static int note_service(struct calls *c, const struct object *o,
			struct sg_arena *scratch, struct sg_error *e)
{
	const struct node *spec = node_get(o->root, "spec");
	struct service service = {
		.headless = node_is(node_get(spec, "clusterIP"), "None"),
	};
	service.ports.first = c->service_ports.count;
	if (calls_word(c, o->name, &service.name, e) ||
	    add_labels(c, node_get(spec, "selector"), scratch,
		       &service.selector, e))
		return -1;
	for (const struct node *n = container_first_port(spec); n; n = n->next)
		if (add_service_port(c, n, e))
			return -1;
	service.ports.count = c->service_ports.count - service.ports.first;
	service.is_alias = node_is(node_get(spec, "type"), "ExternalName");
	service.leads_elsewhere = service.is_alias || !service.selector.count;
	struct service *kept = LIST_ADD(c->services, e);
	if (!kept)
		return -1;
	*kept = service;
	return 0;
}

/* --- routes --- */

static int add_route(struct calls *c, const struct object *o,
		     const struct node *service, const struct node *port,
		     struct sg_error *e)
{
	struct route route = { .port_name = WORD_NONE };
	if (!node_text(service))
		return 0;
	if (calls_word(c, o->kind, &route.kind, e) ||
	    calls_word(c, o->name, &route.name, e) ||
	    calls_word(c, node_text(service), &route.service, e) ||
	    read_port(c, port, &route.port, &route.port_name, e))
		return -1;
	struct route *kept = LIST_ADD(c->routes, e);
	if (!kept)
		return -1;
	*kept = route;
	return 0;
}

static int add_backend(struct calls *c, const struct object *o,
		       const struct node *backend, struct sg_error *e)
{
	const struct node *service = node_get(backend, "service");
	const struct node *port = node_get(service, "port");
	const struct node *number = node_get(port, "number");
	return add_route(c, o, node_get(service, "name"),
			 node_text(number) ? number : node_get(port, "name"), e);
}

static int note_ingress(struct calls *c, const struct object *o,
			struct sg_error *e)
{
	const struct node *spec = node_get(o->root, "spec");
	if (add_backend(c, o, node_get(spec, "defaultBackend"), e))
		return -1;
	for (const struct node *r = object_list(spec, "rules"); r; r = r->next)
		for (const struct node *p = object_list(node_get(r, "http"), "paths");
		     p; p = p->next)
			if (add_backend(c, o, node_get(p, "backend"), e))
				return -1;
	return 0;
}

/* HTTPRoute and its like of the Gateway API; IngressRoute of Traefik. */
static int note_rules(struct calls *c, const struct object *o, const char *rules,
		      const char *backends, struct sg_error *e)
{
	const struct node *spec = node_get(o->root, "spec");
	for (const struct node *r = object_list(spec, rules); r; r = r->next)
		for (const struct node *b = object_list(r, backends); b;
		     b = b->next) {
			const char *kind = node_text(node_get(b, "kind"));
			if (kind && strcmp(kind, "Service") != 0)
				continue;
			if (add_route(c, o, node_get(b, "name"),
				      node_get(b, "port"), e))
				return -1;
		}
	return 0;
}

static bool is_route(const struct object *o, const char *group)
{
	size_t length = strlen(o->kind);
	return strcmp(o->group, group) == 0 && length > strlen("Route") &&
	       strcmp(o->kind + length - strlen("Route"), "Route") == 0;
}

int calls_note(struct calls *c, const struct object *o,
	       const struct component *component, struct sg_arena *scratch,
	       struct sg_error *e)
{
	if (o->workload)
		return note_pods(c, o, component, scratch, e);
	if (strcmp(o->group, "networking.k8s.io") == 0 &&
	    strcmp(o->kind, "Ingress") == 0)
		return note_ingress(c, o, e);
	if (is_route(o, "gateway.networking.k8s.io"))
		return note_rules(c, o, "rules", "backendRefs", e);
	if (is_route(o, "traefik.io") || is_route(o, "traefik.containo.us"))
		return note_rules(c, o, "routes", "services", e);
	if (*o->group)
		return 0;
	if (strcmp(o->kind, "Service") == 0)
		return note_service(c, o, scratch, e);
	bool is_secret = strcmp(o->kind, "Secret") == 0;
	return is_secret || strcmp(o->kind, "ConfigMap") == 0 ?
		       mentions_of_source(c, o, is_secret, scratch, e) :
		       0;
}
