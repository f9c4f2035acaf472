/* What of a chart's values a Store may set. */
#include "store.h"
#include "store_budget.h"

#include <stdio.h>
#include <string.h>

/*
 * Longer paths than any policy has are refused, not followed; and of larger mappings
 * than anybody writes, all entries count as changed: comparing takes their square.
 */
enum { PATH_SIZE = 256, COMPARED = 256 };

struct values_check {
	const struct engine *engine;
	struct violations *v;
	char path[PATH_SIZE]; /* of the value at hand */
};

static bool looks_secret(const char *key)
{
	static const char *const words[] = { "password", "passwd", "secret",
					     "token",	 "apikey", "api_key",
					     "api-key",	 "privatekey",
					     "private_key", "credential" };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasestr(key, words[i]))
			return true;
	return false;
}

/* allowed "a.b" covers a.b and everything below it */
static bool is_allowed(const struct strings *allowed, const char *path)
{
	for (unsigned i = 0; i < allowed->count; i++) {
		size_t length = strlen(allowed->items[i]);
		if (strncmp(path, allowed->items[i], length) == 0 &&
		    (path[length] == '\0' || path[length] == '.'))
			return true;
	}
	return false;
}

static void complain(struct values_check *c, struct violations *v,
		     const char *message)
{
	char field[PATH_SIZE + sizeof "spec.values."];
	(void)snprintf(field, sizeof field, "spec.values.%s", c->path);
	violations_add_as(v, VIOLATION_FORBIDDEN, field, "%s", message);
}

static void check_leaf(struct values_check *c)
{
	struct violations *v = violations_excusable(c->v);
	if (v->count >= SG_MAX_VIOLATIONS ||
	    is_allowed(&c->engine->values, c->path))
		return;
	const char *message = sg_arena_printf(
		v->arena, "is not a value that a %s store may set; allowed: %s",
		c->engine->name, strings_join(v->arena, &c->engine->values));
	complain(c, v, message ? message : "is not allowed");
}

static void check_value(struct values_check *c, const struct node *value,
			const struct node *old);

/* Helm takes a dot in a key as a character, a path would take it as a step. */
static void check_entry(struct values_check *c, const char *key,
			const struct node *value, const struct node *old)
{
	size_t length = strlen(c->path);
	int added = snprintf(c->path + length, PATH_SIZE - length, "%s%s",
			     length ? "." : "", key);
	if (added < 0 || (size_t)added >= PATH_SIZE - length)
		violations_add(c->v, "spec.values",
			       "the path %.64s... is longer than any value's",
			       c->path);
	else if (strchr(key, '.'))
		violations_add(c->v, "spec.values",
			       "the key \"%.80s\" has a dot; nest mappings instead",
			       key);
	else
		check_value(c, value, old);
	c->path[length] = '\0';
}

static void check_mapping(struct values_check *c, const struct node *mapping,
			  const struct node *old)
{
	if (node_count(mapping) > COMPARED || node_count(old) > COMPARED)
		old = NULL;
	for (const struct node *k = mapping->first;
	     k && c->v->count < SG_MAX_VIOLATIONS; k = k->next->next) {
		const char *key = node_text(k);
		if (!key)
			key = "null";
		const struct node *before = node_own(old, key);
		if (!before || !node_equal(k->next, before))
			check_entry(c, key, node_resolve(k->next), before);
	}
}

static void check_value(struct values_check *c, const struct node *value,
			const struct node *old)
{
	if (looks_secret(c->path)) {
		complain(c, c->v, "looks like a secret, and every user who may list Stores could read it; leave it out");
	} else if (node_is_mapping(value)) { /* an empty one sets nothing */
		check_mapping(c, value, old);
	} else if (node_is_sequence(value) && node_count(value)) {
		for (const struct node *n = value->first;
		     n && c->v->count < SG_MAX_VIOLATIONS; n = n->next)
			check_value(c, node_resolve(n), NULL);
	} else {
		check_leaf(c);
	}
}

/* More than a review has room for: they may stay, or become few. */
static void check_sealed(const struct node *values, const struct node *old,
			 struct violations *v)
{
	if (!node_equal(values, old))
		violations_add(v, "spec.values",
			       "has %u values with their keys, more than can be looked at in one change: leave them as they are, or leave up to %u",
			       (unsigned)values->weight, SG_MAX_VALUES);
}

void store_check_values(const struct policy *p, const struct store *s,
			const struct node *old, struct violations *v)
{
	struct values_check c = { .v = v };
	store_check_size(s->values, old, violations_excusable(v));
	if (node_is_sealed(s->values)) {
		check_sealed(s->values, old, violations_excusable(v));
		return;
	}
	c.engine = s->engine ? policy_engine(p, s->engine) : NULL;
	if (c.engine && s->values)
		check_mapping(&c, node_resolve(s->values), old);
}
