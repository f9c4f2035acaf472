#include "violations.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "buffer.h"
#include "cleanup.h"
#include "text.h"

void violations_init(struct violations *v, struct sg_arena *arena)
{
	v->arena = arena;
	v->count = 0;
	v->more = 0;
	v->excused = NULL;
}

struct violations *violations_excusable(struct violations *v)
{
	return v->excused ? v->excused : v;
}

static void add(struct violations *v, enum violation_kind kind,
		const char *field, const char *format, va_list args)
{
	static const char cut[] = "...";
	char text[VIOLATION_MESSAGE_SIZE];
	if (v->count >= SG_MAX_VIOLATIONS) {
		v->more++;
		return;
	}
	if (vsnprintf(text, sizeof text, format, args) >= (int)sizeof text)
		memcpy(text + sizeof text - sizeof cut, cut, sizeof cut);
	const char *message =
		sg_arena_printf(v->arena, "%s", text_make_printable(text));
	char *place = sg_arena_copy(v->arena, field, strlen(field));
	if (place)
		field = text_make_printable(place);
	v->items[v->count++] = (struct violation){
		.kind = kind,
		.field = field,
		.message = message ? message : field,
	};
}

void violations_add(struct violations *v, const char *field,
		    const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(v, VIOLATION_INVALID, field, format, args);
	va_end(args);
}

void violations_add_as(struct violations *v, enum violation_kind kind,
		       const char *field, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add(v, kind, field, format, args);
	va_end(args);
}

static void write_bullet(struct sg_buffer *out, const struct violation *v)
{
	cleanup_buffer struct sg_buffer line;
	sg_buffer_init(&line, SG_MAX_REPORT);
	sg_buffer_printf(&line, "%s: %s", v->field, v->message);
	sg_buffer_puts(out, "  - ");
	text_wrap(out, 4, 4, line.data ? line.data : "");
}

int violations_check(const struct violations *v, const char *subject,
		     struct sg_error *e)
{
	if (v->count == 0)
		return 0;
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_REPORT);
	sg_buffer_putc(&text, '\n');
	for (unsigned i = 0; i < v->count; i++)
		write_bullet(&text, &v->items[i]);
	if (v->more)
		sg_buffer_printf(&text, "  and %u more\n", v->more);
	if (sg_buffer_check(&text, e))
		return -1;
	text.data[text.length - 1] = '\0'; /* whoever says it ends the line */
	sg_error_set(e, SG_REFUSED, "%s breaks the policy:", subject);
	return sg_error_append(e, text.data);
}
