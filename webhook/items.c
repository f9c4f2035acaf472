#include "items.h"

#include <string.h>

/* Of the brackets: the list's, that of its items, and that of one of these. */
enum { AMONG_ITEMS = 2, IN_ITEM = 3 };

/* What a byte is. */
enum step { STEP_ON, STEP_LIST, STEP_BEGIN, STEP_END, STEP_BETWEEN };

void items_init(struct items *i, size_t longest)
{
	*i = (struct items){ .depth = 0 };
	sg_buffer_init(&i->item, longest);
	sg_buffer_init(&i->rest, SG_MAX_TOKEN);
}

void items_release(struct items *i)
{
	sg_buffer_release(&i->item);
	sg_buffer_release(&i->rest);
}

static enum step step_in_text(struct items *i, char c)
{
	if (i->in_escape)
		i->in_escape = false;
	else if (c == '\\')
		i->in_escape = true;
	else if (c == '"')
		i->in_text = false;
	return STEP_ON;
}

static enum step step_down(struct items *i, char c)
{
	i->depth++;
	if (i->in_items)
		return i->depth == IN_ITEM ? STEP_BEGIN : STEP_ON;
	return c == '[' && i->depth == AMONG_ITEMS ? STEP_LIST : STEP_ON;
}

static enum step step_up(struct items *i)
{
	i->depth -= i->depth > 0;
	if (i->in_items && i->depth == AMONG_ITEMS)
		return STEP_END;
	if (i->depth < AMONG_ITEMS)
		i->in_items = false;
	return STEP_ON;
}

static enum step step(struct items *i, char c)
{
	if (i->in_text)
		return step_in_text(i, c);
	switch (c) {
	case '"':
		i->in_text = true;
		return STEP_ON;
	case '{':
	case '[':
		return step_down(i, c);
	case '}':
	case ']':
		return step_up(i);
	case ',':
	case ' ':
	case '\n':
		return i->in_items && i->depth == AMONG_ITEMS ? STEP_BETWEEN :
								STEP_ON;
	default:
		return STEP_ON;
	}
}

static bool is_in_item(const struct items *i)
{
	return i->in_items && i->depth >= IN_ITEM;
}

static int keep(struct items *i, bool in_item, const char *bytes,
		size_t length, struct sg_error *e)
{
	if (in_item) {
		i->is_cut |= !sg_buffer_append_part(&i->item, bytes, length);
		return sg_buffer_check(&i->item, e);
	}
	sg_buffer_append(&i->rest, bytes, length);
	return sg_buffer_check(&i->rest, e) ?
		       sg_error_context(e, "what a list has beside its items") :
		       0;
}

/* Whether the list that begins behind the rest is that of the items. */
static bool is_of_items(const struct sg_buffer *rest)
{
	static const char key[] = "\"items\"";
	const char *end = rest->data + rest->length;
	while (end > rest->data && strchr(": \n", end[-1]))
		end--;
	size_t length = sizeof key - 1, before = (size_t)(end - rest->data);
	return before > length && memcmp(end - length, key, length) == 0 &&
	       end[-(ptrdiff_t)length - 1] != '\\';
}

static int tell(struct items *i, item_sink sink, void *context)
{
	int result = sink(context, i->item.data, i->item.length, !i->is_cut);
	sg_buffer_clear(&i->item);
	i->is_cut = false;
	return result;
}

int items_feed(struct items *i, const char *bytes, size_t length,
	       item_sink sink, void *context, struct sg_error *e)
{
	size_t from = 0;
	for (size_t at = 0; at < length; at++) {
		bool in_item = is_in_item(i); /* so far */
		enum step is = step(i, bytes[at]);
		if (is == STEP_ON)
			continue;
		size_t to = is == STEP_END ? at + 1 : at;
		int result = keep(i, in_item, bytes + from, to - from, e);
		from = is == STEP_BETWEEN ? at + 1 : to;
		if (!result && is == STEP_LIST)
			i->in_items = is_of_items(&i->rest);
		if (!result && is == STEP_END)
			result = tell(i, sink, context);
		if (result < 0)
			return result;
	}
	return keep(i, is_in_item(i), bytes + from, length - from, e);
}
