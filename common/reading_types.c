/* The types of plain scalars, from go-yaml 2.4.4's resolve.go. */
#include "reading.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(text, *words) == 0)
			return true;
	return false;
}

static bool is_word(const char *text, enum yaml_type *type,
		    struct yaml_value *value)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
					     NULL };
	static const char *const trues[] = { "y",    "Y",    "yes", "Yes",
					     "YES",  "true", "True", "TRUE",
					     "on",   "On",   "ON",  NULL };
	static const char *const falses[] = { "n",     "N",	"no",  "No",
					      "NO",    "false", "False", "FALSE",
					      "off",   "Off",	"OFF", NULL };
	static const char *const floats[] = { ".nan",  ".NaN",	".NAN",	 ".inf",
					      ".Inf",  ".INF",	"+.inf", "+.Inf",
					      "+.INF", "-.inf", "-.Inf", "-.INF",
					      NULL };
	if (!strchr("yYnNtTfFoO~.+-", *text) ||
	    strnlen(text, sizeof "false") == sizeof "false")
		return false; /* longer than any of them */
	value->is_true = is_one_of(text, trues);
	if (is_one_of(text, nulls))
		*type = YAML_NULL;
	else if (value->is_true || is_one_of(text, falses))
		*type = YAML_BOOLEAN;
	else if (is_one_of(text, floats))
		*type = YAML_FLOAT;
	else
		return false;
	if (*type == YAML_FLOAT)
		value->number = strtod(text + (text[0] != '.') + 1, NULL) *
				(text[0] == '-' ? -1 : 1);
	return true;
}

/* Digits of the base and nothing else, in 64 bits. */
static bool read_digits(const char *digits, int base, uint64_t *out)
{
	static const char all[] = "0123456789abcdef0123456789ABCDEF";
	size_t count = 0;
	for (const char *c = digits; *c; c++, count++) {
		const char *at = strchr(all, *c);
		if (!at || (at - all) % 16 >= base)
			return false;
	}
	char *end;
	errno = 0;
	*out = strtoull(digits, &end, base);
	return count > 0 && errno == 0;
}

/* As Go's ParseInt and ParseUint with base 0 read it, and "0b-1". */
static bool read_integer(const char *text, struct yaml_value *value)
{
	bool has_sign = *text == '+' || *text == '-';
	value->negative = *text == '-';
	text += has_sign;
	int base = 10;
	if (text[0] == '0' && text[1]) {
		const char *mark = strchr("xXoObB", text[1]);
		base = !mark ? 8 : text[1] == 'x' || text[1] == 'X' ? 16 :
		       text[1] == 'o' || text[1] == 'O'		    ? 8 :
								      2;
		text += mark ? 2 : 1;
		if (base == 2 && !has_sign && mark && *mark == 'b' &&
		    (*text == '-' || *text == '+')) {
			value->negative = *text++ == '-';
			has_sign = true;
		}
	}
	if (!read_digits(text, base, &value->magnitude))
		return false;
	/* with a sign it has 63 bits */
	return !has_sign ||
	       value->magnitude <= (uint64_t)INT64_MAX + value->negative;
}

static const char *skip_digits(const char *text)
{
	return text + strspn(text, "0123456789");
}

/* 1, 1.5, .5, 1. and 1e3, with a sign, within a double's range */
static bool read_float(const char *text, struct yaml_value *value)
{
	const char *at = text + (*text == '+' || *text == '-');
	const char *whole = at;
	at = skip_digits(at);
	bool digits = at > whole;
	if (*at == '.') {
		const char *fraction = ++at;
		at = skip_digits(at);
		digits = digits || at > fraction;
	}
	if (digits && (*at == 'e' || *at == 'E')) {
		const char *exponent = ++at;
		exponent = at += *at == '+' || *at == '-';
		at = skip_digits(at);
		digits = at > exponent;
	}
	value->number = digits && !*at ? strtod(text, NULL) : 0;
	return digits && !*at && value->number < __builtin_inf() &&
	       value->number > -__builtin_inf();
}

/* Go's rule for underscores, where go-yaml leaves them in. */
static bool separates_digits(const char *text)
{
	while ((text = strchr(text + 1, '_')))
		if (!isdigit((unsigned char)text[-1]) ||
		    !isdigit((unsigned char)text[1]))
			return false;
	return true;
}

static bool without_underscores(const char *text, char bare[YAML_LONGEST_SPACED])
{
	size_t length = 0;
	for (; *text; text++) {
		if (length + 1 == YAML_LONGEST_SPACED)
			return false;
		if (*text != '_')
			bare[length++] = *text;
	}
	bare[length] = '\0';
	return true;
}

enum yaml_type yaml_type_of(const char *text, struct yaml_value *value)
{
	enum yaml_type type;
	*value = (struct yaml_value){ 0 };
	if (is_word(text, &type, value))
		return type;
	if (!strchr("+-.0123456789", *text) ||
	    (*text == '.' && !separates_digits(text)))
		return YAML_STRING;
	char bare[YAML_LONGEST_SPACED];
	if (strchr(text, '_')) {
		if (!without_underscores(text, bare))
			return YAML_STRING;
		text = bare;
	}
	if (*text != '.' && read_integer(text, value))
		return YAML_INTEGER;
	return read_float(text, value) ? YAML_FLOAT : YAML_STRING;
}
