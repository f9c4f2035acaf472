#include "sha256.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, DIGEST = 32 };

static const uint32_t round_constants[64] = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1,
	0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
	0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786,
	0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
	0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
	0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
	0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
	0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a,
	0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
	0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static uint32_t rotate(uint32_t word, unsigned bits)
{
	return word >> bits | word << (32 - bits);
}

static void expand(const unsigned char *block, uint32_t w[64])
{
	for (size_t t = 0; t < 16; t++) {
		const unsigned char *b = block + 4 * t;
		w[t] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
		       (uint32_t)b[2] << 8 | (uint32_t)b[3];
	}
	for (size_t t = 16; t < 64; t++) {
		uint32_t x = w[t - 15];
		uint32_t y = w[t - 2];
		w[t] = w[t - 16] + w[t - 7] +
		       (rotate(x, 7) ^ rotate(x, 18) ^ x >> 3) +
		       (rotate(y, 17) ^ rotate(y, 19) ^ y >> 10);
	}
}

/* The letters are those of FIPS 180-4, section 6.2.2. */
static void compress(uint32_t state[8], const unsigned char *block)
{
	uint32_t w[64];
	uint32_t s[8];
	expand(block, w);
	memcpy(s, state, sizeof s);
	for (size_t t = 0; t < 64; t++) {
		uint32_t a = s[0];
		uint32_t e = s[4];
		uint32_t choice = (e & s[5]) ^ (~e & s[6]);
		uint32_t majority = (a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]);
		uint32_t t1 = s[7] + choice + round_constants[t] + w[t] +
			      (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25));
		uint32_t t2 = majority +
			      (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22));
		memmove(s + 1, s, 7 * sizeof s[0]);
		s[4] += t1;
		s[0] = t1 + t2;
	}
	for (size_t i = 0; i < 8; i++)
		state[i] += s[i];
}

/* What is left of the message, a 1 bit, and the length of all in bits. */
static void compress_tail(uint32_t state[8], const unsigned char *tail,
			  size_t left, uint64_t length)
{
	unsigned char padded[2 * BLOCK] = { 0 };
	size_t size = left + 1 + sizeof length <= BLOCK ? BLOCK : 2 * BLOCK;
	uint64_t bits = length * 8;

	if (left)
		memcpy(padded, tail, left);
	padded[left] = 0x80;
	for (size_t i = 1; i <= sizeof bits; i++, bits >>= 8)
		padded[size - i] = (unsigned char)(bits & 0xff);
	for (size_t at = 0; at < size; at += BLOCK)
		compress(state, padded + at);
}

/* Of a whole block, unless it is NULL, and the message behind it. */
static void digest(const unsigned char *block, const void *message,
		   size_t length, unsigned char out[DIGEST])
{
	uint32_t state[8] = {
		0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
		0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
	};
	const unsigned char *at = message;
	size_t left = length;

	if (block)
		compress(state, block);
	for (; left >= BLOCK; at += BLOCK, left -= BLOCK)
		compress(state, at);
	compress_tail(state, at, left, length + (block ? BLOCK : 0));
	for (size_t i = 0; i < DIGEST; i++)
		out[i] = (unsigned char)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static void write_hex(const unsigned char bytes[DIGEST],
		      char hex[SHA256_HEX_SIZE])
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < DIGEST; i++) {
		hex[2 * i] = digits[bytes[i] >> 4];
		hex[2 * i + 1] = digits[bytes[i] & 0xf];
	}
	hex[2 * DIGEST] = '\0';
}

void sha256_hex(const void *message, size_t length, char hex[SHA256_HEX_SIZE])
{
	unsigned char out[DIGEST];
	digest(NULL, message, length, out);
	write_hex(out, hex);
}

void sha256_hmac_hex(const void *key, size_t key_length, const void *message,
		     size_t length, char hex[SHA256_HEX_SIZE])
{
	unsigned char pad[BLOCK] = { 0 };
	unsigned char out[DIGEST];

	if (key_length > BLOCK)
		digest(NULL, key, key_length, pad);
	else if (key_length)
		memcpy(pad, key, key_length);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	digest(pad, message, length, out);
	for (size_t i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	digest(pad, out, sizeof out, out);
	write_hex(out, hex);
	explicit_bzero(pad, sizeof pad);
}
