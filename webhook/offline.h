/*
 * `storeguard-webhook review`: what the server would say, without a server. The same
 * steps decide; a world of its own says which questions only the cluster answers.
 */
#ifndef SG_OFFLINE_H
#define SG_OFFLINE_H

#include <stdbool.h>

struct offline {
	const char *policy_file; /* NULL: the embedded one */
	/* Who asks; NULL: a Store's owner. In reviews, replaces who asked. */
	const char *user;
	const char *const *groups;
	unsigned group_count;
	const char *const *files; /* "-": standard input */
	unsigned file_count;
	bool json; /* AdmissionReview answers, one a line; else for people */
};

/*
 * Reviews all documents: AdmissionReviews, or Stores, StorePolicies and Namespaces as
 * if they were created, of YAML or JSON, and Lists of them. A Store that is allowed
 * counts as existing for those behind it. Verdicts go to standard output, errors to
 * standard error. Returns the exit code: 0 all are allowed, 1 some are refused,
 * 3 input is not usable, 4 reading or writing failed.
 */
int offline_review(const struct offline *o);

#endif
