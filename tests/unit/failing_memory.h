/*
 * Memory that runs out when a test wants it. For programs linked with libyaml's
 * archive and
 *     -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray
 *     -Wl,--wrap=strdup,--wrap=regcomp
 * so that libyaml's allocations fail as well, and regcomp() as if by memory.
 */
#ifndef SG_TEST_FAILING_MEMORY_H
#define SG_TEST_FAILING_MEMORY_H

#include <regex.h>

/* Which allocation from now on fails; 0: none. Later ones succeed again. */
static unsigned long fails_in;

static bool fails_now(void)
{
	return fails_in && --fails_in == 0;
}

/* The linker's names. */
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
void *__real_reallocarray(void *memory, size_t count, size_t size);
void *__wrap_reallocarray(void *memory, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__wrap_strdup(const char *text);
int __real_regcomp(regex_t *regex, const char *pattern, int flags);
int __wrap_regcomp(regex_t *regex, const char *pattern, int flags);

void *__wrap_malloc(size_t size)
{
	return fails_now() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails_now() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails_now() ? NULL : __real_realloc(memory, size);
}

void *__wrap_reallocarray(void *memory, size_t count, size_t size)
{
	return fails_now() ? NULL : __real_reallocarray(memory, count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails_now() ? NULL : __real_strdup(text);
}

int __wrap_regcomp(regex_t *regex, const char *pattern, int flags)
{
	return fails_now() ? REG_ESPACE : __real_regcomp(regex, pattern, flags);
}

#endif
