#include "tree.h"

#include <limits.h>
#include <string.h>

#include <yaml.h>

#include "cleanup.h"
#include "reading.h"

enum { ANCHOR_BUCKETS = 256, MAX_ANCHORS = 4096 };

struct anchor {
	struct anchor *next;
	struct node *node;
	const char *name;
};

/* Translates libyaml's code points to bytes, in steps from where it was. */
struct cursor {
	const char *bytes;
	size_t length;
	size_t byte;
	size_t index;
	bool ascii;
};

struct builder {
	struct sg_arena *arena;
	struct cursor cursor;
	size_t first_line;
	struct node *root;
	struct node *stack[SG_MAX_DEPTH];
	uint32_t opened_at[SG_MAX_DEPTH]; /* b->nodes when stack[i] began */
	unsigned depth;
	unsigned flow_depth;
	uint32_t flow_work;
	uint32_t nodes;
	uint32_t most_nodes;
	unsigned anchor_count;
	struct anchor *anchors[ANCHOR_BUCKETS];
};

static bool is_continuation(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

static uint32_t cursor_seek(struct cursor *c, size_t index)
{
	if (c->ascii) /* a line end may have been put behind the text */
		return (uint32_t)(index < c->length ? index : c->length);
	for (; c->index < index && c->byte < c->length; c->index++) {
		do
			c->byte++;
		while (c->byte < c->length &&
		       is_continuation(c->bytes[c->byte]));
	}
	for (; c->index > index; c->index--) {
		do
			c->byte--;
		while (is_continuation(c->bytes[c->byte]));
	}
	return (uint32_t)c->byte;
}

static bool is_ascii(const char *bytes, size_t length)
{
	size_t i = 0;
	for (; i + sizeof(uint64_t) <= length; i += sizeof(uint64_t)) {
		uint64_t word;
		memcpy(&word, bytes + i, sizeof word);
		if (word & 0x8080808080808080u)
			return false;
	}
	for (; i < length; i++)
		if ((unsigned char)bytes[i] & 0x80)
			return false;
	return true;
}

static size_t line_of(const struct builder *b, const struct node *n)
{
	return b->first_line + n->line;
}

static unsigned anchor_hash(const char *name)
{
	unsigned hash = 5381;
	for (; *name; name++)
		hash = hash * 33 + (unsigned char)*name;
	return hash % ANCHOR_BUCKETS;
}

static int anchor_add(struct builder *b, struct node *n, const char *name,
		      struct sg_error *e)
{
	if (++b->anchor_count > MAX_ANCHORS)
		return sg_error_set(e, SG_INVALID,
				    "line %zu: more than %d anchors in one document",
				    line_of(b, n), MAX_ANCHORS);
	struct anchor *anchor = sg_arena_alloc(b->arena, sizeof *anchor);
	const char *copy = sg_arena_copy(b->arena, name, strlen(name));
	if (!anchor || !copy)
		return sg_error_memory(e);
	n->anchored = true;
	struct anchor **bucket = &b->anchors[anchor_hash(name)];
	*anchor = (struct anchor){ *bucket, n, copy };
	*bucket = anchor;
	return 0;
}

/* What an alias names, or NULL. */
static struct node *find_target(struct builder *b, const yaml_event_t *event,
				struct sg_error *e)
{
	const char *name = (const char *)event->data.alias.anchor;
	size_t line = b->first_line + event->start_mark.line;
	struct anchor *anchor = b->anchors[anchor_hash(name)];
	while (anchor && strcmp(anchor->name, name) != 0)
		anchor = anchor->next;
	if (!anchor)
		sg_error_set(e, SG_INVALID,
			     "line %zu: alias *%.64s has no anchor before it",
			     line, name);
	else if (anchor->node->open)
		sg_error_set(e, SG_INVALID,
			     "line %zu: alias *%.64s stands inside the node that it names",
			     line, name);
	return anchor && !anchor->node->open ? anchor->node : NULL;
}

static int attach(struct builder *b, struct node *n, struct sg_error *e)
{
	uint32_t weight = node_weight(n);
	if (weight > b->most_nodes - b->nodes)
		return sg_error_set(e, SG_INVALID,
				    "line %zu: more than %u nodes in one document, aliases expanded",
				    line_of(b, n), b->most_nodes);
	b->nodes += weight;
	b->flow_work += b->flow_depth;
	if (b->flow_work > SG_MAX_FLOW_WORK)
		return sg_error_set(e, SG_INVALID,
				    "line %zu: too many nodes so deep in flow style (%u levels here); write the outer levels in block style",
				    line_of(b, n), b->flow_depth);
	if (b->depth)
		node_append(b->stack[b->depth - 1], n);
	else
		b->root = n;
	return 0;
}

static int push(struct builder *b, struct node *n, struct sg_error *e)
{
	if (b->depth == SG_MAX_DEPTH)
		return sg_error_set(e, SG_INVALID,
				    "line %zu: nested deeper than %u levels",
				    line_of(b, n), SG_MAX_DEPTH);
	n->open = true;
	b->flow_depth += n->style == STYLE_FLOW;
	b->opened_at[b->depth] = b->nodes - 1;
	b->stack[b->depth++] = n;
	return 0;
}

static int pop(struct builder *b, const yaml_event_t *event, struct sg_error *e)
{
	struct node *n = b->stack[--b->depth];
	n->open = false;
	b->flow_depth -= n->style == STYLE_FLOW;
	n->weight = b->nodes - b->opened_at[b->depth];
	if (n->style == STYLE_FLOW)
		n->end = cursor_seek(&b->cursor, event->end_mark.index);
	else
		n->end = n->last ? n->last->end : n->inside;
	return n->kind == NODE_MAPPING ?
		       reading_check_keys(n, b->first_line, e) :
		       0;
}

static uint8_t scalar_style(yaml_scalar_style_t style)
{
	switch (style) {
	case YAML_SINGLE_QUOTED_SCALAR_STYLE:
	case YAML_DOUBLE_QUOTED_SCALAR_STYLE:
		return STYLE_QUOTED;
	case YAML_LITERAL_SCALAR_STYLE:
	case YAML_FOLDED_SCALAR_STYLE:
		return STYLE_LITERAL;
	default:
		return STYLE_PLAIN;
	}
}

static int check_nul(const struct builder *b, const yaml_event_t *event,
		     struct sg_error *e)
{
	if (!memchr(event->data.scalar.value, '\0', event->data.scalar.length))
		return 0;
	return sg_error_set(e, SG_INVALID,
			    "line %zu: a NUL character inside a scalar",
			    b->first_line + event->start_mark.line);
}

static struct node *make_collection(struct builder *b,
				    const yaml_event_t *event,
				    enum node_kind kind, bool flow)
{
	struct node *n = node_new_collection(b->arena, kind,
					     flow ? STYLE_FLOW : STYLE_BLOCK);
	if (n) {
		n->inside = cursor_seek(&b->cursor, event->end_mark.index);
		n->column = (uint32_t)event->end_mark.column;
	}
	return n;
}

/* Its anchor and tag are the event's. NULL without memory. */
static struct node *make_node(struct builder *b, const yaml_event_t *event,
			      struct node *target, const yaml_char_t **anchor,
			      const yaml_char_t **tag)
{
	switch (event->type) {
	case YAML_ALIAS_EVENT:
		return node_new_alias(b->arena, target);
	case YAML_SCALAR_EVENT:
		*anchor = event->data.scalar.anchor;
		*tag = event->data.scalar.tag;
		return node_new_scalar(b->arena,
				       scalar_style(event->data.scalar.style),
				       (const char *)event->data.scalar.value,
				       event->data.scalar.length);
	case YAML_SEQUENCE_START_EVENT:
		*anchor = event->data.sequence_start.anchor;
		*tag = event->data.sequence_start.tag;
		return make_collection(b, event, NODE_SEQUENCE,
				       event->data.sequence_start.style ==
					       YAML_FLOW_SEQUENCE_STYLE);
	default:
		*anchor = event->data.mapping_start.anchor;
		*tag = event->data.mapping_start.tag;
		return make_collection(b, event, NODE_MAPPING,
				       event->data.mapping_start.style ==
					       YAML_FLOW_MAPPING_STYLE);
	}
}

static bool is_in_flow(const struct builder *b)
{
	return b->depth && b->stack[b->depth - 1]->style == STYLE_FLOW;
}

/* One node-starting event: scalar, alias, or the start of a collection. */
static int add_node(struct builder *b, const yaml_event_t *event,
		    struct sg_error *e)
{
	struct node *target = NULL;
	const yaml_char_t *anchor = NULL, *tag = NULL;
	uint32_t begin = cursor_seek(&b->cursor, event->start_mark.index);
	if (event->type == YAML_ALIAS_EVENT &&
	    !(target = find_target(b, event, e)))
		return -1;
	if (event->type == YAML_SCALAR_EVENT && check_nul(b, event, e))
		return -1;
	struct node *n = make_node(b, event, target, &anchor, &tag);
	if (!n)
		return sg_error_memory(e);
	n->begin = begin;
	n->line = (uint32_t)event->start_mark.line;
	n->end = cursor_seek(&b->cursor, event->end_mark.index);
	n->tagged = tag != NULL;
	if ((tag && reading_check_tag(n, b->cursor.bytes + n->begin,
				      b->cursor.length - n->begin,
				      b->first_line, e)) ||
	    (n->kind == NODE_SCALAR &&
	     reading_check_scalar(n, is_in_flow(b), b->cursor.bytes + n->begin,
				  n->end - n->begin, b->first_line, e)) ||
	    attach(b, n, e))
		return -1;
	if (anchor && anchor_add(b, n, (const char *)anchor, e))
		return -1;
	bool collection = n->kind == NODE_SEQUENCE || n->kind == NODE_MAPPING;
	return collection ? push(b, n, e) : 0;
}

static int start_document(struct builder *b, const yaml_event_t *event,
			  struct sg_error *e)
{
	size_t line = b->first_line + event->start_mark.line;
	if (b->root)
		return sg_error_set(e, SG_INVALID,
				    "line %zu: a second document begins where one is expected",
				    line);
	return 0;
}

static int handle(struct builder *b, const yaml_event_t *event,
		  struct sg_error *e)
{
	switch (event->type) {
	case YAML_DOCUMENT_START_EVENT:
		return start_document(b, event, e);
	case YAML_ALIAS_EVENT:
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_MAPPING_START_EVENT:
		return add_node(b, event, e);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return pop(b, event, e);
	default:
		return 0;
	}
}

static int parser_error(const yaml_parser_t *parser, size_t first_line,
			struct sg_error *e)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return sg_error_memory(e);
	if (parser->error == YAML_READER_ERROR)
		return sg_error_set(e, SG_INVALID,
				    "not UTF-8 text that YAML allows: %s at byte %zu",
				    parser->problem, parser->problem_offset);
	if (strstr(parser->problem, "<document start>"))
		return sg_error_set(e, SG_INVALID,
				    "line %zu: text behind the document's end; a \"---\" line would begin another",
				    first_line + parser->problem_mark.line);
	return sg_error_set(e, SG_INVALID, "line %zu: %s%s%s",
			    first_line + parser->problem_mark.line,
			    parser->problem, parser->context ? " " : "",
			    parser->context ? parser->context : "");
}

