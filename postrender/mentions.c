#include "calls.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "cleanup.h"
#include "limits.h"

/* How many earlier mentions a new one is held against: the same come in runs. */
enum { LOOK_BACK = 16 };

/* Where the hosts of a text go. */
struct finding {
	struct calls *c;
	unsigned first; /* of the owner's mentions */
	const char *key; /* of the text; NULL: it has none */
	struct sg_error *e;
};

static bool is_known(const struct finding *f, const struct mention *m)
{
	unsigned count = f->c->mentions.count;
	for (unsigned i = count; i > f->first && count - i < LOOK_BACK; i--) {
		const struct mention *other = &f->c->mentions.items[i - 1];
		if (other->host == m->host && other->key == m->key &&
		    other->port == m->port && other->form == m->form)
			return true;
	}
	return false;
}

static int keep_host(void *context, const struct host *host)
{
	struct finding *f = context;
	struct mention m = { .port = host->port,
			     .implied = host->implied,
			     .form = (uint8_t)host->form };
	if (f->c->mentions.count >= SG_MAX_MENTIONS) {
		f->c->left_out = true;
		return 0;
	}
	if (calls_word(f->c, f->key, &m.key, f->e) ||
	    words_add(&f->c->words, host->name, host->length, &m.host, f->e))
		return -1;
	if (is_known(f, &m))
		return 0;
	struct mention *kept = LIST_ADD(f->c->mentions, f->e);
	if (!kept)
		return -1;
	*kept = m;
	return 0;
}

static int find_in(struct finding *f, const char *bytes, size_t length,
		   const char *key, bool is_command)
{
	struct host_text text = { bytes, length, key, is_command,
				  f->c->who->namespace };
	f->key = key;
	return hosts_find(&text, keep_host, f);
}

/* --- commands --- */

static void join(const struct node *owner, const char *key,
		 struct sg_buffer *words)
{
	for (const struct node *n = object_list(owner, key); n; n = n->next) {
		const char *word = node_text(n);
		if (word) {
			sg_buffer_puts(words, word);
			sg_buffer_putc(words, ' ');
		}
	}
	if (words->length)
		sg_buffer_putc(words, '\n');
}

static int find_in_commands(struct finding *f, const struct node *container)
{
	static const char *const probes[] = { "livenessProbe", "readinessProbe",
					      "startupProbe" };
	static const char *const moments[] = { "postStart", "preStop" };
	cleanup_buffer struct sg_buffer words;
	sg_buffer_init(&words, SG_MAX_DOCUMENT * 2);
	join(container, "command", &words);
	if (words.length) /* args go on with it */
		words.data[words.length - 1] = ' ';
	join(container, "args", &words);
	for (size_t i = 0; i < sizeof probes / sizeof *probes; i++)
		join(node_path(container, probes[i], "exec", NULL), "command",
		     &words);
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++)
		join(node_path(container, "lifecycle", moments[i], "exec", NULL),
		     "command", &words);
	if (sg_buffer_check(&words, f->e))
		return -1;
	return words.length ? find_in(f, words.data, words.length, NULL, true) :
			      0;
}

/* --- environment --- */

static int add_use(struct calls *c, const struct node *name, const char *key,
		   const char *as, bool is_secret, struct sg_error *e)
{
	struct use use = { .is_secret = is_secret };
	if (!node_text(name))
		return 0;
	if (calls_word(c, node_text(name), &use.name, e) ||
	    calls_word(c, key, &use.key, e) || calls_word(c, as, &use.as, e))
		return -1;
	struct use *kept = LIST_ADD(c->uses, e);
	if (!kept)
		return -1;
	*kept = use;
	return 0;
}

static int use_key(struct calls *c, const struct node *from, const char *ref,
		   const char *as, bool is_secret, struct sg_error *e)
{
	const struct node *n = node_get(from, ref);
	const char *key = node_text(node_get(n, "key"));
	return key ? add_use(c, node_get(n, "name"), key, as, is_secret, e) : 0;
}

static int find_in_environment(struct finding *f, const struct node *container)
{
	struct calls *c = f->c;
	for (const struct node *n = object_list(container, "env"); n; n = n->next) {
		const char *name = node_text(node_get(n, "name"));
		const struct node *value = node_get(n, "value");
		const struct node *from = node_get(n, "valueFrom");
		if (node_text(value) &&
		    find_in(f, value->text, value->length, name, false))
			return -1;
		if (use_key(c, from, "configMapKeyRef", name, false, f->e) ||
		    use_key(c, from, "secretKeyRef", name, true, f->e))
			return -1;
	}
	for (const struct node *n = object_list(container, "envFrom"); n;
	     n = n->next)
		if (add_use(c, node_path(n, "configMapRef", "name", NULL), NULL,
			    NULL, false, f->e) ||
		    add_use(c, node_path(n, "secretRef", "name", NULL), NULL,
			    NULL, true, f->e))
			return -1;
	return 0;
}

/* --- files --- */

struct volume {
	uint32_t name;
	const struct node *node;
};

struct volumes {
	struct volume *items;
	unsigned count;
};

static int compare_volumes(const void *left, const void *right)
{
	const struct volume *a = left, *b = right;
	return a->name < b->name ? -1 : a->name > b->name;
}

