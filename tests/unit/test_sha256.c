#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sha256.h"

#define MILLION 1000000u

struct vector {
	const char *message;
	const char *hex;
};

/* FIPS 180-4 examples, and the one of 896 bits. */
static const struct vector vectors[] = {
	{ "", "e3b0c44298fc1c149afbf4c8996fb924"
	      "27ae41e4649b934ca495991b7852b855" },
	{ "abc", "ba7816bf8f01cfea414140de5dae2223"
		 "b00361a396177a9cb410ff61f20015ad" },
	{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
	  "248d6a61d20638b8e5c026930c3e6039"
	  "a33ce45964ff2167f6ecedd419db06c1" },
	{ "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmn"
	  "hijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
	  "cf5b16a778af8380036ce59e7b049237"
	  "0b249b11e8f07a51afac45037afee9d1" },
};

struct run {
	size_t length; /* so many times 'a' */
	const char *hex;
};

/* Around the lengths where the padding takes another block. */
static const struct run runs[] = {
	{ 1,
	  "ca978112ca1bbdcafac231b39a23dc4d"
	  "a786eff8147c4e72b9807785afee48bb" },
	{ 55,
	  "9f4390f8d30c2dd92ec9f095b65e2b9a"
	  "e9b0a925a5258e241c9f1e910f734318" },
	{ 56,
	  "b35439a4ac6f0948b6d6f9e3c6af0f5f"
	  "590ce20f1bde7090ef7970686ec6738a" },
	{ 63,
	  "7d3e74a05d7db15bce4ad9ec0658ea98"
	  "e3f06eeecf16b4c6fff2da457ddc2f34" },
	{ 64,
	  "ffe054fe7ae0cb6dc65c3af9b61d5209"
	  "f439851db43d0ba5997337df154668eb" },
	{ 65,
	  "635361c48bb9eab14198e76ea8ab7f1a"
	  "41685d6ad62aa9146d301d4f17eb0ae0" },
	{ 119,
	  "31eba51c313a5c08226adf18d4a359cf"
	  "dfd8d2e816b13f4af952f7ea6584dcfb" },
	{ 120,
	  "2f3d335432c70b580af0e8e1b3674a7c"
	  "020d683aa5f73aaaedfdc55af904c21c" },
	{ 127,
	  "c57e9278af78fa3cab38667bef4ce29d"
	  "783787a2f731d4e12200270f0c32320a" },
	{ 128,
	  "6836cf13bac400e9105071cd6af47084"
	  "dfacad4e5e302c94bfed24e013afb73e" },
	{ MILLION,
	  "cdc76e5c9914fb9281a1c7e284d73e67"
	  "f1809a48a497200e046d39ccc7112cd0" },
};

static void expect(const void *message, size_t length, const char *wanted)
{
	char hex[SHA256_HEX_SIZE];
	sha256_hex(message, length, hex);
	if (strcmp(hex, wanted) != 0)
		fail_msg("SHA-256 of %zu bytes is %s, not %s", length, hex,
			 wanted);
}

static void test_published_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++)
		expect(vectors[i].message, strlen(vectors[i].message),
		       vectors[i].hex);
}

static void test_lengths(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
		size_t length = runs[i].length;
		/* Of the exact size, so that a sanitizer sees reads past it. */
		char *message = malloc(length);
		assert_non_null(message);
		memset(message, 'a', length);
		expect(message, length, runs[i].hex);
		free(message);
	}
}

static void test_all_byte_values(void **state)
{
	unsigned char bytes[256];
	(void)state;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)i;
	expect(bytes, sizeof bytes,
	       "40aff2e9d2d8922e47afd4648e696749"
	       "7158785fbd1da870e7110266bf944880");
}

static void test_nothing_at_all(void **state)
{
	(void)state;
	expect(NULL, 0, vectors[0].hex);
}

struct hmac {
	const char *key, *message;
	const char *hex;
};

#define TEN(byte) byte byte byte byte byte byte byte byte byte byte
#define FIFTY(byte) TEN(byte) TEN(byte) TEN(byte) TEN(byte) TEN(byte)
#define KEY_OF_131 FIFTY("\xaa") FIFTY("\xaa") TEN("\xaa") TEN("\xaa") \
	TEN("\xaa") "\xaa"

/* RFC 4231, cases 1 to 4, 6 and 7; and keys of a block and one byte more. */
static const struct hmac hmacs[] = {
	{ TEN("\x0b") TEN("\x0b"), "Hi There",
	  "b0344c61d8db38535ca8afceaf0bf12b"
	  "881dc200c9833da726e9376c2e32cff7" },
	{ "Jefe", "what do ya want for nothing?",
	  "5bdcc146bf60754e6a042426089575c7"
	  "5a003f089d2739839dec58b964ec3843" },
	{ TEN("\xaa") TEN("\xaa"), FIFTY("\xdd"),
	  "773ea91e36800e46854db8ebd09181a7"
	  "2959098b3ef8c122d9635514ced565fe" },
	{ "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d"
	  "\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19",
	  FIFTY("\xcd"),
	  "82558a389a443c0ea4cc819899f2083a"
	  "85f0faa3e578f8077a2e3ff46729665b" },
	{ KEY_OF_131, "Test Using Larger Than Block-Size Key - Hash Key First",
	  "60e431591ee0b67f0d8a26aacbf5b77f"
	  "8e0bc6213728c5140546040f0ee37f54" },
	{ KEY_OF_131,
	  "This is a test using a larger than block-size key and a larger "
	  "than block-size data. The key needs to be hashed before being "
	  "used by the HMAC algorithm.",
	  "9b09ffa71b942fcb27635fbcd5b0e944"
	  "bfdc63644f0713938a7f51535c3a35e2" },
	{ FIFTY("k") TEN("k") "kkkk", "",
	  "83026a325aaee70e36cfe607536aa105"
	  "4104ad1077c36134810d4ccded1ccd3b" },
	{ FIFTY("k") TEN("k") "kkkkk", "",
	  "41f1c4cc3107cd5b8d92460f61032902"
	  "bfdb06484eef17e861b83a5012d3b7f3" },
	{ "", "",
	  "b613679a0814d9ec772f95d778c35fc5"
	  "ff1697c493715653c6c712144292c5ad" },
};

static void test_hmac(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof hmacs / sizeof hmacs[0]; i++) {
		char hex[SHA256_HEX_SIZE];
		sha256_hmac_hex(hmacs[i].key, strlen(hmacs[i].key),
				hmacs[i].message, strlen(hmacs[i].message),
				hex);
		if (strcmp(hex, hmacs[i].hex) != 0)
			fail_msg("HMAC %zu is %s, not %s", i, hex,
				 hmacs[i].hex);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vectors),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_all_byte_values),
		cmocka_unit_test(test_nothing_at_all),
		cmocka_unit_test(test_hmac),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
