#include "classify.h"

#include <fnmatch.h>
#include <string.h>

#include "names.h"

static bool has_label(const struct object *o, const struct label_match *match)
{
	const char *value = NULL;
	if (o->template)
		value = object_label(o->template, match->key);
	if (!value)
		value = object_label(o->root, match->key);
	return value && strings_contain(&match->values, value);
}

static bool labels_match(const struct object *o, const struct component *c)
{
	for (unsigned i = 0; i < c->label_count; i++)
		if (has_label(o, &c->labels[i]))
			return true;
	return false;
}

/* "mariadb" of docker.io/library/mariadb:11@sha256:… */
static void repository_name(const char *image, char *name, size_t size)
{
	const char *slash = strrchr(image, '/');
	const char *last = slash ? slash + 1 : image;
	(void)snprintf(name, size, "%.*s", (int)strcspn(last, ":@"), last);
}

static bool ports_contain(const struct ports *ports, int64_t port)
{
	for (unsigned i = 0; i < ports->count; i++)
		if (ports->items[i] == port)
			return true;
	return false;
}

/* The next declared TCP port of a list of ports, from *at on; 0 at the end. */
static int64_t next_port(const struct node **at, const char *key)
{
	while (*at) {
		const struct node *port = *at;
		*at = port->next;
		const char *protocol = node_text(node_get(port, "protocol"));
		int64_t number = 0;
		struct sg_error ignored;
		if (protocol && strcmp(protocol, "TCP") != 0)
			continue;
		if (decode_number(node_get(port, key), 1, 65535, &number,
				  &ignored) == 0)
			return number;
	}
	return 0;
}

static const struct node *first_port(const struct node *owner)
{
	const struct node *ports = node_get(owner, "ports");
	return node_is_sequence(ports) ? ports->first : NULL;
}

static const struct node *first_container(const struct object *o)
{
	const struct node *containers = node_get(o->pod_spec, "containers");
	return node_is_sequence(containers) ? containers->first : NULL;
}

static bool image_matches(const struct node *container,
			  const struct component *c)
{
	const char *image = node_text(node_get(container, "image"));
	char name[256];
	if (!image)
		return false;
	repository_name(image, name, sizeof name);
	for (unsigned i = 0; i < c->images.count; i++)
		if (fnmatch(c->images.items[i], name, 0) == 0)
			return true;
	return false;
}

static bool port_matches(const struct node *container,
			 const struct component *c)
{
	const struct node *at = first_port(container);
	int64_t port;
	while ((port = next_port(&at, "containerPort")))
		if (ports_contain(&c->ports, port))
			return true;
	return false;
}

static bool service_ports_match(const struct object *o,
				const struct component *c)
{
	if (*o->group || strcmp(o->kind, "Service") != 0)
		return false;
	static const char *const keys[] = { "targetPort", "port" };
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct node *at = first_port(node_get(o->root, "spec"));
		int64_t port;
		while ((port = next_port(&at, keys[i])))
			if (ports_contain(&c->ports, port))
				return true;
	}
	return false;
}

typedef bool container_test(const struct node *container,
			    const struct component *c);

/* The first container says what a pod is; sidecars only where it says nothing. */
static const struct component *classify_pod(const struct engine *engine,
					    const struct object *o)
{
	static container_test *const tests[] = { image_matches, port_matches };
	for (const struct node *n = first_container(o); n; n = n->next)
		for (size_t t = 0; t < sizeof tests / sizeof *tests; t++)
			for (unsigned i = 0; i < engine->component_count; i++)
				if (tests[t](n, &engine->components[i]))
					return &engine->components[i];
	return NULL;
}

const struct component *classify(const struct engine *engine,
				 const struct object *o)
{
	const char *stamped = object_label(o->template ? o->template : o->root,
					   SG_LABEL_COMPONENT);
	if (stamped)
		return engine_component(engine, stamped);
	bool runs_to_completion = o->workload == JOB ||
				  o->workload == CRON_JOB ||
				  (o->workload && o->is_hook);
	const struct component *jobs = engine_jobs_component(engine);
	if (runs_to_completion && jobs)
		return jobs;
	for (unsigned i = 0; i < engine->component_count; i++)
		if (labels_match(o, &engine->components[i]))
			return &engine->components[i];
	if (o->workload)
		return classify_pod(engine, o);
	for (unsigned i = 0; i < engine->component_count; i++)
		if (service_ports_match(o, &engine->components[i]))
			return &engine->components[i];
	return NULL;
}

static void add_port(struct ports *ports, int64_t port)
{
	if (ports->count < CLASSIFY_MAX_PORTS && !ports_contain(ports, port))
		ports->items[ports->count++] = (uint16_t)port;
}

void classify_ports(const struct component *c, const struct object *o,
		    struct ports *ports)
{
	uint16_t items[CLASSIFY_MAX_PORTS];
	struct ports declared = { items, 0 };
	for (const struct node *n = first_container(o); n; n = n->next) {
		const struct node *at = first_port(n);
		int64_t port;
		while ((port = next_port(&at, "containerPort")))
			add_port(&declared, port);
	}
	bool known = false;
	for (unsigned i = 0; i < declared.count; i++)
		known |= ports_contain(&c->ports, declared.items[i]);
	const struct ports *all = declared.count ? &declared : &c->ports;
	for (unsigned i = 0; i < all->count; i++)
		if (!known || ports_contain(&c->ports, all->items[i]))
			add_port(ports, all->items[i]);
}
