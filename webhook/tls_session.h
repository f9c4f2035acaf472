/* Between the server and tls.c: one connection's part. */
#ifndef SG_TLS_SESSION_H
#define SG_TLS_SESSION_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "tls.h"

/* What a connection holds for as long as its session lives; may be NULL. */
struct tls_hold;

/* Protocols and ciphers, for gnutls_priority_init. */
extern const char tls_priorities[];

/*
 * Readies a session that has not begun its handshake. Without a certificate yet it
 * does nothing, and the handshake fails.
 */
struct tls_hold *tls_begin(struct tls *t, gnutls_session_t session);
/*
 * Whether a client that was let in would be now: false once the CAs asked for have been
 * changed to others than those of its certificate. Says so once: from then on *hold is
 * of the new ones. For the thread that has the session.
 */
bool tls_is_let_in(struct tls_hold **hold, gnutls_session_t session);
/* After the session is gone. */
void tls_end(struct tls_hold *hold);

/* The common name of the client's certificate, fit to print; false without. */
bool tls_client_name(gnutls_session_t session, char *name, size_t size);

#endif
