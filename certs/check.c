#include "certs.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "pem.h"
#include "text.h"

static void free_store(X509_STORE **s)
{
	X509_STORE_free(*s);
}

static void free_context(X509_STORE_CTX **c)
{
	X509_STORE_CTX_free(*c);
}

static void free_names(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

/* --- facts ------------------------------------------------------------------- */

static int64_t seconds_of(const ASN1_TIME *t)
{
	struct tm when = { 0 };
	return ASN1_TIME_to_tm(t, &when) ? (int64_t)timegm(&when) : 0;
}

static void print_name(const X509_NAME *name, char *to, size_t size)
{
	BIO *b = BIO_new(BIO_s_mem());
	char *bytes = NULL;
	long length = 0;
	if (b && X509_NAME_print_ex(b, name, 0, XN_FLAG_RFC2253) >= 0)
		length = BIO_get_mem_data(b, &bytes);
	(void)snprintf(to, size, "%.*s", (int)length, bytes ? bytes : "");
	text_make_printable(to);
	BIO_free_all(b);
}

static const char *print_general_name(const GENERAL_NAME *name, char *to,
				      size_t size)
{
	int type = 0;
	const ASN1_STRING *value = GENERAL_NAME_get0_value(name, &type);
	const unsigned char *bytes = NULL;
	int length = 0;
	to[0] = '\0';
	if (type == GEN_DNS || type == GEN_IPADD) {
		bytes = ASN1_STRING_get0_data(value);
		length = ASN1_STRING_length(value);
	}
	if (type == GEN_DNS)
		(void)snprintf(to, size, "%.*s", length, (const char *)bytes);
	else if (length == 4)
		(void)inet_ntop(AF_INET, bytes, to, (socklen_t)size);
	else if (length == 16)
		(void)inet_ntop(AF_INET6, bytes, to, (socklen_t)size);
	return text_make_printable(to);
}

static void print_names(const X509 *c, char *to, size_t size)
{
	cleanup_with(free_names) GENERAL_NAMES *names =
		X509_get_ext_d2i(c, NID_subject_alt_name, NULL, NULL);
	size_t used = 0;
	to[0] = '\0';
	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		char one[256];
		print_general_name(sk_GENERAL_NAME_value(names, i), one,
				   sizeof one);
		if (!*one || strlen(one) + 2 > size - used)
			continue;
		used += (size_t)snprintf(to + used, size - used, "%s%s",
					 used ? " " : "", one);
	}
}

static void print_fingerprint(const X509 *c, char to[65])
{
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;
	to[0] = '\0';
	if (!X509_digest(c, EVP_sha256(), digest, &length))
		return;
	for (unsigned i = 0; i < length && i < 32; i++)
		(void)snprintf(to + (size_t)i * 2, 3, "%02x", digest[i]);
}

int certs_read(const char *text, unsigned at, struct certs_facts *out,
	       struct sg_error *e)
{
	cleanup_certificates STACK_OF(X509) *list = pem_certificates(text, 1, e);
	if (!list)
		return -1;
	const X509 *c = sk_X509_value(list, (int)at);
	if (!c)
		return sg_error_set(e, SG_INVALID, "holds only %d certificates",
				    sk_X509_num(list));
	out->not_before = seconds_of(X509_get0_notBefore(c));
	out->not_after = seconds_of(X509_get0_notAfter(c));
	print_fingerprint(c, out->fingerprint);
	print_name(X509_get_subject_name(c), out->subject, sizeof out->subject);
	print_name(X509_get_issuer_name(c), out->issuer, sizeof out->issuer);
	print_names(c, out->names, sizeof out->names);
	return 0;
}

bool certs_is_due(const struct certs_facts *f, int64_t now)
{
	int64_t life = f->not_after - f->not_before;
	return now - f->not_before >= life / 3 * 2;
}

/* --- whether it holds -------------------------------------------------------- */

int certs_check_pair(const struct certs_pair *p, struct sg_error *e)
{
	cleanup_certificate X509 *c =
		pem_certificate(certs_text(&p->certificate), e);
	if (!c)
		return sg_error_context(e, "the certificate");
	cleanup_key EVP_PKEY *key = pem_key(certs_text(&p->key), e);
	if (!key)
		return sg_error_context(e, "the key");
	int belongs = X509_check_private_key(c, key);
	ERR_clear_error();
	return belongs == 1 ?
		       0 :
		       sg_error_set(e, SG_INVALID,
				    "the key does not belong to the certificate");
}

