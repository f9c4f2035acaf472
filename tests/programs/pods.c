/*
 * Judges pods by the post-renderer's Pod Security checks: reads a pod a line, as
 * YAML in flow style, and answers each with a line for the levels baseline and
 * restricted, the names of the checks that refuse it; "?" where it reads no YAML.
 * The first line names all checks there are. tests/test_pod_security.py asks.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "pod_checks.h"

static void print_name(void *context, const struct pod_fault *fault)
{
	(void)context;
	printf("%s ", fault->check);
}

static void judge(const char *line, size_t length)
{
	cleanup_arena struct sg_arena arena;
	struct node *pod = NULL;
	struct sg_error e = { 0 };
	sg_arena_init(&arena);
	if (yaml_parse(line, length, 1, &arena, &pod, &e)) {
		printf("? %s\n", e.message);
		return;
	}
	for (int level = POD_SECURITY_BASELINE; level <= POD_SECURITY_RESTRICTED;
	     level++) {
		pod_security_check(node_get(pod, "metadata"),
				   node_get(pod, "spec"),
				   (enum pod_security)level, print_name, NULL);
		printf(level == POD_SECURITY_BASELINE ? "| " : "\n");
	}
}

int main(void)
{
	cleanup_free char *line = NULL;
	size_t size = 0;
	ssize_t length;
	for (int i = 0; i < POD_CHECKS; i++)
		printf("%s ", pod_checks[i].name);
	printf("\n");
	while ((length = getline(&line, &size, stdin)) > 0)
		judge(line, (size_t)length);
	return ferror(stdin) || fflush(stdout) ? 1 : 0;
}
