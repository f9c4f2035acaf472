#include "stores.h"

#include <string.h>

static const char *text_or_empty(const struct node *n, const char *key)
{
	const char *text = node_text(node_get(n, key));
	return text ? text : "";
}

bool store_facts_read(const struct node *object, struct store_facts *out)
{
	const struct node *metadata = node_get(object, "metadata");
	const struct node *spec = node_get(object, "spec");
	*out = (struct store_facts){
		.name = text_or_empty(metadata, "name"),
		.uid = text_or_empty(metadata, "uid"),
		.owner = text_or_empty(spec, "owner"),
		.engine = text_or_empty(spec, "engine"),
		.plan = text_or_empty(spec, "plan"),
		.host = text_or_empty(spec, "host"),
		.delivery = text_or_empty(spec, "delivery"),
		.deleting = !node_is_null(
			node_get(metadata, "deletionTimestamp")),
	};
	return *out->name != '\0';
}

int64_t store_facts_created(const struct node *object)
{
	/* always 2026-01-02T03:04:05Z, so its digits make a number */
	const char *text = text_or_empty(node_get(object, "metadata"),
					 "creationTimestamp");
	int64_t number = 0;
	if (strlen(text) != sizeof "2026-01-02T03:04:05Z" - 1)
		return INT64_MAX;
	for (; *text; text++)
		if (*text >= '0' && *text <= '9')
			number = number * 10 + (*text - '0');
	return number;
}
