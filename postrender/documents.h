/*
 * A stream of rendered manifests, cut into documents without parsing.
 *
 * A line "---" at column 0 starts a document whatever stands around it (YAML
 * 1.2, 9.1.2), so cutting there is exact, and each document can be parsed,
 * edited and forgotten by itself. A document's bytes begin with its "---" line.
 */
#ifndef SG_DOCUMENTS_H
#define SG_DOCUMENTS_H

#include "arena.h"
#include "error.h"
#include "tree.h"

/* The annotation by which Helm 4 remembers a document's template. */
#define HELM4_FILENAME "postrenderer.helm.sh/postrender-filename"

struct document {
	const char *bytes; /* not owned */
	size_t line; /* of its first line in the stream, from 1 */
	uint32_t length;
	unsigned number; /* from 1, counting every document */
};

struct documents {
	struct document *items;
	unsigned count;
	bool has_bom; /* which documents do not contain */
};

/* Borrows bytes. SG_INVALID when there are too many documents. */
int documents_index(struct sg_arena *a, const char *bytes, size_t length,
		    struct documents *out, struct sg_error *e);

/* Parses one; errors tell which document of which source it is. */
int document_parse(const struct document *d, struct sg_arena *a,
		   struct node **root, struct sg_error *e);

/*
 * Prepends "document 3 (line 41, shop/templates/web.yaml)" to the error; the latter
 * from its "# Source:" line or Helm 4's annotation.
 */
int document_context(const struct document *d, struct sg_error *e);

#endif
