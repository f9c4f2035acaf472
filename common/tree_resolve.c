/*
 * What a plain scalar means. Source: yaml.org/type (YAML 1.1, which Kubernetes'
 * parsers follow) together with YAML 1.2's core schema: what either reads as
 * something else than a string is typed here, and what go-yaml does beyond both
 * (0b-1, 0_b1, -_1).
 */
#include "reading.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_word(const char *text)
{
	static const char *const words[] = { "~",   "y",    "n",     "yes",
					     "no",  "on",   "off",   "true",
					     "false", "null", "<<",   "=" };
	if (strnlen(text, sizeof "false") == sizeof "false")
		return false; /* longer than any of them */
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(text, words[i]) == 0)
			return true;
	return false;
}

/* Only characters of the set, and at least one. */
static bool consists_of(const char *text, const char *set)
{
	return *text && text[strspn(text, set)] == '\0';
}

static const char *skip_digits(const char *text)
{
	return text + strspn(text, "0123456789_");
}

/* 12, 1_000, 1.5, .5, 1., 1e3, 1.5E-3 and 12:30:45.5 */
static bool is_decimal(const char *text)
{
	if (!isdigit((unsigned char)*text) &&
	    !(*text == '.' && isdigit((unsigned char)text[1])))
		return false;
	text = skip_digits(text);
	while (*text == ':' && isdigit((unsigned char)text[1]))
		text = skip_digits(text + 1);
	if (*text == '.')
		text = skip_digits(text + 1);
	if (*text == 'e' || *text == 'E') {
		text++;
		text += *text == '+' || *text == '-';
		if (!isdigit((unsigned char)*text))
			return false;
		text = skip_digits(text);
	}
	return *text == '\0';
}

static bool is_special_float(const char *text)
{
	return strcasecmp(text, ".inf") == 0 || strcasecmp(text, ".nan") == 0;
}

static bool is_other_base(const char *text)
{
	if (text[0] != '0')
		return false;
	switch (text[1]) {
	case 'x':
	case 'X':
		return consists_of(text + 2, "0123456789abcdefABCDEF_");
	case 'b':
	case 'B':
		return consists_of(text + 2, "01_");
	case 'o':
	case 'O':
		return consists_of(text + 2, "01234567_");
	default:
		return false;
	}
}

/* 2024-01-31 and 2024-01-31T10:20:30.5+01:00, loosely */
static bool is_timestamp(const char *text)
{
	return strspn(text, "0123456789") == 4 && text[4] == '-' &&
	       strspn(text + 5, "0123456789") >= 1 &&
	       strspn(text + 5, "0123456789") <= 2 &&
	       consists_of(text, "0123456789-:.+TtZz \t") &&
	       strchr(text + 5, '-') != NULL;
}

bool yaml_plain_is_typed(const char *text)
{
	struct yaml_value ignored;
	if (!*text || is_word(text) || is_timestamp(text) ||
	    yaml_type_of(text, &ignored) != YAML_STRING)
		return true;
	text += *text == '+' || *text == '-';
	return is_decimal(text) || is_special_float(text) ||
	       is_other_base(text);
}

bool yaml_plain_is_string(const char *text)
{
	if (!isalpha((unsigned char)text[0]) || yaml_plain_is_typed(text))
		return false;
	/* letters, digits and -_./ never form an indicator behind a letter */
	return text[strspn(text, "abcdefghijklmnopqrstuvwxyz"
				 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789-_./")] == '\0';
}
