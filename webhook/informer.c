#include "informer.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "backoff.h"
#include "cleanup.h"
#include "clock.h"
#include "informer_list.h"
#include "memory.h"
#include "object_parse.h"
#include "object_read.h"

/* ms, but as said */
enum {
	QUIET = 150000,
	WATCH_SECONDS = 300, /* at least; at most twice that */
	SHORT_WATCH = 1000,
	LEFT_OUT_TOLD = 10000, /* between lines of the log on such objects */
};
/* Watches that fail in a row before everything is listed again: a version that
 * the API server does not know (a restored backup) fails in many ways. */
enum { FAILED_WATCHES = 5 };

struct informer {
	struct api *api;
	char *path;
	int64_t quiet;
	const char *const *sealed;
	struct informer_sink sinks[2]; /* the second may lack functions */
	struct informer_sink sink; /* which tells both */
	const struct log *log;
	pthread_t thread;
	atomic_bool synced;
	_Atomic int64_t heard; /* CLOCK_MONOTONIC, ms; 0: never */
	atomic_ulong left_out;
	/* the thread's own */
	struct sg_buffer version; /* to watch from; empty: list first */
	struct sg_arena arena;	  /* of the event at hand */
	struct backoff backoff;
	unsigned failed_watches;
	bool relisted; /* for a 410, and no watch has gone well since */
	bool expired; /* the watch at hand was told 410 */
	bool refused; /* the watch at hand was told another error */
	size_t events; /* of the watch at hand */
	unsigned limit; /* of a list's page */
	int64_t left_out_told; /* CLOCK_MONOTONIC, ms; 0: never */
	unsigned left_out_since;
};

static void say(const struct informer *i, enum log_level level,
		const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(const struct informer *i, enum log_level level,
		const char *format, ...)
{
	struct sg_error text = { 0 };
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text.message, sizeof text.message, format, args);
	va_end(args);
	const char *kind = strrchr(i->path, '/') + 1;
	sg_error_context(&text, "%.*s", (int)strcspn(kind, "?"), kind);
	log_write(i->log, level, text.message);
}

/* --- both sinks --- */

static void begin(void *context)
{
	const struct informer *i = context;
	for (const struct informer_sink *s = i->sinks; s < i->sinks + 2; s++)
		if (s->begin)
			s->begin(s->context);
}

static void set(void *context, const struct node *object)
{
	const struct informer *i = context;
	for (const struct informer_sink *s = i->sinks; s < i->sinks + 2; s++)
		if (s->set)
			s->set(s->context, object);
}

static void end(void *context)
{
	const struct informer *i = context;
	for (const struct informer_sink *s = i->sinks; s < i->sinks + 2; s++)
		if (s->end)
			s->end(s->context);
}

/* One line for many: how many there are is in their writers' hands. */
static void say_left_out(struct informer *i, const struct node *outline,
			 const char *why)
{
	const struct node *metadata = node_get(outline, "metadata");
	const char *namespace = object_text(metadata, "namespace");
	int64_t now = clock_now();
	atomic_fetch_add(&i->left_out, 1);
	i->left_out_since++;
	if (i->left_out_told && now - i->left_out_told < LEFT_OUT_TOLD)
		return;
	say(i, LOG_LEVEL_WARNING, "%.63s%s%.253s is left out, since it is %.300s%s",
	    namespace, *namespace ? "/" : "",
	    outline ? object_text(metadata, "name") : "one without a name", why,
	    i->left_out_since > 1 ? "; so were others" : "");
	i->left_out_told = now;
	i->left_out_since = 0;
}

static void left_out(void *context, const struct node *outline, const char *why)
{
	struct informer *i = context;
	say_left_out(i, outline, why);
	for (const struct informer_sink *s = i->sinks; s < i->sinks + 2; s++)
		if (s->left_out && outline)
			s->left_out(s->context, outline, why);
}

static void removed(void *context, const struct node *object)
{
	const struct informer *i = context;
	for (const struct informer_sink *s = i->sinks; s < i->sinks + 2; s++)
		if (s->removed)
			s->removed(s->context, object);
}

/* --- events --- */

