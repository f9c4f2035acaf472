/* Inside of api.c: a kubeconfig, turned into options of libcurl's. */
#ifndef SG_API_SERVER_H
#define SG_API_SERVER_H

#include <curl/curl.h>

#include "api.h"
#include "kubeconfig.h"

struct api_server {
	struct kubeconfig config;
	const char *base; /* what paths are added to */
	const char *host_header; /* where the URL names another host, or NULL */
	struct curl_slist *connect_to;
};

/* From its config. SG_INVALID when the server's address is none. */
int api_server_resolve(struct api_server *s, struct sg_error *e);
void api_server_release(struct api_server *s);

/*
 * Sets address, credentials and what goes for all requests. *headers is to be freed
 * by the caller when the transfer is over, also after a failure. The other side may
 * leave bytes unconfirmed for so many ms.
 */
int api_server_set(const struct api_server *s, CURL *easy, unsigned unconfirmed,
		   const struct api_request *r, struct curl_slist **headers,
		   struct sg_error *e);

#endif
