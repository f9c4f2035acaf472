/*
 * Whether a Store may be as it is, and whether the requester may make it so. The
 * deletion of Stores is guarded by a ValidatingAdmissionPolicy; only for whom an assigner
 * may delete is said here, where the policy lists anybody.
 */
#include <string.h>

#include "admission_parts.h"

static const char *spec_owner(const struct node *object)
{
	return node_text(node_path(object, "spec", "owner", NULL));
}

/* A Store with its defaults; no Store at all is one complaint. */
static bool read_store(struct gate *g, const struct node *object,
		       struct store *out)
{
	struct sg_error e;
	struct sg_arena *a = g->verdict->arena;
	if (store_decode(a, object, out, &e) == 0 &&
	    store_default(a, g->world->policy, out, &e) == 0)
		return true;
	if (e.code == SG_INVALID)
		verdict_refuse(g->verdict, 400, "BadRequest", "%s", e.message);
	return false;
}

static void annotate_owner(struct gate *g, const char *key, const char *owner)
{
	if (owner)
		verdict_annotate(g->verdict, key, "%s", owner);
}

/* --- who may --- */

/* Who may assign Stores at all, but not for that owner. */
static bool complain_of_list(struct gate *g, const char *owner)
{
	if (!gate_may_assign(g))
		return false;
	violations_add_as(&g->verdict->causes, VIOLATION_FORBIDDEN, "spec.owner",
			  "you are \"%.128s\", who may not act for \"%.128s\": owners.assigners of the policy lists for whom you may (kubectl get storepolicy default -o yaml)",
			  g->review->user.name, owner);
	return true;
}

static void check_owner_of_new(struct gate *g, const struct store *s)
{
	const struct user *user = &g->review->user;
	struct violations *v = &g->verdict->causes;
	if (!s->owner && !store_is_owner(user->name))
		violations_add_as(v, VIOLATION_REQUIRED, "spec.owner",
				  "is missing, and can't be you (\"%.128s\"); name the user whom the Store is for: " STORE_OWNER_RULE,
				  user->name);
	else if (!s->owner && store_user_is_person(user->name))
		violations_add_as(v, VIOLATION_REQUIRED, "spec.owner",
				  "is missing; name the user whom the Store is for (you are \"%.253s\")",
				  user->name);
	else if (!s->owner)
		violations_add_as(v, VIOLATION_REQUIRED, "spec.owner",
				  "is missing; \"%.253s\" is no person, and has to name the user whom the Store is for",
				  user->name);
	else if (!gate_is_owner(g, s->owner) &&
		 !gate_may_act_for(g, s->owner) && !gate_is_in_doubt(g) &&
		 !complain_of_list(g, s->owner))
		violations_add_as(v, VIOLATION_FORBIDDEN, "spec.owner",
				  "you are \"%.128s\", so the owner can only be you, not \"%.128s\"; making Stores for others takes the right to \"assign\" Stores",
				  user->name, s->owner);
}

static void check_owner_stays(struct gate *g, const char *owner,
			      const char *before)
{
	struct violations *v = &g->verdict->causes;
	if (!owner)
		violations_add_as(v, VIOLATION_REQUIRED, "spec.owner",
				  "is missing; the owner can't be left out%s%s",
				  before ? ": it is " : "", before ? before : "");
	else if (!(before && strcmp(owner, before) == 0) &&
		 !gate_may_act_for(g, owner) && !gate_is_in_doubt(g) &&
		 !complain_of_list(g, owner))
		violations_add_as(v, VIOLATION_FORBIDDEN, "spec.owner",
				  "only who may \"assign\" Stores can give it to \"%.128s\"; keep \"%.128s\"",
				  owner, before ? before : "");
}

/*
 * The garbage collector and the like take finalizers and owner references away; who
 * controls kube-system needs no Store to do harm.
 */
static bool is_part_of_cluster(const struct user *user)
{
	static const char accounts[] = "system:serviceaccount:kube-system:";
	return strncmp(user->name, accounts, sizeof accounts - 1) == 0 ||
	       strcmp(user->name, "system:kube-controller-manager") == 0;
}

static void refuse_by_list(struct gate *g, const char *owner)
{
	verdict_refuse(g->verdict, 403, "Forbidden",
		       "Store \"%.63s\" belongs to \"%.253s\", for whom \"%.253s\" may not act: owners.assigners of the policy lists for whom it may",
		       g->review->name ? g->review->name : "", owner,
		       g->review->user.name);
}

/* Whether the requester may change this Store at all. */
static bool may_change(struct gate *g, const char *owner, bool same_spec)
{
	if (gate_is_owner(g, owner)) {
		g->reason = "by its owner";
		return true;
	}
	if (same_spec && is_part_of_cluster(&g->review->user)) {
		g->reason = "metadata, by a controller of the cluster";
		return true;
	}
	g->reason = "by who may assign";
	if (gate_may_act_for(g, owner))
		return true;
	if (!gate_is_in_doubt(g) && gate_may_assign(g))
		refuse_by_list(g, owner);
	else if (!gate_is_in_doubt(g))
		verdict_refuse(g->verdict, 403, "Forbidden",
			       "Store \"%.63s\" belongs to \"%.253s\", and you are \"%.253s\"; only its owner, or who may \"assign\" Stores, can change it",
			       g->review->name ? g->review->name : "",
			       owner ? owner : "nobody", g->review->user.name);
	return false;
}

