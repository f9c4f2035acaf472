#include "splice.h"

#include <string.h>

#include "cleanup.h"
#include "patches.h"
#include "reading.h"
#include "text.h"

struct splicer {
	const struct document *document;
	const char *newline; /* of the mapping that is being edited */
	struct sg_arena *arena;
	struct patches *patches;
	bool shared; /* an anchored node changes: see its aliases */
	uint32_t written_out; /* nodes that aliases stood for */
	struct sg_error *e;
};

/* What is not to be had as it is, is below U+10000; what is no UTF-8 is found later. */
static void put_quoted(struct sg_buffer *b, const char *text)
{
	sg_buffer_putc(b, '"');
	while (*text) {
		size_t whole = text_sequence(text);
		size_t length = whole ? whole : 1;
		if (*text == '"' || *text == '\\')
			sg_buffer_printf(b, "\\%c", *text);
		else if (whole && !text_in_line(text))
			sg_buffer_printf(b, "\\u%04x", text_code_point(text));
		else
			sg_buffer_append(b, text, length);
		text += length;
	}
	sg_buffer_putc(b, '"');
}

static void put_value(struct sg_buffer *b, const char *value)
{
	if (yaml_plain_is_string(value))
		sg_buffer_puts(b, value);
	else
		put_quoted(b, value);
}

/* The mapping that an edit makes where there was none, as flow or block. */
static void put_new_flow(struct sg_buffer *b, const struct edit *edit)
{
	const char *comma = "";
	sg_buffer_putc(b, '{');
	for (unsigned i = 0; i < edit->pair_count; i++) {
		sg_buffer_puts(b, comma);
		put_quoted(b, edit->pairs[i].key);
		sg_buffer_puts(b, ": ");
		put_quoted(b, edit->pairs[i].value);
		comma = ", ";
	}
	for (const struct edit *c = edit->children; c; c = c->next) {
		sg_buffer_puts(b, comma);
		put_quoted(b, c->key);
		sg_buffer_puts(b, ": ");
		put_new_flow(b, c);
		comma = ", ";
	}
	sg_buffer_putc(b, '}');
}

static void put_new_block(struct splicer *s, struct sg_buffer *b,
			  const struct edit *edit, size_t column)
{
	sg_buffer_printf(b, "%s:%s", edit->key, s->newline);
	for (unsigned i = 0; i < edit->pair_count; i++) {
		sg_buffer_pad(b, ' ', column + 2);
		sg_buffer_printf(b, "%s: ", edit->pairs[i].key);
		put_value(b, edit->pairs[i].value);
		sg_buffer_puts(b, s->newline);
	}
	for (const struct edit *c = edit->children; c; c = c->next) {
		sg_buffer_pad(b, ' ', column + 2);
		put_new_block(s, b, c, column + 2);
	}
}

static int put_copy(struct splicer *s, struct sg_buffer *b,
		    const struct node *n, const struct edit *edit)
{
	struct node *copy = node_copy(s->arena, n);
	if (copy && edit)
		edit_apply(s->arena, copy, edit);
	if (sg_arena_check(s->arena, s->e))
		return -1;
	return yaml_emit_flow(b, copy, s->e);
}

/* The same of what aliases or a merge stand for. */
static int put_written_out(struct splicer *s, struct sg_buffer *b,
			   const struct node *n, const struct edit *edit)
{
	s->written_out += node_weight(n); /* both are below SG_MAX_NODES */
	if (s->written_out > SG_MAX_WRITTEN_OUT)
		return sg_error_set(s->e, SG_INVALID,
				    "line %zu: labels are to go where aliases stand, and those would be written out as more than %u nodes; use fewer or smaller ones",
				    s->document->line + n->line,
				    SG_MAX_WRITTEN_OUT);
	return put_copy(s, b, n, edit);
}

/* Where a mapping's new entries go, and so what separates them. */
enum place {
	BEFORE_A_KEY,	 /* the first, or the one behind "<<" */
	ON_LINES_BEHIND, /* block style: "<<" is the last entry */
	BEHIND_A_VALUE,	 /* flow style: likewise */
};

