/*
 * One list of objects, page by page, as informer.c and the ledger need it. In memory is one
 * object at a time.
 */
#ifndef SG_INFORMER_LIST_H
#define SG_INFORMER_LIST_H

#include "informer.h"

struct informer_listing {
	struct api *api;
	const char *path; /* may have a query */
	const struct informer_sink *sink;
	const char *const *sealed; /* as in informer_options */
	/* gets where the list was taken: an opaque text */
	struct sg_buffer *version;
	int64_t deadline; /* CLOCK_MONOTONIC, ms; 0: a minute for each page */
	/* how many objects a page has, 0: 500; gets fewer where an answer was too much
	 * for the time or the API server, for whoever asks again */
	unsigned limit;
	/* in one answer, where a selector makes them few: the API server has pages read
	 * from etcd, and all else in its cache */
	bool is_one_page;
	size_t count; /* gets how many objects there are */
	size_t nameless; /* gets how many were left out without a name */
	int status; /* gets the HTTP status of the last page; 0: no answer */
	int64_t retry_after; /* gets ms, 0 if the API server asked for nothing */
};

/* Tells begin, each object, end. -1, or with nameless ones: end was not told. */
int informer_list(struct informer_listing *l, struct sg_error *e);

#endif
