#include "rights.h"

#include <string.h>

static const char *const writing[] = { "create", "update", "patch", "delete",
				       "deletecollection", NULL };
/* Else nobody gives rights that he does not have himself. */
static const char *const giving[] = { "bind", "escalate", NULL };

static const struct {
	const char *group;
	const char *resource;
	const char *const *verbs;
} guarded[] = {
	{ "networking.k8s.io", "networkpolicies", writing },
	{ "", "resourcequotas", writing },
	{ "", "limitranges", writing },
	{ "", "namespaces", writing },
	{ "rbac.authorization.k8s.io", "roles", giving },
	{ "rbac.authorization.k8s.io", "clusterroles", giving },
	{ "cilium.io", "ciliumnetworkpolicies", writing },
	{ "crd.projectcalico.org", "networkpolicies", writing },
	{ "projectcalico.org", "networkpolicies", writing },
};

/* The list's item that is that word or "*"; for resources, also below it. */
static const struct node *find(const struct node *list, const char *word)
{
	size_t length = strlen(word);
	const struct node *n = node_is_sequence(list) ? list->first : NULL;
	for (; n; n = n->next) {
		const char *text = node_text(n);
		if (!text)
			continue;
		size_t own = strcspn(text, "/");
		if ((own == length && strncmp(text, word, length) == 0) ||
		    (own == 1 && *text == '*'))
			return n;
	}
	return NULL;
}

static bool has_any(const struct node *verbs, const char *const *words)
{
	for (; *words; words++)
		if (find(verbs, *words))
			return true;
	return false;
}

static bool rule_reaches_guards(const struct node *rule, struct right *out)
{
	for (size_t i = 0; i < sizeof guarded / sizeof *guarded; i++) {
		const struct node *resource =
			find(node_get(rule, "resources"), guarded[i].resource);
		if (!resource ||
		    !find(node_get(rule, "apiGroups"), guarded[i].group) ||
		    !has_any(node_get(rule, "verbs"), guarded[i].verbs))
			continue;
		*out = (struct right){ node_resolve(resource),
				       guarded[i].resource, false };
		return true;
	}
	return false;
}

/* Kubernetes' own; what others hold is not to be seen from here. */
static bool binding_reaches_guards(const struct object *o, struct right *out)
{
	static const char *const roles[] = { "cluster-admin", "admin", "edit" };
	const struct node *ref = node_get(o->root, "roleRef");
	if (!node_is(node_get(ref, "kind"), "ClusterRole"))
		return false;
	for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
		if (node_is(node_get(ref, "name"), roles[i])) {
			*out = (struct right){ node_get(ref, "name"), roles[i],
					       true };
			return true;
		}
	return false;
}

bool rights_over_guards(const struct object *o, struct right *out)
{
	if (strcmp(o->group, "rbac.authorization.k8s.io") != 0)
		return false;
	if (strcmp(o->kind, "RoleBinding") == 0)
		return binding_reaches_guards(o, out);
	if (strcmp(o->kind, "Role") != 0)
		return false;
	const struct node *rules = node_get(o->root, "rules");
	const struct node *n = node_is_sequence(rules) ? rules->first : NULL;
	for (; n; n = n->next)
		if (rule_reaches_guards(n, out))
			return true;
	return false;
}
