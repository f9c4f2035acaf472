#include "classify.h"

#include <fnmatch.h>
#include <string.h>

#include "containers.h"
#include "names.h"

enum { IMAGE_NAME = 256 };

/* What about an object may speak for a component: each key is a vote. */
struct evidence {
	const struct engine *engine;
	const struct object *o;
	const struct node *container; /* the main one, of a workload */
	const struct node *pod_labels, *labels;
	char image[IMAGE_NAME]; /* the main one's, without registry and tag */
};

static bool has_label(const struct evidence *v, const struct label_match *match)
{
	const char *value = node_text(node_get(v->pod_labels, match->key));
	if (!value)
		value = node_text(node_get(v->labels, match->key));
	return value && strings_contain(&match->values, value);
}

/* How telling the component's label is that matches: 0 most; -1: none does. */
static int matching_label(const struct evidence *v, const struct component *c)
{
	for (unsigned i = 0; i < c->label_count; i++)
		if (has_label(v, &c->labels[i]))
			return (int)i;
	return -1;
}

/* "mariadb" of docker.io/library/mariadb:11@sha256:… */
static void repository_name(const char *image, char *name, size_t size)
{
	const char *slash = strrchr(image, '/');
	const char *last = slash ? slash + 1 : image;
	(void)snprintf(name, size, "%.*s", (int)strcspn(last, ":@"), last);
}

static void image_name(const struct node *container, char *name)
{
	const char *image = node_text(node_get(container, "image"));
	repository_name(image ? image : "", name, IMAGE_NAME);
}

static bool is_image_of(const char *name, const struct component *c)
{
	for (unsigned i = 0; *name && i < c->images.count; i++)
		if (fnmatch(c->images.items[i], name, 0) == 0)
			return true;
	return false;
}

static bool image_matches(const struct node *container,
			  const struct component *c)
{
	char name[IMAGE_NAME];
	image_name(container, name);
	return is_image_of(name, c);
}

static bool lists_port(const struct node *owner, const char *key,
		       const struct component *c)
{
	const struct node *at = container_first_port(owner);
	int64_t port;
	while ((port = container_next_port(&at, key)))
		if (ports_contain(&c->ports, port))
			return true;
	return false;
}

static bool port_matches(const struct node *container,
			 const struct component *c)
{
	return lists_port(container, "containerPort", c);
}

static bool service_ports_match(const struct object *o,
				const struct component *c)
{
	const struct node *spec = node_get(o->root, "spec");
	return !*o->group && strcmp(o->kind, "Service") == 0 &&
	       (lists_port(spec, "targetPort", c) || lists_port(spec, "port", c));
}

static bool ports_speak_for(const struct evidence *v, const struct component *c)
{
	return v->o->workload ? port_matches(v->container, c) :
				service_ports_match(v->o, c);
}

/* How many of its labels, its image and its ports speak for a component. */
static unsigned votes_for(const struct evidence *v, const struct component *c)
{
	unsigned votes = is_image_of(v->image, c) + ports_speak_for(v, c);
	for (unsigned i = 0; i < c->label_count; i++)
		votes += has_label(v, &c->labels[i]);
	return votes;
}

static const struct component *most_closed(const struct evidence *v)
{
	const struct component *best = NULL;
	unsigned best_votes = 0;
	for (unsigned i = 0; i < v->engine->component_count; i++) {
		const struct component *c = &v->engine->components[i];
		unsigned votes = votes_for(v, c);
		if (!votes)
			continue;
		if (!best || (best->is_public && !c->is_public) ||
		    (best->is_public == c->is_public && votes > best_votes)) {
			best = c;
			best_votes = votes;
		}
	}
	return best;
}

/*
 * Whether something speaks for `other` that should, then, have spoken for the
 * chosen one: its image or ports, where the profile knows such of the chosen
 * one, or a label as telling as that by which it was chosen.
 */
static bool contradicts(const struct evidence *v, const struct component *chosen,
			const struct component *other)
{
	if (chosen->images.count && !is_image_of(v->image, chosen) &&
	    is_image_of(v->image, other))
		return true;
	if (chosen->ports.count && !ports_speak_for(v, chosen) &&
	    ports_speak_for(v, other))
		return true;
	int by = matching_label(v, chosen), against = matching_label(v, other);
	if (against < 0 || by < 0)
		return against >= 0;
	/* equally telling, but of one key: the profile lists its value twice */
	return against < by ||
	       (against == by && strcmp(chosen->labels[by].key,
					other->labels[against].key) != 0);
}

static const struct component *find_rival(const struct evidence *v,
					  const struct component *chosen)
{
	for (unsigned i = 0; chosen && i < v->engine->component_count; i++) {
		const struct component *c = &v->engine->components[i];
		if (c != chosen && contradicts(v, chosen, c))
			return c;
	}
	return NULL;
}

typedef bool container_test(const struct node *container,
			    const struct component *c);

/* Where labels and the main container say nothing: the others, one by one. */
static const struct component *by_other_containers(const struct engine *engine,
						   const struct object *o)
{
	static container_test *const tests[] = { image_matches, port_matches };
	struct containers all = containers_of(o->pod_spec);
	const struct node *n;
	while ((n = containers_next(&all)))
		for (size_t t = 0; t < sizeof tests / sizeof *tests; t++)
			for (unsigned i = 0; i < engine->component_count; i++)
				if (tests[t](n, &engine->components[i]))
					return &engine->components[i];
	return NULL;
}

const struct node *classify_main(const struct object *o,
				 const struct component *c)
{
	const struct node *main = container_main(o), *n;
	struct containers all = containers_of(o->pod_spec);
	if (!c || image_matches(main, c))
		return main;
	while ((n = containers_next(&all)))
		if (image_matches(n, c))
			return n;
	return main;
}

static bool runs_to_completion(const struct object *o)
{
	return o->workload == JOB || o->workload == CRON_JOB ||
	       (o->workload == POD && o->is_hook);
}

const struct component *classify(const struct engine *engine,
				 const struct object *o,
				 const struct component **rival)
{
	const char *stamped = object_label(o->template ? o->template : o->root,
					   SG_LABEL_COMPONENT);
	*rival = NULL;
	if (stamped)
		return engine_component(engine, stamped);
	const struct component *jobs = engine_jobs_component(engine);
	if (runs_to_completion(o) && jobs)
		return jobs;
	struct evidence v = {
		.engine = engine,
		.o = o,
		.container = container_main(o),
		.pod_labels = node_path(o->template, "metadata", "labels", NULL),
		.labels = node_path(o->root, "metadata", "labels", NULL),
	};
	image_name(v.container, v.image);
	const struct component *chosen = most_closed(&v);
	if (!chosen)
		return o->workload ? by_other_containers(engine, o) : NULL;
	if (o->workload)
		*rival = find_rival(&v, chosen);
	return chosen;
}
