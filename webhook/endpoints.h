/*
 * The server's handler: an HTTP request with an AdmissionReview in, the answer out.
 * What is no question of the gate gets a metav1.Status as its body, whose message the
 * API server passes on: 404 for a path, 405 for a method, 415 for a content type, 400
 * for no JSON or no AdmissionReview.
 */
#ifndef SG_ENDPOINTS_H
#define SG_ENDPOINTS_H

#include "admission.h"
#include "paths.h"
#include "server.h"

/* How one request ended, for logs and metrics. */
struct endpoints_outcome {
	enum endpoint endpoint;
	const struct review *review;   /* NULL: it could not be read */
	const struct verdict *verdict; /* NULL likewise */
	int status;	     /* of HTTP */
	const char *problem; /* why the status is not 200, or NULL */
	int64_t microseconds;
};

struct endpoints {
	/*
	 * Makes the world of one request, in the arena: under the policy in force,
	 * until the deadline (CLOCK_MONOTONIC, ms). NULL with the error filled: the
	 * request is answered with 503, or 500 of SG_INVALID, when asking again is no use.
	 */
	const struct world *(*open_world)(void *context, struct sg_arena *a,
					  int64_t deadline, bool may_wait,
					  struct sg_error *e);
	/* Gives back what it holds. */
	void (*close_world)(void *context, const struct world *w);
	/* Told once for each request to an endpoint; may be NULL. All threads. */
	void (*decided)(void *context, const struct endpoints_outcome *o);
	void *context;
	/*
	 * Behind which secrets reviews are answered; NULL: /validate-store and so on.
	 * Who knows none gets 404 whatever he asks; while none is known, 503.
	 */
	struct paths *paths;
};

/* A server_handler; its context is a struct endpoints. */
enum server_result endpoints_handle(void *context,
				    const struct server_request *request,
				    struct server_answer *answer);

/* The server's question whether a body is worth reading: not behind no path of ours. */
bool endpoints_read_body(void *context, const char *path);

/* What it takes at most for such a body: mostly its tree, so its values are counted. */
size_t endpoints_memory(const char *body, size_t length);

/* "mutate-store", as in the path. */
const char *endpoint_name(enum endpoint endpoint);

#endif
