#include "api_server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "cleanup.h"
#include "decode.h"

struct url_parts {
	char *scheme;
	char *host; /* an IPv6 address with its brackets */
	char *port;
	char *path;
	char *extra[4]; /* what a server's address must not have */
};

static void url_parts_release(struct url_parts *p)
{
	curl_free(p->scheme);
	curl_free(p->host);
	curl_free(p->port);
	curl_free(p->path);
	for (size_t i = 0; i < sizeof p->extra / sizeof *p->extra; i++)
		curl_free(p->extra[i]);
}

static bool url_split(const char *url, struct url_parts *p)
{
	CURLU *u = curl_url();
	if (!u || curl_url_set(u, CURLUPART_URL, url, 0) ||
	    curl_url_get(u, CURLUPART_SCHEME, &p->scheme, 0) ||
	    curl_url_get(u, CURLUPART_HOST, &p->host, 0) ||
	    curl_url_get(u, CURLUPART_PORT, &p->port, CURLU_DEFAULT_PORT) ||
	    curl_url_get(u, CURLUPART_PATH, &p->path, 0)) {
		curl_url_cleanup(u);
		return false;
	}
	(void)curl_url_get(u, CURLUPART_USER, &p->extra[0], 0);
	(void)curl_url_get(u, CURLUPART_PASSWORD, &p->extra[1], 0);
	(void)curl_url_get(u, CURLUPART_QUERY, &p->extra[2], 0);
	(void)curl_url_get(u, CURLUPART_FRAGMENT, &p->extra[3], 0);
	curl_url_cleanup(u);
	for (size_t i = 0; i < sizeof p->extra / sizeof *p->extra; i++)
		if (p->extra[i])
			return false;
	return strcmp(p->scheme, "https") == 0;
}

/*
 * libcurl verifies the name in the URL; where the certificate has another
 * (tls-server-name), the URL gets that one, and the connection goes elsewhere.
 */
static int rename_server(struct api_server *s, const struct url_parts *p,
			 struct sg_error *e)
{
	struct sg_arena *a = &s->config.arena;
	const char *to = sg_arena_printf(a, "::%s:%s", p->host, p->port);
	s->host_header =
		sg_arena_printf(a, "Host: %s:%s", p->host, p->port);
	s->connect_to = to ? curl_slist_append(NULL, to) : NULL;
	return s->connect_to ? sg_arena_check(a, e) : sg_error_memory(e);
}

int api_server_resolve(struct api_server *s, struct sg_error *e)
{
	cleanup_with(url_parts_release) struct url_parts p = { 0 };
	const char *name = s->config.server_name;
	/* without its text: a wrong one may hold a password */
	if (!url_split(s->config.server, &p))
		return sg_error_set(e, SG_INVALID,
				    "the API server's address is not accepted; it must be like https://HOST:PORT");
	size_t path = strlen(p.path);
	while (path && p.path[path - 1] == '/')
		path--;
	s->base = sg_arena_printf(&s->config.arena, "https://%s:%s%.*s",
				  name ? name : p.host, p.port, (int)path,
				  p.path);
	if (name && rename_server(s, &p, e))
		return -1;
	return sg_arena_check(&s->config.arena, e);
}

void api_server_release(struct api_server *s)
{
	curl_slist_free_all(s->connect_to);
	kubeconfig_release(&s->config);
}

static int add_header(struct curl_slist **headers, const char *text,
		      struct sg_error *e)
{
	struct curl_slist *more = curl_slist_append(*headers, text);
	if (!more)
		return sg_error_memory(e);
	*headers = more;
	return 0;
}

