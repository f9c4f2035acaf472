/*
 * Follows all objects of one kind: lists them in pages, then watches from there, with
 * bookmarks; lists again when the API server has forgotten where we were (410), and
 * tries again after failures, at growing, jittered intervals. One thread per informer.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 *
 * The sink is called from that thread only. A relist is told as begin, each object,
 * end: what was not named in between is gone. begin may come again before end: the
 * list is told anew. Objects are trees that live until the call returns.
 */
#ifndef SG_INFORMER_H
#define SG_INFORMER_H

#include "api.h"
#include "log.h"
#include "tree.h"

struct informer_sink {
	void (*begin)(void *context);
	/* Of a list, or added or modified since. */
	void (*set)(void *context, const struct node *object);
	void (*end)(void *context);
	/* Seen to be deleted; its last state. */
	void (*removed)(void *context, const struct node *object);
	void *context;
};

struct informer_options {
	/* of the collection, such as /apis/urumi.io/v1/stores, with a query or without;
	 * it is copied */
	const char *path;
	/* told after the sink, where it has a function; NULL: nobody */
	const struct informer_sink *also;
	/* ms without a word after which a watch is begun anew; 0: 150 s. The API
	 * server sends a bookmark about each minute, but where nothing at all
	 * has changed none, so silence alone is no failure. */
	int64_t quiet;
};

struct informer;

int informer_start(struct api *api, const struct informer_options *o,
		   const struct informer_sink *sink, const struct log *log,
		   struct informer **out, struct sg_error *e);
/* Whether a first list has been told whole. */
bool informer_is_synced(const struct informer *i);
/* ms since the API server was last heard of; large when never. */
int64_t informer_age(const struct informer *i);
/* Waits for its thread; api_stop() must have been called. */
void informer_free(struct informer *i);

#endif
