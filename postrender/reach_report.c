#include "reach_report.h"

#include "cleanup.h"
#include "limits.h"
#include "names.h"
#include "text.h"

enum { SHOWN_CALLS = 60, CALLER_WIDTH = 34, CALLEE_WIDTH = 26, NAME_SIZE = 256 };

static const char *word(const struct reach *r, uint32_t number)
{
	return words_text(&r->calls->words, number);
}

static void name_caller(const struct reach *r, const struct call *call,
			char name[NAME_SIZE])
{
	const struct calls *c = r->calls;
	uint32_t kind = call->is_route ? c->routes.items[call->caller].kind :
					 c->pods.items[call->caller].kind;
	uint32_t own = call->is_route ? c->routes.items[call->caller].name :
					c->pods.items[call->caller].name;
	(void)snprintf(name, NAME_SIZE, "%.63s/%.128s", word(r, kind),
		       word(r, own));
	text_make_printable(name);
}

static void name_service(const struct reach *r, const struct call *call,
			 char name[NAME_SIZE])
{
	(void)snprintf(name, NAME_SIZE, "%.200s",
		       word(r, r->calls->services.items[call->service].name));
	text_make_printable(name);
}

/* The first component that the ingress controllers reach, or NULL. */
static const struct component *public_component(const struct engine *engine)
{
	for (unsigned i = 0; i < engine->component_count; i++)
		if (engine->components[i].is_public)
			return &engine->components[i];
	return NULL;
}

/* "port 80", and where the pods' own differs, "port 80 (the pods' 8080)". */
static void name_port(const struct call *call, char text[64])
{
	if (!call->port)
		(void)snprintf(text, 64, "any port");
	else if (call->pod_port && call->pod_port != call->port)
		(void)snprintf(text, 64, "port %u (the pods' %u)", call->port,
			       call->pod_port);
	else
		(void)snprintf(text, 64, "port %u", call->port);
}

/* The line of the policy that opens the port of the pods called. */
static void suggest_port(const struct reach *r, const struct call *call,
			 struct sg_buffer *out)
{
	const struct component *to = call->callee;
	const struct component_facts *facts = reach_facts(r, to);
	if (!port_set_has(&facts->inside, call->pod_port))
		sg_buffer_printf(out,
				 ": no container of the pods called declares that port; declare it");
	if (!ports_contain(&to->ports, call->pod_port))
		sg_buffer_printf(out,
				 "%s spec.engines.%s.components[%s].ports: add %u",
				 port_set_has(&facts->inside, call->pod_port) ?
					 ". In the policy," :
					 ", and in the policy,",
				 r->engine->name, to->name, call->pod_port);
}

static void suggest_reach(const struct reach *r, const struct call *call,
			  struct sg_buffer *out)
{
	const struct pods *caller = &r->calls->pods.items[call->caller];
	sg_buffer_printf(out,
			 ". In the policy, spec.engines.%s.components[%s].reaches: add %s",
			 r->engine->name, caller->component->name,
			 call->callee->name);
	if (!port_set_has(&reach_facts(r, call->callee)->ports, call->pod_port))
		suggest_port(r, call, out);
}

static void explain_verdict(const struct reach *r, const struct call *call,
			    struct sg_buffer *out)
{
	const struct component *web = public_component(r->engine);
	switch (call->verdict) {
	case CALL_OPEN:
	case CALL_ELSEWHERE:
		break;
	case CALL_NO_PODS:
		sg_buffer_puts(out,
			       ": it leads to no pods of this release, and the policies open nothing else in the cluster");
		break;
	case CALL_NOT_TCP:
		sg_buffer_puts(out, ": the policies open TCP alone");
		break;
	case CALL_OF_STRANGER:
		sg_buffer_puts(out, ": the caller's pods get DNS only");
		break;
	case CALL_TO_STRANGER:
		sg_buffer_printf(out,
				 ": the pods behind it are of no component; a label " SG_LABEL_COMPONENT
				 " on their template can name one");
		break;
	case CALL_TO_JOB:
		sg_buffer_puts(out, ": nobody reaches the pods of a Job");
		break;
	case CALL_NOT_LISTED:
		suggest_reach(r, call, out);
		break;
	case CALL_NOT_ON_PORT:
		suggest_port(r, call, out);
		break;
	case CALL_NOT_PUBLIC:
		sg_buffer_printf(out,
				 ": its pods are taken for %s, which is not public; if they are, label their template " SG_LABEL_COMPONENT
				 ": %s",
				 call->callee->name, web ? web->name : "web");
		break;
	}
}

static void warn_of_call(const struct reach *r, const struct call *call,
			 struct diagnostics *d)
{
	char caller[NAME_SIZE], service[NAME_SIZE], port[64];
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_MESSAGE);
	if (!call->is_shown || call->verdict == CALL_OPEN ||
	    call->verdict == CALL_ELSEWHERE)
		return;
	name_caller(r, call, caller);
	name_service(r, call, service);
	name_port(call, port);
	explain_verdict(r, call, &text);
	diagnostics_warn(d, "%s can't reach Service/%s on %s%s", caller, service,
			 port, text.data ? text.data : "");
}

static void warn_of_pods(const struct reach *r, const struct pods *pods,
			 struct diagnostics *d)
{
	if (!pods->component || pods->selected)
		return;
	diagnostics_warn(d,
			 "%s/%s can't be labelled, so its pods get no network but DNS. A label " SG_LABEL_COMPONENT
			 ": %s on its template opens what %s may reach",
			 word(r, pods->kind), word(r, pods->name),
			 pods->component->name, pods->component->name);
}

void reach_warn(const struct reach *r, struct diagnostics *d)
{
	for (unsigned i = 0; i < r->calls->pods.count; i++)
		warn_of_pods(r, &r->calls->pods.items[i], d);
	for (unsigned i = 0; i < r->list.count; i++)
		warn_of_call(r, &r->list.items[i], d);
	if (r->left_out || r->calls->left_out)
		diagnostics_warn(d,
				 "the manifests name Services more often than is looked at; whom the rest of them call is not known");
}

static void table_line(const struct reach *r, const struct call *call,
		       struct sg_buffer *out)
{
	char caller[NAME_SIZE], service[NAME_SIZE], port[32] = "any";
	name_caller(r, call, caller);
	name_service(r, call, service);
	if (call->port)
		(void)snprintf(port, sizeof port, "%u", call->port);
	sg_buffer_printf(out, "  %-*s  %-*s %5s  %s\n", CALLER_WIDTH,
			 text_shorten(caller, CALLER_WIDTH), CALLEE_WIDTH,
			 text_shorten(service, CALLEE_WIDTH), port,
			 call->verdict == CALL_OPEN	 ? "open" :
			 call->verdict == CALL_ELSEWHERE ? "?" :
							   "closed");
}

const char reach_table_title[] =
	"Calls that the manifests show       Service                     port";

void reach_table(const struct reach *r, struct sg_buffer *out)
{
	unsigned shown = 0, left_out = 0;
	for (unsigned i = 0; i < r->list.count; i++) {
		if (!r->list.items[i].is_shown)
			continue;
		if (shown == SHOWN_CALLS) {
			left_out++;
			continue;
		}
		table_line(r, &r->list.items[i], out);
		shown++;
	}
	if (left_out)
		sg_buffer_printf(out, "  and %u more\n", left_out);
}
