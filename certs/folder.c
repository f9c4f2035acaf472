#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "files.h"
#include "io.h"

enum { PATH_SIZE = 4096 };

static int failed(const struct folder *f, const char *what, const char *name,
		  struct sg_error *e)
{
	return sg_error_set(e, SG_IO, "cannot %s %.200s/%s: %s", what, f->path,
			    name, strerror(errno));
}

int folder_open(struct folder *f, const char *path, bool make,
		struct sg_error *e)
{
	*f = (struct folder){ .path = path, .fd = -1 };
	if (make && mkdir(path, 0700) && errno != EEXIST)
		return sg_error_set(e, SG_IO, "cannot make the folder %.200s: %s",
				    path, strerror(errno));
	f->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (f->fd < 0)
		return sg_error_set(e, SG_IO, "cannot open the folder %.200s: %s",
				    path, strerror(errno));
	if (flock(f->fd, LOCK_EX))
		return sg_error_set(e, SG_IO, "cannot lock the folder %.200s: %s",
				    path, strerror(errno));
	return 0;
}

void folder_close(struct folder *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	f->fd = -1;
}

bool folder_is_complete(const struct folder *f)
{
	return faccessat(f->fd, keyring_names[KEYRING_LEAF], F_OK, 0) == 0;
}

static int read_part(const struct folder *f, struct keyring *k, int part,
		     struct sg_error *e)
{
	char path[PATH_SIZE];
	struct sg_buffer *text = keyring_part(k, part);
	const char *name = keyring_names[part];
	if (faccessat(f->fd, name, F_OK, 0) && errno == ENOENT)
		return 0;
	if (snprintf(path, sizeof path, "%s/%s", f->path, name) >=
	    (int)sizeof path)
		return sg_error_set(e, SG_IO, "the path %.200s... is too long",
				    f->path);
	/* at once, so that a key is read into memory that never moves */
	if (!sg_buffer_reserve(text, SG_MAX_PEM / 4))
		return sg_error_memory(e);
	return file_read(path, text, e);
}

int folder_read(const struct folder *f, struct keyring *k, struct sg_error *e)
{
	for (int part = 0; part < KEYRING_PARTS; part++)
		if (read_part(f, k, part, e))
			return -1;
	return 0;
}

void folder_mend(struct keyring *k)
{
	struct sg_error ignored;
	if (certs_check_pair(&k->ca, &ignored) && k->ca.key.length)
		(void)certs_find(certs_text(&k->bundle), certs_text(&k->ca.key),
				 &k->ca.certificate, &ignored);
}

static int write_file(const struct folder *f, const char *name, mode_t mode,
		      const struct sg_buffer *text, struct sg_error *e)
{
	char temporary[64];
	(void)snprintf(temporary, sizeof temporary, ".%s.new", name);
	/* the folder is locked: what is there was left by a run cut off */
	if (unlinkat(f->fd, temporary, 0) && errno != ENOENT)
		return failed(f, "remove", temporary, e);
	cleanup_close int fd = openat(f->fd, temporary,
				      O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
				      mode);
	if (fd < 0)
		return failed(f, "make", temporary, e);
	if (io_write_all(fd, text->data, text->length) || fsync(fd) ||
	    renameat(f->fd, temporary, f->fd, name) || fsync(f->fd)) {
		failed(f, "write", name, e);
		(void)unlinkat(f->fd, temporary, 0);
		return -1;
	}
	return 0;
}

static bool is_same(const struct sg_buffer *a, const struct sg_buffer *b)
{
	return a->length == b->length &&
	       strcmp(certs_text(a), certs_text(b)) == 0;
}

int folder_write(const struct folder *f, struct keyring *former,
		 struct keyring *k, struct sg_error *e)
{
	for (int part = 0; part < KEYRING_PARTS; part++) {
		bool is_key = part == KEYRING_CA_KEY || part == KEYRING_LEAF_KEY;
		const struct sg_buffer *text = keyring_part(k, part);
		if (is_same(text, keyring_part(former, part)))
			continue;
		if (write_file(f, keyring_names[part], is_key ? 0600 : 0644,
			       text, e))
			return -1;
	}
	return 0;
}
