#include "endpoints.h"

#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "json.h"
#include "refusal.h"

static const char *const names[] = {
	[ENDPOINT_MUTATE_STORE] = "mutate-store",
	[ENDPOINT_VALIDATE_STORE] = "validate-store",
	[ENDPOINT_VALIDATE_NAMESPACE] = "validate-namespace",
	[ENDPOINT_VALIDATE_STOREPOLICY] = "validate-storepolicy",
};

enum { ENDPOINTS = sizeof names / sizeof *names };

const char *endpoint_name(enum endpoint endpoint)
{
	return names[endpoint];
}

static int64_t microseconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- what is asked --- */

static bool find_endpoint(const char *path, enum endpoint *out)
{
	for (size_t i = 0; i < ENDPOINTS; i++) {
		*out = (enum endpoint)i;
		if (*path == '/' && strcmp(path + 1, names[i]) == 0)
			return true;
	}
	return false;
}

/* What is behind the secret; NULL for another's. */
static const char *plain_path(const struct endpoints *to, const char *path)
{
	return to->paths ? paths_match(to->paths, path) : path;
}

bool endpoints_read_body(void *context, const char *path)
{
	enum endpoint ignored;
	const char *plain = plain_path(context, path);
	return plain && find_endpoint(plain, &ignored);
}

/* 0, or the status that says what is wrong with the request as such. */
static int check_request(const struct endpoints *to,
			 const struct server_request *r,
			 struct server_answer *answer, enum endpoint *endpoint,
			 const char **problem)
{
	const char *path = plain_path(to, r->path);
	*problem = to->paths ?
			   "there is no such path here; reviews are answered on those of the webhook configurations alone" :
			   "there is no such path here; there are /mutate-store, /validate-store, /validate-namespace and /validate-storepolicy";
	if (!path && !paths_are_known(to->paths)) {
		*problem = "the path of reviews is not known yet, try again";
		return 503;
	}
	if (!path || !find_endpoint(path, endpoint))
		return 404;
	*problem = "AdmissionReviews are sent by POST";
	if (strcmp(r->method, "POST") != 0) {
		answer->allow = "POST";
		return 405;
	}
	*problem = "AdmissionReviews are sent as application/json";
	return request_is_json(r) ? 0 : 415;
}

/* --- what it takes --- */

enum {
	/* of a value: its node, and its text or its place in a table of keys */
	PER_VALUE = sizeof(struct node) + 48,
	/* of a review, whatever is in it: the world, the verdict, halves of blocks */
	PER_REVIEW = 192 * 1024,
};

size_t endpoints_memory(const char *body, size_t length)
{
	size_t values = 1; /* each other stands behind one of these */
	for (size_t i = 0; i < length; i++)
		values += body[i] == ',' || body[i] == ':' || body[i] == '[' ||
			  body[i] == '{';
	if (values > SG_MAX_REVIEW_NODES)
		values = SG_MAX_REVIEW_NODES;
	return PER_REVIEW + 2 * length + values * PER_VALUE;
}

/* --- verdicts --- */

/* One request on its way. */
struct passage {
	const struct endpoints *endpoints;
	const struct server_request *request;
	struct server_answer *answer;
	struct sg_arena arena;
	struct review review;
	struct verdict verdict;
	struct endpoints_outcome outcome;
};

static void tell(struct passage *p, int64_t begun)
{
	if (!p->endpoints->decided)
		return;
	p->outcome.status = p->answer->status;
	p->outcome.microseconds = microseconds() - begun;
	p->endpoints->decided(p->endpoints->context, &p->outcome);
}

static void fail(struct passage *p, int status, struct sg_error *e)
{
	char *copy = sg_arena_copy(&p->arena, e->message, strlen(e->message));
	p->outcome.problem = copy ? copy : "out of memory";
	refusal_write(p->answer, status, e->message);
}

/* Reads the review; false when the answer says why not. */
static bool read_review(struct passage *p)
{
	struct node *root = NULL;
	struct sg_error e;
	if (review_read(&p->arena, p->request->body, p->request->length, &root,
			&e) ||
	    review_decode(&p->arena, root, &p->review, &e)) {
		fail(p, e.code == SG_INVALID ? 400 : 500, &e);
		return false;
	}
	p->outcome.review = &p->review;
	return true;
}

/* Decides and writes; false when it has to wait and may not. */
static bool decide(struct passage *p, const struct world *w)
{
	struct sg_error e;
	verdict_init(&p->verdict, &p->arena);
	if (!admission_decide(w, p->outcome.endpoint, &p->review, &p->verdict))
		return false;
	p->outcome.verdict = &p->verdict;
	p->answer->status = 200;
	verdict_write(&p->verdict, &p->review, &p->answer->body);
	if (sg_buffer_check(&p->answer->body, &e))
		fail(p, 500, &e);
	return true;
}

static enum server_result answer_review(struct passage *p)
{
	const struct endpoints *to = p->endpoints;
	struct sg_error e;
	if (!read_review(p))
		return SERVER_DONE;
	const struct world *w =
		to->open_world(to->context, &p->arena, p->request->deadline,
			       p->request->may_wait, &e);
	if (!w) {
		/* what asking again does not help, is said at once */
		fail(p, e.code == SG_INVALID ? 500 : 503, &e);
		return SERVER_DONE;
	}
	bool decided = decide(p, w);
	to->close_world(to->context, w);
	if (decided)
		return SERVER_DONE;
	if (!p->request->may_wait)
		return SERVER_LATER;
	/* a world that does not keep its word */
	sg_error_set(&e, SG_IO, "no answer from the API server");
	fail(p, 503, &e);
	return SERVER_DONE;
}

enum server_result endpoints_handle(void *context,
				    const struct server_request *request,
				    struct server_answer *answer)
{
	const int64_t begun = microseconds();
	const char *problem;
	enum endpoint endpoint;
	answer->content_type = "application/json";
	int status = check_request(context, request, answer, &endpoint, &problem);
	if (status == 404 || status == 503) {
		refusal_write(answer, status, problem);
		return SERVER_DONE;
	}
	struct passage p = { .endpoints = context,
			     .request = request,
			     .answer = answer,
			     .outcome = { .endpoint = endpoint } };
	sg_arena_init(&p.arena);
	enum server_result result = SERVER_DONE;
	if (status) {
		p.outcome.problem = problem;
		refusal_write(answer, status, problem);
	} else {
		result = answer_review(&p);
	}
	if (result == SERVER_DONE)
		tell(&p, begun);
	sg_arena_release(&p.arena);
	return result;
}
