/*
 * Who is connected, and who has taken too long. libmicrohttpd's own time-outs are for
 * inactivity: a byte now and then keeps a connection for ever.
 *
 * A connection's phase is one number:
 *   > 0, not ANSWERS   by then (CLOCK_MONOTONIC, ms) the handshake must be done, the
 *                      request read, or the answer sent
 *   ANSWERS            the handler's turn, which has its own deadline
 *   < 0                idle, for the minus n-th time
 * libmicrohttpd does not tell when the first bytes of a request arrive. So the keeper
 * asks the kernel how many bytes an idle connection has received: when they become
 * more while it stays idle, a request has begun, and its time runs. Since the number
 * of the idle phase is part of the number, the keeper can't mistake one for another.
 */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "clock.h"
#include "server_parts.h"

#define ANSWERS INT64_MAX
#define NEVER_ASKED (-1)

static void set_deadline(struct connection *c)
{
	atomic_store(&c->phase, clock_now() + c->server->o.read_timeout);
}

void connection_reads(struct connection *c)
{
	set_deadline(c);
}

void connection_answers(struct connection *c)
{
	atomic_store(&c->phase, ANSWERS);
}

void connection_sends(struct connection *c)
{
	set_deadline(c);
}

void connection_idles(struct connection *c)
{
	atomic_store(&c->phase, -++c->idle_count);
}

/* The client's Finished is the last message of a handshake that succeeded. */
static int on_handshake(gnutls_session_t session, unsigned type, unsigned when,
			unsigned incoming, const gnutls_datum_t *message)
{
	(void)type;
	(void)when;
	(void)message;
	if (!incoming)
		return 0;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		gnutls_session_get_ptr(session),
		MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	struct connection *c = info ? info->socket_context : NULL;
	if (c && !c->idle_count)
		connection_idles(c);
	return 0;
}

static void begin_tls(struct connection *c)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		c->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	if (!info)
		return;
	gnutls_session_t session = info->tls_session;
	gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_FINISHED,
					   GNUTLS_HOOK_POST, on_handshake);
	c->tls = tls_begin(c->server->tls, session);
	set_deadline(c);
}

static struct connection *begin(struct server *s, struct MHD_Connection *mhd)
{
	struct connection *c = calloc(1, sizeof *c);
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (!c || !info) {
		free(c);
		return NULL;
	}
	c->server = s;
	c->mhd = mhd;
	c->socket = info->connect_fd;
	sg_buffer_init(&c->body, s->o.max_body);
	sg_buffer_init(&c->answer.body, s->o.max_answer);
	if (s->tls)
		begin_tls(c);
	else
		connection_idles(c);
	pthread_mutex_lock(&s->connections_lock);
	c->next = s->connections;
	*(c->next ? &c->next->previous : &s->oldest) = c;
	s->connections = c;
	s->connection_count++;
	if (s->arriving)
		s->arriving--;
	pthread_mutex_unlock(&s->connections_lock);
	return c;
}

/* libmicrohttpd has freed its session by now, and not yet closed the socket. */
static void end(struct connection *c)
{
	struct server *s = c->server;
	pthread_mutex_lock(&s->connections_lock);
	*(c->next ? &c->next->previous : &s->oldest) = c->previous;
	*(c->previous ? &c->previous->next : &s->connections) = c->next;
	s->connection_count--;
	pthread_mutex_unlock(&s->connections_lock);
	if (!c->idle_count)
		atomic_fetch_add(&s->counters.handshakes_failed, 1);
	tls_end(c->tls);
	connection_release(c);
	free(c);
}

void server_notify_connection(void *server, struct MHD_Connection *mhd,
			      void **connection,
			      enum MHD_ConnectionNotificationCode what)
{
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		*connection = begin(server, mhd);
	else if (*connection)
		end(*connection);
}

static uint64_t bytes_received(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof info;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return 0;
	return info.tcpi_bytes_received;
}

/* Whether it is idle and no request of it has begun, since last looked at. */
static bool look_at_idle(struct connection *c, int64_t phase, int64_t now)
{
	uint64_t bytes = bytes_received(c->socket);
	if (phase != c->idle_seen) {
		c->idle_seen = phase;
		c->bytes_seen = bytes;
		return false;
	}
	if (bytes == c->bytes_seen)
		return true;
	(void)atomic_compare_exchange_strong(&c->phase, &phase,
					     now + c->server->o.read_timeout);
	return false;
}

static void cut_off(struct connection *c, int64_t phase,
		    atomic_ullong *counter)
{
	if (!atomic_compare_exchange_strong(&c->phase, &phase, ANSWERS))
		return; /* it has moved on */
	/* its thread sees the end of the stream, and closes it */
	(void)shutdown(c->socket, SHUT_RDWR);
	atomic_fetch_add(counter, 1);
}

void server_sweep(struct server *s, int64_t now)
{
	pthread_mutex_lock(&s->connections_lock);
	/* a few at a time: who has just come may be about to ask */
	unsigned too_many = s->connection_count >= s->o.connections ?
				    1 + s->o.connections / 16 :
				    0;
	for (struct connection *c = s->oldest; c; c = c->previous) {
		int64_t phase = atomic_load(&c->phase);
		if (phase >= 0 && phase < now)
			cut_off(c, phase, &s->counters.read_timeouts);
		else if (phase < 0 && look_at_idle(c, phase, now) &&
			 phase == NEVER_ASKED && too_many) {
			cut_off(c, phase, &s->counters.connections_pruned);
			too_many--;
		}
	}
	pthread_mutex_unlock(&s->connections_lock);
}

unsigned server_count_active(struct server *s)
{
	unsigned active = 0;
	int64_t now = clock_now();
	pthread_mutex_lock(&s->connections_lock);
	for (struct connection *c = s->connections; c; c = c->next) {
		int64_t phase = atomic_load(&c->phase);
		active += phase >= 0 || !look_at_idle(c, phase, now);
	}
	pthread_mutex_unlock(&s->connections_lock);
	return active;
}
