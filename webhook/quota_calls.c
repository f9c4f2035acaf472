#include "quota_calls.h"

#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "informer_list.h"
#include "json.h"
#include "names.h"
#include "object_parse.h"
#include "stores.h"

#define QUOTAS "/apis/urumi.io/v1/storequotas"
#define STORES "/apis/urumi.io/v1/stores"

/* Whether places in it count, for that owner. */
static enum call check(const struct quota *q, const char *owner,
		       struct sg_error *e)
{
	if (strcmp(q->owner, owner) != 0) {
		sg_error_set(e, SG_INVALID,
			     "StoreQuota %.128s names another owner, \"%.253s\"; an administrator has to delete it",
			     q->name, q->owner);
		return CALL_REFUSED;
	}
	if (!q->deleting)
		return CALL_DONE;
	sg_error_set(e, SG_IO, "StoreQuota %.128s is being deleted", q->name);
	return CALL_UNKNOWN;
}

/* A call about one StoreQuota, and the object that is the answer. */
static enum call ask(struct api *api, struct sg_arena *a,
		     const struct api_request *r, const char *owner,
		     struct quota *out, struct sg_error *e)
{
	char name[NAME_QUOTA_SIZE];
	struct node *root = NULL;
	name_owner_quota(owner, name);
	enum call call = call_object(api, a, r, name, &root, e);
	if (call != CALL_DONE)
		return call;
	if (quota_read(a, root, out, e)) {
		sg_error_context(e, "%s %.200s", r->method, r->path);
		return CALL_REFUSED;
	}
	return check(out, owner, e);
}

enum call quota_get(struct api *api, struct sg_arena *a, const char *owner,
		    int64_t deadline, struct quota *out, struct sg_error *e)
{
	char name[NAME_QUOTA_SIZE], path[sizeof QUOTAS + NAME_QUOTA_SIZE];
	name_owner_quota(owner, name);
	(void)snprintf(path, sizeof path, QUOTAS "/%s", name);
	const struct api_request r = { .method = "GET",
				       .path = path,
				       .deadline = deadline };
	return ask(api, a, &r, owner, out, e);
}

enum call quota_create(struct api *api, struct sg_arena *a, const char *owner,
		       int64_t deadline, struct quota *out, struct sg_error *e)
{
	char name[NAME_QUOTA_SIZE];
	cleanup_buffer struct sg_buffer body;
	sg_buffer_init(&body, SG_MAX_TOKEN);
	name_owner_quota(owner, name);
	sg_buffer_printf(&body,
			 "{\"apiVersion\":\"urumi.io/v1\",\"kind\":\"StoreQuota\","
			 "\"metadata\":{\"name\":\"%s\"},\"spec\":{\"owner\":",
			 name);
	json_write_string(&body, owner);
	sg_buffer_puts(&body, "}}");
	if (sg_buffer_check(&body, e))
		return CALL_UNKNOWN;
	const struct api_request r = { .method = "POST",
				       .path = QUOTAS,
				       .body = body.data,
				       .length = body.length,
				       .deadline = deadline };
	return ask(api, a, &r, owner, out, e);
}

enum call quota_put(struct api *api, struct sg_arena *a, const struct quota *q,
		    int64_t deadline, struct quota *out, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer body, path;
	sg_buffer_init(&body, SG_MAX_REPLY);
	sg_buffer_init(&path, SG_MAX_TOKEN);
	quota_write(q, &body);
	sg_buffer_puts(&path, QUOTAS "/");
	api_escape(&path, q->name);
	sg_buffer_puts(&path, "/status");
	if (sg_buffer_check(&body, e) || sg_buffer_check(&path, e))
		return CALL_UNKNOWN;
	const struct api_request r = { .method = "PUT",
				       .path = path.data,
				       .body = body.data,
				       .length = body.length,
				       .deadline = deadline };
	enum call call = ask(api, a, &r, q->owner, out, e);
	return call == CALL_ABSENT ? CALL_CONFLICT : call;
}

enum call quota_delete_spare(struct api *api, struct sg_arena *a,
			     const char *owner, const char *uid,
			     int64_t deadline, struct sg_error *e)
{
	char path[sizeof QUOTAS + NAME_QUOTA_SIZE];
	cleanup_buffer struct sg_buffer body;
	struct quota q;
	enum call call = quota_get(api, a, owner, deadline, &q, e);
	if (call != CALL_DONE || q.count || q.override >= 0 ||
	    strcmp(q.uid, uid) != 0)
		return call;
	sg_buffer_init(&body, SG_MAX_TOKEN);
	sg_buffer_puts(&body, "{\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
			      "\"preconditions\":{\"uid\":");
	json_write_string(&body, q.uid);
	sg_buffer_puts(&body, ",\"resourceVersion\":");
	json_write_string(&body, q.version);
	sg_buffer_puts(&body, "}}");
	if (sg_buffer_check(&body, e))
		return CALL_UNKNOWN;
	(void)snprintf(path, sizeof path, QUOTAS "/%s", q.name);
	const struct api_request r = { .method = "DELETE",
				       .path = path,
				       .body = body.data,
				       .length = body.length,
				       .deadline = deadline };
	return call_object(api, a, &r, q.name, NULL, e);
}

/* --- seeding --- */

struct seeding {
	struct quota *quota;
	int64_t now;
};

static void begin(void *context)
{
	struct seeding *s = context;
	s->quota->count = 0;
}

static void set(void *context, const struct node *object)
{
	struct seeding *s = context;
	struct store_facts facts;
	if (store_facts_read(object, &facts) &&
	    strcmp(facts.owner, s->quota->owner) == 0)
		(void)quota_add(s->quota, facts.name, facts.uid, s->now);
}

/* It is the owner's, or the API server would not have listed it. */
static void left_out(void *context, const struct node *outline, const char *why)
{
	struct seeding *s = context;
	struct store_facts facts;
	(void)why;
	if (store_facts_read(outline, &facts))
		(void)quota_add(s->quota, facts.name, facts.uid, s->now);
}

static void end(void *context)
{
	struct seeding *s = context;
	s->quota->seeded = true;
}

/* A value of a field selector: https://pkg.go.dev/k8s.io/apimachinery/pkg/fields#EscapeValue */
static void write_selector_value(struct sg_buffer *path, const char *value)
{
	for (char byte[2] = ""; *value; value++) {
		if (strchr("\\,=", *value))
			sg_buffer_puts(path, "%5C");
		byte[0] = *value;
		api_escape(path, byte);
	}
}

enum call quota_seed(struct api *api, struct quota *q, int64_t deadline,
		     int64_t now, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer path, version;
	struct seeding seeding = { q, now };
	const struct informer_sink sink = { .begin = begin,
					    .set = set,
					    .end = end,
					    .left_out = left_out,
					    .context = &seeding };
	sg_buffer_init(&path, SG_MAX_TOKEN);
	sg_buffer_init(&version, SG_MAX_TOKEN);
	sg_buffer_puts(&path, STORES "?fieldSelector=spec.owner%3D");
	write_selector_value(&path, q->owner);
	if (sg_buffer_check(&path, e))
		return CALL_UNKNOWN;
	struct informer_listing l = { .api = api,
				      .path = path.data,
				      .sink = &sink,
				      .sealed = object_sealed_store,
				      .version = &version,
				      .deadline = deadline };
	if (informer_list(&l, e) || sg_arena_check(q->arena, e))
		return CALL_UNKNOWN;
	if (q->seeded)
		return CALL_DONE;
	sg_error_set(e, SG_INVALID, "GET %.300s: a Store's name can't be seen",
		     path.data);
	return CALL_UNKNOWN;
}
