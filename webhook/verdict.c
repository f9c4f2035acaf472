#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "review.h"
#include "text.h"

/* What a client waits before it asks again, seconds. */
enum { SOON = 1 };
/* https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response */
enum { WARNINGS_MAX = 4096, WARNING_MAX = 256 };

void verdict_init(struct verdict *v, struct sg_arena *a)
{
	v->arena = a;
	v->allowed = true;
	v->code = 0;
	v->reason = v->message = NULL;
	violations_init(&v->causes, a);
	v->retry_after_seconds = 0;
	v->warnings.count = 0;
	v->annotation_count = 0;
	v->patch = NULL;
}

/* One line, fit to print. Without memory, `instead`. */
__attribute__((format(printf, 3, 0)))
static const char *line(struct sg_arena *a, const char *instead,
			const char *format, va_list args)
{
	char text[SG_MAX_MESSAGE] = "";
	(void)vsnprintf(text, sizeof text, format, args);
	text_make_printable(text);
	const char *copy = sg_arena_copy(a, text, strlen(text));
	return copy ? copy : instead;
}

void verdict_refuse(struct verdict *v, int code, const char *reason,
		    const char *format, ...)
{
	va_list args;
	if (!v->allowed)
		return;
	va_start(args, format);
	v->message = line(v->arena, "refused", format, args);
	va_end(args);
	v->allowed = false;
	v->code = code;
	v->reason = reason;
}

void verdict_refuse_causes(struct verdict *v, const char *subject)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_error e;
	sg_buffer_init(&text, SG_MAX_REPORT);
	if (v->causes.count == 0 || !v->allowed)
		return;
	sg_buffer_printf(&text, "%s is refused: ", subject);
	for (unsigned i = 0; i < v->causes.count; i++)
		sg_buffer_printf(&text, "%s%s: %s", i ? "; " : "",
				 v->causes.items[i].field,
				 v->causes.items[i].message);
	char *message = sg_buffer_check(&text, &e) ?
				NULL :
				sg_arena_copy(v->arena, text.data, text.length);
	v->allowed = false;
	v->code = 422;
	v->reason = "Invalid";
	v->message = message ? text_make_printable(message) : "refused";
}

void verdict_postpone(struct verdict *v, const struct sg_error *why)
{
	if (!v->allowed)
		return;
	verdict_refuse(v, 503, "ServiceUnavailable",
		       "can't be decided now, try again: %s", why->message);
	v->retry_after_seconds = SOON;
}

void verdict_warn(struct verdict *v, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	if (v->warnings.count < VERDICT_WARNINGS)
		v->warnings.items[v->warnings.count++] =
			line(v->arena, "", format, args);
	va_end(args);
}

void verdict_annotate(struct verdict *v, const char *key, const char *format,
		      ...)
{
	va_list args;
	va_start(args, format);
	if (v->annotation_count < VERDICT_ANNOTATIONS) {
		v->annotations[v->annotation_count].key = key;
		v->annotations[v->annotation_count++].value =
			line(v->arena, "", format, args);
	}
	va_end(args);
}

/* --- writing --- */

/* ,"key":"text" */
static void write_field(struct sg_buffer *out, const char *key,
			const char *text)
{
	sg_buffer_printf(out, ",\"%s\":", key);
	json_write_string(out, text);
}

static const char *const cause_types[] = {
	[VIOLATION_INVALID] = "FieldValueInvalid",
	[VIOLATION_REQUIRED] = "FieldValueRequired",
	[VIOLATION_NOT_SUPPORTED] = "FieldValueNotSupported",
	[VIOLATION_DUPLICATE] = "FieldValueDuplicate",
	[VIOLATION_FORBIDDEN] = "FieldValueForbidden",
};

static void write_causes(const struct verdict *v, struct sg_buffer *out)
{
	sg_buffer_puts(out, ",\"causes\":[");
	for (unsigned i = 0; i < v->causes.count; i++) {
		sg_buffer_puts(out, i ? "," : "");
		sg_buffer_printf(out, "{\"reason\":\"%s\"",
				 cause_types[v->causes.items[i].kind]);
		write_field(out, "message", v->causes.items[i].message);
		write_field(out, "field", v->causes.items[i].field);
		sg_buffer_putc(out, '}');
	}
	sg_buffer_putc(out, ']');
}

static void write_name(struct sg_buffer *out, const char *key, const char *text)
{
	char name[256];
	(void)snprintf(name, sizeof name, "%s", text ? text : "");
	write_field(out, key, text_make_printable(name));
}

