/*
 * Memory that is given back all at once: trees, and facts of a run.
 *
 * Allocation returns zeroed memory aligned for any type, or NULL when memory
 * runs out or the arena would pass SG_MAX_ARENA; a builder of many small things
 * may ignore the NULLs and ask sg_arena_check() once. An arena is
 * single-threaded.
 */
#ifndef SG_ARENA_H
#define SG_ARENA_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct sg_arena_block;

struct sg_arena {
	struct sg_arena_block *blocks;
	size_t total;
	bool failed;
};

void sg_arena_init(struct sg_arena *a);
/* Frees everything. */
void sg_arena_release(struct sg_arena *a);
/* Overwrites everything that was allocated, then frees it: for secrets. */
void sg_arena_wipe(struct sg_arena *a);
/* Forgets everything that was allocated, and keeps one block for reuse. */
void sg_arena_clear(struct sg_arena *a);

void *sg_arena_alloc(struct sg_arena *a, size_t size);
/* Aligned for pointers and 64 bits only: for what there are many of. */
void *sg_arena_alloc_words(struct sg_arena *a, size_t size);
/* A copy of `length` bytes with a NUL behind them. */
char *sg_arena_copy(struct sg_arena *a, const char *bytes, size_t length);
/* 0, or -1 with SG_IO if any allocation since the last clear failed. */
int sg_arena_check(const struct sg_arena *a, struct sg_error *e);
char *sg_arena_printf(struct sg_arena *a, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define cleanup_arena cleanup_with(sg_arena_release)
#define cleanup_secret_arena cleanup_with(sg_arena_wipe)

#endif
