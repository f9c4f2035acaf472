#include "decode.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static int wrong_kind(const struct node *n, const char *path, const char *want,
		      struct sg_error *e)
{
	return sg_error_set(e, SG_INVALID, "%s must be %s, not %s", path, want,
			    node_kind_name(n));
}

int decode_any_mapping(const struct node *n, const char *path,
		       struct sg_error *e)
{
	return node_is_mapping(n) ? 0 : wrong_kind(n, path, "a mapping", e);
}

static const char *join(const char *const *names, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (size_t i = 0; names[i] && used < size; i++) {
		int n = snprintf(text + used, size - used, "%s%s",
				 i ? ", " : "", names[i]);
		used += n > 0 ? (size_t)n : 0;
	}
	return text;
}

int decode_mapping(const struct node *n, const char *path,
		   const char *const *known, struct sg_error *e)
{
	if (decode_any_mapping(n, path, e))
		return -1;
	n = node_resolve(n);
	for (const struct node *k = n->first; k; k = k->next->next) {
		size_t i = 0;
		while (known[i] && strcmp(known[i], k->text) != 0)
			i++;
		char fields[512];
		if (!known[i])
			return sg_error_set(e, SG_INVALID,
					    "%s has no field \"%.80s\"; it has: %s",
					    path, k->text,
					    join(known, fields, sizeof fields));
	}
	return 0;
}

int decode_sequence(const struct node *n, const char *path, struct sg_error *e)
{
	return node_is_sequence(n) ? 0 : wrong_kind(n, path, "a list", e);
}

static int no_string(const struct node *n, const char *path,
		     struct sg_error *e)
{
	const char *text = node_text(n);
	if (!text)
		return wrong_kind(n, path, "a string", e);
	if (!*text)
		return sg_error_set(e, SG_INVALID, "%s is empty", path);
	return sg_error_set(e, SG_INVALID,
			    "%s: %s is not a string; write it in quotes", path,
			    text);
}

/* A string that is not empty; *out stays NULL for anything else. */
static int copy_string(struct sg_arena *a, const struct node *n,
		       const char **out, struct sg_error *e)
{
	n = node_resolve(n);
	const char *text = node_text(n);
	*out = NULL;
	if (!text || !*text ||
	    (n->style == STYLE_PLAIN && !n->tagged && yaml_plain_is_typed(text)))
		return 0;
	*out = sg_arena_copy(a, text, n->length);
	return *out ? 0 : sg_error_memory(e);
}

static int read_string(struct sg_arena *a, const struct node *n,
		       const char *path, const char **out, struct sg_error *e)
{
	if (copy_string(a, n, out, e))
		return -1;
	return *out ? 0 : no_string(node_resolve(n), path, e);
}

int decode_string(struct sg_arena *a, const struct node *n, const char *path,
		  const char *key, enum presence presence, const char **out,
		  struct sg_error *e)
{
	const struct node *value = node_get(n, key);
	*out = NULL;
	if (node_is_null(value)) {
		if (presence == OPTIONAL)
			return 0;
		return sg_error_set(e, SG_INVALID, "%s.%s is missing", path, key);
	}
	if (copy_string(a, value, out, e))
		return -1;
	if (*out)
		return 0;
	/* only a complaint needs the path */
	const char *at = sg_arena_printf(a, "%s.%s", path, key);
	return at ? no_string(value, at, e) : sg_error_memory(e);
}

int decode_number(const struct node *n, int64_t min, int64_t max, int64_t *out,
		  struct sg_error *e)
{
	const char *text = node_text(n);
	const char *digits = text ? text + (*text == '-') : "";
	size_t length = strspn(digits, "0123456789");
	bool decimal = length && !digits[length] &&
		       (*digits != '0' || length == 1);
	errno = 0;
	long long value = decimal ? strtoll(text, NULL, 10) : 0;
	if (!decimal || errno || value < min || value > max)
		return sg_error_set(e, SG_INVALID,
				    "%s%.40s%s is not a whole number from %" PRId64
				    " to %" PRId64,
				    text ? "\"" : "", text ? text : node_kind_name(n),
				    text ? "\"" : "", min, max);
	*out = value;
	return 0;
}

int decode_int(const struct node *n, const char *path, const char *key,
	       int64_t min, int64_t max, int64_t *out, struct sg_error *e)
{
	const struct node *value = node_get(n, key);
	if (node_is_null(value))
		return 0;
	if (decode_number(value, min, max, out, e))
		return sg_error_context(e, "%s.%s", path, key);
	return 0;
}

