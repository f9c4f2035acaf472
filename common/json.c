#include "json.h"

#include <string.h>

#include "json_skip.h"
#include "text.h"
#include "reading.h"

/* Longer paths, and deeper ones, are none that anybody seals. */
enum { PATH_SIZE = 96, SEALED_DEPTH = 5 };

/*
 * The text is a copy of ours with a NUL behind it, which no rule accepts, so looking
 * at one byte needs no look at the end.
 */
struct parser {
	char *at;
	const char *end;
	struct sg_arena *arena;
	unsigned depth;
	struct json_reading *how;
	char path[PATH_SIZE]; /* of the value at hand: "metadata.labels" */
	size_t path_length;
	uint32_t line;
	struct sg_error *e;
};

static int parse_value(struct parser *p, struct node **out);

static int refuse(struct parser *p, const char *want)
{
	const char *c = p->at;
	if (c >= p->end)
		return sg_error_set(p->e, SG_INVALID,
				    "not JSON: it ends where %s is expected",
				    want);
	return sg_error_set(p->e, SG_INVALID,
			    "not JSON: line %lu: \"%.*s\" where %s is expected",
			    (unsigned long)p->line, (int)strcspn(c, "\r\n") > 16
							    ? 16 :
							    (int)strcspn(c, "\r\n"),
			    c, want);
}

static void skip_space(struct parser *p)
{
	for (;; p->at++) {
		if (*p->at == '\n')
			p->line++;
		else if (*p->at != ' ' && *p->at != '\t' && *p->at != '\r')
			return;
	}
}

static struct node *new_node(struct parser *p, enum node_kind kind,
			     enum node_style style)
{
	struct node *n = NULL;
	if (p->how->values++ >= p->how->most_values) {
		sg_error_set(p->e, SG_INVALID, "more than %u values",
			     p->how->most_values);
		return NULL;
	}
	if (style == STYLE_SEALED)
		n = node_new_sealed(p->arena);
	else if (kind == NODE_SCALAR)
		n = node_new_view(p->arena, style, NULL, 0);
	else
		n = node_new_collection(p->arena, kind, style);
	if (n)
		n->line = p->line - 1;
	else
		sg_error_memory(p->e);
	return n;
}

/* --- strings --- */

static bool read_hex(const char *digits, unsigned *out)
{
	*out = 0;
	for (size_t i = 0; i < 4; i++) {
		char c = digits[i];
		unsigned value;
		if (c >= '0' && c <= '9')
			value = (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			value = (unsigned)(c - 'A') + 10;
		else
			return false;
		*out = *out << 4 | value;
	}
	return true;
}

static char *put_utf8(char *to, unsigned code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code < 0x800) {
		*to++ = (char)(0xC0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*to++ = (char)(0xE0 | code >> 12);
		} else {
			*to++ = (char)(0xF0 | code >> 18);
			*to++ = (char)(0x80 | (code >> 12 & 0x3F));
		}
		*to++ = (char)(0x80 | (code >> 6 & 0x3F));
	}
	*to++ = (char)(0x80 | (code & 0x3F));
	return to;
}

/* p->at is behind the "\u"; a code point takes more bytes there than in UTF-8. */
static int read_code_point(struct parser *p, char **to)
{
	unsigned code, low;
	if (!read_hex(p->at, &code))
		return refuse(p, "four hexadecimal digits");
	if (code == 0)
		return sg_error_set(p->e, SG_INVALID,
				    "line %lu: a text holds a NUL (\\u0000); leave it out",
				    (unsigned long)p->line);
	p->at += 4;
	if (code >= 0xD800 && code < 0xE000) {
		if (code >= 0xDC00 || p->at[0] != '\\' || p->at[1] != 'u' ||
		    !read_hex(p->at + 2, &low) || low < 0xDC00 || low > 0xDFFF)
			return refuse(p, "the second half of a surrogate pair");
		p->at += 6;
		code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
	}
	*to = put_utf8(*to, code);
	return 0;
}

static int read_escape(struct parser *p, char **to)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char c = p->at[1];
	const char *found = c ? strchr(names, c) : NULL;
	if (!found && c != 'u')
		return refuse(p, "an escape");
	p->at += 2;
	if (!found)
		return read_code_point(p, to);
	*(*to)++ = meant[found - names];
	return 0;
}

