#include "reading.h"

#include <math.h>
#include <string.h>

static int refuse(size_t line, const char *what, struct sg_error *e)
{
	return sg_error_set(e, SG_INVALID, "line %zu: %s", line, what);
}

static size_t lines_before(const char *bytes, const char *at)
{
	size_t lines = 0;
	while ((bytes = memchr(bytes, '\n', (size_t)(at - bytes)))) {
		bytes++;
		lines++;
	}
	return lines;
}

static int check_nul(const char *bytes, size_t length, struct sg_error *e)
{
	const char *nul = memchr(bytes, '\0', length);
	if (nul)
		return sg_error_set(e, SG_INVALID,
				    "a NUL byte at byte %zu; only UTF-8 text is accepted",
				    (size_t)(nul - bytes));
	return 0;
}

static int check_marks(const char *bytes, size_t length, struct sg_error *e)
{
	if (length >= 2 && (memcmp(bytes, "\xFF\xFE", 2) == 0 ||
			    memcmp(bytes, "\xFE\xFF", 2) == 0))
		return sg_error_set(e, SG_INVALID,
				    "UTF-16 text; only UTF-8 is accepted");
	const char *mark = length > 1 ? memmem(bytes + 1, length - 1,
					       "\xEF\xBB\xBF", 3) :
					NULL;
	if (mark)
		return sg_error_set(e, SG_INVALID,
				    "a byte order mark inside the text, at byte %zu; it may stand at the head only",
				    (size_t)(mark - bytes));
	return 0;
}

static int check_returns(const char *bytes, size_t length, size_t first_line,
			 struct sg_error *e)
{
	const char *end = bytes + length;
	for (const char *cr = bytes;
	     (cr = memchr(cr, '\r', (size_t)(end - cr))); cr++)
		if (cr + 1 < end && cr[1] != '\n')
			return refuse(first_line + lines_before(bytes, cr),
				      "a carriage return without a line feed ends a line for some readers; end lines by LF or CRLF, or write \\r in double quotes",
				      e);
	return 0;
}

/* Line ends of Unicode. */
static int check_line_ends(const char *bytes, size_t length, size_t first_line,
			   struct sg_error *e)
{
	static const struct {
		const char *bytes;
		const char *says;
	} others[] = {
		{ "\xC2\x85", "U+0085 ends a line for some readers; write \\u0085 in double quotes" },
		{ "\xE2\x80\xA8", "U+2028 ends a line for some readers; write \\u2028 in double quotes" },
		{ "\xE2\x80\xA9", "U+2029 ends a line for some readers; write \\u2029 in double quotes" },
	};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		const char *at = memmem(bytes, length, others[i].bytes,
					strlen(others[i].bytes));
		if (at)
			return refuse(first_line + lines_before(bytes, at),
				      others[i].says, e);
	}
	return 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int check_start(const char *bytes, size_t length, size_t first_line,
		       struct sg_error *e)
{
	if (length && bytes[0] == '%')
		return refuse(first_line,
			      "a YAML directive (%), which Kubernetes does not accept; leave the line out",
			      e);
	if (!yaml_is_document_start(bytes, length))
		return 0;
	size_t at = 3;
	while (at < length && is_blank(bytes[at]))
		at++;
	if (at == length || strchr("#\r\n", bytes[at]))
		return 0;
	return refuse(first_line,
		      "only a comment may stand behind \"---\", or Kubernetes refuses the line; put what follows on the next one",
		      e);
}

int reading_check_text(const char *bytes, size_t length, bool is_ascii,
		       size_t first_line, struct sg_error *e)
{
	if (!is_ascii &&
	    (check_marks(bytes, length, e) ||
	     check_line_ends(bytes, length, first_line, e)))
		return -1;
	return check_nul(bytes, length, e) ||
			       check_returns(bytes, length, first_line, e) ||
			       check_start(bytes, length, first_line, e) ?
		       -1 :
		       0;
}

static bool is_plain(const struct node *n, const char *text)
{
	return n->kind == NODE_SCALAR && n->style == STYLE_PLAIN &&
	       strcmp(n->text, text) == 0;
}

bool reading_is_merge(const struct node *key)
{
	return is_plain(key, "<<");
}

static bool tag_fits(const struct node *n, const char *tag, size_t length)
{
	static const struct {
		const char *tag;
		enum node_kind kind;
	} known[] = {
		{ "!!str", NODE_SCALAR },
		{ "!!map", NODE_MAPPING },
		{ "!!seq", NODE_SEQUENCE },
	};
	if (length == strlen("!!merge") && memcmp(tag, "!!merge", length) == 0)
		return is_plain(n, "<<");
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (length == strlen(known[i].tag) &&
		    memcmp(tag, known[i].tag, length) == 0)
			return n->kind == known[i].kind && !is_plain(n, "<<");
	return false;
}

/* The length of a property, which ends at a blank or line end. */
static size_t word_length(const char *at, size_t length)
{
	size_t n = 0;
	while (n < length && !is_blank(at[n]) && at[n] != '\r' && at[n] != '\n')
		n++;
	return n;
}

int reading_check_tag(const struct node *n, const char *at, size_t length,
		      size_t first_line, struct sg_error *e)
{
	if (length && *at == '&') {
		size_t anchor = word_length(at, length);
		while (anchor < length && is_blank(at[anchor]))
			anchor++;
		at += anchor;
		length -= anchor;
	}
	size_t word = word_length(at, length);
	if (tag_fits(n, at, word))
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "line %zu: the YAML tag %.*s; leave it out, and put quotes around what is to be a string",
			    first_line + n->line,
			    word < 80 ? (int)word : 80, at);
}

static bool has_escaped_slash(const char *raw, size_t length)
{
	const char *end = raw + length;
	if (!length || end[-1] != '"')
		return false;
	while ((raw = memchr(raw, '\\', (size_t)(end - raw))) && raw + 1 < end) {
		if (raw[1] == '/')
			return true;
		raw += 2;
	}
	return false;
}

/* Not even a glance for most. */
static bool is_no_number_of_json(const char *text)
{
	struct yaml_value value;
	return strchr("+-.", *text) && *text &&
	       yaml_type_of(text, &value) == YAML_FLOAT &&
	       !isfinite(value.number);
}

/* Too long to be read without its underscores. */
static bool is_endless_number(const struct node *n)
{
	return n->length >= YAML_LONGEST_SPACED &&
	       strchr("+-.0123456789", n->text[0]) && strchr(n->text, '_') &&
	       n->text[strspn(n->text, "0123456789abcdefABCDEFxXoO_.+-")] ==
		       '\0';
}

int reading_check_scalar(const struct node *n, bool in_flow, const char *raw,
			 size_t length, size_t first_line, struct sg_error *e)
{
	size_t line = first_line + n->line;
	bool plain = n->style == STYLE_PLAIN;
	if (plain && in_flow && memchr(n->text, '?', n->length))
		return refuse(line,
			      "a \"?\" in a word without quotes, in flow style: Kubernetes takes it for the start of a key; put the word in quotes",
			      e);
	if (plain && !n->tagged && is_no_number_of_json(n->text))
		return refuse(line,
			      "infinity, or what is no number, which Kubernetes refuses; put it in quotes",
			      e);
	if (plain && !n->tagged && is_endless_number(n))
		return refuse(line,
			      "a number too long to have \"_\" in it; leave these out, or put it in quotes",
			      e);
	if (n->style == STYLE_QUOTED && has_escaped_slash(raw, length))
		return refuse(line,
			      "\"\\/\" in double quotes, which Kubernetes refuses; write \"/\"",
			      e);
	return 0;
}
