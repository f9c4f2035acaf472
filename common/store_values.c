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
	bool judged; /* of something above the value at hand, and so of it */
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
		if (length && strncmp(path, allowed->items[i], length) == 0 &&
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

/* Of one that is set as a whole: whatever the chart has there gives way to it. */
static void judge(struct values_check *c, const struct node *value)
{
	struct violations *v = violations_excusable(c->v);
	if (c->judged || v->count >= SG_MAX_VIOLATIONS ||
	    is_allowed(&c->engine->values, c->path))
		return;
	const char *message = sg_arena_printf(
		v->arena, "is not a value that a %s store may set%s; allowed: %s",
		c->engine->name,
		node_is_mapping(value) ? " (an empty mapping is one, too: leave it out)" :
		node_is_sequence(value) ? " (a list is one, whatever is in it)" :
					  "",
		strings_join(v->arena, &c->engine->values));
	complain(c, v, message ? message : "is not allowed");
}

static void check_value(struct values_check *c, const struct node *value,
			const struct node *old);

/* Why the values below a key would not be where their path says. */
static const char *key_fault(const char *key)
{
	if (!key || !*key)
		return "is empty or null; name it";
	if (strcmp(key, "<<") == 0)
		return "merges, which is not followed here; write the values out";
	/* Helm takes a dot as a character, a path would take it as a step */
	if (strchr(key, '.'))
		return "has a dot; nest mappings instead";
	return NULL;
}

static void check_entry(struct values_check *c, const char *key,
			const struct node *value, const struct node *old)
{
	const char *fault = key_fault(key);
	size_t length = strlen(c->path);
	int added = fault ? 0 :
			    snprintf(c->path + length, PATH_SIZE - length,
				     "%s%s", length ? "." : "", key);
	if (fault)
		violations_add(c->v, "spec.values", "the key \"%.80s\" %s",
			       key ? key : "", fault);
	else if (added < 0 || (size_t)added >= PATH_SIZE - length)
		violations_add(c->v, "spec.values",
			       "the path %.64s... is longer than any value's",
			       c->path);
	else if (strcmp(c->path, "store") == 0)
		complain(c, c->v, "is written from the Store's own name, engine, plan, host and so on; leave it out");
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
		const struct node *before = key ? node_own(old, key) : NULL;
		if (!before || !node_equal(k->next, before))
			check_entry(c, key, node_resolve(k->next), before);
	}
}

/* Each for the secrets in it: of the list as a whole it has been said. */
static void check_items(struct values_check *c, const struct node *list)
{
	bool judged = c->judged;
	c->judged = true;
	for (const struct node *n = list->first;
	     n && c->v->count < SG_MAX_VIOLATIONS; n = n->next)
		check_value(c, node_resolve(n), NULL);
	c->judged = judged;
}

/* Helm merges mappings alone: all else takes the place of what the chart has. */
static void check_value(struct values_check *c, const struct node *value,
			const struct node *old)
{
	if (looks_secret(c->path)) {
		complain(c, c->v, "looks like a secret, and every user who may list Stores could read it; leave it out");
	} else if (node_is_mapping(value) && value->first) {
		check_mapping(c, value, old);
	} else {
		judge(c, value);
		if (node_is_sequence(value))
			check_items(c, value);
	}
}

/* More than a review has room for: they may stay, or become few. */
static void check_sealed(const struct node *values, const struct node *old,
			 struct violations *v)
{
	if (!node_equal(values, old))
		violations_add(v, "spec.values",
			       "has %u values with their keys, more than can be looked at in one change: leave them as they are, or leave up to %u",
			       (unsigned)values->values, SG_MAX_VALUES);
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
