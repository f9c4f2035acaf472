/*
 * When a hook runs. Helm runs its hooks one at a time; Argo CD starts all of one
 * phase and wave together, Helm's, too, by their weights (gitops-engine's
 * sync/hook and sync/syncwaves).
 */
#ifndef SG_HOOKS_H
#define SG_HOOKS_H

#include "object.h"

struct hook {
	bool is_one;
	unsigned phases; /* of Argo CD's, a bit each; 0: a turn of its own */
	int64_t wave;
};

/* Its turn, by the annotations; and by whom it was handed in, as far as it tells. */
struct hook hook_read(const struct object *o);

#endif
