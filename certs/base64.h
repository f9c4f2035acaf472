/* Base64 (RFC 4648, section 4) of certificates, keys and bundles. */
#ifndef SG_CERTS_BASE64_H
#define SG_CERTS_BASE64_H

#include "buffer.h"

/* Appends bytes as base64 on one line. */
void certs_base64(struct sg_buffer *out, const char *bytes, size_t length);
/* Replaces `out`. SG_INVALID: not base64, or more than SG_MAX_PEM bytes. */
int certs_unbase64(const char *text, struct sg_buffer *out, struct sg_error *e);

#endif
