/* The chart values of a Store, as `storeguard-postrender values` prints them. */
#ifndef SG_VALUES_H
#define SG_VALUES_H

#include "store.h"

/* Appends YAML: what the charts take as `store`, then the Store's own values. */
int values_write(struct sg_arena *a, const struct store *s,
		 struct sg_buffer *out, struct sg_error *e);

#endif
