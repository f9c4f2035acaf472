/*
 * Requests that wait for other servers. A job owns all that its handler reads, so that
 * a handler which is too slow can be left alone with it while its client is told 503.
 */
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "server_parts.h"

struct job {
	struct job *next, *previous; /* of all */
	struct job *next_queued;
	struct connection *connection; /* NULL once it has been answered */
	bool running;
	struct server_request request;
	struct sg_buffer body;
	struct server_answer answer;
	struct server *server;
	size_t body_charged, answer_charged; /* of the server's memory */
};

static void job_free(struct job *j)
{
	if (!j)
		return;
	budget_give_back(j->server, &j->body_charged, j->body_charged);
	budget_give_back(j->server, &j->answer_charged, j->answer_charged);
	free((void *)(uintptr_t)j->request.method);
	free((void *)(uintptr_t)j->request.path);
	free((void *)(uintptr_t)j->request.content_type);
	free((void *)(uintptr_t)j->request.client);
	sg_buffer_release(&j->body);
	sg_buffer_release(&j->answer.body);
	free(j);
}

/* Takes the connection's body over. */
static struct job *job_new(struct connection *c, const struct server_request *r)
{
	struct job *j = calloc(1, sizeof *j);
	if (!j)
		return NULL;
	j->server = c->server;
	sg_buffer_init(&j->body, c->body.cap);
	sg_buffer_init(&j->answer.body, c->server->o.max_answer);
	j->answer.status = 200;
	j->answer.content_type = "application/json";
	j->request = *r;
	j->request.may_wait = true;
	j->request.authorization = NULL;
	j->request.method = strdup(r->method);
	j->request.path = strdup(r->path);
	j->request.content_type = strdup(r->content_type);
	j->request.client = r->client ? strdup(r->client) : NULL;
	if (!j->request.method || !j->request.path ||
	    !j->request.content_type || (r->client && !j->request.client)) {
		job_free(j);
		return NULL;
	}
	j->connection = c;
	j->body = c->body;
	j->body_charged = c->charged;
	c->charged = 0;
	sg_buffer_init(&c->body, j->body.cap);
	return j;
}

/* --- under the lock --- */

static void unlink_job(struct waiters *w, struct job *j)
{
	if (j->next)
		j->next->previous = j->previous;
	*(j->previous ? &j->previous->next : &w->all) = j->next;
	j->next = j->previous = NULL;
}

static void push(struct waiters *w, struct job *j)
{
	j->next = w->all;
	if (j->next)
		j->next->previous = j;
	w->all = j;
	*(w->last_queued ? &w->last_queued->next_queued : &w->first_queued) = j;
	w->last_queued = j;
	w->queued++;
	w->unanswered++;
}

static struct job *pop(struct waiters *w)
{
	struct job *j = w->first_queued;
	w->first_queued = j->next_queued;
	if (!w->first_queued)
		w->last_queued = NULL;
	j->next_queued = NULL;
	w->queued--;
	return j;
}

/* Lets the connection go on, with the answer that it has been given. */
static void resume(struct waiters *w, struct job *j)
{
	struct connection *c = j->connection;
	j->connection = NULL;
	c->answered = true;
	w->unanswered--;
	MHD_resume_connection(c->mhd);
}

static void answer(struct waiters *w, struct job *j)
{
	struct connection *c = j->connection;
	struct sg_buffer former = c->answer.body;
	c->answer = j->answer;
	j->answer.body = former;
	c->charged += j->answer_charged;
	j->answer_charged = 0;
	resume(w, j);
}

/* What runs or is queued is freed when its turn comes. */
static void refuse(struct waiters *w, struct job *j, const char *message)
{
	server_refuse(&j->connection->answer, 503, "ServiceUnavailable",
		      message);
	resume(w, j);
}

/* --- threads --- */

static void run(struct server *s, struct job *j)
{
	if (budget_handle(s, &j->answer_charged, &j->request, &j->answer) !=
	    SERVER_DONE)
		server_refuse(&j->answer, 500, "InternalError",
			      "a request that may wait was put off");
}

static void *run_waiter(void *context)
{
	struct server *s = context;
	struct waiters *w = &s->waiters;
	pthread_mutex_lock(&w->lock);
	for (;;) {
		while (!w->first_queued && !w->stopping)
			pthread_cond_wait(&w->work, &w->lock);
		if (!w->first_queued)
			break;
		struct job *j = pop(w);
		if (j->connection) {
			j->running = true;
			pthread_mutex_unlock(&w->lock);
			run(s, j);
			pthread_mutex_lock(&w->lock);
		}
		unlink_job(w, j);
		if (j->connection)
			answer(w, j);
		job_free(j);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

int waiters_start(struct server *s, struct sg_error *e)
{
	struct waiters *w = &s->waiters;
	w->threads = calloc(s->o.waiters, sizeof *w->threads);
	if (!w->threads && s->o.waiters)
		return sg_error_memory(e);
	for (; w->thread_count < s->o.waiters; w->thread_count++) {
		int failed = pthread_create(&w->threads[w->thread_count], NULL,
					    run_waiter, s);
		if (failed)
			return sg_error_set(e, SG_IO,
					    "cannot start a thread: %s",
					    strerror(failed));
	}
	return 0;
}

static void hurry_keeper(struct server *s)
{
	pthread_mutex_lock(&s->keeper_lock);
	s->keeper_hurries = true;
	pthread_cond_signal(&s->keeper_wakes);
	pthread_mutex_unlock(&s->keeper_lock);
}

bool waiters_take(struct connection *c, const struct server_request *r)
{
	struct server *s = c->server;
	struct waiters *w = &s->waiters;
	struct job *j = NULL;
	bool first = false;
	pthread_mutex_lock(&w->lock);
	if (!w->stopping && w->thread_count && w->queued < s->o.queue)
		j = job_new(c, r);
	if (j) {
		first = !w->unanswered;
		/* before anybody can resume it */
		MHD_suspend_connection(c->mhd);
		push(w, j);
		pthread_cond_signal(&w->work);
	}
	pthread_mutex_unlock(&w->lock);
	if (first)
		hurry_keeper(s);
	return j;
}

bool waiters_keep_time(struct server *s, int64_t now)
{
	struct waiters *w = &s->waiters;
	pthread_mutex_lock(&w->lock);
	for (struct job *j = w->all; j; j = j->next) {
		if (!j->connection || j->request.deadline > now)
			continue;
		atomic_fetch_add(&s->counters.late, 1);
		refuse(w, j, "no answer in time, try again");
	}
	bool some = w->unanswered;
	pthread_mutex_unlock(&w->lock);
	return some;
}

void waiters_refuse(struct server *s)
{
	struct waiters *w = &s->waiters;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	for (struct job *j = w->all; j; j = j->next)
		if (j->connection)
			refuse(w, j, "this server stops, try again");
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
}

void waiters_stop(struct server *s)
{
	struct waiters *w = &s->waiters;
	pthread_mutex_lock(&w->lock);
	w->stopping = true;
	pthread_cond_broadcast(&w->work);
	pthread_mutex_unlock(&w->lock);
	for (unsigned i = 0; i < w->thread_count; i++)
		(void)pthread_join(w->threads[i], NULL);
	free(w->threads);
	w->threads = NULL;
	w->thread_count = 0;
}
