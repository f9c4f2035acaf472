#include "quantity.h"

#include <stdio.h>
#include <string.h>

/* Clang calls a helper that libgcc lacks for signed products, not for these. */
__extension__ typedef unsigned __int128 magnitude;
__extension__ typedef __int128 nanos;

#define ONE ((magnitude)1000000000)
#define MAGNITUDE_MAX (~(magnitude)0 >> 1)

/* Beyond it apimachinery's int32 exponent wraps, so no two would agree. */
#define EXPONENT_LIMIT 1000000000

/* Bytes of a refused text that a message repeats. */
enum { QUOTED_BYTES = 40, QUOTED_SIZE = 4 * QUOTED_BYTES + sizeof "..." };

struct unit {
	const char *suffix;
	enum quantity_format format;
	magnitude nano;
};

static const struct unit units[] = {
	{ "", QUANTITY_DECIMAL_SI, ONE },
	{ "n", QUANTITY_DECIMAL_SI, 1 },
	{ "u", QUANTITY_DECIMAL_SI, 1000 },
	{ "m", QUANTITY_DECIMAL_SI, 1000000 },
	{ "k", QUANTITY_DECIMAL_SI, ONE * 1000 },
	{ "M", QUANTITY_DECIMAL_SI, ONE * 1000000 },
	{ "G", QUANTITY_DECIMAL_SI, ONE * 1000000000 },
	{ "T", QUANTITY_DECIMAL_SI, ONE * 1000000000000 },
	{ "P", QUANTITY_DECIMAL_SI, ONE * 1000000000000000 },
	{ "E", QUANTITY_DECIMAL_SI, ONE * 1000000000000000000 },
	{ "Ki", QUANTITY_BINARY_SI, ONE << 10 },
	{ "Mi", QUANTITY_BINARY_SI, ONE << 20 },
	{ "Gi", QUANTITY_BINARY_SI, ONE << 30 },
	{ "Ti", QUANTITY_BINARY_SI, ONE << 40 },
	{ "Pi", QUANTITY_BINARY_SI, ONE << 50 },
	{ "Ei", QUANTITY_BINARY_SI, ONE << 60 },
};

/* A text taken apart: digits with a point somewhere, times a unit. */
struct numeral {
	bool negative;
	const char *text;
	size_t whole_digits; /* before the dot as written */
	size_t digits;
	int64_t point; /* digits before the point once the exponent moved it */
	enum quantity_format format;
	magnitude unit;
};

static bool is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static size_t count_digits(const char *text, size_t length)
{
	size_t count = 0;
	while (count < length && is_digit(text[count]))
		count++;
	return count;
}

static bool read_exponent(const char *text, size_t length, int64_t *out)
{
	bool negative = length && text[0] == '-';
	size_t at = length && (negative || text[0] == '+') ? 1 : 0;
	int64_t exponent = 0;

	if (at == length || count_digits(text + at, length - at) != length - at)
		return false;
	for (; at < length; at++) {
		exponent = exponent * 10 + (text[at] - '0');
		if (exponent > EXPONENT_LIMIT)
			return false;
	}
	*out = negative ? -exponent : exponent;
	return true;
}

static bool read_suffix(const char *text, size_t length, struct numeral *n)
{
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		const struct unit *unit = &units[i];
		if (strlen(unit->suffix) != length ||
		    memcmp(unit->suffix, text, length) != 0)
			continue;
		n->format = unit->format;
		n->unit = unit->nano;
		return true;
	}
	int64_t exponent = 0;
	if ((text[0] != 'e' && text[0] != 'E') ||
	    !read_exponent(text + 1, length - 1, &exponent))
		return false;
	n->format = QUANTITY_DECIMAL_EXPONENT;
	n->unit = ONE;
	n->point += exponent;
	return true;
}

static bool read_numeral(const char *text, size_t length, struct numeral *n)
{
	size_t at = 0;
	if (length && (text[0] == '-' || text[0] == '+')) {
		n->negative = text[0] == '-';
		at++;
	}
	n->text = text + at;
	n->whole_digits = count_digits(text + at, length - at);
	n->digits = n->whole_digits;
	at += n->whole_digits;
	if (at < length && text[at] == '.') {
		at++;
		size_t fraction = count_digits(text + at, length - at);
		n->digits += fraction;
		at += fraction;
	}
	n->point = (int64_t)n->whole_digits;
	return n->digits && read_suffix(text + at, length - at, n);
}

static unsigned digit(const struct numeral *n, size_t i)
{
	return (unsigned)(n->text[i < n->whole_digits ? i : i + 1] - '0');
}

