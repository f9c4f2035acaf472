#include "remove_finalizers.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "cleanup.h"
#include "clock.h"
#include "files.h"
#include "finalizer.h"
#include "informer_list.h"
#include "json.h"
#include "log.h"
#include "names.h"
#include "object_parse.h"

#define STORES "/apis/urumi.io/v1/stores"

/* ms */
enum {
	CALL_MS = 10000,
	AGAIN_MS = 1000,
	PATIENCE_MS = 30000, /* since something went well */
	ALL_MS = 240000,
};

struct removal {
	struct api *api;
	int64_t end, progress; /* clock_now() */
	unsigned limit; /* of a page */

	/* of one pass over the list */
	unsigned removed, left;
	struct sg_error e; /* the last failure; SG_OK: none */
	bool output_failed; /* that is the failure, and the last */

	char complaint[SG_MAX_MESSAGE]; /* logged last */
};

/* --- one Store --- */

static void say(struct removal *r, const char *name)
{
	char line[512];
	int length = snprintf(line, sizeof line,
			      "Store %.253s: finalizer " SG_FINALIZER " removed\n",
			      name);
	r->output_failed |= stdout_write(line, (size_t)length, &r->e) != 0;
}

/* 0 when the Store has it no more: the answer says so, or that the Store is gone. */
static int patch_store(struct removal *r, const char *name, int at,
		       struct sg_error *e)
{
	cleanup_buffer struct sg_buffer path, patch, answer;
	cleanup_arena struct sg_arena arena;
	struct node *root = NULL;
	int status = 0;
	sg_buffer_init(&path, SG_MAX_TOKEN);
	sg_buffer_init(&patch, SG_MAX_TOKEN);
	sg_buffer_init(&answer, SG_MAX_ANSWER);
	sg_arena_init(&arena);
	sg_buffer_puts(&path, STORES "/");
	api_escape(&path, name);
	finalizer_write_removal(at, &patch);
	if (sg_buffer_check(&path, e) || sg_buffer_check(&patch, e))
		return -1;
	const struct api_request request = {
		.method = "PATCH",
		.path = path.data,
		.content_type = "application/json-patch+json",
		.body = patch.data,
		.length = patch.length,
		.deadline = clock_now() + CALL_MS,
	};
	if (api_call(r->api, &request, &status, &answer, e))
		return -1;
	if (status == 404)
		return 0;
	if (status != 200)
		return api_refused(&request, status, &answer, e);
	struct json_reading how = { .most_values = SG_MAX_OBJECT_NODES,
				    .sealed = object_sealed_store };
	if (json_read(answer.data ? answer.data : "", answer.length, &how,
		      &arena, &root, e))
		return sg_error_context(e, "PATCH %s", path.data);
	if (finalizer_index(root) >= 0)
		return sg_error_set(e, SG_IO,
				    "Store %.253s: its finalizer " SG_FINALIZER
				    " was put back at once; is the webhook still registered?",
				    name);
	return 0;
}

static void remove_from(void *context, const struct node *store)
{
	struct removal *r = context;
	struct sg_error e = { 0 };
	const char *name = node_text(node_path(store, "metadata", "name", NULL));
	int at = finalizer_index(store);
	if (at < 0 || !name || r->output_failed)
		return;
	r->left++;
	if (clock_now() >= r->end)
		return;
	if (patch_store(r, name, at, &e)) {
		r->e = e;
		return;
	}
	r->left--;
	r->removed++;
	r->progress = clock_now();
	say(r, name);
}

/* Where its finalizer is can't be seen, if it has it. */
static void left_out(void *context, const struct node *outline, const char *why)
{
	struct removal *r = context;
	const char *name =
		node_text(node_path(outline, "metadata", "name", NULL));
	r->left++;
	sg_error_set(&r->e, SG_INVALID,
		     "Store %.253s can't be read, since it is %s: kubectl edit store %.253s",
		     name ? name : "without a name", why, name ? name : "NAME");
}

/* --- all of them --- */

static void begin(void *context)
{
	struct removal *r = context;
	r->left = 0;
}

static void end(void *context)
{
	(void)context;
}

/* 0 when none had it; 1 when it has to be looked at again; -1 when it failed. */
static int pass(struct removal *r)
{
	cleanup_buffer struct sg_buffer version;
	const struct informer_sink sink = { .begin = begin,
					    .set = remove_from,
					    .end = end,
					    .left_out = left_out,
					    .context = r };
	struct informer_listing l = { .api = r->api,
				      .path = STORES,
				      .sink = &sink,
				      .sealed = object_sealed_store,
				      .limit = r->limit,
				      .version = &version,
				      .deadline = r->end };
	r->removed = 0;
	r->e.code = SG_OK;
	sg_buffer_init(&version, SG_MAX_TOKEN);
	int failed = informer_list(&l, &r->e);
	r->limit = l.limit;
	if (failed)
		return l.status == 404 ? 0 : -1; /* no such kind: no Stores */
	return r->left ? -1 : r->removed ? 1 : 0;
}

static bool may_go_on(const struct removal *r)
{
	int64_t now = clock_now();
	return !r->output_failed && now < r->end &&
	       now < r->progress + PATIENCE_MS;
}

static void complain(struct removal *r)
{
	static const struct log log = { .fd = STDERR_FILENO,
					.format = LOG_FORMAT_TEXT };
	if (r->e.code == SG_OK || strcmp(r->complaint, r->e.message) == 0)
		return;
	memcpy(r->complaint, r->e.message, sizeof r->complaint);
	log_event(&log, LOG_LEVEL_WARNING, "this will be tried again",
		  log_text("error", r->e.message));
}

static int report_failure(const struct removal *r, struct sg_error *e)
{
	if (r->e.code == SG_OK)
		return sg_error_set(e, SG_IO,
				    "Stores are given the finalizer " SG_FINALIZER
				    " again and again; what does that has to end first");
	*e = r->e;
	return r->left ? sg_error_context(e, "%u Store%s the finalizer " SG_FINALIZER,
					  r->left,
					  r->left == 1 ? " still has" :
							 "s still have") :
			 -1;
}

int remove_finalizers(const char *kubeconfig, struct sg_error *e)
{
	static const char done[] = "No Store has the finalizer " SG_FINALIZER "\n";
	struct removal r = { .progress = clock_now(),
			     .end = clock_now() + ALL_MS };
	if (api_open(kubeconfig, &r.api, e))
		return -1;
	int result = pass(&r);
	while (result && may_go_on(&r)) {
		complain(&r);
		(void)api_pause(r.api, AGAIN_MS);
		result = pass(&r);
	}
	api_free(r.api);
	return result ? report_failure(&r, e) :
			stdout_write(done, sizeof done - 1, e);
}
