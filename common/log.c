#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "cleanup.h"
#include "io.h"
#include "text.h"

int log_open(struct log *log, const char *path, struct sg_error *e)
{
	log->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (log->fd < 0)
		return sg_error_set(e, SG_IO, "cannot open the log file %.200s: %s",
				    path, strerror(errno));
	return 0;
}

void log_close(struct log *log)
{
	if (log->fd >= 0)
		(void)close(log->fd);
	log->fd = -1;
}

static const char *const names[] = { "info", "warning", "error" };

static void stamp(struct sg_buffer *out, bool with_milliseconds)
{
	struct timespec now;
	struct tm utc;
	char text[32];
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (!gmtime_r(&now.tv_sec, &utc) ||
	    !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc))
		return;
	sg_buffer_puts(out, text);
	if (with_milliseconds)
		sg_buffer_printf(out, ".%03ld", now.tv_nsec / 1000000);
	sg_buffer_putc(out, 'Z');
}

/* In quotes, as JSON has them (RFC 8259); what is no UTF-8 becomes U+FFFD. */
static void put_quoted(struct sg_buffer *out, const char *text)
{
	sg_buffer_putc(out, '"');
	while (*text) {
		size_t length = text_printable(text);
		unsigned char c = (unsigned char)*text;
		if (c == '"' || c == '\\')
			sg_buffer_putc(out, '\\');
		if (length)
			sg_buffer_append(out, text, length);
		else if (c == '\n')
			sg_buffer_puts(out, "\\n");
		else if (c < 0x80)
			sg_buffer_printf(out, "\\u%04x", c);
		else
			sg_buffer_puts(out, "\\ufffd");
		text += length ? length : 1;
	}
	sg_buffer_putc(out, '"');
}

/* Whether a reader could tell where it ends. */
static bool is_plain(const char *text)
{
	if (!*text)
		return false;
	while (*text) {
		size_t length = text_printable(text);
		if (!length || strchr(" \"\\=", *text))
			return false;
		text += length;
	}
	return true;
}

static void put_field(struct sg_buffer *out, enum log_format format,
		      const struct log_field *f)
{
	bool json = format == LOG_FORMAT_JSON;
	if (!f->text && !f->is_number)
		return;
	sg_buffer_printf(out, json ? ",\"%s\":" : " %s=", f->key);
	if (f->is_number)
		sg_buffer_printf(out, "%lld", (long long)f->number);
	else if (json || !is_plain(f->text))
		put_quoted(out, f->text);
	else
		sg_buffer_puts(out, f->text);
}

static void put_json(struct sg_buffer *out, enum log_level level,
		     const char *message, const struct log_field *f)
{
	sg_buffer_puts(out, "{\"time\":\"");
	stamp(out, true);
	sg_buffer_printf(out, "\",\"level\":\"%s\",\"message\":",
			 names[level]);
	put_quoted(out, message);
	for (; f && f->key; f++)
		put_field(out, LOG_FORMAT_JSON, f);
	sg_buffer_puts(out, "}\n");
}

static void put_lines(struct sg_buffer *out, enum log_level level,
		      const char *message)
{
	while (*message) {
		size_t length = strcspn(message, "\n");
		if (length) {
			stamp(out, false);
			sg_buffer_printf(out, " %-7s %.*s\n", names[level],
					 (int)length, message);
		}
		message += length;
		message += *message == '\n';
	}
}

static void put_text(struct sg_buffer *out, enum log_level level,
		     const char *message, const struct log_field *f)
{
	stamp(out, false);
	sg_buffer_printf(out, " %-7s ", names[level]);
	while (*message) {
		size_t length = text_printable(message);
		if (length)
			sg_buffer_append(out, message, length);
		else
			sg_buffer_putc(out, *message == '\n' ? ' ' : '?');
		message += length ? length : 1;
	}
	for (; f->key; f++)
		put_field(out, LOG_FORMAT_TEXT, f);
	sg_buffer_putc(out, '\n');
}

static void flush(const struct log *log, const struct sg_buffer *lines)
{
	if (lines->data)
		(void)io_write_all(log->fd, lines->data, lines->length);
}

void log_write(const struct log *log, enum log_level level,
	       const char *message)
{
	cleanup_buffer struct sg_buffer lines;
	sg_buffer_init(&lines, SG_MAX_REPORT);
	if (log->fd < 0)
		return;
	if (log->format == LOG_FORMAT_JSON)
		put_json(&lines, level, message, NULL);
	else
		put_lines(&lines, level, message);
	flush(log, &lines);
}

void log_fields(const struct log *log, enum log_level level,
		const char *message, const struct log_field *fields)
{
	cleanup_buffer struct sg_buffer line;
	sg_buffer_init(&line, SG_MAX_REPORT);
	if (log->fd < 0)
		return;
	if (log->format == LOG_FORMAT_JSON)
		put_json(&line, level, message, fields);
	else
		put_text(&line, level, message, fields);
	flush(log, &line);
}
