#include "policy.h"

#include <regex.h>
#include <string.h>

#include "cleanup.h"
#include "names.h"
#include "policy_read.h"

/* Embedded by the Makefile from default-policy.yaml. */
extern const char sg_default_policy[];
extern const char sg_default_policy_end[];

static int read_naming(struct policy_reader *r, const struct node *n, const char *path)
{
	static const char *const fields[] = { "pattern", "minLength",
					      "maxLength", "reserved",
					      "protected", NULL };
	struct policy *p = r->policy;
	p->naming.min_length = 1;
	p->naming.max_length = SG_STORE_NAME_MAX;
	if (policy_required(r, n, path) || decode_mapping(n, path, fields, r->e) ||
	    decode_string(r->arena, n, path, "pattern", REQUIRED,
			  &p->naming.pattern, r->e) ||
	    decode_int(n, path, "minLength", 1, SG_STORE_NAME_MAX,
		       &p->naming.min_length, r->e) ||
	    decode_int(n, path, "maxLength", p->naming.min_length,
		       SG_STORE_NAME_MAX, &p->naming.max_length, r->e) ||
	    decode_strings(r->arena, n, path, "reserved", &p->naming.reserved,
			   r->e) ||
	    decode_strings(r->arena, n, path, "protected",
			   &p->naming.protected_names, r->e))
		return -1;
	regex_t compiled;
	int failed = regcomp(&compiled, p->naming.pattern,
			     REG_EXTENDED | REG_NOSUB);
	if (failed == REG_ESPACE)
		return sg_error_memory(r->e);
	if (failed) {
		char why[128];
		regerror(failed, &compiled, why, sizeof why);
		return sg_error_set(r->e, SG_INVALID,
				    "%s.pattern: \"%.80s\" is not a POSIX extended regular expression: %s",
				    path, p->naming.pattern, why);
	}
	regfree(&compiled);
	return 0;
}

static int check_domains(struct policy_reader *r, const struct strings *domains,
			 const char *path)
{
	for (unsigned i = 0; i < domains->count; i++)
		if (!name_is_dns_subdomain(domains->items[i]))
			return sg_error_set(r->e, SG_INVALID,
					    "%s: \"%.80s\" is not a domain (like shops.example.com)",
					    path, domains->items[i]);
	return 0;
}

static int read_hosts(struct policy_reader *r, const struct node *n, const char *path)
{
	static const char *const fields[] = { "baseDomain", "allowedDomains",
					      "deniedDomains", NULL };
	struct policy *p = r->policy;
	if (policy_required(r, n, path) || decode_mapping(n, path, fields, r->e) ||
	    decode_string(r->arena, n, path, "baseDomain", REQUIRED,
			  &p->hosts.base_domain, r->e) ||
	    decode_strings(r->arena, n, path, "allowedDomains",
			   &p->hosts.allowed_domains, r->e) ||
	    decode_strings(r->arena, n, path, "deniedDomains",
			   &p->hosts.denied_domains, r->e))
		return -1;
	struct strings base = { &p->hosts.base_domain, 1 };
	return check_domains(r, &base, policy_child(r, path, "baseDomain")) ||
			       check_domains(r, &p->hosts.allowed_domains,
					     policy_child(r, path, "allowedDomains")) ||
			       check_domains(r, &p->hosts.denied_domains,
					     policy_child(r, path, "deniedDomains")) ?
		       -1 :
		       0;
}

enum { PROVISIONING_SECONDS = 600 };

static int read_provisioning(struct policy_reader *r, const struct node *n,
			     const char *path)
{
	static const char *const fields[] = { "timeoutSeconds", NULL };
	r->policy->provisioning_seconds = PROVISIONING_SECONDS;
	if (node_is_null(n))
		return 0;
	return decode_mapping(n, path, fields, r->e) ||
			       decode_int(n, path, "timeoutSeconds", 1, POLICY_MANY,
					  &r->policy->provisioning_seconds,
					  r->e) ?
		       -1 :
		       0;
}

