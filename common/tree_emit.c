#include "tree.h"

#include <string.h>

#include <yaml.h>

#include "cleanup.h"

static int collect(void *buffer, unsigned char *bytes, size_t length)
{
	struct sg_buffer *b = buffer;
	sg_buffer_append(b, bytes, length);
	return !b->no_memory && !b->over_cap;
}

static yaml_char_t *tag(const char *name)
{
	/* libyaml copies it, but asks for one that it could write to */
	return (yaml_char_t *)(uintptr_t)name;
}

/* libyaml may quote a plain scalar that it can't write plain. */
static int scalar_event(yaml_event_t *event, const struct node *n)
{
	bool plain = n->style == STYLE_PLAIN;
	bool may_quote = !plain || !yaml_plain_is_typed(n->text);
	const char *text = plain && !n->length ? "null" : n->text;
	yaml_scalar_style_t style = plain ? YAML_PLAIN_SCALAR_STYLE :
				    n->style == STYLE_LITERAL ?
					    YAML_LITERAL_SCALAR_STYLE :
					    YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	return yaml_scalar_event_initialize(event, NULL, NULL, tag(text),
					    (int)strlen(text), plain, may_quote,
					    style);
}

static int emit_node(yaml_emitter_t *emitter, const struct node *n, bool flow)
{
	yaml_event_t event;
	n = node_resolve(n);
	if (n->kind == NODE_SCALAR)
		return scalar_event(&event, n) &&
		       yaml_emitter_emit(emitter, &event);

	bool mapping = n->kind == NODE_MAPPING;
	int made = mapping ? yaml_mapping_start_event_initialize(
				     &event, NULL, NULL, 1,
				     flow ? YAML_FLOW_MAPPING_STYLE :
					    YAML_BLOCK_MAPPING_STYLE) :
			     yaml_sequence_start_event_initialize(
				     &event, NULL, NULL, 1,
				     flow ? YAML_FLOW_SEQUENCE_STYLE :
					    YAML_BLOCK_SEQUENCE_STYLE);
	if (!made || !yaml_emitter_emit(emitter, &event))
		return 0;
	for (const struct node *c = n->first; c; c = c->next)
		if (!emit_node(emitter, c, flow))
			return 0;
	made = mapping ? yaml_mapping_end_event_initialize(&event) :
			 yaml_sequence_end_event_initialize(&event);
	return made && yaml_emitter_emit(emitter, &event);
}

static int emit_document(yaml_emitter_t *emitter, const struct node *n,
			 bool flow)
{
	yaml_event_t event;
	return yaml_stream_start_event_initialize(&event,
						  YAML_UTF8_ENCODING) &&
	       yaml_emitter_emit(emitter, &event) &&
	       yaml_document_start_event_initialize(&event, NULL, NULL, NULL,
						    1) &&
	       yaml_emitter_emit(emitter, &event) &&
	       emit_node(emitter, n, flow) &&
	       yaml_document_end_event_initialize(&event, 1) &&
	       yaml_emitter_emit(emitter, &event) &&
	       yaml_stream_end_event_initialize(&event) &&
	       yaml_emitter_emit(emitter, &event) &&
	       yaml_emitter_flush(emitter);
}

static int emit(struct sg_buffer *out, const struct node *n, bool flow,
		struct sg_error *e)
{
	cleanup_with(yaml_emitter_delete) yaml_emitter_t emitter = { 0 };
	if (!n || !yaml_emitter_initialize(&emitter))
		return sg_error_memory(e);
	yaml_emitter_set_output(&emitter, collect, out);
	yaml_emitter_set_width(&emitter, -1);
	yaml_emitter_set_unicode(&emitter, 1);
	if (emit_document(&emitter, n, flow))
		return 0;
	if (sg_buffer_check(out, e))
		return -1;
	/* an event that could not be made leaves no error in the emitter */
	if (emitter.error == YAML_MEMORY_ERROR ||
	    emitter.error == YAML_NO_ERROR)
		return sg_error_memory(e);
	return sg_error_set(e, SG_INVALID, "cannot be written as YAML: %s",
			    emitter.problem);
}

int yaml_emit_block(struct sg_buffer *out, const struct node *n, size_t indent,
		    struct sg_error *e)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_DOCUMENT);
	if (emit(&text, n, false, e))
		return -1;
	/* libyaml ends a document so whose last scalar keeps its blank lines */
	static const char end_mark[] = "\n...\n";
	const size_t mark = sizeof end_mark - 1;
	if (text.length > mark &&
	    memcmp(text.data + text.length - mark, end_mark, mark) == 0)
		text.data[text.length - mark + 1] = '\0';
	for (const char *line = text.data; line && *line;) {
		const char *end = strchrnul(line, '\n');
		if (end > line)
			sg_buffer_pad(out, ' ', indent);
		sg_buffer_append(out, line, (size_t)(end - line));
		sg_buffer_putc(out, '\n');
		line = *end ? end + 1 : end;
	}
	return sg_buffer_check(out, e);
}

/*
 * A typed scalar that flow can't hold plain (12:30:45) gets quotes, which would
 * change its type: callers verify what they emit by parsing it again.
 */
int yaml_emit_flow(struct sg_buffer *out, const struct node *n,
		   struct sg_error *e)
{
	if (emit(out, n, true, e))
		return -1;
	while (out->length && out->data[out->length - 1] == '\n')
		out->data[--out->length] = '\0';
	return 0;
}