static int list_volumes(struct calls *c, const struct object *o,
			struct sg_arena *scratch, struct volumes *out,
			struct sg_error *e)
{
	const struct node *list = node_get(o->pod_spec, "volumes");
	*out = (struct volumes){ 0 };
	if (!node_is_sequence(list) || !list->first)
		return 0;
	out->items = sg_arena_alloc(scratch,
				    node_count(list) * sizeof *out->items);
	if (!out->items)
		return sg_error_memory(e);
	for (const struct node *n = list->first; n; n = n->next) {
		struct volume *volume = &out->items[out->count++];
		volume->node = n;
		if (calls_word(c, node_text(node_get(n, "name")), &volume->name,
			       e))
			return -1;
	}
	qsort(out->items, out->count, sizeof *out->items, compare_volumes);
	return 0;
}

/* Of a source in a volume, the keys that a mount shows: all, or one of them. */
static int use_volume(struct calls *c, const struct node *source,
		      const char *name, bool is_secret, const char *sub_path,
		      struct sg_error *e)
{
	const struct node *items = node_get(source, "items");
	if (!node_is_sequence(items))
		return add_use(c, node_get(source, name), sub_path, NULL,
			       is_secret, e);
	for (const struct node *n = items->first; n; n = n->next) {
		const char *key = node_text(node_get(n, "key"));
		if (key && (!sub_path || node_is(node_get(n, "path"), sub_path)) &&
		    add_use(c, node_get(source, name), key, NULL, is_secret, e))
			return -1;
	}
	return 0;
}

static int use_mount(struct calls *c, const struct volume *volume,
		     const char *sub_path, struct sg_error *e)
{
	const struct node *v = volume->node;
	if (use_volume(c, node_get(v, "configMap"), "name", false, sub_path, e) ||
	    use_volume(c, node_get(v, "secret"), "secretName", true, sub_path, e))
		return -1;
	for (const struct node *n = object_list(node_get(v, "projected"), "sources");
	     n; n = n->next)
		if (use_volume(c, node_get(n, "configMap"), "name", false,
			       sub_path, e) ||
		    use_volume(c, node_get(n, "secret"), "name", true, sub_path,
			       e))
			return -1;
	return 0;
}

static int use_mounts(struct finding *f, const struct node *container,
		      const struct volumes *volumes)
{
	for (const struct node *n = object_list(container, "volumeMounts"); n;
	     n = n->next) {
		struct volume wanted = { 0 };
		if (calls_word(f->c, node_text(node_get(n, "name")),
			       &wanted.name, f->e))
			return -1;
		const struct volume *found =
			volumes->count ? bsearch(&wanted, volumes->items,
						 volumes->count, sizeof wanted,
						 compare_volumes) :
					 NULL;
		if (found && use_mount(f->c, found,
				       node_text(node_get(n, "subPath")), f->e))
			return -1;
	}
	return 0;
}

/* --- owners --- */

int mentions_of_pods(struct calls *c, const struct object *o, struct pods *pods,
		     struct sg_arena *scratch, struct sg_error *e)
{
	static const char *const lists[] = { "initContainers", "containers" };
	struct finding f = { .c = c, .first = c->mentions.count, .e = e };
	struct volumes volumes;
	pods->uses.first = c->uses.count;
	if (list_volumes(c, o, scratch, &volumes, e))
		return -1;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		for (const struct node *n = object_list(o->pod_spec, lists[i]); n;
		     n = n->next)
			if (find_in_environment(&f, n) ||
			    find_in_commands(&f, n) || use_mounts(&f, n, &volumes))
				return -1;
	pods->mentions = (struct span){ f.first, c->mentions.count - f.first };
	pods->uses.count = c->uses.count - pods->uses.first;
	return 0;
}

static bool is_script(const char *key, const struct node *value)
{
	size_t length = strlen(key);
	return (length > 3 && strcmp(key + length - 3, ".sh") == 0) ||
	       strncmp(value->text, "#!", 2) == 0;
}

static int find_in_map(struct finding *f, const struct node *map)
{
	if (!node_is_mapping(map))
		return 0;
	for (const struct node *k = map->first; k; k = k->next->next) {
		const char *key = node_text(k);
		const struct node *value = node_resolve(k->next);
		if (key && node_text(value) &&
		    find_in(f, value->text, value->length, key,
			    is_script(key, value)))
			return -1;
	}
	return 0;
}

static int find_in_encoded(struct finding *f, const struct node *map,
			   struct sg_arena *scratch)
{
	if (!node_is_mapping(map))
		return 0;
	for (const struct node *k = map->first; k; k = k->next->next) {
		const char *key = node_text(k);
		const struct node *value = node_resolve(k->next);
		if (!key || !node_text(value))
			continue;
		char *plain = sg_arena_alloc(scratch, value->length);
		if (!plain && value->length)
			return sg_error_memory(f->e);
		size_t length = base64_decode(value->text, value->length, plain);
		if (find_in(f, plain, length, key, false))
			return -1;
	}
	return 0;
}

int mentions_of_source(struct calls *c, const struct object *o, bool is_secret,
		       struct sg_arena *scratch, struct sg_error *e)
{
	struct finding f = { .c = c, .first = c->mentions.count, .e = e };
	struct source source = { .is_secret = is_secret };
	const struct node *data = node_get(o->root, "data");
	if (calls_word(c, o->name, &source.name, e) ||
	    (is_secret ? find_in_encoded(&f, data, scratch) ||
				 find_in_map(&f, node_get(o->root, "stringData")) :
			 find_in_map(&f, data)))
		return -1;
	source.mentions = (struct span){ f.first, c->mentions.count - f.first };
	if (!source.mentions.count)
		return 0;
	struct source *kept = LIST_ADD(c->sources, e);
	if (!kept)
		return -1;
	*kept = source;
	return 0;
}
