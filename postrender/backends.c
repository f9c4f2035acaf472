#include "backends.h"

#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "limits.h"

/* What is known of one workload while its ports are worked out. */
struct role {
	bool main_known;    /* its main container declares one of the profile's */
	bool main_declares; /* or another that may be opened */
	bool main_served;   /* of those, one that a Service leads to */
	bool known_aside;   /* a sidecar declares one of the profile's */
	bool led_to;	    /* by a Service, on any port */
	bool served;	    /* on one of the profile's */
	bool wide;	    /* nothing says more: all of the profile's */
};

static int count_work(struct backends *b, size_t more, struct sg_error *e)
{
	b->work += more;
	if (b->work <= SG_MAX_SELECTED)
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "the release's Services select more than %u pods in all, each counted once for every Service; give Services selectors of their own",
			    SG_MAX_SELECTED);
}

static uint32_t *no_indices(size_t count)
{
	uint32_t *list = malloc((count + 1) * sizeof *list);
	for (size_t i = 0; list && i <= count; i++)
		list[i] = NO_INDEX;
	return list;
}

/* --- which pods a Service selects --- */

/* For each label's word, the pods that have it. */
struct label_index {
	unsigned *first; /* by word, and one behind the last */
	unsigned *pods;
};

static void release_index(struct label_index *index)
{
	free(index->first);
	free(index->pods);
}

static int index_labels(const struct calls *c, struct label_index *index,
			struct sg_error *e)
{
	unsigned words = c->words.list.count;
	index->first = calloc((size_t)words + 2, sizeof *index->first);
	index->pods = calloc((size_t)c->labels.count + 1, sizeof *index->pods);
	if (!index->first || !index->pods)
		return sg_error_memory(e);
	unsigned *next = index->first + 1; /* shifted: filling moves it along */
	for (unsigned i = 0; i < c->pods.count; i++) {
		struct span labels = c->pods.items[i].labels;
		for (unsigned k = 0; k < labels.count; k++)
			next[c->labels.items[labels.first + k] + 1]++;
	}
	for (unsigned i = 0; i < words; i++)
		next[i + 1] += next[i];
	for (unsigned i = 0; i < c->pods.count; i++) {
		struct span labels = c->pods.items[i].labels;
		for (unsigned k = 0; k < labels.count; k++)
			index->pods[next[c->labels.items[labels.first + k]]++] = i;
	}
	return 0;
}

static unsigned count_of(const struct label_index *index, uint32_t word)
{
	return index->first[word + 1] - index->first[word];
}

/*
 * A label that no template has is set while pods run: which of them leads, which
 * one it is. It is left out of account.
 */
static bool has_all(const struct calls *c, const struct label_index *index,
		    const struct pods *pods, struct span selector)
{
	for (unsigned i = 0; i < selector.count; i++) {
		uint32_t wanted = c->labels.items[selector.first + i];
		unsigned k = 0;
		if (!count_of(index, wanted))
			continue;
		while (k < pods->labels.count &&
		       c->labels.items[pods->labels.first + k] != wanted)
			k++;
		if (k == pods->labels.count)
			return false;
	}
	return true;
}

/* Of the selector's labels that pods have at all, the one that fewest have. */
static uint32_t rarest(const struct calls *c, const struct label_index *index,
		       struct span selector)
{
	uint32_t best = c->labels.items[selector.first];
	for (unsigned i = 1; i < selector.count; i++) {
		uint32_t word = c->labels.items[selector.first + i];
		unsigned count = count_of(index, word);
		if (count && (!count_of(index, best) ||
			      count < count_of(index, best)))
			best = word;
	}
	return best;
}

static int add_selection(struct backends *b, const struct label_index *index,
			 const struct service *service, struct sg_error *e)
{
	const struct calls *c = b->calls;
	struct selection *selection = LIST_ADD(b->selections, e);
	if (!selection)
		return -1;
	selection->pods.first = b->pods.count;
	if (service->leads_elsewhere)
		return 0;
	uint32_t word = rarest(c, index, service->selector);
	unsigned first = index->first[word], end = index->first[word + 1];
	if (count_work(b, end - first, e))
		return -1;
	for (unsigned i = first; i < end; i++) {
		unsigned pods = index->pods[i];
		if (!has_all(c, index, &c->pods.items[pods],
			     service->selector))
			continue;
		unsigned *item = LIST_ADD(b->pods, e);
		if (!item)
			return -1;
		*item = pods;
	}
	selection->pods.count = b->pods.count - selection->pods.first;
	return 0;
}

