/*
 * One request: libmicrohttpd calls when its headers are there, for each piece of its
 * body, and when it is whole (and once more after a suspended connection went on).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "duration.h"
#include "server_parts.h"

enum {
	/* Of a time-out, kept for the way back: a tenth, and at most so many ms. */
	MARGIN_MAX = 250,
};

void server_refuse(struct server_answer *answer, int status,
		   const char *reason, const char *message)
{
	answer->status = status;
	answer->content_type = "application/json";
	answer->retry_after = status == 503;
	sg_buffer_clear(&answer->body);
	sg_buffer_printf(&answer->body,
			 "{\"kind\":\"Status\",\"apiVersion\":\"v1\","
			 "\"metadata\":{},\"status\":\"Failure\","
			 "\"message\":\"storeguard: %s\",\"reason\":\"%s\","
			 "\"code\":%d}\n",
			 message, reason, status);
}

/* Gives large buffers back; `whole`: the others, too. */
static void shrink(struct sg_buffer *b, bool whole)
{
	if (whole || b->capacity > SERVER_KEPT)
		sg_buffer_release(b);
	else
		sg_buffer_clear(b);
}

static void forget(struct connection *c, bool whole)
{
	shrink(&c->body, whole);
	shrink(&c->answer.body, whole);
	budget_give_back(c->server, &c->charged, c->charged);
}

void connection_release(struct connection *c)
{
	forget(c, true);
}

static int64_t answer_deadline(const struct server *s,
			       struct MHD_Connection *mhd)
{
	const char *text = MHD_lookup_connection_value(
		mhd, MHD_GET_ARGUMENT_KIND, "timeout");
	int64_t timeout = 0;
	if (!text || duration_parse(text, &timeout) || timeout <= 0 ||
	    timeout > s->o.timeout)
		timeout = s->o.timeout;
	int64_t margin = timeout / 10;
	return clock_now() + timeout -
	       (margin < MARGIN_MAX ? margin : MARGIN_MAX);
}

static const char *header(struct connection *c, const char *name)
{
	return MHD_lookup_connection_value(c->mhd, MHD_HEADER_KIND, name);
}

/* Room for a body of that length so far; else false. */
static bool reserve(struct connection *c, size_t length)
{
	struct server *s = c->server;
	size_t most = length + length / 2 + 1; /* how a buffer grows */
	if (length < c->body.capacity)
		return true;
	if (most > SERVER_KEPT && most > c->charged &&
	    !budget_take(s, &c->charged, most - c->charged))
		return false;
	if (!sg_buffer_reserve(&c->body, length - c->body.length))
		return false;
	if (c->charged > c->body.capacity)
		budget_give_back(s, &c->charged, c->charged - c->body.capacity);
	return true;
}

/* Once shut out, for ever. */
static bool is_shut_out(struct connection *c)
{
	if (!c->tls || c->is_shut_out)
		return c->is_shut_out;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		c->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	c->is_shut_out = !info || !tls_is_let_in(&c->tls, info->tls_session);
	return c->is_shut_out;
}

static enum MHD_Result queue(struct connection *c)
{
	const struct server_answer *a = &c->answer;
	enum MHD_Result queued = MHD_NO;
	char seconds[16];
	struct MHD_Response *r = MHD_create_response_from_buffer(
		a->body.length,
		/* kept until the request is completed */
		a->body.data ? a->body.data : (void *)(uintptr_t)"",
		MHD_RESPMEM_PERSISTENT);
	if (!r)
		return MHD_NO;
	bool made = MHD_add_response_header(r, "Content-Type",
					    a->content_type) == MHD_YES;
	if (a->allow)
		made &= MHD_add_response_header(r, "Allow", a->allow) == MHD_YES;
	if (a->authenticate)
		made &= MHD_add_response_header(r, "WWW-Authenticate",
						a->authenticate) == MHD_YES;
	if (a->retry_after > 0) {
		(void)snprintf(seconds, sizeof seconds, "%d", a->retry_after);
		made &= MHD_add_response_header(r, "Retry-After", seconds) ==
			MHD_YES;
	}
	if (atomic_load_explicit(&c->server->closing, memory_order_relaxed) ||
	    is_shut_out(c))
		made &= MHD_add_response_header(r, "Connection", "close") ==
			MHD_YES;
	if (made)
		queued = MHD_queue_response(c->mhd, (unsigned)a->status, r);
	MHD_destroy_response(r);
	connection_sends(c);
	return queued;
}

static enum MHD_Result refuse(struct connection *c, int status,
			      const char *reason, const char *message,
			      atomic_ullong *counter)
{
	atomic_fetch_add(counter, 1);
	server_refuse(&c->answer, status, reason, message);
	return queue(c);
}

