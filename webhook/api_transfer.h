/* Inside of api.c and api_watch.c: one transfer of libcurl's. */
#ifndef SG_API_TRANSFER_H
#define SG_API_TRANSFER_H

#include <curl/curl.h>

#include "api.h"

struct api_slot;

struct transfer {
	const struct api_request *request;
	int64_t quiet; /* ms without a byte that end it; 0: any */
	curl_write_callback body;
	curl_write_callback header; /* or NULL */
	void *context; /* of both */
	bool is_watch;
	/* set by transfer_run */
	struct api_slot *slot;
	bool was_quiet;
	int64_t heard; /* when a byte came last, CLOCK_MONOTONIC, ms */
	int status;
	int64_t retry_after; /* ms */
};

/*
 * Runs it to its end. -1 with SG_IO and the method, the path and what went wrong.
 * `body` must call transfer_heard().
 */
int transfer_run(struct api *a, struct transfer *t, struct sg_error *e);
void transfer_heard(struct transfer *t);
/* The status of the answer whose body comes. */
int transfer_status(const struct transfer *t);

/* An error of what was asked, before what e says. Returns -1. */
int transfer_context(const struct api_request *r, struct sg_error *e);

#endif
