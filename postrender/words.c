#include "words.h"

#include <stdlib.h>
#include <string.h>

void words_init(struct words *w)
{
	*w = (struct words){ 0 };
	sg_arena_init(&w->arena);
}

void words_release(struct words *w)
{
	sg_arena_release(&w->arena);
	free(w->list.items);
	free(w->table);
}

/* FNV-1a */
static uint64_t hash_of(const char *text, size_t length)
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ (unsigned char)text[i]) * 1099511628211u;
	return hash ^ (hash >> 32);
}

/* Where the text is in the table, or where it would be. */
static unsigned slot_of(const struct words *w, const char *text, size_t length)
{
	unsigned mask = w->size - 1;
	unsigned at = (unsigned)hash_of(text, length) & mask;
	for (; w->table[at]; at = (at + 1) & mask) {
		const char *there = w->list.items[w->table[at] - 1];
		if (strncmp(there, text, length) == 0 && !there[length])
			break;
	}
	return at;
}

static int make_room(struct words *w, struct sg_error *e)
{
	if (w->list.count < w->size / 2)
		return 0;
	unsigned larger = w->size ? 2 * w->size : 256;
	uint32_t *fresh = calloc(larger, sizeof *fresh);
	if (!fresh)
		return sg_error_memory(e);
	free(w->table);
	w->table = fresh;
	w->size = larger;
	for (unsigned i = 0; i < w->list.count; i++)
		fresh[slot_of(w, w->list.items[i], strlen(w->list.items[i]))] =
			i + 1;
	return 0;
}

int words_add(struct words *w, const char *text, size_t length, uint32_t *number,
	      struct sg_error *e)
{
	if (make_room(w, e))
		return -1;
	unsigned at = slot_of(w, text, length);
	if (!w->table[at]) {
		const char *copy = sg_arena_copy(&w->arena, text, length);
		const char **item = copy ? LIST_ADD(w->list, e) : NULL;
		if (!item)
			return sg_error_memory(e);
		*item = copy;
		w->table[at] = w->list.count;
	}
	*number = w->table[at] - 1;
	return 0;
}

uint32_t words_find(const struct words *w, const char *text, size_t length)
{
	unsigned at = w->size ? slot_of(w, text, length) : 0;
	return w->size && w->table[at] ? w->table[at] - 1 : WORD_NONE;
}
