/* The command line of storeguard-webhook. */
#ifndef SG_ARGUMENTS_H
#define SG_ARGUMENTS_H

#include <stdbool.h>
#include <sys/socket.h>

#include "error.h"
#include "log.h"

enum arguments_command {
	ARGUMENTS_SERVE,
	ARGUMENTS_REVIEW,
	ARGUMENTS_QUOTA,
	ARGUMENTS_REMOVE_FINALIZERS,
	ARGUMENTS_HELP,
	ARGUMENTS_VERSION,
};

enum { ARGUMENTS_MAX = 64 };
/* As the kinds' schemas have it. */
enum { ARGUMENTS_STORES_MAX = 1000, ARGUMENTS_OWNER_MAX = 253 };

/* Strings are borrowed from argv, or from the environment. */
struct arguments {
	enum arguments_command command;
	const char *policy_file; /* NULL: the embedded policy */

	/* serve */
	struct sockaddr_storage listen; /* TLS */
	struct sockaddr_storage http;	/* probes and metrics */
	struct sockaddr_storage generator; /* for Argo CD; */
	const char *generator_token_file;  /* both or none: NULL */
	const char *kubeconfig;	 /* NULL: the pod's service account; also of
				  * remove-finalizers */
	const char *tls_cert;	 /* both or none */
	const char *tls_key;
	const char *cert_secret; /* NAMESPACE/NAME */
	const char *path_secret; /* NAMESPACE/NAME; */
	const char *path_secret_file; /* one of both, or none */
	const char *service;	 /* NAMESPACE/NAME, whose certificate that is */
	const char *configurations; /* of the webhooks, whose caBundle is kept */
	int settle; /* seconds; 0: certificates.h's */
	const char *client_ca;
	bool standalone;
	int reservation_ttl; /* seconds */
	const char *lease; /* NAMESPACE/NAME; NULL: it never leads */
	int drain;	     /* seconds */
	enum log_format log_format;

	/* review */
	const char *user;
	const char *groups[ARGUMENTS_MAX];
	unsigned group_count;
	const char *files[ARGUMENTS_MAX]; /* "-": stdin */
	unsigned file_count;
	bool json;

	/* quota */
	const char *owner;
	int stores;
};

/* SG_USAGE with what would be accepted. Splits argv's list of groups in place. */
int arguments_parse(int argc, char **argv, struct arguments *out,
		    struct sg_error *e);

extern const char arguments_help[];

#endif
