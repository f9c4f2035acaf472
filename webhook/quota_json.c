/* StoreQuota objects as the API server writes and takes them. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "decode.h"
#include "json.h"
#include "names.h"
#include "quota.h"

/* --- reading --- */

int64_t quota_time(const char *text)
{
	struct tm utc = { 0 };
	const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &utc) :
				 NULL;
	int64_t milliseconds = 0;
	if (!end)
		return 0;
	if (*end == '.')
		for (int64_t weight = 100; *++end >= '0' && *end <= '9';
		     weight /= 10)
			milliseconds += (*end - '0') * weight;
	return (int64_t)timegm(&utc) * 1000 + milliseconds;
}

static int read_entry(const struct node *n, struct quota_entry *out,
		      struct sg_error *e)
{
	static const char path[] = "status.entries[]";
	*out = (struct quota_entry){
		.name = node_text(node_get(n, "name")),
		.uid = node_text(node_get(n, "uid")),
		.reserved_at = node_text(node_get(n, "reservedAt")),
	};
	if (!out->name)
		return sg_error_set(e, SG_INVALID, "%s.name: is missing", path);
	return decode_int(n, path, "reservation", 0, INT64_MAX,
			  &out->reservation, e);
}

static int read_entries(const struct node *entries, struct quota *q,
			struct sg_error *e)
{
	q->seeded = node_is_sequence(entries);
	if (!q->seeded)
		return 0;
	q->capacity = (unsigned)node_count(entries) + 1;
	q->entries = sg_arena_alloc(q->arena, q->capacity * sizeof *q->entries);
	if (!q->entries)
		return sg_error_memory(e);
	for (const struct node *n = entries->first; n; n = n->next)
		if (read_entry(n, &q->entries[q->count++], e))
			return -1;
	return 0;
}

static int read_pacing(const struct node *pacing, struct quota *q,
		       struct sg_error *e)
{
	if (node_is_null(pacing))
		return 0;
	q->paced = true;
	q->refilled = quota_time(node_text(node_get(pacing, "updatedAt")));
	return decode_int(pacing, "status.pacing", "tokens", 0, INT64_MAX,
			  &q->tokens, e);
}

int quota_read(struct sg_arena *a, const struct node *object, struct quota *out,
	       struct sg_error *e)
{
	const struct node *metadata = node_get(object, "metadata");
	const struct node *hard = node_path(object, "spec", "hard", NULL);
	const struct node *status = node_get(object, "status");
	*out = (struct quota){
		.name = node_text(node_get(metadata, "name")),
		.uid = node_text(node_get(metadata, "uid")),
		.version = node_text(node_get(metadata, "resourceVersion")),
		.owner = node_text(node_path(object, "spec", "owner", NULL)),
		.deleting = !node_is_null(
			node_get(metadata, "deletionTimestamp")),
		.override = -1,
		.hard = -1,
		.arena = a,
	};
	if (!out->name || !out->uid || !out->version || !out->owner)
		return sg_error_set(e, SG_INVALID, "this is no StoreQuota");
	if (decode_int(hard, "spec.hard", "stores", 0, QUOTA_MAX_ENTRIES,
		       &out->override, e) ||
	    decode_int(status, "status", "hard", 0, INT64_MAX, &out->hard, e) ||
	    decode_int(status, "status", "reservations", 0, INT64_MAX - 1,
		       &out->reservations, e) ||
	    read_entries(node_get(status, "entries"), out, e) ||
	    read_pacing(node_get(status, "pacing"), out, e))
		return sg_error_context(e, "StoreQuota %.128s", out->name);
	return 0;
}

/* --- writing --- */

void quota_print_time(int64_t ms, char text[QUOTA_TIME_SIZE])
{
	const time_t seconds = (time_t)(ms / 1000);
	struct tm utc;
	if (!gmtime_r(&seconds, &utc) ||
	    !strftime(text, QUOTA_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ", &utc))
		(void)snprintf(text, QUOTA_TIME_SIZE, "1970-01-01T00:00:00Z");
}

static void write_field(struct sg_buffer *out, const char *before,
			const char *text)
{
	sg_buffer_puts(out, before);
	json_write_string(out, text);
}

static void write_entry(struct sg_buffer *out, const struct quota_entry *entry)
{
	write_field(out, "{\"name\":", entry->name);
	if (entry->uid)
		write_field(out, ",\"uid\":", entry->uid);
	if (entry->reserved_at)
		write_field(out, ",\"reservedAt\":", entry->reserved_at);
	sg_buffer_printf(out, ",\"reservation\":%" PRId64 "}",
			 entry->reservation);
}

static void write_pacing(struct sg_buffer *out, const struct quota *q)
{
	char text[QUOTA_TIME_SIZE];
	quota_print_time(q->refilled, text);
	sg_buffer_printf(out,
			 ",\"pacing\":{\"tokens\":%" PRId64
			 ",\"updatedAt\":\"%.19s.%03dZ\"}",
			 q->tokens, text, (int)(q->refilled % 1000));
}

void quota_write(const struct quota *q, struct sg_buffer *out)
{
	sg_buffer_puts(out, "{\"apiVersion\":\"urumi.io/v1\","
			    "\"kind\":\"StoreQuota\",\"metadata\":{");
	write_field(out, "\"name\":", q->name);
	write_field(out, ",\"uid\":", q->uid);
	write_field(out, ",\"resourceVersion\":", q->version);
	write_field(out, "},\"spec\":{\"owner\":", q->owner);
	sg_buffer_printf(out, "},\"status\":{\"reservations\":%" PRId64,
			 q->reservations);
	if (q->hard >= 0)
		sg_buffer_printf(out, ",\"hard\":%" PRId64, q->hard);
	if (q->seeded) {
		sg_buffer_printf(out, ",\"used\":%u,\"entries\":[", q->count);
		for (unsigned i = 0; i < q->count; i++) {
			if (i)
				sg_buffer_putc(out, ',');
			write_entry(out, &q->entries[i]);
		}
		sg_buffer_putc(out, ']');
	}
	if (q->paced)
		write_pacing(out, q);
	sg_buffer_puts(out, "}}");
}

void quota_write_exception(struct sg_buffer *out, const char *owner, int stores)
{
	char name[NAME_QUOTA_SIZE];
	name_owner_quota(owner, name);
	sg_buffer_printf(out,
			 "apiVersion: urumi.io/v1\n"
			 "kind: StoreQuota\n"
			 "metadata:\n"
			 "  name: %s\n"
			 "spec:\n"
			 "  owner: ",
			 name);
	json_write_string(out, owner); /* which is YAML, too */
	sg_buffer_printf(out, "\n  hard:\n    stores: %d\n", stores);
}
