#include "server.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gnutls/abstract.h>

#include "cleanup.h"
#include "clock.h"
#include "server_parts.h"

enum {
	SWEEP_MS = 250, /* between looks at all connections */
	HURRY_MS = 20,	/* the same while requests wait: they have deadlines */
	DRAIN_MS = 20,
	REPORT_MS = 10000, /* between lines of the log on what went wrong */
	/* For so long a connection must be silent to be closed by server_stop. */
	SILENCE_MS = 500,
	FAREWELL_MS = 200,
};

void server_defaults(struct server_options *o)
{
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	(void)sched_getaffinity(0, sizeof cpus, &cpus);
	int count = CPU_COUNT(&cpus);
	*o = (struct server_options){
		.threads = count < 1		      ? 1 :
			   count > SERVER_THREADS_MAX ? SERVER_THREADS_MAX :
							(unsigned)count,
		.waiters = 24, /* more than the ledger lets one owner hold */
		.queue = 128,
		.connections = 1024, /* that an API server may have at once: 600 */
		.memory = SG_MAX_REQUESTS,
		.max_body = SG_MAX_BODY,
		.max_answer = SG_MAX_VERDICT,
		/* what a webhook configuration may ask for at most */
		.timeout = 30000,
		.read_timeout = 10000,
		.idle_timeout = 150000,
	};
}

/* --- the keeper of deadlines --- */

static void keeper_wait(struct server *s, int64_t milliseconds)
{
	struct timespec until;
	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_nsec += (long)milliseconds * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_cond_timedwait(&s->keeper_wakes, &s->keeper_lock, &until);
}

/* One line for many, so that nobody fills the log by knocking. */
static void report(const struct server *s, struct server_stats *last)
{
	struct server_stats now;
	if (!s->o.log)
		return;
	server_stats(s, &now);
	if (now.handshakes_failed != last->handshakes_failed ||
	    now.read_timeouts != last->read_timeouts ||
	    now.connections_pruned != last->connections_pruned ||
	    now.connections_refused != last->connections_refused)
		log_event(s->o.log, LOG_LEVEL_WARNING,
			  "connections were cut off",
			  log_number("tls_handshakes_failed",
				     (int64_t)(now.handshakes_failed -
					       last->handshakes_failed)),
			  log_number("too_slow",
				     (int64_t)(now.read_timeouts -
					       last->read_timeouts)),
			  log_number("to_make_room",
				     (int64_t)(now.connections_pruned -
					       last->connections_pruned)),
			  log_number("for_want_of_room",
				     (int64_t)(now.connections_refused -
					       last->connections_refused)));
	if (now.too_large != last->too_large ||
	    now.queue_full != last->queue_full || now.late != last->late)
		log_event(s->o.log, LOG_LEVEL_WARNING, "requests were refused",
			  log_number("too_large", (int64_t)(now.too_large -
							    last->too_large)),
			  log_number("queue_full", (int64_t)(now.queue_full -
							     last->queue_full)),
			  log_number("late", (int64_t)(now.late - last->late)));
	*last = now;
}

static void *run_keeper(void *context)
{
	struct server *s = context;
	struct server_stats reported = { 0 };
	int64_t swept = 0, told = clock_now();
	bool hurry = false;
	pthread_mutex_lock(&s->keeper_lock);
	while (!s->keeper_stops) {
		if (!s->keeper_hurries)
			keeper_wait(s, hurry ? HURRY_MS : SWEEP_MS);
		s->keeper_hurries = false;
		pthread_mutex_unlock(&s->keeper_lock);
		int64_t now = clock_now();
		hurry = waiters_keep_time(s, now);
		if (now - swept >= SWEEP_MS) {
			server_sweep(s, now);
			swept = now;
		}
		if (now - told >= REPORT_MS) {
			report(s, &reported);
			told = now;
		}
		pthread_mutex_lock(&s->keeper_lock);
	}
	pthread_mutex_unlock(&s->keeper_lock);
	report(s, &reported);
	return NULL;
}

