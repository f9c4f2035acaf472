/*
 * This replica as one of those of which one leads (leader.h): with a way to the API
 * server of its own, which outlives the gate's, a name that no other has, and its part
 * in the metrics.
 */
#ifndef SG_CANDIDATE_H
#define SG_CANDIDATE_H

#include "log.h"
#include "metrics.h"

struct candidate;

struct candidate_options {
	const char *kubeconfig; /* NULL: the pod's service account */
	const char *lease;	/* NAMESPACE/NAME */
	/* what is led: leader.h */
	void (*start)(void *context);
	void (*stop)(void *context);
	void *context;
	const struct log *log;
	struct metrics *metrics;
};

int candidate_open(const struct candidate_options *o, struct candidate **out,
		   struct sg_error *e);
/* Whether it leads now. NULL never does. */
bool candidate_leads(const struct candidate *c);
/* Lets another lead as soon as what was led has ended. Returns at once. */
void candidate_withdraw(struct candidate *c);
/* Waits until another may lead: for what was led, and a few seconds at most. */
void candidate_free(struct candidate *c);

#endif
