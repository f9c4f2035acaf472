#include "generator_store.h"

#include "json.h"
#include "names.h"

static const char *or_null(const char *text)
{
	return text && *text ? text : NULL;
}

struct store generator_store_read(const struct node *object,
				  const struct store_facts *f)
{
	const struct node *spec = node_get(object, "spec");
	return (struct store){
		.name = f->name,
		.uid = f->uid,
		.engine = f->engine,
		.owner = f->owner,
		.plan = or_null(f->plan),
		.host = or_null(f->host),
		.delivery = or_null(f->delivery),
		.display_name = or_null(node_text(node_get(spec, "displayName"))),
		.admin_email = or_null(node_text(node_get(spec, "adminEmail"))),
		.values = node_get(spec, "values"),
	};
}

/* Shorter than the API server has it, which writes a "<" in six bytes. */
static const struct node *read_values(struct sg_arena *a,
				      const struct node *sealed)
{
	struct json_reading how = { .most_values = SG_MAX_VALUES };
	struct sg_error ignored = { 0 };
	struct node *root = NULL;
	return node_is_sealed(sealed) && sealed->values <= SG_MAX_VALUES &&
			       json_read(sealed->text, sealed->length, &how, a,
					 &root, &ignored) == 0 ?
		       root :
		       sealed;
}

static void write_text(struct sg_buffer *out, const char *key, const char *text)
{
	json_write_string(out, key);
	sg_buffer_putc(out, ':');
	json_write_string(out, text ? text : "");
}

/* The spec as it is, then what it leaves out. */
static void write_spec(struct sg_arena *a, struct sg_buffer *out,
		       const struct node *spec, const struct store *s)
{
	const char *const defaults[][2] = { { "plan", s->plan },
					    { "host", s->host },
					    { "displayName", s->display_name },
					    { "delivery", s->delivery } };
	const char *comma = "";
	sg_buffer_putc(out, '{');
	for (const struct node *k = node_is_mapping(spec) ? spec->first : NULL;
	     k; k = k->next->next) {
		if (node_is_null(k->next))
			continue;
		sg_buffer_puts(out, comma);
		json_write_string(out, node_text(k));
		sg_buffer_putc(out, ':');
		json_write(out, read_values(a, k->next));
		comma = ",";
	}
	for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++) {
		if (!node_is_null(node_own(spec, defaults[i][0])))
			continue;
		sg_buffer_puts(out, comma);
		write_text(out, defaults[i][0], defaults[i][1]);
		comma = ",";
	}
	sg_buffer_putc(out, '}');
}

static void write_store(struct sg_arena *a, struct sg_buffer *out,
			const struct node *object, const struct store *s)
{
	sg_buffer_clear(out);
	sg_buffer_puts(out, "{\"apiVersion\":\"" SG_API_VERSION
			    "\",\"kind\":\"Store\",\"metadata\":{");
	write_text(out, "name", s->name);
	sg_buffer_putc(out, ',');
	write_text(out, "uid", s->uid);
	sg_buffer_puts(out, "},\"spec\":");
	write_spec(a, out, node_get(object, "spec"), s);
	sg_buffer_putc(out, '}');
}

/* What scratch holds, as a text. */
static int write_json(struct sg_buffer *out, const char *key,
		      const struct sg_buffer *scratch, struct sg_error *e)
{
	if (sg_buffer_check(scratch, e))
		return -1;
	write_text(out, key, scratch->data);
	return 0;
}

int generator_store_write(struct sg_arena *a, const struct node *object,
			  const struct store *s, struct sg_buffer *out,
			  struct sg_buffer *scratch, struct sg_error *e)
{
	const char *namespace =
		sg_arena_printf(a, SG_NAMESPACE_PREFIX "%s", s->name);
	const char *const texts[][2] = {
		{ "name", s->name },
		{ "namespace", namespace },
		{ "engine", s->engine },
		{ "plan", s->plan },
		{ "owner", s->owner },
		{ "host", s->host },
		{ "displayName", s->display_name },
		{ "adminEmail", s->admin_email },
		{ "uid", s->uid },
	};
	sg_buffer_putc(out, '{');
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		write_text(out, texts[i][0], texts[i][1]);
		sg_buffer_putc(out, ',');
	}
	write_store(a, scratch, object, s);
	if (write_json(out, "store", scratch, e))
		return -1;
	sg_buffer_putc(out, '}');
	return sg_arena_check(a, e) || sg_buffer_check(out, e) ? -1 : 0;
}
