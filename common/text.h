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
 * Columns of a terminal that printable text takes: a character each (those of
 * double width are not known here).
 */
size_t text_columns(const char *text);

/*
 * Shortens printable text to `columns` by leaving out its middle, marked by '~':
 * ends are what tells Kubernetes' names apart. Returns text.
 */
char *text_shorten(char *text, size_t columns);

enum { TEXT_COLUMNS = 80 };

/*
 * Appends printable text in lines of at most TEXT_COLUMNS, each ended, broken at
 * spaces, or anywhere in words that fit no line. The first begins where the
 * caller's line stands, at column `at`; the others at `indent`.
 */
void text_wrap(struct sg_buffer *out, size_t at, size_t indent,
	       const char *text);

#endif
