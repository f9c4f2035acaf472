#include "policies.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "object_read.h"

#define SOURCE "StorePolicy " POLICIES_NAME

struct policy_hold {
	struct policy *policy;
	int64_t generation;
	char *text; /* to be kept, or NULL */
	atomic_size_t users;
};

struct policies {
	pthread_mutex_t mutex; /* of current and why */
	struct policy_hold *current; /* NULL: none */
	char why[SG_MAX_MESSAGE];
	struct policy_hold *first;
	const struct log *log;
	/* the informer's thread's own: what was last seen of the object */
	char uid[64];
	int64_t generation;
	bool is_broken;
	bool is_followed; /* what is in force came from it */
	bool named; /* by the list at hand */
};

/* Takes over both. */
static struct policy_hold *hold_new(struct policy *policy, int64_t generation,
				    char *text)
{
	struct policy_hold *h = malloc(sizeof *h);
	if (!h) {
		policy_free(policy);
		free(text);
		return NULL;
	}
	h->policy = policy;
	h->generation = generation;
	h->text = text;
	atomic_init(&h->users, 1);
	return h;
}

static struct policy_hold *hold_take(struct policy_hold *h)
{
	if (h)
		atomic_fetch_add(&h->users, 1);
	return h;
}

void policies_release(struct policy_hold *h)
{
	if (!h || atomic_fetch_sub(&h->users, 1) != 1)
		return;
	policy_free(h->policy);
	free(h->text);
	free(h);
}

int64_t policy_held_generation(const struct policy_hold *h)
{
	return h->generation;
}

const char *policy_held_text(const struct policy_hold *h)
{
	return h->text;
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
	*generation = p->current ? p->current->generation : POLICIES_NONE;
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

/* --- what is in force --- */

/* Puts it in force; the caller's reference goes over. NULL: none is. */
static void enforce(struct policies *p, struct policy_hold *h, const char *why)
{
	(void)pthread_mutex_lock(&p->mutex);
	struct policy_hold *former = p->current;
	p->current = h;
	(void)snprintf(p->why, sizeof p->why, "%s", why);
	(void)pthread_mutex_unlock(&p->mutex);
	policies_release(former);
}

static int write_kept(const struct node *object, struct sg_buffer *out,
		      struct sg_error *e)
{
	sg_buffer_init(out, SG_MAX_KEPT_POLICY);
	sg_buffer_puts(out, "{\"apiVersion\":\"urumi.io/v1\",\"kind\":\"StorePolicy\","
			      "\"metadata\":{\"name\":\"" POLICIES_NAME
			      "\"},\"spec\":");
	json_write(out, node_get(object, "spec"));
	sg_buffer_putc(out, '}');
	return sg_buffer_check(out, e);
}

/* NULL where it is too large, or without memory: then it is not kept. */
static char *text_of(const struct node *object)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_error e;
	return write_kept(object, &text, &e) ? NULL : strdup(text.data);
}

bool policies_can_keep(const struct node *object)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_error e;
	return write_kept(object, &text, &e) == 0 || e.code != SG_INVALID;
}

/* Out of an object's tree. NULL, and the error says why. */
static struct policy_hold *read_policy(const char *source,
				       const struct node *object,
				       int64_t generation, struct sg_error *e)
{
	struct policy *policy = NULL;
	if (policy_from_tree(source, object, &policy, e))
		return NULL;
	struct policy_hold *h = hold_new(policy, generation, text_of(object));
	if (!h)
		sg_error_memory(e);
	return h;
}

/* What the object keeps of an earlier generation than its own. */
static struct policy_hold *read_kept(const struct node *object,
				     struct sg_error *e)
{
	cleanup_arena struct sg_arena arena;
	struct node *root = NULL;
	const struct node *kept = node_path(object, "status", "accepted", NULL);
	const char *text = object_text(kept, "policy");
	int64_t generation = object_number(kept, "generation", 0);
	sg_arena_init(&arena);
	if (!*text || generation <= POLICIES_GIVEN) {
		sg_error_set(e, SG_INVALID,
			     "none that was accepted before is kept in its status");
		return NULL;
	}
	if (json_parse(text, strlen(text), &arena, &root, e)) {
		sg_error_context(e, "the one that is kept of generation %" PRId64,
				 generation);
		return NULL;
	}
	return read_policy("the one that is kept", root, generation, e);
}

