/*
 * One Store as an entry of Argo CD's list. All parameters are texts, and always there
 * ("" or {} where the Store says nothing):
 *
 *   name, namespace, engine, plan, owner, host, displayName, adminEmail, uid
 *   store    apiVersion, kind, metadata.name and .uid, and spec with what was filled in,
 *            as JSON: what storeguard-postrender reads. Its values are here alone: no text is
 *            written twice that may be long.
 */
#ifndef SG_GENERATOR_STORE_H
#define SG_GENERATOR_STORE_H

#include "store.h"
#include "stores.h"

/*
 * Leniently: a field of a later version must not take a shop off the list. Texts are the
 * object's and the facts'.
 */
struct store generator_store_read(const struct node *object,
				  const struct store_facts *f);
/*
 * Appends the entry of a Store that has its defaults. scratch is used meanwhile. -1: out
 * holds half an entry.
 */
int generator_store_write(struct sg_arena *a, const struct node *object,
			  const struct store *s, struct sg_buffer *out,
			  struct sg_buffer *scratch, struct sg_error *e);

#endif
