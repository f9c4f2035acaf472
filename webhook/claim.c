#include "claim.h"

#include <string.h>

#include "clock.h"

enum {
	/* what is known of the Lease may be overtaken once */
	ATTEMPTS = 2,
	/* ms: what a record without a holder promises */
	PROMISE_OF_NOBODY = 1000,
};

int claim_init(struct claim *c, struct sg_error *e)
{
	return lease_init(&c->lease, c->name, e);
}

void claim_release(struct claim *c)
{
	lease_release(&c->lease);
}

static bool is_us(const struct claim *c, const char *holder)
{
	return strcmp(holder, c->identity) == 0;
}

/* One that is gone has no record: what it promised before still goes. */
static void observe(struct claim *c)
{
	const struct lease *l = &c->lease;
	if (!l->object || strcmp(c->seen.record, l->record) == 0)
		return;
	bool is_other = *l->holder && !is_us(c, l->holder);
	if (is_other && strncmp(c->seen.holder, l->holder,
				sizeof c->seen.holder - 1) != 0)
		log_event(c->log, LOG_LEVEL_INFO, "another leads",
			  log_text("lease", c->name),
			  log_text("identity", l->holder));
	memcpy(c->seen.record, l->record, sizeof c->seen.record);
	(void)snprintf(c->seen.holder, sizeof c->seen.holder, "%s", l->holder);
	c->seen.is_held = *l->holder != '\0';
	c->seen.is_ours = is_us(c, l->holder);
	c->seen.promise = l->ms;
	c->seen.since = clock_now();
}

static bool is_held_by_another(const struct claim *c)
{
	return c->seen.is_held && !c->seen.is_ours &&
	       clock_now() < c->seen.since + c->seen.promise;
}

enum claim_result claim_hold(struct claim *c, int64_t deadline,
			     struct sg_error *e)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		if (!(c->may_be_ours && c->lease.is_current) &&
		    lease_read(&c->lease, c->api, deadline, e))
			return CLAIM_FAILED;
		observe(c);
		if (is_held_by_another(c)) {
			c->may_be_ours = false;
			return CLAIM_HELD_BY_ANOTHER;
		}
		c->may_be_ours = true;
		int written = lease_write(&c->lease, c->api, c->identity,
					  c->promise, deadline, e);
		if (written == 0)
			observe(c);
		if (written <= 0)
			return written ? CLAIM_FAILED : CLAIM_HELD;
	}
	sg_error_set(e, SG_IO, "others write it, too, and are quicker");
	return CLAIM_FAILED;
}

/* 0: it is nobody's, or another's; 1: others write it, too; -1: it failed. */
static int give_up(struct claim *c, int64_t deadline, struct sg_error *e)
{
	if (!c->lease.is_current &&
	    lease_read(&c->lease, c->api, deadline, e))
		return -1;
	if (!is_us(c, c->lease.holder))
		return 0;
	return lease_write(&c->lease, c->api, "", PROMISE_OF_NOBODY, deadline,
			   e);
}

void claim_give_up(struct claim *c, int64_t deadline)
{
	struct sg_error e = { .message = "others write it, too" };
	int result = 1;
	if (!c->may_be_ours)
		return;
	for (int i = 0; i < ATTEMPTS && result > 0; i++)
		result = give_up(c, deadline, &e);
	c->may_be_ours = result != 0;
	if (result)
		log_event(c->log, LOG_LEVEL_WARNING,
			  "the Lease is not released, and runs out by itself",
			  log_text("lease", c->name),
			  log_text("error", e.message));
	else
		log_event(c->log, LOG_LEVEL_INFO, "the Lease is released",
			  log_text("lease", c->name));
}
