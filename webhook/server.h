/*
 * The TLS server that kube-apiserver calls: HTTP/1.1 kept alive, one handler. Over
 * libmicrohttpd (epoll, a pool of threads) with GnuTLS.
 *
 * A request that is read whole is given to the handler on the connection's thread.
 * The handler either answers, or says SERVER_LATER: the connection is suspended and
 * the request handed to a pool of threads that may wait for other servers. A queue
 * that is full answers 503 with Retry-After. Everything has a deadline: reading a
 * request (however slowly its bytes come), and answering it (?timeout= of its URL,
 * or the server's default, whichever is less, less a margin for the way back).
 */
#ifndef SG_SERVER_H
#define SG_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "buffer.h"
#include "log.h"

struct server_request {
	const char *method;
	const char *path; /* without the query */
	const char *content_type; /* "" when there is none */
	const char *body;
	size_t length;
	int64_t deadline; /* CLOCK_MONOTONIC, ms */
	bool may_wait; /* false: on the connection's thread */
	const char *client; /* its certificate's common name, or NULL */
};

struct server_answer {
	int status;
	const char *content_type; /* static; application/json by default */
	const char *allow; /* static, for 405; or NULL */
	int retry_after; /* seconds; 0: no header */
	struct sg_buffer body;
};

enum server_result { SERVER_DONE, SERVER_LATER };

typedef enum server_result (*server_handler)(void *context,
					     const struct server_request *,
					     struct server_answer *);

struct server_options {
	struct sockaddr_storage address;
	unsigned threads;      /* that hold connections */
	unsigned waiters;      /* that may wait for other servers */
	unsigned connections;  /* at most */
	size_t max_body;       /* beyond: 413 */
	int64_t timeout;       /* ms, the most that answering may take */
	server_handler handler;
	void *context;
	const struct log *log; /* of what goes wrong with connections */
};

struct server;
struct tls; /* tls.h; NULL: plain HTTP */

/* Listens and serves at once. SG_IO with what could not be done. */
int server_start(const struct server_options *o, struct tls *tls,
		 struct server **out, struct sg_error *e);
/* The address that it listens on, with the port that port 0 became. */
void server_address(const struct server *s, struct sockaddr_storage *out);
/* From now on each answer closes its connection. */
void server_close_connections(struct server *s);
/*
 * Takes no new connections, waits until all requests are answered or `timeout` ms
 * have passed, and frees everything. Returns how many requests were cut off.
 */
unsigned server_stop(struct server *s, int64_t timeout);

#endif
