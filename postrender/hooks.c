#include "hooks.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *argocd;
	const char *helm[2];
} phases[] = {
	{ "PreSync", { "pre-install", "pre-upgrade" } },
	{ "Sync", { NULL, NULL } },
	{ "PostSync", { "post-install", "post-upgrade" } },
	{ "SyncFail", { NULL, NULL } },
	{ "PreDelete", { NULL, NULL } },
	{ "PostDelete", { NULL, NULL } },
	{ "Skip", { NULL, NULL } },
};
enum { SKIP = 1 << 6 }; /* never applied */

static bool is_word(const char *word, size_t length, const char *name)
{
	return name && strlen(name) == length &&
	       strncmp(word, name, length) == 0;
}

/* The phases of a list "PreSync, Sync", or of Helm's names for them. */
static unsigned read_phases(const char *list, bool helm)
{
	unsigned found = 0;
	for (const char *word = list ? list : ""; *word;) {
		size_t length = strcspn(word, ", \t");
		for (size_t i = 0; i < sizeof phases / sizeof *phases; i++)
			if (helm ? is_word(word, length, phases[i].helm[0]) ||
					   is_word(word, length,
						   phases[i].helm[1]) :
				   is_word(word, length, phases[i].argocd))
				found |= 1u << i;
		word += length + (word[length] != '\0');
	}
	return found;
}

/* What is no number counts as 0, as it does there. */
static bool read_number(const char *text, int64_t *out)
{
	char *end = NULL;
	errno = 0;
	long long number = text ? strtoll(text, &end, 10) : 0;
	if (!text || !*text || *end || errno)
		return false;
	*out = number;
	return true;
}

struct hook hook_read(const struct object *o)
{
	const char *argocd =
		object_annotation(o->root, "argocd.argoproj.io/hook");
	const char *helm = object_annotation(o->root, "helm.sh/hook");
	struct hook hook = { .is_one = argocd || helm };
	/* Helm 4 handed it in, to run it by its own rules */
	if (object_annotation(o->root, HELM4_FILENAME)) {
		hook.is_one = helm != NULL;
		return hook;
	}
	hook.phases = read_phases(argocd, false);
	if (!hook.phases) /* Argo CD's own go before Helm's */
		hook.phases = read_phases(helm, true);
	hook.phases &= ~(unsigned)SKIP;
	if (!read_number(object_annotation(o->root,
					   "argocd.argoproj.io/sync-wave"),
			 &hook.wave))
		(void)read_number(object_annotation(o->root,
						    "helm.sh/hook-weight"),
				  &hook.wave);
	return hook;
}