static int read_default_plan(struct policy_reader *r, const struct node *n)
{
	struct policy *p = r->policy;
	if (decode_string(r->arena, n, "spec", "defaultPlan", REQUIRED,
			  &p->default_plan, r->e))
		return -1;
	if (!p->plan_count || policy_plan(p, p->default_plan))
		return 0;
	return sg_error_set(r->e, SG_INVALID,
			    "spec.defaultPlan: there is no plan \"%.80s\"; there are: %s",
			    p->default_plan, policy_plan_names(r->arena, p));
}

static int read_spec(struct policy_reader *r, const struct node *n)
{
	static const char *const fields[] = { "naming", "hosts", "owners",
					      "provisioning", "defaultPlan",
					      "engines", "plans", "network",
					      "cluster", NULL };
	static const struct {
		int (*read)(struct policy_reader *, const struct node *,
			    const char *path);
		const char *key, *path;
	} sections[] = {
		{ read_naming, "naming", "spec.naming" },
		{ read_hosts, "hosts", "spec.hosts" },
		{ policy_read_owners, "owners", "spec.owners" },
		{ read_provisioning, "provisioning", "spec.provisioning" },
		{ policy_read_plans, "plans", "spec.plans" },
		{ policy_read_engines, "engines", "spec.engines" },
		{ policy_read_network, "network", "spec.network" },
		{ policy_read_cluster, "cluster", "spec.cluster" },
	};
	if (policy_required(r, n, "spec") || decode_any_mapping(n, "spec", r->e))
		return -1;
	if (decode_mapping(n, "spec", fields, r->e) && policy_note(r))
		return -1;
	for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
		if (sections[i].read(r, node_get(n, sections[i].key),
				     sections[i].path) &&
		    policy_note(r))
			return -1;
	return read_default_plan(r, n);
}

static int read_policy(struct policy_reader *r, const struct node *root)
{
	static const char *const fields[] = { "apiVersion", "kind", "metadata",
					      "spec", "status", NULL };
	if (!root)
		return sg_error_set(r->e, SG_INVALID,
				    "holds no document; a StorePolicy is expected");
	if (!node_is_mapping(root) ||
	    !node_is(node_get(root, "apiVersion"), SG_API_VERSION) ||
	    !node_is(node_get(root, "kind"), "StorePolicy"))
		return sg_error_set(r->e, SG_INVALID,
				    "is not a StorePolicy: expected apiVersion: " SG_API_VERSION
				    " and kind: StorePolicy");
	if (decode_mapping(root, "the document", fields, r->e))
		return -1;
	return read_spec(r, node_get(root, "spec"));
}

int policy_parse(const char *source, const char *text, size_t length,
		 struct policy **out, struct sg_error *e)
{
	cleanup_policy struct policy *p = calloc(1, sizeof *p);
	if (!p)
		return sg_error_memory(e);
	sg_arena_init(&p->arena);
	struct policy_reader reader = { p, &p->arena, e, NULL };
	struct node *root = NULL;
	if (yaml_parse(text, length, 1, &p->arena, &root, e) ||
	    read_policy(&reader, root) || sg_arena_check(&p->arena, e))
		return sg_error_context(e, "%s", source);
	*out = steal(&p);
	return 0;
}

int policy_from_tree(const char *source, const struct node *root,
		     struct policy **out, struct sg_error *e)
{
	cleanup_policy struct policy *p = calloc(1, sizeof *p);
	if (!p)
		return sg_error_memory(e);
	sg_arena_init(&p->arena);
	struct policy_reader reader = { p, &p->arena, e, NULL };
	/* the network's peers stay trees */
	if (read_policy(&reader, node_copy(&p->arena, root)) ||
	    sg_arena_check(&p->arena, e))
		return sg_error_context(e, "%s", source);
	*out = steal(&p);
	return 0;
}

int policy_check(const struct node *root, struct violations *v,
		 struct sg_error *e)
{
	cleanup_policy struct policy *p = calloc(1, sizeof *p);
	if (!p)
		return sg_error_memory(e);
	sg_arena_init(&p->arena);
	struct policy_reader reader = { p, &p->arena, e, v };
	if (read_policy(&reader, root) && policy_note(&reader))
		return -1;
	return sg_arena_check(&p->arena, e);
}

int policy_parse_default(struct policy **out, struct sg_error *e)
{
	return policy_parse("the embedded policy", sg_default_policy,
			    (size_t)(sg_default_policy_end - sg_default_policy),
			    out, e);
}
