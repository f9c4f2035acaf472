/* What the sources of certificates.h have in common; for them only. */
#ifndef SG_CERTIFICATES_PARTS_H
#define SG_CERTIFICATES_PARTS_H

#include <pthread.h>

#include "certificates.h"
#include "cleanup.h"
#include "keyring.h"

struct certificates {
	struct tls *tls;
	const struct log *log;
	pthread_t threads[2];
	unsigned thread_count;

	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	bool stopping;
	bool rung; /* look now, don't wait */
	int64_t not_after;
	char shown[65]; /* the certificate's fingerprint */

	void (*release)(struct certificates *c); /* of what a source adds */
	char complaint[SG_MAX_MESSAGE]; /* logged last; of the one thread that logs */
};

/* Fills in what all have; c is zeroed. */
int certificates_begin(struct certificates *c, struct tls *tls,
		       const struct log *log, struct sg_error *e);
int certificates_run(struct certificates *c, void *(*thread)(void *),
		     void *context, struct sg_error *e);

/* Waits for so many ms, less when rung or stopped. Whether to go on. */
bool certificates_wait(struct certificates *c, int64_t ms);
void certificates_ring(struct certificates *c);

/* Shows a pair from the next connection on, unless it is shown already. */
int certificates_show(struct certificates *c, const struct certs_pair *pair,
		      struct sg_error *e);
/* Logs a message once, until another comes. NULL: all is well again. */
void certificates_complain(struct certificates *c, const struct sg_error *e);

#endif
