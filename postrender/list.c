#include "list.h"

#include <stdlib.h>
#include <string.h>

void *list_grow(void **items, unsigned *count, unsigned *capacity, size_t size,
		struct sg_error *e)
{
	if (*count == *capacity) {
		unsigned larger = *capacity ? 2 * *capacity : 16;
		void *grown = realloc(*items, larger * size);
		if (!grown) {
			sg_error_memory(e);
			return NULL;
		}
		*items = grown;
		*capacity = larger;
	}
	char *fresh = (char *)*items + (*count)++ * size;
	return memset(fresh, 0, size);
}
