#include "gate_check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "cleanup.h"
#include "clock.h"
#include "json.h"
#include "object_read.h"
#include "policies.h"

#define CONDITION "GateAsked"
#define POLICY "/apis/urumi.io/v1/storepolicies/" POLICIES_NAME
#define STATUS POLICY "/status?fieldManager=storeguard-gate-check&force=true"

/* ms */
enum { EACH = 60000, SOON = 10000, CALL_MS = 10000 };

struct gate_check {
	struct gate_check_options options;
	struct api *api;
	pthread_t thread;
	bool runs;
	struct sg_arena arena; /* of one round */
	struct gate_finding found;
	char complaint[SG_MAX_MESSAGE]; /* logged last */
};

/* By state. */
static const struct {
	const char *label, *status, *reason;
} words[GATE_STATES] = {
	[GATE_ASKED] = { "result=\"asked\"", "True", "Asked" },
	[GATE_NOT_ASKED] = { "result=\"not_asked\"", "False", "NotAsked" },
	[GATE_FAILING] = { "result=\"failing\"", "False", "Failing" },
	[GATE_UNKNOWN] = { "result=\"unknown\"", "Unknown", "NotTried" },
};

/* --- the condition --- */

static void write_field(struct sg_buffer *out, const char *key, const char *text)
{
	sg_buffer_printf(out, ",\"%s\":", key);
	json_write_string(out, text);
}

static void write_condition(const struct gate_finding *f, const char *since,
			    struct sg_buffer *out)
{
	sg_buffer_puts(out, "{\"apiVersion\":\"urumi.io/v1\",\"kind\":\"StorePolicy\","
			    "\"metadata\":{\"name\":\"" POLICIES_NAME
			    "\"},\"status\":{\"conditions\":[{\"type\":\"" CONDITION
			    "\"");
	write_field(out, "status", words[f->state].status);
	write_field(out, "reason", words[f->state].reason);
	write_field(out, "message", f->message);
	write_field(out, "lastTransitionTime", since);
	sg_buffer_puts(out, "}]}}");
}

static bool says(const struct node *condition, const struct gate_finding *f)
{
	return node_is(node_get(condition, "reason"), words[f->state].reason) &&
	       node_is(node_get(condition, "message"), f->message);
}

static enum call show(struct gate_check *c, const struct node *condition,
		      struct sg_error *e)
{
	cleanup_buffer struct sg_buffer body;
	char now[OBJECT_TIME_SIZE];
	bool is_new = !node_is(node_get(condition, "status"),
			       words[c->found.state].status);
	sg_buffer_init(&body, SG_MIB);
	write_condition(&c->found,
			is_new ? object_time_print(clock_wall() / 1000, now) :
				 object_text(condition, "lastTransitionTime"),
			&body);
	if (sg_buffer_check(&body, e))
		return CALL_REFUSED;
	const struct api_request r = {
		.method = "PATCH",
		.path = STATUS,
		.content_type = "application/apply-patch+yaml",
		.body = body.data,
		.length = body.length,
		.deadline = clock_now() + CALL_MS,
	};
	return call_object(c->api, NULL, &r, POLICIES_NAME, NULL, e);
}

/* Where there is no StorePolicy, metric and log have to do. */
static enum call tell_in_policy(struct gate_check *c, struct sg_error *e)
{
	struct node *policy = NULL;
	const struct api_request r = { .method = "GET",
				       .path = POLICY,
				       .deadline = clock_now() + CALL_MS };
	enum call call = call_object(c->api, &c->arena, &r, POLICIES_NAME,
				     &policy, e);
	if (call != CALL_DONE)
		return call;
	const struct node *condition = object_condition(policy, CONDITION);
	return says(condition, &c->found) ? CALL_DONE : show(c, condition, e);
}

/* --- rounds --- */

