/* The command line of storeguard-certs. */
#ifndef SG_COMMAND_LINE_H
#define SG_COMMAND_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "service_names.h"

enum certs_command {
	CERTS_HELP,
	CERTS_VERSION,
	CERTS_INIT,
	CERTS_ISSUE,
	CERTS_ROTATE,
	CERTS_SHOW,
	CERTS_BUNDLE,
};

enum rotate_step { ROTATE_TELL, ROTATE_BEGIN, ROTATE_LEAF, ROTATE_FINISH };

struct command_line {
	enum certs_command command;
	enum rotate_step step;
	const char *folder;
	const char *names[SG_MAX_CERTIFICATE_NAMES];
	unsigned name_count;
	struct service_names service; /* of --name */
	int64_t days;
	int64_t ca_days;
};

extern const char command_line_help[];

/* SG_USAGE with what is wrong. The texts are those of argv, or live in *out. */
int command_line_parse(int argc, char **argv, struct command_line *out,
		       struct sg_error *e);

#endif
