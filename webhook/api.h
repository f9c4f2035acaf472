/*
 * The API server as a client sees it: requests with a deadline, and watches. Over
 * libcurl. Credentials are read again for each request where they are files, since
 * tokens are rotated. Only https, no redirects, no proxies. Nothing of a token is
 * ever logged or put into an error; errors say what was asked and what came.
 *
 * Each request that runs has a connection of its own; connections are kept for the
 * next. A file of authorities or a client certificate that changes is taken up by the
 * next new connection.
 */
#ifndef SG_API_H
#define SG_API_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

struct api;

/* Where it is and who we are: a kubeconfig; NULL: in a pod, the service account. */
int api_open(const char *kubeconfig, struct api **out, struct sg_error *e);
/* No call or watch may run any more. */
void api_free(struct api *a);
/* Ends all calls and watches that run, now and from now on: they fail. */
void api_stop(struct api *a);
/* Waits for so many ms. Returns true at once when api_stop() was or is called. */
bool api_pause(struct api *a, int64_t ms);

struct api_request {
	const char *method; /* GET, POST, PUT, PATCH, DELETE */
	const char *path;   /* "/apis/urumi.io/v1/stores/x?…", escaped */
	const char *content_type; /* of the body; NULL: application/json */
	const char *body; /* or NULL */
	size_t length;
	int64_t deadline; /* CLOCK_MONOTONIC, ms */
	int64_t *retry_after; /* or NULL: gets the Retry-After in ms, or 0 */
};

/*
 * One request. 0 with the HTTP status in *status and the body in *answer (to be
 * initialised by the caller, whose cap bounds it) whatever the status is; -1 with
 * SG_IO when there was no answer in time, SG_INVALID when it is longer than the
 * cap. Threads may call at once.
 */
int api_call(struct api *a, const struct api_request *r, int *status,
	     struct sg_buffer *answer, struct sg_error *e);

/*
 * The same, but an answer of 200 goes to piece() as it comes, and the answer's body is
 * only what others say. Negative from piece(): no more of it, which is SG_IO.
 */
typedef int (*api_piece)(void *context, const char *bytes, size_t length);

int api_stream(struct api *a, const struct api_request *r, api_piece piece,
	       void *context, int *status, struct sg_buffer *answer,
	       struct sg_error *e);

/*
 * For an answer that is a refusal: an error of what was asked, the status and the
 * message of the metav1.Status in it, or else the answer's begin. Returns -1.
 */
int api_refused(const struct api_request *r, int status,
		const struct sg_buffer *answer, struct sg_error *e);

/*
 * For a 404: whether it says that there is no such object, and not that there is no such
 * kind of object, which is a 404, too, as long as its definition is not installed.
 */
bool api_says_not_found(const struct sg_buffer *answer, const char *name);

/* Appends a text to a path or a query, so that it stands for nothing but itself. */
void api_escape(struct sg_buffer *path, const char *text);

/*
 * A watch: each line of an answer of 200 goes to `line` (without its end; not
 * NUL-terminated; what is longer than SG_MAX_OBJECT is not whole) until the server ends it, nothing has come for `quiet` ms, line()
 * returns negative, or api_stop().
 */
typedef int (*api_line)(void *context, const char *line, size_t length,
			bool is_whole);

struct api_watching {
	const char *path;
	int64_t quiet; /* ms */
	api_line line;
	void (*opened)(void *context); /* the answer is 200; or NULL */
	void *context;
	bool was_quiet; /* gets whether that ended it */
	int status; /* gets the HTTP status, 0 if there was none */
	int64_t retry_after; /* gets the Retry-After in ms, or 0 */
};

/* 0 when the server ended it well, else -1. */
int api_watch(struct api *a, struct api_watching *w, struct sg_error *e);

#endif
