#include "object_read.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *object_text(const struct node *mapping, const char *key)
{
	const char *text = node_text(node_get(mapping, key));
	return text ? text : "";
}

int64_t object_number(const struct node *mapping, const char *key,
		      int64_t absent)
{
	const char *text = node_text(node_get(mapping, key));
	return text ? strtoll(text, NULL, 10) : absent;
}

const struct node *object_condition(const struct node *object, const char *type)
{
	const struct node *all =
		node_path(object, "status", "conditions", NULL);
	if (!node_is_sequence(all))
		return NULL;
	for (const struct node *c = all->first; c; c = c->next)
		if (node_is(node_get(c, "type"), type))
			return c;
	return NULL;
}

bool object_condition_is(const struct node *object, const char *type,
			 const char *status)
{
	return node_is(node_get(object_condition(object, type), "status"),
		       status);
}

const char *object_refusal(const char *message)
{
	static const char forbidden[] = " is forbidden: ";
	const char *found = strstr(message, forbidden);
	return found ? found + sizeof forbidden - 1 : message;
}

int64_t object_time(const struct node *mapping, const char *key)
{
	struct tm utc = { 0 };
	const char *end = strptime(object_text(mapping, key),
				   "%Y-%m-%dT%H:%M:%S", &utc);
	if (end && *end == '.') /* metav1.MicroTime */
		end += 1 + strspn(end + 1, "0123456789");
	return end && strcmp(end, "Z") == 0 ? (int64_t)timegm(&utc) : 0;
}

const char *object_time_print(int64_t seconds, char text[OBJECT_TIME_SIZE])
{
	struct tm utc;
	time_t t = (time_t)seconds;
	text[0] = '\0';
	if (gmtime_r(&t, &utc))
		(void)strftime(text, OBJECT_TIME_SIZE, "%Y-%m-%dT%H:%M:%SZ",
			       &utc);
	return text;
}
