#include "duration.h"

#include <stdbool.h>
#include <string.h>

static const struct unit {
	const char *name;
	int64_t nanoseconds;
} units[] = {
	/* where one begins with another, the longer one comes first */
	{ "ns", 1 },
	{ "us", 1000 },
	{ "\xC2\xB5s", 1000 }, /* U+00B5 */
	{ "\xCE\xBCs", 1000 }, /* U+03BC */
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60 * INT64_C(1000000000) },
	{ "h", 3600 * INT64_C(1000000000) },
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static const struct unit *find_unit(const char *at)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		size_t length = strlen(units[i].name);
		if (strncmp(at, units[i].name, length) == 0)
			return &units[i];
	}
	return NULL;
}

/* One number with its unit is added to *sum; what follows, or NULL. */
static const char *take(const char *at, int64_t *sum)
{
	int64_t whole = 0, fraction = 0, scale = 1, part;
	bool digits = false;
	for (; is_digit(*at); at++, digits = true)
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, *at - '0', &whole))
			return NULL;
	if (*at == '.')
		for (at++; is_digit(*at); at++, digits = true)
			if (scale < 1000000) { /* finer than that counts for nothing */
				fraction = fraction * 10 + (*at - '0');
				scale *= 10;
			}
	const struct unit *unit = digits ? find_unit(at) : NULL;
	if (!unit)
		return NULL;
	/* at most 999,999 * 3.6e12 = 3.6e18, below 2^63 */
	if (__builtin_mul_overflow(whole, unit->nanoseconds, &part) ||
	    __builtin_add_overflow(*sum, part, sum) ||
	    __builtin_add_overflow(*sum, fraction * unit->nanoseconds / scale,
				   sum))
		return NULL;
	return at + strlen(unit->name);
}

int duration_parse(const char *text, int64_t *milliseconds)
{
	int64_t sum = 0;
	const char *at = text + (*text == '+');
	if (strcmp(at, "0") == 0) {
		*milliseconds = 0;
		return 0;
	}
	do {
		at = take(at, &sum);
	} while (at && *at);
	if (!at)
		return -1;
	*milliseconds = sum / 1000000;
	return 0;
}
