/* Whether all readers of YAML find the same keys in a mapping. */
#ifndef SG_TREE_KEYS_H
#define SG_TREE_KEYS_H

#include "tree.h"

/*
 * SG_INVALID when a key stands in the mapping twice, or before a "<<" that holds
 * it too; SG_IO without memory. Lines are told from `first_line` on.
 */
int tree_check_keys(const struct node *mapping, size_t first_line,
		    struct sg_error *e);

#endif
