#include "store_entry.h"

#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

/* --- UUIDs --- */

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_hyphen_place(size_t at)
{
	return at == 8 || at == 13 || at == 18 || at == 23;
}

bool uuid_pack(const char *text, uint8_t out[16])
{
	size_t digits = 0;
	if (strlen(text) != UUID_SIZE - 1)
		return false;
	for (size_t i = 0; i < UUID_SIZE - 1; i++) {
		if (is_hyphen_place(i) != (text[i] == '-'))
			return false;
		if (text[i] == '-')
			continue;
		int value = hex_value(text[i]);
		if (value < 0)
			return false;
		uint8_t high = digits % 2 ? out[digits / 2] : 0;
		out[digits / 2] = (uint8_t)(high << 4 | value);
		digits++;
	}
	return true;
}

void uuid_unpack(const uint8_t uuid[16], char text[UUID_SIZE])
{
	static const char hex[] = "0123456789abcdef";
	size_t at = 0;
	for (size_t i = 0; i < 16; i++) {
		if (is_hyphen_place(at))
			text[at++] = '-';
		text[at++] = hex[uuid[i] >> 4];
		text[at++] = hex[uuid[i] & 15];
	}
	text[at] = '\0';
}

/* --- words --- */

enum { BUCKETS = 64 };

struct word {
	struct word *next;
	size_t users;
	char text[];
};

struct words {
	struct word *buckets[BUCKETS];
};

struct words *words_new(void)
{
	return calloc(1, sizeof(struct words));
}

void words_free(struct words *w)
{
	for (size_t i = 0; w && i < BUCKETS; i++)
		while (w->buckets[i]) {
			struct word *next = w->buckets[i]->next;
			free(w->buckets[i]);
			w->buckets[i] = next;
		}
	free(w);
}

static struct word **words_place(struct words *w, const char *text)
{
	size_t sum = 0;
	for (const char *c = text; *c; c++)
		sum = sum * 31 + (unsigned char)*c;
	struct word **at = &w->buckets[sum % BUCKETS];
	while (*at && strcmp((*at)->text, text) != 0)
		at = &(*at)->next;
	return at;
}

static const char *words_take(struct words *w, const char *text)
{
	struct word **at = words_place(w, text);
	size_t length = strlen(text);
	if (!*at) {
		*at = malloc(sizeof **at + length + 1);
		if (!*at)
			return NULL;
		**at = (struct word){ 0 };
		memcpy((*at)->text, text, length + 1);
	}
	(*at)->users++;
	return (*at)->text;
}

static void words_give(struct words *w, const char *text)
{
	struct word **at = text ? words_place(w, text) : NULL;
	if (!at || --(*at)->users)
		return;
	struct word *gone = *at;
	*at = gone->next;
	free(gone);
}

/* --- entries --- */

/* Appends with its NUL; where it begins. */
static uint16_t put(char *text, size_t *used, const char *what)
{
	size_t length = strlen(what) + 1, at = *used;
	memcpy(text + at, what, length);
	*used += length;
	return (uint16_t)at;
}

struct store_entry *store_entry_new(struct words *w,
				    const struct store_facts *f,
				    int64_t created)
{
	uint8_t uid[16] = { 0 };
	bool packed = uuid_pack(f->uid, uid);
	size_t used = 0, size = strlen(f->name) + strlen(f->host) +
				strlen(f->owner) + 3 +
				(packed ? 0 : strlen(f->uid) + 1);
	struct store_entry *entry =
		size <= UINT16_MAX ? malloc(sizeof *entry + size) : NULL;
	if (!entry)
		return NULL;
	*entry = (struct store_entry){ .created = created,
				       .deleting = f->deleting };
	memcpy(entry->uid, uid, sizeof uid);
	(void)put(entry->text, &used, f->name);
	entry->host_at = put(entry->text, &used, f->host);
	entry->owner_at = put(entry->text, &used, f->owner);
	if (!packed)
		entry->uid_at = put(entry->text, &used, f->uid);
	entry->engine = words_take(w, f->engine);
	entry->plan = words_take(w, f->plan);
	entry->delivery = words_take(w, f->delivery);
	if (entry->engine && entry->plan && entry->delivery)
		return entry;
	store_entry_free(w, entry);
	return NULL;
}

void store_entry_free(struct words *w, struct store_entry *entry)
{
	words_give(w, entry->engine);
	words_give(w, entry->plan);
	words_give(w, entry->delivery);
	free(entry);
}

static const char *copy(struct sg_arena *a, const char *text)
{
	return sg_arena_copy(a, text, strlen(text));
}

void store_entry_facts(const struct store_entry *entry, struct sg_arena *a,
		       struct store_facts *out)
{
	char uid[UUID_SIZE];
	uuid_unpack(entry->uid, uid);
	*out = (struct store_facts){
		.name = copy(a, entry->text),
		.uid = copy(a, entry->uid_at ? entry->text + entry->uid_at :
					       uid),
		.owner = copy(a, entry->text + entry->owner_at),
		.engine = copy(a, entry->engine),
		.plan = copy(a, entry->plan),
		.host = copy(a, entry->text + entry->host_at),
		.delivery = copy(a, entry->delivery),
		.deleting = entry->deleting,
	};
}

bool store_entry_is(const struct store_entry *a, const struct store_entry *b)
{
	return strcmp(a->text, b->text) == 0 &&
	       strcmp(store_entry_host(a), store_entry_host(b)) == 0 &&
	       strcmp(a->text + a->owner_at, b->text + b->owner_at) == 0 &&
	       !a->uid_at == !b->uid_at &&
	       strcmp(a->text + a->uid_at, b->text + b->uid_at) == 0 &&
	       memcmp(a->uid, b->uid, sizeof a->uid) == 0 &&
	       a->engine == b->engine && a->plan == b->plan &&
	       a->delivery == b->delivery && a->created == b->created &&
	       a->deleting == b->deleting;
}
