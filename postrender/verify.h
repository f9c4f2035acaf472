/*
 * Checks that a spliced document means the input plus exactly the edit.
 *
 * Compares both trees pair by pair, aliases followed, order kept, types by
 * style and text. Knows nothing of how the splice was done.
 */
#ifndef SG_VERIFY_H
#define SG_VERIFY_H

#include "edit.h"

/* -1 with SG_INVALID and the path of the first difference. */
int verify_edit(const struct node *input, const struct node *output,
		const struct edit *edit, struct sg_error *e);

#endif