static void delete_parser(yaml_parser_t *parser)
{
	yaml_parser_delete(parser);
}

static int run(yaml_parser_t *parser, struct builder *b, struct sg_error *e)
{
	for (bool done = false; !done;) {
		yaml_event_t event;
		if (!yaml_parser_parse(parser, &event))
			return parser_error(parser, b->first_line, e);
		done = event.type == YAML_STREAM_END_EVENT;
		int failed = handle(b, &event, e);
		yaml_event_delete(&event);
		if (failed)
			return -1;
	}
	return 0;
}

/* The text, with a line end behind its last line. */
struct input {
	const char *at;
	size_t left;
	bool needs_end;
};

static int read_input(void *from, unsigned char *buffer, size_t size,
		      size_t *length)
{
	struct input *input = from;
	*length = input->left < size ? input->left : size;
	if (*length) {
		memcpy(buffer, input->at, *length);
		input->at += *length;
		input->left -= *length;
	} else if (input->needs_end) {
		input->needs_end = false;
		buffer[0] = '\n';
		*length = 1;
	}
	return 1;
}

static int parse(const char *bytes, size_t length, size_t first_line,
		 uint32_t most_nodes, struct sg_arena *a, struct node **root,
		 struct sg_error *e)
{
	static const char bom[] = "\xEF\xBB\xBF";
	bool ascii = is_ascii(bytes, length);
	if (reading_check_text(bytes, length, ascii, first_line, e))
		return -1;
	struct builder b = {
		.arena = a,
		.cursor = { .bytes = bytes, .length = length,
			    .ascii = ascii },
		.first_line = first_line,
		.most_nodes = most_nodes,
	};
	/* told the encoding, libyaml would take a mark for text */
	size_t skipped = length >= 3 && memcmp(bytes, bom, 3) == 0 ? 3 : 0;
	b.cursor.byte = skipped;

