#include "file_look.h"

#include <errno.h>
#include <string.h>

int file_look(const char *path, struct stat *now, struct sg_error *e)
{
	if (stat(path, now) == 0)
		return 0;
	return sg_error_set(e, SG_IO, "cannot read %.200s: %s", path,
			    strerror(errno));
}

bool file_is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
	       a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}
