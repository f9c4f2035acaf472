/*
 * Cuts a stream that comes in pieces into lines. Does no I/O; lines that lie
 * whole in a piece are handed on without a copy, and no byte is looked at
 * twice.
 */
#ifndef SG_LINES_H
#define SG_LINES_H

#include "buffer.h"

/*
 * A line without its end, not NUL-terminated; or, with is_whole false, the begin of one
 * that is longer than the longest. Negative: no more of them.
 */
typedef int (*line_sink)(void *context, const char *line, size_t length,
			 bool is_whole);

struct lines {
	struct sg_buffer rest; /* the begin of a line whose end has not come */
	bool is_cut; /* some of it did not fit */
};

/* `longest`: what of a line is kept. */
void lines_init(struct lines *l, size_t longest);
void lines_release(struct lines *l);

/*
 * Takes the next piece. Empty lines are left out. Returns 0; what the sink
 * returned, if negative; or -1 with SG_IO without memory. After a failure it takes
 * nothing more.
 */
int lines_feed(struct lines *l, const char *bytes, size_t length,
	       line_sink sink, void *context, struct sg_error *e);
/* Whether the stream so far ends within a line. */
bool lines_end_within(const struct lines *l);

#endif
