#include "patches.h"

#include <stdlib.h>
#include <string.h>

struct patch {
	size_t begin;
	size_t end;
	size_t order;
	char *text; /* owned */
	size_t length;
};

void patches_release(struct patches *p)
{
	for (size_t i = 0; i < p->count; i++)
		free(p->items[i].text);
	free(p->items);
	*p = (struct patches){ 0 };
}

int patches_add(struct patches *p, size_t begin, size_t end,
		const struct sg_buffer *text, struct sg_error *e)
{
	if (sg_buffer_check(text, e))
		return -1;
	if (p->count == p->capacity) {
		size_t capacity = p->capacity ? 2 * p->capacity : 16;
		void *grown = realloc(p->items, capacity * sizeof *p->items);
		if (!grown)
			return sg_error_memory(e);
		p->items = grown;
		p->capacity = capacity;
	}
	char *copy = malloc(text->length + 1);
	if (!copy)
		return sg_error_memory(e);
	if (text->length)
		memcpy(copy, text->data, text->length);
	p->items[p->count] = (struct patch){ begin, end, p->count, copy,
					     text->length };
	p->count++;
	return 0;
}

static int compare(const void *left, const void *right)
{
	const struct patch *a = left, *b = right;
	if (a->begin != b->begin)
		return a->begin < b->begin ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

int patches_write(struct patches *p, const char *bytes, size_t length,
		  struct sg_buffer *out, struct sg_error *e)
{
	size_t at = 0;
	if (p->count > 1)
		qsort(p->items, p->count, sizeof *p->items, compare);
	for (size_t i = 0; i < p->count; i++) {
		const struct patch *patch = &p->items[i];
		if (patch->begin < at)
			return sg_error_set(e, SG_INVALID,
					    "its anchors and aliases overlap where labels are to go; write the labels out");
		sg_buffer_append(out, bytes + at, patch->begin - at);
		sg_buffer_append(out, patch->text, patch->length);
		at = patch->end;
	}
	sg_buffer_append(out, bytes + at, length - at);
	return sg_buffer_check(out, e);
}
