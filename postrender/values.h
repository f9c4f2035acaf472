/* The chart values of a Store, as `storeguard-postrender values` prints them. */
#ifndef SG_VALUES_H
#define SG_VALUES_H

#include "sha256.h"
#include "store.h"

/* What passwords are derived from, for this Store; in hexadecimal. */
struct values_seed {
	char hex[SHA256_HEX_SIZE];
};

/*
 * From the secret key of a file and the Store's uid, which no other Store ever has, not
 * even a later one of the same name. The key is in no message. SG_INVALID: the Store has
 * no uid, or the key is too short; SG_IO.
 */
int values_read_seed(const char *key_file, const struct store *s,
		     struct values_seed *out, struct sg_error *e);

/*
 * Appends YAML: what the charts take as `store`, then the Store's own values, in them
 * credentials.seed unless the seed is NULL.
 */
int values_write(struct sg_arena *a, const struct store *s,
		 const struct values_seed *seed, struct sg_buffer *out,
		 struct sg_error *e);

/*
 * Appends one field's text and a newline, which is all where the Store says nothing.
 * SG_USAGE: there is no such field.
 */
int values_write_field(const struct store *s, const char *name,
		       struct sg_buffer *out, struct sg_error *e);

#endif
