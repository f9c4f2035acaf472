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

/*
 * What is to be read of a text, for what anybody may have written. A mapping or a list at
 * a sealed path is not looked into: it becomes a scalar of STYLE_SEALED, whose text is its
 * JSON and whose weight the number of values in it, keys too. That it is JSON at all is
 * only known once it is read by itself.
 */
struct json_reading {
	unsigned most_values; /* keys count, too; what is sealed is one */
	const char *const *sealed; /* "metadata.managedFields", …, NULL; or none */
	const char *const *under; /* what they are below: "object.", …, NULL; or nothing */
	unsigned values; /* gets how many there are */
};

/*
 * The same as json_parse(). When it fails, *root is what was read until then, whole
 * entries and items of it, or NULL.
 */
int json_read(const char *bytes, size_t length, struct json_reading *how,
	      struct sg_arena *a, struct node **root, struct sg_error *e);

/*
 * Reads what is sealed, where it stands: the node becomes that. When it fails, it stays
 * sealed, and its text is spoilt.
 */
int json_unseal(struct node *sealed, struct json_reading *how,
		struct sg_arena *a, struct sg_error *e);

/*
 * Appends a tree, of YAML or of JSON, as one line of JSON: aliases are followed, and
 * plain scalars are numbers, booleans or null where kubectl would read them so.
 */
void json_write(struct sg_buffer *out, const struct node *n);
/* Appends a text, which must be UTF-8, as a JSON string with its quotes. */
void json_write_string(struct sg_buffer *out, const char *text);

#endif
