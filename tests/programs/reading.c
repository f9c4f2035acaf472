/*
 * How this project reads YAML, to be held against others' readers:
 *
 *     reading < FRAMES
 *
 * reads streams of manifests, each led by a line with its length in bytes, and
 * answers each in one line of JSON: {"refused": why}, or what it read, what it
 * made of that by adding a store's labels, and how it reads the latter:
 *
 *     {"before": [document …], "text": "…", "after": [document …]}
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "labels.h"
#include "limits.h"
#include "reading.h"
#include "splice.h"
#include "verify.h"

static void put(struct sg_buffer *out, const struct node *n);

static void put_pairs(struct sg_buffer *out, const struct node *top,
		      const struct node *part, const char **comma);

/* Of JSON's keys the last counts, of merged ones the first. */
static void put_merged(struct sg_buffer *out, const struct node *top,
		       const struct node *part, const char **comma)
{
	if (part && part->next)
		put_merged(out, top, part->next, comma);
	if (part)
		put_pairs(out, top, part, comma);
}

/*
 * Every key that the mapping or what it merges holds, as node_get() finds it; which
 * is not to be asked for "<<".
 */
static void put_pairs(struct sg_buffer *out, const struct node *top,
		      const struct node *part, const char **comma)
{
	part = node_resolve(part);
	if (part->kind == NODE_SEQUENCE)
		put_merged(out, top, part->first, comma);
	if (part->kind != NODE_MAPPING)
		return;
	for (const struct node *k = part->first; k; k = k->next->next) {
		if (reading_is_merge(k)) {
			put_pairs(out, top, k->next, comma);
			continue;
		}
		sg_buffer_puts(out, *comma);
		json_write_string(out, k->text);
		sg_buffer_putc(out, ':');
		put(out, node_is(k, "<<") ? k->next : node_get(top, k->text));
		*comma = ",";
	}
}

static void put(struct sg_buffer *out, const struct node *n)
{
	const char *comma = "";
	n = node_resolve(n);
	if (!n) {
		sg_buffer_puts(out, "null");
		return;
	}
	if (n->kind == NODE_SCALAR) {
		json_write(out, n);
		return;
	}
	sg_buffer_putc(out, n->kind == NODE_MAPPING ? '{' : '[');
	if (n->kind == NODE_MAPPING)
		put_pairs(out, n, n, &comma);
	for (const struct node *c = n->first;
	     c && n->kind == NODE_SEQUENCE; c = c->next) {
		put(out, c);
		if (c->next)
			sg_buffer_putc(out, ',');
	}
	sg_buffer_putc(out, n->kind == NODE_MAPPING ? '}' : ']');
}

/* What of a stream was read and made. */
struct reading {
	struct sg_arena arena;
	struct sg_buffer before, text, after;
	const char *comma;
	struct sg_error e;
};

static int plan(struct reading *r, const struct document *d,
		const struct node *root, const struct object *list,
		struct edit *edit)
{
	static const struct engine engine = { .name = "woocommerce" };
	static const struct plan small = { .name = "small" };
	static const struct identity who = {
		.store = { .name = "fashion", .owner = "alice" },
		.engine = &engine,
		.plan = &small,
		.owner_label = "alice",
	};
	struct object o;
	size_t index = 0;
	if (object_read(&r->arena, d, root, list, &o, &r->e))
		return -1;
	if (!object_is_list(o.root))
		return labels_plan(&r->arena, &o, &who, NULL, edit, &r->e);
	edit = edit_child(&r->arena, edit, "items");
	for (const struct node *n = node_get(o.root, "items")->first; n;
	     n = n->next)
		if (plan(r, d, n, &o, edit_item(&r->arena, edit, index++)))
			return -1;
	return 0;
}

static int read_document(struct reading *r, const struct document *d)
{
	struct node *root = NULL, *after = NULL;
	struct edit edit = { 0 };
	size_t start = r->text.length;
	if (document_parse(d, &r->arena, &root, &r->e))
		return -1;
	sg_buffer_puts(&r->before, r->comma);
	put(&r->before, root);
	if (!root) {
		sg_buffer_append(&r->text, d->bytes, d->length);
	} else if (plan(r, d, root, NULL, &edit) ||
		   splice_document(d, root, &edit, &r->arena, &r->text,
				   &r->e) ||
		   yaml_parse_again(r->text.data + start,
				    r->text.length - start, 1, &r->arena,
				    &after, &r->e) ||
		   verify_edit(root, after, &edit, &r->e)) {
		return -1;
	}
	sg_buffer_puts(&r->after, r->comma);
	put(&r->after, after);
	r->comma = ",";
	return sg_arena_check(&r->arena, &r->e);
}

static int read_stream(struct reading *r, const char *bytes, size_t length)
{
	struct documents docs;
	if (documents_index(&r->arena, bytes, length, &docs, &r->e))
		return -1;
	for (unsigned i = 0; i < docs.count; i++)
		if (read_document(r, &docs.items[i]))
			return -1;
	return sg_buffer_check(&r->before, &r->e) ||
			       sg_buffer_check(&r->text, &r->e) ||
			       sg_buffer_check(&r->after, &r->e) ?
		       -1 :
		       0;
}

static void answer(const char *bytes, size_t length)
{
	struct reading r = { .comma = "" };
	cleanup_buffer struct sg_buffer line;
	sg_arena_init(&r.arena);
	sg_buffer_init(&r.before, SG_MAX_STREAM);
	sg_buffer_init(&r.text, SG_MAX_STREAM);
	sg_buffer_init(&r.after, SG_MAX_STREAM);
	sg_buffer_init(&line, SG_MAX_STREAM);
	if (read_stream(&r, bytes, length)) {
		sg_buffer_puts(&line, "{\"refused\":");
		json_write_string(&line, r.e.message);
	} else {
		sg_buffer_printf(&line, "{\"before\":[%s],\"text\":",
				 r.before.data ? r.before.data : "");
		json_write_string(&line, r.text.data ? r.text.data : "");
		sg_buffer_printf(&line, ",\"after\":[%s]",
				 r.after.data ? r.after.data : "");
	}
	(void)printf("%s}\n", line.data);
	sg_buffer_release(&r.before);
	sg_buffer_release(&r.text);
	sg_buffer_release(&r.after);
	sg_arena_release(&r.arena);
}

int main(void)
{
	size_t length;
	while (scanf("%zu", &length) == 1 && getchar() == '\n') {
		cleanup_free char *bytes = malloc(length + 1);
		if (!bytes || length > SG_MAX_STREAM ||
		    fread(bytes, 1, length, stdin) != length)
			return 1;
		answer(bytes, length);
	}
	return feof(stdin) && fflush(stdout) == 0 ? 0 : 1;
}
