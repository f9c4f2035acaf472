/* Several texts in one piece of memory, each with its NUL: many are kept, few are long. */
#ifndef SG_TEXTS_H
#define SG_TEXTS_H

#include "arena.h"

/* To be freed; NULL without memory. */
char *texts_pack(const char *const *list, unsigned count);
/* In bytes, with their NULs. */
size_t texts_size(const char *texts, unsigned count);
bool texts_equal(const char *a, const char *b, unsigned count);
/* Into the arena; false without memory. */
bool texts_copy(struct sg_arena *a, const char *texts, const char **out,
		unsigned count);

#endif
