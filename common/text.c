#include "text.h"

#include <string.h>

/* How many bytes a lead byte announces; 0 for what leads nothing. */
static size_t sequence_length(unsigned char lead)
{
	if (lead < 0x80)
		return 1;
	if (lead >= 0xC2 && lead <= 0xDF)
		return 2;
	if (lead >= 0xE0 && lead <= 0xEF)
		return 3;
	return lead >= 0xF0 && lead <= 0xF4 ? 4 : 0;
}

size_t text_sequence(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t length = *c ? sequence_length(*c) : 0;
	for (size_t i = 1; i < length; i++)
		if ((c[i] & 0xC0) != 0x80)
			return 0;
	/* what a shorter sequence says, surrogates, and beyond U+10FFFF */
	if ((c[0] == 0xE0 && c[1] < 0xA0) || (c[0] == 0xED && c[1] > 0x9F) ||
	    (c[0] == 0xF0 && c[1] < 0x90) || (c[0] == 0xF4 && c[1] > 0x8F))
		return 0;
	return length;
}

size_t text_printable(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t length = text_sequence(text);
	if (length == 1)
		return *c >= 0x20 && *c != 0x7F;
	return length == 2 && c[0] == 0xC2 && c[1] < 0xA0 ? 0 : length;
}

uint32_t text_code_point(const char *text)
{
	const unsigned char *c = (const unsigned char *)text;
	size_t length = sequence_length(*c);
	uint32_t code = length < 2 ? *c : *c & (0x7Fu >> length);
	for (size_t i = 1; i < length; i++)
		code = code << 6 | (c[i] & 0x3F);
	return code;
}

size_t text_in_line(const char *text)
{
	size_t length = text_printable(text);
	uint32_t code = length == 3 ? text_code_point(text) : 0;
	return code == 0x2028 || code == 0x2029 || code == 0xFEFF ||
			       code == 0xFFFE || code == 0xFFFF ?
		       0 :
		       length;
}

bool text_is_line(const char *text)
{
	while (*text) {
		size_t length = text_in_line(text);
		if (!length)
			return false;
		text += length;
	}
	return true;
}

char *text_make_printable(char *text)
{
	for (char *c = text; *c;) {
		size_t length = text_printable(c);
		if (length)
			c += length;
		else
			*c++ = '?';
	}
	return text;
}

char *text_keep_end(char *text, size_t width)
{
	size_t length = strlen(text);
	if (length <= width)
		return text;
	memmove(text, text + length - width, width + 1);
	text[0] = '~';
	return text;
}

void text_wrap(struct sg_buffer *out, const char *first, const char *others,
	       const char *text)
{
	enum { COLUMNS = 80 };
	size_t column = strlen(first);
	sg_buffer_puts(out, first);
	for (bool begun = false; *text; begun = true) {
		size_t length = strcspn(text, " ");
		if (begun && column + 1 + length > COLUMNS) {
			sg_buffer_printf(out, "\n%s", others);
			column = strlen(others);
		} else if (begun) {
			sg_buffer_putc(out, ' ');
			column++;
		}
		sg_buffer_append(out, text, length);
		column += length;
		text += length + (text[length] == ' ');
	}
	sg_buffer_putc(out, '\n');
}
