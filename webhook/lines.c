#include "lines.h"

#include <string.h>

void lines_init(struct lines *l, size_t longest)
{
	sg_buffer_init(&l->rest, longest);
}

void lines_release(struct lines *l)
{
	sg_buffer_release(&l->rest);
}

/* The rest is done: what comes next begins a line. */
static int tell_joined(struct lines *l, const char *bytes, size_t length,
		       line_sink sink, void *context, struct sg_error *e)
{
	sg_buffer_append(&l->rest, bytes, length);
	if (sg_buffer_check(&l->rest, e))
		return sg_error_context(e, "a line");
	int result = sink(context, l->rest.data, l->rest.length);
	sg_buffer_clear(&l->rest);
	return result;
}

static int tell(struct lines *l, const char *bytes, size_t length,
		line_sink sink, void *context, struct sg_error *e)
{
	if (l->rest.length)
		return tell_joined(l, bytes, length, sink, context, e);
	if (length == 0)
		return 0;
	if (length > l->rest.cap) /* as if it had come in pieces */
		return tell_joined(l, bytes, length, sink, context, e);
	return sink(context, bytes, length);
}

int lines_feed(struct lines *l, const char *bytes, size_t length,
	       line_sink sink, void *context, struct sg_error *e)
{
	while (length) {
		const char *end = memchr(bytes, '\n', length);
		if (!end)
			break;
		size_t line = (size_t)(end - bytes);
		int result = tell(l, bytes, line, sink, context, e);
		if (result < 0)
			return result;
		bytes += line + 1;
		length -= line + 1;
	}
	sg_buffer_append(&l->rest, bytes, length);
	return sg_buffer_check(&l->rest, e) ? sg_error_context(e, "a line") : 0;
}

bool lines_is_cut(const struct lines *l)
{
	return l->rest.length != 0;
}
