#include "error.h"

#include <stdio.h>
#include <string.h>

#include "text.h"

/* Cuts text to fit `size` bytes; what was cut shows as "...". */
static void shorten(char *text, size_t size)
{
	static const char ellipsis[] = "...";
	if (strlen(text) >= size)
		memcpy(text + size - sizeof ellipsis, ellipsis, sizeof ellipsis);
}

static void format_into(char *to, size_t size, const char *format, va_list args)
{
	char whole[SG_MAX_MESSAGE + 1];
	whole[0] = '\0';
	(void)vsnprintf(whole, sizeof whole, format, args);
	shorten(whole, size);
	memcpy(to, whole, strlen(whole) + 1);
}

int sg_error_set(struct sg_error *e, enum sg_code code, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	format_into(e->message, sizeof e->message, format, args);
	va_end(args);
	text_make_printable(e->message);
	e->code = code;
	return -1;
}

/* message = first + second, where one of both may be the message itself */
static int join(struct sg_error *e, const char *first, const char *second)
{
	char whole[2 * sizeof e->message];
	(void)snprintf(whole, sizeof whole, "%s%s", first, second);
	shorten(whole, sizeof e->message);
	memcpy(e->message, whole, strlen(whole) + 1);
	return -1;
}

int sg_error_context(struct sg_error *e, const char *format, ...)
{
	char context[512];
	va_list args;
	va_start(args, format);
	format_into(context, sizeof context - 2, format, args);
	va_end(args);
	text_make_printable(context);
	memcpy(context + strlen(context), ": ", 3);
	return join(e, context, e->message);
}

int sg_error_append(struct sg_error *e, const char *lines)
{
	return join(e, e->message, lines);
}

int sg_error_memory(struct sg_error *e)
{
	return sg_error_set(e, SG_IO, "out of memory");
}
