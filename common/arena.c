#include "arena.h"

#include <stdarg.h>
#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "limits.h"

enum { BLOCK = 64 * 1024 };

struct sg_arena_block {
	struct sg_arena_block *next;
	size_t size;
	size_t used;
	alignas(max_align_t) char data[];
};

void sg_arena_init(struct sg_arena *a)
{
	*a = (struct sg_arena){ 0 };
}

void sg_arena_release(struct sg_arena *a)
{
	while (a->blocks) {
		struct sg_arena_block *next = a->blocks->next;
		free(a->blocks);
		a->blocks = next;
	}
	a->total = 0;
}

void sg_arena_wipe(struct sg_arena *a)
{
	for (struct sg_arena_block *b = a->blocks; b; b = b->next)
		explicit_bzero(b->data, b->used);
	sg_arena_release(a);
}

void sg_arena_clear(struct sg_arena *a)
{
	struct sg_arena_block *kept = a->blocks;
	a->failed = false;
	if (!kept)
		return;
	a->blocks = kept->next;
	sg_arena_release(a);
	kept->next = NULL;
	kept->used = 0;
	a->blocks = kept;
	a->total = kept->size;
}

/* NULL where it has not that much room left. */
static void *block_take(struct sg_arena_block *b, size_t size, size_t align)
{
	size_t at = (b->used + align - 1) / align * align;
	if (at > b->size || b->size - at < size)
		return NULL;
	b->used = at + size;
	return memset(b->data + at, 0, size);
}

static void *arena_fail(struct sg_arena *a)
{
	a->failed = true;
	return NULL;
}

static void *take(struct sg_arena *a, size_t size, size_t align)
{
	struct sg_arena_block *b = a->blocks;
	void *memory = b ? block_take(b, size, align) : NULL;
	if (memory || size > SG_MAX_ARENA)
		return memory ? memory : arena_fail(a);

	size_t room = size > BLOCK ? size : BLOCK;
	if (room > SG_MAX_ARENA - a->total)
		return arena_fail(a);
	struct sg_arena_block *fresh = malloc(sizeof *fresh + room);
	if (!fresh)
		return arena_fail(a);
	*fresh = (struct sg_arena_block){ .next = b, .size = room };
	a->blocks = fresh;
	a->total += room;
	return block_take(fresh, size, align);
}

void *sg_arena_alloc(struct sg_arena *a, size_t size)
{
	return take(a, size, alignof(max_align_t));
}

void *sg_arena_alloc_words(struct sg_arena *a, size_t size)
{
	return take(a, size, alignof(uint64_t));
}

char *sg_arena_copy(struct sg_arena *a, const char *bytes, size_t length)
{
	char *copy = length < SIZE_MAX ? take(a, length + 1, 1) : NULL;
	if (copy && length)
		memcpy(copy, bytes, length);
	return copy;
}

char *sg_arena_printf(struct sg_arena *a, const char *format, ...)
{
	va_list args, again;
	va_start(args, format);
	va_copy(again, args);
	int length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	char *text = length < 0 ? NULL : sg_arena_alloc(a, (size_t)length + 1);
	if (text)
		(void)vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}

int sg_arena_check(const struct sg_arena *a, struct sg_error *e)
{
	return a->failed ? sg_error_memory(e) : 0;
}