static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 &&
	       c != '"' && c != '\\';
}

/* Unescapes in place, and ends the text where its closing quote was or before. */
static int parse_text(struct parser *p, struct node *n)
{
	char *begin = ++p->at, *to = begin;
	for (;;) {
		char *run = p->at;
		while (is_plain(*p->at))
			p->at++;
		size_t width = (unsigned char)*p->at < 0x80 ?
				       0 :
				       text_sequence(p->at);
		size_t whole = (size_t)(p->at - run) + width;
		if (to != run && whole)
			memmove(to, run, whole);
		to += whole;
		p->at += width;
		if (width)
			continue;
		if (*p->at == '"')
			break;
		if (*p->at != '\\')
			return refuse(p, "a string's next character");
		if (read_escape(p, &to))
			return -1;
	}
	p->at++;
	*to = '\0';
	n->text = begin;
	n->length = (uint32_t)(to - begin);
	return 0;
}

static int parse_string(struct parser *p, struct node **out)
{
	struct node *n = new_node(p, NODE_SCALAR, STYLE_QUOTED);
	if (!n || parse_text(p, n))
		return -1;
	*out = n;
	return 0;
}

/* --- numbers and words --- */

static size_t digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* The length of the number that text begins with, 0 for none. */
static size_t number_length(const char *text)
{
	const char *c = text + (*text == '-');
	size_t whole = digits(c);
	if (whole == 0 || (*c == '0' && whole > 1))
		return 0;
	c += whole;
	if (*c == '.') {
		if (digits(c + 1) == 0)
			return 0;
		c += 1 + digits(c + 1);
	}
	if (*c == 'e' || *c == 'E') {
		c += 1 + (c[1] == '+' || c[1] == '-');
		if (digits(c) == 0)
			return 0;
		c += digits(c);
	}
	return (size_t)(c - text);
}

