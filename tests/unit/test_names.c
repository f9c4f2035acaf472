#include "helpers.h"

#include "names.h"

#define LETTERS_50 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwx"
#define LETTERS_63 LETTERS_50 "abcdefghijklm"
#define LETTERS_250 LETTERS_63 "." LETTERS_63 "." LETTERS_63 "." \
	LETTERS_50 "abcdefgh"

struct verdict {
	const char *text;
	bool accepted;
};

static void expect_verdicts(bool (*is)(const char *),
			    const struct verdict *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is(table[i].text) != table[i].accepted)
			fail_msg("\"%s\" was %s", table[i].text,
				 table[i].accepted ? "refused" : "accepted");
}

static const struct verdict dns_labels[] = {
	{ "a", true },	       { "0", true },
	{ "a-b", true },       { "a--b", true },
	{ LETTERS_63, true },  { LETTERS_63 "x", false },
	{ "", false },	       { "-a", false },
	{ "a-", false },       { "-", false },
	{ "A", false },	       { "a.b", false },
	{ "a_b", false },      { "a b", false },
	{ "a\n", false },      { "\xc3\xa4", false },
};

static const struct verdict dns_subdomains[] = {
	{ "a", true },
	{ "shops.example.com", true },
	{ "1.2.3", true },
	{ LETTERS_250, true },
	{ LETTERS_250 ".xy", true },
	{ LETTERS_250 ".xyz", false },
	{ LETTERS_63 "x.com", false },
	{ "", false },
	{ ".", false },
	{ "a.", false },
	{ ".a", false },
	{ "a..b", false },
	{ "a.-b", false },
	{ "Shops.example.com", false },
	{ "*.example.com", false },
};

static const struct verdict label_values[] = {
	{ "", true },	       { "a", true },
	{ "A_b-c.d", true },   { LETTERS_63, true },
	{ "0", true },	       { LETTERS_63 "x", false },
	{ "-a", false },       { "a-", false },
	{ "_a", false },       { "a.", false },
	{ "a@b", false },      { "a/b", false },
	{ "a b", false },      { "a:b", false },
	{ "\xc3\xa4", false }, { "a\n", false },
};

static const struct verdict cidrs[] = {
	{ "10.0.0.0/8", true },
	{ "0.0.0.0/0", true },
	{ "169.254.20.10/32", true },
	{ "::/0", true },
	{ "fc00::/7", true },
	{ "2001:db8::1/128", true },
	{ "", false },
	{ "/", false },
	{ "/8", false },
	{ "10.0.0.0", false },
	{ "10.0.0.0/", false },
	{ "10.0.0.0/33", false },
	{ "::/129", false },
	{ "10.0.0.0/-1", false },
	{ "10.0.0.0/+8", false },
	{ "10.0.0.0/8 ", false },
	{ " 10.0.0.0/8", false },
	{ "10.0.0.0/8/8", false },
	{ "10.0.0/8", false },
	{ "10.0.0.256/8", false },
	{ "010.0.0.0/8", false },
	{ "10.0.0.0/99999999999999999999", false },
	{ "example.com/8", false },
	{ "fc00::/7%eth0", false },
	{ "0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000/1", false },
};

static void test_verdicts(void **state)
{
	(void)state;
	expect_verdicts(name_is_dns_label, dns_labels, COUNT(dns_labels));
	expect_verdicts(name_is_dns_subdomain, dns_subdomains,
			COUNT(dns_subdomains));
	expect_verdicts(name_is_label_value, label_values,
			COUNT(label_values));
	expect_verdicts(name_is_cidr, cidrs, COUNT(cidrs));
}

struct owner {
	const char *raw;
	const char *label; /* NULL: encoded; then this is its prefix */
	const char *prefix;
};

