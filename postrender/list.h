/* Lists that grow at their end, outside of any arena. */
#ifndef SG_LIST_H
#define SG_LIST_H

#include <stddef.h>

#include "error.h"

#define LIST(type)                                                             \
	struct {                                                               \
		type *items;                                                   \
		unsigned count, capacity;                                      \
	}

/* Room for one more, zeroed, or NULL with the error filled. */
#define LIST_ADD(list, e)                                                      \
	((__typeof__((list).items))list_grow(                                  \
		(void **)&(list).items, &(list).count, &(list).capacity,       \
		sizeof *(list).items, e))

void *list_grow(void **items, unsigned *count, unsigned *capacity, size_t size,
		struct sg_error *e);

#endif
