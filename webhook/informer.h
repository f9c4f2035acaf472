/*
 * Follows all objects of one kind: lists them in pages, then watches from there, with
 * bookmarks; lists again when the API server has forgotten where we were (410), and
 * tries again after failures, at growing, jittered intervals. One thread per informer.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 *
 * The sink is called from that thread only. A relist is told as begin, each object,
 * end: what was not named in between is gone. begin may come again before end: the
 * list is told anew. Objects are trees that live until the call returns. An object that
 * can't be read, for its size or whatever else its writer put into it, is left out by name:
 * logged, counted, and told as such; all else goes on.
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
	/*
	 * Is there, or has changed, and can't be read: metadata's texts alone, without
	 * labels, and why. What was known of it may stay so. NULL: one whose name can't be
	 * seen; such a list has no end. Without this function, nobody wants to know.
	 */
	void (*left_out)(void *context, const struct node *outline,
			 const char *why);
	/* Seen to be deleted; its last state, or metadata's texts alone. */
	void (*removed)(void *context, const struct node *object);
	void *context;
};

struct informer_options {
	/* of the collection, such as /apis/urumi.io/v1/stores, with a query or without;
	 * it is copied */
	const char *path;
	/* what is not looked into, as object_parse.h has it; NULL: managedFields */
	const char *const *sealed;
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
/* How often an object was left out since its thread began. */
unsigned long informer_left_out(const struct informer *i);
/* Waits for its thread; api_stop() must have been called. */
void informer_free(struct informer *i);

#endif
