#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "json.h"
#include "reading.h"

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

/* JSON has neither "+1.5" nor ".5" nor "1." nor 01.5 nor 1_0.5. */
static bool is_json_float(const char *text)
{
	const char *digits = text + (*text == '-');
	size_t whole = strspn(digits, "0123456789");
	return whole && !(*digits == '0' && whole > 1) &&
	       !strchr(text, '_') &&
	       (digits[whole] != '.' ||
		isdigit((unsigned char)digits[whole + 1]));
}

static void write_plain(struct sg_buffer *out, const char *text)
{
	struct yaml_value value;
	switch (yaml_type_of(text, &value)) {
	case YAML_NULL:
		sg_buffer_puts(out, "null");
		return;
	case YAML_BOOLEAN:
		sg_buffer_puts(out, value.is_true ? "true" : "false");
		return;
	case YAML_INTEGER:
		sg_buffer_printf(out, "%s%" PRIu64,
				 value.negative && value.magnitude ? "-" : "",
				 value.magnitude);
		return;
	case YAML_FLOAT:
		if (is_json_float(text))
			sg_buffer_puts(out, text);
		else
			sg_buffer_printf(out, "%.17g", value.number);
		return;
	case YAML_STRING:
		json_write_string(out, text);
	}
}

static void write_scalar(struct sg_buffer *out, const struct node *n)
{
	if (node_is_sealed(n))
		sg_buffer_append(out, n->text, n->length);
	else if (n->style == STYLE_PLAIN && !n->tagged)
		write_plain(out, n->text);
	else
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
