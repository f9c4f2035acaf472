/* Which names are taken for another's, and which are not. */
#include "helpers.h"

#include <string.h>

#include "lookalike.h"

static const struct {
	const char *name, *other;
	const char *how; /* NULL: they don't look alike */
} wholes[] = {
	{ "paypal", "paypal", "" },
	{ "PayPal", "paypal", "" },
	{ "paypal", "Pay Pal", "" },
	{ "p4ypal", "paypal", " (\"4\" for \"a\")" },
	{ "p4yp4l", "paypal", " (\"4\" for \"a\")" },
	{ "paypa1", "paypal", " (\"1\" for \"l\")" },
	{ "paypai", "paypal", " (\"i\" for \"l\")" },
	{ "pay-pal", "paypal", " (without \"-\")" },
	{ "-p-a-y-p-a-l-", "paypal", " (without \"-\")" },
	{ "paypall", "paypal", " (\"ll\" for \"l\")" },
	{ "paypal1", "paypal", " (without digits around it)" },
	{ "stripe3", "stripe", " (without digits around it)" },
	{ "stripe33", "stripe", " (without digits around it)" },
	{ "1stripe", "stripe", " (without digits around it)" },
	{ "24stripe7", "stripe", " (without digits around it)" },
	{ "stripe-3", "stripe",
	  " (without \"-\", without digits around it)" },
	{ "5tr1p3", "stripe",
	  " (\"5\" for \"s\", \"1\" for \"i\", \"3\" for \"e\")" },
	{ "5tr1p399", "stripe",
	  " (\"5\" for \"s\", \"1\" for \"i\", \"3\" for \"e\", without digits around it)" },
	{ "4pple", "apple", " (\"4\" for \"a\")" },
	{ "adm1n", "admin", " (\"1\" for \"i\")" },
	{ "admln", "admin", " (\"l\" for \"i\")" },
	{ "4dmin", "admin", " (\"4\" for \"a\")" },
	{ "44dmin", "admin", " (\"44\" for \"a\")" },
	{ "34dmin", "admin", " (\"4\" for \"a\", without digits around it)" },
	{ "aclmin", "admin", " (\"cl\" for \"d\")" },
	{ "aadmiin", "admin", " (\"aa\" for \"a\", \"ii\" for \"i\")" },
	{ "arnazon", "amazon", " (\"rn\" for \"m\")" },
	{ "ar-nazon", "amazon", " (\"rn\" for \"m\", without \"-\")" },
	{ "ARNAZ0N", "amazon", " (\"RN\" for \"m\", \"0\" for \"o\")" },
	{ "ama2on", "amazon", " (\"2\" for \"z\")" },
	{ "vvebflow", "webflow", " (\"vv\" for \"w\")" },
	{ "vvvvvv", "www", " (\"vvvvvv\" for \"www\")" },
	{ "wwww", "www", " (\"wwww\" for \"www\")" },
	{ "klarrna", "klarna", " (\"rr\" for \"r\")" },
	{ "klama", "klarna", " (\"m\" for \"rn\")" },
	{ "vvisa", "visa", " (\"vv\" for \"v\")" },
	{ "g00gle", "google", " (\"00\" for \"oo\")" },
	{ "gogle", "google", " (\"o\" for \"oo\")" },
	{ "6oo9le", "google", " (\"6\" for \"g\", \"9\" for \"g\")" },
	{ "8illing", "billing", " (\"8\" for \"b\")" },
	{ "7wi77er", "twitter", " (\"7\" for \"t\", \"77\" for \"tt\")" },
	{ "ns11", "ns1", " (without digits around it)" },
	{ "pop3", "pop", " (without digits around it)" },
	{ "1and1", "1and1", "" },
	{ "mall", "mail", " (\"ll\" for \"il\")" },
	/* and not */
	{ "pay", "paypal", NULL },
	{ "paypals", "paypal", NULL },
	{ "paypal3x", "paypal", NULL },
	{ "my-paypal", "paypal", NULL },
	{ "rot", "root", NULL },
	{ "w", "www", NULL },
	{ "vista", "visa", NULL },
	{ "visage", "visa", NULL },
	{ "r", "rn", NULL },
	{ "apiary", "api", NULL },
	{ "administrator", "admin", NULL },
	{ "123", "admin", NULL },
	{ "and", "1and1", NULL },
	{ "", "admin", NULL },
	{ "-", "-", NULL },
	{ "", "", NULL },
	{ "shop", "\xc3\xa4", NULL },
};

