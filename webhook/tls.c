#include "tls.h"

#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "text.h"
#include "tls_session.h"

/* Connections keep the credentials that they began with, until their CA is changed. */
struct tls_hold {
	gnutls_certificate_credentials_t credentials;
	bool asks_clients;
	unsigned trust; /* of its tls, when it was made */
	int64_t not_after;
	unsigned holders; /* under the lock of their tls */
	struct tls *tls;
};

struct tls {
	pthread_mutex_t setting; /* one at a time: what credentials are made of */
	char *certificate, *key; /* NULL until the first tls_set */
	char *client_ca;
	atomic_uint trust; /* how often the CA of clients has been changed */

	pthread_mutex_t lock;
	struct tls_hold *now; /* NULL until the first tls_set */
};

/* A certificate for servers only is none of a client's. */
static gnutls_typed_vdata_st client_purpose = {
	.type = GNUTLS_DT_KEY_PURPOSE_OID,
	.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
};

/* Forward secrecy and authenticated encryption only; kube-apiserver has both. */
const char tls_priorities[] =
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"
	":-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA"
	":-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305";

static void hold_free(struct tls_hold *h)
{
	if (!h)
		return;
	if (h->credentials)
		gnutls_certificate_free_credentials(h->credentials);
	free(h);
}

static void hold_cleanup(struct tls_hold **h)
{
	hold_free(*h);
}

void tls_end(struct tls_hold *h)
{
	if (!h)
		return;
	pthread_mutex_lock(&h->tls->lock);
	bool last = --h->holders == 0;
	pthread_mutex_unlock(&h->tls->lock);
	if (last)
		hold_free(h);
}

static gnutls_datum_t datum(const char *text)
{
	/* GnuTLS only reads it */
	return (gnutls_datum_t){ (unsigned char *)(uintptr_t)text,
				 (unsigned)strlen(text) };
}

static int trust(gnutls_certificate_credentials_t c, const char *client_ca,
		 struct sg_error *e)
{
	gnutls_datum_t ca = datum(client_ca);
	int found = gnutls_certificate_set_x509_trust_mem(c, &ca,
							  GNUTLS_X509_FMT_PEM);
	if (found > 0)
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "the CA of clients holds no certificate in PEM%s%s",
			    found ? ": " : "", found ? gnutls_strerror(found) : "");
}

static int show(gnutls_certificate_credentials_t c, const char *certificate,
		const char *key, struct sg_error *e)
{
	gnutls_datum_t certificate_bytes = datum(certificate);
	gnutls_datum_t key_bytes = datum(key);
	int result = gnutls_certificate_set_x509_key_mem2(
		c, &certificate_bytes, &key_bytes, GNUTLS_X509_FMT_PEM, NULL, 0);
	if (result >= 0)
		return 0;
	if (result == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
		return sg_error_set(e, SG_INVALID,
				    "certificate and key do not belong together");
	return sg_error_set(e, SG_INVALID,
			    "certificate and key are not usable PEM: %s",
			    gnutls_strerror(result));
}

static int64_t read_not_after(gnutls_certificate_credentials_t c)
{
	gnutls_datum_t first;
	gnutls_x509_crt_t certificate;
	time_t end = 0;
	if (gnutls_certificate_get_crt_raw(c, 0, 0, &first) ||
	    gnutls_x509_crt_init(&certificate))
		return 0;
	if (gnutls_x509_crt_import(certificate, &first,
				   GNUTLS_X509_FMT_DER) == 0)
		end = gnutls_x509_crt_get_expiration_time(certificate);
	gnutls_x509_crt_deinit(certificate);
	return end > 0 ? end : 0;
}

/* Whether there is a CA in it. */
static int check_ca(const char *client_ca, struct sg_error *e)
{
	cleanup_with(hold_cleanup) struct tls_hold *probe =
		calloc(1, sizeof *probe);
	if (!probe ||
	    gnutls_certificate_allocate_credentials(&probe->credentials))
		return sg_error_memory(e);
	return trust(probe->credentials, client_ca, e);
}

int tls_open(const char *client_ca, struct tls **out, struct sg_error *e)
{
	cleanup_free char *copy = client_ca ? strdup(client_ca) : NULL;
	if (client_ca && (!copy || check_ca(client_ca, e)))
		return copy ? -1 : sg_error_memory(e);
	struct tls *t = calloc(1, sizeof *t);
	if (!t)
		return sg_error_memory(e);
	t->client_ca = steal(&copy);
	(void)pthread_mutex_init(&t->setting, NULL);
	(void)pthread_mutex_init(&t->lock, NULL);
	*out = t;
	return 0;
}

/* Puts credentials of these into force. `setting` is held. */
static int put(struct tls *t, const char *certificate, const char *key,
	       const char *client_ca, unsigned trusted, struct sg_error *e)
{
	cleanup_with(hold_cleanup) struct tls_hold *next =
		calloc(1, sizeof *next);
	if (!next || gnutls_certificate_allocate_credentials(&next->credentials))
		return sg_error_memory(e);
	next->tls = t;
	next->holders = 1; /* t itself */
	next->asks_clients = client_ca;
	next->trust = trusted;
	if (show(next->credentials, certificate, key, e) ||
	    (client_ca && trust(next->credentials, client_ca, e)))
		return -1;
	next->not_after = read_not_after(next->credentials);
	pthread_mutex_lock(&t->lock);
	struct tls_hold *former = t->now;
	t->now = steal(&next);
	atomic_store(&t->trust, trusted);
	pthread_mutex_unlock(&t->lock);
	tls_end(former);
	return 0;
}

static void replace(char **text, char **by)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = steal(by);
}

