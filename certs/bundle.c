#include "certs.h"

#include <time.h>

#include "pem.h"

/* Below 0: before now; RFC 5280's times, whose seconds are all there is. */
static bool is_expired(const X509 *c)
{
	return X509_cmp_time(X509_get0_notAfter(c), NULL) <= 0;
}

static bool is_among(const STACK_OF(X509) *list, int count, const X509 *c)
{
	for (int i = 0; i < count; i++)
		if (X509_cmp(sk_X509_value(list, i), c) == 0)
			return true;
	return false;
}

/* Appends those of a text that are new and have not expired. */
static int add(const char *text, STACK_OF(X509) *seen, struct sg_buffer *out,
	       struct sg_error *e)
{
	cleanup_certificates STACK_OF(X509) *list = pem_certificates(text, 0, e);
	if (!list)
		return -1;
	while (sk_X509_num(list) > 0) {
		cleanup_certificate X509 *c = sk_X509_shift(list);
		if (is_expired(c) || is_among(seen, sk_X509_num(seen), c))
			continue;
		if (pem_write_certificate(c, out, e))
			return -1;
		if (!sk_X509_push(seen, c))
			return sg_error_memory(e);
		c = NULL; /* the list's */
	}
	return 0;
}

int certs_bundle(const char *first, const char *second, struct sg_buffer *out,
		 struct sg_error *e)
{
	cleanup_certificates STACK_OF(X509) *seen = sk_X509_new_null();
	cleanup_buffer struct sg_buffer made;
	sg_buffer_init(&made, SG_MAX_PEM);
	if (!seen)
		return sg_error_memory(e);
	if (add(first, seen, &made, e) || add(second, seen, &made, e))
		return -1;
	return certs_text_set(out, certs_text(&made), made.length, e);
}

unsigned certs_count(const char *text)
{
	struct sg_error e;
	cleanup_certificates STACK_OF(X509) *list = pem_certificates(text, 0, &e);
	return list ? (unsigned)sk_X509_num(list) : 0;
}

int certs_find(const char *text, const char *key, struct sg_buffer *out,
	       struct sg_error *e)
{
	cleanup_certificates STACK_OF(X509) *list = pem_certificates(text, 0, e);
	cleanup_key EVP_PKEY *wanted = pem_key(key, e);
	if (!list || !wanted)
		return -1;
	for (int i = 0; i < sk_X509_num(list); i++) {
		const X509 *c = sk_X509_value(list, i);
		cleanup_buffer struct sg_buffer made;
		if (EVP_PKEY_eq(X509_get0_pubkey(c), wanted) != 1)
			continue;
		sg_buffer_init(&made, SG_MAX_PEM);
		return pem_write_certificate(c, &made, e) ?
			       -1 :
			       certs_text_set(out, certs_text(&made),
					      made.length, e);
	}
	return sg_error_set(e, SG_INVALID,
			    "no certificate belongs to the key");
}