/* kind and name without causes would make kubectl drop the message */
static void write_details(const struct verdict *v, const struct review *r,
			  struct sg_buffer *out)
{
	bool causes = v->causes.count && v->code == 422;
	if (!causes && !v->retry_after_seconds)
		return;
	if (!causes) {
		sg_buffer_printf(out, ",\"details\":{\"retryAfterSeconds\":%d}",
				 v->retry_after_seconds);
		return;
	}
	sg_buffer_puts(out, ",\"details\":{\"group\":");
	json_write_string(out, r->group);
	write_name(out, "kind", r->kind);
	write_name(out, "name", r->name);
	write_causes(v, out);
	sg_buffer_putc(out, '}');
}

static void write_status(const struct verdict *v, const struct review *r,
			 struct sg_buffer *out)
{
	sg_buffer_printf(out, ",\"status\":{\"status\":\"Failure\",\"code\":%d",
			 v->code);
	write_field(out, "reason", v->reason);
	write_field(out, "message", v->message);
	write_details(v, r, out);
	sg_buffer_putc(out, '}');
}

/* At most `max` characters of it, a whole number of them. */
static void write_cut(struct sg_buffer *out, const char *text, size_t max)
{
	char cut[SG_MAX_MESSAGE];
	size_t length = 0;
	for (size_t n = 0; n < max && text[length]; n++) {
		size_t width = text_sequence(text + length);
		length += width ? width : 1;
	}
	(void)snprintf(cut, sizeof cut, "%.*s", (int)length, text);
	json_write_string(out, text_make_printable(cut));
}

static void write_warnings(const struct verdict *v, struct sg_buffer *out)
{
	size_t total = 0;
	for (unsigned i = 0; i < v->warnings.count; i++)
		total += strlen(v->warnings.items[i]);
	if (v->warnings.count == 0)
		return;
	sg_buffer_puts(out, ",\"warnings\":[");
	for (unsigned i = 0; i < v->warnings.count; i++) {
		sg_buffer_puts(out, i ? "," : "");
		write_cut(out, v->warnings.items[i],
			  total > WARNINGS_MAX ? WARNING_MAX : WARNINGS_MAX);
	}
	sg_buffer_putc(out, ']');
}

static void write_annotations(const struct verdict *v, struct sg_buffer *out)
{
	if (v->annotation_count == 0)
		return;
	sg_buffer_puts(out, ",\"auditAnnotations\":{");
	for (unsigned i = 0; i < v->annotation_count; i++) {
		sg_buffer_printf(out, "%s\"%s\":", i ? "," : "",
				 v->annotations[i].key);
		json_write_string(out, v->annotations[i].value);
	}
	sg_buffer_putc(out, '}');
}

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void write_base64(struct sg_buffer *out, const char *bytes, size_t length)
{
	const unsigned char *c = (const unsigned char *)bytes;
	for (size_t i = 0; i < length; i += 3) {
		unsigned group = (unsigned)c[i] << 16;
		group |= i + 1 < length ? (unsigned)c[i + 1] << 8 : 0;
		group |= i + 2 < length ? (unsigned)c[i + 2] : 0;
		char four[] = { base64_digits[group >> 18],
				base64_digits[group >> 12 & 63],
				base64_digits[group >> 6 & 63],
				base64_digits[group & 63] };
		if (i + 2 >= length)
			four[3] = '=';
		if (i + 1 >= length)
			four[2] = '=';
		sg_buffer_append(out, four, sizeof four);
	}
}

static void write_patch(const struct verdict *v, struct sg_buffer *out)
{
	cleanup_buffer struct sg_buffer patch;
	sg_buffer_init(&patch, SG_MAX_DOCUMENT);
	if (!v->allowed || node_count(v->patch) == 0)
		return;
	json_write(&patch, v->patch);
	out->no_memory |= patch.no_memory;
	out->over_cap |= patch.over_cap;
	sg_buffer_puts(out, ",\"patchType\":\"JSONPatch\",\"patch\":\"");
	write_base64(out, patch.data ? patch.data : "", patch.length);
	sg_buffer_putc(out, '"');
}

void verdict_write(const struct verdict *v, const struct review *r,
		   struct sg_buffer *out)
{
	sg_buffer_puts(out, "{\"apiVersion\":\"admission.k8s.io/v1\","
			    "\"kind\":\"AdmissionReview\",\"response\":{\"uid\":");
	json_write_string(out, r->uid);
	sg_buffer_printf(out, ",\"allowed\":%s", v->allowed ? "true" : "false");
	if (!v->allowed)
		write_status(v, r, out);
	write_patch(v, out);
	write_warnings(v, out);
	write_annotations(v, out);
	sg_buffer_puts(out, "}}");
}