/* False when what is left of the point does not fit. */
static bool whole_nanos(const struct numeral *n, magnitude *out)
{
	magnitude whole = 0;
	for (int64_t i = 0; i < n->point; i++) {
		bool padding = i >= (int64_t)n->digits;
		if (padding && whole == 0)
			break;
		magnitude next = padding ? 0 : digit(n, (size_t)i);
		if (__builtin_mul_overflow(whole, (magnitude)10, &whole) ||
		    __builtin_add_overflow(whole, next, &whole))
			return false;
	}
	return !__builtin_mul_overflow(whole, n->unit, out);
}

/*
 * From the last digit to the first, so that each division only drops what
 * rounds up in the end, however many digits there are.
 */
static magnitude fraction_nanos(const struct numeral *n)
{
	magnitude sum = 0;
	bool inexact = false;
	int64_t i = (int64_t)n->digits - 1;

	for (; i >= n->point && (i >= 0 || sum != 0); i--) {
		if (i >= 0)
			sum += digit(n, (size_t)i) * n->unit;
		inexact |= sum % 10 != 0;
		sum /= 10;
	}
	return sum + (inexact ? 1 : 0);
}

static bool numeral_value(const struct numeral *n, magnitude *out)
{
	magnitude whole = 0;
	return whole_nanos(n, &whole) &&
	       !__builtin_add_overflow(whole, fraction_nanos(n), out) &&
	       *out <= MAGNITUDE_MAX;
}

static char *quote(const char *text, size_t length, char to[QUOTED_SIZE])
{
	size_t shown = length < QUOTED_BYTES ? length : QUOTED_BYTES;
	size_t at = 0;
	for (size_t i = 0; i < shown; i++) {
		unsigned byte = (unsigned char)text[i];
		bool plain = byte >= ' ' && byte < 0x7f && byte != '"' &&
			     byte != '\\';
		(void)snprintf(to + at, QUOTED_SIZE - at,
			       plain ? "%c" : "\\x%02x", byte);
		at += plain ? 1 : 4;
	}
	memcpy(to + at, shown < length ? "..." : "", shown < length ? 4 : 1);
	return to;
}

int quantity_parse(const char *text, size_t length, struct quantity *out,
		   struct sg_error *e)
{
	struct numeral n = { .text = text };
	magnitude value = 0;
	char quoted[QUOTED_SIZE];

	if (!read_numeral(text, length, &n))
		return sg_error_set(e, SG_INVALID,
				    "\"%s\" is not a quantity (%s)",
				    quote(text, length, quoted),
				    QUANTITY_EXAMPLES);
	if (!numeral_value(&n, &value))
		return sg_error_set(e, SG_INVALID,
				    "\"%s\" is too large for a quantity "
				    "(it may be up to about 1.7e29)",
				    quote(text, length, quoted));
	if (n.format == QUANTITY_BINARY_SI && value != 0 && value < ONE)
		n.format = QUANTITY_DECIMAL_SI;
	out->nano = n.negative ? -(nanos)value : (nanos)value;
	out->format = n.format;
	return 0;
}

struct quantity quantity_from_int(int64_t value)
{
	return (struct quantity){
		.nano = (nanos)value * (nanos)ONE,
		.format = QUANTITY_DECIMAL_SI,
	};
}

int quantity_compare(struct quantity a, struct quantity b)
{
	return (a.nano > b.nano) - (a.nano < b.nano);
}

bool quantity_is_negative(struct quantity q)
{
	return q.nano < 0;
}

bool quantity_is_zero(struct quantity q)
{
	return q.nano == 0;
}

static magnitude absolute(nanos value)
{
	return value < 0 ? -(magnitude)value : (magnitude)value;
}

static int out_of_range(struct quantity a, const char *sign, const char *b,
			struct sg_error *e)
{
	char text[QUANTITY_TEXT_SIZE];
	return sg_error_set(e, SG_INVALID,
			    "%s %s %s is out of the range of a quantity "
			    "(about 1.7e29 either way)",
			    quantity_print(a, text), sign, b);
}

int quantity_add(struct quantity *a, struct quantity b, struct sg_error *e)
{
	char text[QUANTITY_TEXT_SIZE];
	nanos sum = 0;
	if (__builtin_add_overflow(a->nano, b.nano, &sum))
		return out_of_range(*a, "+", quantity_print(b, text), e);
	if (a->nano == 0)
		a->format = b.format;
	a->nano = sum;
	return 0;
}

