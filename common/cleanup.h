/*
 * Scope-bound clean-up: `cleanup_free char *s = NULL;` frees s wherever the
 * scope is left. steal() empties a variable whose value outlives the scope.
 */
#ifndef SG_CLEANUP_H
#define SG_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void sg_cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void sg_cleanup_close(int *descriptor)
{
	if (*descriptor >= 0)
		(void)close(*descriptor);
}

#define cleanup_with(function) __attribute__((cleanup(function)))
#define cleanup_free cleanup_with(sg_cleanup_free)
#define cleanup_close cleanup_with(sg_cleanup_close)

#define steal(pointer)                                                         \
	({                                                                     \
		__auto_type stolen_ = *(pointer);                              \
		*(pointer) = NULL;                                             \
		stolen_;                                                       \
	})

#endif
