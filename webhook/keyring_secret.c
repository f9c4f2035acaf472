#include "keyring_secret.h"

#include <string.h>

#include "base64.h"
#include "cleanup.h"
#include "json.h"

#define MANAGED_BY "app.kubernetes.io/managed-by"
#define OURS "storeguard-webhook"

int keyring_secret_read(const struct node *secret, struct keyring *out,
			bool *is_ours, const char **version,
			struct sg_error *e)
{
	const struct node *metadata = node_get(secret, "metadata");
	const struct node *data = node_get(secret, "data");
	struct sg_error ignored;
	if (!node_is_mapping(metadata))
		return sg_error_set(e, SG_INVALID, "the answer is no Secret");
	*is_ours = node_is(node_path(metadata, "labels", MANAGED_BY, NULL),
			   OURS);
	*version = node_text(node_get(metadata, "resourceVersion"));
	if (!*version)
		*version = "";
	for (int part = 0; part < KEYRING_PARTS; part++) {
		const char *text = node_text(node_get(data, keyring_names[part]));
		if (text)
			(void)certs_unbase64(text, keyring_part(out, part),
					     &ignored);
	}
	return 0;
}

static void write_data(struct keyring *k, struct sg_buffer *out)
{
	sg_buffer_puts(out, "\"data\":{");
	for (int part = 0; part < KEYRING_PARTS; part++) {
		const struct sg_buffer *text = keyring_part(k, part);
		sg_buffer_printf(out, "%s\"%s\":\"", part ? "," : "",
				 keyring_names[part]);
		certs_base64(out, certs_text(text), text->length);
		sg_buffer_putc(out, '"');
	}
	sg_buffer_puts(out, "}}");
}

void keyring_secret_write(struct keyring *k, const char *name,
			  struct sg_buffer *out)
{
	sg_buffer_puts(out, "{\"apiVersion\":\"v1\",\"kind\":\"Secret\","
			    "\"type\":\"kubernetes.io/tls\",\"metadata\":{\"name\":");
	json_write_string(out, name);
	sg_buffer_puts(out, ",\"labels\":{\"" MANAGED_BY "\":\"" OURS "\"}},");
	write_data(k, out);
}

void keyring_secret_patch(struct keyring *k, const char *version,
			  struct sg_buffer *out)
{
	sg_buffer_puts(out, "{\"metadata\":{\"resourceVersion\":");
	json_write_string(out, version);
	sg_buffer_puts(out, "},");
	write_data(k, out);
}

/* --- caBundle ---------------------------------------------------------------- */

static bool has_bundle(const struct node *client, const char *base64)
{
	const char *seen = node_text(node_get(client, "caBundle"));
	return seen && strcmp(seen, base64) == 0;
}

bool ca_bundle_patch(const struct node *configuration, const char *bundle,
		     struct sg_buffer *out)
{
	const struct node *webhooks = node_get(configuration, "webhooks");
	const char *version = node_text(
		node_path(configuration, "metadata", "resourceVersion", NULL));
	cleanup_buffer struct sg_buffer base64;
	unsigned at = 0;
	bool differs = false;
	sg_buffer_init(&base64, 2 * SG_MAX_PEM);
	certs_base64(&base64, bundle, strlen(bundle));
	if (!base64.data || !node_is_sequence(webhooks))
		return false;
	sg_buffer_puts(out, "[{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\",\"value\":");
	json_write_string(out, version ? version : "");
	sg_buffer_putc(out, '}');
	for (const struct node *w = webhooks->first; w; w = w->next, at++) {
		const struct node *client = node_get(w, "clientConfig");
		if (!node_is_mapping(client) || has_bundle(client, base64.data))
			continue;
		differs = true;
		sg_buffer_printf(out, ",{\"op\":\"add\",\"path\":\"/webhooks/%u/clientConfig/caBundle\",\"value\":\"%s\"}",
				 at, base64.data);
	}
	sg_buffer_putc(out, ']');
	return differs;
}
