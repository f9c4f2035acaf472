/*
 * Carries out edits on a document's bytes and leaves all others as they are.
 *
 * Lines go in before a mapping's first key (or right behind its "{"), the one
 * place whose position libyaml's marks give for certain. Where an alias, a
 * merge key or an anchor shares what is to change, the alias in the way is
 * written out in flow style, so that the edit reaches only its own place.
 * The caller verifies the result (verify.h).
 */
#ifndef SG_SPLICE_H
#define SG_SPLICE_H

#include "documents.h"
#include "edit.h"

/*
 * Appends the document with the edit to `out`. The tree is marked while this
 * works; `scratch` holds what it makes. SG_INVALID when the edit can't be done
 * safely (the path leads through a list, a scalar or a tag).
 */
int splice_document(const struct document *d, struct node *root,
		    const struct edit *edit, struct sg_arena *scratch,
		    struct sg_buffer *out, struct sg_error *e);

#endif