/* Entries of a mapping that are being written, in the mapping's own style. */
struct entries {
	struct splicer *splicer;
	const struct node *mapping;
	struct sg_buffer *text;
	enum place place;
	size_t at;
	/* Flow style with lines: each entry gets one of its own, above … */
	enum { NO_LINES, ABOVE_FIRST_KEY, ABOVE_NEXT_KEY } lines;
	size_t indent; /* … a key that is indented so */
};

static bool rest_of_line_is_blank(const struct document *d, size_t at)
{
	while (at < d->length && (d->bytes[at] == ' ' || d->bytes[at] == '\t'))
		at++;
	return at < d->length && (d->bytes[at] == '\n' || d->bytes[at] == '\r');
}

/* The first byte of the line below what ends at `end`. */
static size_t line_below(const struct document *d, size_t end)
{
	if (end > 0 && d->bytes[end - 1] == '\n')
		return end; /* a block scalar ends behind its lines */
	const char *lf = memchr(d->bytes + end, '\n', d->length - end);
	return lf ? (size_t)(lf - d->bytes) + 1 : d->length;
}

/* Lines of flow style stay lines, if the key that follows begins one. */
static void find_lines(struct entries *es, const struct node *next)
{
	const struct document *d = es->splicer->document;
	if (!next)
		return;
	while (es->indent < next->begin &&
	       d->bytes[next->begin - es->indent - 1] == ' ')
		es->indent++;
	if (es->at == es->mapping->inside)
		es->lines = rest_of_line_is_blank(d, es->at) ? ABOVE_FIRST_KEY :
							       NO_LINES;
	else if (es->indent < next->begin &&
		 d->bytes[next->begin - es->indent - 1] == '\n')
		es->lines = ABOVE_NEXT_KEY;
}

static const struct node *merged_value(const struct node *mapping)
{
	const struct node *key = mapping->first;
	while (key && !reading_is_merge(key))
		key = key->next->next;
	return key ? key->next : NULL;
}

/*
 * Behind a "<<", if there is one: Kubernetes' YAML library merges at its place,
 * over what stands before it.
 */
static void find_place(struct entries *es)
{
	const struct node *m = es->mapping;
	const struct document *d = es->splicer->document;
	const struct node *merged = merged_value(m);
	es->place = BEFORE_A_KEY;
	es->at = m->inside;
	if (merged && merged->next) {
		es->at = merged->next->begin;
	} else if (merged && m->style == STYLE_FLOW) {
		es->place = BEHIND_A_VALUE;
		es->at = merged->end;
	} else if (merged) {
		es->place = ON_LINES_BEHIND;
		es->at = line_below(d, merged->end);
	}
	if (m->style == STYLE_FLOW && m->first)
		find_lines(es, m->inside == es->at ? m->first : merged->next);
}

static void entry_begin(struct entries *es)
{
	const struct node *m = es->mapping;
	const struct document *d = es->splicer->document;
	if (es->place == BEHIND_A_VALUE) {
		sg_buffer_puts(es->text, ", ");
	} else if (es->place == ON_LINES_BEHIND) {
		if (d->bytes[es->at - 1] != '\n' && !es->text->length)
			sg_buffer_puts(es->text, es->splicer->newline);
		sg_buffer_pad(es->text, ' ', m->column);
	} else if (es->lines == ABOVE_FIRST_KEY) {
		sg_buffer_puts(es->text, es->splicer->newline);
		sg_buffer_pad(es->text, ' ', es->indent);
	}
}

