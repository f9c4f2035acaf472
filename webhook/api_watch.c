#include <string.h>

#include "api_transfer.h"
#include "cleanup.h"
#include "lines.h"
#include "tree.h"
#include "json.h"

/* What an error shows of an answer that is no Status. */
enum { SHOWN = 200 };

struct watch {
	struct transfer transfer;
	struct api_watching *asked;
	struct lines lines;
	struct sg_buffer refusal; /* the body of an answer that is not 200 */
	bool ended; /* by the sink */
	struct sg_error error;
};

static size_t take_lines(char *bytes, size_t size, size_t count, void *context)
{
	struct watch *w = context;
	size_t length = size * count;
	transfer_heard(&w->transfer);
	if (transfer_status(&w->transfer) != 200) {
		sg_buffer_append(&w->refusal, bytes, length);
		return w->refusal.over_cap ? 0 : length;
	}
	w->ended = lines_feed(&w->lines, bytes, length, w->asked->line,
			      w->asked->context, &w->error) < 0;
	return w->ended ? 0 : length;
}

/* Header by header; an empty line ends them. */
static size_t take_header(char *bytes, size_t size, size_t count, void *context)
{
	struct watch *w = context;
	transfer_heard(&w->transfer);
	if (bytes[0] == '\r' && w->asked->opened &&
	    transfer_status(&w->transfer) == 200)
		w->asked->opened(w->asked->context);
	return size * count;
}

static int conclude(struct watch *w, const struct api_request *r, int failed,
		    struct sg_error *e)
{
	if (w->ended) {
		if (w->error.code == SG_OK)
			sg_error_set(&w->error, SG_IO, "was left");
		*e = w->error;
		return transfer_context(r, e);
	}
	if (w->asked->status && w->asked->status != 200)
		return api_refused(r, w->asked->status, &w->refusal, e);
	if (failed)
		return -1;
	if (!lines_end_within(&w->lines))
		return 0;
	sg_error_set(e, SG_IO, "the answer ended within a line");
	return transfer_context(r, e);
}

int api_watch(struct api *a, struct api_watching *w, struct sg_error *e)
{
	const struct api_request request = { .method = "GET",
					     .path = w->path };
	struct watch watch = { .asked = w,
			       .transfer = { .request = &request,
					     .quiet = w->quiet,
					     .body = take_lines,
					     .header = take_header,
					     .is_watch = true } };
	watch.transfer.context = &watch;
	lines_init(&watch.lines, SG_MAX_OBJECT);
	sg_buffer_init(&watch.refusal, SG_MAX_TOKEN);
	int failed = transfer_run(a, &watch.transfer, e);
	w->status = watch.transfer.status;
	w->was_quiet = watch.transfer.was_quiet;
	w->retry_after = watch.transfer.retry_after;
	int result = conclude(&watch, &request, failed, e);
	lines_release(&watch.lines);
	sg_buffer_release(&watch.refusal);
	return result;
}

/* A Status, in the arena; NULL when it is none. */
static const struct node *read_status(struct sg_arena *arena,
				      const struct sg_buffer *answer)
{
	struct sg_error ignored = { 0 };
	struct node *root = NULL;
	if (!answer->data || json_parse(answer->data, answer->length, arena,
					&root, &ignored))
		return NULL;
	return node_is(node_get(root, "kind"), "Status") ? root : NULL;
}

bool api_says_not_found(const struct sg_buffer *answer, const char *name)
{
	cleanup_arena struct sg_arena arena;
	sg_arena_init(&arena);
	const struct node *status = read_status(&arena, answer);
	return node_is(node_get(status, "reason"), "NotFound") &&
	       node_is(node_path(status, "details", "name", NULL), name);
}

int api_refused(const struct api_request *r, int status,
		const struct sg_buffer *answer, struct sg_error *e)
{
	cleanup_arena struct sg_arena arena;
	sg_arena_init(&arena);
	const char *message =
		node_text(node_get(read_status(&arena, answer), "message"));
	if (message)
		sg_error_set(e, SG_IO, "%d: %.1000s", status, message);
	else
		sg_error_set(e, SG_IO, "%d: %.*s%s", status, SHOWN,
			     answer->length ? answer->data : "(no body)",
			     answer->length > SHOWN ? "..." : "");
	return transfer_context(r, e);
}

void api_escape(struct sg_buffer *path, const char *text)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-_.~";
	for (; *text; text++) {
		if (strchr(plain, *text))
			sg_buffer_putc(path, *text);
		else
			sg_buffer_printf(path, "%%%02X", (unsigned char)*text);
	}
}
