#include "generator_list.h"

#include <string.h>

#include "cleanup.h"
#include "generator_store.h"
#include "store_budget.h"
#include "stores.h"

/* Of conflicts that are told by name. */
enum { TOLD = 8 };

/* Places in the list's texts, which move while they grow. */
struct entry {
	size_t name, host;
	size_t json, length; /* 0: of another part */
	int64_t created;
	bool is_listed; /* gitops, not being deleted, and not withheld */
	bool is_leaving; /* being deleted */
	bool has_lived;
	bool is_too_large;
};

struct generator_list {
	const struct policy *policy;
	struct generator_part part;
	struct sg_buffer texts;
	struct entry *entries;
	size_t count, room;
	struct sg_arena arena; /* of the Store at hand */
	struct sg_buffer scratch;
	struct sg_error error; /* what went wrong first */
};

struct generator_list *generator_list_new(const struct policy *policy,
					  const struct generator_part *part)
{
	struct generator_list *l = calloc(1, sizeof *l);
	if (!l)
		return NULL;
	l->policy = policy;
	if (part)
		l->part = *part;
	sg_buffer_init(&l->texts, SG_MAX_GATHERED);
	sg_buffer_init(&l->scratch, SG_MAX_ANSWER);
	sg_arena_init(&l->arena);
	return l;
}

void generator_list_free(struct generator_list *l)
{
	if (!l)
		return;
	sg_buffer_release(&l->texts);
	sg_buffer_release(&l->scratch);
	sg_arena_release(&l->arena);
	free(l->entries);
	free(l);
}

/* --- gathering --- */

static void fail(struct generator_list *l, const struct sg_error *e)
{
	if (l->error.code == SG_OK)
		l->error = *e;
}

static struct entry *add_entry(struct generator_list *l)
{
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 64;
		struct entry *more =
			reallocarray(l->entries, room, sizeof *more);
		if (!more)
			return NULL;
		l->entries = more;
		l->room = room;
	}
	struct entry *entry = &l->entries[l->count++];
	*entry = (struct entry){ 0 };
	return entry;
}

/* With its NUL; where it begins. */
static size_t keep(struct generator_list *l, const char *text)
{
	size_t at = l->texts.length;
	sg_buffer_append(&l->texts, text, strlen(text) + 1);
	return at;
}

/* FNV-1a: whoever asks may have to know in which part a Store is. */
static bool is_in_part(const struct generator_part *p, const struct store *s)
{
	uint32_t h = 2166136261u;
	for (const char *c = s->name; *c; c++)
		h = (h ^ (unsigned char)*c) * 16777619u;
	return (!p->engine || strcmp(p->engine, s->engine) == 0) &&
	       (p->of < 2 || h % p->of == p->shard);
}

static void judge(struct entry *entry, const struct node *object,
		  const struct store_facts *facts, const struct store *s)
{
	const struct store_size size = store_measure(s->values);
	bool is_for_argo_cd = !facts->deleting &&
			      strcmp(s->delivery, "gitops") == 0;
	entry->created = store_facts_created(object);
	entry->has_lived = !node_is_null(
		node_path(object, "status", "readyAt", NULL));
	entry->is_leaving = facts->deleting;
	entry->is_too_large = is_for_argo_cd && store_size_is_over(&size);
	entry->is_listed = is_for_argo_cd &&
			   (entry->has_lived || !entry->is_too_large);
}

static int gather(struct generator_list *l, const struct node *object,
		  struct sg_error *e)
{
	struct store_facts facts;
	if (!store_facts_read(object, &facts))
		return sg_error_set(e, SG_INVALID, "a Store without a name");
	struct store s = generator_store_read(object, &facts);
	struct entry *entry = add_entry(l);
	if (!entry)
		return sg_error_memory(e);
	if (store_default(&l->arena, l->policy, &s, e))
		return -1;
	entry->name = keep(l, s.name);
	entry->host = keep(l, s.host);
	judge(entry, object, &facts, &s);
	if (entry->is_listed && is_in_part(&l->part, &s)) {
		entry->json = l->texts.length;
		if (generator_store_write(&l->arena, object, &s, &l->texts,
					  &l->scratch, e))
			return -1;
		entry->length = l->texts.length - entry->json;
	}
	return sg_buffer_check(&l->texts, e);
}

static void begin(void *context)
{
	struct generator_list *l = context;
	sg_buffer_clear(&l->texts);
	sg_buffer_clear(&l->scratch);
	l->count = 0;
	l->error = (struct sg_error){ 0 };
}

static void set(void *context, const struct node *object)
{
	struct generator_list *l = context;
	struct sg_error e;
	if (l->error.code != SG_OK)
		return;
	sg_arena_clear(&l->arena);
	if (gather(l, object, &e))
		fail(l, &e);
}

/* Whether its shop runs can't be seen, so no list may lack it. */
static void left_out(void *context, const struct node *outline, const char *why)
{
	const char *name =
		node_text(node_path(outline, "metadata", "name", NULL));
	struct sg_error e = { 0 };
	sg_error_set(&e, SG_INVALID, "Store %.63s can't be read: it is %s",
		     name ? name : "without a name", why);
	fail(context, &e);
}

