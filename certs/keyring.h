/*
 * A CA, the serving certificate that is shown, and the bundle of CAs that callers are
 * told to trust: kept together, and changed in steps that never leave a caller with a
 * certificate that it can't verify. Kept as files by storeguard-certs, as a Secret by
 * the webhook; nothing here does I/O.
 *
 * The state is in what is kept, so whoever comes along goes on:
 *
 *   state        bundle     leaf signed by   what may follow, and when
 *   nothing      -          -                make
 *   steady       ca         ca               renew the leaf, when it is due
 *                                            renew the CA, when it is due
 *   overlapping  old + ca   old              renew the leaf, once all callers have
 *                                            the bundle
 *   switched     old + ca   ca               drop the old CA, once all servers show
 *                                            the new leaf
 *
 * What is broken or has expired is made anew: the leaf at once where the CA holds; the
 * CA, overlapping, where the leaf holds; else everything, beside what of the former
 * bundle still holds (the state is "switched" then).
 */
#ifndef SG_KEYRING_H
#define SG_KEYRING_H

#include "certs.h"

struct keyring {
	struct certs_pair ca; /* that signs the next leaf */
	struct certs_pair leaf;
	struct sg_buffer bundle;
};

void keyring_init(struct keyring *k);
/* Wipes the keys. */
void keyring_release(struct keyring *k);
#define cleanup_keyring cleanup_with(keyring_release)

/* Files of a folder and keys of a Secret, in the order in which files are written. */
enum {
	KEYRING_BUNDLE, /* ca-bundle.crt */
	KEYRING_CA_KEY,
	KEYRING_CA,
	KEYRING_LEAF_KEY,
	KEYRING_LEAF,
	KEYRING_PARTS
};
extern const char *const keyring_names[KEYRING_PARTS];
struct sg_buffer *keyring_part(struct keyring *k, int part);

/* Names that a leaf is for, and how long what is made lives. */
struct keyring_terms {
	const char *const *names;
	unsigned count;
	int64_t ca_seconds;
	int64_t leaf_seconds;
};

struct keyring_view {
	bool ca_holds;	 /* key and certificate, valid now, in the bundle */
	bool leaf_holds; /* key and certificate, valid now, signed by the bundle */
	bool leaf_by_ca; /* by the CA, not by an older one */
	bool is_named;	 /* the leaf is good for all names */
	bool has_others; /* the bundle holds more than the CA */
	bool ca_is_due;
	bool leaf_is_due;
	int64_t not_after;   /* of the leaf; 0: none */
	char why[SG_MAX_MESSAGE]; /* something doesn't hold; "" otherwise */
};
/* `names` may be none. */
void keyring_look(const struct keyring *k, const struct keyring_terms *t,
		  int64_t now, struct keyring_view *out);

enum keyring_step {
	KEYRING_REST, /* nothing is to be done now */
	KEYRING_MAKE,
	KEYRING_RENEW_CA,
	KEYRING_RENEW_LEAF,
	KEYRING_DROP_OLD,
};
/*
 * What to do next. bundle_is_known: all callers have had the bundle for long enough;
 * leaf_is_shown: all servers have shown the leaf for long enough.
 */
enum keyring_step keyring_next(const struct keyring_view *v,
			       bool bundle_is_known, bool leaf_is_shown);
/* "renewed the CA", for a log. */
const char *keyring_step_done(enum keyring_step step);
/* Takes that step. On failure the keyring is left alone. */
int keyring_take(struct keyring *k, enum keyring_step step,
		 const struct keyring_terms *t, struct sg_error *e);

#endif
