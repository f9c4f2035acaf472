/*
 * Kubernetes resource quantities, exact, without floating point.
 *
 * Grammar and canonical form: k8s.io/apimachinery/pkg/api/resource/quantity.go
 *     <quantity> ::= <sign>? <digits>("."<digits>)? <suffix>
 *     <suffix>   ::= Ki|Mi|Gi|Ti|Pi|Ei | n|u|m|""|k|M|G|T|P|E | [eE]<sign>?<digits>
 * As there, digits finer than a billionth round away from zero. What is too
 * large to hold (about 1.7e29) is refused, not clamped.
 */
#ifndef SG_QUANTITY_H
#define SG_QUANTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buffer.h"
#include "error.h"

enum quantity_format {
	QUANTITY_DECIMAL_SI,  /* 500m, 2, 3k */
	QUANTITY_BINARY_SI,   /* 512Mi */
	QUANTITY_DECIMAL_EXPONENT, /* 1e3 */
};

struct quantity {
	__extension__ __int128 nano; /* billionths */
	enum quantity_format format;
};

/* Longest canonical text, with its NUL. */
enum { QUANTITY_TEXT_SIZE = 64 };

/* What a message may offer as an example of a quantity. */
#define QUANTITY_EXAMPLES "like 500m, 2, 1.5 or 512Mi"

/* Returns -1 with SG_INVALID when text is no quantity or out of range. */
int quantity_parse(const char *text, size_t length, struct quantity *out,
		   struct sg_error *e);

/* A whole number, in DecimalSI. */
struct quantity quantity_from_int(int64_t value);

/* Less than, equal to or greater than 0, by value alone. */
int quantity_compare(struct quantity a, struct quantity b);
bool quantity_is_negative(struct quantity q);
bool quantity_is_zero(struct quantity q);

/*
 * a += b, a -= b, a *= times. Like Kubernetes', the sum takes b's format when a
 * is zero. Return -1 with SG_INVALID and leave a alone when out of range.
 */
int quantity_add(struct quantity *a, struct quantity b, struct sg_error *e);
int quantity_subtract(struct quantity *a, struct quantity b,
		      struct sg_error *e);
int quantity_multiply(struct quantity *a, int64_t times, struct sg_error *e);

/*
 * Up to thousandths, as the API server stores what containers ask for; up to a
 * whole number, as a quota counts bytes of storage.
 */
void quantity_round_to_milli(struct quantity *q);
void quantity_round_to_whole(struct quantity *q);
/* Whether a whole number of `unit` makes it; false for a unit that is not positive. */
bool quantity_is_multiple(struct quantity q, struct quantity unit);

/* How full, in percent rounded up; 0 for nothing of nothing, capped at 9999. */
unsigned quantity_percent(struct quantity part, struct quantity whole);

/*
 * Writes the canonical form, the one that the API server stores: "2" for
 * 2000m, "1536Mi" for 1.5Gi. Returns text.
 */
char *quantity_print(struct quantity q, char text[QUANTITY_TEXT_SIZE]);

#endif
