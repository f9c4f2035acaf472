/*
 * A log of lines: time (UTC), level, message, and fields with values; as text, or as
 * JSON, an object a line. Callers never pass secrets. Values may come from anywhere:
 * whatever they hold, a line stays one line. Each call writes at once, so that lines
 * of several threads and processes stay whole. Writing is best effort: what can't be
 * logged is no reason to stop.
 */
#ifndef SG_LOG_H
#define SG_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "error.h"

enum log_level { LOG_LEVEL_INFO, LOG_LEVEL_WARNING, LOG_LEVEL_ERROR };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

struct log {
	int fd; /* -1: nothing is logged */
	enum log_format format;
};

/* Appends to a file, made for its owner alone. SG_IO when it can't be opened. */
int log_open(struct log *log, const char *path, struct sg_error *e);
void log_close(struct log *log);

/*
 * As text, each line of the message becomes a line of its own and empty ones are left
 * out; as JSON, it stays one message.
 */
void log_write(const struct log *log, enum log_level level,
	       const char *message);

/* key: a word. One with neither text nor number is left out. */
struct log_field {
	const char *key;
	const char *text;
	bool is_number;
	int64_t number;
};

static inline struct log_field log_text(const char *key, const char *text)
{
	return (struct log_field){ .key = key, .text = text };
}

static inline struct log_field log_number(const char *key, int64_t number)
{
	return (struct log_field){ .key = key, .is_number = true,
				   .number = number };
}

/*
 * One line: log_event(log, LOG_LEVEL_INFO, "reviewed", log_text("uid", uid),
 * log_number("ms", 3)). As text: reviewed uid=… ms=3, quoted where it needs to be.
 */
#define log_event(log, level, message, ...)                                    \
	log_fields(log, level, message,                                        \
		   (const struct log_field[]){ __VA_ARGS__, { .key = NULL } })
/* The same; the fields end with one without a key. */
void log_fields(const struct log *log, enum log_level level,
		const char *message, const struct log_field *fields);

#endif
