#include "keyring.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"

const char *const keyring_names[KEYRING_PARTS] = {
	[KEYRING_BUNDLE] = "ca-bundle.crt", [KEYRING_CA_KEY] = "ca.key",
	[KEYRING_CA] = "ca.crt",	    [KEYRING_LEAF_KEY] = "tls.key",
	[KEYRING_LEAF] = "tls.crt",
};

void keyring_init(struct keyring *k)
{
	certs_pair_init(&k->ca);
	certs_pair_init(&k->leaf);
	sg_buffer_init(&k->bundle, SG_MAX_PEM);
}

void keyring_release(struct keyring *k)
{
	certs_pair_release(&k->ca);
	certs_pair_release(&k->leaf);
	sg_buffer_release(&k->bundle);
}

struct sg_buffer *keyring_part(struct keyring *k, int part)
{
	switch (part) {
	case KEYRING_BUNDLE: return &k->bundle;
	case KEYRING_CA_KEY: return &k->ca.key;
	case KEYRING_CA: return &k->ca.certificate;
	case KEYRING_LEAF_KEY: return &k->leaf.key;
	default: return &k->leaf.certificate;
	}
}

/* --- looking ----------------------------------------------------------------- */

static bool is_due(const struct certs_pair *p, int64_t now)
{
	struct certs_facts facts;
	struct sg_error e;
	return certs_read(certs_text(&p->certificate), 0, &facts, &e) ||
	       certs_is_due(&facts, now);
}

/* Whether `failed` is 0; the first reason why not is kept. */
static bool holds(int failed, const struct sg_error *e, const char *what,
		  char why[SG_MAX_MESSAGE])
{
	if (failed && !*why)
		(void)snprintf(why, SG_MAX_MESSAGE, "%s: %.1900s", what,
			       e->message);
	return !failed;
}

void keyring_look(const struct keyring *k, const struct keyring_terms *t,
		  int64_t now, struct keyring_view *out)
{
	const char *bundle = certs_text(&k->bundle);
	const char *ca = certs_text(&k->ca.certificate);
	struct certs_facts facts;
	struct sg_error e = { 0 };
	*out = (struct keyring_view){ 0 };
	out->ca_holds = holds(certs_check_ca(&k->ca, bundle, now, &e), &e,
			      "the CA", out->why);
	out->leaf_holds = holds(certs_check(&k->leaf, bundle, NULL, 0, now, &e),
				&e, "the serving certificate", out->why);
	out->leaf_by_ca = out->leaf_holds &&
			  certs_check(&k->leaf, ca, NULL, 0, now, &e) == 0;
	out->is_named = out->leaf_holds &&
			certs_check(&k->leaf, bundle, t->names, t->count, now,
				    &e) == 0;
	out->has_others = certs_count(bundle) > 1;
	out->ca_is_due = is_due(&k->ca, now);
	out->leaf_is_due = is_due(&k->leaf, now);
	if (certs_read(certs_text(&k->leaf.certificate), 0, &facts, &e) == 0)
		out->not_after = facts.not_after;
}

enum keyring_step keyring_next(const struct keyring_view *v,
			       bool bundle_is_known, bool leaf_is_shown)
{
	if (!v->ca_holds) /* what works stays until the new CA is known */
		return v->leaf_holds ? KEYRING_RENEW_CA : KEYRING_MAKE;
	if (!v->leaf_holds) /* nobody is served by it: no need to wait */
		return KEYRING_RENEW_LEAF;
	if (!v->leaf_by_ca)
		return bundle_is_known ? KEYRING_RENEW_LEAF : KEYRING_REST;
	if (v->leaf_is_due || !v->is_named)
		return KEYRING_RENEW_LEAF;
	if (v->has_others)
		return leaf_is_shown ? KEYRING_DROP_OLD : KEYRING_REST;
	return v->ca_is_due ? KEYRING_RENEW_CA : KEYRING_REST;
}

/* --- steps ------------------------------------------------------------------- */

static void new_name(char name[64])
{
	time_t now = time(NULL);
	struct tm utc;
	if (!gmtime_r(&now, &utc) ||
	    !strftime(name, 64, "storeguard-ca-%Y%m%d%H%M%S", &utc))
		(void)snprintf(name, 64, "storeguard-ca");
}

/* A new CA beside what of the bundle still holds; the leaf stays. */
static int renew_ca(struct keyring *k, const struct keyring_terms *t,
		    struct sg_error *e)
{
	cleanup_certs_pair struct certs_pair ca;
	char name[64];
	certs_pair_init(&ca);
	new_name(name);
	if (certs_make_ca(name, t->ca_seconds, &ca, e))
		return -1;
	struct sg_error ignored;
	const char *former = certs_text(&k->bundle), *made =
		certs_text(&ca.certificate);
	if (certs_bundle(former, made, &k->bundle, &ignored) &&
	    certs_bundle("", made, &k->bundle, e)) /* the former is broken */
		return -1;
	certs_pair_release(&k->ca);
	k->ca = ca;
	certs_pair_init(&ca);
	return 0;
}

static int make(struct keyring *k, const struct keyring_terms *t,
		struct sg_error *e)
{
	cleanup_keyring struct keyring fresh;
	keyring_init(&fresh);
	if (certs_text_set(&fresh.bundle, certs_text(&k->bundle),
			   k->bundle.length, e) ||
	    renew_ca(&fresh, t, e) ||
	    certs_issue(&fresh.ca, t->names, t->count, t->leaf_seconds,
			&fresh.leaf, e))
		return -1;
	keyring_release(k);
	*k = fresh;
	keyring_init(&fresh);
	return 0;
}

int keyring_take(struct keyring *k, enum keyring_step step,
		 const struct keyring_terms *t, struct sg_error *e)
{
	switch (step) {
	case KEYRING_MAKE: return make(k, t, e);
	case KEYRING_RENEW_CA: return renew_ca(k, t, e);
	case KEYRING_RENEW_LEAF:
		return certs_issue(&k->ca, t->names, t->count, t->leaf_seconds,
				   &k->leaf, e);
	case KEYRING_DROP_OLD:
		return certs_bundle("", certs_text(&k->ca.certificate),
				    &k->bundle, e);
	default: return 0;
	}
}

const char *keyring_step_done(enum keyring_step step)
{
	switch (step) {
	case KEYRING_MAKE: return "made a CA and a serving certificate";
	case KEYRING_RENEW_CA:
		return "made a new CA beside the one in use";
	case KEYRING_RENEW_LEAF: return "made a new serving certificate";
	case KEYRING_DROP_OLD: return "dropped the old CA";
	default: return "put back what was there";
	}
}
