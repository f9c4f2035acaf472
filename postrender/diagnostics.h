/*
 * What the program says: to stderr, to --log-file, and under Helm 4, which
 * throws a plugin's stderr away even when it fails, to Helm's own stderr.
 */
#ifndef SG_DIAGNOSTICS_H
#define SG_DIAGNOSTICS_H

#include <stdbool.h>

#include "buffer.h"
#include "error.h"
#include "log.h"

struct diagnostics {
	struct log log;
	int relay; /* Helm's stderr or -1 */
	unsigned warnings;
	/* Warnings wait here: after an error, they would only hide it. */
	struct sg_buffer waiting;
};

/* SG_IO when the log file can't be opened; stderr works all the same. */
int diagnostics_open(struct diagnostics *d, const char *log_file,
		     struct sg_error *e);
void diagnostics_close(struct diagnostics *d);

/*
 * A line each. Warnings are said with the next report, or at the end, unless an
 * error comes first; those beyond the first twenty are counted, not shown.
 */
void diagnostics_error(struct diagnostics *d, const struct sg_error *e);
void diagnostics_warn(struct diagnostics *d, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Says the warnings that wait, and how many were left out. */
void diagnostics_finish(struct diagnostics *d);
/* Text of several lines, as it is. Its colours are taken out afterwards. */
void diagnostics_report(struct diagnostics *d, char *text);
/* Whether a report may use colour: stderr is a terminal that has it. */
bool diagnostics_has_colour(void);

#endif
