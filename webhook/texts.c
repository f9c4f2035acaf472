#include "texts.h"

#include <stdlib.h>
#include <string.h>

size_t texts_size(const char *texts, unsigned count)
{
	const char *end = texts;
	while (count--)
		end += strlen(end) + 1;
	return (size_t)(end - texts);
}

char *texts_pack(const char *const *list, unsigned count)
{
	size_t size = 0;
	for (unsigned i = 0; i < count; i++)
		size += strlen(list[i]) + 1;
	char *texts = malloc(size ? size : 1), *at = texts;
	for (unsigned i = 0; texts && i < count; i++) {
		size_t length = strlen(list[i]) + 1;
		memcpy(at, list[i], length);
		at += length;
	}
	return texts;
}

bool texts_equal(const char *a, const char *b, unsigned count)
{
	size_t size = texts_size(a, count);
	return size == texts_size(b, count) && memcmp(a, b, size) == 0;
}

bool texts_copy(struct sg_arena *a, const char *texts, const char **out,
		unsigned count)
{
	const char *at = sg_arena_copy(a, texts, texts_size(texts, count));
	for (unsigned i = 0; at && i < count; i++) {
		out[i] = at;
		at += strlen(at) + 1;
	}
	return at != NULL;
}
