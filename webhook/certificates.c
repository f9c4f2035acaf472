#include "certificates_parts.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "clock.h"

enum { STANDALONE_SECONDS = 365 * 24 * 60 * 60 };

int certificates_make(struct tls *tls, const char *const *names, unsigned count,
		      struct sg_buffer *ca, struct sg_error *e)
{
	const struct keyring_terms terms = { names, count, STANDALONE_SECONDS,
					     STANDALONE_SECONDS };
	cleanup_keyring struct keyring k;
	keyring_init(&k);
	if (keyring_take(&k, KEYRING_MAKE, &terms, e) ||
	    tls_set(tls, certs_text(&k.leaf.certificate),
		    certs_text(&k.leaf.key), e))
		return -1;
	sg_buffer_puts(ca, certs_text(&k.bundle));
	return sg_buffer_check(ca, e);
}

int certificates_begin(struct certificates *c, struct tls *tls,
		       const struct log *log, struct sg_error *e)
{
	c->tls = tls;
	c->log = log;
	return pthread_mutex_init(&c->lock, NULL) ||
			       clock_condition(&c->changed) ?
		       sg_error_memory(e) :
		       0;
}

int certificates_run(struct certificates *c, void *(*thread)(void *),
		     void *context, struct sg_error *e)
{
	int failed = pthread_create(&c->threads[c->thread_count], NULL, thread,
				    context);
	if (failed)
		return sg_error_set(e, SG_IO, "cannot start a thread: %s",
				    strerror(failed));
	c->thread_count++;
	return 0;
}

bool certificates_wait(struct certificates *c, int64_t ms)
{
	int64_t until = clock_now() + ms;
	const struct timespec at = clock_end(until);
	int result = 0;
	(void)pthread_mutex_lock(&c->lock);
	while (!c->stopping && !c->rung && result == 0)
		result = pthread_cond_timedwait(&c->changed, &c->lock, &at);
	c->rung = false;
	bool go_on = !c->stopping;
	(void)pthread_mutex_unlock(&c->lock);
	return go_on;
}

void certificates_ring(struct certificates *c)
{
	(void)pthread_mutex_lock(&c->lock);
	c->rung = true;
	(void)pthread_cond_broadcast(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
}

int certificates_show(struct certificates *c, const struct certs_pair *pair,
		      struct sg_error *e)
{
	struct certs_facts facts;
	const char *text = certs_text(&pair->certificate);
	if (certs_read(text, 0, &facts, e))
		return sg_error_context(e, "the certificate");
	if (strcmp(facts.fingerprint, c->shown) == 0)
		return 0;
	if (tls_set(c->tls, text, certs_text(&pair->key), e))
		return -1;
	(void)pthread_mutex_lock(&c->lock);
	c->not_after = facts.not_after;
	memcpy(c->shown, facts.fingerprint, sizeof c->shown);
	(void)pthread_mutex_unlock(&c->lock);
	struct sg_error said = { 0 };
	sg_error_set(&said, SG_OK, "shows the certificate %.16s... for %.1000s",
		     facts.fingerprint, facts.names);
	log_write(c->log, LOG_LEVEL_INFO, said.message);
	return 0;
}

void certificates_complain(struct certificates *c, const struct sg_error *e)
{
	const char *message = e ? e->message : "";
	if (strcmp(c->complaint, message) == 0)
		return;
	(void)snprintf(c->complaint, sizeof c->complaint, "%s", message);
	if (*message)
		log_write(c->log, LOG_LEVEL_ERROR, message);
}

bool certificates_is_ready(struct certificates *c)
{
	return certificates_not_after(c) != 0;
}

int64_t certificates_not_after(struct certificates *c)
{
	(void)pthread_mutex_lock(&c->lock);
	int64_t not_after = c->not_after;
	(void)pthread_mutex_unlock(&c->lock);
	return not_after;
}

void certificates_free(struct certificates *c)
{
	if (!c)
		return;
	(void)pthread_mutex_lock(&c->lock);
	c->stopping = true;
	(void)pthread_cond_broadcast(&c->changed);
	(void)pthread_mutex_unlock(&c->lock);
	for (unsigned i = 0; i < c->thread_count; i++)
		(void)pthread_join(c->threads[i], NULL);
	(void)pthread_cond_destroy(&c->changed);
	(void)pthread_mutex_destroy(&c->lock);
	c->release(c);
}
