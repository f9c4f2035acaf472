/*
 * A certificate authority and serving certificates, as kube-apiserver (Go's
 * crypto/x509, RFC 5280) accepts them: P-256, SHA-256, random serials of 127 bits,
 * valid from five minutes ago, names as subjectAltName. PEM in, PEM out; no files.
 * Texts of PEM are NUL-terminated. Errors are SG_INVALID, or SG_IO without memory or
 * randomness; none tells anything of a key. Safe from all threads.
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
#define cleanup_certs_pair cleanup_with(certs_pair_release)

/* Replaces a text of a pair; the former one is wiped. */
int certs_text_set(struct sg_buffer *text, const char *bytes, size_t length,
		   struct sg_error *e);
/* Never NULL. */
const char *certs_text(const struct sg_buffer *text);

/* A CA that may sign leaves only. On failure `out` is left alone. */
int certs_make_ca(const char *common_name, int64_t valid_seconds,
		  struct certs_pair *out, struct sg_error *e);
/*
 * A serving certificate for these names (DNS names or IP addresses); it does not
 * outlive the CA. On failure `out` is left alone.
 */
int certs_issue(const struct certs_pair *ca, const char *const *names,
		unsigned count, int64_t valid_seconds, struct certs_pair *out,
		struct sg_error *e);

/*
 * Several CAs as one bundle: each certificate of both texts once, those that have
 * expired left out. Texts may be empty, `out` is replaced.
 */
int certs_bundle(const char *first, const char *second, struct sg_buffer *out,
		 struct sg_error *e);
/* How many certificates a text holds, 0 when it is none. */
unsigned certs_count(const char *text);
/*
 * The certificate of a text that belongs to this key, into `out`. SG_INVALID when
 * there is none.
 */
int certs_find(const char *text, const char *key, struct sg_buffer *out,
	       struct sg_error *e);

enum { CERTS_NAMES_SIZE = 2048 };

struct certs_facts {
	int64_t not_before; /* seconds since 1970 */
	int64_t not_after;
	char fingerprint[65]; /* SHA-256 of the certificate, hexadecimal */
	char subject[256];
	char issuer[256];
	char names[CERTS_NAMES_SIZE]; /* "a b c"; "" when it has none */
};
/* Of a text's certificate at this place, counted from 0. */
int certs_read(const char *text, unsigned at, struct certs_facts *out,
	       struct sg_error *e);
/* When two thirds of its life are over. */
bool certs_is_due(const struct certs_facts *f, int64_t now);

/* Whether key and certificate belong together; else why not. */
int certs_check_pair(const struct certs_pair *p, struct sg_error *e);
/* Whether a CA can be signed with now, and is one of the bundle; else why not. */
int certs_check_ca(const struct certs_pair *ca, const char *bundle, int64_t now,
		   struct sg_error *e);
/* Whether key and certificate belong together, the certificate is valid now, was
 * signed by one of that bundle, and is good for all of these names; else why not. */
int certs_check(const struct certs_pair *leaf, const char *bundle,
		const char *const *names, unsigned count, int64_t now,
		struct sg_error *e);

#endif
