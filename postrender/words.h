/*
 * Texts that come again and again, each kept once and known by a number: names
 * of Services and of what names them, labels' keys and values.
 */
#ifndef SG_WORDS_H
#define SG_WORDS_H

#include <stdint.h>

#include "arena.h"
#include "list.h"

struct words {
	struct sg_arena arena;
	LIST(const char *) list;
	uint32_t *table; /* numbers + 1 by hash; 0: free */
	unsigned size;	 /* of the table, a power of two */
};

#define WORD_NONE UINT32_MAX

void words_init(struct words *w);
void words_release(struct words *w);

/* The text's number, from 0 on, made if it is new; -1 without memory. */
int words_add(struct words *w, const char *text, size_t length, uint32_t *number,
	      struct sg_error *e);
/* The same without making one: WORD_NONE for what is not there. */
uint32_t words_find(const struct words *w, const char *text, size_t length);
static inline const char *words_text(const struct words *w, uint32_t number)
{
	return w->list.items[number];
}

#endif
