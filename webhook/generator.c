#include "generator.h"

#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "generator_ask.h"
#include "generator_list.h"
#include "generator_metrics.h"
#include "generator_token.h"
#include "informer_list.h"
#include "memory.h"
#include "object_parse.h"
#include "refusal.h"

#define PATH "/api/v1/getparams.execute"
#define STORES "/apis/urumi.io/v1/stores"

/* ms */
enum {
	ANSWER_MS = 20000, /* in all; Argo CD waits 30 s unless told otherwise */
	MARGIN_MS = 500,   /* left to say what took too long */
	STRANGERS_MS = 10000, /* between lines of the log on wrong tokens */
};
/* From how many Stores on a loss of more than half is told. */
enum { NOTICED = 10 };

struct generator {
	struct generator_options o;
	struct server *server;
	struct generator_counters counters;
	atomic_int_least64_t strangers_told; /* CLOCK_MONOTONIC, ms; 0: never */
	atomic_ulong strangers;
	/* the one waiter's own */
	size_t last; /* Stores for Argo CD in the last answer */
	struct sg_buffer conflicts; /* as told last */
};

/* A request, as it is known by then. */
struct passage {
	struct generator *generator;
	const struct server_request *request;
	struct server_answer *answer;
	struct sg_arena arena;
	struct policy_hold *policy;
	struct generator_ask ask;
	int64_t begun;
};

static void count(struct passage *p)
{
	generator_count(&p->generator->counters, p->answer->status);
}

static void say_refused(const struct passage *p, const char *message)
{
	log_event(p->generator->o.log, LOG_LEVEL_WARNING,
		  "no list of Stores for Argo CD",
		  log_text("applicationset", p->ask.application_set),
		  log_number("code", p->answer->status),
		  log_text("error", message),
		  log_number("ms", clock_now() - p->begun));
}

static enum server_result give_up(struct passage *p, int status,
				  const char *message)
{
	refusal_write(p->answer, status, message);
	count(p);
	say_refused(p, message);
	return SERVER_DONE;
}

/* --- who asks --- */

/* One line for many, so that nobody fills the log by guessing. */
static void say_strangers(struct generator *g, const char *message)
{
	int64_t now = clock_now(), told = atomic_load(&g->strangers_told);
	atomic_fetch_add(&g->strangers, 1);
	if ((told && now - told < STRANGERS_MS) ||
	    !atomic_compare_exchange_strong(&g->strangers_told, &told, now))
		return;
	log_event(g->o.log, LOG_LEVEL_WARNING,
		  "no list of Stores for who asked without the right token",
		  log_number("requests",
			     (int64_t)atomic_exchange(&g->strangers, 0)),
		  log_text("error", message));
}

static enum server_result refuse_stranger(struct passage *p, enum token token,
					  const char *message)
{
	refusal_write(p->answer, token == TOKEN_WRONG ? 401 : 503, message);
	if (token == TOKEN_WRONG)
		p->answer->authenticate = "Bearer";
	count(p);
	say_strangers(p->generator, message);
	return SERVER_DONE;
}

/* --- what is asked --- */

/* Who is known asks this: SERVER_LATER, or what is wrong. */
static enum server_result read_ask(struct passage *p)
{
	const struct server_request *r = p->request;
	struct sg_error e = { 0 };
	p->policy = gate_hold_policy(p->generator->o.gate, &e);
	if (!p->policy)
		return give_up(p, 503, e.message);
	if (generator_ask_read(&p->arena, r->body, r->length,
			       policy_held(p->policy), &p->ask, &e))
		return give_up(p, e.code == SG_INVALID ? 400 : 503, e.message);
	return SERVER_LATER;
}

static enum server_result check(struct passage *p)
{
	const struct server_request *r = p->request;
	struct sg_error e = { 0 };
	enum token token = token_check(p->generator->o.token_file,
				       r->authorization, &e);
	if (token != TOKEN_RIGHT)
		return refuse_stranger(p, token, e.message);
	if (strcmp(r->path, PATH) != 0)
		return give_up(p, 404, "there is no such path here; there is " PATH);
	if (strcmp(r->method, "POST") != 0) {
		p->answer->allow = "POST";
		return give_up(p, 405, PATH " is asked by POST");
	}
	if (!request_is_json(r))
		return give_up(p, 415, PATH " is asked in application/json");
	return read_ask(p);
}

/* --- the answer --- */

static void say_conflicts(struct generator *g, const struct sg_buffer *now)
{
	const char *text = now->length ? now->data : "";
	if (strcmp(text, g->conflicts.length ? g->conflicts.data : "") == 0)
		return;
	sg_buffer_clear(&g->conflicts);
	sg_buffer_puts(&g->conflicts, text);
	if (*text)
		log_event(g->o.log, LOG_LEVEL_WARNING,
			  "Stores are withheld from Argo CD, for their host or their size",
			  log_text("stores", text));
	else
		log_write(g->o.log, LOG_LEVEL_INFO,
			  "no host is that of several Stores any more, and none is too large");
}