static int note_version(struct informer *i, const struct node *object,
			bool is_whole, struct sg_error *e)
{
	const char *version = node_text(
		node_path(object, "metadata", "resourceVersion", NULL));
	if (!version && !is_whole)
		return 0; /* the next event has one */
	if (!version || !*version)
		return sg_error_set(e, SG_INVALID,
				    "an event without a resourceVersion");
	sg_buffer_clear(&i->version);
	sg_buffer_puts(&i->version, version);
	return sg_buffer_check(&i->version, e);
}

/* The API server ends the watch with a Status. */
static int take_refusal(struct informer *i, const struct node *status,
			struct sg_error *e)
{
	const char *message = node_text(node_get(status, "message"));
	i->expired = node_is(node_get(status, "code"), "410");
	i->refused = true;
	return sg_error_set(e, SG_IO, "the watch was ended: %.500s",
			    message ? message : "no reason was given");
}

/* `why`: of an object that can't be read; NULL: it is. */
static int take_event(struct informer *i, const struct node *event,
		      const char *why, struct sg_error *e)
{
	const struct node *type = node_get(event, "type");
	const struct node *object = node_get(event, "object");
	if (node_is(type, "ERROR"))
		return take_refusal(i, object, e);
	if (!node_text(type) || !node_is_mapping(object))
		return sg_error_set(e, SG_INVALID, "a line that is no event");
	if (note_version(i, object, !why, e))
		return -1;
	if (node_is(type, "DELETED"))
		i->sink.removed(i->sink.context, object);
	else if (node_is(type, "ADDED") || node_is(type, "MODIFIED")) {
		if (why)
			i->sink.left_out(i->sink.context, object, why);
		else
			i->sink.set(i->sink.context, object);
	}
	i->events++;
	return 0;
}

struct watching {
	struct informer *informer;
	struct sg_error error;
};

static int take_line(void *context, const char *line, size_t length,
		     bool is_whole)
{
	struct watching *w = context;
	struct informer *i = w->informer;
	const struct object_text text = { .bytes = line,
					  .length = length,
					  .is_whole = is_whole,
					  .is_event = true };
	struct node *event = NULL;
	struct sg_error why = { 0 };
	if (i->arena.total > SG_KEPT_FOR_OBJECTS)
		sg_arena_release(&i->arena);
	sg_arena_clear(&i->arena);
	switch (object_parse(&i->arena, &text, i->sealed, &event, &why)) {
	case OBJECT_READ:
		if (take_event(i, event, NULL, &w->error))
			return -1;
		break;
	case OBJECT_LEFT_OUT:
		if (take_event(i, event, why.message, &w->error))
			return -1;
		break;
	case OBJECT_UNKNOWN:
		if (is_whole) {
			w->error = why;
			return -1;
		}
		say_left_out(i, NULL, why.message);
		break;
	}
	atomic_store(&i->heard, clock_now());
	return 0;
}

static void opened(void *context)
{
	const struct watching *w = context;
	atomic_store(&w->informer->heard, clock_now());
}

/* --- what the thread does --- */

/* What comes next is a list. */
static void forget(struct informer *i)
{
	sg_buffer_clear(&i->version);
	i->failed_watches = 0;
}

static int64_t after_watch(struct informer *i, const struct api_watching *w,
			   const struct sg_error *e)
{
	bool expired = i->expired || w->status == 410;
	if (api_pause(i->api, 0))
		return 0; /* it was ended, it did not fail */
	if (w->was_quiet && w->status == 200)
		return 0; /* that it can be begun anew is what is to be seen */
	say(i, LOG_LEVEL_WARNING, "%s", e->message);
	if (expired || i->refused || ++i->failed_watches >= FAILED_WATCHES)
		forget(i);
	if (expired && !i->relisted) {
		i->relisted = true; /* at once, but not again and again */
		return 0;
	}
	return backoff_next(&i->backoff, w->retry_after);
}