static bool looks_like(const char *name, const char *other,
		       enum lookalike_extent extent, char *how)
{
	const struct strings others = { &other, 1 };
	return lookalike_among(&others, name, extent, how) == other;
}

static void expect_how(bool is_alike, const char *how, const char *name,
		       const char *other, const char *wanted)
{
	if (is_alike != (wanted != NULL))
		fail_msg("%s %s %s", name,
			 is_alike ? "looks like" : "does not look like", other);
	if (wanted)
		expect_text(how, wanted, name);
}

static void test_whole_names(void **state)
{
	char how[LOOKALIKE_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(wholes); i++)
		expect_how(looks_like(wholes[i].name, wholes[i].other, LOOKALIKE_WHOLE, how),
			   how, wholes[i].name, wholes[i].other, wholes[i].how);
}

static const struct {
	const char *name, *how;
} parts[] = {
	{ "paypal", "" },
	{ "pay-pal", " (without \"-\")" },
	{ "my-paypal", " (\"paypal\" in it)" },
	{ "paypal-shop", " (\"paypal\" in it)" },
	{ "pay-pal-shop", " (\"pay-pal\" in it, without \"-\")" },
	{ "the-p4y-p41-shop",
	  " (\"p4y-p41\" in it, \"4\" for \"a\", \"1\" for \"l\", without \"-\")" },
	{ "x-p-a-y-p-a-l-y", " (\"p-a-y-p-a-l\" in it, without \"-\")" },
	{ "my-paypal24-shop", " (\"paypal24\" in it, without digits around it)" },
	{ "abc--paypal", " (\"paypal\" in it)" },
	{ "paypalace", NULL },
	{ "mypaypal", NULL },
	{ "pay-palace", NULL },
	{ "pal-pay", NULL },
	{ "abc--shop", NULL },
	{ "", NULL },
	{ "-", NULL },
};

static void test_parts_of_names(void **state)
{
	char how[LOOKALIKE_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(parts); i++)
		expect_how(looks_like(parts[i].name, "paypal", LOOKALIKE_PART, how), how,
			   parts[i].name, "paypal", parts[i].how);
}

/* A letter in a row, or a pair, may have a hyphen in it where the other name ends. */
static void test_ends_of_parts(void **state)
{
	static const struct {
		const char *name, *other, *how;
	} cases[] = {
		{ "visa-amazing", "visa", " (\"visa\" in it)" },
		{ "my-vvisa-4u", "visa", " (\"vvisa\" in it, \"vv\" for \"v\")" },
		{ "my-visa-4-you", "visa", " (\"visa\" in it)" },
		{ "bar-nacle", "bar", " (\"bar\" in it)" },
		{ "visa-", "visa", "" },
		{ "3-visa", "visa", " (without \"-\", without digits around it)" },
		{ "visable-a", "visa", NULL },
		{ "vis-able", "visa", NULL },
	};
	char how[LOOKALIKE_SIZE];
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		expect_how(looks_like(cases[i].name, cases[i].other,
				      LOOKALIKE_PART, how),
			   how, cases[i].name, cases[i].other, cases[i].how);
}

/* As long as labels are, and what is told of them is never cut off. */
static void test_long_names(void **state)
{
#define A_31 "a-a-a-a-a-a-a-a-a-a-a-a-a-a-a-a"
#define X_16 "xxxxxxxxxxxxxxxx"
	char how[LOOKALIKE_SIZE];
	(void)state;
	assert_false(looks_like(A_31 "-" A_31, "b", LOOKALIKE_PART, how));
	assert_true(looks_like(A_31 "-" A_31, "aaa", LOOKALIKE_PART, how));
	assert_false(looks_like(X_16 X_16 X_16 X_16, "x", LOOKALIKE_WHOLE, how));
	assert_false(looks_like("x", X_16 X_16 X_16 X_16, LOOKALIKE_WHOLE, how));
	assert_true(looks_like("z-bbbbbbbbbbbbbbbbb-cccccccccccccccc-ddddddddddddddddd-77",
				   "bcd", LOOKALIKE_PART, how));
	expect_text(how,
		    " (\"bbbbbbbbbbbbbbbbb-cccccccccccccccc-ddddddddddddddddd\" in it, "
		    "\"bbbbbbbbbbbbbbbb\" for \"b\", \"cccccccccccccccc\" for \"c\", "
		    "\"dddddddddddddddd\" for \"d\", without \"-\")",
		    "a long one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_whole_names),
		cmocka_unit_test(test_parts_of_names),
		cmocka_unit_test(test_ends_of_parts),
		cmocka_unit_test(test_long_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
