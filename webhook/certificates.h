/*
 * The webhook's own certificate, from one of three sources:
 *
 * - made for this run alone (--standalone);
 * - files that somebody else renews (--tls-cert, --tls-key), looked at every second
 *   by name, so that Kubernetes' swap of ..data is seen like any other change;
 * - a Secret that the replicas make and renew themselves (--cert-secret).
 *
 * The Secret is a keyring (keyring.h) under the names of its files: ca.crt, ca.key,
 * tls.crt, tls.key, ca-bundle.crt. Its states, and who moves on and when:
 *
 *   no Secret     any replica makes one; AlreadyExists tells it that another won
 *   steady        nothing, until two thirds of the CA's or the leaf's life are over;
 *                 then a new leaf, or a new CA beside the old one: overlapping
 *   overlapping   the leaf is the old CA's. Each replica puts the bundle of both into
 *                 the webhook configurations; one that has seen it there for `settle`
 *                 switches the leaf: switched
 *   switched      all replicas show the new leaf as soon as their watch tells. One
 *                 that has shown it for ten times `settle` drops the old CA
 *                 from the bundle: steady
 *   broken        what is missing, broken or expired is made anew, overlapping
 *                 with what still holds
 *
 * Every write names the resourceVersion that it was decided on, so of two replicas
 * one wins and the other looks again. The configurations are read before the Secret, so
 * no replica puts a bundle back that is older than the one it finds. Waiting is by each replica's own clock from its
 * own observation: after a crash at any step, any replica waits anew and goes on. The
 * configurations are looked at every few seconds, so a bundle that somebody overwrites
 * comes back. A configuration that doesn't exist calls nobody and is passed over.
 *
 * A Secret without the label app.kubernetes.io/managed-by: storeguard-webhook is
 * somebody else's (cert-manager's): its tls.crt and tls.key are shown, and neither it
 * nor the configurations are written to.
 *
 * So a new CA is asked for by taking away the old one's key, and a new leaf by taking
 * away its certificate:
 *   kubectl patch secret NAME --type=merge -p '{"data":{"ca.key":null}}'
 *   kubectl patch secret NAME --type=merge -p '{"data":{"tls.crt":""}}'
 *
 * Asked of RBAC: get, watch, create and patch of that Secret; get and patch of the
 * configurations named.
 */
#ifndef SG_CERTIFICATES_H
#define SG_CERTIFICATES_H

#include <stdbool.h>
#include <stdint.h>

#include "api.h"
#include "log.h"
#include "tls.h"

/*
 * Makes a CA and a certificate in memory and shows it; `ca`: the CA, in PEM, for
 * callers that want to verify it.
 */
int certificates_make(struct tls *tls, const char *const *names, unsigned count,
		      struct sg_buffer *ca, struct sg_error *e);

struct certificates;

/* Shows the files' certificate, at once or not at all, then follows them. */
int certificates_follow_files(struct tls *tls, const char *certificate,
			      const char *key, const struct log *log,
			      struct certificates **out, struct sg_error *e);

/* Texts must live as long as what follows them. */
struct certificates_secret {
	const char *secret; /* NAMESPACE/NAME */
	const char *const *names; /* that the certificate is for */
	unsigned count;
	/* Of the ValidatingWebhookConfiguration and MutatingWebhookConfiguration. */
	const char *configurations;
	int64_t settle; /* ms; 0: 60 s */
	int64_t ca_seconds; /* life; 0: two years */
	int64_t leaf_seconds; /* 0: 90 days */
};

/* Begins to make or to read the Secret; certificates_is_ready() says when done. */
int certificates_follow_secret(struct tls *tls, struct api *api,
			       const struct certificates_secret *s,
			       const struct log *log, struct certificates **out,
			       struct sg_error *e);

/* Whether a certificate is shown. */
bool certificates_is_ready(struct certificates *c);
/* When the one shown ends, seconds since 1970; 0: none is. */
int64_t certificates_not_after(struct certificates *c);
/* Waits for the threads; where a Secret is followed, api_stop() was called. */
void certificates_free(struct certificates *c);

#endif
