#include "stores.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "store_entry.h"

enum {
	FIRST_BUCKETS = 64,
	/* buckets that are swept or told while others wait, about 0.1 ms */
	SWEEP = 1024,
};

/* Both indexes have as many buckets; a Store without a host is in one only. */
struct buckets {
	size_t count; /* a power of two */
	struct store_entry **by_name;
	struct store_entry **by_host;
};

struct stores {
	pthread_rwlock_t lock; /* readers, and the writer while it changes */
	struct buckets buckets;
	size_t count;
	uint64_t seed; /* so that nobody can choose names that collide */
	struct words *words; /* the writer's own */
	uint32_t round;
};

/* As MurmurHash3 finishes, byte by byte: names are short. */
static size_t hash(const struct stores *s, const char *text)
{
	uint64_t h = s->seed;
	for (; *text; text++) {
		h = (h ^ (unsigned char)*text) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	return (size_t)(h ^ h >> 29);
}

static size_t place(const struct stores *s, const struct buckets *b,
		    const char *text)
{
	return hash(s, text) & (b->count - 1);
}

static bool buckets_make(struct buckets *b, size_t count)
{
	b->count = count;
	b->by_name = calloc(count, sizeof(struct store_entry *));
	b->by_host = calloc(count, sizeof(struct store_entry *));
	if (b->by_name && b->by_host)
		return true;
	free(b->by_name);
	free(b->by_host);
	return false;
}

static void link_entry(const struct stores *s, struct buckets *b,
		       struct store_entry *entry)
{
	struct store_entry **at =
		&b->by_name[place(s, b, store_entry_name(entry))];
	entry->next_by_name = *at;
	*at = entry;
	if (!*store_entry_host(entry))
		return;
	at = &b->by_host[place(s, b, store_entry_host(entry))];
	entry->next_by_host = *at;
	*at = entry;
}

static void unlink_entry(const struct stores *s, struct buckets *b,
			 const struct store_entry *entry)
{
	struct store_entry **at =
		&b->by_name[place(s, b, store_entry_name(entry))];
	while (*at != entry)
		at = &(*at)->next_by_name;
	*at = entry->next_by_name;
	if (!*store_entry_host(entry))
		return;
	at = &b->by_host[place(s, b, store_entry_host(entry))];
	while (*at != entry)
		at = &(*at)->next_by_host;
	*at = entry->next_by_host;
}

static struct store_entry *find(const struct stores *s, const char *name)
{
	const struct buckets *b = &s->buckets;
	struct store_entry *entry = b->by_name[place(s, b, name)];
	while (entry && strcmp(store_entry_name(entry), name) != 0)
		entry = entry->next_by_name;
	return entry;
}

/* Twice the buckets. Without memory the chains just get longer. */
static void grow(struct stores *s)
{
	struct buckets fresh, old = s->buckets;
	if (s->count < old.count || !buckets_make(&fresh, old.count * 2))
		return;
	(void)pthread_rwlock_wrlock(&s->lock);
	for (size_t i = 0; i < old.count; i++)
		for (struct store_entry *next, *entry = old.by_name[i]; entry;
		     entry = next) {
			next = entry->next_by_name;
			link_entry(s, &fresh, entry);
		}
	s->buckets = fresh;
	(void)pthread_rwlock_unlock(&s->lock);
	free(old.by_name);
	free(old.by_host);
}

/* --- what the informer tells; its thread alone changes anything --- */

static void begin(void *context)
{
	struct stores *s = context;
	s->round++;
}

static void replace(struct stores *s, struct store_entry *old,
		    struct store_entry *entry)
{
	(void)pthread_rwlock_wrlock(&s->lock);
	if (old)
		unlink_entry(s, &s->buckets, old);
	if (entry)
		link_entry(s, &s->buckets, entry);
	s->count = s->count + !!entry - !!old;
	(void)pthread_rwlock_unlock(&s->lock);
	if (old)
		store_entry_free(s->words, old);
}

static void set(void *context, const struct node *object)
{
	struct stores *s = context;
	struct store_facts facts;
	if (!store_facts_read(object, &facts))
		return;
	struct store_entry *old = find(s, facts.name);
	struct store_entry *entry = store_entry_new(
		s->words, &facts, store_facts_created(object));
	if (!entry)
		return; /* what was known stays */
	entry->round = s->round;
	if (old && store_entry_is(old, entry)) {
		old->round = s->round; /* which readers don't look at */
		store_entry_free(s->words, entry);
		return;
	}
	replace(s, old, entry);
	grow(s);
}

/* Takes entries that the last list did not name; they are linked by name. */
static struct store_entry *sweep(struct stores *s, size_t from, size_t to)
{
	struct store_entry *gone = NULL;
	(void)pthread_rwlock_wrlock(&s->lock);
	for (size_t i = from; i < to; i++)
		for (struct store_entry *next,
		     *entry = s->buckets.by_name[i];
		     entry; entry = next) {
			next = entry->next_by_name;
			if (entry->round == s->round)
				continue;
			unlink_entry(s, &s->buckets, entry);
			entry->next_by_name = gone;
			gone = entry;
			s->count--;
		}
	(void)pthread_rwlock_unlock(&s->lock);
	return gone;
}

static void end(void *context)
{
	struct stores *s = context;
	for (size_t i = 0; i < s->buckets.count; i += SWEEP) {
		size_t to = i + SWEEP < s->buckets.count ? i + SWEEP :
							   s->buckets.count;
		struct store_entry *gone = sweep(s, i, to);
		while (gone) {
			struct store_entry *next = gone->next_by_name;
			store_entry_free(s->words, gone);
			gone = next;
		}
	}
}

/* One that nobody has seen before is asked for when it matters. */
static void left_out(void *context, const struct node *outline, const char *why)
{
	struct stores *s = context;
	struct store_facts facts;
	(void)why;
	struct store_entry *known =
		store_facts_read(outline, &facts) ? find(s, facts.name) : NULL;
	if (known)
		known->round = s->round;
}

static void removed(void *context, const struct node *object)
{
	struct stores *s = context;
	struct store_facts facts;
	struct store_entry *old =
		store_facts_read(object, &facts) ? find(s, facts.name) : NULL;
	if (old)
		replace(s, old, NULL);
}

struct informer_sink stores_sink(struct stores *s)
{
	return (struct informer_sink){ .begin = begin,
				       .set = set,
				       .end = end,
				       .left_out = left_out,
				       .removed = removed,
				       .context = s };
}

/* --- readers --- */

bool stores_find(struct stores *s, struct sg_arena *a, const char *name,
		 struct store_facts *out)
{
	(void)pthread_rwlock_rdlock(&s->lock);
	const struct store_entry *entry = find(s, name);
	if (entry)
		store_entry_facts(entry, a, out);
	(void)pthread_rwlock_unlock(&s->lock);
	return entry && !a->failed;
}

static bool is_older(const struct store_entry *a, const struct store_entry *b)
{
	if (a->created != b->created)
		return a->created < b->created;
	return strcmp(store_entry_name(a), store_entry_name(b)) < 0;
}

static const struct store_entry *oldest(const struct stores *s,
					const char *host, const char *name)
{
	const struct buckets *b = &s->buckets;
	const struct store_entry *found = NULL;
	for (const struct store_entry *entry = b->by_host[place(s, b, host)];
	     entry; entry = entry->next_by_host)
		if (strcmp(store_entry_host(entry), host) == 0 &&
		    strcmp(store_entry_name(entry), name) != 0 &&
		    (!found || is_older(entry, found)))
			found = entry;
	return found;
}

bool stores_find_host(struct stores *s, struct sg_arena *a, const char *host,
		      const char *name, struct store_facts *out)
{
	(void)pthread_rwlock_rdlock(&s->lock);
	const struct store_entry *entry = oldest(s, host, name);
	if (entry)
		store_entry_facts(entry, a, out);
	(void)pthread_rwlock_unlock(&s->lock);
	return entry && !a->failed;
}

/* false when there is no such bucket. */
static bool tell_buckets(struct stores *s, size_t from,
			 void (*tell)(void *context, const char *owner,
				      const char *name),
			 void *context)
{
	(void)pthread_rwlock_rdlock(&s->lock);
	const struct buckets *b = &s->buckets;
	for (size_t i = from; i < from + SWEEP && i < b->count; i++)
		for (const struct store_entry *entry = b->by_name[i]; entry;
		     entry = entry->next_by_name)
			tell(context, store_entry_owner(entry),
			     store_entry_name(entry));
	bool more = from + SWEEP < b->count;
	(void)pthread_rwlock_unlock(&s->lock);
	return more;
}

void stores_each(struct stores *s,
		 void (*tell)(void *context, const char *owner,
			      const char *name),
		 void *context)
{
	size_t from = 0;
	while (tell_buckets(s, from, tell, context))
		from += SWEEP;
}

size_t stores_count(struct stores *s)
{
	(void)pthread_rwlock_rdlock(&s->lock);
	size_t count = s->count;
	(void)pthread_rwlock_unlock(&s->lock);
	return count;
}

/* --- */

struct stores *stores_new(void)
{
	cleanup_free struct stores *s = calloc(1, sizeof *s);
	pthread_rwlockattr_t attributes;
	if (!s || !buckets_make(&s->buckets, FIRST_BUCKETS))
		return NULL;
	s->words = words_new();
	if (!s->words) {
		free(s->buckets.by_name);
		free(s->buckets.by_host);
		return NULL;
	}
	arc4random_buf(&s->seed, sizeof s->seed);
	(void)pthread_rwlockattr_init(&attributes);
	/* else events would wait as long as there are readers */
	(void)pthread_rwlockattr_setkind_np(
		&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	(void)pthread_rwlock_init(&s->lock, &attributes);
	(void)pthread_rwlockattr_destroy(&attributes);
	return steal(&s);
}

void stores_free(struct stores *s)
{
	if (!s)
		return;
	s->round++;
	end(s);
	free(s->buckets.by_name);
	free(s->buckets.by_host);
	words_free(s->words);
	(void)pthread_rwlock_destroy(&s->lock);
	free(s);
}
