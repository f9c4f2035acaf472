/*
 * The finalizer SG_FINALIZER of Stores: where it is, and JSON Patches that add or remove
 * it and nothing else. https://www.rfc-editor.org/rfc/rfc6902
 */
#ifndef SG_FINALIZER_H
#define SG_FINALIZER_H

#include "buffer.h"
#include "tree.h"

/* Its index in metadata.finalizers, or -1. */
int finalizer_index(const struct node *store);
/* The first that is not this one, or "". */
const char *finalizer_of_others(const struct node *store);
/* For a Store that has it there: fails when another is there meanwhile. */
void finalizer_write_removal(int index, struct sg_buffer *patch);
/* For a Store that lacks it: fails when the Store has changed meanwhile. */
void finalizer_write_addition(const struct node *store,
			      struct sg_buffer *patch);

#endif
