/* One call of the API server about an object, and its answer as a tree; wiped, as it may
 * hold keys. */
#ifndef SG_EXCHANGE_H
#define SG_EXCHANGE_H

#include "api.h"
#include "arena.h"
#include "cleanup.h"
#include "tree.h"

enum {
	/* a Secret is at most 1 MiB, a webhook configuration about as much */
	EXCHANGE_MAX = 3 * 1024 * 1024,
	/* set aside at once, so that nothing is copied and left behind */
	EXCHANGE_SIZE = 256 * 1024,
};

struct exchange {
	char path[512];
	int status;
	struct sg_buffer answer;
	struct sg_arena arena;
	struct node *root; /* when it is done */
};

void exchange_init(struct exchange *x);
void exchange_release(struct exchange *x);
#define cleanup_exchange cleanup_with(exchange_release)

/*
 * 0 when it is done, and for 404, 409 and 422: gone, or changed since, of which the
 * caller knows what to do. body: NULL for none.
 */
int exchange_call(struct api *api, struct exchange *x, const char *method,
		  const char *content_type, const struct sg_buffer *body,
		  struct sg_error *e);
bool exchange_is_done(const struct exchange *x);

#endif