/* --- what --- */

static void warn_of_host(struct gate *g, const struct store *s)
{
	const char *base = g->world->policy->hosts.base_domain;
	size_t host = strlen(s->host), domain = strlen(base);
	if (host <= domain || s->host[host - domain - 1] != '.' ||
	    strcmp(s->host + host - domain, base) != 0)
		verdict_warn(g->verdict,
			     "spec.host: %.253s is not below %s: it needs a DNS record of its own that points to the platform's ingress",
			     s->host, base);
}

/*
 * A host is free when it is well-formed and nobody has it. Two creates at the same
 * moment can pass both; the younger Store is then withheld by who delivers it.
 */
static void check_host(struct gate *g, const struct store *s, bool well_formed)
{
	if (!well_formed)
		return;
	gate_check_host_is_free(g, s);
	warn_of_host(g, s);
}

static bool complains_of(const struct violations *v, const char *field)
{
	for (unsigned i = 0; i < v->count; i++)
		if (strcmp(v->items[i].field, field) == 0)
			return true;
	return false;
}

static void validate_create(struct gate *g)
{
	struct violations *v = &g->verdict->causes;
	struct store s;
	if (!read_store(g, g->review->object, &s))
		return;
	annotate_owner(g, "owner", s.owner);
	g->reason = gate_is_owner(g, s.owner) ? "for oneself" :
						"by who may assign";
	check_owner_of_new(g, &s);
	store_check(g->world->policy, &s, v);
	gate_check_budget(g);
	bool good_name = !complains_of(v, "metadata.name");
	gate_check_plan_groups(g, &s);
	check_host(g, &s, good_name && !complains_of(v, "spec.host"));
	if (good_name)
		gate_check_namespace_is_free(g, &s);
	gate_reserve(g, &s);
}

static bool is_deleting(const struct gate *g)
{
	return !node_is_null(node_path(g->review->old_object, "metadata",
				       "deletionTimestamp", NULL));
}

/* Who leaves takes nothing that another would have to wait for. */
static void check_new_host(struct gate *g, const struct store *s,
			   const struct store *old)
{
	struct violations *v = &g->verdict->causes;
	if (!is_deleting(g))
		check_host(g, s, !complains_of(v, "spec.host"));
	else
		violations_add_as(v, VIOLATION_FORBIDDEN, "spec.host",
				  "a Store that is being deleted takes no other host%s%.253s",
				  old->host ? "; keep " : "",
				  old->host ? old->host : "");
}

static void validate_change(struct gate *g)
{
	struct violations *v = &g->verdict->causes;
	struct store s, old;
	struct sg_error e;
	struct sg_arena *a = g->verdict->arena;
	if (!read_store(g, g->review->object, &s))
		return;
	/* one from before our time may be no Store as we know it */
	if (store_decode(a, g->review->old_object, &old, &e) ||
	    store_default(a, g->world->policy, &old, &e))
		old = (struct store){ .name = s.name };
	store_check_change(g->world->policy, &s, &old, v);
	if (!old.plan || strcmp(s.plan, old.plan) != 0)
		gate_check_plan_groups(g, &s);
	if (!old.host || strcmp(s.host, old.host) != 0)
		check_new_host(g, &s, &old);
	if (s.owner && !(old.owner && strcmp(s.owner, old.owner) == 0))
		gate_reserve(g, &s);
}

static void validate_update(struct gate *g)
{
	const struct review *r = g->review;
	const char *owner = spec_owner(r->object);
	const char *before = spec_owner(r->old_object);
	bool same_spec = node_equal(node_get(r->object, "spec"),
				    node_get(r->old_object, "spec"));
	bool same_owner = owner && before && strcmp(owner, before) == 0;
	annotate_owner(g, "owner", before);
	if (!same_spec && !same_owner)
		annotate_owner(g, "new-owner", owner);
	if (!may_change(g, before, same_spec))
		return;
	gate_check_budget(g);
	if (same_spec)
		return;
	check_owner_stays(g, owner, before);
	if (owner && !same_owner && is_deleting(g))
		violations_add(&g->verdict->causes, "spec.owner",
			       "a Store that is being deleted stays with its owner, \"%.253s\"; its name is free once its namespace is gone",
			       before ? before : "nobody");
	validate_change(g);
}

/* Who may delete at all, the API server sees to itself; here, whom the policy limits. */
static void validate_deletion(struct gate *g)
{
	const char *owner = spec_owner(g->review->old_object);
	annotate_owner(g, "owner", owner);
	g->reason = "the policy limits nobody in it";
	if (owner && !gate_is_owner(g, owner) &&
	    !policy_lets_act_for(g->world->policy, g->review->user.name, owner))
		refuse_by_list(g, owner);
}

void gate_validate_store(struct gate *g)
{
	if (g->review->operation == OPERATION_CREATE)
		validate_create(g);
	else if (g->review->operation == OPERATION_UPDATE)
		validate_update(g);
	else if (g->review->operation == OPERATION_DELETE)
		validate_deletion(g);
}
