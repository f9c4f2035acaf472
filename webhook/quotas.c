#include "quotas.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "names.h"

enum { BUCKETS = 4096 };

struct seen {
	int64_t reservation;
	int64_t since; /* CLOCK_MONOTONIC, ms */
	bool has_uid;
	uint32_t name; /* where in the view's texts */
};

/* A StoreQuota; texts follow the entries in the same piece of memory. */
struct view {
	struct view *next; /* in its bucket */
	uint32_t round; /* of the list that named it last */
	bool seeded;
	bool outdated; /* status.hard is not what spec.hard.stores says */
	bool spare; /* it counts nothing, and says nothing of its own */
	int64_t reservations; /* ever made in it */
	int64_t since; /* that these are so; CLOCK_MONOTONIC, ms */
	unsigned count;
	uint32_t owner, uid; /* where in the texts */
	size_t size;	     /* of all of it */
	struct seen entries[]; /* and the texts behind them */
};

static const char *text_of(const struct view *v, uint32_t at)
{
	return (const char *)(v->entries + v->count) + at;
}

struct quotas {
	pthread_mutex_t mutex;
	struct view *buckets[BUCKETS]; /* by owner */
	uint64_t seed;
	const struct log *log;
	uint32_t round; /* the informer's own */
};

static struct view **bucket(struct quotas *q, const char *owner)
{
	uint64_t h = q->seed;
	for (; *owner; owner++) {
		h = (h ^ (unsigned char)*owner) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return &q->buckets[h % BUCKETS];
}

static struct view **find(struct quotas *q, const char *owner)
{
	struct view **at = bucket(q, owner);
	while (*at && strcmp(text_of(*at, (*at)->owner), owner) != 0)
		at = &(*at)->next;
	return at;
}

static const char *name_of(const struct view *v, unsigned i)
{
	return text_of(v, v->entries[i].name);
}

/* --- views --- */

static uint32_t put_text(char *texts, size_t *used, const char *text)
{
	size_t size = strlen(text) + 1, at = *used;
	memcpy(texts + at, text, size);
	*used += size;
	return (uint32_t)at;
}

static struct view *view_new(const struct quota *quota, int64_t now)
{
	size_t size = strlen(quota->owner) + strlen(quota->uid) + 2, used = 0;
	size_t entries = sizeof(struct view) + quota->count * sizeof(struct seen);
	for (unsigned i = 0; i < quota->count; i++)
		size += strlen(quota->entries[i].name) + 1;
	struct view *v = malloc(entries + size);
	if (!v)
		return NULL;
	char *texts = (char *)v + entries;
	*v = (struct view){
		.seeded = quota->seeded,
		.outdated = quota->seeded && quota->override >= 0 &&
			    quota->override != quota->hard,
		.spare = quota->seeded && !quota->count && quota->override < 0,
		.reservations = quota->reservations,
		.since = now,
		.count = quota->count,
		.size = entries + size,
	};
	v->owner = put_text(texts, &used, quota->owner);
	v->uid = put_text(texts, &used, quota->uid);
	for (unsigned i = 0; i < quota->count; i++)
		v->entries[i] = (struct seen){
			.reservation = quota->entries[i].reservation,
			.since = now,
			.has_uid = quota->entries[i].uid,
			.name = put_text(texts, &used, quota->entries[i].name),
		};
	return v;
}

/* Where an entry of that name is; most often it is where it was. */
static unsigned place_of(const struct view *v, const char *name, unsigned guess)
{
	if (guess < v->count && strcmp(name_of(v, guess), name) == 0)
		return guess;
	unsigned i = 0;
	while (i < v->count && strcmp(name_of(v, i), name) != 0)
		i++;
	return i;
}

/* Entries that are as before have been so for as long as before. */
static void carry_over(const struct view *old, struct view *v)
{
	if (strcmp(text_of(old, old->uid), text_of(v, v->uid)) != 0)
		return;
	if (old->spare == v->spare && old->reservations == v->reservations)
		v->since = old->since;
	for (unsigned i = 0; i < v->count; i++) {
		struct seen *now = &v->entries[i];
		unsigned at = place_of(old, name_of(v, i), i);
		if (at < old->count &&
		    old->entries[at].reservation == now->reservation &&
		    old->entries[at].has_uid == now->has_uid)
			now->since = old->entries[at].since;
	}
}

/* --- what the informer tells --- */

/* One of another name counts for nobody. */
static bool is_of_owner(const struct quotas *q, const char *owner,
			const char *name)
{
	char right[NAME_QUOTA_SIZE];
	if (!owner || !name)
		return false;
	name_owner_quota(owner, right);
	if (strcmp(name, right) == 0)
		return true;
	log_event(q->log, LOG_LEVEL_WARNING,
		  "a StoreQuota of a wrong name counts for nobody; delete it",
		  log_text("name", name), log_text("owner", owner),
		  log_text("right", right));
	return false;
}

static void begin(void *context)
{
	struct quotas *q = context;
	q->round++;
}

static void set(void *context, const struct node *object)
{
	struct quotas *q = context;
	cleanup_arena struct sg_arena arena;
	struct quota quota;
	struct sg_error ignored;
	sg_arena_init(&arena);
	if (quota_read(&arena, object, &quota, &ignored) ||
	    !is_of_owner(q, quota.owner, quota.name))
		return;
	struct view *v = view_new(&quota, clock_now());
	if (!v)
		return;
	v->round = q->round;
	(void)pthread_mutex_lock(&q->mutex);
	struct view **at = find(q, quota.owner), *old = *at;
	if (old) {
		carry_over(old, v);
		v->next = old->next;
	}
	*at = v;
	(void)pthread_mutex_unlock(&q->mutex);
	free(old);
}

/* Whose it is can't be seen, so its name says which it was. */
static void left_out(void *context, const struct node *outline, const char *why)
{
	struct quotas *q = context;
	const char *name =
		node_text(node_path(outline, "metadata", "name", NULL));
	char right[NAME_QUOTA_SIZE];
	(void)why;
	(void)pthread_mutex_lock(&q->mutex);
	for (unsigned i = 0; i < BUCKETS && name; i++)
		for (struct view *v = q->buckets[i]; v; v = v->next) {
			name_owner_quota(text_of(v, v->owner), right);
			if (strcmp(name, right) == 0)
				v->round = q->round;
		}
	(void)pthread_mutex_unlock(&q->mutex);
}

static void take_away(struct view **at)
{
	struct view *gone = *at;
	*at = gone->next;
	free(gone);
}

static void end(void *context)
{
	struct quotas *q = context;
	(void)pthread_mutex_lock(&q->mutex);
	for (unsigned i = 0; i < BUCKETS; i++)
		for (struct view **at = &q->buckets[i]; *at;)
			if ((*at)->round != q->round)
				take_away(at);
			else
				at = &(*at)->next;
	(void)pthread_mutex_unlock(&q->mutex);
}

static void removed(void *context, const struct node *object)
{
	struct quotas *q = context;
	const char *owner = node_text(node_path(object, "spec", "owner", NULL));
	const char *name =
		node_text(node_path(object, "metadata", "name", NULL));
	if (!is_of_owner(q, owner, name))
		return;
	(void)pthread_mutex_lock(&q->mutex);
	struct view **at = find(q, owner);
	if (*at)
		take_away(at);
	(void)pthread_mutex_unlock(&q->mutex);
}

struct informer_sink quotas_sink(struct quotas *q)
{
	return (struct informer_sink){ .begin = begin,
				       .set = set,
				       .end = end,
				       .left_out = left_out,
				       .removed = removed,
				       .context = q };
}

/* --- readers --- */

/* Copies, so that what is told of them may take its time, and other locks. */
static struct view *copy_bucket(struct quotas *q, unsigned bucket)
{
	struct view *copies = NULL;
	(void)pthread_mutex_lock(&q->mutex);
	for (const struct view *v = q->buckets[bucket]; v; v = v->next) {
		struct view *copy = malloc(v->size);
		if (!copy)
			break; /* the next time, then */
		memcpy(copy, v, v->size);
		copy->next = copies;
		copies = copy;
	}
	(void)pthread_mutex_unlock(&q->mutex);
	return copies;
}

void quotas_each(struct quotas *q, int64_t now,
		 void (*tell)(void *context, const struct quota_sight *s),
		 void *context)
{
	for (unsigned b = 0; b < BUCKETS; b++)
		for (struct view *next, *v = copy_bucket(q, b); v; v = next) {
			next = v->next;
			for (unsigned i = 0; i < v->count; i++) {
				const struct seen *seen = &v->entries[i];
				const struct quota_sight s = {
					.quota_uid = text_of(v, v->uid),
					.owner = text_of(v, v->owner),
					.name = name_of(v, i),
					.has_uid = seen->has_uid,
					.reservation = seen->reservation,
					.age = now - seen->since,
				};
				tell(context, &s);
			}
			free(v);
		}
}

bool quotas_misses(struct quotas *q, const char *owner, const char *store)
{
	(void)pthread_mutex_lock(&q->mutex);
	const struct view *v = *find(q, owner);
	bool misses = v && v->seeded && v->count < QUOTA_MAX_ENTRIES &&
		      place_of(v, store, 0) == v->count;
	(void)pthread_mutex_unlock(&q->mutex);
	return misses;
}

void quotas_each_outdated(struct quotas *q,
			  void (*tell)(void *context, const char *owner),
			  void *context)
{
	(void)pthread_mutex_lock(&q->mutex);
	for (unsigned b = 0; b < BUCKETS; b++)
		for (const struct view *v = q->buckets[b]; v; v = v->next)
			if (v->outdated)
				tell(context, text_of(v, v->owner));
	(void)pthread_mutex_unlock(&q->mutex);
}

void quotas_each_spare(struct quotas *q, int64_t before,
		       void (*tell)(void *context, const char *owner,
				    const char *uid),
		       void *context)
{
	(void)pthread_mutex_lock(&q->mutex);
	for (unsigned b = 0; b < BUCKETS; b++)
		for (const struct view *v = q->buckets[b]; v; v = v->next)
			if (v->spare && v->since <= before)
				tell(context, text_of(v, v->owner),
				     text_of(v, v->uid));
	(void)pthread_mutex_unlock(&q->mutex);
}

/* --- */

struct quotas *quotas_new(const struct log *log)
{
	struct quotas *q = calloc(1, sizeof *q);
	if (!q)
		return NULL;
	q->log = log;
	arc4random_buf(&q->seed, sizeof q->seed);
	(void)pthread_mutex_init(&q->mutex, NULL);
	return q;
}

void quotas_free(struct quotas *q)
{
	if (!q)
		return;
	q->round++;
	end(q);
	(void)pthread_mutex_destroy(&q->mutex);
	free(q);
}
