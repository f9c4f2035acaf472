/*
 * A byte buffer that grows up to a cap given at its start.
 *
 * Append calls never fail one by one: the first one that would pass the cap
 * or finds no memory marks the buffer broken, later ones do nothing, and
 * sg_buffer_check() tells. So a writer appends freely and asks once.
 * The content is always followed by a NUL that does not count in length.
 */
#ifndef SG_BUFFER_H
#define SG_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct sg_buffer {
	char *data;
	size_t length;
	size_t capacity;
	size_t cap;
	bool over_cap;
	bool no_memory;
};

/* Owns nothing yet. `cap` is the largest length it may reach. */
void sg_buffer_init(struct sg_buffer *b, size_t cap);
/* Frees the content; the buffer may be initialised again. */
void sg_buffer_release(struct sg_buffer *b);
/*
 * Overwrites the content, then frees it: for secrets. What grows may move, and leave
 * a copy behind: reserve enough first.
 */
void sg_buffer_wipe(struct sg_buffer *b);
/* Empties it and keeps the memory. */
void sg_buffer_clear(struct sg_buffer *b);

void sg_buffer_append(struct sg_buffer *b, const void *bytes, size_t length);
/* The bytes go before all others. */
void sg_buffer_prepend(struct sg_buffer *b, const void *bytes, size_t length);
/* As much of it as the cap has room for; false where that is not all. */
bool sg_buffer_append_part(struct sg_buffer *b, const void *bytes,
			   size_t length);
void sg_buffer_puts(struct sg_buffer *b, const char *text);
void sg_buffer_putc(struct sg_buffer *b, char byte);
void sg_buffer_pad(struct sg_buffer *b, char byte, size_t times);
void sg_buffer_printf(struct sg_buffer *b, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Makes room for `length` more bytes and returns where they go, or NULL; the
 * caller writes there and then adds what it wrote to b->length.
 */
char *sg_buffer_reserve(struct sg_buffer *b, size_t length);

/* 0, or -1 with SG_IO (no memory) or SG_INVALID (over the cap). */
int sg_buffer_check(const struct sg_buffer *b, struct sg_error *e);

#define cleanup_buffer cleanup_with(sg_buffer_release)
#define cleanup_secret_buffer cleanup_with(sg_buffer_wipe)

#endif