static void end(void *context)
{
	(void)context;
}

/* Only a watch tells that. */
static void removed(void *context, const struct node *object)
{
	(void)context;
	(void)object;
}

struct informer_sink generator_list_sink(struct generator_list *l)
{
	return (struct informer_sink){ .begin = begin,
				       .set = set,
				       .end = end,
				       .left_out = left_out,
				       .removed = removed,
				       .context = l };
}

/* --- one host, one shop --- */

static int by_name(const void *a, const void *b, void *texts)
{
	const char *text = texts;
	const struct entry *x = a, *y = b;
	return strcmp(text + x->name, text + y->name);
}

/* The one that has the host comes first: who leaves is in nobody's way. */
static int by_host(const void *a, const void *b, void *texts)
{
	const char *text = texts;
	const struct entry *x = a, *y = b;
	int order = strcmp(text + x->host, text + y->host);
	if (order)
		return order;
	if (x->is_leaving != y->is_leaving)
		return x->is_leaving ? 1 : -1;
	if (x->has_lived != y->has_lived)
		return x->has_lived ? -1 : 1;
	if (x->created != y->created)
		return x->created < y->created ? -1 : 1;
	return by_name(a, b, texts);
}

static void sort(struct generator_list *l,
		 int (*order)(const void *, const void *, void *))
{
	if (l->count)
		qsort_r(l->entries, l->count, sizeof *l->entries, order,
			l->texts.data);
}

static bool is_told(size_t number, struct sg_buffer *out)
{
	if (number == TOLD)
		sg_buffer_puts(out, "; and others");
	else if (number < TOLD && out->length)
		sg_buffer_puts(out, "; ");
	return number < TOLD;
}

#define STAYS ", but its shop has been ready and stays"

static void tell(const struct generator_list *l, const struct entry *loser,
		 const struct entry *winner, size_t number,
		 struct sg_buffer *out)
{
	const char *text = l->texts.data;
	if (is_told(number, out))
		sg_buffer_printf(out, "%s: %s is the host of %s%s",
				 text + loser->name, text + loser->host,
				 text + winner->name,
				 loser->is_listed ? STAYS : "");
}

/* By name, since the list is. Counts those that are withheld. */
static size_t tell_too_large(const struct generator_list *l,
			     struct sg_buffer *out)
{
	size_t withheld = 0, told = 0;
	for (size_t i = 0; i < l->count; i++) {
		const struct entry *entry = &l->entries[i];
		if (!entry->is_too_large)
			continue;
		withheld += !entry->has_lived;
		if (is_told(told++, out))
			sg_buffer_printf(out,
					 "%s: spec.values is larger than a Store's may be%s",
					 l->texts.data + entry->name,
					 entry->has_lived ? STAYS : "");
	}
	return withheld;
}

static size_t withhold(struct generator_list *l, struct sg_buffer *conflicts)
{
	const struct entry *winner = NULL;
	size_t withheld = 0, told = 0;
	sort(l, by_host);
	for (size_t i = 0; i < l->count; i++) {
		struct entry *entry = &l->entries[i];
		if (!winner || strcmp(l->texts.data + winner->host,
				      l->texts.data + entry->host) != 0) {
			winner = entry;
			continue;
		}
		if (!entry->is_listed)
			continue; /* it is not for Argo CD anyway */
		entry->is_listed = entry->has_lived;
		withheld += !entry->is_listed;
		tell(l, entry, winner, told++, conflicts);
	}
	return withheld;
}

/* --- */

static int too_large(const struct generator_list *l, struct sg_error *e)
{
	return sg_error_set(
		e, SG_INVALID,
		"it is larger than %zu MiB; ask for %sparts of it, by an ApplicationSet each (input.parameters: {shard: 0, of: %u})",
		SG_MAX_GENERATED / SG_MIB,
		l->part.engine ? "" : "each engine by itself (engine), or for ",
		l->part.of < 2 ? 2 : l->part.of * 2);
}

int generator_list_write(struct generator_list *l, struct sg_buffer *out,
			 struct sg_buffer *conflicts,
			 struct generator_counts *counts, struct sg_error *e)
{
	*counts = (struct generator_counts){ 0 };
	if (l->texts.over_cap)
		return too_large(l, e);
	if (l->error.code != SG_OK) {
		*e = l->error;
		return -1;
	}
	counts->withheld = withhold(l, conflicts);
	sort(l, by_name);
	counts->too_large = tell_too_large(l, conflicts);
	sg_buffer_puts(out, "{\"output\":{\"parameters\":[");
	for (size_t i = 0; i < l->count; i++) {
		const struct entry *entry = &l->entries[i];
		counts->stores += entry->is_listed;
		if (!entry->is_listed || !entry->length)
			continue;
		sg_buffer_puts(out, counts->written++ ? ",\n" : "\n");
		sg_buffer_append(out, l->texts.data + entry->json,
				 entry->length);
	}
	sg_buffer_puts(out, "]}}\n");
	return out->over_cap ? too_large(l, e) : sg_buffer_check(out, e);
}
