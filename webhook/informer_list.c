#include "informer_list.h"

#include <string.h>

#include "cleanup.h"
#include "clock.h"
#include "json.h"

enum { PAGE = 500 };
/* How long one page may take, ms. */
enum { PAGE_MS = 60000 };
/* How often a list may expire on its way before that is a failure. */
enum { ATTEMPTS = 3 };

enum page { PAGE_FAILED, PAGE_MORE, PAGE_LAST, PAGE_EXPIRED, PAGE_TOO_LONG };

/* Where the list is. */
struct place {
	struct sg_buffer next; /* the token that continues it; empty: begin */
	unsigned limit;
};

static int make_path(const struct informer_listing *l, const struct place *p,
		     struct sg_buffer *path, struct sg_error *e)
{
	sg_buffer_printf(path, "%s%climit=%u", l->path,
			 strchr(l->path, '?') ? '&' : '?', p->limit);
	if (p->next.length) {
		sg_buffer_puts(path, "&continue=");
		api_escape(path, p->next.data);
	}
	return sg_buffer_check(path, e);
}

static int tell_page(struct informer_listing *l, struct place *p,
		     const struct sg_buffer *answer, struct sg_error *e)
{
	cleanup_arena struct sg_arena arena;
	struct node *root = NULL;
	sg_arena_init(&arena);
	if (json_parse(answer->data ? answer->data : "", answer->length, &arena,
		       &root, e))
		return -1;
	const struct node *metadata = node_get(root, "metadata");
	const struct node *items = node_get(root, "items");
	const char *version = node_text(node_get(metadata, "resourceVersion"));
	const char *next = node_text(node_get(metadata, "continue"));
	bool some = node_is_sequence(items);
	if (!version || !*version || !(some || node_is_null(items)))
		return sg_error_set(e, SG_INVALID,
				    "the answer is no list of objects");
	for (const struct node *n = some ? items->first : NULL; n; n = n->next) {
		l->sink->set(l->sink->context, n);
		l->count++;
	}
	sg_buffer_clear(l->version);
	sg_buffer_puts(l->version, version);
	sg_buffer_clear(&p->next);
	sg_buffer_puts(&p->next, next ? next : "");
	return sg_buffer_check(l->version, e) || sg_buffer_check(&p->next, e);
}

static enum page take_page(struct informer_listing *l, struct place *p,
			   struct sg_error *e)
{
	cleanup_buffer struct sg_buffer path, answer;
	sg_buffer_init(&path, SG_MAX_TOKEN);
	sg_buffer_init(&answer, SG_MAX_ANSWER);
	if (make_path(l, p, &path, e))
		return PAGE_FAILED;
	const struct api_request request = {
		.method = "GET",
		.path = path.data,
		.deadline = l->deadline ? l->deadline : clock_now() + PAGE_MS,
		.retry_after = &l->retry_after,
	};
	l->status = 0;
	if (api_call(l->api, &request, &l->status, &answer, e))
		return answer.over_cap && p->limit > 1 ? PAGE_TOO_LONG :
							 PAGE_FAILED;
	if (l->status != 200) {
		api_refused(&request, l->status, &answer, e);
		return l->status == 410 ? PAGE_EXPIRED : PAGE_FAILED;
	}
	if (tell_page(l, p, &answer, e)) {
		sg_error_context(e, "GET %s", l->path);
		return PAGE_FAILED;
	}
	return p->next.length ? PAGE_MORE : PAGE_LAST;
}

static void start_over(struct informer_listing *l, struct place *p)
{
	l->count = 0;
	sg_buffer_clear(&p->next);
	l->sink->begin(l->sink->context);
}

int informer_list(struct informer_listing *l, struct sg_error *e)
{
	struct place p = { .limit = PAGE };
	unsigned expired = 0;
	enum page page = PAGE_MORE;
	sg_buffer_init(&p.next, SG_MAX_TOKEN);
	start_over(l, &p);
	do {
		page = take_page(l, &p, e);
		if (page == PAGE_TOO_LONG)
			p.limit = (p.limit + 1) / 2;
		if (page == PAGE_EXPIRED && ++expired < ATTEMPTS)
			start_over(l, &p);
		else if (page == PAGE_EXPIRED)
			page = PAGE_FAILED;
	} while (page != PAGE_FAILED && page != PAGE_LAST);
	sg_buffer_release(&p.next);
	if (page == PAGE_FAILED)
		return -1;
	l->sink->end(l->sink->context);
	return 0;
}