static void entry_end(struct entries *es, bool ends_its_line)
{
	const struct node *m = es->mapping;
	if (es->place == BEHIND_A_VALUE)
		return;
	if (m->style == STYLE_FLOW) {
		sg_buffer_puts(es->text, es->lines ? "," : ", ");
		if (es->lines == ABOVE_NEXT_KEY) {
			sg_buffer_puts(es->text, es->splicer->newline);
			sg_buffer_pad(es->text, ' ', es->indent);
		}
		return;
	}
	if (!ends_its_line)
		sg_buffer_puts(es->text, es->splicer->newline);
	if (es->place == BEFORE_A_KEY)
		sg_buffer_pad(es->text, ' ', m->column);
}

static void put_key(struct entries *es, const char *key)
{
	if (es->mapping->style == STYLE_FLOW)
		put_quoted(es->text, key);
	else
		sg_buffer_puts(es->text, key);
	sg_buffer_puts(es->text, ": ");
}

static void insert_pair(struct entries *es, const struct edit_pair *pair)
{
	entry_begin(es);
	put_key(es, pair->key);
	if (es->mapping->style == STYLE_FLOW)
		put_quoted(es->text, pair->value);
	else
		put_value(es->text, pair->value);
	entry_end(es, false);
}

static int insert_child(struct entries *es, const struct edit *c)
{
	const struct node *merged = node_get(es->mapping, c->key);
	if (node_is_null(merged))
		merged = NULL;
	bool flow = es->mapping->style == STYLE_FLOW;
	entry_begin(es);
	if (!flow && !merged) {
		put_new_block(es->splicer, es->text, c, es->mapping->column);
		entry_end(es, true);
		return 0;
	}
	put_key(es, c->key);
	if (merged) {
		if (put_written_out(es->splicer, es->text, merged, c))
			return -1;
	} else {
		put_new_flow(es->text, c);
	}
	entry_end(es, false);
	return 0;
}

static int edit_node(struct splicer *s, struct node *n,
		     const struct edit *edit);

static int replace_with_copy(struct splicer *s, struct node *at,
			     const struct edit *edit)
{
	at->replaced = true;
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_DOCUMENT);
	if (put_written_out(s, &text, at, edit))
		return -1;
	return patches_add(s->patches, at->begin, at->end, &text, s->e);
}

/* Whether a ":" follows the key: `{key}` is a key with a null, too. */
static bool has_colon(const struct document *d, const struct node *key)
{
	size_t at = key->end;
	while (at < d->length && strchr(" \t\r\n", d->bytes[at]))
		at++;
	return at < d->length && d->bytes[at] == ':';
}

/* `key:` or `key: ~` gets its mapping on the same line. */
static int replace_null(struct splicer *s, const struct node *key,
			const struct edit *edit)
{
	const struct node *n = key->next;
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_DOCUMENT);
	if (n->anchored)
		return sg_error_set(s->e, SG_INVALID,
				    "%s is an anchored null; leave it out or write {}",
				    edit->key);
	bool bare = !n->length && !has_colon(s->document, key);
	if (!n->length)
		sg_buffer_puts(&text, bare ? ": " : " ");
	put_new_flow(&text, edit);
	return patches_add(s->patches, bare ? key->end : n->begin,
			   bare ? key->end : n->end, &text, s->e);
}

static int replace_value(struct splicer *s, struct node *present,
			 const struct edit_pair *pair)
{
	const struct node *value = node_resolve(present);
	bool is_string = value->kind == NODE_SCALAR &&
			 (value->style != STYLE_PLAIN ||
			  yaml_plain_is_string(value->text));
	if (is_string && strcmp(value->text, pair->value) == 0)
		return 0;
	bool replaceable = present->kind == NODE_ALIAS ||
			   (value->kind == NODE_SCALAR && !value->anchored &&
			    !value->tagged);
	if (!replaceable)
		return sg_error_set(s->e, SG_INVALID,
				    "%s can't be set: its present value is %s, or has an anchor or a tag; leave it out",
				    pair->key, node_kind_name(value));
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_DOCUMENT);
	if (present->begin && s->document->bytes[present->begin - 1] == ':')
		sg_buffer_putc(&text, ' ');
	put_quoted(&text, pair->value);
	if (value->style == STYLE_LITERAL && present == value)
		sg_buffer_puts(&text, s->newline); /* it ends behind its lines */
	return patches_add(s->patches, present->begin, present->end, &text, s->e);
}

