/* Between PEM texts and OpenSSL's objects; for this room only. */
#ifndef SG_PEM_H
#define SG_PEM_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "cleanup.h"
#include "error.h"

static inline void pem_free_certificate(X509 **c)
{
	X509_free(*c);
}

static inline void pem_free_key(EVP_PKEY **k)
{
	EVP_PKEY_free(*k);
}

static inline void pem_free_list(STACK_OF(X509) **list)
{
	sk_X509_pop_free(*list, X509_free);
}

#define cleanup_certificate cleanup_with(pem_free_certificate)
#define cleanup_key cleanup_with(pem_free_key)
#define cleanup_certificates cleanup_with(pem_free_list)

struct sg_buffer;

/*
 * All certificates of a text, in order; what stands between them is passed over.
 * NULL with SG_INVALID when one is broken, or there is none and `least` is 1.
 */
STACK_OF(X509) *pem_certificates(const char *text, int least, struct sg_error *e);
/* The first one. */
X509 *pem_certificate(const char *text, struct sg_error *e);
/* A key that is not encrypted. */
EVP_PKEY *pem_key(const char *text, struct sg_error *e);

/* Append. */
int pem_write_certificate(const X509 *c, struct sg_buffer *out,
			  struct sg_error *e);
int pem_write_key(const EVP_PKEY *k, struct sg_buffer *out, struct sg_error *e);

/* SG_IO: `what` failed, for OpenSSL's reason. Empties OpenSSL's queue. */
int pem_failed(struct sg_error *e, const char *what);

#endif