static void tell_in_log(const struct gate_check *c)
{
	static const char *const told[GATE_STATES] = {
		[GATE_ASKED] = "the gate is asked",
		[GATE_NOT_ASKED] = "the gate can be got past",
		[GATE_FAILING] = "the gate is asked in vain",
		[GATE_UNKNOWN] = "whether the gate is asked is not known",
	};
	enum gate_state state = c->found.state;
	log_event(c->options.log,
		  state == GATE_ASKED	? LOG_LEVEL_INFO :
		  state == GATE_UNKNOWN ? LOG_LEVEL_WARNING :
					  LOG_LEVEL_ERROR,
		  told[state], log_text("message", c->found.message));
}

static void complain(struct gate_check *c, const struct sg_error *e)
{
	if (strcmp(c->complaint, e->message) == 0)
		return;
	memcpy(c->complaint, e->message, sizeof c->complaint);
	log_event(c->options.log, LOG_LEVEL_WARNING,
		  "the condition " CONDITION " of StorePolicy " POLICIES_NAME
		  " is not written",
		  log_text("error", e->message));
}

static void look(struct gate_check *c)
{
	const struct gate_finding before = c->found;
	struct sg_error e = { 0 };
	sg_arena_clear(&c->arena);
	gate_probe(c->api, &c->arena, c->options.configuration, &c->found);
	if (api_pause(c->api, 0))
		return; /* what failed, failed for that */
	for (int i = 0; i < GATE_STATES; i++)
		atomic_store(&c->options.shown->is[i],
			     i == (int)c->found.state);
	if (c->found.state != before.state ||
	    strcmp(c->found.message, before.message) != 0)
		tell_in_log(c);
	enum call call = tell_in_policy(c, &e);
	if (call != CALL_DONE && call != CALL_ABSENT &&
	    !api_pause(c->api, 0))
		complain(c, &e);
}

static void *run(void *context)
{
	struct gate_check *c = context;
	do {
		look(c);
	} while (!api_pause(c->api,
			    c->found.state == GATE_ASKED ? EACH : SOON));
	return NULL;
}

/* --- life --- */

int gate_check_start(const struct gate_check_options *o,
		     struct gate_check **out, struct sg_error *e)
{
	struct gate_check *c = calloc(1, sizeof *c);
	if (!c)
		return sg_error_memory(e);
	c->options = *o;
	c->found.state = GATE_STATES; /* none yet */
	sg_arena_init(&c->arena);
	int failed = 0;
	if (api_open(o->kubeconfig, &c->api, e) ||
	    (failed = pthread_create(&c->thread, NULL, run, c))) {
		gate_check_free(c);
		return failed ? sg_error_set(e, SG_IO,
					     "cannot start a thread: %s",
					     strerror(failed)) :
				-1;
	}
	c->runs = true;
	*out = c;
	return 0;
}

void gate_check_free(struct gate_check *c)
{
	if (!c)
		return;
	if (c->api)
		api_stop(c->api);
	if (c->runs)
		(void)pthread_join(c->thread, NULL);
	for (int i = 0; i < GATE_STATES; i++)
		atomic_store(&c->options.shown->is[i], false);
	api_free(c->api);
	sg_arena_release(&c->arena);
	free(c);
}

/* --- metrics --- */

static double read_shown(const void *is)
{
	return atomic_load((const atomic_bool *)is);
}

int gate_check_metrics_add(struct metrics *m, struct gate_check_shown *s)
{
	for (unsigned i = 0; i < GATE_STATES; i++) {
		const struct metric x = {
			.name = "storeguard_gate_check",
			.help = "What the leader found when it last tried whether the gate is asked; the others say nothing.",
			.type = METRIC_GAUGE,
			.read = read_shown,
			.context = &s->is[i],
			.labels = words[i].label,
		};
		if (metrics_add(m, &x))
			return -1;
	}
	return 0;
}

void gate_check_metrics_forget(struct metrics *m, struct gate_check_shown *s)
{
	for (unsigned i = 0; i < GATE_STATES; i++)
		metrics_forget(m, &s->is[i]);
}
