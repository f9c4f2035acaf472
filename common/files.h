/*
 * Reading whole files, and writing all or nothing. Errors are SG_IO, or
 * SG_INVALID for what is too large; messages name the file.
 */
#ifndef SG_FILES_H
#define SG_FILES_H

#include "buffer.h"
#include "error.h"

/*
 * Puts /dev/null where standard streams are closed, in the direction that makes
 * their use fail, lest the next file opened takes their number. First of all.
 */
void standard_streams_hold(void);

/* Appends the file's content; the buffer's cap is the limit. */
int file_read(const char *path, struct sg_buffer *out, struct sg_error *e);
/* The same for standard input. */
int stdin_read(struct sg_buffer *out, struct sg_error *e);

/*
 * Writes everything to standard output. A regular file gets its space first,
 * and is cut back to where it was if writing fails all the same.
 */
int stdout_write(const char *bytes, size_t length, struct sg_error *e);

#endif
