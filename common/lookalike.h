/*
 * Names that are taken for another's at a glance. Pure functions.
 *
 * A name is spelled as it is read: lower case, hyphens left out, and
 *   0 o   1 l   2 z   3 e   4 a   5 s   6 g   7 t   8 b   9 g
 *   i l   rn m   vv w   cl d
 * It looks like another name when both are spelled alike, where
 * - a letter may stand more often in a row than in the other name, and less often in
 *   one of five letters and more;
 * - digits may stand before and behind it.
 */
#ifndef SG_LOOKALIKE_H
#define SG_LOOKALIKE_H

#include "decode.h"

enum { LOOKALIKE_SIZE = 256 };

/* What of a name (a DNS label, or shorter) may look like another. */
enum lookalike_extent {
	LOOKALIKE_WHOLE,
	LOOKALIKE_PART, /* between hyphens, several in a row, or all of it */
};

/*
 * The first of the others that the name looks like, or NULL. `how` is then what
 * differs, for people, in parentheses behind a space, and empty where nothing does.
 */
const char *lookalike_among(const struct strings *others, const char *name,
			    enum lookalike_extent extent,
			    char how[LOOKALIKE_SIZE]);

#endif
