/*
 * Inside of stores.c: one Store in as few bytes as possible. Immutable but for its
 * links. Engine, plan and delivery are shared words.
 */
#ifndef SG_STORE_ENTRY_H
#define SG_STORE_ENTRY_H

#include "world.h"

/* Texts that many entries share, each kept while one does. One thread at a time. */
struct words;

struct words *words_new(void);
void words_free(struct words *w);

struct store_entry {
	struct store_entry *next_by_name; /* in its bucket */
	struct store_entry *next_by_host;
	const char *engine; /* words */
	const char *plan;
	const char *delivery;
	int64_t created;
	uint32_t round; /* of the list that named it last */
	uint16_t host_at; /* in text */
	uint16_t owner_at;
	uint16_t uid_at; /* 0: packed into uid */
	bool deleting;
	uint8_t uid[16];
	char text[]; /* name, host, owner and an odd uid, each with its NUL */
};

/* NULL without memory, or when a text is longer than any that a Store can have. */
struct store_entry *store_entry_new(struct words *w,
				    const struct store_facts *f,
				    int64_t created);
void store_entry_free(struct words *w, struct store_entry *entry);
/* Copies into the arena. */
void store_entry_facts(const struct store_entry *entry, struct sg_arena *a,
		       struct store_facts *out);
/* Whether they say the same. */
bool store_entry_is(const struct store_entry *a, const struct store_entry *b);

static inline const char *store_entry_name(const struct store_entry *entry)
{
	return entry->text;
}

static inline const char *store_entry_host(const struct store_entry *entry)
{
	return entry->text + entry->host_at;
}

static inline const char *store_entry_owner(const struct store_entry *entry)
{
	return entry->text + entry->owner_at;
}

/* A UUID as the API server writes it, in 16 bytes. false when it is none. */
bool uuid_pack(const char *text, uint8_t out[16]);
enum { UUID_SIZE = 37 };
void uuid_unpack(const uint8_t uuid[16], char text[UUID_SIZE]);

#endif
