#include "policies.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "object_read.h"

struct policy_hold {
	struct policy *policy;
	int64_t generation; /* 0: the one given at the start */
	atomic_size_t users;
};

struct policies {
	pthread_mutex_t mutex; /* of current and why */
	struct policy_hold *current;
	char why[SG_MAX_MESSAGE];
	struct policy_hold *first;
	const struct log *log;
	/* the informer's thread's own: what was last seen of the object */
	char uid[64];
	int64_t generation;
	bool named; /* by the list at hand */
};

static struct policy_hold *hold_new(struct policy *policy, int64_t generation)
{
	struct policy_hold *h = malloc(sizeof *h);
	if (!h) {
		policy_free(policy);
		return NULL;
	}
	h->policy = policy;
	h->generation = generation;
	atomic_init(&h->users, 1);
	return h;
}

static struct policy_hold *hold_take(struct policy_hold *h)
{
	atomic_fetch_add(&h->users, 1);
	return h;
}

void policies_release(struct policy_hold *h)
{
	if (!h || atomic_fetch_sub(&h->users, 1) != 1)
		return;
	policy_free(h->policy);
	free(h);
}

const struct policy *policy_held(const struct policy_hold *h)
{
	return h->policy;
}

struct policy_hold *policies_hold(struct policies *p)
{
	(void)pthread_mutex_lock(&p->mutex);
	struct policy_hold *h = hold_take(p->current);
	(void)pthread_mutex_unlock(&p->mutex);
	return h;
}

void policies_state(struct policies *p, int64_t *generation, char *why,
		    size_t size)
{
	(void)pthread_mutex_lock(&p->mutex);
	*generation = p->current->generation;
	(void)snprintf(why, size, "%s", p->why);
	(void)pthread_mutex_unlock(&p->mutex);
}

static void say(const struct policies *p, enum log_level level,
		const char *format, ...) __attribute__((format(printf, 3, 4)));

static void say(const struct policies *p, enum log_level level,
		const char *format, ...)
{
	char text[SG_MAX_MESSAGE + 128];
	va_list args;
	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	log_write(p->log, level, text);
}

/* Puts it in force; the caller's reference goes over. */
static void enforce(struct policies *p, struct policy_hold *h)
{
	(void)pthread_mutex_lock(&p->mutex);
	struct policy_hold *former = p->current;
	p->current = h;
	p->why[0] = '\0';
	(void)pthread_mutex_unlock(&p->mutex);
	policies_release(former);
}

static void keep(struct policies *p, int64_t generation,
		 const struct sg_error *e)
{
	(void)pthread_mutex_lock(&p->mutex);
	(void)snprintf(p->why, sizeof p->why, "%s", e->message);
	int64_t former = p->current->generation;
	(void)pthread_mutex_unlock(&p->mutex);
	if (former)
		say(p, LOG_LEVEL_ERROR,
		    "StorePolicy " POLICIES_NAME
		    ": generation %" PRId64 " stays in force, since generation %" PRId64
		    " is broken: %s",
		    former, generation, e->message);
	else
		say(p, LOG_LEVEL_ERROR,
		    "StorePolicy " POLICIES_NAME
		    ": the policy given at the start stays in force, since generation %" PRId64
		    " is broken: %s",
		    generation, e->message);
}

static void take(struct policies *p, const struct node *object,
		 int64_t generation)
{
	struct sg_error e = { 0 };
	struct policy *policy = NULL;
	struct policy_hold *h = NULL;
	if (policy_from_tree("StorePolicy " POLICIES_NAME, object, &policy, &e)) {
		keep(p, generation, &e);
		return;
	}
	h = hold_new(policy, generation);
	if (!h) {
		sg_error_memory(&e);
		keep(p, generation, &e);
		return;
	}
	enforce(p, h);
	say(p, LOG_LEVEL_INFO,
	    "StorePolicy " POLICIES_NAME ": generation %" PRId64
	    " is in force",
	    generation);
}

static void begin(void *context)
{
	struct policies *p = context;
	p->named = false;
}

static bool is_ours(const struct node *object)
{
	return node_is(node_path(object, "metadata", "name", NULL),
		       POLICIES_NAME);
}

static void set(void *context, const struct node *object)
{
	struct policies *p = context;
	const struct node *metadata = node_get(object, "metadata");
	const char *uid = node_text(node_get(metadata, "uid"));
	const char *text = node_text(node_get(metadata, "generation"));
	int64_t generation = text ? strtoll(text, NULL, 10) : 0;
	if (!is_ours(object))
		return;
	p->named = true;
	/* its status changes, and lists name it again: nothing new */
	if (uid && strcmp(uid, p->uid) == 0 && generation == p->generation)
		return;
	(void)snprintf(p->uid, sizeof p->uid, "%s", uid ? uid : "");
	p->generation = generation;
	take(p, object, generation);
}

static void forget(struct policies *p)
{
	if (!p->uid[0])
		return;
	p->uid[0] = '\0';
	p->generation = 0;
	enforce(p, hold_take(p->first));
	say(p, LOG_LEVEL_WARNING,
	    "StorePolicy " POLICIES_NAME
	    " is deleted: the policy given at the start is in force");
}

static void end(void *context)
{
	struct policies *p = context;
	if (!p->named)
		forget(p);
}

static void left_out(void *context, const struct node *outline, const char *why)
{
	struct policies *p = context;
	struct sg_error e = { 0 };
	if (!is_ours(outline))
		return;
	p->named = true;
	sg_error_set(&e, SG_INVALID, "%s", why);
	keep(p, object_number(node_get(outline, "metadata"), "generation", 0),
	     &e);
}

static void removed(void *context, const struct node *object)
{
	if (is_ours(object))
		forget(context);
}

struct informer_sink policies_sink(struct policies *p)
{
	return (struct informer_sink){ .begin = begin,
				       .set = set,
				       .end = end,
				       .left_out = left_out,
				       .removed = removed,
				       .context = p };
}

struct policies *policies_new(struct policy *first, const struct log *log)
{
	struct policy_hold *h = hold_new(first, 0);
	struct policies *p = h ? calloc(1, sizeof *p) : NULL;
	if (!p) {
		policies_release(h);
		return NULL;
	}
	(void)pthread_mutex_init(&p->mutex, NULL);
	p->log = log;
	p->first = h;
	p->current = hold_take(h);
	return p;
}

void policies_free(struct policies *p)
{
	if (!p)
		return;
	policies_release(p->current);
	policies_release(p->first);
	(void)pthread_mutex_destroy(&p->mutex);
	free(p);
}
