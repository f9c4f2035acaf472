#include "helpers.h"

#include "resource_names.h"

#define LETTERS_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"
#define LETTERS_253 LETTERS_63 "." LETTERS_63 "." LETTERS_63 "." \
	"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghi"

struct verdict {
	const char *text;
	bool accepted;
};

static void expect_verdicts(bool (*is)(const char *), const char *what,
			    const struct verdict *table, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is(table[i].text) != table[i].accepted)
			fail_msg("%s \"%s\" was %s", what, table[i].text,
				 table[i].accepted ? "refused" : "accepted");
}

/* tests/test_charges.py asks a real API server of as many. */
static const struct verdict quota_keys[] = {
	{ "pods", true },
	{ "cpu", true },
	{ "requests.cpu", true },
	{ "limits.memory", true },
	{ "limits.ephemeral-storage", true },
	{ "requests.storage", true },
	{ "hugepages-2Mi", true },
	{ "requests.hugepages-2Mi", true },
	{ "requests.nvidia.com/gpu", true },
	{ "count/jobs.batch", true },
	{ "count/secrets", true },
	{ "services.nodeports", true },
	{ "gold.storageclass.storage.k8s.io/requests.storage", true },
	{ "gold.storageclass.storage.k8s.io/persistentvolumeclaims", true },
	{ "count/" LETTERS_63, true },
	{ "requests." LETTERS_63 "/" LETTERS_63, true },
	{ "", false },
	{ "pod", false },
	{ "Pods", false },
	{ "requests.", false },
	{ "requests.bogus", false },
	{ "requests.pods", false },
	{ "requests.a/b/c", false },
	{ "requests./gpu", false },
	{ "requests.example.com/", false },
	{ "requests.Example.com/gpu", false },
	{ "limits.", false },
	{ "limits.pods", false },
	{ "limits.storage", false },
	{ "limits.hugepages-2Mi", false },
	{ "storage", false },
	{ "hugepages-", false },
	{ "count/", false },
	{ "count/Jobs", false },
	{ "count/-", false },
	{ "count/" LETTERS_63 "x", false },
	{ "count/a/b", false },
	{ "/pods", false },
	{ "pods/", false },
	{ "request.cpu", false },
	{ "example.com/gpu", false },
	{ LETTERS_253 "/gpu", false },
	{ "gold.storageclass.storage.k8s.io/pods", false },
	{ "gold..storageclass.storage.k8s.io/requests.storage", false },
	{ "-gold.storageclass.storage.k8s.io/requests.storage", false },
	{ ".storageclass.storage.k8s.io/requests.storage", false },
};

static const struct verdict containers[] = {
	{ "cpu", true },	      { "memory", true },
	{ "ephemeral-storage", true }, { "hugepages-1Gi", true },
	{ "example.com/gpu", true },  { "kubernetes.io/batteries", true },
	{ "gpu", false },	      { "storage", false },
	{ "pods", false },	      { "requests.cpu", false },
	{ "requests.example.com/gpu", false },
	{ "example.com/", false },    { "example.com/a/b", false },
	{ "", false },		      { "hugepages-2 Mi", false },
	{ LETTERS_253 "/gpu", false }, /* no room for "requests." */
};

static const struct verdict overcommitted[] = {
	{ "cpu", true },
	{ "kubernetes.io/batteries", true },
	{ "hugepages-2Mi", false },
	{ "example.com/gpu", false },
};

static const struct verdict whole[] = {
	{ "pods", true },
	{ "services.nodeports", true },
	{ "example.com/gpu", true },
	{ "count/pods", true },
	{ "gold.storageclass.storage.k8s.io/requests.storage", true },
	{ "cpu", false },
	{ "requests.storage", false },
	{ "requests.example.com/gpu", false },
};

static void test_verdicts(void **state)
{
	(void)state;
	expect_verdicts(resource_name_is_quota_key, "quota key", quota_keys,
			COUNT(quota_keys));
	expect_verdicts(resource_name_is_for_containers, "resource",
			containers, COUNT(containers));
	expect_verdicts(resource_name_allows_overcommit, "overcommitted",
			overcommitted, COUNT(overcommitted));
	expect_verdicts(resource_name_is_whole, "whole", whole, COUNT(whole));
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_verdicts) };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
