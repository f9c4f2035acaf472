#include "refusal.h"

#include <string.h>
#include <strings.h>

#include "json.h"

/* What a client waits before it asks again, seconds. */
enum { RETRY_AFTER = 1 };

static const char *reason_of(int status)
{
	switch (status) {
	case 400:
		return "BadRequest";
	case 401:
		return "Unauthorized";
	case 404:
		return "NotFound";
	case 405:
		return "MethodNotAllowed";
	case 415:
		return "UnsupportedMediaType";
	case 503:
		return "ServiceUnavailable";
	default:
		return "InternalError";
	}
}

void refusal_write(struct server_answer *answer, int status, const char *message)
{
	sg_buffer_clear(&answer->body);
	answer->status = status;
	answer->retry_after = status == 503 ? RETRY_AFTER : 0;
	sg_buffer_printf(&answer->body,
			 "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"metadata\":{},"
			 "\"status\":\"Failure\",\"reason\":\"%s\",\"code\":%d,\"message\":",
			 reason_of(status), status);
	json_write_string(&answer->body, message);
	sg_buffer_puts(&answer->body, "}");
}

bool request_is_json(const struct server_request *r)
{
	static const char json[] = "application/json";
	size_t length = strcspn(r->content_type, "; \t");
	return length == sizeof json - 1 &&
	       strncasecmp(r->content_type, json, length) == 0;
}