/* Hashes are those of sha256sum. */
static const struct owner owners[] = {
	{ "alice", "alice", NULL },
	{ "Alice.B_c-d", "Alice.B_c-d", NULL },
	{ "a", "a", NULL },
	{ LETTERS_63, LETTERS_63, NULL },
	{ "alice@example.com", NULL, "alice-example.com-" },
	{ "system:serviceaccount:argocd:argocd", NULL,
	  "system-serviceaccount-argocd-argocd-" },
	{ "oidc:alice", NULL, "oidc-alice-" },
	{ "\xc3\xa4lice", NULL, "lice-" },
	{ "\xe5\xb1\xb1\xe7\x94\xb0", NULL, "u-" },
	{ "", NULL, "u-" },
	{ "...", NULL, "u-" },
	{ "-alice-", NULL, "alice-" },
	{ "a b\tc\n", NULL, "a-b-c-" },
	{ LETTERS_63 "x", NULL, "abcdefghijklmnopqrstuvwxyzabcdef" },
	{ LETTERS_50 LETTERS_250, NULL, "abcdefghijklmnopqrstuvwxyz" },
	{ "alice-0123456789abcdef", NULL, "alice-0123456789abcdef-" },
	{ "x-ffffffffffffffff", NULL, "x-ffffffffffffffff-" },
};

static void test_owner_labels(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(owners); i++) {
		const struct owner *o = &owners[i];
		char label[NAME_LABEL_SIZE];
		memset(label, 'x', sizeof label);
		bool encoded = name_owner_label(o->raw, label);
		if (encoded != !o->label)
			fail_msg("\"%s\" was%s encoded: %s", o->raw,
				 encoded ? "" : " not", label);
		if (o->label)
			expect_text(label, o->label, "a plain owner");
		else if (strncmp(label, o->prefix, strlen(o->prefix)) != 0)
			fail_msg("\"%s\" gave %s", o->raw, label);
		if (!*label || !name_is_label_value(label))
			fail_msg("%s is no label value", label);
	}
}

static void test_known_encoding(void **state)
{
	char label[NAME_LABEL_SIZE];
	(void)state;
	/* printf %s alice@example.com | sha256sum */
	assert_true(name_owner_label("alice@example.com", label));
	expect_text(label, "alice-example.com-ff8d9819fc0e12bf", "an e-mail");
}

/* All that may be mistaken for one another, and each other's encodings. */
static void test_two_owners_never_share_a_label(void **state)
{
	enum { FORMS = 12, LEVELS = 4 };
	static const char *const forms[FORMS] = {
		"alice@example.com", "alice-example.com", "alice:example.com",
		"Alice@example.com", "alice@example.com ", "alice@@example.com",
		"u", "", "-", LETTERS_63 "xa", LETTERS_63 "xb", "alice",
	};
	char all[FORMS * LEVELS][NAME_LABEL_SIZE];
	size_t count = 0;
	(void)state;
	for (size_t i = 0; i < FORMS; i++) {
		const char *raw = forms[i];
		/* then somebody takes that label as a user name, and so on */
		for (size_t level = 0; level < LEVELS; level++) {
			bool encoded = name_owner_label(raw, all[count]);
			raw = all[count++];
			if (!encoded)
				break;
		}
	}
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(all[i], all[j]) == 0)
				fail_msg("two owners have label %s", all[i]);
}

static void test_quota_names(void **state)
{
	char name[NAME_QUOTA_SIZE], other[NAME_QUOTA_SIZE];
	(void)state;
	name_owner_quota("alice@example.com", name);
	expect_text(name,
		    "alice-example-com-ff8d9819fc0e12bf0d24892e45987e24"
		    "9a28dce836a85cad60e28eaaa8c6d976",
		    "the StoreQuota of an e-mail");
	/* plain names are hashed too, so that none can mimic another's */
	name_owner_quota("alice", name);
	name_owner_quota(name, other);
	if (strcmp(name, other) == 0)
		fail_msg("an owner called %s has alice's quota", name);
	for (size_t i = 0; i < COUNT(owners); i++) {
		name_owner_quota(owners[i].raw, name);
		if (strlen(name) > 253 || strchr(name, '.') ||
		    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
			    strlen(name) ||
		    name[0] == '-')
			fail_msg("%s is no object name", name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_owner_labels),
		cmocka_unit_test(test_known_encoding),
		cmocka_unit_test(test_two_owners_never_share_a_label),
		cmocka_unit_test(test_quota_names),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