/* A key may stand there twice (reading.h): then both change. */
static int set_pair(struct entries *es, const struct edit_pair *pair)
{
	struct node *key = node_find_key(es->mapping->first, pair->key);
	if (!key)
		insert_pair(es, pair);
	for (; key; key = node_find_key(key->next->next, pair->key))
		if (replace_value(es->splicer, key->next, pair))
			return -1;
	return 0;
}

static int edit_value(struct splicer *s, struct node *key,
		      const struct edit *c)
{
	if (key->next->kind == NODE_ALIAS && !node_is_null(key->next))
		return replace_with_copy(s, key->next, c);
	if (node_is_null(key->next))
		return replace_null(s, key, c);
	return edit_node(s, key->next, c);
}

static int edit_child_of(struct entries *es, const struct edit *c)
{
	struct node *key = node_find_key(es->mapping->first, c->key);
	if (!key)
		return insert_child(es, c);
	for (; key; key = node_find_key(key->next->next, c->key))
		if (edit_value(es->splicer, key, c))
			return -1;
	return 0;
}

/* How the line ends that the offset is in, or the one before it. */
static const char *newline_at(const struct document *d, size_t offset)
{
	const char *lf = memchr(d->bytes + offset, '\n', d->length - offset);
	if (!lf)
		lf = memrchr(d->bytes, '\n', offset);
	return lf && lf > d->bytes && lf[-1] == '\r' ? "\r\n" : "\n";
}

static int edit_mapping(struct splicer *s, struct node *n,
			const struct edit *edit)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_DOCUMENT);
	struct entries es = { .splicer = s, .mapping = n, .text = &text };
	find_place(&es);
	/* in one long line of flow style, looking for its end is dear */
	if (n->style == STYLE_BLOCK || es.lines)
		s->newline = newline_at(s->document, n->inside);
	for (unsigned i = 0; i < edit->pair_count; i++)
		if (set_pair(&es, &edit->pairs[i]))
			return -1;
	for (const struct edit *c = edit->children; c; c = c->next)
		if (edit_child_of(&es, c))
			return -1;
	if (!text.length)
		return sg_buffer_check(&text, s->e);
	if (!n->first) /* {} takes no comma behind the last */
		text.length -= 2;
	return patches_add(s->patches, es.at, es.at, &text, s->e);
}

static bool has_shared_anchor(const struct node *n)
{
	if (n->shared)
		return true;
	if (n->kind != NODE_MAPPING && n->kind != NODE_SEQUENCE)
		return false;
	for (const struct node *c = n->first; c; c = c->next)
		if (has_shared_anchor(c))
			return true;
	return false;
}

/* The whole list in flow style: where an item can't just be left out. */
static int replace_sequence(struct splicer *s, struct node *n,
			    const struct edit *edit)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_DOCUMENT);
	n->replaced = true;
	if (n->style == STYLE_BLOCK) /* deeper than an unindented list */
		sg_buffer_putc(&text, ' ');
	if (has_shared_anchor(n) ? put_written_out(s, &text, n, edit) :
				   put_copy(s, &text, n, edit))
		return -1;
	if (n->style == STYLE_BLOCK)
		sg_buffer_puts(&text, s->newline);
	return patches_add(s->patches, n->begin, n->end, &text, s->e);
}

static bool drops_any(const struct edit *edit)
{
	for (const struct edit *c = edit->children; c; c = c->next)
		if (c->drop)
			return true;
	return false;
}

/*
 * Where the line of an item's "-" begins, if nothing but blanks is before it
 * and between it and the item; else false.
 */
static bool find_item_line(const struct splicer *s, const struct node *item,
			   size_t *begin)
{
	const char *bytes = s->document->bytes;
	size_t at = item->begin;
	while (at > 0 && bytes[at - 1] == ' ')
		at--;
	if (at == 0 || bytes[at - 1] != '-')
		return false;
	at--;
	while (at > 0 && bytes[at - 1] == ' ')
		at--;
	*begin = at;
	return at == 0 || bytes[at - 1] == '\n';
}

