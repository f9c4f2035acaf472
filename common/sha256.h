/*
 * SHA-256 (FIPS 180-4) of one message, for names, where linking OpenSSL
 * would cost the post-renderer its quick start. Not for secrets.
 */
#ifndef SG_SHA256_H
#define SG_SHA256_H

#include <stddef.h>

/* 64 lower-case hexadecimal digits and a NUL. */
enum { SHA256_HEX_SIZE = 65 };

void sha256_hex(const void *message, size_t length, char hex[SHA256_HEX_SIZE]);

#endif