int quantity_subtract(struct quantity *a, struct quantity b,
		      struct sg_error *e)
{
	char text[QUANTITY_TEXT_SIZE];
	nanos difference = 0;
	if (__builtin_sub_overflow(a->nano, b.nano, &difference))
		return out_of_range(*a, "-", quantity_print(b, text), e);
	if (a->nano == 0)
		a->format = b.format;
	a->nano = difference;
	return 0;
}

int quantity_multiply(struct quantity *a, int64_t times, struct sg_error *e)
{
	magnitude product = 0;
	if (__builtin_mul_overflow(absolute(a->nano), absolute(times),
				   &product) ||
	    product > MAGNITUDE_MAX) {
		struct quantity factor = quantity_from_int(times);
		char text[QUANTITY_TEXT_SIZE];
		return out_of_range(*a, "*", quantity_print(factor, text), e);
	}
	bool negative = (a->nano < 0) != (times < 0);
	a->nano = negative ? -(nanos)product : (nanos)product;
	return 0;
}

static void round_up(struct quantity *q, nanos unit)
{
	nanos over = q->nano % unit;
	nanos rounded = 0;
	if (over == 0)
		return;
	if (!__builtin_add_overflow(q->nano - over, over > 0 ? unit : -unit,
				    &rounded))
		q->nano = rounded;
}

void quantity_round_to_milli(struct quantity *q)
{
	round_up(q, (nanos)ONE / 1000);
}

void quantity_round_to_whole(struct quantity *q)
{
	round_up(q, (nanos)ONE);
}

bool quantity_is_multiple(struct quantity q, struct quantity unit)
{
	return unit.nano > 0 && q.nano % unit.nano == 0;
}

unsigned quantity_percent(struct quantity part, struct quantity whole)
{
	const unsigned cap = 9999;
	if (part.nano <= 0)
		return 0;
	if (whole.nano <= 0 || part.nano / whole.nano >= 100)
		return cap;

	unsigned percent = (unsigned)(part.nano / whole.nano) * 100;
	magnitude step = (magnitude)(part.nano % whole.nano);
	magnitude rest = 0;
	/* A hundred steps, because step * 100 may not fit. */
	for (int i = 0; i < 100; i++) {
		rest += step;
		if (rest >= (magnitude)whole.nano) {
			rest -= (magnitude)whole.nano;
			percent++;
		}
	}
	percent += rest ? 1 : 0;
	return percent < cap ? percent : cap;
}

/* Divides value by factor while nothing is lost, at most `limit` times. */
static int remove_factors(magnitude *value, unsigned factor, int limit)
{
	int times = 0;
	while (times < limit && *value % factor == 0) {
		*value /= factor;
		times++;
	}
	return times;
}

static void print_scaled(char text[QUANTITY_TEXT_SIZE], bool negative,
			 magnitude value, const char *suffix)
{
	char digits[QUANTITY_TEXT_SIZE];
	size_t at = sizeof digits;
	digits[--at] = '\0';
	do {
		digits[--at] = (char)('0' + (int)(value % 10));
		value /= 10;
	} while (value);
	(void)snprintf(text, QUANTITY_TEXT_SIZE, "%s%s%s", negative ? "-" : "",
		       digits + at, suffix);
}

char *quantity_print(struct quantity q, char text[QUANTITY_TEXT_SIZE])
{
	static const char decimal[][2] = { "n", "u", "m", "", "k",
					   "M", "G", "T", "P", "E" };
	static const char binary[][3] = { "",	"Ki", "Mi", "Gi",
					  "Ti", "Pi", "Ei" };
	magnitude value = absolute(q.nano);
	bool negative = q.nano < 0;
	int last = (int)(sizeof decimal / sizeof decimal[0]) - 1;

	if (value == 0) {
		print_scaled(text, false, 0, "");
	} else if (q.format == QUANTITY_DECIMAL_EXPONENT) {
		char suffix[16] = "";
		/* 1000^13 is past what fits. */
		int exponent = 3 * remove_factors(&value, 1000, 13) - 9;
		if (exponent)
			(void)snprintf(suffix, sizeof suffix, "e%d", exponent);
		print_scaled(text, negative, value, suffix);
	} else if (q.format == QUANTITY_BINARY_SI && value >= ONE * 1024 &&
		   value % ONE == 0) {
		value /= ONE;
		int power = remove_factors(&value, 1024, 6);
		print_scaled(text, negative, value, binary[power]);
	} else {
		int power = remove_factors(&value, 1000, last);
		print_scaled(text, negative, value, decimal[power]);
	}
	return text;
}
