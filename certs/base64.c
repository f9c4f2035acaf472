#include "base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "certs.h"

void certs_base64(struct sg_buffer *out, const char *bytes, size_t length)
{
	if (length > SG_MAX_PEM) {
		out->over_cap = true;
		return;
	}
	char *to = sg_buffer_reserve(out, length / 3 * 4 + 5);
	if (to)
		out->length += (size_t)EVP_EncodeBlock(
			(unsigned char *)to, (const unsigned char *)bytes,
			(int)length);
}

int certs_unbase64(const char *text, struct sg_buffer *out, struct sg_error *e)
{
	size_t length = strlen(text), padding = 0;
	while (padding < 2 && padding < length &&
	       text[length - 1 - padding] == '=')
		padding++;
	if (length % 4 || length / 4 * 3 > SG_MAX_PEM)
		return sg_error_set(e, SG_INVALID, "is no base64 of at most %zu bytes",
				    SG_MAX_PEM);
	unsigned char *bytes = OPENSSL_zalloc(length / 4 * 3 + 1);
	if (!bytes)
		return sg_error_memory(e);
	int got = EVP_DecodeBlock(bytes, (const unsigned char *)text,
				  (int)length);
	int result = got < 0 || memchr(bytes, '\0', (size_t)got - padding) ?
			     sg_error_set(e, SG_INVALID, "is no base64 of a text") :
			     certs_text_set(out, (const char *)bytes,
					    (size_t)got - padding, e);
	OPENSSL_clear_free(bytes, length / 4 * 3 + 1);
	return result;
}
