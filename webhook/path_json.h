/* The Secret of path_secret.h, and paths in webhook configurations; JSON, no I/O. */
#ifndef SG_PATH_JSON_H
#define SG_PATH_JSON_H

#include <stdint.h>

#include "buffer.h"
#include "paths.h"
#include "tree.h"

/* Texts are "" when there is none. */
struct path_keys {
	char path[PATHS_SECRET_MAX + 1];
	char next[PATHS_SECRET_MAX + 1];
	char former[PATHS_SECRET_MAX + 1];
	int64_t since; /* seconds since 1970; 0: not said */
};

/* What is no usable secret is none. *version lives as long as the tree. */
void path_keys_read(const struct node *secret, struct path_keys *out,
		    const char **version);
/* Appends a whole Secret, for POST. */
void path_keys_write(const struct path_keys *k, const char *name,
		     struct sg_buffer *out);
/* Appends a JSON merge patch of the Secret of this resourceVersion. */
void path_keys_patch(const struct path_keys *k, const char *version,
		     struct sg_buffer *out);
/*
 * Appends a JSON patch that gives each webhook that is called by a Service its path, if
 * the configuration is still the one that was read. false: all have it already.
 */
bool path_configuration_patch(const struct node *configuration,
			      const char *path, struct sg_buffer *out);

#endif
