#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"

enum { NUMBER = 64 }; /* longer ones stay texts */

/* Two bytes where JSON has them: a text may be written within another's. */
static void write_escape(struct sg_buffer *out, char c)
{
	static const char meant[] = "\"\\\b\f\n\r\t", names[] = "\"\\bfnrt";
	const char *found = strchr(meant, c);
	if (found)
		sg_buffer_printf(out, "\\%c", names[found - meant]);
	else
		sg_buffer_printf(out, "\\u%04x", (unsigned)c);
}

void json_write_string(struct sg_buffer *out, const char *text)
{
	sg_buffer_putc(out, '"');
	for (;;) {
		const char *run = text;
		while ((unsigned char)*text >= 0x20 && *text != '"' &&
		       *text != '\\')
			text++;
		sg_buffer_append(out, run, (size_t)(text - run));
		if (!*text)
			break;
		write_escape(out, *text++);
	}
	sg_buffer_putc(out, '"');
}

/* The booleans of YAML 1.1, as in sigs.k8s.io/yaml: no other spellings. */
static const char *boolean(const char *text)
{
	static const char *const words[][2] = {
		{ "y", "true" },    { "n", "false" },	{ "yes", "true" },
		{ "no", "false" },  { "true", "true" }, { "false", "false" },
		{ "on", "true" },   { "off", "false" },
	};
	char lower[sizeof "false"] = "";
	size_t length = strlen(text);
	if (length >= sizeof lower)
		return NULL;
	for (size_t i = 0; i < length; i++)
		lower[i] = (char)tolower((unsigned char)text[i]);
	/* yes, Yes and YES, but not yEs */
	bool rest_is_lower = length < 2 || strcmp(text + 1, lower + 1) == 0;
	bool is_upper = true;
	for (size_t i = 0; i < length; i++)
		is_upper &= text[i] != lower[i];
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(lower, words[i][0]) == 0 &&
		    (rest_is_lower || is_upper))
			return words[i][1];
	return NULL;
}

/* Digits without sign and "_", and the base that their prefix says. */
static int number_base(const char **digits)
{
	const char *d = *digits;
	if (d[0] != '0' || !d[1])
		return 10;
	*digits += 2;
	switch (d[1]) {
	case 'x':
		return 16;
	case 'o':
		return 8;
	case 'b':
		return 2;
	default:
		*digits -= 1;
		return 8;
	}
}

static bool write_integer(struct sg_buffer *out, const char *text)
{
	bool negative = *text == '-';
	const char *digits = text + (negative || *text == '+');
	int base = number_base(&digits);
	char *end;
	if (!isxdigit((unsigned char)*digits))
		return false;
	errno = 0;
	unsigned long long value = strtoull(digits, &end, base);
	if (*end || errno || (negative && value > (uint64_t)INT64_MAX + 1))
		return false;
	sg_buffer_printf(out, "%s%llu", negative && value ? "-" : "", value);
	return true;
}

static bool write_float(struct sg_buffer *out, const char *text)
{
	char *end;
	if (!text[strspn(text, "+-")] ||
	    text[strspn(text, "+-.0123456789eE")] != '\0')
		return false;
	double value = strtod(text, &end);
	if (*end || !isfinite(value))
		return false;
	/* JSON has neither "+1.5" nor ".5" nor "1." nor 01.5 */
	const char *digits = text + (*text == '-');
	size_t whole = strspn(digits, "0123456789");
	if (whole && !(*digits == '0' && whole > 1) &&
	    (digits[whole] != '.' || isdigit((unsigned char)digits[whole + 1])))
		sg_buffer_puts(out, text);
	else
		sg_buffer_printf(out, "%.17g", value);
	return true;
}

static bool write_number(struct sg_buffer *out, const char *text)
{
	char bare[NUMBER];
	size_t length = 0;
	if (strlen(text) >= sizeof bare)
		return false;
	for (; *text; text++)
		if (*text != '_')
			bare[length++] = *text;
	bare[length] = '\0';
	return write_integer(out, bare) || write_float(out, bare);
}

static void write_scalar(struct sg_buffer *out, const struct node *n)
{
	if (node_is_sealed(n)) {
		sg_buffer_append(out, n->text, n->length);
		return;
	}
	const char *word = boolean(n->text);
	bool plain = n->style == STYLE_PLAIN && !n->tagged;
	if (node_is_null(n))
		sg_buffer_puts(out, "null");
	else if (plain && word)
		sg_buffer_puts(out, word);
	else if (!plain || !yaml_plain_is_typed(n->text) ||
		 !write_number(out, n->text))
		json_write_string(out, n->text);
}

void json_write(struct sg_buffer *out, const struct node *n)
{
	n = node_resolve(n);
	if (!n || n->kind == NODE_SCALAR) {
		if (n)
			write_scalar(out, n);
		else
			sg_buffer_puts(out, "null");
		return;
	}
	bool mapping = n->kind == NODE_MAPPING;
	sg_buffer_putc(out, mapping ? '{' : '[');
	for (const struct node *c = n->first; c; c = c->next) {
		if (c != n->first)
			sg_buffer_putc(out, ',');
		if (mapping) {
			const struct node *key = node_resolve(c);
			json_write_string(out, key->kind == NODE_SCALAR ?
						       key->text :
						       "");
			sg_buffer_putc(out, ':');
			c = c->next;
		}
		json_write(out, c);
	}
	sg_buffer_putc(out, mapping ? '}' : ']');
}
