#include "reach.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "limits.h"

int reach_init(struct reach *r, const struct engine *engine, struct sg_error *e)
{
	*r = (struct reach){ .engine = engine };
	r->facts = calloc(engine->component_count + 1, sizeof *r->facts);
	return r->facts ? 0 : sg_error_memory(e);
}

void reach_release(struct reach *r)
{
	backends_release(&r->backends);
	free(r->facts);
	free(r->list.items);
}

const struct port_set *reach_ports(const struct reach *r,
				   const struct component *caller,
				   const struct component *callee)
{
	const struct component_facts *facts = reach_facts(r, callee);
	bool listed = strings_contain(&caller->reaches, callee->name);
	if (caller == callee)
		return listed || facts->calls_itself ? &facts->inside : NULL;
	return listed ? &facts->ports : NULL;
}

/* --- which calls there are --- */

/* Where the gathering is. */
struct gathering {
	struct reach *r;
	unsigned *latest;  /* by Service: its latest call, + 1 */
	uint32_t *sources[2]; /* by name's word: ConfigMaps, Secrets */
	unsigned looked;
	struct sg_error *e;
};

static void release_gathering(struct gathering *g)
{
	free(g->latest);
	free(g->sources[0]);
	free(g->sources[1]);
}

static int add_call(struct gathering *g, struct call call)
{
	struct reach *r = g->r;
	unsigned *latest = &g->latest[call.service];
	for (unsigned at = *latest; at; at = r->list.items[at - 1].previous) {
		struct call *other = &r->list.items[at - 1];
		if (other->caller != call.caller ||
		    other->is_route != call.is_route)
			break;
		if (other->port != call.port)
			continue;
		other->is_weak &= call.is_weak;
		other->from_secret &= call.from_secret;
		return 0;
	}
	if (r->list.count >=
	    SG_MAX_CALLS + r->calls->pods.count * SG_MAX_CALLS_EACH) {
		r->left_out = true;
		return 0;
	}
	struct call *kept = LIST_ADD(r->list, g->e);
	if (!kept)
		return -1;
	call.previous = *latest;
	call.is_shown = true;
	*kept = call;
	*latest = r->list.count;
	return 0;
}

static const struct service *service_named(const struct reach *r,
					   struct host_service name)
{
	const struct words *words = &r->calls->words;
	if (!name.length)
		return NULL;
	return backends_service(&r->backends,
				words_find(words, name.name, name.length));
}

/* The Service that a host's name leads to, by itself or to one of its pods. */
static const struct service *service_of(const struct reach *r, uint32_t host)
{
	const char *text = words_text(&r->calls->words, host);
	const char *namespace = r->calls->who->namespace;
	size_t length = strlen(text);
	const struct service *found = service_named(
		r, host_service(text, length, namespace, false));
	if (found)
		return found;
	found = service_named(r, host_service(text, length, namespace, true));
	return found && found->headless ? found : NULL;
}

static bool has_port(const struct reach *r, const struct service *service,
		     uint16_t port)
{
	for (unsigned i = 0; i < service->ports.count; i++)
		if (r->calls->service_ports.items[service->ports.first + i]
			    .number == port)
			return true;
	return false;
}

static enum host_key key_of(const struct reach *r, uint32_t word)
{
	if (word == WORD_NONE)
		return KEY_UNKNOWN;
	const char *text = words_text(&r->calls->words, word);
	return host_key(text, strlen(text));
}

/* Whether a value that is a Service's name is one, by its keys. */
static bool means_host(const struct reach *r, const struct mention *m,
		       const struct use *use)
{
	if (m->form != HOST_ALONE)
		return true;
	enum host_key own = key_of(r, m->key);
	enum host_key as = key_of(r, use ? use->as : WORD_NONE);
	if (own == KEY_OF_HOST || as == KEY_OF_HOST)
		return true;
	return own == KEY_UNKNOWN && as == KEY_UNKNOWN;
}

static int take_mention(struct gathering *g, unsigned caller,
			const struct mention *m, const struct use *use)
{
	struct reach *r = g->r;
	const struct service *service = service_of(r, m->host);
	if (!service || !means_host(r, m, use))
		return 0;
	struct call call = { .caller = caller,
			     .port = m->port,
			     .from_secret = use && use->is_secret,
			     .is_weak = m->form == HOST_WITH_PORT };
	call.service = (uint32_t)(service - r->calls->services.items);
	if (m->implied && !has_port(r, service, m->port))
		call.port = 0;
	return add_call(g, call);
}

