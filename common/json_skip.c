#include "json_skip.h"

#include <stdbool.h>
#include <string.h>

static const char *skip_text(const char *at)
{
	for (at++;; at += 2) {
		at += strcspn(at, "\"\\");
		if (*at == '"')
			return at + 1;
		if (!*at || !at[1])
			return NULL;
	}
}

const char *json_skip(const char *at, size_t *values)
{
	size_t depth = 0;
	do {
		at += strspn(at, ",: \t\r\n");
		bool opens = *at == '{' || *at == '[';
		if (!*at)
			return NULL;
		if (*at == '}' || *at == ']') {
			depth--;
			at++;
			continue;
		}
		++*values;
		depth += opens;
		if (opens)
			at++;
		else if (*at == '"')
			at = skip_text(at);
		else
			at += strcspn(at, ",:]}\" \t\r\n");
	} while (at && depth);
	return at;
}
