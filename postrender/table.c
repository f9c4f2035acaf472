#include "table.h"

#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "limits.h"
#include "text.h"

/* A cell at the indent; one longer than that ends its lines. Returns the column. */
static size_t first_cell(struct sg_buffer *out, size_t width, const char *text)
{
	size_t columns = text_columns(text);
	sg_buffer_pad(out, ' ', TABLE_INDENT);
	if (columns > width) {
		text_wrap(out, TABLE_INDENT, TABLE_INDENT, text);
		return 0;
	}
	sg_buffer_puts(out, text);
	return TABLE_INDENT + columns;
}

/* "asked 12345678901234, allowed 4Gi" */
static void write_in_words(struct sg_buffer *out,
			   const struct table_amount *amounts, unsigned count)
{
	char text[QUANTITY_TEXT_SIZE];
	cleanup_buffer struct sg_buffer words;
	sg_buffer_init(&words, SG_MAX_MESSAGE);
	for (unsigned i = 0; i < count; i++)
		sg_buffer_printf(&words, "%s%s %s", i ? ", " : "",
				 amounts[i].name,
				 quantity_print(amounts[i].amount, text));
	sg_buffer_pad(out, ' ', 2 * TABLE_INDENT);
	if (words.data)
		text_wrap(out, 2 * TABLE_INDENT, 2 * TABLE_INDENT, words.data);
}

size_t table_amounts(struct sg_buffer *out, size_t key_width, const char *key,
		     const struct table_amount *amounts, unsigned count)
{
	char text[QUANTITY_TEXT_SIZE];
	bool fit = true;
	for (unsigned i = 0; i < count; i++)
		fit &= strlen(quantity_print(amounts[i].amount, text)) <=
		       TABLE_AMOUNT_WIDTH;
	size_t column = first_cell(out, key_width, key);
	if (!fit) {
		if (column)
			sg_buffer_putc(out, '\n');
		write_in_words(out, amounts, count);
		return 0;
	}
	sg_buffer_pad(out, ' ', TABLE_INDENT + key_width - column);
	for (unsigned i = 0; i < count; i++)
		sg_buffer_printf(out, " %*s", TABLE_AMOUNT_WIDTH,
				 quantity_print(amounts[i].amount, text));
	return TABLE_INDENT + key_width + count * (1 + TABLE_AMOUNT_WIDTH);
}

/* The longest of Kubernetes': a kind's 63, a slash and a name's 253 */
enum { LONGEST_NAME = 63 + 1 + 253 };

void table_append_name(struct sg_buffer *out, const char *kind,
		       const char *name)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_DOCUMENT);
	sg_buffer_printf(&text, "%s%s%s", kind ? kind : "", kind ? "/" : "",
			 name);
	if (text.data)
		sg_buffer_puts(out, text_shorten(text_make_printable(text.data),
						 LONGEST_NAME));
}

size_t table_name(struct sg_buffer *out, size_t name_width, const char *kind,
		  const char *name)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_MESSAGE);
	table_append_name(&text, kind, name);
	return first_cell(out, name_width, text.data ? text.data : "");
}
