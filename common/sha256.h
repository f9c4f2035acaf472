/*
 * SHA-256 (FIPS 180-4) of one message, for names, and HMAC (RFC 2104) by it, where
 * linking OpenSSL would cost the post-renderer its quick start. How long it takes
 * depends on lengths alone.
 */
#ifndef SG_SHA256_H
#define SG_SHA256_H

#include <stddef.h>

/* 64 lower-case hexadecimal digits and a NUL. */
enum { SHA256_HEX_SIZE = 65 };

void sha256_hex(const void *message, size_t length, char hex[SHA256_HEX_SIZE]);
void sha256_hmac_hex(const void *key, size_t key_length, const void *message,
		     size_t length, char hex[SHA256_HEX_SIZE]);

#endif
