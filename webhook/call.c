#include "call.h"

#include "cleanup.h"
#include "json.h"
#include "object_parse.h"

static enum call outcome(const struct api_request *r, int status,
			 const char *name, const struct sg_buffer *answer,
			 struct sg_error *e)
{
	if (status == 200 || status == 201)
		return CALL_DONE;
	api_refused(r, status, answer, e);
	if (status == 404 && api_says_not_found(answer, name))
		return CALL_ABSENT;
	if (status == 409)
		return CALL_CONFLICT;
	return status >= 500 || status == 429 ? CALL_UNKNOWN : CALL_REFUSED;
}

enum call call_object(struct api *api, struct sg_arena *a,
		      const struct api_request *r, const char *name,
		      struct node **root, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer answer;
	int status = 0;
	sg_buffer_init(&answer, SG_MAX_ANSWER);
	if (api_call(api, r, &status, &answer, e))
		return CALL_UNKNOWN;
	enum call call = outcome(r, status, name, &answer, e);
	if (call != CALL_DONE || !root)
		return call;
	struct json_reading how = { .most_values = SG_MAX_OBJECT_NODES,
				    .sealed = object_sealed_store };
	if (json_read(answer.data ? answer.data : "", answer.length, &how, a,
		      root, e)) {
		sg_error_context(e, "%s %.200s", r->method, r->path);
		return CALL_REFUSED;
	}
	return CALL_DONE;
}
