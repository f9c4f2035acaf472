/* Rules for Stores that ask for more than the Store itself. */
#include <string.h>

#include "admission_parts.h"
#include "names.h"

/* --- plans for some --- */

static bool may_use(const struct plan *plan, const struct user *user)
{
	bool may = plan->groups.count == 0;
	for (unsigned i = 0; i < plan->groups.count && !may; i++)
		may = strings_contain(&user->groups, plan->groups.items[i]);
	return may;
}

/* Those of the engine that the requester may use. */
static const char *usable_plans(struct gate *g, const struct store *s)
{
	const struct policy *p = g->world->policy;
	const struct engine *engine =
		s->engine ? policy_engine(p, s->engine) : NULL;
	const char *names = NULL;
	for (unsigned i = 0; i < p->plan_count; i++) {
		const struct plan *plan = &p->plans[i];
		if (!may_use(plan, &g->review->user) ||
		    (engine && !strings_contain(&engine->plans, plan->name)))
			continue;
		names = names ? sg_arena_printf(g->verdict->arena, "%s, %s",
						names, plan->name) :
				plan->name;
	}
	return names ? names : "none";
}

void gate_check_plan_groups(struct gate *g, const struct store *s)
{
	const struct plan *plan = policy_plan(g->world->policy, s->plan);
	if (!plan || may_use(plan, &g->review->user) || gate_may_assign(g) ||
	    gate_is_in_doubt(g))
		return;
	violations_add_as(&g->verdict->causes, VIOLATION_FORBIDDEN, "spec.plan",
			  "plan \"%s\" is only for members of: %s; you may use: %s",
			  plan->name,
			  strings_join(g->verdict->arena, &plan->groups),
			  usable_plans(g, s));
}

/* --- hosts --- */

/* The label directly below the platform's domain, or NULL for hosts elsewhere. */
static const char *name_in_host(struct gate *g, const char *host)
{
	const char *base = g->world->policy->hosts.base_domain;
	size_t length = strlen(host), domain = strlen(base);
	if (length < domain + 2 || host[length - domain - 1] != '.' ||
	    strcmp(host + length - domain, base) != 0)
		return NULL;
	size_t end = length - domain - 1, begin = end;
	while (begin > 0 && host[begin - 1] != '.')
		begin--;
	return sg_arena_copy(g->verdict->arena, host + begin, end - begin);
}

static bool is_default_host(const char *host, const char *name)
{
	size_t length = strlen(name);
	return strncmp(host, name, length) == 0 && host[length] == '.';
}

/*
 * NAME.<baseDomain> and all below it are the Store's of that name, even if it has
 * another host, or none yet: a generated name's host is derived from it later.
 */
static bool is_kept_for_another(struct gate *g, const struct store *s)
{
	const struct world *w = g->world;
	struct store_facts other = { 0 };
	const char *name = name_in_host(g, s->host);
	if (!name || strcmp(name, s->name) == 0 ||
	    !gate_heard(g, w->calls->find_store(w, g->verdict->arena, name, true,
						&other, &g->why)))
		return false;
	bool same_owner = s->owner && other.owner &&
			  strcmp(s->owner, other.owner) == 0;
	bool is_derived = !other.host || !*other.host;
	if (same_owner && !(is_derived && is_default_host(s->host, name)))
		return false;
	violations_add_as(&g->verdict->causes, VIOLATION_DUPLICATE, "spec.host",
			  "\"%.253s\" is kept for Store \"%s\"; choose another, such as %s.%s",
			  s->host, name, s->name, w->policy->hosts.base_domain);
	return true;
}

void gate_check_host_is_free(struct gate *g, const struct store *s)
{
	const struct world *w = g->world;
	struct store_facts other = { 0 };
	if (!is_kept_for_another(g, s) &&
	    gate_heard(g, w->calls->find_host(w, g->verdict->arena, s->host,
					      s->name, true, &other, &g->why)))
		violations_add_as(&g->verdict->causes, VIOLATION_DUPLICATE,
				  "spec.host",
				  "\"%.253s\" is taken by Store \"%s\"; choose another",
				  s->host, other.name);
}

/* --- namespaces --- */

/* Whether the namespace says that it is this shop's, of this owner. */
static bool is_marked_as(const struct node *labels, const struct store *s)
{
	char owner[NAME_LABEL_SIZE];
	(void)name_owner_label(s->owner, owner);
	return node_is(node_get(labels, SG_LABEL_STORE), s->name) &&
	       node_is(node_get(labels, SG_LABEL_OWNER), owner);
}

static void complain_of_store(struct gate *g, const struct store_facts *other)
{
	const char *name = other->name;
	const char *owner =
		other->owner && *other->owner ? other->owner : "nobody";
	struct violations *v = &g->verdict->causes;
	if (other->deleting)
		violations_add_as(v, VIOLATION_DUPLICATE, "metadata.name",
				  "Store \"%s\" belongs to \"%.253s\" and is being deleted; choose another name, or wait until \"kubectl get store %s\" finds none",
				  name, owner, name);
	else
		violations_add_as(v, VIOLATION_DUPLICATE, "metadata.name",
				  "Store \"%s\" belongs to \"%.253s\"; choose another name",
				  name, owner);
}

/* Nobody is told to give a namespace away that a Store still has. */
static void complain_of_marks(struct gate *g, const struct store *s,
			      const struct node *labels)
{
	const struct world *w = g->world;
	struct violations *v = &g->verdict->causes;
	struct store_facts other = { 0 };
	const char *owner = node_text(node_get(labels, SG_LABEL_OWNER));
	char label[NAME_LABEL_SIZE];
	(void)name_owner_label(s->owner, label);
	if (gate_heard(g, w->calls->find_store(w, g->verdict->arena, s->name,
					       true, &other, &g->why)))
		complain_of_store(g, &other);
	else if (owner || node_get(labels, SG_LABEL_STORE))
		violations_add_as(v, VIOLATION_FORBIDDEN, "metadata.name",
				  "namespace store-%s still holds another shop (%s=%.63s); choose another name, or wait until \"kubectl get namespace store-%s\" finds none",
				  s->name, SG_LABEL_OWNER, owner ? owner : "",
				  s->name);
	else if (!gate_is_in_doubt(g))
		violations_add_as(v, VIOLATION_FORBIDDEN, "metadata.name",
				  "namespace store-%s exists and does not say whose it is; choose another name, or ask an administrator to delete it, or, if it is this shop's: kubectl label namespace store-%s %s=%s %s=%s",
				  s->name, s->name, SG_LABEL_STORE, s->name,
				  SG_LABEL_OWNER, label);
}

/* Its volumes and secrets would become those of the new shop. */
void gate_check_namespace_is_free(struct gate *g, const struct store *s)
{
	const struct world *w = g->world;
	struct sg_arena *a = g->verdict->arena;
	const struct node *metadata = NULL;
	const char *name =
		sg_arena_printf(a, SG_NAMESPACE_PREFIX "%s", s->name);
	if (!name || !s->owner ||
	    !gate_heard(g, w->calls->find_namespace(w, a, name, &metadata,
						    &g->why)))
		return;
	const struct node *labels = node_get(metadata, "labels");
	if (!node_is_null(node_get(metadata, "deletionTimestamp")))
		violations_add_as(&g->verdict->causes, VIOLATION_FORBIDDEN,
				  "metadata.name",
				  "namespace %s of a former Store is still being removed; wait until \"kubectl get namespace %s\" finds none, then try again",
				  name, name);
	else if (!is_marked_as(labels, s))
		complain_of_marks(g, s, labels);
}
