#include "gate_probe.h"

#include <stdio.h>
#include <string.h>

#include "call.h"
#include "cleanup.h"
#include "clock.h"
#include "json.h"
#include "names.h"
#include "object_read.h"

#define OF_NAMESPACES "validate-namespace.urumi.io"
#define OF_STORES "validate-store.urumi.io"
/* The chart's policy for labels that others leave out: its second net. */
#define NET "storeguard-namespace-labels"
/* Longer than any Store's name. */
#define NOBODYS SG_NAMESPACE_PREFIX "storeguard-asks-whether-the-gate-is-asked"

enum { CALL_MS = 10000 };

struct probe {
	struct api *api;
	struct sg_arena *arena;
	struct gate_finding *out;
};

static void find(struct probe *p, enum gate_state state, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void find(struct probe *p, enum gate_state state, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	p->out->state = state;
	(void)vsnprintf(p->out->message, sizeof p->out->message, format, args);
	va_end(args);
}

/* --- a namespace that nobody may make --- */

static void write_namespace(const struct node *labels, struct sg_buffer *out)
{
	sg_buffer_puts(out, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\","
			    "\"metadata\":{\"name\":\"" NOBODYS "\",\"labels\":");
	json_write(out, labels);
	sg_buffer_puts(out, "}}");
}

/*
 * An API server that gets no answer says where it asked, and many read what is found here:
 * without what is behind the host, which is the path that nobody is to know.
 */
static void hide_paths(char *text)
{
	char *out = text;
	while (*text) {
		bool is_host = strncmp(text, "://", 3) == 0;
		size_t length = is_host ? 3 + strcspn(text + 3, "/ \"?") : 1;
		memmove(out, text, length);
		out += length;
		text += length;
		if (is_host)
			text += strcspn(text, " \"?");
	}
	*out = '\0';
}

/* What the API server says of a refusal. */
static const char *message_of(struct probe *p, const struct sg_buffer *answer)
{
	struct node *root = NULL;
	struct sg_error e;
	if (!answer->data ||
	    json_parse(answer->data, answer->length, p->arena, &root, &e))
		return "";
	const char *said = object_text(root, "message");
	char *copy = sg_arena_copy(p->arena, said, strlen(said));
	if (!copy)
		return "";
	hide_paths(copy);
	return copy;
}

static void judge(struct probe *p, const struct node *labels, int status,
		  const char *said)
{
	cleanup_buffer struct sg_buffer with;
	struct sg_error e;
	sg_buffer_init(&with, SG_MAX_MESSAGE);
	json_write(&with, labels);
	if (sg_buffer_check(&with, &e))
		find(p, GATE_UNKNOWN, "%s", e.message);
	else if (status < 300)
		find(p, GATE_NOT_ASKED,
		     "namespace " NOBODYS " with labels %s, which no Store has, would be made (a dry run): the API server does not ask webhook " OF_NAMESPACES " of it",
		     with.data);
	else if (strstr(said, "\"" OF_NAMESPACES "\" denied the request") ||
		 strstr(said, "'" NET "'"))
		find(p, GATE_ASKED,
		     "namespaces store-* without a Store are refused (dry runs)");
	else if (strstr(said, "failed calling webhook \"" OF_NAMESPACES "\""))
		find(p, GATE_FAILING,
		     "no namespace store-* and no Store can be made: %.1000s",
		     said);
	else
		find(p, GATE_UNKNOWN,
		     "whether the gate is asked can't be tried (a dry run of namespace " NOBODYS "): HTTP %d: %.1000s",
		     status, said);
}

static void try_namespace(struct probe *p, const struct node *labels)
{
	cleanup_buffer struct sg_buffer body, answer;
	struct sg_error e;
	int status = 0;
	sg_buffer_init(&body, SG_MIB);
	sg_buffer_init(&answer, SG_MAX_ANSWER);
	write_namespace(labels, &body);
	const struct api_request r = {
		.method = "PATCH",
		.path = "/api/v1/namespaces/" NOBODYS
			"?dryRun=All&fieldManager=storeguard-gate-check&force=true",
		.content_type = "application/apply-patch+yaml",
		.body = body.data,
		.length = body.length,
		.deadline = clock_now() + CALL_MS,
	};
	if (sg_buffer_check(&body, &e) ||
	    api_call(p->api, &r, &status, &answer, &e))
		find(p, GATE_UNKNOWN, "%s", e.message);
	else
		judge(p, labels, status, message_of(p, &answer));
}

/* --- what the configuration says --- */

/*
 * Labels by which an object falls out of the selector. Those that a selector asks for
 * need not be given: without them the plain one has fallen out.
 */
static void leave_out(struct probe *p, const struct node *selector,
		      struct node *labels)
{
	const struct node *all = node_get(selector, "matchExpressions");
	if (!node_is_sequence(all))
		return;
	for (const struct node *x = all->first; x; x = x->next) {
		const char *key = object_text(x, "key");
		const struct node *operator = node_get(x, "operator");
		const struct node *values = node_get(x, "values");
		const char *value = "true";
		if (node_is(operator, "NotIn") && node_is_sequence(values) &&
		    values->first)
			value = node_text(values->first);
		else if (!node_is(operator, "DoesNotExist"))
			continue;
		if (*key && value && !node_own(labels, key))
			node_set_string(p->arena, labels, key, value);
	}
}

static bool has_word(const struct node *list, const char *word)
{
	if (node_is_sequence(list))
		for (const struct node *n = list->first; n; n = n->next)
			if (node_is(n, word) || node_is(n, "*"))
				return true;
	return false;
}

/* Whether a rule covers all that is to be asked of the resource. */
static bool has_rule(const struct node *webhook, const char *resource,
		     const char *const *operations)
{
	const struct node *rules = node_get(webhook, "rules");
	if (!node_is_sequence(rules))
		return false;
	for (const struct node *r = rules->first; r; r = r->next) {
		bool covers = has_word(node_get(r, "resources"), resource);
		for (const char *const *o = operations; *o; o++)
			covers &= has_word(node_get(r, "operations"), *o);
		if (covers)
			return true;
	}
	return false;
}

static const struct node *find_webhook(const struct node *configuration,
				       const char *name)
{
	const struct node *all = node_get(configuration, "webhooks");
	if (node_is_sequence(all))
		for (const struct node *w = all->first; w; w = w->next)
			if (node_is(node_get(w, "name"), name))
				return w;
	return NULL;
}

/* Whether a webhook is there, fails closed and is asked of everything. */
static bool is_whole(struct probe *p, const char *name,
		     const struct node *webhook, const char *resource,
		     const char *const *operations)
{
	if (!webhook)
		find(p, GATE_NOT_ASKED, "the configuration has no webhook %s", name);
	else if (!node_is(node_get(webhook, "failurePolicy"), "Fail"))
		find(p, GATE_NOT_ASKED,
		     "webhook %s has no failurePolicy Fail: what it does not answer gets in",
		     name);
	else if (!has_rule(webhook, resource, operations))
		find(p, GATE_NOT_ASKED,
		     "webhook %s has no rule for all that is done to %s", name,
		     resource);
	else
		return true;
	return false;
}

static void look_at(struct probe *p, const struct node *configuration)
{
	static const char *const of_stores[] = { "CREATE", "UPDATE", NULL };
	static const char *const of_namespaces[] = { "CREATE", NULL };
	const struct node *stores = find_webhook(configuration, OF_STORES);
	const struct node *namespaces =
		find_webhook(configuration, OF_NAMESPACES);
	struct node *labels = node_new_mapping(p->arena);
	if (!labels ||
	    !is_whole(p, OF_STORES, stores, "stores", of_stores) ||
	    !is_whole(p, OF_NAMESPACES, namespaces, "namespaces", of_namespaces))
		return;
	/* kinds outside of namespaces have no namespace to be selected by */
	if (node_count(node_get(stores, "objectSelector"))) {
		find(p, GATE_NOT_ASKED,
		     "webhook " OF_STORES " has an objectSelector: Stores that it does not select get in unseen");
		return;
	}
	leave_out(p, node_get(namespaces, "namespaceSelector"), labels);
	leave_out(p, node_get(namespaces, "objectSelector"), labels);
	if (node_count(labels))
		try_namespace(p, labels);
}

static void read_configuration(struct probe *p, const char *name)
{
	struct node *root = NULL;
	struct sg_error e;
	const char *path = sg_arena_printf(
		p->arena,
		"/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/%s",
		name);
	const struct api_request r = { .method = "GET",
				       .path = path,
				       .deadline = clock_now() + CALL_MS };
	if (!path)
		find(p, GATE_UNKNOWN, "out of memory");
	else if (call_object(p->api, p->arena, &r, name, &root, &e) !=
		 CALL_DONE)
		find(p, GATE_UNKNOWN, "%s", e.message);
	else
		look_at(p, root);
}

void gate_probe(struct api *api, struct sg_arena *a, const char *configuration,
		struct gate_finding *out)
{
	struct probe p = { api, a, out };
	const struct node *none = node_new_mapping(a);
	if (!none) {
		find(&p, GATE_UNKNOWN, "out of memory");
		return;
	}
	try_namespace(&p, none);
	if (out->state == GATE_ASKED)
		read_configuration(&p, configuration);
}
