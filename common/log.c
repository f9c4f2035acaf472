#include "log.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buffer.h"
#include "cleanup.h"
#include "io.h"

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

static void stamp(char *text, size_t size)
{
	time_t now = time(NULL);
	struct tm utc;
	if (!gmtime_r(&now, &utc) ||
	    !strftime(text, size, "%Y-%m-%dT%H:%M:%SZ", &utc))
		text[0] = '\0';
}

void log_write(const struct log *log, enum log_level level,
	       const char *message)
{
	static const char *const names[] = { "info", "warning", "error" };
	char when[32];
	cleanup_buffer struct sg_buffer lines;
	if (log->fd < 0)
		return;
	sg_buffer_init(&lines, SG_MAX_REPORT);
	stamp(when, sizeof when);
	while (*message) {
		size_t length = strcspn(message, "\n");
		if (length)
			sg_buffer_printf(&lines, "%s %-7s %.*s\n", when,
					 names[level], (int)length, message);
		message += length;
		message += *message == '\n';
	}
	if (lines.data) /* at once, so that lines of several writers stay whole */
		(void)io_write_all(log->fd, lines.data, lines.length);
}
