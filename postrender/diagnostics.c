#include "diagnostics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "text.h"

enum { SHOWN_WARNINGS = 20 };

static const char program[] = "storeguard-postrender: ";

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
	*d = (struct diagnostics){ .log = -1, .relay = open_relay() };
	if (!log_file)
		return 0;
	d->log = open(log_file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	if (d->log < 0)
		return sg_error_set(e, SG_IO, "cannot open --log-file %.200s: %s",
				    log_file, strerror(errno));
	return 0;
}

void diagnostics_close(struct diagnostics *d)
{
	if (d->log >= 0)
		(void)close(d->log);
	if (d->relay >= 0)
		(void)close(d->relay);
	d->log = d->relay = -1;
}

/* Nothing can be said about a diagnostic that can't be written. */
static void put(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		text += n;
		length -= (size_t)n;
	}
}

/* Text without the colours that a terminal was meant to see. */
static void put_plain(int fd, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\033");
		put(fd, text, length);
		text += length;
		text += *text ? strcspn(text, "m") : 0;
		text += *text == 'm';
	}
}

static void say(struct diagnostics *d, const char *text)
{
	put(STDERR_FILENO, text, strlen(text));
	if (d->relay >= 0)
		put_plain(d->relay, text);
	if (d->log < 0)
		return;
	char stamp[32];
	time_t now = time(NULL);
	struct tm utc;
	if (*text != '\n' && gmtime_r(&now, &utc) &&
	    strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%SZ ", &utc))
		put(d->log, stamp, strlen(stamp));
	put_plain(d->log, text);
}

void diagnostics_error(struct diagnostics *d, const struct sg_error *e)
{
	char line[SG_MAX_MESSAGE + 64];
	(void)snprintf(line, sizeof line, "%s%s\n", program, e->message);
	say(d, line);
}

void diagnostics_warn(struct diagnostics *d, const char *format, ...)
{
	char line[SG_MAX_MESSAGE];
	if (++d->warnings > SHOWN_WARNINGS)
		return;
	int used = snprintf(line, sizeof line, "%swarning: ", program);
	va_list args;
	va_start(args, format);
	(void)vsnprintf(line + used, sizeof line - (size_t)used - 1, format,
			args);
	va_end(args);
	size_t length = strlen(text_make_printable(line));
	line[length] = '\n';
	line[length + 1] = '\0';
	say(d, line);
}

void diagnostics_finish(struct diagnostics *d)
{
	char line[80];
	if (d->warnings <= SHOWN_WARNINGS)
		return;
	(void)snprintf(line, sizeof line, "%swarning: %u more like these\n",
		       program, d->warnings - SHOWN_WARNINGS);
	say(d, line);
}

void diagnostics_report(struct diagnostics *d, const char *text)
{
	say(d, text);
}

bool diagnostics_has_colour(void)
{
	const char *term = getenv("TERM");
	const char *no_colour = getenv("NO_COLOR");
	return isatty(STDERR_FILENO) && term && strcmp(term, "dumb") != 0 &&
	       !(no_colour && *no_colour);
}
