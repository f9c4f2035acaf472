#include "certs.h"

#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <time.h>

#include "names.h"
#include "pem.h"

/* The serial is positive and within RFC 5280's 20 octets. */
enum { SERIAL_BITS = 127, BACKDATED_SECONDS = 300 };
/* Of every leaf: names are in subjectAltName, and this always fits. */
#define LEAF_COMMON_NAME "storeguard-webhook"

struct extension {
	int nid;
	const char *value; /* as in openssl's x509v3_config(5) */
};

static const struct extension of_a_ca[] = {
	{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
	{ NID_key_usage, "critical,keyCertSign,cRLSign" },
	{ NID_subject_key_identifier, "hash" },
	{ 0 },
};
static const struct extension of_a_leaf[] = {
	{ NID_basic_constraints, "critical,CA:FALSE" },
	{ NID_key_usage, "critical,digitalSignature" },
	{ NID_ext_key_usage, "serverAuth" },
	{ NID_subject_key_identifier, "hash" },
	{ NID_authority_key_identifier, "keyid:always" },
	{ 0 },
};

static void free_names(GENERAL_NAMES **names)
{
	GENERAL_NAMES_free(*names);
}

static bool set_serial(X509 *c)
{
	BIGNUM *number = BN_new();
	bool done = number &&
		    BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE,
			    BN_RAND_BOTTOM_ANY) &&
		    BN_to_ASN1_INTEGER(number, X509_get_serialNumber(c));
	BN_free(number);
	return done;
}

static bool set_times(X509 *c, time_t not_after)
{
	return ASN1_TIME_set(X509_getm_notBefore(c),
			     time(NULL) - BACKDATED_SECONDS) &&
	       ASN1_TIME_set(X509_getm_notAfter(c), not_after);
}

static bool set_subject(X509 *c, const char *common_name)
{
	return X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN",
					  MBSTRING_UTF8,
					  (const unsigned char *)common_name,
					  -1, -1, 0);
}

static bool set_extensions(X509 *c, X509 *issuer, const struct extension *list)
{
	X509V3_CTX context;
	X509V3_set_ctx(&context, issuer, c, NULL, NULL, 0);
	for (; list->value; list++) {
		X509_EXTENSION *x = X509V3_EXT_conf_nid(NULL, &context,
							list->nid, list->value);
		bool done = x && X509_add_ext(c, x, -1);
		X509_EXTENSION_free(x);
		if (!done)
			return false;
	}
	return true;
}

/* Made into *to, which is replaced only when all went well. */
static int finish(const X509 *c, const EVP_PKEY *key, struct certs_pair *to,
		  struct sg_error *e)
{
	struct certs_pair made;
	certs_pair_init(&made);
	if (pem_write_certificate(c, &made.certificate, e) ||
	    pem_write_key(key, &made.key, e)) {
		certs_pair_release(&made);
		return -1;
	}
	certs_pair_release(to);
	*to = made;
	return 0;
}

int certs_make_ca(const char *common_name, int64_t valid_seconds,
		  struct certs_pair *out, struct sg_error *e)
{
	cleanup_key EVP_PKEY *key = EVP_EC_gen("P-256");
	cleanup_certificate X509 *c = X509_new();
	if (!key || !c || !X509_set_version(c, X509_VERSION_3) ||
	    !set_serial(c) || !set_times(c, time(NULL) + valid_seconds) ||
	    !set_subject(c, common_name) ||
	    !X509_set_issuer_name(c, X509_get_subject_name(c)) ||
	    !X509_set_pubkey(c, key) || !set_extensions(c, c, of_a_ca) ||
	    !X509_sign(c, key, EVP_sha256()))
		return pem_failed(e, "making a CA");
	return finish(c, key, out, e);
}

static bool is_address(const char *name)
{
	struct in6_addr any;
	return inet_pton(AF_INET, name, &any) == 1 ||
	       inet_pton(AF_INET6, name, &any) == 1;
}

