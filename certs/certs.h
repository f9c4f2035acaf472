/*
 * A certificate authority and serving certificates, as kube-apiserver (Go's
 * crypto/x509, RFC 5280) accepts them: P-256, SHA-256, random serials of 127 bits,
 * valid from five minutes ago, names as subjectAltName. PEM in, PEM out; no files.
 */
#ifndef SG_CERTS_H
#define SG_CERTS_H

#include <stdbool.h>
#include <stdint.h>

#include "buffer.h"

struct certs_pair {
	struct sg_buffer certificate; /* PEM */
	struct sg_buffer key;	      /* PEM, PKCS#8; wiped when released */
};

void certs_pair_init(struct certs_pair *p);
void certs_pair_release(struct certs_pair *p);

/* A CA that may sign leaves only. */
int certs_make_ca(const char *common_name, int64_t valid_seconds,
		  struct certs_pair *out, struct sg_error *e);
/* A serving certificate for these names (DNS names or IP addresses). */
int certs_issue(const struct certs_pair *ca, const char *const *names,
		unsigned count, int64_t valid_seconds, struct certs_pair *out,
		struct sg_error *e);

/*
 * Several CAs as one bundle: each certificate of both texts once, those that have
 * expired left out. Texts may be empty.
 */
int certs_bundle(const char *first, const char *second, struct sg_buffer *out,
		 struct sg_error *e);

struct certs_facts {
	int64_t not_before; /* seconds since 1970 */
	int64_t not_after;
	char fingerprint[65]; /* SHA-256 of the certificate, hexadecimal */
	char subject[256];
};
/* Of the first certificate in a text. */
int certs_read(const char *certificate, struct certs_facts *out,
	       struct sg_error *e);
/* When two thirds of its life are over. */
bool certs_is_due(const struct certs_facts *f, int64_t now);
/* Whether key and certificate belong together, the certificate is valid now, was
 * signed by one of that bundle, and is good for all of these names; else why not. */
int certs_check(const struct certs_pair *leaf, const char *bundle,
		const char *const *names, unsigned count, int64_t now,
		struct sg_error *e);

#endif
