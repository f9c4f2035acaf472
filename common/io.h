/* Writing whole. */
#ifndef SG_IO_H
#define SG_IO_H

#include <stddef.h>

/* 0, or -1 with errno when not everything could be written. */
int io_write_all(int fd, const char *bytes, size_t length);

#endif
