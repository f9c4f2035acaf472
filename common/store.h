/*
 * A Store: what it says, what its defaults are, and the policy's rules for it.
 * Defaults and rules are those of the webhook, so both give the same verdict.
 */
#ifndef SG_STORE_H
#define SG_STORE_H

#include "policy.h"
#include "violations.h"

struct store {
	const char *name;
	const char *uid; /* NULL of one that is not in a cluster */
	const char *engine;
	const char *plan;
	const char *owner;
	const char *host;
	const char *display_name;
	const char *admin_email;
	const char *delivery;
	const char *deletion_protection; /* "true" or "false", if it says */
	const struct node *values; /* a mapping, sealed or not, or NULL */
};

/* Whether a document is a Store of our group, whatever its version. */
bool store_is_store(const struct node *document);

/*
 * Reads a Store document; absent fields stay NULL. Strings live in the arena,
 * uid and values in the document. SG_INVALID when it is no well-formed Store.
 */
int store_decode(struct sg_arena *a, const struct node *document,
		 struct store *out, struct sg_error *e);

/*
 * Fills in what the policy defaults: plan, host, display name, delivery. Host and
 * display name come from the name, and wait for it while there is none.
 */
int store_default(struct sg_arena *a, const struct policy *p, struct store *s,
		  struct sg_error *e);

/*
 * Whether a user is a person, to whom a Store belongs that names no owner: no service
 * account, node or part of the cluster, whose names begin with "system:".
 */
bool store_user_is_person(const char *user);

/*
 * Whether a user's name can be an owner's, which is in labels, annotations and messages:
 * one line of 1 to STORE_OWNER_MAX bytes, without control characters.
 */
enum { STORE_OWNER_MAX = 253 };
#define STORE_OWNER_RULE                                                       \
	"an owner is a user's name: one line of 1 to 253 bytes of UTF-8, without control characters"
bool store_is_owner(const char *user);

/*
 * The rules, each adding what it finds to v. Host and value paths are checked
 * where given.
 */
void store_check_name(const struct policy *p, const char *name,
		      struct violations *v);
void store_check_host(const struct policy *p, const char *host,
		      struct violations *v);
void store_check_engine(const struct policy *p, const struct store *s,
			struct violations *v);
/* Of all values, or of those that are not the same in `old` (which may be NULL). */
void store_check_values(const struct policy *p, const struct store *s,
			const struct node *old, struct violations *v);
/*
 * All of them. Where v excuses what was admitted, a Store is not held to what may have
 * been stricter since, of names, hosts, owners, display names, values and the plans of its
 * engine, but to what makes it usable: well-formed, of an engine and a plan that there are,
 * and no secrets in its values.
 */
void store_check(const struct policy *p, const struct store *s,
		 struct violations *v);
/*
 * Of a Store that was `old`, both with their defaults: what may not change, and all
 * of them for what did. What was admitted once stays so when the policy changes.
 */
void store_check_change(const struct policy *p, const struct store *s,
			const struct store *old, struct violations *v);

#endif
