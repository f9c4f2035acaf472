#include "lookalike.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "names.h"

enum {
	LONG = 5, /* signs: here letters may be left out of a row */
	TOLD = 3, /* rows that are told */
};

/* One letter as it is read, and the text that is read so. */
struct sign {
	char letter;
	bool is_digit;
	unsigned char begin, end;
};

struct spelling {
	const char *text;
	unsigned count;
	struct sign signs[NAME_LABEL_SIZE];
};

/* Signs of one letter in a row. */
struct row {
	unsigned begin, end;
};

static bool is_sign(char c)
{
	return isalnum((unsigned char)c);
}

static char read_one(char c)
{
	static const char digits[] = "olzeasgtbg";
	char lower = (char)tolower((unsigned char)c);
	if (lower >= '0' && lower <= '9')
		return digits[lower - '0'];
	return lower == 'i' ? 'l' : lower;
}

/* Two letters that are read as one, or 0. */
static char read_two(char a, char b)
{
	static const char pairs[][3] = { { 'r', 'n', 'm' },
					 { 'v', 'v', 'w' },
					 { 'c', 'l', 'd' } };
	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (tolower((unsigned char)a) == pairs[i][0] &&
		    tolower((unsigned char)b) == pairs[i][1])
			return pairs[i][2];
	return 0;
}

static size_t next_sign(const char *text, size_t at, size_t length)
{
	while (at < length && !is_sign(text[at]))
		at++;
	return at;
}

/* false of a text that is longer than a label, which none looks like. */
static bool spell(const char *text, bool in_pairs, struct spelling *out)
{
	size_t length = strlen(text);
	out->text = text;
	out->count = 0;
	if (length >= NAME_LABEL_SIZE)
		return false;
	for (size_t at = next_sign(text, 0, length); at < length;) {
		struct sign *sign = &out->signs[out->count++];
		size_t second = next_sign(text, at + 1, length);
		char two = in_pairs && second < length ?
				   read_two(text[at], text[second]) :
				   0;
		size_t last = two ? second : at;
		sign->letter = two ? two : read_one(text[at]);
		sign->is_digit = isdigit((unsigned char)text[at]);
		sign->begin = (unsigned char)at;
		sign->end = (unsigned char)(last + 1);
		at = next_sign(text, last + 1, length);
	}
	return out->count > 0;
}

static struct row row_at(const struct spelling *s, unsigned begin)
{
	struct row row = { begin, begin };
	while (row.end < s->count &&
	       s->signs[row.end].letter == s->signs[begin].letter)
		row.end++;
	return row;
}

/* --- what differs --- */

struct report {
	char *text; /* of LOOKALIKE_SIZE */
	unsigned rows;
};

static void tell(struct report *r, const char *what)
{
	size_t used = strlen(r->text), at = used ? used - 1 : 0;
	(void)snprintf(r->text + at, LOOKALIKE_SIZE - at, "%s%s)",
		       used ? ", " : " (", what);
}

/* The signs of a row as they are written, without what stands between. */
static void written(const struct spelling *s, struct row row,
		    char out[NAME_LABEL_SIZE])
{
	for (unsigned i = row.begin; i < row.end; i++)
		for (unsigned at = s->signs[i].begin; at < s->signs[i].end; at++)
			if (is_sign(s->text[at]))
				*out++ = s->text[at];
	*out = '\0';
}

static void tell_row(struct report *r, const struct spelling *name,
		     struct row of_name, const struct spelling *other,
		     struct row of_other)
{
	char a[NAME_LABEL_SIZE], b[NAME_LABEL_SIZE], what[64];
	written(name, of_name, a);
	written(other, of_other, b);
	(void)snprintf(what, sizeof what, "\"%.16s\" for \"%.16s\"", a, b);
	if (strcasecmp(a, b) != 0 && !strstr(r->text, what) &&
	    r->rows++ < TOLD)
		tell(r, what);
}

static void tell_part(struct report *r, const char *part, size_t length)
{
	char what[NAME_LABEL_SIZE + 8];
	(void)snprintf(what, sizeof what, "\"%.*s\" in it", (int)length, part);
	tell(r, what);
}

/* --- */

/* Whether the name, or a part of it, ends before that sign, which is not the first. */
static bool is_end(const struct spelling *s, unsigned at,
		   enum lookalike_extent extent)
{
	return at == s->count || (extent == LOOKALIKE_PART &&
				  s->text[s->signs[at - 1].end] == '-');
}

/* Where it ends, if there are but digits until then; else 0. */
static unsigned end_behind(const struct spelling *s, unsigned at,
			   enum lookalike_extent extent)
{
	while (!is_end(s, at, extent))
		if (!s->signs[at++].is_digit)
			return 0;
	return at;
}

/* Where the other name ends in this one, if it begins at `from`; else 0. */
static unsigned follow(const struct spelling *name, unsigned from,
		       const struct spelling *other,
		       enum lookalike_extent extent, struct report *r)
{
	for (struct row theirs = { 0 }; theirs.end < other->count;) {
		theirs = row_at(other, theirs.end);
		if (from == name->count ||
		    name->signs[from].letter !=
			    other->signs[theirs.begin].letter)
			return 0;
		struct row ours = row_at(name, from);
		unsigned least = other->count < LONG ?
					 theirs.end - theirs.begin :
					 1;
		from = ours.end;
		if (theirs.end == other->count)
			ours.end = ours.begin + least;
		while (ours.end < from && !end_behind(name, ours.end, extent))
			ours.end++;
		if (ours.end > from || ours.end - ours.begin < least)
			return 0;
		if (r)
			tell_row(r, name, ours, other, theirs);
		from = ours.end;
	}
	return end_behind(name, from, extent) ? from : 0;
}

/* Whether the name does from its first sign on, which is_begin says is a name's. */
static bool looks_like(const struct spelling *name,
		       const struct spelling *other,
		       enum lookalike_extent extent, bool is_begin, char *how)
{
	struct report r = { .text = how };
	unsigned from = 0, end;
	while (!(end = follow(name, from, other, extent, NULL))) {
		if (from == name->count || !name->signs[from].is_digit)
			return false;
		from++;
	}
	unsigned till = end_behind(name, end, extent);
	const char *part = name->text + name->signs[0].begin;
	size_t length = name->signs[till - 1].end - name->signs[0].begin;
	*how = '\0';
	if (!is_begin || till < name->count)
		tell_part(&r, part, length);
	(void)follow(name, from, other, extent, &r);
	if (memchr(part, '-', length))
		tell(&r, "without \"-\"");
	if (from || end < till)
		tell(&r, "without digits around it");
	return true;
}

static const char *among(const struct strings *others, const char *name,
			 enum lookalike_extent extent, bool is_begin,
			 char how[LOOKALIKE_SIZE])
{
	/* the rn of klarrna is no pair, though that of klarna is */
	for (int in_pairs = 1; in_pairs >= 0; in_pairs--) {
		struct spelling ours, theirs;
		if (!spell(name, in_pairs, &ours))
			continue;
		for (unsigned i = 0; i < others->count; i++)
			if (spell(others->items[i], in_pairs, &theirs) &&
			    looks_like(&ours, &theirs, extent, is_begin, how))
				return others->items[i];
	}
	return NULL;
}

const char *lookalike_among(const struct strings *others, const char *name,
			    enum lookalike_extent extent,
			    char how[LOOKALIKE_SIZE])
{
	const char *found = among(others, name, extent, true, how);
	if (extent == LOOKALIKE_PART)
		for (const char *at = name; !found && (at = strchr(at, '-'));)
			found = among(others, ++at, extent, false, how);
	return found;
}
