/*
 * One error: what kind it is, and a message that a person can act on.
 *
 * A function that can fail takes a `struct sg_error *` as its last argument,
 * returns a negative value (or NULL) and fills it; on success it leaves it
 * alone. Callers add where they were: sg_error_context(e, "policy.yaml").
 * Messages read from the outside in and say what would be accepted:
 *
 *     policy.yaml: spec.plans.small.quota.pods: "ten" is not a quantity
 *     (like 500m, 2, 1.5 or 512Mi)
 */
#ifndef SG_ERROR_H
#define SG_ERROR_H

#include <stdarg.h>

#include "limits.h"

/* The values are the exit codes of the command-line tools. */
enum sg_code {
	SG_OK = 0,
	SG_REFUSED = 1, /* well-formed, but the policy says no */
	SG_USAGE = 2,	/* the command line is wrong or says too little */
	SG_INVALID = 3, /* not usable YAML, or not what it claims to be */
	SG_IO = 4,	/* reading, writing or memory failed */
};

struct sg_error {
	enum sg_code code;
	char message[SG_MAX_MESSAGE];
};

/*
 * Fills e with one line: a message that is too long ends in "...", and control
 * characters become '?'. Returns -1 always.
 */
int sg_error_set(struct sg_error *e, enum sg_code code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Prepends "context: " to the message. Returns -1 always. */
int sg_error_context(struct sg_error *e, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Adds lines below the message, as they are: the caller has made them from text
 * that is fit to print. Returns -1 always.
 */
int sg_error_append(struct sg_error *e, const char *lines);

/* For allocations that failed. Returns -1 always. */
int sg_error_memory(struct sg_error *e);

#endif