static int keeper_start(struct server *s, struct sg_error *e)
{
	int failed = pthread_create(&s->keeper, NULL, run_keeper, s);
	if (failed)
		return sg_error_set(e, SG_IO, "cannot start a thread: %s",
				    strerror(failed));
	return 0;
}

static void keeper_stop(struct server *s)
{
	pthread_mutex_lock(&s->keeper_lock);
	s->keeper_stops = true;
	pthread_cond_signal(&s->keeper_wakes);
	pthread_mutex_unlock(&s->keeper_lock);
	(void)pthread_join(s->keeper, NULL);
}

/* --- libmicrohttpd --- */

/* It speaks of each connection that breaks; our counters say how many. */
static void drop_message(void *context, const char *format, va_list arguments)
{
	(void)context;
	(void)format;
	(void)arguments;
}

/* So that it starts without a certificate; tls_begin sets the real ones. */
static int no_certificate(gnutls_session_t session,
			  const gnutls_datum_t *issuers, int issuer_count,
			  const gnutls_pk_algorithm_t *algorithms,
			  int algorithm_count, gnutls_pcert_st **chain,
			  unsigned *length, gnutls_privkey_t *key)
{
	(void)session;
	(void)issuers;
	(void)issuer_count;
	(void)algorithms;
	(void)algorithm_count;
	(void)chain;
	(void)length;
	(void)key;
	return -1;
}

static struct MHD_Daemon *start_daemon(struct server *s)
{
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_NO_LISTEN_SOCKET |
			 MHD_ALLOW_SUSPEND_RESUME | MHD_USE_TURBO |
			 MHD_USE_ERROR_LOG;
	/* a pool of one is refused */
	unsigned pool = s->o.threads > 1 ? s->o.threads : 0;
	if (s->tls)
		flags |= MHD_USE_TLS;
	return MHD_start_daemon(
		flags, 0, NULL, NULL, server_on_request, s,
		MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL,
		MHD_OPTION_NOTIFY_COMPLETED, server_on_completed, s,
		MHD_OPTION_NOTIFY_CONNECTION, server_notify_connection, s,
		MHD_OPTION_URI_LOG_CALLBACK, server_on_first_line, s,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)SERVER_POOL,
		MHD_OPTION_CONNECTION_TIMEOUT,
		(unsigned)(s->o.idle_timeout / 1000),
		/* never reached, however it spreads them: accepting stops before */
		MHD_OPTION_CONNECTION_LIMIT,
		(s->o.connections + SERVER_LEAVING_MAX + 1) * s->o.threads,
		MHD_OPTION_THREAD_POOL_SIZE, pool,
		/* passed over without MHD_USE_TLS */
		MHD_OPTION_HTTPS_PRIORITIES, tls_priorities,
		MHD_OPTION_HTTPS_CERT_CALLBACK, no_certificate, MHD_OPTION_END);
}

/* --- life --- */

static struct server *server_new(const struct server_options *o,
				 struct tls *tls)
{
	struct server *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;
	s->o = *o;
	if (!s->o.connections_of_one)
		s->o.connections_of_one = (s->o.connections + 1) / 2;
	s->tls = tls;
	s->listener = s->stop_listening = -1;
	(void)clock_condition(&s->keeper_wakes);
	(void)pthread_mutex_init(&s->keeper_lock, NULL);
	(void)pthread_mutex_init(&s->connections_lock, NULL);
	(void)pthread_mutex_init(&s->waiters.lock, NULL);
	(void)pthread_cond_init(&s->waiters.work, NULL);
	return s;
}

/* All threads are gone. */
static void server_free(struct server *s)
{
	room_forget_lost(s, INT64_MAX);
	sg_cleanup_close(&s->listener);
	sg_cleanup_close(&s->stop_listening);
	(void)pthread_cond_destroy(&s->keeper_wakes);
	(void)pthread_mutex_destroy(&s->keeper_lock);
	(void)pthread_mutex_destroy(&s->connections_lock);
	(void)pthread_mutex_destroy(&s->waiters.lock);
	(void)pthread_cond_destroy(&s->waiters.work);
	free(s);
}