static size_t word_length(const char *text)
{
	static const char *const words[] = { "true", "false", "null" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	return 0;
}

static int parse_plain(struct parser *p, struct node **out)
{
	size_t length = number_length(p->at);
	if (length == 0)
		length = word_length(p->at);
	if (length == 0)
		return refuse(p, "a value");
	struct node *n = new_node(p, NODE_SCALAR, STYLE_PLAIN);
	if (!n)
		return -1;
	n->text = sg_arena_copy(p->arena, p->at, length);
	n->length = (uint32_t)length;
	if (!n->text)
		return sg_error_memory(p->e);
	p->at += length;
	*out = n;
	return 0;
}

/* --- what is not looked into --- */

static bool is_sealed_path(const struct json_reading *how, const char *path)
{
	for (const char *const *p = how->sealed; *p; p++)
		if (strcmp(*p, path) == 0)
			return true;
	return false;
}

/* Goes down to that key; whether what is there is sealed. */
static bool enter(struct parser *p, const char *key)
{
	size_t length = strlen(key), at = p->path_length;
	static const char *const root[] = { "", NULL };
	if (!p->how->sealed || p->depth > SEALED_DEPTH ||
	    at + length + 2 > PATH_SIZE)
		return false;
	if (at)
		p->path[at++] = '.';
	memcpy(p->path + at, key, length + 1);
	p->path_length = at + length;
	const char *const *under = p->how->under ? p->how->under : root;
	for (; *under; under++)
		if (strncmp(p->path, *under, strlen(*under)) == 0 &&
		    is_sealed_path(p->how, p->path + strlen(*under)))
			return true;
	return false;
}

/* The text makes room for its own NUL: the byte before it has been read. */
static int seal(struct parser *p, struct node **out)
{
	size_t values = 0;
	const char *end = json_skip(p->at, &values);
	struct node *n = end ? new_node(p, NODE_SCALAR, STYLE_SEALED) : NULL;
	if (!end)
		return refuse(p, "a whole value");
	if (!n)
		return -1;
	n->length = (uint32_t)(end - p->at);
	n->values = values < UINT32_MAX ? (uint32_t)values : UINT32_MAX;
	n->text = memmove(p->at - 1, p->at, n->length);
	p->at[n->length - 1] = '\0';
	p->at += n->length;
	*out = n;
	return 0;
}

/* --- collections --- */

/* Behind an item: true in *more for a comma, false for the end. */
static int parse_separator(struct parser *p, char close, bool *more)
{
	skip_space(p);
	*more = *p->at == ',';
	if (!*more && *p->at != close)
		return refuse(p, close == '}' ? "\",\" or \"}\"" :
						"\",\" or \"]\"");
	p->at++;
	return 0;
}

static int parse_key(struct parser *p, struct node **key)
{
	skip_space(p);
	if (*p->at != '"')
		return refuse(p, "a key in quotes");
	if (parse_string(p, key))
		return -1;
	skip_space(p);
	if (*p->at != ':')
		return refuse(p, "\":\"");
	p->at++;
	return 0;
}

static int parse_entry(struct parser *p, struct node **key, struct node **value)
{
	if (parse_key(p, key))
		return -1;
	size_t path_length = p->path_length;
	bool is_sealed = enter(p, (*key)->text);
	skip_space(p);
	int failed = is_sealed && (*p->at == '{' || *p->at == '[') ?
			     seal(p, value) :
			     parse_value(p, value);
	p->path_length = path_length;
	return failed;
}

static int parse_items(struct parser *p, struct node *collection, char close)
{
	skip_space(p);
	bool more = *p->at != close;
	if (!more)
		p->at++;
	while (more) {
		struct node *key = NULL, *item = NULL;
		int failed = close == '}' ? parse_entry(p, &key, &item) :
					    parse_value(p, &item);
		if (item) { /* what was read of it, even so */
			node_append(collection, key);
			node_append(collection, item);
		}
		if (failed || parse_separator(p, close, &more))
			return -1;
	}
	return close == '}' ? reading_check_keys(collection, 1, p->e) : 0;
}

static int parse_collection(struct parser *p, struct node **out)
{
	bool mapping = *p->at == '{';
	if (p->depth >= SG_MAX_DEPTH)
		return sg_error_set(p->e, SG_INVALID,
				    "nested deeper than %u levels",
				    SG_MAX_DEPTH);
	*out = new_node(p, mapping ? NODE_MAPPING : NODE_SEQUENCE, STYLE_FLOW);
	if (!*out)
		return -1;
	p->at++;
	p->depth++;
	int failed = parse_items(p, *out, mapping ? '}' : ']');
	p->depth--;
	return failed;
}

static int parse_value(struct parser *p, struct node **out)
{
	skip_space(p);
	if (*p->at == '{' || *p->at == '[')
		return parse_collection(p, out);
	return *p->at == '"' ? parse_string(p, out) : parse_plain(p, out);
}

/* Of a text that is ours to change. */
static int read_text(char *text, size_t length, struct json_reading *how,
		     struct sg_arena *a, struct node **root, struct sg_error *e)
{
	struct parser p = { .at = text,
			    .end = text + length,
			    .arena = a,
			    .how = how,
			    .line = 1,
			    .e = e };
	how->values = 0;
	if (parse_value(&p, root))
		return -1;
	skip_space(&p);
	return p.at == p.end ? 0 : refuse(&p, "nothing more");
}

int json_read(const char *bytes, size_t length, struct json_reading *how,
	      struct sg_arena *a, struct node **root, struct sg_error *e)
{
	char *text = sg_arena_copy(a, bytes, length);
	*root = NULL;
	if (!text)
		return sg_error_memory(e);
	return read_text(text, length, how, a, root, e);
}

int json_unseal(struct node *sealed, struct json_reading *how,
		struct sg_arena *a, struct sg_error *e)
{
	struct node *root = NULL, *next = sealed->next;
	char *text = (char *)(uintptr_t)sealed->text;
	if (read_text(text, sealed->length, how, a, &root, e))
		return -1;
	*sealed = *root;
	sealed->next = next;
	return 0;
}

int json_parse(const char *bytes, size_t length, struct sg_arena *a,
	       struct node **root, struct sg_error *e)
{
	struct json_reading how = { .most_values = SG_MAX_NODES };
	return json_read(bytes, length, &how, a, root, e);
}
