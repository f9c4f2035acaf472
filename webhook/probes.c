#include "probes.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { CHECKS_MAX = 16 };

struct probes {
	struct metrics *metrics;
	struct {
		const char *name;
		probes_check check;
		const void *context;
	} checks[CHECKS_MAX];
	unsigned count;
	atomic_bool drains;
};

struct probes *probes_new(struct metrics *m)
{
	struct probes *p = calloc(1, sizeof *p);
	if (p)
		p->metrics = m;
	return p;
}

void probes_free(struct probes *p)
{
	free(p);
}

void probes_add(struct probes *p, const char *name, probes_check check,
		const void *context)
{
	if (p->count == CHECKS_MAX)
		abort(); /* there are as many as the code adds */
	p->checks[p->count].name = name;
	p->checks[p->count].check = check;
	p->checks[p->count++].context = context;
}

void probes_drain(struct probes *p)
{
	atomic_store(&p->drains, true);
}

static bool report(struct sg_buffer *out, const char *name, const char *why)
{
	if (why)
		sg_buffer_printf(out, "[-]%s failed: %s\n", name, why);
	else
		sg_buffer_printf(out, "[+]%s ok\n", name);
	return !why;
}

static void answer_ready(struct probes *p, struct server_answer *a)
{
	bool ready = true;
	for (unsigned i = 0; i < p->count; i++) {
		struct sg_error e = { 0 };
		bool failed = p->checks[i].check(p->checks[i].context, &e) != 0;
		ready &= report(&a->body, p->checks[i].name,
				failed ? e.message : NULL);
	}
	ready &= report(&a->body, "shutdown",
			atomic_load(&p->drains) ? "the process is ending" :
						  NULL);
	sg_buffer_puts(&a->body, ready ? "readyz check passed\n" :
					 "readyz check failed\n");
	a->status = ready ? 200 : 503;
}

enum server_result probes_handle(void *probes, const struct server_request *r,
				 struct server_answer *a)
{
	struct probes *p = probes;
	a->content_type = "text/plain; charset=utf-8";
	if (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0) {
		a->status = 405;
		a->allow = "GET, HEAD";
		sg_buffer_puts(&a->body, "only GET and HEAD are answered\n");
	} else if (strcmp(r->path, "/healthz") == 0) {
		sg_buffer_puts(&a->body, "ok\n");
	} else if (strcmp(r->path, "/readyz") == 0) {
		answer_ready(p, a);
	} else if (strcmp(r->path, "/metrics") == 0) {
		a->content_type = "text/plain; version=0.0.4; charset=utf-8";
		metrics_write(p->metrics, &a->body);
	} else {
		a->status = 404;
		sg_buffer_puts(&a->body,
			       "there are /healthz, /readyz and /metrics\n");
	}
	return SERVER_DONE;
}