/* Returns how long to wait before what comes next, ms. */
static int64_t watch(struct informer *i)
{
	cleanup_buffer struct sg_buffer path;
	struct watching watching = { .informer = i };
	struct sg_error e = { 0 };
	int64_t begun = clock_now();
	sg_buffer_init(&path, SG_MAX_TOKEN);
	sg_buffer_printf(&path,
			 "%s%cwatch=true&allowWatchBookmarks=true&timeoutSeconds=%u&resourceVersion=",
			 i->path, strchr(i->path, '?') ? '&' : '?',
			 WATCH_SECONDS + arc4random_uniform(WATCH_SECONDS));
	api_escape(&path, i->version.data);
	struct api_watching w = { .path = path.data, .quiet = i->quiet,
				  .line = take_line, .opened = opened,
				  .context = &watching };
	i->events = 0;
	i->expired = i->refused = false;
	int failed = sg_buffer_check(&path, &e) ? -1 : api_watch(i->api, &w, &e);
	if (watching.error.code != SG_OK) {
		e = watching.error;
		sg_error_context(&e, "watch");
	}
	if (i->events || (!failed && clock_now() - begun >= SHORT_WATCH)) {
		backoff_reset(&i->backoff);
		i->failed_watches = 0;
		i->relisted = false;
	}
	if (failed)
		return after_watch(i, &w, &e);
	atomic_store(&i->heard, clock_now());
	return clock_now() - begun < SHORT_WATCH && !i->events ?
		       backoff_next(&i->backoff, 0) :
		       0;
}

static int64_t list(struct informer *i)
{
	struct sg_error e = { 0 };
	struct informer_listing l = { .api = i->api,
				      .path = i->path,
				      .sink = &i->sink,
				      .sealed = i->sealed,
				      .limit = i->limit,
				      .version = &i->version };
	int failed = informer_list(&l, &e);
	i->limit = l.limit;
	if (failed) {
		if (api_pause(i->api, 0))
			return 0;
		say(i, LOG_LEVEL_WARNING, "%s", e.message);
		forget(i);
		return backoff_next(&i->backoff, l.retry_after);
	}
	say(i, LOG_LEVEL_INFO, "listed %zu", l.count);
	atomic_store(&i->heard, clock_now());
	atomic_store(&i->synced, true);
	memory_give_back(); /* what the pages took */
	return 0;
}

static void *run(void *context)
{
	struct informer *i = context;
	int64_t wait = 0;
	while (!api_pause(i->api, wait))
		wait = i->version.length ? watch(i) : list(i);
	return NULL;
}

static int start_thread(struct informer *i, struct sg_error *e)
{
	sigset_t all, before;
	(void)sigfillset(&all); /* signals are for other threads */
	(void)sigdelset(&all, SIGSEGV); /* but one's own faults, which */
	(void)sigdelset(&all, SIGBUS);	/* would end it without a word */
	(void)sigdelset(&all, SIGFPE);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	int failed = pthread_create(&i->thread, NULL, run, i);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return failed ? sg_error_set(e, SG_IO, "cannot start a thread: %s",
				     strerror(failed)) :
			0;
}

int informer_start(struct api *api, const struct informer_options *o,
		   const struct informer_sink *sink, const struct log *log,
		   struct informer **out, struct sg_error *e)
{
	cleanup_free struct informer *i = calloc(1, sizeof *i);
	cleanup_free char *path = strdup(o->path);
	if (!i || !path)
		return sg_error_memory(e);
	i->api = api;
	i->path = path;
	i->quiet = o->quiet ? o->quiet : QUIET;
	i->sealed = o->sealed;
	i->sinks[0] = *sink;
	if (o->also)
		i->sinks[1] = *o->also;
	i->sink = (struct informer_sink){ .begin = begin,
					  .set = set,
					  .end = end,
					  .left_out = left_out,
					  .removed = removed,
					  .context = i };
	i->log = log;
	sg_buffer_init(&i->version, 1024);
	sg_arena_init(&i->arena);
	if (start_thread(i, e))
		return -1;
	(void)steal(&path);
	*out = steal(&i);
	return 0;
}

bool informer_is_synced(const struct informer *i)
{
	return atomic_load(&i->synced);
}

unsigned long informer_left_out(const struct informer *i)
{
	return atomic_load(&i->left_out);
}

int64_t informer_age(const struct informer *i)
{
	int64_t heard = atomic_load(&i->heard);
	return heard ? clock_now() - heard : INT64_MAX;
}

void informer_free(struct informer *i)
{
	if (!i)
		return;
	(void)pthread_join(i->thread, NULL);
	sg_buffer_release(&i->version);
	sg_arena_release(&i->arena);
	free(i->path);
	free(i);
}
