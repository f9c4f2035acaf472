#include "store_budget.h"

#include <string.h>

/* Go writes <, > and & in six bytes, and the two line separators, of three, too. */
static size_t size_of_text(const char *text)
{
	size_t size = 2;
	for (; *text; text++) {
		bool is_separator =
			strncmp(text, "\xe2\x80\xa8", 3) == 0 ||
			strncmp(text, "\xe2\x80\xa9", 3) == 0;
		if (strchr("\"\\\b\f\n\r\t", *text))
			size += 2;
		else if ((unsigned char)*text < 0x20 || strchr("<>&", *text))
			size += 6;
		else
			size += is_separator ? 4 : 1;
	}
	return size;
}

static size_t size_of_scalar(const struct node *n)
{
	bool is_text = n->style != STYLE_PLAIN || n->tagged ||
		       !(node_is_null(n) || yaml_plain_is_typed(n->text));
	return is_text ? size_of_text(n->text) : n->length;
}

/* Without memory: that there is none must not look like size. */
static void measure(const struct node *n, struct store_size *s)
{
	n = node_resolve(n);
	s->values++;
	if (!n || n->kind == NODE_SCALAR) {
		s->bytes += n ? size_of_scalar(n) : 0;
		return;
	}
	s->bytes += n->first ? 1 : 2; /* its brackets; each entry has a separator */
	for (const struct node *c = n->first; c; c = c->next) {
		measure(c, s);
		s->bytes++;
	}
}

struct store_size store_measure(const struct node *values)
{
	struct store_size s = { 0 };
	values = node_resolve(values);
	if (node_is_sealed(values))
		return (struct store_size){ values->length, values->values };
	if (!node_is_null(values))
		measure(values, &s);
	return s;
}

bool store_size_is_over(const struct store_size *s)
{
	return s->bytes > SG_MAX_VALUES_BYTES || s->values > SG_MAX_VALUES;
}

void store_check_size(const struct node *values, const struct node *before,
		      struct violations *v)
{
	struct store_size now = store_measure(values);
	if (!store_size_is_over(&now))
		return;
	struct store_size was = store_measure(before);
	bool is_more_bytes = now.bytes > SG_MAX_VALUES_BYTES &&
			     now.bytes > was.bytes;
	bool is_more_values = now.values > SG_MAX_VALUES &&
			      now.values > was.values;
	if (is_more_bytes || is_more_values)
		violations_add(v, "spec.values",
			       "has %zu bytes as JSON, and %zu values with their keys; up to %zu bytes and %u values are accepted%s",
			       now.bytes, now.values, SG_MAX_VALUES_BYTES,
			       SG_MAX_VALUES,
			       store_size_is_over(&was) ?
				       ", or no more than there were before" :
				       "");
}
