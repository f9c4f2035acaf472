/* Shared by the files of the gate: one decision in the making. */
#ifndef SG_ADMISSION_PARTS_H
#define SG_ADMISSION_PARTS_H

#include "admission.h"
#include "store.h"

struct gate {
	const struct world *world;
	const struct review *review;
	struct verdict *verdict;
	bool later;   /* the world has to wait for something, and may not */
	bool unknown; /* nobody can say something; the error says why */
	struct sg_error why;
	bool asked_assign;
	enum answer assign;
	const char *reason; /* of an admission, for the audit; static */
};

/*
 * Notes an answer of the world: true for yes. After "later" and "unknown" the checks
 * that remain go on, so that their complaints are told at once.
 */
bool gate_heard(struct gate *g, enum answer answer);
/* Whether it was neither yes nor no. */
bool gate_is_in_doubt(const struct gate *g);
/* Whether the requester may `assign` this Store; the world is asked once. */
bool gate_may_assign(struct gate *g);
/* Whether it is so for a Store of that owner, too (NULL: of nobody). */
bool gate_may_act_for(struct gate *g, const char *owner);
bool gate_is_owner(const struct gate *g, const char *owner);

/* The steps of one endpoint each. */
void gate_mutate_store(struct gate *g);
void gate_validate_store(struct gate *g);
void gate_validate_namespace(struct gate *g);
void gate_validate_storepolicy(struct gate *g);

/* Rules that ask the world; each adds its complaints to the verdict's causes. */
void gate_check_plan_groups(struct gate *g, const struct store *s);
void gate_check_host_is_free(struct gate *g, const struct store *s);
void gate_check_namespace_is_free(struct gate *g, const struct store *s);
/* What a Store may carry beside its spec, which is there for others to see. */
void gate_check_budget(struct gate *g);
/*
 * The last rule for a Store that is new to its owner, and only for what stands: a place
 * in the owner's quota. It refuses by itself.
 */
void gate_reserve(struct gate *g, const struct store *s);

#endif
