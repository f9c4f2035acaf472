#include "offline_print.h"

#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "offline_world.h"
#include "text.h"

/* `first`, then the text; further lines are indented by `indent`. */
static void print_words(struct sg_buffer *out, const char *first, size_t indent,
			const char *text)
{
	sg_buffer_puts(out, first);
	text_wrap(out, text_columns(first), indent, text);
}

static void print_title(const struct review *r, const struct verdict *v,
			struct sg_buffer *out)
{
	static const char *const operations[] = { "created", "changed",
						  "deleted" };
	cleanup_buffer struct sg_buffer title;
	sg_buffer_init(&title, SG_MAX_FILE);
	sg_buffer_printf(&title, "%s \"%s\": %s when %s by %s", r->kind,
			 r->name ? r->name : "",
			 v->allowed ? "allowed" : "refused",
			 operations[r->operation], r->user.name);
	if (title.data)
		print_words(out, "", 2, text_make_printable(title.data));
}

/* A default, "spec.plan: small". */
static void print_default(const char *path, const struct node *value,
			  struct sg_buffer *out)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_FILE);
	sg_buffer_printf(&text, "%s: ", path);
	if (value->kind == NODE_SCALAR)
		sg_buffer_puts(&text, value->text);
	else
		json_write(&text, value);
	if (text.data)
		print_words(out, "    ", 6, text_make_printable(text.data));
}

/* What can be said in a Store; the finalizer, which all get, is no news. */
static void print_patch(const struct node *patch, struct sg_buffer *out)
{
	bool begun = false;
	for (const struct node *op = patch ? patch->first : NULL; op;
	     op = op->next) {
		const struct node *value = node_get(op, "value");
		const char *path = node_text(node_get(op, "path"));
		const struct node *k = node_is_mapping(value) ? value->first :
								NULL;
		if (!path || strncmp(path, "/spec", strlen("/spec")) != 0)
			continue;
		if (!begun)
			sg_buffer_puts(out, "  by default:\n");
		begun = true;
		char name[64];
		(void)snprintf(name, sizeof name, "%s", path + 1);
		for (char *c = name; *c; c++)
			*c = *c == '/' ? '.' : *c;
		if (!k)
			print_default(name, value, out);
		for (; k; k = k->next->next) {
			char whole[128];
			(void)snprintf(whole, sizeof whole, "%s.%s", name,
				       k->text);
			print_default(whole, k->next, out);
		}
	}
}

static void print_refusal(const struct verdict *v, struct sg_buffer *out)
{
	if (v->allowed)
		return;
	if (v->causes.count == 0)
		print_words(out, "  - ", 4, v->message);
	for (unsigned i = 0; i < v->causes.count; i++) {
		char first[320];
		(void)snprintf(first, sizeof first, "  - %s: ",
			       v->causes.items[i].field);
		print_words(out, first, 4, v->causes.items[i].message);
	}
}

static void print_doubts(unsigned doubts, struct sg_buffer *out)
{
	static const struct {
		enum offline_doubt doubt;
		const char *text;
	} texts[] = {
		{ DOUBT_STORE, "whether the cluster has a Store of that name; here it counts once it is reviewed before" },
		{ DOUBT_HOST, "whether another Store of the cluster has that host" },
		{ DOUBT_NAMESPACE, "whether its namespace still holds another shop" },
		{ DOUBT_ASSIGN, "whether this user may \"assign\" Stores; taken as no (--groups system:masters may)" },
		{ DOUBT_QUOTA, "how many Stores the owner has and may have; those reviewed before count" },
	};
	if (doubts)
		sg_buffer_puts(out, "  only the cluster knows:\n");
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (doubts & (unsigned)texts[i].doubt)
			print_words(out, "    ", 6, texts[i].text);
}

void offline_print(const struct review *r, const struct verdict *v,
		   unsigned doubts, struct sg_buffer *out)
{
	print_title(r, v, out);
	print_refusal(v, out);
	if (v->allowed)
		print_patch(v->patch, out);
	for (unsigned i = 0; i < v->warnings.count; i++)
		print_words(out, "  warning: ", 4, v->warnings.items[i]);
	print_doubts(doubts, out);
}
