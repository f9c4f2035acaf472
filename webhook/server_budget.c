/*
 * What requests may take of memory. Each connection has a little for itself, and so has
 * each thread; what is larger is taken of one budget of the server, byte by byte as it
 * comes: not when it is announced, or heads alone could take it all.
 */
#include "server_parts.h"

enum {
	/* of a thread, for a handler that takes no more than this */
	SMALL_WORK = 512 * 1024,
	/* of a connection beside its buffers, and of its TLS session, as measured */
	BOOKKEEPING = 4 * 1024,
	SESSION = 48 * 1024,
	STACK = 64 * 1024,
};

bool budget_take(struct server *s, size_t *charged, size_t more)
{
	size_t before = atomic_fetch_add(&s->taken, more);
	if (before + more > s->o.memory) {
		atomic_fetch_sub(&s->taken, more);
		return false;
	}
	*charged += more;
	return true;
}

void budget_give_back(struct server *s, size_t *charged, size_t less)
{
	atomic_fetch_sub(&s->taken, less);
	*charged -= less;
}

static void refuse(struct server *s, struct server_answer *answer)
{
	atomic_fetch_add(&s->counters.queue_full, 1);
	sg_buffer_release(&answer->body);
	server_refuse(answer, 503, "ServiceUnavailable",
		      "too many large requests at once, try again");
}

enum server_result budget_handle(struct server *s, size_t *charged,
				 const struct server_request *r,
				 struct server_answer *answer)
{
	size_t work = s->o.work ? s->o.work(r->body, r->length) : 0;
	size_t for_work = 0;
	if (work > SMALL_WORK && !budget_take(s, &for_work, work)) {
		refuse(s, answer);
		return SERVER_DONE;
	}
	enum server_result result = s->o.handler(s->o.context, r, answer);
	budget_give_back(s, &for_work, for_work);
	if (result == SERVER_DONE && answer->body.capacity > SERVER_KEPT &&
	    !budget_take(s, charged, answer->body.capacity))
		refuse(s, answer);
	return result;
}

size_t server_memory(const struct server_options *o, bool has_tls)
{
	size_t connection = SERVER_POOL + 2 * SERVER_KEPT + BOOKKEEPING +
			    (has_tls ? SESSION : 0);
	size_t thread = STACK + SMALL_WORK + o->max_answer;
	size_t waiting = SERVER_KEPT + BOOKKEEPING;
	unsigned threads = o->threads > 1 ? SERVER_THREADS_MAX : 1;
	return (o->connections + SERVER_LEAVING_MAX) * connection +
	       (threads + o->waiters) * thread +
	       (o->queue + o->waiters) * waiting + o->memory;
}
