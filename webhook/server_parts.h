/*
 * What the parts of the server share: server.c starts and stops, server_listen.c
 * accepts, server_room.c knows who is there and who has to go, server_connections.c what
 * they do and for how long, server_request.c reads and answers, server_budget.c says
 * what that may take, server_waiters.c holds what has to wait.
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
struct source;
struct job;

enum {
	SERVER_THREADS_MAX = 8,
	/* Of libmicrohttpd for each connection: the head of a request, and more. */
	SERVER_POOL = 16 * 1024,
	/* Buffers up to this size stay with their connection. */
	SERVER_KEPT = 8 * 1024,
	/* Closed, and still with libmicrohttpd: they are many only for a moment. */
	SERVER_LEAVING_MAX = 64,
};

/* Of a connection that is being answered: the handler has its own deadline. */
#define CONNECTION_ANSWERS INT64_MAX

/* Counters of server_stats that threads add to. */
struct server_counters {
	atomic_uint requests;
	atomic_ullong connections_total;
	atomic_ullong connections_pruned;
	atomic_ullong connections_refused;
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
	atomic_size_t taken; /* of o.memory */

	pthread_mutex_t connections_lock;
	struct connection *connections, *oldest;
	struct source *sources;
	unsigned connection_count;
	unsigned places; /* of these, those that have not been told to leave */

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
	struct source *source;
	struct MHD_Connection *mhd; /* NULL: accepted, and not begun */
	struct tls_hold *tls;
	int socket;
	bool leaves; /* it has been cut off, and its place given away */
	/*
	 * What it does, and until when it may: see server_connections.c. Written by
	 * the connection's thread, and by the keeper when it is idle.
	 */
	atomic_int_least64_t phase;
	atomic_int_least64_t idle_since;
	atomic_uint_least64_t bytes_taken; /* by what was whole when it went idle */
	int64_t idle_count; /* the connection's thread's */

	/* The request at hand. Texts are libmicrohttpd's, until it is answered. */
	const char *method;
	const char *path;
	int64_t deadline;
	struct sg_buffer body;
	size_t charged; /* of the server's memory, for its body and its answer */
	bool too_large;
	bool no_room;
	bool drops_body;
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
/* Whether it is idle, and no request of it has begun. */
bool connection_is_idle(struct connection *c, int64_t phase);
/* Cuts it off, unless its phase is another by now, and counts it. */
bool connection_cut(struct connection *c, int64_t phase, atomic_ullong *counter);
/* Cuts off who has taken too long. */
void server_sweep(struct server *s, int64_t now);
/* How many do anything, or have done since the last call. */
unsigned server_count_active(struct server *s);

/* --- server_room.c --- */

/* Whether nobody can come now: all are being answered, or too many are still leaving. */
bool room_is_full(struct server *s);
/* Gives an accepted socket a place, if need be another's; false: it has to be closed. */
bool room_arrive(struct server *s, int fd, const struct sockaddr_storage *from);
/* libmicrohttpd begins with it. NULL: it has no place. */
struct connection *room_enter(struct server *s, struct MHD_Connection *mhd,
			      int fd);
/* Frees it. */
void room_leave(struct connection *c);
/* Under the lock: frees places that nobody has come to by `now`. */
void room_forget_lost(struct server *s, int64_t now);

/* --- server_budget.c --- */

/*
 * Makes *charged that many bytes more, of what all large requests may take; false: there
 * is no room.
 */
bool budget_take(struct server *s, size_t *charged, size_t more);
void budget_give_back(struct server *s, size_t *charged, size_t less);
/*
 * Runs the handler, if there is room for what it takes, and charges for an answer that is
 * large; else the answer is 503.
 */
enum server_result budget_handle(struct server *s, size_t *charged,
				 const struct server_request *r,
				 struct server_answer *answer);

/* --- server_request.c --- */

/* For MHD_OPTION_URI_LOG_CALLBACK: the first line of a request is there. */
void *server_on_first_line(void *server, const char *uri,
			   struct MHD_Connection *mhd);

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
