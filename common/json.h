/*
 * JSON (RFC 8259) as the API server speaks it, read into the trees that YAML gives,
 * so that the same rules read both. Strings become quoted scalars; numbers, booleans
 * and null plain ones with the text of the source. Lines are set, offsets are not.
 *
 * A parser of our own: a review's largest cost is reading it, and this one makes the
 * tree at once, in a copy of the text whose strings are terminated where they stand.
 */
#ifndef SG_JSON_H
#define SG_JSON_H

#include "buffer.h"
#include "tree.h"

/*
 * Parses `bytes`, one JSON value and nothing else. The tree lives in the arena and
 * owns its texts. SG_INVALID: no JSON, no UTF-8, a key given two values, nesting deeper
 * than SG_MAX_DEPTH, more than SG_MAX_NODES, a NUL or half a surrogate pair in a
 * text; SG_IO: no memory.
 */
int json_parse(const char *bytes, size_t length, struct sg_arena *a,
	       struct node **root, struct sg_error *e);
/* The same of at most SG_MAX_REVIEW_NODES, for what anybody may send. */
int json_parse_review(const char *bytes, size_t length, struct sg_arena *a,
		      struct node **root, struct sg_error *e);

/*
 * Appends a tree, of YAML or of JSON, as one line of JSON: aliases are followed, and
 * plain scalars are numbers, booleans or null where kubectl would read them so.
 */
void json_write(struct sg_buffer *out, const struct node *n);
/* Appends a text, which must be UTF-8, as a JSON string with its quotes. */
void json_write_string(struct sg_buffer *out, const char *text);

#endif
