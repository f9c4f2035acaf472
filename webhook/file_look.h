/*
 * Whether a file is still the one that was read. By name and not by descriptor: what
 * links point to may be swapped, as Kubernetes swaps ..data of a volume.
 */
#ifndef SG_FILE_LOOK_H
#define SG_FILE_LOOK_H

#include <stdbool.h>
#include <sys/stat.h>

#include "error.h"

enum { FILE_LOOK_MS = 1000 }; /* between looks of whoever follows a file */

/* SG_IO when it isn't there. */
int file_look(const char *path, struct stat *now, struct sg_error *e);
bool file_is_same(const struct stat *a, const struct stat *b);

#endif