static int take_mentions(struct gathering *g, unsigned caller, struct span span,
			 const struct use *use)
{
	const struct calls *c = g->r->calls;
	for (unsigned i = 0; i < span.count; i++) {
		const struct mention *m = &c->mentions.items[span.first + i];
		if (use && use->key != WORD_NONE && use->key != m->key)
			continue;
		if (++g->looked > SG_MAX_SELECTED) {
			g->r->left_out = true;
			return 0;
		}
		if (take_mention(g, caller, m, use))
			return -1;
	}
	return 0;
}

static int take_pods(struct gathering *g, unsigned caller)
{
	const struct calls *c = g->r->calls;
	const struct pods *pods = &c->pods.items[caller];
	if (take_mentions(g, caller, pods->mentions, NULL))
		return -1;
	for (unsigned i = 0; i < pods->uses.count; i++) {
		const struct use *use = &c->uses.items[pods->uses.first + i];
		uint32_t source = g->sources[use->is_secret][use->name];
		if (source != NO_INDEX &&
		    take_mentions(g, caller, c->sources.items[source].mentions,
				  use))
			return -1;
	}
	return 0;
}

static int take_route(struct gathering *g, unsigned index)
{
	const struct reach *r = g->r;
	const struct route *route = &r->calls->routes.items[index];
	const struct service *service =
		backends_service(&r->backends, route->service);
	if (!service)
		return 0;
	/* the routes of one object are one caller: its first */
	while (index && r->calls->routes.items[index - 1].name == route->name &&
	       r->calls->routes.items[index - 1].kind == route->kind)
		index--;
	struct call call = { .caller = index, .is_route = true,
			     .port = route->port };
	call.service = (uint32_t)(service - r->calls->services.items);
	for (unsigned i = 0; i < service->ports.count; i++) {
		const struct service_port *port =
			&r->calls->service_ports.items[service->ports.first + i];
		if (route->port_name != WORD_NONE &&
		    port->name == route->port_name)
			call.port = port->number;
	}
	return add_call(g, call);
}

static int index_sources(struct gathering *g)
{
	const struct calls *c = g->r->calls;
	size_t words = c->words.list.count;
	for (unsigned k = 0; k < 2; k++) {
		g->sources[k] = malloc((words + 1) * sizeof *g->sources[k]);
		if (!g->sources[k])
			return sg_error_memory(g->e);
		memset(g->sources[k], 0xff, (words + 1) * sizeof *g->sources[k]);
	}
	for (unsigned i = 0; i < c->sources.count; i++)
		g->sources[c->sources.items[i].is_secret]
			  [c->sources.items[i].name] = i;
	g->latest = calloc((size_t)c->services.count + 1, sizeof *g->latest);
	return g->latest ? 0 : sg_error_memory(g->e);
}

static int gather(struct reach *r, struct sg_error *e)
{
	cleanup_with(release_gathering)
	struct gathering g = { .r = r, .e = e };
	if (index_sources(&g))
		return -1;
	for (unsigned i = 0; i < r->calls->pods.count; i++)
		if (take_pods(&g, i))
			return -1;
	for (unsigned i = 0; i < r->calls->routes.count; i++)
		if (take_route(&g, i))
			return -1;
	return 0;
}

/* --- who calls itself --- */

static void note_peers(struct reach *r)
{
	const struct calls *c = r->calls;
	const struct backends *b = &r->backends;
	for (unsigned i = 0; i < c->pods.count; i++) {
		const struct pods *pods = &c->pods.items[i];
		if (pods->takes_calls && pods->several && pods->are_peers)
			reach_facts(r, pods->component)->calls_itself = true;
	}
	for (unsigned i = 0; i < b->selections.count; i++) {
		const struct selection *s = &b->selections.items[i];
		for (unsigned k = 0; s->headless && k < s->pods.count; k++) {
			const struct pods *pods =
				&c->pods.items[b->pods.items[s->pods.first + k]];
			if (pods->takes_calls && pods->several)
				reach_facts(r, pods->component)->calls_itself =
					true;
		}
	}
}

/* Whether pods that answer to this call are of the caller's own component. */
static void note_own_call(struct reach *r, const struct call *call)
{
	const struct pods *caller = &r->calls->pods.items[call->caller];
	struct span ports = r->calls->services.items[call->service].ports;
	if (call->is_route || !caller->selected)
		return;
	for (unsigned i = 0; i < ports.count; i++) {
		uint32_t at = r->backends.backend_of[ports.first + i];
		if (at == NO_INDEX)
			continue;
		const struct backend *backend = &r->backends.backends.items[at];
		for (unsigned k = 0; k < backend->ends.count; k++) {
			const struct backend_end *end =
				&r->backends.ends.items[backend->ends.first + k];
			if (end->takes_calls &&
			    end->component == caller->component)
				reach_facts(r, end->component)->calls_itself =
					true;
		}
	}
}

/* --- judging --- */

