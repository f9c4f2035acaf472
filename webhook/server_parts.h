/*
 * What the parts of the server share: server.c starts and stops, server_listen.c
 * accepts, server_connections.c knows who is there and for how long, server_request.c
 * reads and answers, server_waiters.c holds what has to wait.
 *
 * Locks: that of the waiters may be held while libmicrohttpd takes its own (to suspend
 * and resume); never the other way round.
 */
#ifndef SG_SERVER_PARTS_H
#define SG_SERVER_PARTS_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "server.h"
#include "tls_session.h"

struct connection;
struct job;

/* Counters of server_stats that threads add to. */
struct server_counters {
	atomic_uint requests;
	atomic_ullong connections_total;
	atomic_ullong connections_pruned;
	atomic_ullong requests_total;
	atomic_ullong handshakes_failed;
	atomic_ullong read_timeouts;
	atomic_ullong too_large;
	atomic_ullong queue_full;
	atomic_ullong late;
};

struct waiters {
	pthread_mutex_t lock;
	pthread_cond_t work;
	struct job *first_queued, *last_queued;
	struct job *all; /* queued, and at work for a connection */
	unsigned queued;
	unsigned unanswered; /* jobs that have a connection */
	bool stopping;
	pthread_t *threads;
	unsigned thread_count;
};

struct server {
	struct server_options o;
	struct tls *tls;
	struct MHD_Daemon *daemon;
	struct server_counters counters;
	struct waiters waiters;
	atomic_bool closing; /* each answer closes its connection */
	atomic_size_t bodies; /* bytes of large bodies */

	pthread_mutex_t connections_lock;
	struct connection *connections, *oldest;
	unsigned connection_count;
	unsigned arriving; /* accepted, and not yet among them */

	int listener;
	int stop_listening; /* an eventfd */
	struct sockaddr_storage address;
	pthread_t acceptor;

	pthread_t keeper; /* of deadlines */
	pthread_mutex_t keeper_lock;
	pthread_cond_t keeper_wakes;
	bool keeper_stops;
	bool keeper_hurries; /* jobs have deadlines that are near */
};

/* One connection, from its first byte to its end, and the request that it makes. */
struct connection {
	struct connection *next, *previous;
	struct server *server;
	struct MHD_Connection *mhd;
	struct tls_hold *tls;
	int socket;
	/*
	 * What it does, and until when it may: see server_connections.c. Written by
	 * the connection's thread, and by the keeper when it is idle.
	 */
	atomic_int_least64_t phase;
	int64_t idle_seen; /* the keeper's: phase, and bytes received by then */
	uint64_t bytes_seen;
	int64_t idle_count; /* the connection's thread's */

	/* The request at hand. Texts are libmicrohttpd's, until it is answered. */
	const char *method;
	const char *path;
	int64_t deadline;
	struct sg_buffer body;
	size_t body_reserved; /* of server->bodies */
	bool too_large;
	bool no_room;
	bool refused; /* it began when the client was shut out already */
	/* The answer; its buffer is kept for the next one. */
	bool answered;
	struct server_answer answer;
	bool is_shut_out; /* its certificate's CA is asked for no more */
	bool has_client;
	bool knows_client;
	char client[256];
};

/* --- server_connections.c --- */

/* For MHD_OPTION_NOTIFY_CONNECTION. */
void server_notify_connection(void *server, struct MHD_Connection *mhd,
			      void **connection,
			      enum MHD_ConnectionNotificationCode what);
void connection_reads(struct connection *c);
void connection_answers(struct connection *c);
void connection_sends(struct connection *c);
void connection_idles(struct connection *c);
/* Cuts off who has taken too long; and, if need be, makes room. */
void server_sweep(struct server *s, int64_t now);
/* How many do anything, or have done since the last call. */
unsigned server_count_active(struct server *s);

/* --- server_request.c --- */

/* For MHD_start_daemon and MHD_OPTION_NOTIFY_COMPLETED. */
enum MHD_Result server_on_request(void *server, struct MHD_Connection *mhd,
				  const char *url, const char *method,
				  const char *version, const char *upload,
				  size_t *upload_size, void **connection);
void server_on_completed(void *server, struct MHD_Connection *mhd,
			 void **connection,
			 enum MHD_RequestTerminationCode why);
/* Makes *answer a metav1.Status; 503 comes with Retry-After. */
void server_refuse(struct server_answer *answer, int status,
		   const char *reason, const char *message);
void connection_release(struct connection *c);

/* --- server_waiters.c --- */

int waiters_start(struct server *s, struct sg_error *e);
/*
 * Suspends the connection and hands its request over. false when the queue is full or
 * the server stops.
 */
bool waiters_take(struct connection *c, const struct server_request *r);
/* Answers for the handlers that are late. Whether there are jobs left. */
bool waiters_keep_time(struct server *s, int64_t now);
/* From now on takes nothing, and answers all that waits with 503. */
void waiters_refuse(struct server *s);
/* Ends the threads, once the handlers that run have come back. */
void waiters_stop(struct server *s);

/* --- server_listen.c --- */

int server_listen(struct server *s, struct sg_error *e);
int server_accept_start(struct server *s, struct sg_error *e);
/* Takes in what the kernel has accepted, then refuses. */
void server_accept_stop(struct server *s);

#endif
