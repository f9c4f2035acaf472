/*
 * Follows a collection by an informer and prints what it tells, a line each:
 *
 *     follow KUBECONFIG PATH [QUIET-MS]
 *
 * begin, set NAME VERSION, left out NAME, end, removed NAME. Ends with its standard input, then says
 * how long stopping took. Logs to standard error.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clock.h"
#include "informer.h"

static const char *text(const struct node *object, const char *key)
{
	const char *value = node_text(node_path(object, "metadata", key, NULL));
	return value ? value : "?";
}

static void begin(void *context)
{
	(void)context;
	puts("begin");
}

static void set(void *context, const struct node *object)
{
	(void)context;
	printf("set %s %s\n", text(object, "name"),
	       text(object, "resourceVersion"));
}

static void left_out(void *context, const struct node *outline, const char *why)
{
	(void)context;
	(void)why;
	printf("left out %s\n", text(outline, "name"));
}

static void end(void *context)
{
	(void)context;
	puts("end");
}

static void removed(void *context, const struct node *object)
{
	(void)context;
	printf("removed %s\n", text(object, "name"));
}

static int follow(struct api *api, const struct informer_options *o)
{
	static const struct log log = { .fd = STDERR_FILENO };
	const struct informer_sink sink = { .begin = begin,
					    .set = set,
					    .end = end,
					    .left_out = left_out,
					    .removed = removed };
	struct sg_error e = { 0 };
	struct informer *informer = NULL;
	char byte;
	if (informer_start(api, o, &sink, &log, &informer, &e)) {
		(void)fprintf(stderr, "follow: %s\n", e.message);
		return 1;
	}
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	int64_t begun = clock_now();
	api_stop(api);
	informer_free(informer);
	printf("stopped %lld\n", (long long)(clock_now() - begun));
	return 0;
}

int main(int argc, char **argv)
{
	struct sg_error e = { 0 };
	struct api *api = NULL;
	if (argc < 3) {
		(void)fputs("usage: follow KUBECONFIG PATH [QUIET-MS]\n", stderr);
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	const struct informer_options o = {
		.path = argv[2],
		.quiet = argc > 3 ? strtoll(argv[3], NULL, 10) : 0,
	};
	if (api_open(argv[1], &api, &e)) {
		(void)fprintf(stderr, "follow: %s\n", e.message);
		return 1;
	}
	int status = follow(api, &o);
	api_free(api);
	return status;
}
