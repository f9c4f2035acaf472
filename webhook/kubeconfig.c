#include "kubeconfig.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "decode.h"
#include "files.h"

#define SERVICE_ACCOUNT "/var/run/secrets/kubernetes.io/serviceaccount"

struct reader {
	struct sg_arena *arena;
	const char *path; /* of the kubeconfig */
	struct sg_error *e;
};

/* Keys that are refused, and why. */
struct refused {
	const char *key;
	const char *why;
};

static const struct refused cluster_refused[] = {
	{ "insecure-skip-tls-verify",
	  "the API server must be known by its certificate: give certificate-authority" },
	{ "proxy-url", "proxies are not supported" },
};

static const struct refused user_refused[] = {
	{ "exec", "no other program is run for credentials: give a token, a tokenFile or a client certificate" },
	{ "auth-provider",
	  "auth providers are not supported: give a token, a tokenFile or a client certificate" },
	{ "username", "passwords are not supported: give a token, a tokenFile or a client certificate" },
	{ "as", "impersonation is not supported: give that user's own credentials" },
};

static int refuse(const struct reader *r, const struct node *n,
		  const char *what, const struct refused *keys, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct node *value = node_get(n, keys[i].key);
		if (!node_is_null(value) && !node_is(value, "false"))
			return sg_error_set(r->e, SG_INVALID, "%s.%s: %s", what,
					    keys[i].key, keys[i].why);
	}
	return 0;
}

/* The entry of that name in a list like clusters, and in it the part `what`. */
static int find(const struct reader *r, const struct node *root,
		const char *list, const char *what, const char *name,
		const struct node **out)
{
	const struct node *entries = node_get(root, list);
	if (!node_is_null(entries) && decode_sequence(entries, list, r->e))
		return -1;
	for (const struct node *n = node_is_sequence(entries) ? entries->first :
								NULL;
	     n; n = n->next) {
		if (!node_is(node_get(n, "name"), name))
			continue;
		*out = node_get(n, what);
		return decode_any_mapping(*out, what, r->e);
	}
	return sg_error_set(r->e, SG_INVALID, "%s: there is no %s \"%.200s\"",
			    list, what, name);
}

/* A path, relative to where the kubeconfig is. */
static const char *resolve(const struct reader *r, const char *file)
{
	const char *slash = strrchr(r->path, '/');
	if (!file || file[0] == '/' || !slash)
		return file;
	return sg_arena_printf(r->arena, "%.*s%s", (int)(slash - r->path) + 1,
			       r->path, file);
}

/* A string that no message may show. */
static int read_secret(const struct reader *r, const struct node *n,
		       const char *what, const char *key, const char **out)
{
	const struct node *value = node_get(n, key);
	const char *text = node_text(value);
	*out = NULL;
	if (node_is_null(value))
		return 0;
	if (!text || !*text ||
	    (value->style == STYLE_PLAIN && yaml_plain_is_typed(text)))
		return sg_error_set(r->e, SG_INVALID,
				    "%s.%s is not a string; write it in quotes",
				    what, key);
	*out = sg_arena_copy(r->arena, text, value->length);
	return *out ? 0 : sg_error_memory(r->e);
}

static int decode_base64(const struct reader *r, const char *text,
			 const char *what, struct kubeconfig_pem *out)
{
	size_t length = strlen(text);
	unsigned char *bytes = sg_arena_alloc(r->arena, length / 4 * 3 + 1);
	if (!bytes)
		return sg_error_memory(r->e);
	int got = length && length % 4 == 0 && length < SG_MAX_FILE ?
			  EVP_DecodeBlock(bytes, (const unsigned char *)text,
					  (int)length) :
			  -1;
	for (size_t i = length; i && text[i - 1] == '=' && got > 0; i--)
		got--; /* it counts the padding */
	if (got <= 0)
		return sg_error_set(r->e, SG_INVALID, "%s is not base64", what);
	out->bytes = (const char *)bytes;
	out->length = (size_t)got;
	return 0;
}

/* `key` names a file; `key`-data holds the bytes, and comes first. */
static int read_pem(const struct reader *r, const struct node *n,
		    const char *what, const char *key,
		    struct kubeconfig_pem *out)
{
	const char *file = NULL, *data = NULL;
	const char *data_key = sg_arena_printf(r->arena, "%s-data", key);
	if (!data_key)
		return sg_error_memory(r->e);
	if (decode_string(r->arena, n, what, key, OPTIONAL, &file, r->e) ||
	    read_secret(r, n, what, data_key, &data))
		return -1;
	if (data)
		return decode_base64(r, data, data_key, out);
	out->file = resolve(r, file);
	return 0;
}

static int read_cluster(const struct reader *r, const struct node *n,
			struct kubeconfig *k)
{
	static const char what[] = "cluster";
	if (refuse(r, n, what, cluster_refused,
		   sizeof cluster_refused / sizeof *cluster_refused) ||
	    decode_string(r->arena, n, what, "server", REQUIRED, &k->server,
			  r->e) ||
	    decode_string(r->arena, n, what, "tls-server-name", OPTIONAL,
			  &k->server_name, r->e) ||
	    read_pem(r, n, what, "certificate-authority", &k->ca))
		return -1;
	if (strncmp(k->server, "https://", 8) != 0)
		return sg_error_set(r->e, SG_INVALID,
				    "cluster.server: \"%.200s\" is not accepted; it must begin with https://",
				    k->server);
	return 0;
}

