/* A verdict for people, in lines of 80 columns. */
#ifndef SG_OFFLINE_PRINT_H
#define SG_OFFLINE_PRINT_H

#include "review.h"

/* doubts: enum offline_doubt. */
void offline_print(const struct review *r, const struct verdict *v,
		   unsigned doubts, struct sg_buffer *out);

#endif
