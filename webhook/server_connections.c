/*
 * What each connection does, and who has taken too long. libmicrohttpd's own time-outs
 * are for inactivity: a byte now and then keeps a connection for ever.
 *
 * A connection's phase is one number:
 *   > 0, not ANSWERS   by then (CLOCK_MONOTONIC, ms) the handshake must be done, the
 *                      request read, or the answer sent
 *   ANSWERS            the handler's turn, which has its own deadline
 *   < 0                idle, for the minus n-th time
 * libmicrohttpd does not tell when the first bytes of a request arrive, only when its
 * first line has. So the keeper asks the kernel how many bytes an idle connection has
 * received: more than when its last request was whole, and another has begun, and its
 * time runs. Since the number of the idle phase is part of the number, the keeper can't
 * mistake one for another.
 */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "clock.h"
#include "server_parts.h"

/* Of a handshake's message: GnuTLS's own cap is 128 KiB, for who is not known yet. */
enum { HANDSHAKE_MAX = 32 * 1024 };

static uint64_t bytes_received(int fd)
{
	struct tcp_info info = { 0 };
	socklen_t length = sizeof info;
	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length))
		return 0;
	return info.tcpi_bytes_received;
}

/* GnuTLS reads no further than it needs. */
static uint64_t bytes_read(int fd)
{
	int unread = 0;
	if (ioctl(fd, FIONREAD, &unread) || unread < 0)
		unread = 0;
	return bytes_received(fd) - (uint64_t)unread;
}

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
	atomic_store(&c->bytes_taken, bytes_received(c->socket));
	atomic_store(&c->phase, CONNECTION_ANSWERS);
}

void connection_sends(struct connection *c)
{
	set_deadline(c);
}

void connection_idles(struct connection *c)
{
	atomic_store(&c->idle_since, clock_now());
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
	if (c && !c->idle_count) {
		atomic_store(&c->bytes_taken, bytes_read(c->socket));
		connection_idles(c);
	}
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
	gnutls_handshake_set_max_packet_length(session, HANDSHAKE_MAX);
	c->tls = tls_begin(c->server->tls, session);
	set_deadline(c);
}

static struct connection *begin(struct server *s, struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct connection *c =
		info ? room_enter(s, mhd, info->connect_fd) : NULL;
	if (!c)
		return NULL;
	if (s->tls)
		begin_tls(c);
	else
		connection_idles(c);
	return c;
}

/* libmicrohttpd has freed its session by now, and not yet closed the socket. */
static void end(struct connection *c)
{
	if (!c->idle_count)
		atomic_fetch_add(&c->server->counters.handshakes_failed, 1);
	tls_end(c->tls);
	connection_release(c);
	room_leave(c);
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

bool connection_is_idle(struct connection *c, int64_t phase)
{
	return phase < 0 &&
	       bytes_received(c->socket) <= atomic_load(&c->bytes_taken);
}

bool connection_cut(struct connection *c, int64_t phase, atomic_ullong *counter)
{
	if (!atomic_compare_exchange_strong(&c->phase, &phase,
					    CONNECTION_ANSWERS))
		return false; /* it has moved on */
	/* its thread sees the end of the stream, and closes it */
	(void)shutdown(c->socket, SHUT_RDWR);
	atomic_fetch_add(counter, 1);
	return true;
}

static void look_at(struct connection *c, int64_t now)
{
	struct server *s = c->server;
	int64_t phase = atomic_load(&c->phase);
	if (phase >= 0 && phase < now)
		(void)connection_cut(c, phase, &s->counters.read_timeouts);
	else if (phase < 0 && !connection_is_idle(c, phase))
		(void)atomic_compare_exchange_strong(
			&c->phase, &phase, now + s->o.read_timeout);
}

void server_sweep(struct server *s, int64_t now)
{
	pthread_mutex_lock(&s->connections_lock);
	for (struct connection *c = s->connections; c; c = c->next)
		if (c->mhd)
			look_at(c, now);
	room_forget_lost(s, now);
	pthread_mutex_unlock(&s->connections_lock);
}

unsigned server_count_active(struct server *s)
{
	unsigned active = 0;
	pthread_mutex_lock(&s->connections_lock);
	for (struct connection *c = s->connections; c; c = c->next)
		active += !c->leaves &&
			  !connection_is_idle(c, atomic_load(&c->phase));
	pthread_mutex_unlock(&s->connections_lock);
	return active;
}