static int read_user(const struct reader *r, const struct node *n,
		     struct kubeconfig *k)
{
	static const char what[] = "user";
	const char *file = NULL;
	if (refuse(r, n, what, user_refused,
		   sizeof user_refused / sizeof *user_refused) ||
	    read_secret(r, n, what, "token", &k->token) ||
	    decode_string(r->arena, n, what, "tokenFile", OPTIONAL, &file,
			  r->e) ||
	    read_pem(r, n, what, "client-certificate", &k->certificate) ||
	    read_pem(r, n, what, "client-key", &k->key))
		return -1;
	k->token_file = resolve(r, file);
	bool certificate = k->certificate.file || k->certificate.bytes;
	bool key = k->key.file || k->key.bytes;
	if (certificate != key)
		return sg_error_set(r->e, SG_INVALID,
				    "user: client-certificate and client-key belong together, and %s is missing",
				    certificate ? "client-key" :
						  "client-certificate");
	return 0;
}

static int read_config(const struct reader *r, const struct node *root,
		       struct kubeconfig *k)
{
	const char *current = NULL, *cluster = NULL, *user = NULL;
	const struct node *context = NULL, *part = NULL;
	if (!root)
		return sg_error_set(r->e, SG_INVALID,
				    "is empty; a kubeconfig is expected");
	if (decode_any_mapping(root, "the kubeconfig", r->e) ||
	    decode_string(r->arena, root, "the kubeconfig", "current-context",
			  REQUIRED, &current, r->e) ||
	    find(r, root, "contexts", "context", current, &context) ||
	    decode_string(r->arena, context, "context", "cluster", REQUIRED,
			  &cluster, r->e) ||
	    decode_string(r->arena, context, "context", "user", OPTIONAL, &user,
			  r->e) ||
	    find(r, root, "clusters", "cluster", cluster, &part) ||
	    read_cluster(r, part, k))
		return -1;
	return user && (find(r, root, "users", "user", user, &part) ||
			read_user(r, part, k)) ?
		       -1 :
		       0;
}

int kubeconfig_parse(const char *path, const char *text, size_t length,
		     struct kubeconfig *out, struct sg_error *e)
{
	*out = (struct kubeconfig){ 0 };
	sg_arena_init(&out->arena);
	const struct reader reader = { &out->arena, path, e };
	struct node *root = NULL;
	if (yaml_parse(text, length, 1, &out->arena, &root, e) ||
	    read_config(&reader, root, out) || sg_arena_check(&out->arena, e))
		return sg_error_context(e, "%.200s", path);
	return 0;
}

int kubeconfig_read(const char *path, struct kubeconfig *out,
		    struct sg_error *e)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_FILE);
	*out = (struct kubeconfig){ 0 };
	if (file_read(path, &text, e))
		return -1;
	int result = kubeconfig_parse(path, text.data ? text.data : "",
				      text.length, out, e);
	if (text.data)
		explicit_bzero(text.data, text.length);
	return result;
}

int kubeconfig_in_cluster(struct kubeconfig *out, struct sg_error *e)
{
	const char *host = getenv("KUBERNETES_SERVICE_HOST");
	const char *port = getenv("KUBERNETES_SERVICE_PORT");
	*out = (struct kubeconfig){ 0 };
	sg_arena_init(&out->arena);
	if (!host || !*host || !port || !*port)
		return sg_error_set(e, SG_USAGE,
				    "this is no pod (KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set); pass --kubeconfig FILE");
	bool v6 = strchr(host, ':') != NULL;
	out->server = sg_arena_printf(&out->arena, "https://%s%s%s:%s",
				      v6 ? "[" : "", host, v6 ? "]" : "", port);
	out->ca.file = SERVICE_ACCOUNT "/ca.crt";
	out->token_file = SERVICE_ACCOUNT "/token";
	return sg_arena_check(&out->arena, e);
}

void kubeconfig_release(struct kubeconfig *k)
{
	sg_arena_release(&k->arena);
}

int kubeconfig_token(const struct kubeconfig *k, struct sg_buffer *out,
		     struct sg_error *e)
{
	if (k->token_file) {
		if (file_read(k->token_file, out, e))
			return sg_error_context(e, "token");
	} else if (k->token) {
		sg_buffer_puts(out, k->token);
	}
	if (sg_buffer_check(out, e))
		return sg_error_context(e, "token");
	while (out->length && strchr(" \t\r\n", out->data[out->length - 1]))
		out->data[--out->length] = '\0';
	for (size_t i = 0; i < out->length; i++)
		if (out->data[i] <= ' ' || out->data[i] > '~')
			return sg_error_set(e, SG_INVALID,
					    "the token%s%.200s holds what no token may: a space or a character that is not ASCII",
					    k->token_file ? " in " : "",
					    k->token_file ? k->token_file : "");
	if (out->length == 0 && (k->token_file || k->token))
		return sg_error_set(e, SG_INVALID, "the token%s%.200s is empty",
				    k->token_file ? " in " : "",
				    k->token_file ? k->token_file : "");
	return 0;
}