/* The selector's labels, so that Services of one selector share a selection. */
static int selector_key(const struct calls *c, const struct service *service,
			struct sg_buffer *key, struct sg_error *e)
{
	struct span s = service->selector;
	sg_buffer_clear(key);
	sg_buffer_putc(key, ':');
	for (unsigned k = 0; !service->leads_elsewhere && k < s.count; k++)
		sg_buffer_printf(key, "%u:", c->labels.items[s.first + k]);
	return sg_buffer_check(key, e);
}

static int select_pods(struct backends *b, const struct label_index *index,
		       struct sg_error *e)
{
	const struct calls *c = b->calls;
	cleanup_buffer struct sg_buffer key;
	sg_buffer_init(&key, SG_MAX_DOCUMENT * 2);
	for (unsigned i = 0; i < c->services.count; i++) {
		const struct service *service = &c->services.items[i];
		uint32_t number;
		if (selector_key(c, service, &key, e) ||
		    words_add(&b->selection_keys, key.data, key.length, &number,
			      e) ||
		    (number == b->selections.count &&
		     add_selection(b, index, service, e)))
			return -1;
		b->selection_of[i] = number;
		b->selections.items[number].headless |= service->headless;
		b->service_of[service->name] = i;
	}
	return 0;
}

/* --- what lies behind a port --- */

static bool declares(const struct calls *c, const struct pods *pods,
		     uint16_t port, bool main)
{
	for (unsigned i = 0; i < pods->ports.count; i++) {
		const struct declared_port *d =
			&c->declared.items[pods->ports.first + i];
		if (d->number == port && d->main == main)
			return true;
	}
	return false;
}

static bool declares_any(const struct calls *c, const struct pods *pods,
			 uint16_t port)
{
	return declares(c, pods, port, true) || declares(c, pods, port, false);
}

static uint16_t port_named(const struct calls *c, const struct pods *pods,
			   uint32_t name)
{
	for (unsigned i = 0; i < pods->ports.count; i++) {
		const struct declared_port *d =
			&c->declared.items[pods->ports.first + i];
		if (d->name == name)
			return d->number;
	}
	return 0;
}

static const struct pods *pods_at(const struct backends *b, unsigned at)
{
	return &b->calls->pods.items[b->pods.items[at]];
}

/*
 * The port on which these pods would be called, or 0 where they are not: they
 * have none of that name, or others declare the number and they don't.
 */
static uint16_t port_on(const struct backends *b, const struct backend *backend,
			const struct pods *pods)
{
	if (backend->target_name != WORD_NONE)
		return port_named(b->calls, pods, backend->target_name);
	return !backend->declared ||
			       declares_any(b->calls, pods, backend->target) ?
		       backend->target :
		       0;
}

static int add_end(struct backends *b, struct backend *backend,
		   const struct pods *pods, uint16_t port, struct sg_error *e)
{
	for (unsigned i = 0; i < backend->ends.count; i++) {
		const struct backend_end *end =
			&b->ends.items[backend->ends.first + i];
		if (end->component == pods->component && end->port == port &&
		    end->takes_calls == pods->takes_calls)
			return 0;
	}
	if (count_work(b, backend->ends.count, e))
		return -1;
	struct backend_end *end = LIST_ADD(b->ends, e);
	if (!end)
		return -1;
	*end = (struct backend_end){ pods->component, pods->takes_calls, port };
	backend->ends.count++;
	return 0;
}

static int find_ends(struct backends *b, struct backend *backend,
		     struct sg_error *e)
{
	struct span pods = b->selections.items[backend->selection].pods;
	if (count_work(b, pods.count, e))
		return -1;
	for (unsigned i = 0; i < pods.count && !backend->declared; i++)
		backend->declared = declares_any(
			b->calls, pods_at(b, pods.first + i), backend->target);
	backend->ends.first = b->ends.count;
	for (unsigned i = 0; i < pods.count; i++) {
		const struct pods *p = pods_at(b, pods.first + i);
		uint16_t port = port_on(b, backend, p);
		if (port && add_end(b, backend, p, port, e))
			return -1;
	}
	return 0;
}

