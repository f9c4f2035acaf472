#include "pem.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "buffer.h"

static void free_bio(BIO **b)
{
	BIO_free_all(*b); /* a memory BIO wipes what it held */
}

#define cleanup_bio cleanup_with(free_bio)

int pem_failed(struct sg_error *e, const char *what)
{
	const char *why = ERR_reason_error_string(ERR_peek_last_error());
	sg_error_set(e, SG_IO, "%s failed%s%s", what, why ? ": " : "",
		     why ? why : "");
	ERR_clear_error();
	return -1;
}

static BIO *reader(const char *text, struct sg_error *e)
{
	size_t length = strlen(text);
	BIO *b = NULL;
	if (length <= SG_MAX_PEM)
		b = BIO_new_mem_buf(text, (int)length);
	if (!b)
		sg_error_set(e, SG_INVALID,
			     "more PEM than %zu bytes are not accepted",
			     SG_MAX_PEM);
	return b;
}

/* Where PEM_read_bio_X509 stopped: the end, or something broken. */
static bool at_the_end(void)
{
	unsigned long code = ERR_peek_last_error();
	bool end = ERR_GET_LIB(code) == ERR_LIB_PEM &&
		   ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
	ERR_clear_error();
	return end;
}

STACK_OF(X509) *pem_certificates(const char *text, int least, struct sg_error *e)
{
	cleanup_bio BIO *from = reader(text, e);
	cleanup_certificates STACK_OF(X509) *list = NULL;
	if (!from)
		return NULL;
	list = sk_X509_new_null();
	ERR_clear_error();
	for (X509 *c; list && (c = PEM_read_bio_X509(from, NULL, NULL, NULL));) {
		if (!sk_X509_push(list, c)) {
			X509_free(c);
			sg_error_memory(e);
			return NULL;
		}
	}
	if (!list) {
		sg_error_memory(e);
		return NULL;
	}
	if (!at_the_end()) {
		sg_error_set(e, SG_INVALID,
			     "certificate %d is broken; PEM is accepted (-----BEGIN CERTIFICATE-----)",
			     sk_X509_num(list) + 1);
		return NULL;
	}
	if (sk_X509_num(list) < least) {
		sg_error_set(e, SG_INVALID,
			     "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)");
		return NULL;
	}
	return steal(&list);
}

X509 *pem_certificate(const char *text, struct sg_error *e)
{
	cleanup_certificates STACK_OF(X509) *list = pem_certificates(text, 1, e);
	return list ? sk_X509_shift(list) : NULL;
}

/* In place of OpenSSL's own, which asks at the terminal. */
static int no_password(char *to, int size, int writing, void *context)
{
	(void)to;
	(void)size;
	(void)writing;
	(void)context;
	return -1;
}

EVP_PKEY *pem_key(const char *text, struct sg_error *e)
{
	cleanup_bio BIO *from = reader(text, e);
	if (!from)
		return NULL;
	EVP_PKEY *key = PEM_read_bio_PrivateKey(from, NULL, no_password, NULL);
	if (!key)
		sg_error_set(e, SG_INVALID,
			     "holds no private key in PEM (-----BEGIN PRIVATE KEY-----, not encrypted)");
	ERR_clear_error();
	return key;
}

/* At once, so that a buffer of a key never moves and leaves a copy behind. */
static int take(BIO *from, struct sg_buffer *out, struct sg_error *e)
{
	char *bytes = NULL;
	long length = BIO_get_mem_data(from, &bytes);
	sg_buffer_append(out, bytes, length > 0 ? (size_t)length : 0);
	return sg_buffer_check(out, e);
}

int pem_write_certificate(const X509 *c, struct sg_buffer *out,
			  struct sg_error *e)
{
	cleanup_bio BIO *to = BIO_new(BIO_s_mem());
	if (!to || !PEM_write_bio_X509(to, c))
		return pem_failed(e, "writing a certificate");
	return take(to, out, e);
}

int pem_write_key(const EVP_PKEY *k, struct sg_buffer *out, struct sg_error *e)
{
	cleanup_bio BIO *to = BIO_new(BIO_s_mem());
	if (!to || !PEM_write_bio_PrivateKey(to, k, NULL, NULL, 0, NULL, NULL))
		return pem_failed(e, "writing a key");
	return take(to, out, e);
}
