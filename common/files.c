#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "io.h"

enum { CHUNK = 64 * 1024 };

static int io_error(struct sg_error *e, const char *what, const char *name)
{
	return sg_error_set(e, SG_IO, "%s %.200s: %s", what, name,
			    strerror(errno));
}

void standard_streams_hold(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null",
				   fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* How much is left to read of a regular file; 0 for anything else. */
static size_t expected_size(int fd)
{
	struct stat st;
	off_t at = lseek(fd, 0, SEEK_CUR);
	if (at < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) ||
	    st.st_size <= at)
		return 0;
	return (size_t)(st.st_size - at);
}

static int read_all(int fd, const char *name, struct sg_buffer *out,
		    struct sg_error *e)
{
	bool fits = sg_buffer_reserve(out, expected_size(fd)) != NULL;
	while (fits) {
		size_t left = out->cap - out->length;
		size_t want = left < CHUNK ? left : CHUNK;
		char *to = sg_buffer_reserve(out, want ? want : 1);
		if (!to)
			break; /* at the cap, where only the end is welcome */
		ssize_t got = read(fd, to, want);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return io_error(e, "cannot read", name);
		if (got == 0)
			return 0;
		out->length += (size_t)got;
		out->data[out->length] = '\0';
	}
	sg_buffer_check(out, e);
	return sg_error_context(e, "%.200s", name);
}

int file_read(const char *path, struct sg_buffer *out, struct sg_error *e)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return io_error(e, "cannot open", path);
	return read_all(fd, path, out, e);
}

int stdin_read(struct sg_buffer *out, struct sg_error *e)
{
	return read_all(STDIN_FILENO, "standard input", out, e);
}

/* Where a regular file ends now, or -1 for anything else. */
static off_t reserve_space(size_t length, struct sg_error *e)
{
	struct stat st;
	if (fstat(STDOUT_FILENO, &st) || !S_ISREG(st.st_mode))
		return -1;
	bool appends = fcntl(STDOUT_FILENO, F_GETFL) & O_APPEND;
	off_t at = appends ? st.st_size : lseek(STDOUT_FILENO, 0, SEEK_CUR);
	if (at < 0)
		return -1;
	if (fallocate(STDOUT_FILENO, FALLOC_FL_KEEP_SIZE, at, (off_t)length) &&
	    errno == ENOSPC)
		io_error(e, "cannot write", "standard output");
	return at == st.st_size ? at : -1;
}

int stdout_write(const char *bytes, size_t length, struct sg_error *e)
{
	e->code = SG_OK;
	off_t end = reserve_space(length, e);
	if (e->code != SG_OK)
		return -1;
	if (io_write_all(STDOUT_FILENO, bytes, length) == 0)
		return 0;
	io_error(e, "cannot write", "standard output");
	if (end >= 0 && ftruncate(STDOUT_FILENO, end))
		return sg_error_context(e, "part of the output may remain");
	return -1;
}
