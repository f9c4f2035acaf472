/*
 * The TLS server that kube-apiserver calls: HTTP/1.1 kept alive, one handler. Over
 * libmicrohttpd (epoll, a pool of threads) with GnuTLS.
 *
 * A request that is read whole is given to the handler on the connection's thread.
 * The handler either answers, or says SERVER_LATER: the connection is suspended and
 * the request handed to a pool of threads that may wait for other servers. A queue
 * that is full answers 503 with Retry-After.
 *
 * Everything has a deadline: the handshake, reading a request (however slowly its
 * bytes come), and answering it (?timeout= of its URL, or the server's own, whichever
 * is less, less a margin for the way back). A handler that does not come back by then
 * is left to itself, and the client told 503. Idle connections are kept longer than
 * the 90 s for which kube-apiserver keeps them; when there are too many, or too many of
 * one source, those that have been idle longest make room.
 *
 * What all of it may take of memory has a sum, which server_memory() says.
 *
 * What the server itself has to refuse is told as a metav1.Status: 413 a body over
 * the cap (read to its end first, so that the client gets to see it), 503 no room for
 * more. libmicrohttpd answers what is no HTTP (400, 431, 505), in its own words.
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
	/* the header of that name, "" when there is none. NULL once it may wait: the
	 * handler has seen it before, and copies of secrets are not kept */
	const char *authorization;
};

/* Given to the handler as 200 with an empty body, whose cap is the options' max_answer. */
struct server_answer {
	int status;
	const char *content_type; /* static; application/json by default */
	const char *allow; /* static, for 405; or NULL */
	const char *authenticate; /* static, for 401; or NULL */
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
	unsigned waiters;      /* threads that may wait for other servers */
	unsigned queue;	       /* requests that wait for one, at most */
	unsigned connections;  /* at most */
	unsigned connections_of_one; /* source, an address; 0: half of them */
	size_t memory;	       /* of large requests together: bodies, work, answers */
	/* What the handler takes at most for such a body; NULL: nothing to speak of. */
	size_t (*work)(const char *body, size_t length);
	size_t max_body;       /* beyond: 413 */
	size_t max_answer;
	int64_t timeout;       /* ms, the most that answering may take */
	int64_t read_timeout;  /* ms, for handshake, reading, and sending */
	int64_t idle_timeout;  /* ms, between requests */
	/* Whether a body for that path is kept; else it is dropped. NULL: always. */
	bool (*reads_body)(void *context, const char *path);
	server_handler handler;
	void *context;
	const struct log *log; /* of what goes wrong, in sums; NULL: none */
};

/* What a server for kube-apiserver starts from: timeouts, caps, a thread per core. */
void server_defaults(struct server_options *o);

struct server;
struct tls; /* tls.h; NULL: plain HTTP */

/*
 * The most that a server with these options takes, in bytes: of each connection, each
 * thread (as many as the largest machine has), each request that waits, and `memory`.
 */
size_t server_memory(const struct server_options *o, bool has_tls);

/* Listens and serves at once. SG_IO with what could not be done. */
int server_start(const struct server_options *o, struct tls *tls,
		 struct server **out, struct sg_error *e);
/* server_memory() of its own options. */
size_t server_bound(const struct server *s);
/* The address that it listens on, with the port that port 0 became. */
void server_address(const struct server *s, struct sockaddr_storage *out);
/* From now on each answer closes its connection. */
void server_close_connections(struct server *s);
/*
 * Takes no new connections (but those that the kernel has accepted already), waits
 * until all requests are answered and the others have been silent for a moment, or
 * until `timeout` ms have passed, and frees everything. Waits for handlers that run,
 * so their deadline is the last word. Returns how many requests were cut off.
 */
unsigned server_stop(struct server *s, int64_t timeout);

/* What it has done since it started, and does now. Safe from all threads. */
struct server_stats {
	/* now */
	unsigned connections;
	unsigned requests; /* being read or answered */
	unsigned waiting;  /* given to waiters and not answered */
	/* since the start */
	uint64_t connections_total;
	uint64_t connections_pruned;  /* to make room */
	uint64_t connections_refused; /* for want of room */
	uint64_t requests_total;      /* read whole */
	uint64_t handshakes_failed;
	uint64_t read_timeouts; /* handshakes and requests that took too long */
	uint64_t too_large;     /* 413 */
	uint64_t queue_full;    /* 503 for want of a waiter, or of memory */
	uint64_t late;		/* 503 for a handler that was too slow */
};
void server_stats(const struct server *s, struct server_stats *out);

#endif
