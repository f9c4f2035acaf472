/*
 * One YAML document as a tree that knows which bytes each node came from.
 *
 * Built from libyaml's events (yaml_parser_load is quadratic in anchors, and
 * keeps no styles). Aliases stay aliases: nothing is expanded, but what they
 * would expand to counts against SG_MAX_NODES. Parsing does no I/O. Refused
 * beyond what libyaml refuses: nesting deeper than SG_MAX_DEPTH, an alias inside
 * its own anchor, a second document, and what Kubernetes' library reads in
 * another way (reading.h).
 *
 * All nodes live in the arena that they were made in. Offsets are bytes from
 * the start of the parsed text, which must be shorter than 4 GiB; libyaml counts
 * code points, a cursor translates.
 */
#ifndef SG_TREE_H
#define SG_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"
#include "buffer.h"
#include "error.h"

enum node_kind { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING, NODE_ALIAS };

enum node_style {
	STYLE_PLAIN,	/* scalars; built ones may still get quotes */
	STYLE_QUOTED,	/* scalars: single or double quotes */
	STYLE_LITERAL,	/* scalars: block, literal or folded */
	STYLE_BLOCK,	/* collections */
	STYLE_FLOW,
	STYLE_SEALED,	/* scalars: the JSON of what json_read() was not to look into */
};

struct node {
	uint8_t kind;
	uint8_t style;
	bool tagged : 1;   /* carries an explicit tag */
	bool anchored : 1; /* carries an anchor */
	bool shared : 1;   /* aliases name it */
	bool open : 1;	   /* used while parsing */
	bool edited : 1;   /* used while splicing: something below changes */
	bool replaced : 1; /* used while splicing: its text gives way */
	uint32_t line; /* of begin, from 0 */
	uint32_t begin; /* anchor and tag included */
	uint32_t end; /* behind it; of block collections only once parsed */
	struct node *next; /* in a mapping: key, value, key, value … */
	union { /* of which no more is allocated than the kind takes */
		struct { /* scalar */
			const char *text; /* NUL-terminated; may hold no NUL */
			uint32_t length;
			uint32_t values; /* of what is sealed: with its keys */
		};
		struct { /* sequence, mapping */
			struct node *first;
			struct node *last;
			/* mapping: its first key, or just behind its "{" */
			uint32_t inside;
			uint32_t column; /* of inside */
			/* nodes below and including this, aliases expanded */
			uint32_t weight;
		};
		struct node *target; /* alias; never itself an alias */
	};
};


/*
 * Parses `bytes`, which must hold at most one document. *root is NULL when it
 * holds none, only comments, or null. Returns -1 with SG_INVALID or SG_IO; messages
 * name lines from `first_line` on.
 */
int yaml_parse(const char *bytes, size_t length, size_t first_line,
	       struct sg_arena *a, struct node **root, struct sg_error *e);

/*
 * The same for what was made of a parsed text, which may have grown: up to
 * four times the nodes.
 */
int yaml_parse_again(const char *bytes, size_t length, size_t first_line,
		     struct sg_arena *a, struct node **root,
		     struct sg_error *e);

/*
 * Length of the text up to the next line that starts a document ("---"
 * alone or before white space), or of all of it. The text's own first line
 * does not end it.
 */
size_t yaml_document_length(const char *bytes, size_t length);
/* Whether the text's first line starts a document. */
bool yaml_is_document_start(const char *bytes, size_t length);

/* --- reading; all of these accept NULL and follow aliases --- */

/* Nodes below and including this, aliases expanded; of NULL none. */
uint32_t node_weight(const struct node *n);
/* The node itself, or what the alias names. */
const struct node *node_resolve(const struct node *n);
bool node_is_mapping(const struct node *n);
bool node_is_sequence(const struct node *n);
/* Null as YAML 1.1 and 1.2 have it: empty, ~, null, Null, NULL; or absent. */
bool node_is_null(const struct node *n);
/* A mapping or a list that was not looked into: its text is JSON. */
bool node_is_sealed(const struct node *n);
/* A scalar that equals text. */
bool node_is(const struct node *n, const char *text);
/*
 * The value of a key, resolved: the mapping's own, or else one merged in by
 * "<<". NULL when absent or when n is no mapping.
 */
const struct node *node_get(const struct node *n, const char *key);
/* From one of a mapping's keys on (or NULL), the next that is this, or NULL. */
struct node *node_find_key(struct node *from, const char *key);
/* The mapping's own value, neither resolved nor merged. */
struct node *node_own(const struct node *n, const char *key);
/* node_get along keys; the list ends with NULL. */
const struct node *node_path(const struct node *n, ...)
	__attribute__((sentinel));
/*
 * Whether both say the same, in the same order: kinds, texts, and whether a scalar is
 * a string. Absent equals null.
 */
bool node_equal(const struct node *a, const struct node *b);
/* Text of a scalar, or NULL for anything else, for null, and for what is sealed. */
const char *node_text(const struct node *n);
/* Text of what Kubernetes reads as a string, or NULL. */
const char *node_string(const struct node *n);
/* What a message may call it: "a mapping", "a list", "null", … */
const char *node_kind_name(const struct node *n);
size_t node_count(const struct node *collection); /* items, or pairs */

struct node *node_new_alias(struct sg_arena *a, struct node *target);
struct node *node_new_collection(struct sg_arena *a, enum node_kind kind,
				 enum node_style style);
/* Sealed, without a text yet; has room to become a collection where it stands. */
struct node *node_new_sealed(struct sg_arena *a);
/* Of a text that lives as long. */
struct node *node_new_view(struct sg_arena *a, enum node_style style,
			   const char *text, size_t length);
/* Of a copy of the text. */
struct node *node_new_scalar(struct sg_arena *a, enum node_style style,
			     const char *text, size_t length);

/* --- building; a failed allocation shows in sg_arena_check() --- */

struct node *node_new_mapping(struct sg_arena *a);
struct node *node_new_sequence(struct sg_arena *a);
/* A string: emitted with quotes where a plain one would mean another type. */
struct node *node_new_string(struct sg_arena *a, const char *text);
/* A number or boolean, emitted plain. */
struct node *node_new_int(struct sg_arena *a, int64_t value);
void node_append(struct node *sequence, struct node *item);
/* The key, which is there, gets another value, which no collection holds yet. */
void node_replace(struct node *mapping, struct node *key, struct node *value);
void node_set(struct sg_arena *a, struct node *mapping, const char *key,
	      struct node *value);
void node_set_string(struct sg_arena *a, struct node *mapping, const char *key,
		     const char *value);
/* A copy with aliases and anchors expanded away, for grafting elsewhere. */
struct node *node_copy(struct sg_arena *a, const struct node *n);

/* --- writing --- */

/* Whether a plain scalar of this text is, to some reader, no string. */
bool yaml_plain_is_typed(const char *text);
/* Whether this text may be written plain: safe in any place, and a string. */
bool yaml_plain_is_string(const char *text);

/*
 * Appends the tree as YAML in block style, indented by `indent` spaces, each
 * line ended by "\n"; or as one line of flow style without a line end.
 */
int yaml_emit_block(struct sg_buffer *out, const struct node *n, size_t indent,
		    struct sg_error *e);
int yaml_emit_flow(struct sg_buffer *out, const struct node *n,
		   struct sg_error *e);

#endif
