/*
 * How the API server is reached and who we are there: from a kubeconfig file
 * (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/),
 * or in a pod from its service account
 * (https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/).
 *
 * What would weaken the connection or run other programs is refused, not left out:
 * insecure-skip-tls-verify, http, exec plugins, auth providers, passwords,
 * impersonation, proxies.
 */
#ifndef SG_KUBECONFIG_H
#define SG_KUBECONFIG_H

#include "arena.h"

/* PEM: in a file, read each time it is needed, or here; or not at all. */
struct kubeconfig_pem {
	const char *file;
	const char *bytes;
	size_t length;
};

struct kubeconfig {
	const char *server;	 /* https://…, as written */
	const char *server_name; /* whom its certificate names; or NULL */
	struct kubeconfig_pem ca; /* whom to trust; absent: the system's */
	struct kubeconfig_pem certificate;
	struct kubeconfig_pem key;
	const char *token;	/* a secret; or NULL */
	const char *token_file; /* comes before token; or NULL */
	struct sg_arena arena;	/* owns all of the above */
};

/* Files are relative to the folder of `path`. SG_IO, SG_INVALID. */
int kubeconfig_read(const char *path, struct kubeconfig *out,
		    struct sg_error *e);
/* The same of a text; `path` is where it came from. */
int kubeconfig_parse(const char *path, const char *text, size_t length,
		     struct kubeconfig *out, struct sg_error *e);
/* From KUBERNETES_SERVICE_HOST and _PORT and the pod's mounted files. */
int kubeconfig_in_cluster(struct kubeconfig *out, struct sg_error *e);
/* Also after a failure. */
void kubeconfig_release(struct kubeconfig *k);

/*
 * Reads the token as it is now into `out`, which must be empty; nothing if there
 * is none. Refuses what would break a header, without saying what it is.
 */
struct sg_buffer;
int kubeconfig_token(const struct kubeconfig *k, struct sg_buffer *out,
		     struct sg_error *e);

#endif