static int check_time(const struct certs_facts *f, int64_t now,
		      struct sg_error *e)
{
	char when[32] = "";
	struct tm utc;
	bool early = now < f->not_before;
	time_t edge = early ? f->not_before : f->not_after;
	if (!early && now < f->not_after)
		return 0;
	if (gmtime_r(&edge, &utc))
		(void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%SZ", &utc);
	return sg_error_set(e, SG_INVALID, "the certificate %s %s",
			    early ? "is not valid before" : "expired on", when);
}

static bool is_among(const STACK_OF(X509) *list, const X509 *c)
{
	for (int i = 0; i < sk_X509_num(list); i++)
		if (X509_cmp(sk_X509_value(list, i), c) == 0)
			return true;
	return false;
}

int certs_check_ca(const struct certs_pair *ca, const char *bundle, int64_t now,
		   struct sg_error *e)
{
	struct certs_facts facts;
	const char *text = certs_text(&ca->certificate);
	if (certs_check_pair(ca, e) || certs_read(text, 0, &facts, e) ||
	    check_time(&facts, now, e))
		return -1;
	cleanup_certificates STACK_OF(X509) *list =
		pem_certificates(bundle, 0, e);
	cleanup_certificate X509 *c = pem_certificate(text, e);
	if (!list || !c)
		return -1;
	if (!X509_check_ca(c))
		return sg_error_set(e, SG_INVALID, "the certificate is no CA's");
	return is_among(list, c) ? 0 :
				   sg_error_set(e, SG_INVALID,
						"its certificate is not in the bundle");
}

static bool has_name(X509 *c, const char *name)
{
	struct in6_addr any;
	bool is_address = inet_pton(AF_INET, name, &any) == 1 ||
			  inet_pton(AF_INET6, name, &any) == 1;
	int found = is_address ? X509_check_ip_asc(c, name, 0) :
				 X509_check_host(c, name, 0,
						 X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
						 NULL);
	return found == 1;
}

static int check_names(X509 *c, const struct certs_facts *f,
		       const char *const *names, unsigned count,
		       struct sg_error *e)
{
	for (unsigned i = 0; i < count; i++)
		if (!has_name(c, names[i]))
			return sg_error_set(e, SG_INVALID,
					    "the certificate is not for %.260s, only for: %.1000s",
					    names[i], *f->names ? f->names : "nothing");
	return 0;
}

static X509_STORE *trust(const char *bundle, int64_t now, struct sg_error *e)
{
	cleanup_certificates STACK_OF(X509) *list =
		pem_certificates(bundle, 1, e);
	cleanup_with(free_store) X509_STORE *store = X509_STORE_new();
	if (!list) {
		sg_error_context(e, "the CA bundle");
		return NULL;
	}
	for (int i = 0; store && i < sk_X509_num(list); i++)
		if (!X509_STORE_add_cert(store, sk_X509_value(list, i)))
			X509_STORE_free(steal(&store));
	if (!store) {
		pem_failed(e, "reading the CA bundle");
		return NULL;
	}
	X509_VERIFY_PARAM *parameters = X509_STORE_get0_param(store);
	X509_VERIFY_PARAM_set_time(parameters, (time_t)now);
	X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_SSL_SERVER);
	return steal(&store);
}

/* The chain is what stands behind the certificate in its text. */
static int check_signature(X509 *c, STACK_OF(X509) *chain, const char *bundle,
			   int64_t now, struct sg_error *e)
{
	cleanup_with(free_store) X509_STORE *store = trust(bundle, now, e);
	cleanup_with(free_context) X509_STORE_CTX *context =
		X509_STORE_CTX_new();
	if (!store)
		return -1;
	if (!context || !X509_STORE_CTX_init(context, store, c, chain))
		return pem_failed(e, "checking a certificate");
	if (X509_verify_cert(context) == 1)
		return 0;
	int why = X509_STORE_CTX_get_error(context);
	ERR_clear_error();
	return sg_error_set(e, SG_INVALID,
			    "no CA of the bundle vouches for the certificate: %s",
			    X509_verify_cert_error_string(why));
}

int certs_check(const struct certs_pair *leaf, const char *bundle,
		const char *const *names, unsigned count, int64_t now,
		struct sg_error *e)
{
	struct certs_facts facts;
	const char *text = certs_text(&leaf->certificate);
	if (certs_check_pair(leaf, e) || certs_read(text, 0, &facts, e) ||
	    check_time(&facts, now, e))
		return -1;
	cleanup_certificates STACK_OF(X509) *list = pem_certificates(text, 1, e);
	if (!list)
		return -1;
	X509 *c = sk_X509_value(list, 0);
	if (check_names(c, &facts, names, count, e))
		return -1;
	return check_signature(c, list, bundle, now, e);
}