static int64_t kept_generation(const struct node *object)
{
	return object_number(node_path(object, "status", "accepted", NULL),
			     "generation", 0);
}

/* Of those of this object. */
static int64_t followed_generation(const struct policies *p)
{
	return p->is_followed ? p->current->generation : POLICIES_NONE;
}

static void stay(struct policies *p, int64_t generation, const char *broken)
{
	(void)pthread_mutex_lock(&p->mutex);
	(void)snprintf(p->why, sizeof p->why, "%s", broken);
	(void)pthread_mutex_unlock(&p->mutex);
	say(p, LOG_LEVEL_ERROR,
	    SOURCE ": generation %" PRId64
		   " stays in force, since generation %" PRId64
		   " is broken: %s",
	    generation, p->generation, broken);
}

static void give_up(struct policies *p, const char *broken,
		    const struct sg_error *e)
{
	char why[SG_MAX_MESSAGE];
	(void)snprintf(why, sizeof why, "%.1200s; %.600s", broken, e->message);
	enforce(p, NULL, why);
	say(p, LOG_LEVEL_ERROR,
	    SOURCE ": no policy is in force, since generation %" PRId64
		   " is broken: %s",
	    p->generation, why);
}

/* A broken one: in force is the newest that any replica accepted, or else none. */
static void do_without(struct policies *p, const struct node *object,
		       const char *broken)
{
	struct sg_error e = { 0 };
	struct policy_hold *h = NULL;
	int64_t now = followed_generation(p);
	if (kept_generation(object) > now)
		h = read_kept(object, &e);
	if (h) {
		enforce(p, h, broken);
		p->is_followed = true;
		say(p, LOG_LEVEL_ERROR,
		    SOURCE ": generation %" PRId64
			   ", accepted before, is in force, since generation %" PRId64
			   " is broken: %s",
		    h->generation, p->generation, broken);
	} else if (now == POLICIES_NONE) {
		give_up(p, broken, &e);
	} else {
		stay(p, now, broken);
	}
}

static void take(struct policies *p, const struct node *object)
{
	struct sg_error e = { 0 };
	struct policy_hold *h = read_policy(SOURCE, object, p->generation, &e);
	p->is_broken = !h;
	if (!h) {
		do_without(p, object, e.message);
		return;
	}
	enforce(p, h, "");
	p->is_followed = true;
	say(p, LOG_LEVEL_INFO, SOURCE ": generation %" PRId64 " is in force",
	    p->generation);
}

/* --- what is seen of the object --- */

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

/* Whether it is ours, and says something new. */
static bool is_news(struct policies *p, const struct node *object)
{
	const struct node *metadata = node_get(object, "metadata");
	const char *uid = node_text(node_get(metadata, "uid"));
	int64_t generation = object_number(metadata, "generation", 0);
	if (!is_ours(object))
		return false;
	p->named = true;
	if (!uid) /* an outline may end before it */
		uid = p->uid[0] ? p->uid : "unknown";
	bool is_same = strcmp(uid, p->uid) == 0;
	/* lists name it again, and its status changes: another replica may have accepted
	 * what this one never saw */
	if (is_same && generation == p->generation &&
	    !(p->is_broken && kept_generation(object) > followed_generation(p)))
		return false;
	p->is_followed &= is_same;
	(void)snprintf(p->uid, sizeof p->uid, "%s", uid);
	p->generation = generation;
	return true;
}

static void set(void *context, const struct node *object)
{
	struct policies *p = context;
	if (is_news(p, object))
		take(p, object);
}

static void forget(struct policies *p)
{
	if (!p->uid[0])
		return;
	p->uid[0] = '\0';
	p->generation = 0;
	p->is_broken = p->is_followed = false;
	enforce(p, hold_take(p->first), "");
	say(p, LOG_LEVEL_WARNING,
	    SOURCE " is deleted: the policy given at the start is in force");
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
	if (!is_news(p, outline))
		return;
	p->is_broken = true;
	do_without(p, outline, why);
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
	struct policy_hold *h = hold_new(first, POLICIES_GIVEN, NULL);
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
