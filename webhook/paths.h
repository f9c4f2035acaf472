/*
 * The unguessable paths that reviews are answered on: /SECRET/validate-store. Who knows
 * none is told nothing, not even by the time that it takes.
 */
#ifndef SG_PATHS_H
#define SG_PATHS_H

#include <stdbool.h>
#include <stddef.h>

enum {
	PATHS_MAX = 3, /* the one that is told, and the next and former beside it */
	PATHS_SECRET_MIN = 22, /* 128 bits in base64 */
	PATHS_SECRET_MAX = 128,
};

struct paths;

/* None is known yet. NULL without memory. */
struct paths *paths_new(void);
void paths_free(struct paths *p);

/* Letters, digits, "-" and "_", of such a length. */
bool paths_secret_is_usable(const char *secret);
/* These, and no others from now on; NULLs among them are passed over. */
void paths_set(struct paths *p, const char *const secrets[PATHS_MAX]);
/* Whether paths_set() was called. */
bool paths_are_known(struct paths *p);
/* The rest of the path behind a secret, with its slash; NULL: behind none of ours. */
const char *paths_match(struct paths *p, const char *path);

#endif
