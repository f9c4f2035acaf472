/*
 * The API server as a client sees it: requests with a deadline, and watches. Over
 * libcurl. Credentials are read again for each request where they are files, since
 * tokens are rotated. Only https, no redirects. Nothing of a token is ever logged or
 * put into an error.
 */
#ifndef SG_API_H
#define SG_API_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

struct api;

/* Where it is and who we are: a kubeconfig, or in a pod the service account. */
int api_open_kubeconfig(const char *path, struct api **out, struct sg_error *e);
int api_open_in_cluster(struct api **out, struct sg_error *e);
void api_free(struct api *a);
/* Ends all calls and watches that run, now and from now on: they fail. */
void api_stop(struct api *a);

struct api_request {
	const char *method; /* GET, POST, PUT, PATCH, DELETE */
	const char *path;   /* "/apis/urumi.io/v1/stores/x?…", escaped */
	const char *content_type; /* of the body; NULL: application/json */
	const char *body; /* or NULL */
	size_t length;
	int64_t deadline; /* CLOCK_MONOTONIC, ms */
};

/*
 * One request. 0 with the HTTP status in *status and the body in *answer (to be
 * initialised by the caller, whose cap bounds it) whatever the status is; -1 with
 * SG_IO when there was no answer in time. Threads may call at once; connections are
 * kept and shared.
 */
int api_call(struct api *a, const struct api_request *r, int *status,
	     struct sg_buffer *answer, struct sg_error *e);

/* The message of a metav1.Status in an answer, or the answer's begin; for errors. */
int api_refused(const struct api_request *r, int status,
		const struct sg_buffer *answer, struct sg_error *e);

/*
 * A watch: each line of the answer goes to `line` (without its end; not
 * NUL-terminated) until the server ends it, nothing has come for `quiet` ms, line()
 * returns negative, or api_stop(). Returns the HTTP status, 0 if there was none.
 */
typedef int (*api_line)(void *context, const char *line, size_t length);
int api_watch(struct api *a, const char *path, int64_t quiet, api_line line,
	      void *context, struct sg_error *e);

#endif
