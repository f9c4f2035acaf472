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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_published_vectors),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_all_byte_values),
		cmocka_unit_test(test_nothing_at_all),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
