/*
 * What the TLS server shows and asks for: a certificate that can be changed while
 * requests run, and, when asked for, clients' certificates of one CA, without which
 * nobody gets in. TLS 1.2 and newer.
 */
#ifndef SG_TLS_H
#define SG_TLS_H

#include <stdint.h>

#include "cleanup.h"
#include "error.h"

struct tls;

/*
 * client_ca: PEM, or NULL for no client certificates. Until tls_set() no handshake
 * succeeds.
 */
int tls_open(const char *client_ca, struct tls **out, struct sg_error *e);
/*
 * From the next connection on, shows this certificate chain (PEM) with this key. On
 * failure (not PEM, key and certificate do not belong together) the former stay.
 * Safe while connections run.
 */
int tls_set(struct tls *t, const char *certificate, const char *key,
	    struct sg_error *e);
/*
 * From the next connection on, clients need a certificate of these CAs instead; those
 * that are connected, from their next request on (tls_session.h). Nobody resumes a
 * session that others let in: there are no tickets. Only for a tls that was opened with
 * one. On failure the former stay.
 */
int tls_set_client_ca(struct tls *t, const char *client_ca,
		      struct sg_error *e);
/* When the certificate shown ends, seconds since 1970; 0 while there is none. */
int64_t tls_not_after(struct tls *t);
/* The server that uses it must be stopped. */
void tls_free(struct tls *t);
static inline void tls_cleanup(struct tls **t)
{
	tls_free(*t);
}
#define cleanup_tls cleanup_with(tls_cleanup)

#endif
