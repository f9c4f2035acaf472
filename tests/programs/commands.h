/* Programs that read a command a line, split at spaces, and answer in a line each. */
#ifndef SG_TEST_COMMANDS_H
#define SG_TEST_COMMANDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "log.h"

enum { COMMAND_WORDS = 8 };

static const struct log commands_log = { .fd = STDERR_FILENO };

static inline _Noreturn void commands_fail(const struct sg_error *e)
{
	(void)fprintf(stderr, "%s\n", e->message);
	exit(1);
}

/* Until the input ends. Words that a command lacks are NULL. */
static inline void commands_run(void (*answer)(void *context, char **word),
				void *context)
{
	char line[4096];
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	while (fgets(line, sizeof line, stdin)) {
		char *word[COMMAND_WORDS + 1] = { 0 }, *rest = NULL;
		line[strcspn(line, "\n")] = '\0';
		word[0] = strtok_r(line, " ", &rest);
		for (unsigned i = 1; i < COMMAND_WORDS && word[i - 1]; i++)
			word[i] = strtok_r(NULL, " ", &rest);
		if (word[0])
			answer(context, word);
	}
}

#endif
