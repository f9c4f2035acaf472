/*
 * Everything wrong with an object, at once. Each violation names its field and
 * says what would be accepted; the webhook answers them as details.causes, the
 * post-renderer prints them as bullets.
 */
#ifndef SG_VIOLATIONS_H
#define SG_VIOLATIONS_H

#include "arena.h"
#include "limits.h"

/* What kind of wrong, in Kubernetes' terms (metav1.CauseType, field.ErrorType). */
enum violation_kind {
	VIOLATION_INVALID, /* malformed, or otherwise not to be had */
	VIOLATION_REQUIRED, /* absent */
	VIOLATION_NOT_SUPPORTED, /* none of a list */
	VIOLATION_DUPLICATE, /* another has it */
	VIOLATION_FORBIDDEN, /* well-formed, but not allowed, or not to this user */
};

/* Bytes of a message; a longer one is cut, and says so. */
enum { VIOLATION_MESSAGE_SIZE = 1536 };

struct violation {
	enum violation_kind kind;
	const char *field; /* like spec.host */
	const char *message;
};

struct violations {
	struct sg_arena *arena; /* owns the messages */
	struct violation items[SG_MAX_VIOLATIONS];
	unsigned count;
	unsigned more; /* beyond the cap: counted, not kept */
	/*
	 * Set after violations_init() for what was admitted once: gets what is only
	 * against a rule that the policy may have got since, apart from the others, so
	 * that neither hides the other at the cap. NULL: there is no difference.
	 */
	struct violations *excused;
};

void violations_init(struct violations *v, struct sg_arena *arena);
/* VIOLATION_INVALID. */
void violations_add(struct violations *v, const char *field,
		    const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void violations_add_as(struct violations *v, enum violation_kind kind,
		       const char *field, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Where to add what an object that was admitted once is excused from. */
struct violations *violations_excusable(struct violations *v);
/* 0 when there are none, else -1 with SG_REFUSED and one bullet each. */
int violations_check(const struct violations *v, const char *subject,
		     struct sg_error *e);

#endif
