#include "store_status.h"

#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "finalizer.h"
#include "json.h"
#include "names.h"
#include "object_read.h"
#include "sha256.h"
#include "store_budget.h"

static const char *const phase_names[PHASES] = {
	[PHASE_NONE] = "",
	[PHASE_PENDING] = "Pending",
	[PHASE_PROVISIONING] = "Provisioning",
	[PHASE_READY] = "Ready",
	[PHASE_DEGRADED] = "Degraded",
	[PHASE_FAILED] = "Failed",
	[PHASE_DELETING] = "Deleting",
};

static const char *const condition_names[CONDITIONS] = {
	[CONDITION_READY] = "Ready",
	[CONDITION_DELIVERED] = "Delivered",
	[CONDITION_GUARDED] = "Guarded",
};

const char *store_phase_name(enum store_phase phase)
{
	return phase_names[phase];
}

/* --- reading --- */

bool store_view_read(const struct node *store, struct store_view *out)
{
	const struct node *metadata = node_get(store, "metadata");
	const struct node *spec = node_get(store, "spec");
	const struct store_size size = store_measure(node_get(spec, "values"));
	*out = (struct store_view){
		.name = object_text(metadata, "name"),
		.uid = object_text(metadata, "uid"),
		.version = object_text(metadata, "resourceVersion"),
		.host = object_text(spec, "host"),
		.engine = object_text(spec, "engine"),
		.by_helm = node_is(node_get(spec, "delivery"), "helm"),
		.is_deleting = !node_is_null(
			node_get(metadata, "deletionTimestamp")),
		.is_protected = node_is(node_get(spec, "deletionProtection"),
					"true"),
		.has_finalizer = finalizer_index(store) >= 0,
		.held_by = finalizer_of_others(store),
		.is_too_large = store_size_is_over(&size),
		.generation = object_number(metadata, "generation", 0),
		.observed = object_number(node_get(store, "status"),
					  "observedGeneration", 0),
		.created = object_time(metadata, "creationTimestamp"),
	};
	out->is_protected &= !out->is_deleting;
	return *out->name != '\0';
}

static enum store_phase read_phase(const char *name)
{
	for (unsigned i = PHASE_PENDING; i < PHASES; i++)
		if (strcmp(name, phase_names[i]) == 0)
			return (enum store_phase)i;
	return PHASE_NONE;
}

void store_status_read(const struct node *store, struct store_status *out)
{
	const struct node *status = node_get(store, "status");
	*out = (struct store_status){
		.phase = read_phase(object_text(status, "phase")),
		.url = object_text(status, "url"),
		.admin_url = object_text(status, "adminURL"),
		.admin_secret =
			object_text(node_get(status, "adminSecretRef"), "name"),
		.ready_at = object_time(status, "readyAt"),
		.provisioning_seconds =
			object_number(status, "provisioningSeconds", 0),
	};
	for (unsigned i = 0; i < CONDITIONS; i++) {
		const struct node *c =
			object_condition(store, condition_names[i]);
		out->conditions[i] = (struct store_condition){
			.status = object_text(c, "status"),
			.reason = object_text(c, "reason"),
			.message = object_text(c, "message"),
			.since = object_time(c, "lastTransitionTime"),
		};
	}
}

/* --- comparing --- */

void store_status_digest(const struct store_status *s, int64_t generation,
			 char out[STORE_STATUS_DIGEST])
{
	cleanup_buffer struct sg_buffer text;
	char hash[SHA256_HEX_SIZE];
	/* with their NULs, so that no two can run into the same */
	sg_buffer_init(&text, SG_MIB);
	sg_buffer_printf(&text, "%" PRId64 " %d %d %s%c%s%c%s%c", generation,
			 (int)s->phase, s->ready_at != 0, s->url, 0,
			 s->admin_url, 0, s->admin_secret, 0);
	for (unsigned i = 0; i < CONDITIONS; i++) {
		const struct store_condition *c = &s->conditions[i];
		sg_buffer_printf(&text, "%s%c%s%c%s%c", c->status, 0, c->reason,
				 0, c->message, 0);
	}
	sha256_hex(text.data ? text.data : "", text.length, hash);
	memcpy(out, hash, STORE_STATUS_DIGEST);
	out[STORE_STATUS_DIGEST - 1] = '\0';
}

/* --- writing --- */

static void write_text(struct sg_buffer *out, const char *key, const char *text)
{
	sg_buffer_printf(out, "\"%s\":", key);
	json_write_string(out, text);
}

static void write_time(struct sg_buffer *out, const char *key, int64_t seconds)
{
	char text[OBJECT_TIME_SIZE];
	write_text(out, key, object_time_print(seconds, text));
}

static void write_condition(struct sg_buffer *out, unsigned i,
			    const struct store_condition *c,
			    const struct store_condition *shown,
			    int64_t generation, int64_t now)
{
	bool is_same = strcmp(c->status, shown->status) == 0 && shown->since;
	if (!*c->status)
		return;
	sg_buffer_puts(out, i ? ",{" : "{");
	write_text(out, "type", condition_names[i]);
	sg_buffer_putc(out, ',');
	write_text(out, "status", c->status);
	sg_buffer_printf(out, ",\"observedGeneration\":%" PRId64 ",",
			 generation);
	write_time(out, "lastTransitionTime", is_same ? shown->since : now);
	sg_buffer_putc(out, ',');
	write_text(out, "reason", c->reason);
	sg_buffer_putc(out, ',');
	write_text(out, "message", c->message);
	sg_buffer_putc(out, '}');
}

static void write_urls(struct sg_buffer *out, const struct store_view *store,
		       const struct store_status *s)
{
	if (*s->url) {
		write_text(out, "url", s->url);
		sg_buffer_putc(out, ',');
	}
	if (*s->admin_url) {
		write_text(out, "adminURL", s->admin_url);
		sg_buffer_putc(out, ',');
	}
	if (!*s->admin_secret)
		return;
	sg_buffer_printf(out, "\"adminSecretRef\":{\"namespace\":\"%s%s\",",
			 SG_NAMESPACE_PREFIX, store->name);
	write_text(out, "name", s->admin_secret);
	sg_buffer_puts(out, "},");
}

void store_status_write(const struct store_view *store,
			const struct store_status *s,
			const struct store_status *shown, int64_t now,
			struct sg_buffer *out)
{
	sg_buffer_puts(out, "{\"apiVersion\":\"" SG_API_VERSION
			    "\",\"kind\":\"Store\",\"metadata\":{");
	write_text(out, "name", store->name);
	sg_buffer_putc(out, ',');
	write_text(out, "uid", store->uid);
	sg_buffer_putc(out, ',');
	write_text(out, "resourceVersion", store->version);
	sg_buffer_puts(out, "},\"status\":{");
	write_text(out, "phase", phase_names[s->phase]);
	sg_buffer_printf(out, ",\"observedGeneration\":%" PRId64 ",",
			 store->generation);
	write_urls(out, store, s);
	if (s->ready_at) {
		write_time(out, "readyAt", s->ready_at);
		sg_buffer_printf(out, ",\"provisioningSeconds\":%" PRId64 ",",
				 s->provisioning_seconds);
	}
	sg_buffer_puts(out, "\"conditions\":[");
	for (unsigned i = 0; i < CONDITIONS; i++)
		write_condition(out, i, &s->conditions[i],
				&shown->conditions[i], store->generation, now);
	sg_buffer_puts(out, "]}}");
}
