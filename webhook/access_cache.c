#include "access_cache.h"

#include <string.h>

static bool is_same(const struct access_key *a, const struct access_key *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

enum access_state access_cache_find(const struct access_cache *c,
				    const struct access_key *key, int64_t now)
{
	const struct access_entry *set = c->entries[key->bytes[0]];
	for (unsigned i = 0; i < ACCESS_WAYS; i++)
		if (set[i].until > now && is_same(&set[i].key, key))
			return set[i].allowed ? ACCESS_YES : ACCESS_NO;
	return ACCESS_UNKNOWN;
}

void access_cache_keep(struct access_cache *c, const struct access_key *key,
		       bool allowed, int64_t now)
{
	struct access_entry *set = c->entries[key->bytes[0]];
	struct access_entry *place = &set[0];
	for (unsigned i = 0; i < ACCESS_WAYS; i++) {
		if (is_same(&set[i].key, key)) {
			place = &set[i];
			break;
		}
		if (set[i].until < place->until)
			place = &set[i];
	}
	*place = (struct access_entry){
		.key = *key,
		.allowed = allowed,
		.until = now + (allowed ? ACCESS_YES_LASTS : ACCESS_NO_LASTS),
	};
}