static enum verdict judge_end(const struct reach *r, const struct call *call,
			      const struct backend_end *end)
{
	if (!end->component)
		return CALL_TO_STRANGER;
	if (!end->takes_calls)
		return end->component->jobs ? CALL_TO_JOB : CALL_TO_STRANGER;
	const struct port_set *ports = &reach_facts(r, end->component)->ports;
	if (call->is_route) {
		if (!end->component->is_public)
			return CALL_NOT_PUBLIC;
	} else {
		const struct pods *caller = &r->calls->pods.items[call->caller];
		if (!caller->selected)
			return CALL_OF_STRANGER;
		ports = reach_ports(r, caller->component, end->component);
		if (!ports)
			return CALL_NOT_LISTED;
	}
	return port_set_has(ports, end->port) ? CALL_OPEN : CALL_NOT_ON_PORT;
}

/* Open where all pods behind it are; else by the first that are not. */
static void judge_backend(const struct reach *r, struct call *call,
			  const struct backend *backend)
{
	call->verdict = backend->ends.count ? CALL_OPEN : CALL_NO_PODS;
	for (unsigned i = 0; i < backend->ends.count; i++) {
		const struct backend_end *end =
			&r->backends.ends.items[backend->ends.first + i];
		enum verdict verdict = judge_end(r, call, end);
		if (i && verdict == CALL_OPEN)
			continue;
		call->verdict = verdict;
		call->callee = end->component;
		call->pod_port = end->port;
		if (verdict != CALL_OPEN)
			return;
	}
}

/* A headless Service's name leads to the pods themselves: ports aren't mapped. */
static int judge_direct(struct reach *r, struct call *call,
			const struct service *service, struct sg_error *e)
{
	struct backend backend;
	if (backends_direct(&r->backends, service, call->port, &backend, e))
		return -1;
	bool known = backend.declared || has_port(r, service, call->port);
	call->is_shown = known || (!call->is_weak && !call->from_secret);
	judge_backend(r, call, &backend);
	return 0;
}

/* By one of the Service's ports. */
static void judge_at(struct reach *r, struct call *call, unsigned at)
{
	const struct service_port *port = &r->calls->service_ports.items[at];
	call->port = port->number;
	call->verdict = CALL_NOT_TCP;
	if (port->is_tcp)
		judge_backend(r, call,
			      &r->backends.backends
				       .items[r->backends.backend_of[at]]);
}

/*
 * By all of the Service's ports that may be meant: an open one, else the first of
 * TCP, else the first.
 */
static void judge_ports(struct reach *r, struct call *call,
			const struct service *service)
{
	struct call best = *call;
	best.is_shown = false; /* it has no such port, guards or not */
	for (unsigned i = 0; i < service->ports.count; i++) {
		struct call one = *call;
		judge_at(r, &one, service->ports.first + i);
		if (call->port && one.port != call->port)
			continue;
		if (!best.is_shown || one.verdict == CALL_OPEN ||
		    (best.verdict == CALL_NOT_TCP && one.verdict != CALL_NOT_TCP))
			best = one;
		if (best.verdict == CALL_OPEN)
			break;
	}
	*call = best;
}

static int judge(struct reach *r, struct call *call, struct sg_error *e)
{
	const struct service *service =
		&r->calls->services.items[call->service];
	unsigned selection = r->backends.selection_of[call->service];
	if (service->is_alias) {
		call->verdict = CALL_ELSEWHERE;
		return 0;
	}
	if (!r->backends.selections.items[selection].pods.count) {
		call->verdict = CALL_NO_PODS;
		return 0;
	}
	if (call->port && service->headless && !call->is_route)
		return judge_direct(r, call, service, e);
	judge_ports(r, call, service);
	return 0;
}

/* Where a call without a port came out as another one with it, one is enough. */
static void merge(struct reach *r, struct call *call)
{
	for (unsigned at = call->previous; at;
	     at = r->list.items[at - 1].previous) {
		struct call *other = &r->list.items[at - 1];
		if (other->caller != call->caller ||
		    other->is_route != call->is_route)
			return;
		if (other->port == call->port && other->is_shown)
			call->is_shown = false;
	}
}

int reach_work_out(struct reach *r, const struct calls *calls,
		   struct sg_error *e)
{
	r->calls = calls;
	if (backends_work_out(&r->backends, calls, r->facts, e) || gather(r, e))
		return -1;
	note_peers(r);
	for (unsigned i = 0; i < r->list.count; i++)
		note_own_call(r, &r->list.items[i]);
	for (unsigned i = 0; i < r->list.count; i++) {
		if (judge(r, &r->list.items[i], e))
			return -1;
		merge(r, &r->list.items[i]);
	}
	return 0;
}
