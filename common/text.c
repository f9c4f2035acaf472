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

size_t text_columns(const char *text)
{
	size_t columns = 0;
	for (const char *c = text; *c; c++)
		columns += ((unsigned char)*c & 0xC0) != 0x80;
	return columns;
}

/* Where that many columns end. */
static size_t skip_columns(const char *text, size_t columns)
{
	size_t at = 0;
	for (; text[at] && columns > 0; columns--)
		for (at++; ((unsigned char)text[at] & 0xC0) == 0x80; at++)
			;
	return at;
}

char *text_shorten(char *text, size_t columns)
{
	size_t has = text_columns(text);
	if (has <= columns)
		return text;
	size_t end = columns / 2, begin = columns - end - 1;
	char *middle = text + skip_columns(text, begin);
	const char *rest = text + skip_columns(text, has - end);
	*middle = '~';
	memmove(middle + 1, rest, strlen(rest) + 1);
	return text;
}

/* How much of the text goes into a line that has so many columns left. */
static size_t line_length(const char *text, size_t left, size_t whole)
{
	size_t fits = skip_columns(text, left), word = fits;
	if (!text[fits] || text[fits] == ' ')
		return fits;
	while (word > 0 && text[word - 1] != ' ')
		word--;
	/* a word that fits no line is broken wherever this one ends */
	size_t end = word + skip_columns(text + word, whole);
	if (end < word + strcspn(text + word, " "))
		return fits;
	while (word > 0 && text[word - 1] == ' ')
		word--;
	return word;
}

void text_wrap(struct sg_buffer *out, size_t at, size_t indent,
	       const char *text)
{
	size_t start = at;
	do {
		size_t left = start < TEXT_COLUMNS ? TEXT_COLUMNS - start : 0;
		size_t length =
			line_length(text, left, TEXT_COLUMNS - indent);
		sg_buffer_append(out, text, length);
		sg_buffer_putc(out, '\n');
		text += length;
		text += strspn(text, " ");
		if (*text)
			sg_buffer_pad(out, ' ', indent);
		start = indent;
	} while (*text);
}
