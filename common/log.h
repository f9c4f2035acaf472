/*
 * A log of lines: time (UTC), level, message. Callers never pass secrets.
 * Writing is best effort: what can't be logged is no reason to stop.
 */
#ifndef SG_LOG_H
#define SG_LOG_H

#include "error.h"

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };

struct log {
	int fd; /* -1: nothing is logged */
};

/* Appends to a file, made for its owner alone. SG_IO when it can't be opened. */
int log_open(struct log *log, const char *path, struct sg_error *e);
void log_close(struct log *log);

/* Each line of the message becomes a line of its own; empty ones are left out. */
void log_write(const struct log *log, enum log_level level,
	       const char *message);

#endif
