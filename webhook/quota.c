#include "quota.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN = 1000, MINUTE = 60000 };

static unsigned place_of(const struct quota *q, const char *name)
{
	unsigned i = 0;
	while (i < q->count && strcmp(q->entries[i].name, name) != 0)
		i++;
	return i;
}

static struct quota_entry *entry_of(struct quota *q, const char *name)
{
	unsigned i = place_of(q, name);
	return i < q->count ? &q->entries[i] : NULL;
}

const struct quota_entry *quota_find(const struct quota *q, const char *name)
{
	unsigned i = place_of(q, name);
	return i < q->count ? &q->entries[i] : NULL;
}

static bool has_room(struct quota *q)
{
	if (q->count < q->capacity)
		return true;
	unsigned capacity = q->capacity ? q->capacity * 2 : 8;
	struct quota_entry *entries =
		sg_arena_alloc(q->arena, capacity * sizeof *entries);
	if (!entries)
		return false;
	if (q->count)
		memcpy(entries, q->entries, q->count * sizeof *entries);
	q->entries = entries;
	q->capacity = capacity;
	return true;
}

static const char *copy(const struct quota *q, const char *text)
{
	return text ? sg_arena_copy(q->arena, text, strlen(text)) : NULL;
}

int quota_copy(struct sg_arena *a, const struct quota *q, struct quota *out,
	       struct sg_error *e)
{
	*out = *q;
	out->arena = a;
	out->name = copy(out, q->name);
	out->uid = copy(out, q->uid);
	out->version = copy(out, q->version);
	out->owner = copy(out, q->owner);
	out->capacity = q->count + 1;
	out->entries = sg_arena_alloc(a, out->capacity * sizeof *out->entries);
	for (unsigned i = 0; out->entries && i < q->count; i++) {
		const struct quota_entry *entry = &q->entries[i];
		out->entries[i] = (struct quota_entry){
			.name = copy(out, entry->name),
			.uid = copy(out, entry->uid),
			.reservation = entry->reservation,
			.reserved_at = copy(out, entry->reserved_at),
		};
	}
	return sg_arena_check(a, e);
}

static const char *print_time(const struct quota *q, int64_t ms)
{
	char text[QUOTA_TIME_SIZE];
	quota_print_time(ms, text);
	return copy(q, text);
}

static bool append(struct quota *q, const char *name, const char *uid,
		   int64_t now)
{
	const struct quota_entry entry = { .name = copy(q, name),
					   .uid = copy(q, uid),
					   .reservation = q->reservations + 1,
					   .reserved_at = print_time(q, now) };
	if (q->arena->failed || !has_room(q))
		return false;
	q->reservations++;
	q->entries[q->count++] = entry;
	return true;
}

static void renew(struct quota *q, struct quota_entry *entry, const char *uid,
		  int64_t now)
{
	if (!entry->uid || !uid || strcmp(entry->uid, uid) != 0)
		entry->uid = NULL;
	entry->reservation = ++q->reservations;
	entry->reserved_at = print_time(q, now);
}

/* --- pacing: a bucket of as many creations as a minute has --- */

/* What is in the bucket at that time. A clock that is behind adds nothing. */
static void refill(struct quota *q, int64_t per_minute, int64_t now)
{
	int64_t full = per_minute * TOKEN;
	if (!q->paced) {
		q->paced = true;
		q->tokens = full;
		q->refilled = now;
	}
	/* a clock that was far ahead has written this */
	if (q->refilled > now + MINUTE)
		q->refilled = now;
	int64_t passed = now - q->refilled;
	if (passed > 0) {
		/* full after a minute, so no product grows large */
		int64_t more = passed >= MINUTE ? full :
						  passed * full / MINUTE;
		q->tokens = more < full - q->tokens ? q->tokens + more : full;
		q->refilled = now;
	}
	if (q->tokens > full)
		q->tokens = full;
}

static bool may_create_now(const struct quota *q,
			   const struct quota_request *r, int64_t *wait)
{
	struct quota then = *q;
	if (!r->per_minute)
		return true;
	refill(&then, r->per_minute, r->now);
	*wait = then.tokens >= TOKEN ?
			0 :
			((TOKEN - then.tokens) * (MINUTE / TOKEN) +
			 r->per_minute - 1) / r->per_minute;
	return *wait == 0;
}

static void pay(struct quota *q, const struct quota_request *r)
{
	if (!r->per_minute)
		return;
	refill(q, r->per_minute, r->now);
	q->tokens -= TOKEN;
}

/* --- the steps --- */

/* The same creation, asked again: it has paid. */
static bool is_again(const struct quota_entry *entry,
		     const struct quota_request *r)
{
	return entry && entry->uid && r->uid && strcmp(entry->uid, r->uid) == 0;
}

enum quota_result quota_reserve(struct quota *q, const struct quota_request *r,
				int64_t *wait)
{
	struct quota_entry *entry = entry_of(q, r->name);
	bool has_paid = is_again(entry, r);
	bool is_at_cap = q->count >= QUOTA_MAX_ENTRIES;
	if (r->hard >= 0 && !entry && (is_at_cap || q->count >= r->hard))
		return QUOTA_FULL;
	if (!has_paid && !may_create_now(q, r, wait))
		return QUOTA_TOO_FAST;
	if (entry)
		renew(q, entry, r->uid, r->now);
	else if (q->seeded && !is_at_cap &&
		 !append(q, r->name, r->uid, r->now))
		return QUOTA_NO_MEMORY;
	q->hard = r->hard;
	if (!has_paid)
		pay(q, r);
	return QUOTA_RESERVED;
}

bool quota_add(struct quota *q, const char *name, const char *uid, int64_t now)
{
	return !entry_of(q, name) && q->count < QUOTA_MAX_ENTRIES &&
	       append(q, name, uid, now);
}

static bool drop(struct quota *q, struct quota_entry *entry)
{
	*entry = q->entries[--q->count];
	return true;
}

bool quota_drop_uid(struct quota *q, const char *name, const char *uid)
{
	struct quota_entry *entry = entry_of(q, name);
	return entry && entry->uid && strcmp(entry->uid, uid) == 0 &&
	       drop(q, entry);
}

static struct quota_entry *reserved(struct quota *q, const char *name,
				    int64_t reservation)
{
	struct quota_entry *entry = entry_of(q, name);
	return entry && entry->reservation == reservation ? entry : NULL;
}

bool quota_drop_entry(struct quota *q, const char *name, int64_t reservation)
{
	struct quota_entry *entry = reserved(q, name, reservation);
	return entry && drop(q, entry);
}

bool quota_identify(struct quota *q, const char *name, int64_t reservation,
		    const char *uid)
{
	struct quota_entry *entry = reserved(q, name, reservation);
	if (!entry || entry->uid)
		return false;
	entry->uid = copy(q, uid);
	return entry->uid;
}
