#include "helpers.h"

#include "duration.h"

static void test_accepted(void **state)
{
	const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "5s", 5000 },		{ "500ms", 500 },
		{ "1.5s", 1500 },	{ "1m30s", 90000 },
		{ "1h", 3600000 },	{ "0", 0 },
		{ "0s", 0 },		{ "+10s", 10000 },
		{ ".5s", 500 },		{ "5.s", 5000 },
		{ "1500us", 1 },	{ "1999\xC2\xB5s", 1 },
		{ "2000\xCE\xBCs", 2 }, { "999999ns", 0 },
		{ "0.0009999999s", 0 }, { "1.0019999999s", 1001 },
		{ "0.1234567890123456789012345678901234567890s", 123 },
		{ "9223372036s", 9223372036000 },
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t ms = -1;
		if (duration_parse(cases[i].text, &ms) || ms != cases[i].ms)
			fail_msg("%s: %lld", cases[i].text, (long long)ms);
	}
}

static void test_refused(void **state)
{
	const char *const cases[] = {
		"", "5", "s", ".s", "5 s", " 5s", "5s ", "-5s", "5x", "5sec",
		"1s1", "0x5s", "1e3s", "5S", "\xC2s", "9223372037s",
		"99999999999999999999h", "2562048h", "1.2.3s", "++1s", "NaN",
	};
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t ms;
		if (duration_parse(cases[i], &ms) == 0)
			fail_msg("%s: was accepted as %lld", cases[i],
				 (long long)ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepted),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
