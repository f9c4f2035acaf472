/*
 * Whether a request carries the token that a file holds. The file is read each time, so
 * that a token that is changed (a Secret's mounted file) is in force at once; line ends
 * at its end are not part of it. Compared in constant time, and in no message.
 */
#ifndef SG_GENERATOR_TOKEN_H
#define SG_GENERATOR_TOKEN_H

#include "error.h"

enum token {
	TOKEN_RIGHT,
	TOKEN_WRONG,   /* another, or none */
	TOKEN_UNKNOWN, /* nobody can say: there is no such file, or nothing in it */
};

/* authorization: the header "Bearer TOKEN". The error says why it is not right. */
enum token token_check(const char *file, const char *authorization,
		       struct sg_error *e);

#endif
