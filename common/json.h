/*
 * JSON as the API server speaks it, read into the trees that YAML gives, so that
 * the same rules read both. Strings become quoted scalars; numbers, booleans and
 * null plain ones with the text of the source. Offsets and lines are not set.
 */
#ifndef SG_JSON_H
#define SG_JSON_H

#include "buffer.h"
#include "tree.h"

/*
 * Parses `bytes`, one JSON value and nothing else. The tree lives in the arena and
 * owns its texts. SG_INVALID: no JSON, a key given twice, nesting deeper than
 * SG_MAX_DEPTH, a NUL in a text; SG_IO: no memory.
 */
int json_parse(const char *bytes, size_t length, struct sg_arena *a,
	       struct node **root, struct sg_error *e);

/*
 * Appends a tree, of YAML or of JSON, as one line of JSON: aliases are followed, and
 * plain scalars are numbers, booleans or null where the API server would read them so.
 */
void json_write(struct sg_buffer *out, const struct node *n);
/* Appends a text as a JSON string with its quotes. */
void json_write_string(struct sg_buffer *out, const char *text);

#endif