/* The backend of that selection and target, made if it is new. */
static int find_backend(struct backends *b, struct backend wanted,
			uint32_t *number, struct sg_error *e)
{
	char key[64];
	int length = snprintf(key, sizeof key, "%u:%u:%u", wanted.selection,
			      wanted.target, wanted.target_name);
	if (words_add(&b->backend_keys, key, (size_t)length, number, e))
		return -1;
	if (*number < b->backends.count)
		return 0;
	if (find_ends(b, &wanted, e))
		return -1;
	struct backend *kept = LIST_ADD(b->backends, e);
	if (!kept)
		return -1;
	*kept = wanted;
	return 0;
}

static int find_backends(struct backends *b, struct sg_error *e)
{
	const struct calls *c = b->calls;
	for (unsigned i = 0; i < c->services.count; i++) {
		struct span ports = c->services.items[i].ports;
		for (unsigned k = 0; k < ports.count; k++) {
			const struct service_port *port =
				&c->service_ports.items[ports.first + k];
			bool named = port->target_name != WORD_NONE;
			if (!port->is_tcp)
				continue;
			struct backend wanted = {
				.selection = b->selection_of[i],
				.target = named ? 0 : port->target,
				.target_name = port->target_name,
			};
			if (find_backend(b, wanted,
					 &b->backend_of[ports.first + k], e))
				return -1;
		}
	}
	return 0;
}

int backends_direct(struct backends *b, const struct service *service,
		    uint16_t port, struct backend *out, struct sg_error *e)
{
	uint32_t number;
	struct backend wanted = {
		.selection = b->selection_of[service - b->calls->services.items],
		.target = port,
		.target_name = WORD_NONE,
	};
	if (find_backend(b, wanted, &number, e))
		return -1;
	*out = b->backends.items[number];
	return 0;
}

/* --- the components' ports --- */

static struct component_facts *facts_of(const struct backends *b,
					const struct component *c)
{
	return &b->facts[c - b->calls->who->engine->components];
}

/* A public component is never opened where the profile has a closed one listen. */
static bool may_open(const struct backends *b, const struct component *c,
		     uint16_t port)
{
	const struct engine *engine = b->calls->who->engine;
	if (!c->is_public || ports_contain(&c->ports, port))
		return true;
	for (unsigned i = 0; i < engine->component_count; i++)
		if (!engine->components[i].is_public &&
		    ports_contain(&engine->components[i].ports, port))
			return false;
	return true;
}

static void open_port(const struct backends *b, const struct component *c,
		      uint16_t port)
{
	if (c->ports.count && may_open(b, c, port))
		port_set_add(&facts_of(b, c)->ports, port);
}

/* What the containers declare, where the profile knows it. */
static void take_declared(const struct backends *b, const struct pods *pods,
			  struct role *role)
{
	const struct component *c = pods->component;
	for (unsigned i = 0; i < pods->ports.count; i++) {
		const struct declared_port *d =
			&b->calls->declared.items[pods->ports.first + i];
		bool known = ports_contain(&c->ports, d->number);
		port_set_add(&facts_of(b, c)->inside, d->number);
		role->main_known |= d->main && known;
		role->main_declares |= d->main && may_open(b, c, d->number);
		role->known_aside |= !d->main && known;
		if (known)
			open_port(b, c, d->number);
	}
}

static void take_served(const struct backends *b, const struct pods *pods,
			uint16_t port, struct role *role)
{
	const struct component *c = pods->component;
	port_set_add(&facts_of(b, c)->inside, port);
	role->led_to = true;
	if (ports_contain(&c->ports, port)) {
		role->served = true;
		open_port(b, c, port);
	} else if (!role->main_known && may_open(b, c, port) &&
		   declares(b->calls, pods, port, true)) {
		role->main_served = true;
		open_port(b, c, port);
	}
}