/* The lines of a dropped item go; an anchor in it may be needed elsewhere. */
static int drop_item(struct splicer *s, struct node *item)
{
	const struct document *d = s->document;
	static const struct sg_buffer nothing = { 0 };
	size_t begin;
	if (!find_item_line(s, item, &begin))
		return sg_error_set(s->e, SG_INVALID,
				    "an item to drop is not lines of its own");
	size_t end = line_below(d, item->end);
	item->replaced = true;
	return patches_add(s->patches, begin, end, &nothing, s->e);
}

/* Whether each dropped item is lines of its own that nobody refers to. */
static bool drops_are_lines(const struct splicer *s, const struct node *n,
			    const struct edit *edit)
{
	const struct node *item = n->first;
	size_t index = 0, begin;
	if (n->style != STYLE_BLOCK)
		return false;
	for (const struct edit *c = edit->children; c; c = c->next) {
		for (; item && index < c->index; index++)
			item = item->next;
		if (!item || !c->drop)
			continue;
		if (has_shared_anchor(item) ||
		    !find_item_line(s, item, &begin))
			return false;
	}
	return true;
}

static int edit_item_of(struct splicer *s, struct node *item,
			const struct edit *c)
{
	if (c->drop)
		return drop_item(s, item);
	if (item->kind == NODE_ALIAS)
		return replace_with_copy(s, item, c);
	return edit_node(s, item, c);
}

static int edit_sequence(struct splicer *s, struct node *n,
			 const struct edit *edit)
{
	if (drops_any(edit) && !drops_are_lines(s, n, edit))
		return replace_sequence(s, n, edit);
	size_t index = 0;
	struct node *item = n->first;
	for (const struct edit *c = edit->children; c; c = c->next) {
		for (; item && index < c->index; index++)
			item = item->next;
		if (item && edit_item_of(s, item, c))
			return -1;
	}
	return 0;
}

static int edit_node(struct splicer *s, struct node *n, const struct edit *edit)
{
	if (n->tagged)
		return sg_error_set(s->e, SG_INVALID,
				    "line %zu: a YAML tag stands where labels are to go; leave it out",
				    s->document->line + n->line);
	n->edited = true;
	s->shared |= n->shared;
	if (n->kind == NODE_MAPPING)
		return edit_mapping(s, n, edit);
	if (n->kind == NODE_SEQUENCE && edit_is_of_items(edit))
		return edit_sequence(s, n, edit);
	return sg_error_set(s->e, SG_INVALID,
			    "line %zu: %s must be a mapping, not %s",
			    s->document->line + n->line,
			    edit->key ? edit->key : "the item",
			    node_kind_name(n));
}

/*
 * Aliases of a node that was edited in place still mean what it was. Those on
 * the edit's own path have given way already.
 */
static int expand_aliases(struct splicer *s, struct node *n)
{
	if (n->kind == NODE_SCALAR || n->replaced)
		return 0;
	if (n->kind == NODE_ALIAS)
		return n->target->edited ? replace_with_copy(s, n, NULL) : 0;
	for (struct node *c = n->first; c; c = c->next)
		if (expand_aliases(s, c))
			return -1;
	return 0;
}

int splice_document(const struct document *d, struct node *root,
		    const struct edit *edit, struct sg_arena *scratch,
		    struct sg_buffer *out, struct sg_error *e)
{
	cleanup_with(patches_release) struct patches patches = { 0 };
	struct splicer s = {
		.document = d,
		.newline = "\n",
		.arena = scratch,
		.patches = &patches,
		.e = e,
	};
	if (edit_node(&s, root, edit) ||
	    (s.shared && expand_aliases(&s, root)))
		return -1;
	return patches_write(&patches, d->bytes, d->length, out, e);
}
