/*
 * One reading: what of YAML is taken. Kubernetes' library (sigs.k8s.io/yaml over
 * go-yaml 2, behind apimachinery's YAMLReader and YAMLOrJSONDecoder, for kubectl,
 * Helm and Argo CD; kyaml before it in Helm 4) reads as the same tree whatever is
 * taken; all else is refused with what to write instead. tests/test_one_reading.py
 * holds both against each other.
 *
 * Decided, and why:
 * - Text is UTF-8. A line ends by LF or CRLF: go-yaml takes CR, NEL, U+2028 and
 *   U+2029 for line ends, too, but the readers before it and JSON's do not.
 *   A byte order mark stands at the head only.
 * - A document starts by "---", and nothing but a comment follows on that line:
 *   what does is an error to apimachinery. No directives: it cuts them off.
 * - A last line without its end has one: apimachinery gives it one, which a
 *   literal block holds.
 * - Tags: !!str, !!map and !!seq before what is of that kind, and Helm 4's
 *   !!merge before "<<"; so spelled, with a blank behind. Others change types
 *   ("!" makes a quoted word a plain one), and in flow style "!," is a tag there.
 * - Keys are scalars, written out: an alias to "<<" is no merge there, but to
 *   others. Keys that are typed become strings in its spelling (`yes` is
 *   "true"): booleans are read so, whole and short decimal numbers are their own
 *   spelling, nulls and all other numbers are refused.
 * - A merge is one plain "<<" in a mapping, of a mapping or a list of them, with
 *   no key of theirs before it: there the merged one would win. No key there or
 *   in them is typed: 1 and "1" are two keys until JSON has room for one only.
 * - A key may be given twice with the same value (Helm takes it); with
 *   another the last one wins there, and it is refused.
 * - Plain values are typed as go-yaml types them: yaml_type_of(). Infinities and
 *   what is no number are refused, as JSON has none, and long ones with "_".
 * - In flow style no plain scalar holds a "?", which begins a key there; in double
 *   quotes there is no "\/".
 */
#ifndef SG_READING_H
#define SG_READING_H

#include "tree.h"

/*
 * The text's bytes, which may all be known for ASCII, and its first line; lines are
 * told from `first_line` on.
 */
int reading_check_text(const char *bytes, size_t length, bool is_ascii,
		       size_t first_line, struct sg_error *e);

/*
 * A node's tag as it is spelled at `at`, where the node's properties begin, `length`
 * bytes before the text's end. The node is a scalar with its text, or a collection.
 */
int reading_check_tag(const struct node *n, const char *at, size_t length,
		      size_t first_line, struct sg_error *e);

/* A scalar that has its text; `raw` is what it was written as, quotes included. */
int reading_check_scalar(const struct node *n, bool in_flow, const char *raw,
			 size_t length, size_t first_line, struct sg_error *e);

/*
 * The keys of a mapping that is complete; booleans among them get their text there.
 */
int reading_check_keys(struct node *mapping, size_t first_line,
		       struct sg_error *e);

/* Whether the key merges the mappings in its value. */
bool reading_is_merge(const struct node *key);

enum yaml_type {
	YAML_NULL,
	YAML_BOOLEAN,
	YAML_INTEGER, /* of at most 64 bits */
	YAML_FLOAT,
	YAML_STRING, /* dates are, too */
};

struct yaml_value {
	bool is_true;
	bool negative;
	uint64_t magnitude; /* integers */
	double number;	    /* floats */
};

/* With underscores a number may have fewer characters than this, or is refused. */
enum { YAML_LONGEST_SPACED = 1024 };

/* What Kubernetes' library makes of a plain scalar without a tag. */
enum yaml_type yaml_type_of(const char *text, struct yaml_value *value);

#endif
