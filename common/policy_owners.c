#include "policy_read.h"

#include <string.h>

static int read_groups(struct policy_reader *r, const struct node *groups,
		       const char *path)
{
	static const char *const fields[] = { "group", "stores", NULL };
	struct policy *p = r->policy;
	if (node_is_null(groups))
		return 0;
	if (decode_sequence(groups, path, r->e))
		return -1;
	p->owners.groups = policy_allocate(r, node_count(groups),
					   sizeof *p->owners.groups);
	if (!p->owners.groups)
		return -1;
	for (const struct node *g = groups->first; g; g = g->next) {
		struct group_limit *limit =
			&p->owners.groups[p->owners.group_count];
		const char *at = policy_item(r, path, p->owners.group_count++);
		if (decode_mapping(g, at, fields, r->e) ||
		    decode_string(r->arena, g, at, "group", REQUIRED,
				  &limit->group, r->e) ||
		    policy_required(r, node_get(g, "stores"), policy_child(r, at, "stores")) ||
		    decode_int(g, at, "stores", 0, POLICY_MANY, &limit->stores, r->e))
			return -1;
	}
	return 0;
}

static int check_patterns(struct policy_reader *r, const struct strings *owners,
			  const char *path)
{
	for (unsigned i = 0; i < owners->count; i++) {
		const char *star = strchr(owners->items[i], '*');
		if (star && star[1])
			return sg_error_set(r->e, SG_INVALID,
					    "%s: \"%.80s\" has a * that is not at its end; give an owner (alice@example.com) or how owners begin (team-*)",
					    path, owners->items[i]);
	}
	return 0;
}

static int read_assigners(struct policy_reader *r, const struct node *list,
			  const char *path)
{
	static const char *const fields[] = { "user", "owners", NULL };
	struct policy *p = r->policy;
	if (node_is_null(list))
		return 0;
	if (decode_sequence(list, path, r->e))
		return -1;
	p->owners.assigners = policy_allocate(r, node_count(list),
					      sizeof *p->owners.assigners);
	if (!p->owners.assigners)
		return -1;
	for (const struct node *n = list->first; n; n = n->next) {
		struct assigner *a =
			&p->owners.assigners[p->owners.assigner_count];
		const char *at =
			policy_item(r, path, p->owners.assigner_count++);
		if (decode_mapping(n, at, fields, r->e) ||
		    decode_string(r->arena, n, at, "user", REQUIRED, &a->user,
				  r->e) ||
		    policy_required(r, node_get(n, "owners"),
				    policy_child(r, at, "owners")) ||
		    decode_strings(r->arena, n, at, "owners", &a->owners,
				   r->e) ||
		    check_patterns(r, &a->owners,
				   policy_child(r, at, "owners")))
			return -1;
	}
	return 0;
}

int policy_read_owners(struct policy_reader *r, const struct node *n,
		       const char *path)
{
	static const char *const fields[] = { "stores", "createsPerMinute",
					      "groups", "assigners", NULL };
	struct policy *p = r->policy;
	if (node_is_null(n))
		return 0;
	if (decode_mapping(n, path, fields, r->e) ||
	    decode_int(n, path, "stores", 0, POLICY_MANY, &p->owners.stores, r->e) ||
	    decode_int(n, path, "createsPerMinute", 0, POLICY_MANY,
		       &p->owners.creates_per_minute, r->e))
		return -1;
	return read_groups(r, node_get(n, "groups"),
			   policy_child(r, path, "groups")) ||
			       read_assigners(
				       r, node_get(n, "assigners"),
				       policy_child(r, path, "assigners")) ?
		       -1 :
		       0;
}
