#include "exchange.h"

#include "clock.h"
#include "json.h"

enum { CALL_MS = 10000 };

void exchange_init(struct exchange *x)
{
	*x = (struct exchange){ 0 };
	sg_buffer_init(&x->answer, EXCHANGE_MAX);
	sg_arena_init(&x->arena);
}

void exchange_release(struct exchange *x)
{
	sg_buffer_wipe(&x->answer);
	sg_arena_wipe(&x->arena);
}

int exchange_call(struct api *api, struct exchange *x, const char *method,
		  const char *content_type, const struct sg_buffer *body,
		  struct sg_error *e)
{
	const struct api_request request = {
		.method = method,
		.path = x->path,
		.content_type = content_type,
		.body = body ? body->data : NULL,
		.length = body ? body->length : 0,
		.deadline = clock_now() + CALL_MS,
	};
	sg_buffer_clear(&x->answer);
	if (!sg_buffer_reserve(&x->answer, EXCHANGE_SIZE))
		return sg_error_memory(e);
	if (api_call(api, &request, &x->status, &x->answer, e))
		return -1;
	if (exchange_is_done(x))
		return json_parse(x->answer.data, x->answer.length, &x->arena,
				  &x->root, e);
	if (x->status == 404 || x->status == 409 || x->status == 422)
		return 0;
	return api_refused(&request, x->status, &x->answer, e);
}

bool exchange_is_done(const struct exchange *x)
{
	return x->status == 200 || x->status == 201;
}
