/*
 * --client-ca: the CAs of which clients need a certificate, in a file that somebody else
 * renews. It is looked at every second; what can't be used leaves the former in force,
 * with a line in the log.
 */
#ifndef SG_CLIENT_CA_H
#define SG_CLIENT_CA_H

#include "log.h"
#include "tls.h"

struct client_ca;

/* Makes a tls that asks for the file's CAs, at once or not at all, then follows it. */
int client_ca_open(const char *file, const struct log *log, struct tls **tls,
		   struct client_ca **out, struct sg_error *e);
/* Looks now, whether or not it seems to have changed, and logs what came of it. */
void client_ca_read_again(struct client_ca *c);
/* Before tls_free(). */
void client_ca_free(struct client_ca *c);

#endif
