#include "buffer.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sg_buffer_init(struct sg_buffer *b, size_t cap)
{
	*b = (struct sg_buffer){ .cap = cap };
}

void sg_buffer_release(struct sg_buffer *b)
{
	free(b->data);
	sg_buffer_init(b, b->cap);
}

void sg_buffer_wipe(struct sg_buffer *b)
{
	if (b->data)
		explicit_bzero(b->data, b->capacity);
	sg_buffer_release(b);
}

void sg_buffer_clear(struct sg_buffer *b)
{
	b->length = 0;
	b->over_cap = false;
	b->no_memory = false;
	if (b->data)
		b->data[0] = '\0';
}

char *sg_buffer_reserve(struct sg_buffer *b, size_t length)
{
	if (b->over_cap || b->no_memory)
		return NULL;
	if (length > b->cap - b->length) {
		b->over_cap = true;
		return NULL;
	}
	size_t needed = b->length + length + 1;
	if (needed > b->capacity) {
		size_t capacity = b->capacity ? b->capacity : 256;
		while (capacity < needed)
			capacity += capacity / 2;
		char *data = realloc(b->data, capacity);
		if (!data) {
			b->no_memory = true;
			return NULL;
		}
		b->data = data;
		b->capacity = capacity;
	}
	return b->data + b->length;
}

void sg_buffer_append(struct sg_buffer *b, const void *bytes, size_t length)
{
	char *to = sg_buffer_reserve(b, length);
	if (!to)
		return;
	if (length)
		memcpy(to, bytes, length);
	b->length += length;
	b->data[b->length] = '\0';
}

void sg_buffer_prepend(struct sg_buffer *b, const void *bytes, size_t length)
{
	if (!length || !sg_buffer_reserve(b, length))
		return;
	memmove(b->data + length, b->data, b->length);
	memcpy(b->data, bytes, length);
	b->length += length;
	b->data[b->length] = '\0';
}

bool sg_buffer_append_part(struct sg_buffer *b, const void *bytes,
			   size_t length)
{
	size_t room = b->cap - b->length;
	sg_buffer_append(b, bytes, length < room ? length : room);
	return length <= room;
}

void sg_buffer_puts(struct sg_buffer *b, const char *text)
{
	sg_buffer_append(b, text, strlen(text));
}

void sg_buffer_putc(struct sg_buffer *b, char byte)
{
	sg_buffer_append(b, &byte, 1);
}

void sg_buffer_pad(struct sg_buffer *b, char byte, size_t times)
{
	char *to = sg_buffer_reserve(b, times);
	if (!to)
		return;
	memset(to, byte, times);
	b->length += times;
	b->data[b->length] = '\0';
}

void sg_buffer_printf(struct sg_buffer *b, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *to = length < 0 ? NULL : sg_buffer_reserve(b, (size_t)length);
	if (to) {
		(void)vsnprintf(to, (size_t)length + 1, format, again);
		b->length += (size_t)length;
	}
	va_end(again);
}

int sg_buffer_check(const struct sg_buffer *b, struct sg_error *e)
{
	if (b->no_memory)
		return sg_error_memory(e);
	if (b->over_cap)
		return sg_error_set(e, SG_INVALID,
				    "more than %zu bytes, the largest size accepted",
				    b->cap);
	return 0;
}