static void say_listed(struct passage *p, const struct generator_counts *c)
{
	struct generator *g = p->generator;
	if (g->last >= NOTICED && c->stores * 2 < g->last)
		log_event(g->o.log, LOG_LEVEL_WARNING,
			  "more than half of the Stores for Argo CD are gone since the last answer, and a quorum read says so: their shops will be deleted",
			  log_number("before", (int64_t)g->last),
			  log_number("now", (int64_t)c->stores));
	g->last = c->stores;
	atomic_store(&g->counters.stores, c->stores);
	atomic_store(&g->counters.withheld, c->withheld);
	atomic_store(&g->counters.too_large, c->too_large);
	log_event(g->o.log, LOG_LEVEL_INFO, "Stores listed for Argo CD",
		  log_text("applicationset", p->ask.application_set),
		  log_text("engine", p->ask.part.engine),
		  log_number("shard", p->ask.part.shard),
		  log_number("of", p->ask.part.of ? p->ask.part.of : 1),
		  log_number("stores", (int64_t)c->written),
		  log_number("withheld", (int64_t)c->withheld),
		  log_number("too_large", (int64_t)c->too_large),
		  log_number("bytes", (int64_t)p->answer->body.length),
		  log_number("ms", clock_now() - p->begun));
}

/* 200, or why not. */
static int list(struct passage *p, struct generator_list *all,
		struct generator_counts *counts, struct sg_error *e)
{
	struct generator *g = p->generator;
	cleanup_buffer struct sg_buffer version, conflicts;
	sg_buffer_init(&version, SG_MAX_TOKEN);
	sg_buffer_init(&conflicts, SG_MAX_MESSAGE);
	const struct informer_sink sink = generator_list_sink(all);
	struct informer_listing listing = {
		.api = gate_api(g->o.gate),
		.path = STORES,
		.sink = &sink,
		.sealed = object_sealed_store,
		.version = &version,
		.deadline = p->request->deadline - MARGIN_MS,
	};
	if (informer_list(&listing, e)) {
		sg_error_context(e, "the Stores can't be read");
		return 503;
	}
	if (generator_list_write(all, &p->answer->body, &conflicts, counts, e)) {
		sg_error_context(e, "the list of Stores");
		return e->code == SG_INVALID ? 500 : 503;
	}
	say_conflicts(g, &conflicts);
	return 200;
}

static enum server_result answer(struct passage *p)
{
	struct generator_counts counts;
	int status = 503;
	struct sg_error e = { 0 };
	struct generator_list *all =
		generator_list_new(policy_held(p->policy), &p->ask.part);
	if (all)
		status = list(p, all, &counts, &e);
	else
		sg_error_memory(&e);
	generator_list_free(all);
	if (status != 200) {
		sg_buffer_release(&p->answer->body);
		return give_up(p, status, e.message);
	}
	count(p);
	say_listed(p, &counts);
	memory_give_back();
	return SERVER_DONE;
}

static enum server_result handle(void *context, const struct server_request *r,
				 struct server_answer *a)
{
	struct passage p = { .generator = context,
			     .request = r,
			     .answer = a,
			     .begun = clock_now() };
	sg_arena_init(&p.arena);
	/* who waits has been checked; all that is kept of it is the request */
	enum server_result result = r->may_wait ? read_ask(&p) : check(&p);
	if (r->may_wait && result == SERVER_LATER)
		result = answer(&p);
	if (p.policy)
		policies_release(p.policy);
	sg_arena_release(&p.arena);
	return result;
}

/* --- life --- */

static int listen_on(struct generator *g, struct sg_error *e)
{
	struct server_options o;
	server_defaults(&o);
	o.address = g->o.address;
	o.threads = 1;
	o.waiters = 1;
	o.queue = 16;
	o.connections = 64;
	o.max_body = 64 * 1024;
	o.max_answer = SG_MAX_GENERATED;
	o.memory = SG_MAX_GENERATED;
	o.timeout = ANSWER_MS;
	o.handler = handle;
	o.context = g;
	o.log = g->o.log;
	return server_start(&o, NULL, &g->server, e) ?
		       sg_error_context(e, "--generator") :
		       0;
}

int generator_start(const struct generator_options *o, struct generator **out,
		    struct sg_error *e)
{
	struct generator *g = calloc(1, sizeof *g);
	if (!g)
		return sg_error_memory(e);
	g->o = *o;
	sg_buffer_init(&g->conflicts, SG_MAX_MESSAGE);
	int failed = generator_metrics_add(o->metrics, &g->counters) ?
			     sg_error_memory(e) :
			     listen_on(g, e);
	if (failed)
		(void)generator_stop(g, 0);
	else
		*out = g;
	return failed;
}

size_t generator_bound(const struct generator *g)
{
	return g ? server_bound(g->server) + SG_MAX_GATHERED : 0;
}

void generator_address(const struct generator *g, struct sockaddr_storage *out)
{
	server_address(g->server, out);
}

void generator_close(struct generator *g)
{
	if (g)
		server_close_connections(g->server);
}

unsigned generator_stop(struct generator *g, int64_t timeout)
{
	if (!g)
		return 0;
	unsigned cut_off = g->server ? server_stop(g->server, timeout) : 0;
	generator_metrics_forget(g->o.metrics, &g->counters);
	sg_buffer_release(&g->conflicts);
	free(g);
	return cut_off;
}
