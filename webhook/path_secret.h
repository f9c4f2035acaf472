/*
 * Where the unguessable paths (paths.h) come from: a file that somebody else writes, or a
 * Secret that the replicas make and change themselves, and tell the API server by the
 * webhook configurations, as they do the bundle of CAs (certificates.h).
 *
 * The Secret's data, and who moves on and when:
 *
 *   path     what the configurations have: /PATH/validate-store, by the webhooks' names
 *   since    when it was made, in seconds since 1970
 *   next     after an hour, or when `since` is taken away: the one to come. One replica
 *            that has seen it for `settle` makes it the path, and that the former
 *   former   what API servers may still have. One that has seen the path in all
 *            configurations for ten times `settle` takes it away
 *
 * All three are answered on. Every write names the resourceVersion that it was decided
 * on, and the configurations are read before the Secret, as there. A webhook that is
 * configured by url is somebody else's to tell: it is left alone.
 *
 * So another path is asked for by
 *   kubectl patch secret NAME --type=merge -p '{"data":{"since":null}}'
 *
 * Asked of RBAC: get, create and patch of that Secret; get and patch of the
 * configurations named.
 */
#ifndef SG_PATH_SECRET_H
#define SG_PATH_SECRET_H

#include "api.h"
#include "log.h"
#include "paths.h"

struct path_source;

/* A file with a secret a line, at most PATHS_MAX: at once or not at all, then followed. */
int path_source_file(struct paths *paths, const char *file, const struct log *log,
		     struct path_source **out, struct sg_error *e);

/* Texts must live as long as what follows them. */
struct path_secret {
	const char *secret; /* NAMESPACE/NAME */
	const char *configurations;
	int64_t settle; /* ms; 0: 60 s */
};

/* Begins to make or to read the Secret; paths_are_known() says when done. */
int path_source_secret(struct paths *paths, struct api *api,
		       const struct path_secret *s, const struct log *log,
		       struct path_source **out, struct sg_error *e);
/* Where a Secret is followed, api_stop() was called. NULL is none. */
void path_source_free(struct path_source *p);

#endif