int decode_bool(const struct node *n, const char *path, const char *key,
		bool *out, struct sg_error *e)
{
	const struct node *value = node_get(n, key);
	if (node_is_null(value))
		return 0;
	*out = node_is(value, "true");
	if (*out || node_is(value, "false"))
		return 0;
	const char *text = node_text(value);
	return sg_error_set(e, SG_INVALID, "%s.%s: %.40s is not true or false",
			    path, key, text ? text : node_kind_name(value));
}

/*
 * The list under a key, with room for its items of that size; *list is NULL
 * when it is absent.
 */
static int open_list(struct sg_arena *a, const struct node *n, const char *path,
		     const char *key, size_t size, const struct node **list,
		     const char **at, void **items, struct sg_error *e)
{
	const struct node *value = node_get(n, key);
	*list = NULL;
	if (node_is_null(value))
		return 0;
	*at = sg_arena_printf(a, "%s.%s", path, key);
	*items = sg_arena_alloc(a, (node_count(value) + 1) * size);
	if (!*at || !*items)
		return sg_error_memory(e);
	*list = value;
	return decode_sequence(value, *at, e);
}

int decode_strings(struct sg_arena *a, const struct node *n, const char *path,
		   const char *key, struct strings *out, struct sg_error *e)
{
	const struct node *list;
	const char *at;
	void *items = NULL;
	*out = (struct strings){ 0 };
	if (open_list(a, n, path, key, sizeof *out->items, &list, &at, &items,
		      e))
		return -1;
	out->items = items;
	for (const struct node *item = list ? list->first : NULL; item;
	     item = item->next) {
		if (read_string(a, item, at, &out->items[out->count], e))
			return -1;
		out->count++;
	}
	return 0;
}

int decode_ports(struct sg_arena *a, const struct node *n, const char *path,
		 const char *key, struct ports *out, struct sg_error *e)
{
	const struct node *list;
	const char *at;
	void *items = NULL;
	*out = (struct ports){ 0 };
	if (open_list(a, n, path, key, sizeof *out->items, &list, &at, &items,
		      e))
		return -1;
	out->items = items;
	for (const struct node *item = list ? list->first : NULL; item;
	     item = item->next) {
		int64_t port = 0;
		if (decode_number(item, 1, 65535, &port, e))
			return sg_error_context(e, "%s", at);
		out->items[out->count++] = (uint16_t)port;
	}
	return 0;
}

int decode_quantity(const struct node *n, struct quantity *out,
		    struct sg_error *e)
{
	const struct node *value = node_resolve(n);
	const char *text = node_text(value);
	if (!text)
		return sg_error_set(e, SG_INVALID, "%s is not a quantity (%s)",
				    node_kind_name(value), QUANTITY_EXAMPLES);
	/* plain 010 is eight to YAML 1.1 and ten to the reader */
	const char *digits = text + (*text == '+' || *text == '-');
	if (value->style == STYLE_PLAIN && digits[0] == '0' &&
	    digits[1] >= '0' && digits[1] <= '9')
		return sg_error_set(e, SG_INVALID,
				    "%.40s may be read as octal; write it without the leading zero",
				    text);
	if (quantity_parse(text, value->length, out, e))
		return -1;
	if (quantity_is_negative(*out))
		return sg_error_set(e, SG_INVALID, "%.40s is negative", text);
	return 0;
}

int decode_resources(struct sg_arena *a, const struct node *n, const char *path,
		     const char *key, struct resources *out,
		     struct sg_error *e)
{
	const struct node *value = node_get(n, key);
	*out = (struct resources){ 0 };
	if (node_is_null(value))
		return 0;
	char at[256];
	(void)snprintf(at, sizeof at, "%s.%s", path, key);
	if (decode_any_mapping(value, at, e))
		return -1;
	for (const struct node *k = value->first; k; k = k->next->next) {
		const char *name = sg_arena_copy(a, k->text, k->length);
		struct quantity amount;
		if (!name)
			return sg_error_memory(e);
		if (decode_quantity(k->next, &amount, e))
			return sg_error_context(e, "%s.%s", at, name);
		if (resources_set(a, out, name, amount, e))
			return sg_error_context(e, "%s", at);
	}
	return 0;
}

bool strings_contain(const struct strings *s, const char *text)
{
	for (unsigned i = 0; i < s->count; i++)
		if (strcmp(s->items[i], text) == 0)
			return true;
	return false;
}

bool ports_contain(const struct ports *ports, int64_t port)
{
	for (unsigned i = 0; i < ports->count; i++)
		if (ports->items[i] == port)
			return true;
	return false;
}

const char *strings_join(struct sg_arena *a, const struct strings *s)
{
	const char *joined = s->count ? s->items[0] : "none";
	for (unsigned i = 1; i < s->count && joined; i++)
		joined = sg_arena_printf(a, "%s, %s", joined, s->items[i]);
	return joined ? joined : "…";
}
