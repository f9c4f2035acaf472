/*
 * Who is the store? Flags, else --store-file or --store-env, else a Store in the
 * stream; Helm tells a post-renderer neither release nor namespace.
 */
#ifndef SG_IDENTITY_H
#define SG_IDENTITY_H

#include "diagnostics.h"
#include "documents.h"
#include "options.h"
#include "store.h"

struct identity {
	struct store store; /* plan and host defaulted */
	const struct engine *engine;
	const struct plan *plan;
	const struct cluster_facts *cluster; /* as the policy tells of it */
	const char *namespace;
	/* The owner as a label; NULL where no owner is known. */
	const char *owner_label;
	bool owner_encoded; /* the raw one goes into an annotation */
};

/*
 * Reads the Store given, if one is, and looks through the documents where it
 * must. SG_USAGE when nobody says who the store is, SG_REFUSED when they
 * disagree or the policy refuses it (see identity_check).
 */
int identity_resolve(struct sg_arena *a, const struct options *options,
		     const struct policy *policy, const struct documents *docs,
		     struct identity *out, struct diagnostics *d,
		     struct sg_error *e);

/*
 * Whether the store may live in a namespace of that name: guards close it to all
 * else, so it is none of Kubernetes' own, and no other store's by its name.
 */
bool identity_may_live_in(const char *store, const char *namespace);

/*
 * SG_REFUSED when the policy refuses the Store, which has its defaults; the subject
 * begins the message. Of one that was admitted, by the caller's word and never by the
 * Store's own, it is only warned of what the policy may have forbidden since.
 */
int identity_check(struct sg_arena *a, const struct policy *policy,
		   const struct store *s, bool admitted, const char *subject,
		   struct diagnostics *d, struct sg_error *e);

/*
 * The Store that the options name: one document that is a Store, YAML or JSON. In a
 * variable it is held to the same limits as in a file. SG_REFUSED when it is not the
 * cluster's, as the options tell that one's uid.
 */
int identity_read_store(struct sg_arena *a, const struct options *o,
			struct store *out, struct sg_error *e);

#endif
