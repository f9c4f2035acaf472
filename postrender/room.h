/*
 * A store stays in its room: no object of the release may live outside the
 * store's namespace or carry another store's labels, and no pod may have of its
 * node what Pod Security "baseline" forbids (its network, processes, files,
 * devices), which NetworkPolicies and quotas do not bind, unless the engine's
 * podSecurity lets it. Where the release makes the namespace, its pods must also
 * be such as the level that the namespace enforces lets in.
 */
#ifndef SG_ROOM_H
#define SG_ROOM_H

#include "diagnostics.h"
#include "identity.h"
#include "object.h"
#include "pod_security.h"
#include "violations.h"

enum { ROOM_LEVELS = POD_SECURITY_RESTRICTED + 1 };

struct room {
	const struct identity *who;
	const struct options *options;
	struct sg_arena arena; /* owns the texts */
	enum pod_security engine; /* the level in its podSecurity */
	enum pod_security required; /* that every pod is held to */
	enum pod_security enforced; /* by a Namespace of the chart's own */
	struct violations faults; /* each with the object it is of */
	/* What levels above the required one would refuse. */
	struct violations by_level[ROOM_LEVELS];
	unsigned refused[ROOM_LEVELS]; /* objects that each would refuse */
	/* For the object that is looked at. */
	const struct object *object;
	const char *place;
};

void room_init(struct room *r, const struct identity *who,
	       const struct options *options);
void room_release(struct room *r);

/* Notes all that is wrong with it. */
void room_check(struct room *r, const struct object *o);

/* Notes something else that is wrong with the object that was checked last. */
void room_refuse(struct room *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Once, after all objects: 0, or -1 with SG_REFUSED when something is wrong. It is
 * said then, all of it, and the error has no message.
 */
int room_finish(struct room *r, struct diagnostics *d, struct sg_error *e);

#endif
