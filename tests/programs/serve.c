/*
 * A server with a handler of its own, for tests of webhook/server*.c without rules.
 * Says its port in one line, and stops when stdin ends. Lines on stdin:
 *
 *   client-ca FILE          asks clients for certificates of other CAs
 *   certificate FILE FILE   shows another certificate (answers "ok" or "no: …")
 *   close                   from now on each answer closes its connection
 *   stats                   one line of name=number
 *   stop MS                 server_stop; says "stopped, cut off N" and ends
 *
 * Paths: /echo gives the body back; /facts what the handler was told, as JSON;
 * /later?… answers from a waiter after as many ms as the body says; /stuck the same,
 * but does not heed its deadline.
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cleanup.h"
#include "clock.h"
#include "server.h"
#include "tls.h"

static void rest(int64_t ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	(void)nanosleep(&t, NULL);
}

static enum server_result wait_for(const struct server_request *r,
				   struct server_answer *a, bool heed)
{
	if (!r->may_wait)
		return SERVER_LATER;
	int64_t ms = strtol(r->body, NULL, 10);
	int64_t left = r->deadline - clock_now();
	if (heed && ms > left) {
		a->status = 503;
		a->retry_after = 1;
		ms = left;
	}
	rest(ms > 0 ? ms : 0);
	sg_buffer_puts(&a->body, "waited\n");
	return SERVER_DONE;
}

static enum server_result handle(void *context, const struct server_request *r,
				 struct server_answer *a)
{
	(void)context;
	if (strcmp(r->path, "/later") == 0 || strcmp(r->path, "/stuck") == 0)
		return wait_for(r, a, r->path[1] == 'l');
	if (strcmp(r->method, "POST") != 0) {
		a->status = 405;
		a->allow = "POST";
	} else if (strcmp(r->path, "/echo") == 0) {
		a->content_type = "text/plain";
		sg_buffer_append(&a->body, r->body, r->length);
	} else if (strcmp(r->path, "/facts") == 0) {
		sg_buffer_printf(&a->body,
				 "{\"length\": %zu, \"type\": \"%s\", \"left\": %ld, "
				 "\"client\": \"%s\"}\n",
				 r->length, r->content_type,
				 (long)(r->deadline - clock_now()),
				 r->client ? r->client : "");
	} else {
		a->status = 404;
	}
	return SERVER_DONE;
}

static char *slurp(const char *path)
{
	FILE *file = path ? fopen(path, "r") : NULL;
	char *text = calloc(1, 65536);
	if (!file || !text)
		exit(2);
	text[fread(text, 1, 65535, file)] = '\0';
	(void)fclose(file);
	return text;
}

static int show(struct tls *tls, const char *certificate, const char *key,
		struct sg_error *e)
{
	cleanup_free char *certificate_text = slurp(certificate);
	cleanup_free char *key_text = slurp(key);
	return tls_set(tls, certificate_text, key_text, e);
}

static void print_stats(struct server *s)
{
	struct server_stats t;
	server_stats(s, &t);
	printf("connections=%u requests=%u waiting=%u connections_total=%lu "
	       "connections_pruned=%lu connections_refused=%lu requests_total=%lu handshakes_failed=%lu "
	       "read_timeouts=%lu too_large=%lu queue_full=%lu late=%lu\n",
	       t.connections, t.requests, t.waiting, t.connections_total,
	       t.connections_pruned, t.connections_refused, t.requests_total, t.handshakes_failed,
	       t.read_timeouts, t.too_large, t.queue_full, t.late);
}

static void obey(struct server *s, struct tls *tls)
{
	char line[1024], a[400], b[400];
	struct sg_error e;
	long ms;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "certificate %399s %399s", a, b) == 2) {
			if (show(tls, a, b, &e))
				printf("no: %s\n", e.message);
			else
				puts("ok");
		} else if (sscanf(line, "client-ca %399s", a) == 1) {
			cleanup_free char *ca = slurp(a);
			if (tls_set_client_ca(tls, ca, &e))
				printf("no: %s\n", e.message);
			else
				puts("ok");
		} else if (strcmp(line, "close\n") == 0) {
			server_close_connections(s);
			puts("ok");
		} else if (strcmp(line, "stats\n") == 0) {
			print_stats(s);
		} else if (sscanf(line, "stop %ld", &ms) == 1) {
			printf("stopped, cut off %u\n", server_stop(s, ms));
			return;
		}
		(void)fflush(stdout);
	}
	(void)server_stop(s, 1000);
}

int main(int argc, char **argv)
{
	static const struct option table[] = {
		{ "certificate", 1, NULL, 'c' }, { "key", 1, NULL, 'k' },
		{ "client-ca", 1, NULL, 'a' },	 { "threads", 1, NULL, 't' },
		{ "waiters", 1, NULL, 'w' },	 { "queue", 1, NULL, 'q' },
		{ "connections", 1, NULL, 'n' }, { "max-body", 1, NULL, 'b' },
		{ "of-one", 1, NULL, 'o' },
		{ "memory", 1, NULL, 'm' },
		{ "timeout", 1, NULL, 'T' },	 { "read", 1, NULL, 'R' },
		{ "idle", 1, NULL, 'I' },	 { NULL, 0, NULL, 0 },
	};
	struct server_options o;
	struct server *s;
	cleanup_tls struct tls *tls = NULL;
	struct sg_error e = { 0 };
	const char *certificate = NULL, *key = NULL, *client_ca = NULL;
	int option;
	server_defaults(&o);
	while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
		long n = strtol(optarg ? optarg : "", NULL, 10);
		switch (option) {
		case 'c': certificate = optarg; break;
		case 'k': key = optarg; break;
		case 'a': client_ca = optarg; break;
		case 't': o.threads = (unsigned)n; break;
		case 'w': o.waiters = (unsigned)n; break;
		case 'q': o.queue = (unsigned)n; break;
		case 'n': o.connections = (unsigned)n; break;
		case 'o': o.connections_of_one = (unsigned)n; break;
		case 'm': o.memory = (size_t)n; break;
		case 'b': o.max_body = (size_t)n; break;
		case 'T': o.timeout = n; break;
		case 'R': o.read_timeout = n; break;
		case 'I': o.idle_timeout = n; break;
		default: return 2;
		}
	}
	struct sockaddr_in address = { .sin_family = AF_INET };
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	memcpy(&o.address, &address, sizeof address);
	o.handler = handle;
	if (certificate) {
		cleanup_free char *ca = client_ca ? slurp(client_ca) : NULL;
		if (tls_open(ca, &tls, &e) || show(tls, certificate, key, &e)) {
			(void)fprintf(stderr, "%s\n", e.message);
			return 1;
		}
	}
	if (server_start(&o, tls, &s, &e)) {
		(void)fprintf(stderr, "%s\n", e.message);
		return 1;
	}
	struct sockaddr_storage at;
	server_address(s, &at);
	memcpy(&address, &at, sizeof address);
	printf("port %u\n", ntohs(address.sin_port));
	(void)fflush(stdout);
	obey(s, tls);
	return 0;
}