static int start_threads(struct server *s, struct sg_error *e)
{
	if (waiters_start(s, e))
		return -1;
	s->daemon = start_daemon(s);
	if (!s->daemon)
		return sg_error_set(e, SG_IO,
				    "cannot start libmicrohttpd%s: %s",
				    s->tls ? " with TLS" : "",
				    errno ? strerror(errno) : "no reason given");
	if (keeper_start(s, e))
		return -1;
	if (server_accept_start(s, e) == 0)
		return 0;
	keeper_stop(s);
	return -1;
}

int server_start(const struct server_options *o, struct tls *tls,
		 struct server **out, struct sg_error *e)
{
	struct server *s = server_new(o, tls);
	if (!s)
		return sg_error_memory(e);
	if (server_listen(s, e) || start_threads(s, e)) {
		waiters_stop(s);
		if (s->daemon)
			MHD_stop_daemon(s->daemon);
		server_free(s);
		return -1;
	}
	*out = s;
	return 0;
}

size_t server_bound(const struct server *s)
{
	return server_memory(&s->o, s->tls);
}

void server_address(const struct server *s, struct sockaddr_storage *out)
{
	*out = s->address;
}

void server_close_connections(struct server *s)
{
	atomic_store(&s->closing, true);
}

/*
 * Until nobody has asked or been answered for a moment: who reuses a kept connection
 * may have sent a request that has not arrived yet.
 */
static void drain(struct server *s, int64_t until)
{
	int64_t silent_since = 0;
	for (;;) {
		int64_t now = clock_now();
		pthread_mutex_lock(&s->connections_lock);
		unsigned left = s->connection_count;
		pthread_mutex_unlock(&s->connections_lock);
		if (server_count_active(s))
			silent_since = 0;
		else if (!silent_since)
			silent_since = now;
		if ((!left && silent_since && now > silent_since) ||
		    (silent_since && now - silent_since >= SILENCE_MS) ||
		    now >= until)
			return;
		const struct timespec pause = { .tv_nsec = DRAIN_MS * 1000000L };
		(void)nanosleep(&pause, NULL);
	}
}

unsigned server_stop(struct server *s, int64_t timeout)
{
	server_close_connections(s);
	server_accept_stop(s);
	drain(s, clock_now() + timeout);
	unsigned cut_off = atomic_load(&s->counters.requests);
	/* libmicrohttpd aborts when it is stopped with suspended connections */
	waiters_refuse(s);
	if (cut_off) /* time for them to be told */
		drain(s, clock_now() + FAREWELL_MS);
	keeper_stop(s);
	MHD_stop_daemon(s->daemon);
	waiters_stop(s);
	server_free(s);
	return cut_off;
}

void server_stats(const struct server *s, struct server_stats *out)
{
	/* locks are no part of what it is to others */
	struct server *own = (struct server *)(uintptr_t)s;
	const struct server_counters *c = &s->counters;
	pthread_mutex_lock(&own->connections_lock);
	out->connections = s->connection_count;
	pthread_mutex_unlock(&own->connections_lock);
	pthread_mutex_lock(&own->waiters.lock);
	out->waiting = s->waiters.unanswered;
	pthread_mutex_unlock(&own->waiters.lock);
	out->requests = atomic_load(&c->requests);
	out->connections_total = atomic_load(&c->connections_total);
	out->connections_refused = atomic_load(&c->connections_refused);
	out->connections_pruned = atomic_load(&c->connections_pruned);
	out->requests_total = atomic_load(&c->requests_total);
	out->handshakes_failed = atomic_load(&c->handshakes_failed);
	out->read_timeouts = atomic_load(&c->read_timeouts);
	out->too_large = atomic_load(&c->too_large);
	out->queue_full = atomic_load(&c->queue_full);
	out->late = atomic_load(&c->late);
}
