#include "documents.h"

#include <string.h>

/* The length of the rest of the line, without quotes. */
static int take_source(const struct document *d, const char *at,
		       const char **source)
{
	const char *end = d->bytes + d->length;
	*source = at + (at < end && (*at == '\'' || *at == '"'));
	const char *stop = *source;
	while (stop < end && !strchr("\r\n'\"", *stop))
		stop++;
	return stop - *source < 160 ? (int)(stop - *source) : 160;
}

/*
 * Helm 3 names the template in a comment at the document's head, Helm 4 in an
 * annotation. The length of that, 0 for none.
 */
static int find_source(const struct document *d, const char **source)
{
	static const char comment[] = "# Source: ";
	static const char annotation[] = HELM4_FILENAME ": ";
	const char *end = d->bytes + d->length;
	const char *line = d->bytes;
	while (line < end && strchr("#-\r\n", *line)) {
		if ((size_t)(end - line) > sizeof comment &&
		    memcmp(line, comment, sizeof comment - 1) == 0) {
			return take_source(d, line + sizeof comment - 1,
					   source);
		}
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		line = lf ? lf + 1 : end;
	}
	const char *at = memmem(d->bytes, d->length, annotation,
				sizeof annotation - 1);
	return at ? take_source(d, at + sizeof annotation - 1, source) : 0;
}

static size_t count_lines(const char *bytes, size_t length)
{
	size_t lines = 0;
	const char *end = bytes + length;
	while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		bytes++;
		lines++;
	}
	return lines;
}

/* Refuses too many documents, and one too large without reading it to its end. */
static int count_documents(const char *bytes, size_t length, unsigned *count,
			   struct sg_error *e)
{
	const char *start = bytes;
	for (*count = 0; length; ++*count) {
		size_t look = length > SG_MAX_DOCUMENT ? SG_MAX_DOCUMENT + 1 :
							 length;
		size_t one = yaml_document_length(bytes, look);
		if (*count == SG_MAX_DOCUMENTS)
			return sg_error_set(e, SG_INVALID,
					    "more than %u documents",
					    SG_MAX_DOCUMENTS);
		if (one > SG_MAX_DOCUMENT) {
			struct document large = {
				.bytes = bytes,
				.length = (uint32_t)one,
				.line = 1 + count_lines(start, (size_t)(bytes - start)),
				.number = *count + 1,
			};
			sg_error_set(e, SG_INVALID,
				     "more than %zu bytes in one document",
				     SG_MAX_DOCUMENT);
			return document_context(&large, e);
		}
		bytes += one;
		length -= one;
	}
	return 0;
}

int documents_index(struct sg_arena *a, const char *bytes, size_t length,
		    struct documents *out, struct sg_error *e)
{
	*out = (struct documents){ 0 };
	if (length >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
		out->has_bom = true;
		bytes += 3;
		length -= 3;
	}
	unsigned count;
	if (count_documents(bytes, length, &count, e))
		return -1;
	out->items = sg_arena_alloc(a, (count + 1) * sizeof *out->items);
	if (!out->items)
		return sg_error_memory(e);
	size_t line = 1;
	while (length) {
		struct document *d = &out->items[out->count++];
		size_t one = yaml_document_length(bytes, length);
		*d = (struct document){ .bytes = bytes,
					.length = (uint32_t)one,
					.line = line, .number = out->count };
		line += count_lines(bytes, one);
		bytes += one;
		length -= one;
	}
	return 0;
}

/* A line that begins like a document's start and is none, or NULL. */
static const char *stray_dashes(const struct document *d)
{
	if (d->length >= 3 && memcmp(d->bytes, "---", 3) == 0 &&
	    !yaml_is_document_start(d->bytes, d->length))
		return d->bytes;
	const char *found = memmem(d->bytes, d->length, "\n---", 4);
	return found ? found + 1 : NULL;
}

/* The word behind a key, as far as a glance at the text tells. */
static int glance(const char *from, const char *end, const char *key,
		  const char **word)
{
	size_t length = strlen(key);
	const char *at = from ? memmem(from, (size_t)(end - from), key, length) :
				NULL;
	if (!at)
		return 0;
	*word = at += length;
	while (at < end && !strchr(" \t\r\n,}#", *at))
		at++;
	return at - *word < 128 ? (int)(at - *word) : 128;
}

/* What can't be parsed still has a name for the message: "Deployment/web". */
static void name_unparsed(const struct document *d, struct sg_error *e)
{
	const char *end = d->bytes + d->length, *kind = NULL, *name = NULL;
	const char *metadata = memmem(d->bytes, d->length, "metadata:", 9);
	int kind_length = glance(d->bytes, end, "kind: ", &kind);
	int name_length = glance(metadata, end, "name: ", &name);
	if (kind_length && name_length)
		sg_error_context(e, "%.*s/%.*s", kind_length, kind, name_length,
				 name);
}

int document_parse(const struct document *d, struct sg_arena *a,
		   struct node **root, struct sg_error *e)
{
	const char *dashes = stray_dashes(d);
	if (dashes) {
		size_t before = (size_t)(dashes - d->bytes);
		sg_error_set(e, SG_INVALID,
			     "line %zu begins with \"---\" and goes on; Helm and Kubernetes would cut there. Put a blank behind it, or indent it",
			     d->line + count_lines(d->bytes, before));
		return document_context(d, e);
	}
	if (yaml_parse(d->bytes, d->length, d->line, a, root, e)) {
		name_unparsed(d, e);
		return document_context(d, e);
	}
	return 0;
}

int document_context(const struct document *d, struct sg_error *e)
{
	const char *source;
	int length = find_source(d, &source);
	if (!length)
		return sg_error_context(e, "document %u (line %zu)", d->number,
					d->line);
	return sg_error_context(e, "document %u (line %zu, %.*s)", d->number,
				d->line, length, source);
}
