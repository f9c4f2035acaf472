/* Base64 as a Secret's data has it (RFC 4648). */
#ifndef SG_BASE64_H
#define SG_BASE64_H

#include <stddef.h>

/*
 * How many bytes went to `out`, which has room for `length`. Blanks are skipped;
 * decoding ends at the first byte that is no Base64.
 */
size_t base64_decode(const char *text, size_t length, char *out);

#endif