	struct input input = {
		.at = bytes + skipped,
		.left = length - skipped,
		.needs_end = length > skipped && bytes[length - 1] != '\n',
	};

	cleanup_with(delete_parser) yaml_parser_t parser;
	if (!yaml_parser_initialize(&parser))
		return sg_error_memory(e);
	yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&parser, read_input, &input);
	if (run(&parser, &b, e))
		return -1;
	*root = node_is_null(b.root) ? NULL : b.root;
	return 0;
}

int yaml_parse(const char *bytes, size_t length, size_t first_line,
	       struct sg_arena *a, struct node **root, struct sg_error *e)
{
	return parse(bytes, length, first_line, SG_MAX_NODES, a, root, e);
}

int yaml_parse_again(const char *bytes, size_t length, size_t first_line,
		     struct sg_arena *a, struct node **root,
		     struct sg_error *e)
{
	return parse(bytes, length, first_line, 4 * SG_MAX_NODES, a, root, e);
}

bool yaml_is_document_start(const char *bytes, size_t length)
{
	return length >= 3 && memcmp(bytes, "---", 3) == 0 &&
	       (length == 3 || bytes[3] == '\n' || bytes[3] == '\r' ||
		bytes[3] == ' ' || bytes[3] == '\t');
}

size_t yaml_document_length(const char *bytes, size_t length)
{
	const char *end = bytes + length;
	const char *line = bytes;
	while ((line = memchr(line, '\n', (size_t)(end - line)))) {
		line++;
		if (yaml_is_document_start(line, (size_t)(end - line)))
			return (size_t)(line - bytes);
	}
	return length;
}
