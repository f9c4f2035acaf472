#include "informer_list.h"

#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "items.h"
#include "json.h"
#include "object_parse.h"

/* Objects of a page, and of the smallest that is asked for. */
enum { PAGE = 500, SMALLEST = 10 };
/* How long one page may take, ms. */
enum { PAGE_MS = 60000 };
/* How often a list may expire on its way before that is a failure. */
enum { ATTEMPTS = 3 };

enum page { PAGE_FAILED, PAGE_MORE, PAGE_LAST, PAGE_EXPIRED };

/* Where the list is. */
struct place {
	struct informer_listing *listing;
	struct sg_buffer next; /* the token that continues it; empty: begin */
	struct items items; /* of the page at hand */
	struct sg_arena arena; /* of the object at hand */
	struct sg_error error; /* of the page at hand */
};

static int make_path(const struct place *p, struct sg_buffer *path,
		     struct sg_error *e)
{
	const struct informer_listing *l = p->listing;
	sg_buffer_puts(path, l->path);
	if (!l->is_one_page)
		sg_buffer_printf(path, "%climit=%u",
				 strchr(l->path, '?') ? '&' : '?', l->limit);
	if (p->next.length) {
		sg_buffer_puts(path, "&continue=");
		api_escape(path, p->next.data);
	}
	return sg_buffer_check(path, e);
}

/* --- objects --- */

static void leave_out(struct informer_listing *l, const struct node *outline,
		      const struct sg_error *why)
{
	l->nameless += !outline;
	if (l->sink->left_out)
		l->sink->left_out(l->sink->context, outline, why->message);
}

static int tell_item(void *context, const char *item, size_t length,
		     bool is_whole)
{
	struct place *p = context;
	struct informer_listing *l = p->listing;
	const struct object_text text = { .bytes = item,
					  .length = length,
					  .is_whole = is_whole };
	struct node *object = NULL;
	struct sg_error why = { 0 };
	sg_arena_clear(&p->arena);
	switch (object_parse(&p->arena, &text, l->sealed, &object, &why)) {
	case OBJECT_READ:
		l->sink->set(l->sink->context, object);
		break;
	case OBJECT_LEFT_OUT:
		leave_out(l, object, &why);
		break;
	case OBJECT_UNKNOWN:
		if (is_whole) {
			p->error = why;
			return -1;
		}
		leave_out(l, NULL, &why);
		break;
	}
	l->count++;
	return 0;
}

static int take_piece(void *context, const char *bytes, size_t length)
{
	struct place *p = context;
	return items_feed(&p->items, bytes, length, tell_item, p, &p->error);
}

/* --- pages --- */

/* What the list has beside its objects. */
static int end_page(struct place *p, struct sg_error *e)
{
	struct informer_listing *l = p->listing;
	const struct sg_buffer *rest = &p->items.rest;
	struct node *root = NULL;
	sg_arena_clear(&p->arena);
	if (json_parse(rest->data ? rest->data : "", rest->length, &p->arena,
		       &root, e))
		return -1;
	const struct node *metadata = node_get(root, "metadata");
	const struct node *items = node_get(root, "items");
	const char *version = node_text(node_get(metadata, "resourceVersion"));
	const char *next = node_text(node_get(metadata, "continue"));
	if (!version || !*version || node_count(items) ||
	    !(node_is_sequence(items) || node_is_null(items)))
		return sg_error_set(e, SG_INVALID,
				    "the answer is no list of objects");
	sg_buffer_clear(l->version);
	sg_buffer_puts(l->version, version);
	sg_buffer_clear(&p->next);
	sg_buffer_puts(&p->next, next ? next : "");
	return sg_buffer_check(l->version, e) || sg_buffer_check(&p->next, e);
}

/* Of what came half, or took the API server too long, fewer may come whole. */
static void ask_for_less(struct informer_listing *l)
{
	if (l->status != 200 && l->status != 500 && l->status != 504)
		return;
	l->limit /= 2;
	if (l->limit < SMALLEST)
		l->limit = SMALLEST;
}

static enum page take_page(struct place *p, struct sg_error *e)
{
	struct informer_listing *l = p->listing;
	cleanup_buffer struct sg_buffer path, answer;
	sg_buffer_init(&path, SG_MAX_TOKEN);
	sg_buffer_init(&answer, SG_MAX_TOKEN);
	if (make_path(p, &path, e))
		return PAGE_FAILED;
	const struct api_request request = {
		.method = "GET",
		.path = path.data,
		.deadline = l->deadline ? l->deadline : clock_now() + PAGE_MS,
		.retry_after = &l->retry_after,
	};
	l->status = 0;
	p->error = (struct sg_error){ 0 };
	if (api_stream(l->api, &request, take_piece, p, &l->status, &answer, e)) {
		if (p->error.code == SG_OK) {
			ask_for_less(l);
			return PAGE_FAILED;
		}
		*e = p->error;
	} else if (l->status != 200) {
		api_refused(&request, l->status, &answer, e);
		ask_for_less(l);
		return l->status == 410 ? PAGE_EXPIRED : PAGE_FAILED;
	} else if (end_page(p, e) == 0) {
		return p->next.length ? PAGE_MORE : PAGE_LAST;
	}
	sg_error_context(e, "GET %s", l->path);
	return PAGE_FAILED;
}

static void start_over(struct place *p)
{
	struct informer_listing *l = p->listing;
	l->count = l->nameless = 0;
	sg_buffer_clear(&p->next);
	l->sink->begin(l->sink->context);
}

static enum page take_pages(struct place *p, struct sg_error *e)
{
	unsigned expired = 0;
	enum page page;
	start_over(p);
	do {
		items_init(&p->items, SG_MAX_OBJECT);
		page = take_page(p, e);
		items_release(&p->items);
		if (page == PAGE_EXPIRED && ++expired < ATTEMPTS)
			start_over(p);
		else if (page == PAGE_EXPIRED)
			page = PAGE_FAILED;
	} while (page != PAGE_FAILED && page != PAGE_LAST);
	return page;
}

int informer_list(struct informer_listing *l, struct sg_error *e)
{
	struct place p = { .listing = l };
	if (!l->limit)
		l->limit = PAGE;
	sg_buffer_init(&p.next, SG_MAX_TOKEN);
	sg_arena_init(&p.arena);
	enum page page = take_pages(&p, e);
	sg_arena_release(&p.arena);
	sg_buffer_release(&p.next);
	if (page == PAGE_FAILED)
		return -1;
	l->limit = l->limit * 2 < PAGE ? l->limit * 2 : PAGE;
	if (!l->nameless)
		l->sink->end(l->sink->context);
	return 0;
}
