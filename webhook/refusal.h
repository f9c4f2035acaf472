/*
 * Answers that are none of what was asked for: a metav1.Status, whose message kubectl,
 * the API server and Argo CD pass on. What all handlers of JSON look at.
 */
#ifndef SG_REFUSAL_H
#define SG_REFUSAL_H

#include "server.h"

/* In place of what the answer holds. 503 comes with Retry-After. */
void refusal_write(struct server_answer *answer, int status, const char *message);

/* Whether its Content-Type is JSON's, with or without parameters. */
bool request_is_json(const struct server_request *r);

#endif
