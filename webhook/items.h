/*
 * Cuts a list of objects that comes in pieces, {"items": [{...}, ...], ...}, into its
 * objects: no list is ever in memory as a whole. Does no I/O, and looks at no byte twice.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#collections
 */
#ifndef SG_ITEMS_H
#define SG_ITEMS_H

#include "buffer.h"

/*
 * The JSON of one object, NUL-terminated; or, with is_whole false, the begin of one that
 * is longer than the longest. Negative: no more of them.
 */
typedef int (*item_sink)(void *context, const char *item, size_t length,
			 bool is_whole);

struct items {
	struct sg_buffer item; /* the one at hand */
	bool is_cut; /* some of it did not fit */
	/* all but the objects, of which the items are empty; to be read at the end */
	struct sg_buffer rest;
	/* where it is */
	unsigned depth;
	bool in_items, in_text, in_escape;
};

/* `longest`: what of an object is kept. */
void items_init(struct items *i, size_t longest);
void items_release(struct items *i);

/*
 * Takes the next piece. Returns 0; what the sink returned, if negative; or -1 with
 * SG_IO without memory, SG_INVALID when there is too much beside the objects. After a
 * failure it takes nothing more.
 */
int items_feed(struct items *i, const char *bytes, size_t length,
	       item_sink sink, void *context, struct sg_error *e);

#endif
