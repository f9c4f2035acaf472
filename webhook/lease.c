#include "lease.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "cleanup.h"
#include "json.h"
#include "names.h"
#include "sha256.h"

enum { SECOND = 1000, PATH_MAX_LENGTH = 1024 };

int lease_init(struct lease *l, const char *name, struct sg_error *e)
{
	const char *slash = strchr(name, '/');
	size_t length = slash ? (size_t)(slash - name) : 0;
	char namespace[NAME_LABEL_SIZE] = "";
	*l = (struct lease){ .holder = "" };
	sg_buffer_init(&l->collection, PATH_MAX_LENGTH);
	sg_buffer_init(&l->path, PATH_MAX_LENGTH);
	sg_arena_init(&l->arena);
	if (length < sizeof namespace)
		memcpy(namespace, name, length);
	if (!name_is_dns_label(namespace) || !name_is_dns_subdomain(slash + 1))
		return sg_error_set(e, SG_USAGE,
				    "\"%.300s\" is not NAMESPACE/NAME of a Lease, like storeguard-system/storeguard-webhook",
				    name);
	sg_buffer_printf(&l->collection,
			 "/apis/coordination.k8s.io/v1/namespaces/%s/leases",
			 namespace);
	sg_buffer_printf(&l->path, "%s/%s", l->collection.data, slash + 1);
	return sg_buffer_check(&l->path, e);
}

void lease_release(struct lease *l)
{
	sg_buffer_release(&l->collection);
	sg_buffer_release(&l->path);
	sg_arena_release(&l->arena);
}

static void forget(struct lease *l)
{
	sg_arena_clear(&l->arena);
	l->record[0] = '\0';
	l->is_current = false;
	l->object = NULL;
	l->holder = "";
	l->ms = 0;
	l->transitions = 0;
}

static int64_t number(const struct node *spec, const char *key)
{
	const char *text = node_text(node_get(spec, key));
	return text ? strtoll(text, NULL, 10) : 0;
}

/* The answer is the object as it is now. */
static int adopt(struct lease *l, const struct sg_buffer *answer,
		 struct sg_error *e)
{
	cleanup_buffer struct sg_buffer record;
	struct node *root = NULL;
	sg_buffer_init(&record, SG_MAX_ANSWER);
	forget(l);
	if (json_parse(answer->data ? answer->data : "", answer->length,
		       &l->arena, &root, e))
		return -1;
	const struct node *spec = node_get(root, "spec");
	const char *holder = node_text(node_get(spec, "holderIdentity"));
	if (!node_is_mapping(node_get(root, "metadata")))
		return sg_error_set(e, SG_INVALID, "the answer is no Lease");
	json_write(&record, spec);
	if (sg_buffer_check(&record, e))
		return -1;
	sha256_hex(record.data, record.length, l->record);
	l->object = root;
	l->holder = holder ? holder : "";
	l->ms = number(spec, "leaseDurationSeconds") * SECOND;
	l->transitions = number(spec, "leaseTransitions");
	l->is_current = true;
	return 0;
}

int lease_read(struct lease *l, struct api *api, int64_t deadline,
	       struct sg_error *e)
{
	cleanup_buffer struct sg_buffer answer;
	int status = 0;
	const struct api_request r = { .method = "GET",
				       .path = l->path.data,
				       .deadline = deadline };
	sg_buffer_init(&answer, SG_MAX_ANSWER);
	l->is_current = false;
	if (api_call(api, &r, &status, &answer, e))
		return -1;
	if (status == 404) {
		forget(l);
		l->is_current = true;
		return 0;
	}
	if (status != 200)
		return api_refused(&r, status, &answer, e);
	return adopt(l, &answer, e) ? sg_error_context(e, "GET %s", r.path) : 0;
}

/* --- writing --- */

static void write_time(struct sg_buffer *body, const char *key)
{
	struct timeval now = { 0 };
	struct tm utc = { 0 };
	char text[32] = "";
	(void)gettimeofday(&now, NULL);
	(void)gmtime_r(&now.tv_sec, &utc);
	(void)strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
	sg_buffer_printf(body, ",\"%s\":\"%s.%06ldZ\"", key, text,
			 (long)now.tv_usec);
}

static void write_spec(const struct lease *l, const char *holder, int64_t ms,
		       struct sg_buffer *body)
{
	bool same = strcmp(holder, l->holder) == 0;
	const char *since = node_text(
		node_path(l->object, "spec", "acquireTime", NULL));
	sg_buffer_printf(body,
			 "\"spec\":{\"leaseDurationSeconds\":%" PRId64
			 ",\"leaseTransitions\":%" PRId64 ",\"holderIdentity\":",
			 ms / SECOND,
			 l->transitions + (l->object && *holder && !same));
	json_write_string(body, holder);
	write_time(body, "renewTime");
	if (same && since) {
		sg_buffer_puts(body, ",\"acquireTime\":");
		json_write_string(body, since);
	} else {
		write_time(body, "acquireTime");
	}
	sg_buffer_puts(body, "}}");
}

/* Of what is there all but what only the API server can write. */
static void write_metadata(struct lease *l, struct sg_buffer *body)
{
	const struct node *all = node_get(l->object, "metadata");
	struct node *kept = node_new_mapping(&l->arena);
	for (const struct node *k = all->first; k && kept; k = k->next->next)
		if (!node_is(k, "managedFields"))
			node_set(&l->arena, kept, node_text(k),
				 node_copy(&l->arena, k->next));
	json_write(body, kept);
}

static int write_body(struct lease *l, const char *holder, int64_t ms,
		      struct sg_buffer *body, struct sg_error *e)
{
	sg_buffer_puts(body, "{\"apiVersion\":\"coordination.k8s.io/v1\",\"kind\":\"Lease\","
			     "\"metadata\":");
	if (l->object) {
		write_metadata(l, body);
	} else {
		sg_buffer_puts(body, "{\"name\":");
		json_write_string(body, strrchr(l->path.data, '/') + 1);
		sg_buffer_putc(body, '}');
	}
	sg_buffer_putc(body, ',');
	write_spec(l, holder, ms, body);
	return sg_arena_check(&l->arena, e) || sg_buffer_check(body, e) ? -1 : 0;
}

int lease_write(struct lease *l, struct api *api, const char *holder, int64_t ms,
		int64_t deadline, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer body, answer;
	bool exists = l->object != NULL;
	int status = 0;
	sg_buffer_init(&body, SG_MAX_ANSWER);
	sg_buffer_init(&answer, SG_MAX_ANSWER);
	if (write_body(l, holder, ms, &body, e))
		return -1;
	const struct api_request r = { .method = exists ? "PUT" : "POST",
				       .path = exists ? l->path.data :
							l->collection.data,
				       .body = body.data,
				       .length = body.length,
				       .deadline = deadline };
	l->is_current = false;
	if (api_call(api, &r, &status, &answer, e))
		return -1;
	if (status == 409 || (status == 404 && exists))
		return 1;
	if (status != 200 && status != 201)
		return api_refused(&r, status, &answer, e);
	return adopt(l, &answer, e) ?
		       sg_error_context(e, "%s %s", r.method, r.path) :
		       0;
}
