#include "generator_token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "files.h"

static int read_token(const char *file, struct sg_buffer *out,
		      struct sg_error *e)
{
	/* all at once: what grows leaves copies */
	if (!sg_buffer_reserve(out, out->cap))
		return sg_error_memory(e);
	if (file_read(file, out, e))
		return -1;
	while (out->length && strchr("\r\n", out->data[out->length - 1]))
		out->length--;
	if (!out->length)
		return sg_error_set(e, SG_INVALID, "%.200s: holds no token",
				    file);
	return 0;
}

/* "" when the header holds none. */
static const char *bearer(const char *authorization)
{
	static const char scheme[] = "Bearer ";
	if (strncasecmp(authorization, scheme, sizeof scheme - 1) != 0)
		return "";
	authorization += sizeof scheme - 1;
	return authorization + strspn(authorization, " ");
}

static bool digest(const char *text, size_t length,
		   unsigned char out[EVP_MAX_MD_SIZE], unsigned *size)
{
	return EVP_Digest(text, length, out, size, EVP_sha256(), NULL) == 1;
}

/* Of digests, so that not even lengths are told by the time that it takes. */
static int compare(const char *a, size_t a_length, const char *b,
		   size_t b_length, bool *same, struct sg_error *e)
{
	unsigned char first[EVP_MAX_MD_SIZE], second[EVP_MAX_MD_SIZE];
	unsigned size, other;
	if (!digest(a, a_length, first, &size) ||
	    !digest(b, b_length, second, &other))
		return sg_error_memory(e);
	*same = CRYPTO_memcmp(first, second, size) == 0;
	return 0;
}

enum token token_check(const char *file, const char *authorization,
		       struct sg_error *e)
{
	cleanup_secret_buffer struct sg_buffer token;
	const char *given = bearer(authorization);
	bool same = false;
	sg_buffer_init(&token, SG_MAX_TOKEN);
	if (read_token(file, &token, e) ||
	    compare(token.data, token.length, given, strlen(given), &same, e)) {
		sg_error_context(e, "--generator-token-file");
		return TOKEN_UNKNOWN;
	}
	if (same)
		return TOKEN_RIGHT;
	sg_error_set(e, SG_REFUSED, "%s",
		     *given ? "the bearer token is not the one of --generator-token-file" :
			      "a bearer token is needed: Authorization: Bearer TOKEN");
	return TOKEN_WRONG;
}
