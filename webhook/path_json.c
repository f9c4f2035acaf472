#include "path_json.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "cleanup.h"
#include "json.h"

static void read_text(const struct node *data, const char *key, char *out,
		      size_t size)
{
	const char *base64 = node_text(node_get(data, key));
	cleanup_secret_buffer struct sg_buffer text;
	struct sg_error ignored;
	sg_buffer_init(&text, 1024);
	*out = '\0';
	if (!base64 || !sg_buffer_reserve(&text, 512) ||
	    certs_unbase64(base64, &text, &ignored) || text.length >= size)
		return;
	memcpy(out, text.data, text.length);
	out[text.length] = '\0';
}

static void read_secret(const struct node *data, const char *key,
			char out[PATHS_SECRET_MAX + 1])
{
	read_text(data, key, out, PATHS_SECRET_MAX + 1);
	if (!paths_secret_is_usable(out))
		*out = '\0';
}

void path_keys_read(const struct node *secret, struct path_keys *out,
		    const char **version)
{
	const struct node *data = node_get(secret, "data");
	char since[24];
	read_secret(data, "path", out->path);
	read_secret(data, "next", out->next);
	read_secret(data, "former", out->former);
	read_text(data, "since", since, sizeof since);
	out->since = strtoll(since, NULL, 10);
	*version = node_text(
		node_path(secret, "metadata", "resourceVersion", NULL));
	if (!*version)
		*version = "";
}

static void write_key(struct sg_buffer *out, const char *key, const char *text,
		      bool clears)
{
	if (!*text && !clears)
		return;
	sg_buffer_printf(out, ",\"%s\":", key);
	if (!*text) {
		sg_buffer_puts(out, "null");
		return;
	}
	sg_buffer_putc(out, '"');
	certs_base64(out, text, strlen(text));
	sg_buffer_putc(out, '"');
}

static void write_data(const struct path_keys *k, bool clears,
		       struct sg_buffer *out)
{
	char since[24];
	(void)snprintf(since, sizeof since, "%" PRId64, k->since);
	sg_buffer_puts(out, "\"data\":{\"since\":\"");
	certs_base64(out, since, strlen(since));
	sg_buffer_putc(out, '"');
	write_key(out, "path", k->path, clears);
	write_key(out, "next", k->next, clears);
	write_key(out, "former", k->former, clears);
	sg_buffer_puts(out, "}}");
}

void path_keys_write(const struct path_keys *k, const char *name,
		     struct sg_buffer *out)
{
	sg_buffer_puts(out, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\","
			    "\"type\":\"Opaque\",\"metadata\":{\"name\":");
	json_write_string(out, name);
	sg_buffer_puts(out, ",\"labels\":{\"app.kubernetes.io/managed-by\":"
			    "\"storeguard-webhook\"}},");
	write_data(k, false, out);
}

void path_keys_patch(const struct path_keys *k, const char *version,
		     struct sg_buffer *out)
{
	sg_buffer_puts(out, "{\"metadata\":{\"resourceVersion\":");
	json_write_string(out, version);
	sg_buffer_puts(out, "},");
	write_data(k, true, out);
}

/* The endpoint is the first part of a webhook's name: validate-store.urumi.io. */
static bool path_of(const struct node *webhook, const char *path,
		    struct sg_buffer *out)
{
	const char *name = node_text(node_get(webhook, "name"));
	const struct node *service =
		node_path(webhook, "clientConfig", "service", NULL);
	const char *seen = node_text(node_get(service, "path"));
	sg_buffer_clear(out);
	if (!name || !node_is_mapping(service))
		return false;
	sg_buffer_printf(out, "/%s/%.*s", path, (int)strcspn(name, "."), name);
	return out->data && (!seen || strcmp(seen, out->data) != 0);
}

bool path_configuration_patch(const struct node *configuration,
			      const char *path, struct sg_buffer *out)
{
	const struct node *webhooks = node_get(configuration, "webhooks");
	const char *version = node_text(
		node_path(configuration, "metadata", "resourceVersion", NULL));
	cleanup_buffer struct sg_buffer wanted;
	unsigned at = 0;
	bool differs = false;
	sg_buffer_init(&wanted, 1024);
	sg_buffer_puts(out, "[{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\",\"value\":");
	json_write_string(out, version ? version : "");
	sg_buffer_putc(out, '}');
	for (const struct node *w = node_is_sequence(webhooks) ? webhooks->first : NULL;
	     w; w = w->next, at++) {
		if (!path_of(w, path, &wanted))
			continue;
		differs = true;
		sg_buffer_printf(out, ",{\"op\":\"add\",\"path\":\"/webhooks/%u/clientConfig/service/path\",\"value\":",
				 at);
		json_write_string(out, wanted.data);
		sg_buffer_putc(out, '}');
	}
	sg_buffer_putc(out, ']');
	return differs;
}
