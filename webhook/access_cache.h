/*
 * Inside of access.c: answers by key, for a while, in a fixed space. Also which keys
 * are being asked for. Not safe from several threads: access.c holds a lock.
 */
#ifndef SG_ACCESS_CACHE_H
#define SG_ACCESS_CACHE_H

#include <stdbool.h>
#include <stdint.h>

enum { ACCESS_KEY_SIZE = 32, ACCESS_SETS = 256, ACCESS_WAYS = 4 };
/* ms */
enum { ACCESS_YES_LASTS = 10000, ACCESS_NO_LASTS = 5000 };

/* Of a cryptographic hash, so its bytes are spread evenly. */
struct access_key {
	uint8_t bytes[ACCESS_KEY_SIZE];
};

enum access_state {
	ACCESS_UNKNOWN,
	ACCESS_YES,
	ACCESS_NO,
};

struct access_entry {
	struct access_key key;
	int64_t until; /* 0: empty */
	bool allowed;
};

struct access_cache {
	struct access_entry entries[ACCESS_SETS][ACCESS_WAYS];
};

/* `now` in ms, of a clock that only goes forward. */
enum access_state access_cache_find(const struct access_cache *c,
				    const struct access_key *key, int64_t now);
void access_cache_keep(struct access_cache *c, const struct access_key *key,
		       bool allowed, int64_t now);

#endif