/* By value, never by a string to be parsed: a name can't smuggle in another. */
static GENERAL_NAME *general_name(const char *name)
{
	unsigned char address[sizeof(struct in6_addr)];
	const void *bytes = name;
	int length = (int)strlen(name), type = GEN_DNS;
	if (is_address(name)) {
		bool is_v4 = inet_pton(AF_INET, name, address) == 1;
		if (!is_v4)
			(void)inet_pton(AF_INET6, name, address);
		bytes = address;
		length = is_v4 ? 4 : 16;
		type = GEN_IPADD;
	}
	ASN1_STRING *value = ASN1_STRING_type_new(
		type == GEN_DNS ? V_ASN1_IA5STRING : V_ASN1_OCTET_STRING);
	GENERAL_NAME *general = GENERAL_NAME_new();
	if (value && general && ASN1_STRING_set(value, bytes, length)) {
		GENERAL_NAME_set0_value(general, type, value);
		return general;
	}
	ASN1_STRING_free(value);
	GENERAL_NAME_free(general);
	return NULL;
}

static int check_names(const char *const *names, unsigned count,
		       struct sg_error *e)
{
	if (count == 0)
		return sg_error_set(e, SG_INVALID,
				    "a certificate needs a name, like storeguard.storeguard.svc");
	if (count > SG_MAX_CERTIFICATE_NAMES)
		return sg_error_set(e, SG_INVALID,
				    "a certificate has at most %u names",
				    SG_MAX_CERTIFICATE_NAMES);
	for (unsigned i = 0; i < count; i++)
		if (!name_is_dns_subdomain(names[i]) && !is_address(names[i]))
			return sg_error_set(e, SG_INVALID,
					    "\"%.260s\" is no DNS name in lower case (like storeguard.storeguard.svc) and no IP address",
					    names[i]);
	return 0;
}

static bool set_names(X509 *c, const char *const *names, unsigned count)
{
	cleanup_with(free_names) GENERAL_NAMES *list = GENERAL_NAMES_new();
	for (unsigned i = 0; list && i < count; i++) {
		GENERAL_NAME *name = general_name(names[i]);
		if (!name || !sk_GENERAL_NAME_push(list, name)) {
			GENERAL_NAME_free(name);
			return false;
		}
	}
	return list &&
	       X509_add1_ext_i2d(c, NID_subject_alt_name, list, 0, 0) == 1;
}

/* A leaf that outlives its CA would only seem to be valid. */
static time_t not_after(const struct certs_facts *ca, int64_t valid_seconds)
{
	int64_t wanted = time(NULL) + valid_seconds;
	return wanted < ca->not_after ? wanted : ca->not_after;
}

int certs_issue(const struct certs_pair *ca, const char *const *names,
		unsigned count, int64_t valid_seconds, struct certs_pair *out,
		struct sg_error *e)
{
	struct certs_facts facts;
	if (check_names(names, count, e) || certs_check_pair(ca, e) ||
	    certs_read(certs_text(&ca->certificate), 0, &facts, e))
		return -1;
	cleanup_key EVP_PKEY *signer = pem_key(certs_text(&ca->key), e);
	cleanup_certificate X509 *issuer =
		pem_certificate(certs_text(&ca->certificate), e);
	if (!signer || !issuer)
		return -1;
	if (!X509_check_ca(issuer))
		return sg_error_set(e, SG_INVALID,
				    "the certificate that is to sign is no CA's (%s)",
				    facts.subject);
	cleanup_key EVP_PKEY *key = EVP_EC_gen("P-256");
	cleanup_certificate X509 *c = X509_new();
	if (!key || !c || !X509_set_version(c, X509_VERSION_3) ||
	    !set_serial(c) || !set_times(c, not_after(&facts, valid_seconds)) ||
	    !set_subject(c, LEAF_COMMON_NAME) ||
	    !X509_set_issuer_name(c, X509_get_subject_name(issuer)) ||
	    !X509_set_pubkey(c, key) || !set_extensions(c, issuer, of_a_leaf) ||
	    !set_names(c, names, count) || !X509_sign(c, signer, EVP_sha256()))
		return pem_failed(e, "making a certificate");
	return finish(c, key, out, e);
}
