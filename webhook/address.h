/* ADDRESS:PORT, as listening options have it. */
#ifndef SG_ADDRESS_H
#define SG_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>

/*
 * Parses "127.0.0.1:8443", "[::1]:8443", ":8443" (all addresses) and port 0 (any
 * free one). No names. 0 or -1.
 */
int address_parse(const char *text, struct sockaddr_storage *out);
/* The same backwards; cut to size. */
void address_print(const struct sockaddr_storage *a, char *text, size_t size);

#endif
