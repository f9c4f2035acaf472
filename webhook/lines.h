/*
 * Cuts a stream that comes in pieces into lines. Does no I/O; lines that lie
 * whole in a piece are handed on without a copy, and no byte is looked at
 * twice.
 */
#ifndef SG_LINES_H
#define SG_LINES_H

#include "buffer.h"

/* A line without its end, not NUL-terminated. Negative: no more of them. */
typedef int (*line_sink)(void *context, const char *line, size_t length);

struct lines {
	struct sg_buffer rest; /* the begin of a line whose end has not come */
};

/* `longest`: no line may be longer. */
void lines_init(struct lines *l, size_t longest);
void lines_release(struct lines *l);

/*
 * Takes the next piece. Empty lines are left out. Returns 0; what the sink
 * returned, if negative; or -1 with SG_INVALID (a line too long) or SG_IO. After
 * a failure it takes nothing more.
 */
int lines_feed(struct lines *l, const char *bytes, size_t length,
	       line_sink sink, void *context, struct sg_error *e);
/* Whether the stream so far ends within a line. */
bool lines_is_cut(const struct lines *l);

#endif
