/*
 * What Argo CD's ApplicationSet asks for the list of Stores that it is to bring about:
 * the contract of its plugin generator, POST /api/v1/getparams.execute with a bearer
 * token (https://argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators-Plugin/).
 * Plain HTTP on a port of its own: that client can be given no CA, so it would not trust
 * a certificate of ours. The token and the list, in which nothing is secret, travel in
 * clear, and a NetworkPolicy has to keep everybody but Argo CD out.
 *
 * To Argo CD an entry that is missing is a shop to be deleted. So each answer is read
 * from the API server when it is asked for: a LIST by quorum, page by page of one state,
 * never a cache, which might not be filled or be behind. It is given only when the list
 * was read to its end. An empty or a shorter list is therefore what the API server itself
 * confirms; when more than half of at least ten Stores are gone since this replica's last
 * answer, the log says so. Everything else is an error, which makes Argo CD leave all as
 * it is and ask again: 401 the wrong token; 400, 404, 405, 415 what is no such question;
 * 503 the API server or the policy can't be read, or it takes too long, or the process
 * ends, or the file of the token is not usable; 500 the list is larger than
 * SG_MAX_GENERATED (about 40,000 Stores; an ApplicationSet for each of several parts
 * helps), or a Store can't be read.
 *
 * What it costs: about 70 ms for each 500 Stores, most of it the API server's, and while
 * it lasts three times the answer's bytes; what was read is not kept. One list is read at
 * a time, within 20 s, so that Argo CD (30 s) hears why it failed; others wait.
 */
#ifndef SG_GENERATOR_H
#define SG_GENERATOR_H

#include "gate.h"

struct generator_options {
	struct sockaddr_storage address;
	const char *token_file;
	struct gate *gate; /* not standalone */
	const struct log *log;
	struct metrics *metrics;
};

struct generator;

/* Serves at once. SG_IO with what could not be done. */
int generator_start(const struct generator_options *o, struct generator **out,
		    struct sg_error *e);
/* The address that it listens on, with the port that port 0 became. */
void generator_address(const struct generator *g, struct sockaddr_storage *out);
/* What it takes of memory at most. NULL: nothing. */
size_t generator_bound(const struct generator *g);
/*
 * From now on, each answer closes its connection, and the next question goes elsewhere. It
 * is an answer all the same: after an error, Argo CD does not ask for three minutes. NULL:
 * none.
 */
void generator_close(struct generator *g);
/*
 * Waits until all is answered, or until `timeout` ms have passed, and frees everything.
 * Before gate_free(), and quickly after gate_stop(). NULL is none. Returns how many
 * requests were cut off.
 */
unsigned generator_stop(struct generator *g, int64_t timeout);

#endif
