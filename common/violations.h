/*
 * Everything wrong with an object, at once. Each violation names its field and
 * says what would be accepted; the webhook answers them as details.causes, the
 * post-renderer prints them as bullets.
 */
#ifndef SG_VIOLATIONS_H
#define SG_VIOLATIONS_H

#include "arena.h"
#include "limits.h"

struct violation {
	const char *field; /* like spec.host */
	const char *message;
};

struct violations {
	struct sg_arena *arena; /* owns the messages */
	struct violation items[SG_MAX_VIOLATIONS];
	unsigned count; /* further ones are dropped at the cap */
};

void violations_init(struct violations *v, struct sg_arena *arena);
void violations_add(struct violations *v, const char *field,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* 0 when there are none, else -1 with SG_REFUSED and one bullet each. */
int violations_check(const struct violations *v, const char *subject,
		     struct sg_error *e);

#endif
