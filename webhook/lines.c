#include "lines.h"

#include <string.h>

void lines_init(struct lines *l, size_t longest)
{
	*l = (struct lines){ .is_cut = false };
	sg_buffer_init(&l->rest, longest);
}

void lines_release(struct lines *l)
{
	sg_buffer_release(&l->rest);
}

static int keep(struct lines *l, const char *bytes, size_t length,
		struct sg_error *e)
{
	l->is_cut |= !sg_buffer_append_part(&l->rest, bytes, length);
	return sg_buffer_check(&l->rest, e);
}

static int tell(struct lines *l, const char *bytes, size_t length,
		line_sink sink, void *context, struct sg_error *e)
{
	if (!l->rest.length && length <= l->rest.cap)
		return length ? sink(context, bytes, length, true) : 0;
	if (keep(l, bytes, length, e))
		return -1;
	int result = sink(context, l->rest.data, l->rest.length, !l->is_cut);
	if (l->rest.capacity > SG_KEPT_FOR_OBJECTS)
		sg_buffer_release(&l->rest);
	sg_buffer_clear(&l->rest);
	l->is_cut = false;
	return result;
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
	return keep(l, bytes, length, e);
}

bool lines_end_within(const struct lines *l)
{
	return l->rest.length != 0;
}
