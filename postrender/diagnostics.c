#include "diagnostics.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"
#include "text.h"

enum { SHOWN_WARNINGS = 20 };

static bool same_file(int a, int b)
{
	struct stat x, y;
	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

/*
 * Helm's own descriptor, sharing its offset, where the kernel lets a child have
 * it (pidfd_getfd asks for ptrace rights).
 */
static int share_stderr(pid_t helm)
{
	cleanup_close int process = (int)syscall(SYS_pidfd_open, helm, 0);
	if (process < 0)
		return -1;
	return (int)syscall(SYS_pidfd_getfd, process, STDERR_FILENO, 0);
}

/* Whether Helm writes to its stderr wherever that ends by then. */
static bool appends(pid_t helm)
{
	char path[64], line[128];
	unsigned long flags = 0;
	(void)snprintf(path, sizeof path, "/proc/%d/fdinfo/2", (int)helm);
	FILE *info = fopen(path, "re");
	while (info && fgets(line, sizeof line, info))
		if (strncmp(line, "flags:", 6) == 0)
			flags = strtoul(line + 6, NULL, 8);
	if (info)
		(void)fclose(info);
	return flags & O_APPEND;
}

/*
 * The same file, opened again. Not a regular file that Helm writes to at an
 * offset of its own: what one of both writes there, the other overwrites.
 */
static int reopen_stderr(pid_t helm)
{
	char path[64];
	struct stat st;
	(void)snprintf(path, sizeof path, "/proc/%d/fd/2", (int)helm);
	int fd = open(path, O_WRONLY | O_APPEND | O_NOCTTY | O_CLOEXEC |
				    O_NONBLOCK);
	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    (!S_ISREG(st.st_mode) || appends(helm)))
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* Other plugins run Helm 3, which shows stderr, in their environment. */
static bool is_helm_plugin(void)
{
	const char *folder = getenv("HELM_PLUGIN_DIR");
	cleanup_free char *plugin = folder ? realpath(folder, NULL) : NULL;
	cleanup_free char *self = realpath("/proc/self/exe", NULL);
	size_t length = plugin ? strlen(plugin) : 0;
	return plugin && self && strncmp(self, plugin, length) == 0 &&
	       self[length] == '/';
}

/* Best effort: a parent that is gone or forbids it costs nothing. */
static int open_relay(void)
{
	if (!is_helm_plugin())
		return -1;
	int fd = share_stderr(getppid());
	if (fd < 0)
		fd = reopen_stderr(getppid());
	if (fd >= 0 && same_file(fd, STDERR_FILENO)) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

int diagnostics_open(struct diagnostics *d, const char *log_file,
		     struct sg_error *e)
{
	*d = (struct diagnostics){ .log = { .fd = -1 }, .relay = open_relay() };
	sg_buffer_init(&d->waiting, SG_MAX_REPORT);
	return log_file ? log_open(&d->log, log_file, e) : 0;
}

void diagnostics_close(struct diagnostics *d)
{
	sg_buffer_release(&d->waiting);
	log_close(&d->log);
	if (d->relay >= 0)
		(void)close(d->relay);
	d->relay = -1;
}

/* Nothing can be said about a diagnostic that can't be written. */
static void show(struct diagnostics *d, const char *text)
{
	(void)io_write_all(STDERR_FILENO, text, strlen(text));
	if (d->relay >= 0)
		(void)io_write_all(d->relay, text, strlen(text));
}

static const char program[] = "storeguard-postrender: ";

void diagnostics_error(struct diagnostics *d, const struct sg_error *e)
{
	char line[SG_MAX_MESSAGE + sizeof program + 1];
	d->warnings = 0;
	sg_buffer_clear(&d->waiting);
	(void)snprintf(line, sizeof line, "%s%s\n", program, e->message);
	show(d, line);
	log_write(&d->log, LOG_LEVEL_ERROR, e->message);
}

void diagnostics_warn(struct diagnostics *d, const char *format, ...)
{
	char message[SG_MAX_MESSAGE];
	if (++d->warnings > SHOWN_WARNINGS)
		return;
	va_list args;
	va_start(args, format);
	(void)vsnprintf(message, sizeof message, format, args);
	va_end(args);
	sg_buffer_printf(&d->waiting, "%s\n", text_make_printable(message));
}

/* The warnings that wait, each of them a line. */
static void say_warnings(struct diagnostics *d)
{
	char line[SG_MAX_MESSAGE + sizeof program + 16];
	const char *next = d->waiting.data ? d->waiting.data : "";
	while (*next) {
		int length = (int)strcspn(next, "\n");
		(void)snprintf(line, sizeof line, "%swarning: %.*s\n", program,
			       length, next);
		show(d, line);
		next += length + 1;
	}
	if (d->waiting.length)
		log_write(&d->log, LOG_LEVEL_WARNING, d->waiting.data);
	sg_buffer_clear(&d->waiting);
}

void diagnostics_finish(struct diagnostics *d)
{
	if (d->warnings > SHOWN_WARNINGS) {
		unsigned more = d->warnings - SHOWN_WARNINGS;
		d->warnings = 0;
		diagnostics_warn(d, "%u more like these", more);
	}
	say_warnings(d);
}

/* Takes out, in place, the colours that a terminal was meant to see. */
static char *without_colours(char *text)
{
	char *to = text;
	for (const char *c = text; *c; c++) {
		if (*c == '\033')
			c += strcspn(c, "m");
		else
			*to++ = *c;
		if (!*c)
			break;
	}
	*to = '\0';
	return text;
}

void diagnostics_report(struct diagnostics *d, char *text)
{
	say_warnings(d);
	show(d, text);
	log_write(&d->log, LOG_LEVEL_INFO, without_colours(text));
}

bool diagnostics_has_colour(void)
{
	const char *term = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");
	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0 &&
	       !(no_colour && *no_colour);
}