static int change_ca(struct tls *t, const char *client_ca, struct sg_error *e)
{
	if (strcmp(t->client_ca, client_ca) == 0)
		return 0;
	cleanup_free char *copy = strdup(client_ca);
	if (!copy)
		return sg_error_memory(e);
	if (!t->certificate ? check_ca(client_ca, e) :
			      put(t, t->certificate, t->key, client_ca,
				  atomic_load(&t->trust) + 1, e))
		return -1;
	replace(&t->client_ca, &copy);
	return 0;
}

int tls_set_client_ca(struct tls *t, const char *client_ca,
		      struct sg_error *e)
{
	pthread_mutex_lock(&t->setting);
	int result = change_ca(t, client_ca, e);
	pthread_mutex_unlock(&t->setting);
	return result;
}

int tls_set(struct tls *t, const char *certificate, const char *key,
	    struct sg_error *e)
{
	cleanup_free char *certificate_copy = strdup(certificate);
	cleanup_free char *key_copy = strdup(key);
	if (!certificate_copy || !key_copy)
		return sg_error_memory(e);
	pthread_mutex_lock(&t->setting);
	int result = put(t, certificate, key, t->client_ca,
			 atomic_load(&t->trust), e);
	if (!result) {
		replace(&t->certificate, &certificate_copy);
		replace(&t->key, &key_copy);
	}
	pthread_mutex_unlock(&t->setting);
	if (key_copy)
		explicit_bzero(key_copy, strlen(key_copy));
	return result;
}

int64_t tls_not_after(struct tls *t)
{
	pthread_mutex_lock(&t->lock);
	int64_t end = t->now ? t->now->not_after : 0;
	pthread_mutex_unlock(&t->lock);
	return end;
}

void tls_free(struct tls *t)
{
	if (!t)
		return;
	char *nothing = NULL;
	tls_end(t->now);
	replace(&t->certificate, &nothing);
	replace(&t->key, &nothing);
	replace(&t->client_ca, &nothing);
	(void)pthread_mutex_destroy(&t->setting);
	(void)pthread_mutex_destroy(&t->lock);
	free(t);
}

static struct tls_hold *take_hold(struct tls *t)
{
	pthread_mutex_lock(&t->lock);
	struct tls_hold *h = t->now;
	if (h)
		h->holders++;
	pthread_mutex_unlock(&t->lock);
	return h;
}

struct tls_hold *tls_begin(struct tls *t, gnutls_session_t session)
{
	struct tls_hold *h = take_hold(t);
	if (!h)
		return NULL;
	(void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
				     h->credentials);
	if (h->asks_clients) {
		/* each of both alone lets everybody in */
		gnutls_certificate_server_set_request(session,
						      GNUTLS_CERT_REQUIRE);
		gnutls_session_set_verify_cert2(session, &client_purpose, 1, 0);
	}
	return h;
}

bool tls_is_let_in(struct tls_hold **hold, gnutls_session_t session)
{
	struct tls_hold *h = *hold;
	unsigned status = 0;
	if (!h || h->trust == atomic_load(&h->tls->trust))
		return true;
	struct tls_hold *now = take_hold(h->tls);
	(void)gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE,
				     now->credentials);
	*hold = now;
	tls_end(h);
	return gnutls_certificate_verify_peers(session, &client_purpose, 1,
					       &status) == 0 &&
	       status == 0;
}

bool tls_client_name(gnutls_session_t session, char *name, size_t size)
{
	unsigned count = 0;
	gnutls_x509_crt_t certificate;
	const gnutls_datum_t *chain =
		gnutls_certificate_get_peers(session, &count);
	if (!chain || !count || gnutls_x509_crt_init(&certificate))
		return false;
	bool found = gnutls_x509_crt_import(certificate, &chain[0],
					    GNUTLS_X509_FMT_DER) == 0 &&
		     gnutls_x509_crt_get_dn_by_oid(
			     certificate, GNUTLS_OID_X520_COMMON_NAME, 0, 0,
			     name, &size) == 0;
	gnutls_x509_crt_deinit(certificate);
	if (found)
		text_make_printable(name);
	return found;
}