static int add_token(const struct api_server *s, struct curl_slist **headers,
		     struct sg_error *e)
{
	cleanup_buffer struct sg_buffer token, header;
	sg_buffer_init(&token, SG_MAX_TOKEN);
	sg_buffer_init(&header, 2 * SG_MAX_TOKEN);
	int failed = kubeconfig_token(&s->config, &token, e);
	if (!failed && token.length) {
		sg_buffer_printf(&header, "Authorization: Bearer %s",
				 token.data);
		failed = sg_buffer_check(&header, e) ||
			 add_header(headers, header.data, e);
	}
	if (token.data)
		explicit_bzero(token.data, token.capacity);
	if (header.data)
		explicit_bzero(header.data, header.capacity);
	return failed ? -1 : 0;
}

static int add_headers(const struct api_server *s, const struct api_request *r,
		       struct curl_slist **headers, struct sg_error *e)
{
	char type[128];
	(void)snprintf(type, sizeof type, "Content-Type: %.100s",
		       r->content_type ? r->content_type : "application/json");
	if (add_header(headers, "Accept: application/json", e) ||
	    (r->body && add_header(headers, type, e)) ||
	    /* no "100 Continue": it would cost a round trip */
	    add_header(headers, "Expect:", e) ||
	    (s->host_header && add_header(headers, s->host_header, e)))
		return -1;
	return add_token(s, headers, e);
}

static CURLcode set_pem(CURL *easy, const struct kubeconfig_pem *pem,
			CURLoption file, CURLoption blob)
{
	if (pem->file)
		return curl_easy_setopt(easy, file, pem->file);
	if (!pem->bytes)
		return CURLE_OK;
	const struct curl_blob bytes = { (void *)(uintptr_t)pem->bytes,
					 pem->length, CURL_BLOB_NOCOPY };
	return curl_easy_setopt(easy, blob, &bytes);
}

static int set_trust(const struct api_server *s, CURL *easy, struct sg_error *e)
{
	const struct kubeconfig *k = &s->config;
	/* else Debian's libcurl would trust the system's authorities as well */
	if ((k->ca.file || k->ca.bytes) &&
	    curl_easy_setopt(easy, CURLOPT_CAPATH, NULL))
		return sg_error_memory(e);
	if (curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 0L) ||
	    set_pem(easy, &k->ca, CURLOPT_CAINFO, CURLOPT_CAINFO_BLOB) ||
	    set_pem(easy, &k->certificate, CURLOPT_SSLCERT,
		    CURLOPT_SSLCERT_BLOB) ||
	    set_pem(easy, &k->key, CURLOPT_SSLKEY, CURLOPT_SSLKEY_BLOB))
		return sg_error_memory(e);
	return 0;
}

/* A peer that has gone without a word is noticed while something is sent. */
static int set_socket(void *context, curl_socket_t fd, curlsocktype type)
{
	unsigned ms = (unsigned)(uintptr_t)context;
	(void)type;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &ms, sizeof ms);
	return CURL_SOCKOPT_OK;
}

static int set_address(const struct api_server *s, CURL *easy, const char *path,
		       struct sg_error *e)
{
	cleanup_buffer struct sg_buffer url;
	sg_buffer_init(&url, SG_MAX_TOKEN);
	sg_buffer_printf(&url, "%s%s", s->base, path);
	if (sg_buffer_check(&url, e))
		return -1;
	if (curl_easy_setopt(easy, CURLOPT_URL, url.data) ||
	    curl_easy_setopt(easy, CURLOPT_CONNECT_TO, s->connect_to) ||
	    curl_easy_setopt(easy, CURLOPT_PROXY, "") ||
	    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https") ||
	    curl_easy_setopt(easy, CURLOPT_USERAGENT,
			     "storeguard-webhook/" SG_VERSION))
		return sg_error_memory(e);
	return 0;
}

int api_server_set(const struct api_server *s, CURL *easy, unsigned unconfirmed,
		   const struct api_request *r, struct curl_slist **headers,
		   struct sg_error *e)
{
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			 (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			 (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, set_socket);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA,
			 (void *)(uintptr_t)unconfirmed);
	if (set_address(s, easy, r->path, e) || set_trust(s, easy, e) ||
	    add_headers(s, r, headers, e))
		return -1;
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, *headers);
	return 0;
}
