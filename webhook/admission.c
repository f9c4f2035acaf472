#include "admission_parts.h"

#include <string.h>

bool gate_heard(struct gate *g, enum answer answer)
{
	g->later |= answer == WORLD_LATER;
	g->unknown |= answer == WORLD_UNKNOWN;
	return answer == WORLD_YES;
}

bool gate_is_in_doubt(const struct gate *g)
{
	return g->later || g->unknown;
}

bool gate_may_assign(struct gate *g)
{
	const struct world *w = g->world;
	const char *name = g->review->name;
	/* without a name: all Stores */
	if (!g->asked_assign)
		g->assign = w->calls->may_assign(w, g->verdict->arena,
						 &g->review->user,
						 name ? name : "", &g->why);
	g->asked_assign = true;
	return gate_heard(g, g->assign);
}

bool gate_may_act_for(struct gate *g, const char *owner)
{
	return gate_may_assign(g) &&
	       (!owner || policy_lets_act_for(g->world->policy,
					      g->review->user.name, owner));
}

bool gate_is_owner(const struct gate *g, const char *owner)
{
	return owner && strcmp(owner, g->review->user.name) == 0;
}

static const struct step {
	const char *group, *kind;
	void (*decide)(struct gate *);
} steps[] = {
	[ENDPOINT_MUTATE_STORE] = { "urumi.io", "Store", gate_mutate_store },
	[ENDPOINT_VALIDATE_STORE] = { "urumi.io", "Store", gate_validate_store },
	[ENDPOINT_VALIDATE_NAMESPACE] = { "", "Namespace",
					  gate_validate_namespace },
	[ENDPOINT_VALIDATE_STOREPOLICY] = { "urumi.io", "StorePolicy",
					    gate_validate_storepolicy },
};

/* The message itself is in the audit's response status. */
static const char *refused_for(const struct verdict *v)
{
	const char *fields = NULL;
	if (v->code != 422)
		return v->reason;
	for (unsigned i = 0; i < v->causes.count; i++) {
		const char *field = v->causes.items[i].field;
		fields = fields ? sg_arena_printf(v->arena, "%s, %s", fields,
						  field) :
				  field;
	}
	return fields ? fields : v->reason;
}

static void annotate(const struct gate *g)
{
	struct verdict *v = g->verdict;
	const char *allowed_for = g->reason ? g->reason : "no objection";
	verdict_annotate(v, "decision", "%s",
			 v->allowed ? "allowed" : "refused");
	verdict_annotate(v, "reason", "%s",
			 v->allowed ? allowed_for : refused_for(v));
}

/* What the steps found, as one answer: a complaint counts more than a doubt. */
static bool conclude(struct gate *g)
{
	struct verdict *v = g->verdict;
	const char *name = g->review->name;
	if (v->allowed && g->later)
		return false;
	if (v->causes.count) {
		const char *subject = sg_arena_printf(v->arena, "%s \"%.253s\"",
						      g->review->kind,
						      name ? name : "");
		verdict_refuse_causes(v, subject ? subject : "it");
	}
	if (g->unknown)
		verdict_postpone(v, &g->why);
	if (v->arena->failed)
		verdict_refuse(v, 500, "InternalError", "out of memory");
	annotate(g);
	return true;
}

bool admission_decide(const struct world *w, enum endpoint endpoint,
		      const struct review *r, struct verdict *v)
{
	const struct step *step = &steps[endpoint];
	struct gate g = { .world = w, .review = r, .verdict = v };
	if (strcmp(r->group, step->group) != 0 ||
	    strcmp(r->kind, step->kind) != 0)
		verdict_refuse(v, 400, "BadRequest",
			       "this endpoint reviews %s of %s, not %.80s of %.80s: the webhook's rules name the wrong one",
			       step->kind, *step->group ? step->group : "the core group",
			       r->kind, *r->group ? r->group : "the core group");
	else if (r->sub_resource)
		g.reason = "only a subresource";
	else
		step->decide(&g);
	return conclude(&g);
}
