#include "status_calls.h"

#include <inttypes.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "finalizer.h"
#include "json.h"
#include "names.h"
#include "object_read.h"

#define STORES "/apis/urumi.io/v1/stores/"
#define MANAGER "storeguard-webhook"

enum { CALL_MS = 10000 };

enum call status_get_store(struct api *api, struct sg_arena *a,
			   const char *name, struct node **store,
			   struct sg_error *e)
{
	char path[256];
	(void)snprintf(path, sizeof path, STORES "%s", name);
	const struct api_request r = { .method = "GET",
				       .path = path,
				       .deadline = clock_now() + CALL_MS };
	return call_object(api, a, &r, name, store, e);
}

enum call status_find_namespace(struct api *api, const char *store,
				struct sg_error *e)
{
	char path[256];
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/" SG_NAMESPACE_PREFIX "%s", store);
	const struct api_request r = { .method = "GET",
				       .path = path,
				       .deadline = clock_now() + CALL_MS };
	return call_object(api, NULL, &r, strrchr(path, '/') + 1, NULL, e);
}

static enum call write_object(struct api *api, const char *method,
			      const char *path, const char *type,
			      const struct sg_buffer *body, const char *name,
			      struct sg_error *e)
{
	if (sg_buffer_check(body, e))
		return CALL_REFUSED;
	const struct api_request r = {
		.method = method,
		.path = path,
		.content_type = type,
		.body = body->data,
		.length = body->length,
		.deadline = clock_now() + CALL_MS,
	};
	return call_object(api, NULL, &r, name, NULL, e);
}

enum call status_mark_namespace(struct api *api, const char *store,
				bool is_protected, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer patch;
	char name[256], path[512];
	(void)snprintf(name, sizeof name, SG_NAMESPACE_PREFIX "%s", store);
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/%s?fieldManager=" MANAGER, name);
	sg_buffer_init(&patch, SG_MAX_TOKEN);
	sg_buffer_printf(&patch,
			 "{\"metadata\":{\"labels\":{\"" SG_LABEL_PROTECTED
			 "\":%s}}}",
			 is_protected ? "\"true\"" : "null");
	return write_object(api, "PATCH", path, "application/merge-patch+json",
			    &patch, name, e);
}

enum call status_set_finalizer(struct api *api, const struct node *store,
			       bool present, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer patch;
	char path[256];
	const char *name = object_text(node_get(store, "metadata"), "name");
	int index = finalizer_index(store);
	if (present == (index >= 0))
		return CALL_DONE;
	sg_buffer_init(&patch, SG_MAX_TOKEN);
	(void)snprintf(path, sizeof path, STORES "%s?fieldManager=" MANAGER,
		       name);
	if (present)
		finalizer_write_addition(store, &patch);
	else
		finalizer_write_removal(index, &patch);
	return write_object(api, "PATCH", path, "application/json-patch+json",
			    &patch, name, e);
}

enum call status_apply(struct api *api, const struct store_view *store,
		       const struct store_status *s,
		       const struct store_status *shown, int64_t now,
		       struct sg_error *e)
{
	cleanup_buffer struct sg_buffer body;
	char path[256];
	sg_buffer_init(&body, SG_MIB);
	(void)snprintf(path, sizeof path,
		       STORES "%s/status?fieldManager=" MANAGER "&force=true",
		       store->name);
	store_status_write(store, s, shown, now, &body);
	return write_object(api, "PATCH", path, "application/apply-patch+yaml",
			    &body, store->name, e);
}

/* --- Events ---------------------------------------------------------------------- */

/* Those about objects outside of namespaces are in "default". */
enum call status_tell(struct api *api, const struct store_view *store,
		      bool is_warning, const char *reason, const char *message,
		      int64_t now, struct sg_error *e)
{
	static const char path[] = "/api/v1/namespaces/default/events";
	cleanup_buffer struct sg_buffer body;
	char time[OBJECT_TIME_SIZE], name[128];
	(void)object_time_print(now, time);
	(void)snprintf(name, sizeof name, "%s.%" PRIx64 "%08x", store->name,
		       (uint64_t)now, arc4random());
	sg_buffer_init(&body, SG_MIB);
	sg_buffer_printf(&body,
			 "{\"apiVersion\":\"v1\",\"kind\":\"Event\",\"metadata\":{"
			 "\"name\":\"%s\",\"namespace\":\"default\"},"
			 "\"involvedObject\":{\"apiVersion\":\"" SG_API_VERSION
			 "\",\"kind\":\"Store\",\"name\":\"%s\",\"uid\":",
			 name, store->name);
	json_write_string(&body, store->uid);
	sg_buffer_printf(&body,
			 "},\"type\":\"%s\",\"count\":1,\"firstTimestamp\":\"%s\","
			 "\"lastTimestamp\":\"%s\",\"source\":{\"component\":\"" MANAGER
			 "\"},\"reason\":",
			 is_warning ? "Warning" : "Normal", time, time);
	json_write_string(&body, reason);
	sg_buffer_puts(&body, ",\"message\":");
	json_write_string(&body, message);
	sg_buffer_putc(&body, '}');
	return write_object(api, "POST", path, NULL, &body, name, e);
}
