/* Memory that was much, and is not needed again soon. */
#ifndef SG_MEMORY_H
#define SG_MEMORY_H

#include <malloc.h>

/*
 * Returns what has been freed to the system. Where a sanitizer has replaced the
 * allocator, glibc's is not even set up, and crashes when two threads trim it.
 */
static inline void memory_give_back(void)
{
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	(void)malloc_trim(0);
#endif
}

#endif
