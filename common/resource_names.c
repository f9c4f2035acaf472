#include "resource_names.h"

#include <ctype.h>
#include <string.h>

enum { NAME_MAX_LENGTH = 63, PREFIX_MAX_LENGTH = 253 };

static const char requests[] = "requests.";
static const char limits[] = "limits.";
static const char count[] = "count/";
static const char huge_pages[] = "hugepages-";
static const char storage_class[] = ".storageclass.storage.k8s.io/";

static bool begins_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_one_of(const char *const *list, const char *name)
{
	for (; *list; list++)
		if (strcmp(*list, name) == 0)
			return true;
	return false;
}

/* A DNS subdomain as Kubernetes checks it: no limit for its labels. */
static bool is_subdomain(const char *name, size_t length)
{
	char before = '.';
	if (length == 0 || length > PREFIX_MAX_LENGTH)
		return false;
	for (size_t i = 0; i < length; before = name[i++]) {
		bool letter = islower((unsigned char)name[i]) ||
			      isdigit((unsigned char)name[i]);
		if (!letter && (!strchr("-.", name[i]) || before == '.' ||
				(name[i] == '.' && before == '-')))
			return false;
	}
	return before != '-' && before != '.';
}

/* The part behind the slash: letters, digits, and -_. between them. */
static bool is_last_part(const char *name)
{
	size_t length = strlen(name);
	if (length == 0 || length > NAME_MAX_LENGTH ||
	    !isalnum((unsigned char)name[0]) ||
	    !isalnum((unsigned char)name[length - 1]))
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("-_.", *c))
			return false;
	return true;
}

/* IsQualifiedName: [<DNS subdomain>/]<name> */
static bool is_qualified(const char *name)
{
	const char *slash = strchr(name, '/');
	if (!slash)
		return is_last_part(name);
	return is_subdomain(name, (size_t)(slash - name)) &&
	       is_last_part(slash + 1);
}

static bool is_native(const char *name)
{
	return !strchr(name, '/') || strstr(name, "kubernetes.io/");
}

bool resource_name_is_huge_pages(const char *name)
{
	return begins_with(name, huge_pages);
}

bool resource_name_is_extended(const char *name)
{
	if (is_native(name) || begins_with(name, requests))
		return false;
	/* it has to do as a quota's key, with "requests." before it, too */
	size_t prefix = (size_t)(strchr(name, '/') - name);
	return is_qualified(name) &&
	       prefix + strlen(requests) <= PREFIX_MAX_LENGTH;
}

bool resource_name_allows_overcommit(const char *name)
{
	return is_native(name) && !resource_name_is_huge_pages(name);
}

bool resource_name_is_for_containers(const char *name)
{
	static const char *const standard[] = { "cpu", "memory",
						"ephemeral-storage", NULL };
	if (!is_qualified(name))
		return false;
	if (!strchr(name, '/'))
		return is_one_of(standard, name) ||
		       resource_name_is_huge_pages(name);
	return is_native(name) || resource_name_is_extended(name);
}

bool resource_name_is_for_pods(const char *name)
{
	return strcmp(name, "cpu") == 0 || strcmp(name, "memory") == 0 ||
	       resource_name_is_huge_pages(name);
}

static const char *const whole[] = {
	"pods",
	"services",
	"services.loadbalancers",
	"services.nodeports",
	"configmaps",
	"secrets",
	"persistentvolumeclaims",
	"replicationcontrollers",
	"resourcequotas",
	NULL,
};

bool resource_name_is_whole(const char *name)
{
	return is_one_of(whole, name) || resource_name_is_extended(name);
}

static bool is_standard_quota_key(const char *name)
{
	static const char *const computed[] = {
		"cpu",
		"memory",
		"ephemeral-storage",
		"requests.cpu",
		"requests.memory",
		"requests.storage",
		"requests.ephemeral-storage",
		"limits.cpu",
		"limits.memory",
		"limits.ephemeral-storage",
		NULL,
	};
	return is_one_of(whole, name) || is_one_of(computed, name) ||
	       begins_with(name, huge_pages) ||
	       begins_with(name, "requests.hugepages-");
}

bool resource_name_is_quota_key(const char *name)
{
	if (!is_qualified(name))
		return false;
	if (!strchr(name, '/'))
		return is_standard_quota_key(name);
	if (begins_with(name, count)) /* resources are lower case */
		return is_subdomain(name + strlen(count),
				    strlen(name + strlen(count)));
	const char *rest = strstr(name, storage_class);
	if (rest && rest != name) {
		rest += strlen(storage_class);
		return strcmp(rest, "requests.storage") == 0 ||
		       strcmp(rest, "persistentvolumeclaims") == 0;
	}
	return begins_with(name, requests) || begins_with(name, limits);
}
