/* Text from outside, made fit for a terminal or a log. */
#ifndef SG_TEXT_H
#define SG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"

/*
 * Replaces control characters (C0, DEL, and C1 in UTF-8) and what is no UTF-8
 * by '?', so that a name can't move the cursor or forge a line. Returns text.
 */
char *text_make_printable(char *text);

/*
 * How many bytes the UTF-8 sequence that text begins with has (RFC 3629), of one
 * byte, too; 0 for what is none, and at the end.
 */
size_t text_sequence(const char *text);

/* The same, but 0 for control characters, too. */
size_t text_printable(const char *text);

/*
 * The same, but 0 also for what some reader takes for the end of a line or for no text at
 * all: U+2028, U+2029, byte order marks, U+FFFE and U+FFFF.
 */
size_t text_in_line(const char *text);
/* Whether all of the text is so: one line, and the same to every reader. */
bool text_is_line(const char *text);

/* The code point of the sequence at text, which is one. */
uint32_t text_code_point(const char *text);

/*
 * Shortens text to at most `width` bytes by leaving out its beginning, marked
 * by '~': the end is what tells Kubernetes' names apart. Returns text.
 */
char *text_keep_end(char *text, size_t width);

/*
 * Appends the text, its lines broken at blanks so that they fit a terminal of 80
 * columns, and a newline. The first begins with `first`, the others with `others`.
 */
void text_wrap(struct sg_buffer *out, const char *first, const char *others,
	       const char *text);

#endif