static enum MHD_Result refuse_large(struct connection *c)
{
	char message[96];
	(void)snprintf(message, sizeof message,
		       "the body is too large; at most %zu bytes are accepted",
		       c->server->o.max_body);
	return refuse(c, 413, "RequestEntityTooLarge", message,
		      &c->server->counters.too_large);
}

static const char *client(struct connection *c)
{
	if (c->knows_client)
		return c->has_client ? c->client : NULL;
	c->knows_client = true;
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		c->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	c->has_client = c->server->tls && info &&
			tls_client_name(info->tls_session, c->client,
					sizeof c->client);
	return c->has_client ? c->client : NULL;
}

/* The headers are there. */
static enum MHD_Result begin(struct connection *c, const char *url,
			     const char *method)
{
	struct server *s = c->server;
	unsigned long long length = 0;
	const char *text = header(c, "Content-Length");
	atomic_fetch_add(&s->counters.requests, 1);
	connection_reads(c);
	c->method = method;
	c->path = url;
	c->deadline = answer_deadline(s, c->mhd);
	c->answered = c->too_large = c->no_room = false;
	c->refused = is_shut_out(c);
	c->drops_body = c->refused || (s->o.reads_body &&
				       !s->o.reads_body(s->o.context, url));
	struct sg_buffer body = c->answer.body;
	c->answer = (struct server_answer){
		.status = 200, .content_type = "application/json", .body = body
	};
	if (text)
		length = strtoull(text, NULL, 10);
	c->too_large = length > s->o.max_body;
	if (c->too_large && header(c, "Expect"))
		return refuse_large(c); /* it has not been sent, and need not be */
	if (length && length < SERVER_KEPT / 2 && !c->drops_body)
		c->no_room = !reserve(c, (size_t)length);
	return MHD_YES;
}

/* What is refused is read all the same: else the client might never see why. */
static void take(struct connection *c, const char *bytes, size_t length)
{
	if (c->too_large || c->no_room || c->drops_body)
		return;
	if (length > c->server->o.max_body - c->body.length)
		c->too_large = true;
	else if (!reserve(c, c->body.length + length))
		c->no_room = true;
	else
		sg_buffer_append(&c->body, bytes, length);
}

/* The request is whole. */
static enum MHD_Result answer(struct connection *c)
{
	struct server *s = c->server;
	const char *type = header(c, "Content-Type");
	const char *authorization = header(c, "Authorization");
	if (c->refused) {
		server_refuse(&c->answer, 403, "Forbidden",
			      "the CA of this client's certificate is accepted no more");
		return queue(c);
	}
	if (c->too_large)
		return refuse_large(c);
	if (c->no_room)
		return refuse(c, 503, "ServiceUnavailable",
			      "too many large requests at once, try again",
			      &s->counters.queue_full);
	atomic_fetch_add(&s->counters.requests_total, 1);
	connection_answers(c);
	const struct server_request r = {
		.method = c->method,
		.path = c->path,
		.content_type = type ? type : "",
		.body = c->body.data ? c->body.data : "",
		.length = c->body.length,
		.deadline = c->deadline,
		.may_wait = false,
		.client = client(c),
		.authorization = authorization ? authorization : "",
	};
	if (budget_handle(s, &c->charged, &r, &c->answer) == SERVER_DONE)
		return queue(c);
	shrink(&c->answer.body, false);
	if (waiters_take(c, &r))
		return MHD_YES;
	return refuse(c, 503, "ServiceUnavailable",
		      "too many requests wait for the API server, try again",
		      &s->counters.queue_full);
}

void *server_on_first_line(void *server, const char *uri,
			   struct MHD_Connection *mhd)
{
	const union MHD_ConnectionInfo *info = MHD_get_connection_info(
		mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	(void)server;
	(void)uri;
	if (info && info->socket_context)
		connection_reads(info->socket_context);
	return NULL; /* server_on_request() finds it again */
}

enum MHD_Result server_on_request(void *server, struct MHD_Connection *mhd,
				  const char *url, const char *method,
				  const char *version, const char *upload,
				  size_t *upload_size, void **connection)
{
	struct connection *c = *connection;
	(void)server;
	(void)version;
	if (!c) {
		const union MHD_ConnectionInfo *info = MHD_get_connection_info(
			mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
		*connection = c = info ? info->socket_context : NULL;
		return c ? begin(c, url, method) : MHD_NO;
	}
	if (*upload_size) {
		take(c, upload, *upload_size);
		*upload_size = 0;
		return MHD_YES;
	}
	return c->answered ? queue(c) : answer(c);
}

void server_on_completed(void *server, struct MHD_Connection *mhd,
			 void **connection,
			 enum MHD_RequestTerminationCode why)
{
	struct server *s = server;
	struct connection *c = *connection;
	(void)mhd;
	(void)why;
	if (!c)
		return;
	*connection = NULL;
	forget(c, false);
	atomic_fetch_sub(&s->counters.requests, 1);
	connection_idles(c);
}