/* Where Services say nothing of the main container. */
static void take_rest(const struct backends *b, const struct pods *pods,
		      struct role *role)
{
	const struct component *c = pods->component;
	if (role->main_known || role->main_served || role->served)
		return;
	/* PHP-FPM behind a web server in one pod */
	if (role->main_declares && role->known_aside && !role->led_to)
		return;
	role->wide = !role->main_declares;
	if (role->wide)
		port_set_add_all(&facts_of(b, c)->ports, &c->ports);
	for (unsigned i = 0; i < pods->ports.count; i++) {
		const struct declared_port *d =
			&b->calls->declared.items[pods->ports.first + i];
		if (d->main)
			open_port(b, c, d->number);
	}
}

static void take_undeclared(const struct backends *b, const struct pods *pods,
			    uint16_t port, struct role *role)
{
	if (role->wide && !declares_any(b->calls, pods, port))
		open_port(b, pods->component, port);
}

typedef void take_port(const struct backends *b, const struct pods *pods,
		       uint16_t port, struct role *role);

static int each_backend(struct backends *b, struct role *roles, take_port *take,
			struct sg_error *e)
{
	for (unsigned i = 0; i < b->backends.count; i++) {
		const struct backend *backend = &b->backends.items[i];
		struct span pods = b->selections.items[backend->selection].pods;
		if (count_work(b, pods.count, e))
			return -1;
		for (unsigned k = 0; k < pods.count; k++) {
			const struct pods *p = pods_at(b, pods.first + k);
			uint16_t port = port_on(b, backend, p);
			if (port && p->takes_calls)
				take(b, p, port,
				     &roles[b->pods.items[pods.first + k]]);
		}
	}
	return 0;
}

static int open_ports(struct backends *b, struct sg_error *e)
{
	const struct calls *c = b->calls;
	const struct engine *engine = c->who->engine;
	cleanup_free struct role *roles =
		calloc((size_t)c->pods.count + 1, sizeof *roles);
	if (!roles)
		return sg_error_memory(e);
	for (unsigned i = 0; i < c->pods.count; i++)
		if (c->pods.items[i].takes_calls)
			take_declared(b, &c->pods.items[i], &roles[i]);
	if (each_backend(b, roles, take_served, e))
		return -1;
	for (unsigned i = 0; i < c->pods.count; i++)
		if (c->pods.items[i].takes_calls)
			take_rest(b, &c->pods.items[i], &roles[i]);
	if (each_backend(b, roles, take_undeclared, e))
		return -1;
	for (unsigned i = 0; i < engine->component_count; i++) {
		struct component_facts *facts = &b->facts[i];
		if (facts->is_guessed)
			port_set_add_all(&facts->ports,
					 &engine->components[i].ports);
		port_set_join(&facts->inside, &facts->ports);
	}
	return 0;
}

/* --- all of it --- */

int backends_work_out(struct backends *b, const struct calls *calls,
		      struct component_facts *facts, struct sg_error *e)
{
	cleanup_with(release_index) struct label_index index = { 0 };
	*b = (struct backends){ .calls = calls, .facts = facts };
	words_init(&b->selection_keys);
	words_init(&b->backend_keys);
	b->service_of = no_indices(calls->words.list.count);
	b->selection_of = no_indices(calls->services.count);
	b->backend_of = no_indices(calls->service_ports.count);
	if (!b->service_of || !b->selection_of || !b->backend_of)
		return sg_error_memory(e);
	return index_labels(calls, &index, e) || select_pods(b, &index, e) ||
			       find_backends(b, e) || open_ports(b, e) ?
		       -1 :
		       0;
}

void backends_release(struct backends *b)
{
	free(b->service_of);
	free(b->selection_of);
	free(b->backend_of);
	words_release(&b->selection_keys);
	words_release(&b->backend_keys);
	free(b->selections.items);
	free(b->pods.items);
	free(b->backends.items);
	free(b->ends.items);
}

const struct service *backends_service(const struct backends *b, uint32_t name)
{
	uint32_t found = name == WORD_NONE ? NO_INDEX : b->service_of[name];
	return found == NO_INDEX ? NULL : &b->calls->services.items[found];
}
