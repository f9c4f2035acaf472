/* A keyring as a Secret, and a bundle as caBundle; to and from JSON, no I/O. */
#ifndef SG_KEYRING_SECRET_H
#define SG_KEYRING_SECRET_H

#include "keyring.h"
#include "tree.h"

/*
 * Reads a Secret. A key that is missing, or that is no base64 of a text, is an empty
 * part. *is_ours: it carries our label. *version: its resourceVersion, which lives as
 * long as the tree; "" when absent.
 */
int keyring_secret_read(const struct node *secret, struct keyring *out,
			bool *is_ours, const char **version,
			struct sg_error *e);
/* Appends a whole Secret, for POST. */
void keyring_secret_write(struct keyring *k, const char *name,
			  struct sg_buffer *out);
/*
 * Appends a JSON merge patch that replaces the keyring in the Secret of this
 * resourceVersion, and leaves the labels and annotations that others put there.
 */
void keyring_secret_patch(struct keyring *k, const char *version,
			  struct sg_buffer *out);

/*
 * Appends a JSON patch that gives all webhooks of a configuration this bundle, if
 * the configuration is still the one that was read. false: they have it already, or
 * there are none.
 */
bool ca_bundle_patch(const struct node *configuration, const char *bundle,
		     struct sg_buffer *out);

#endif
