/*
 * One pass over the release: each document is parsed, held against the room's
 * rules, surveyed, labelled by splicing, verified, appended to the body, and
 * forgotten.
 */
#ifndef SG_REWRITE_H
#define SG_REWRITE_H

#include "diagnostics.h"
#include "explain.h"
#include "identity.h"
#include "room.h"
#include "survey.h"

struct rewrite {
	const struct options *options;
	const struct identity *who;
	struct room *room;
	struct survey *survey;
	struct explain *explain;
	struct diagnostics *diagnostics;
};

/* Appends the labelled documents, without guards, to body. */
int rewrite_release(const struct rewrite *r, const struct documents *docs,
		    struct sg_buffer *body, struct sg_error *e);

#endif
