/*
 * storeguard-webhook: what kube-apiserver asks before it takes a Store. The way is the
 * order of serve(): probes, policy and gate, certificate, server, generator, leading,
 * signals, and back.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "address.h"
#include "api.h"
#include "arguments.h"
#include "candidate.h"
#include "certificates.h"
#include "cleanup.h"
#include "client_ca.h"
#include "clock.h"
#include "files.h"
#include "gate.h"
#include "gate_check.h"
#include "generator.h"
#include "io.h"
#include "memory_bound.h"
#include "offline.h"
#include "path_secret.h"
#include "quota.h"
#include "remove_finalizers.h"
#include "server_metrics.h"
#include "service_names.h"
#include "status.h"
#include "tls.h"

/* All that serves; what is NULL has not been made. */
struct process {
	const struct arguments *arguments;
	struct log log;
	struct metrics *metrics;
	struct probes *probes;
	struct paths *paths; /* NULL: the plain ones */
	struct path_source *path_source;
	struct gate *gate;
	struct tls *tls;
	struct client_ca *client_ca; /* NULL: clients need no certificate */
	struct service_names service; /* that the certificate is for */
	const char *names[SERVICE_NAMES];
	struct certificates *certificates;
	struct server *server; /* TLS, for the API server */
	struct server *plain;  /* probes and metrics */
	struct generator *generator; /* for Argo CD, if asked for */
	struct memory_bound memory;
	struct candidate *candidate;
	struct status *status; /* while this replica leads, as the next */
	struct gate_check *gate_check;
	struct status_counters status_counters;
	struct gate_check_shown gate_shown;
};

static int load_policy(const char *path, struct policy **out,
		       struct sg_error *e)
{
	if (!path)
		return policy_parse_default(out, e);
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_FILE);
	if (file_read(path, &text, e))
		return -1;
	return policy_parse(path, text.data ? text.data : "", text.length, out,
			    e);
}

static int open_gate(struct process *p, struct sg_error *e)
{
	const struct gate_options o = {
		.standalone = p->arguments->standalone,
		.kubeconfig = p->arguments->kubeconfig,
		.reservation_ttl = (int64_t)p->arguments->reservation_ttl * 1000,
		.log = &p->log,
		.metrics = p->metrics,
		.probes = p->probes,
		.paths = p->paths,
	};
	struct policy *policy = NULL;
	return load_policy(p->arguments->policy_file, &policy, e) ||
			       gate_open(&o, policy, &p->gate, e) ?
		       -1 :
		       0;
}

/* --- paths --- */

static int check_paths(const void *context, struct sg_error *e)
{
	if (paths_are_known(((const struct process *)context)->paths))
		return 0;
	return sg_error_set(e, SG_IO, "its Secret has not been read yet");
}

/* Before the gate, which is given them. */
static int make_paths(struct process *p, struct sg_error *e)
{
	if (!p->arguments->path_secret && !p->arguments->path_secret_file)
		return 0;
	p->paths = paths_new();
	if (!p->paths)
		return sg_error_memory(e);
	probes_add(p->probes, "path", check_paths, p);
	return 0;
}

static int follow_paths(struct process *p, struct sg_error *e)
{
	const struct arguments *o = p->arguments;
	const struct path_secret secret = {
		.secret = o->path_secret,
		.configurations = o->configurations,
		.settle = (int64_t)o->settle * 1000,
	};
	if (o->path_secret_file)
		return path_source_file(p->paths, o->path_secret_file, &p->log,
					&p->path_source, e);
	return o->path_secret ? path_source_secret(p->paths, gate_api(p->gate),
						   &secret, &p->log,
						   &p->path_source, e) :
				0;
}

/* --- certificate --- */

/* Whoever tries it by hand calls it by its address or as localhost. */
static int make_certificate(struct process *p, struct sg_error *e)
{
	static const char *const names[] = { "localhost", "127.0.0.1", "::1" };
	cleanup_buffer struct sg_buffer ca;
	sg_buffer_init(&ca, SG_MAX_PEM);
	return certificates_make(p->tls, names, sizeof names / sizeof *names,
				 &ca, e);
}

static int follow_secret(struct process *p, struct sg_error *e)
{
	const struct arguments *o = p->arguments;
	if (service_names_set(&p->service, o->service, e))
		return sg_error_context(e, "--service");
	for (unsigned i = 0; i < SERVICE_NAMES; i++)
		p->names[i] = p->service.text[i];
	const struct certificates_secret secret = {
		.secret = o->cert_secret,
		.names = p->names,
		.count = SERVICE_NAMES,
		.configurations = o->configurations,
		.settle = (int64_t)o->settle * 1000,
	};
	return certificates_follow_secret(p->tls, gate_api(p->gate), &secret,
					  &p->log, &p->certificates, e);
}

static int open_certificate(struct process *p, struct sg_error *e)
{
	const struct arguments *o = p->arguments;
	if (o->client_ca ? client_ca_open(o->client_ca, &p->log, &p->tls,
					  &p->client_ca, e) :
			   tls_open(NULL, &p->tls, e))
		return -1;
	if (o->tls_cert)
		return certificates_follow_files(p->tls, o->tls_cert, o->tls_key,
						 &p->log, &p->certificates, e);
	return o->standalone ? make_certificate(p, e) : follow_secret(p, e);
}

/* --- servers --- */

static double read_not_after(const void *tls)
{
	return (double)tls_not_after((struct tls *)(uintptr_t)tls);
}

static int check_certificate(const void *context, struct sg_error *e)
{
	const struct process *p = context;
	int64_t end = tls_not_after(p->tls);
	if (!end)
		return sg_error_set(e, SG_INVALID, "there is none yet");
	if (end <= time(NULL))
		return sg_error_set(e, SG_INVALID, "it has expired");
	return 0;
}

static int make_probes(struct process *p, struct sg_error *e)
{
	p->metrics = metrics_new();
	p->probes = p->metrics ? probes_new(p->metrics) : NULL;
	if (!p->probes)
		return sg_error_memory(e);
	probes_add(p->probes, "certificate", check_certificate, p);
	return 0;
}

static int start_probes(struct process *p, struct sg_error *e)
{
	const struct metric not_after = {
		.name = "storeguard_certificate_not_after_timestamp_seconds",
		.help = "When the serving certificate ends, in seconds since 1970; 0 without one.",
		.type = METRIC_GAUGE,
		.read = read_not_after,
		.context = p->tls,
	};
	if (metrics_add(p->metrics, &not_after))
		return sg_error_memory(e);
	struct server_options o;
	server_defaults(&o);
	o.address = p->arguments->http;
	o.threads = 1;
	o.waiters = 0;
	o.connections = 128;
	o.memory = 2 * SG_MIB;
	o.max_body = 4096;
	o.handler = probes_handle;
	o.context = p->probes;
	o.log = &p->log;
	return server_start(&o, NULL, &p->plain, e) ?
		       sg_error_context(e, "--http") :
		       0;
}

static int start_server(struct process *p, struct sg_error *e)
{
	struct server_options o;
	server_defaults(&o);
	o.address = p->arguments->listen;
	o.handler = endpoints_handle;
	o.work = endpoints_memory;
	o.reads_body = endpoints_read_body;
	o.context = gate_endpoints(p->gate);
	o.log = &p->log;
	if (server_start(&o, p->tls, &p->server, e))
		return sg_error_context(e, "--listen");
	return server_metrics_add(p->metrics, p->server) ? sg_error_memory(e) :
							   0;
}

static int start_generator(struct process *p, struct sg_error *e)
{
	const struct generator_options o = {
		.address = p->arguments->generator,
		.token_file = p->arguments->generator_token_file,
		.gate = p->gate,
		.log = &p->log,
		.metrics = p->metrics,
	};
	return o.token_file ? generator_start(&o, &p->generator, e) : 0;
}

static int tell_memory(struct process *p, struct sg_error *e)
{
	p->memory = (struct memory_bound){ server_bound(p->server),
					   server_bound(p->plain),
					   generator_bound(p->generator) };
	return memory_bound_tell(&p->memory, &p->log, p->metrics) ?
		       sg_error_memory(e) :
		       0;
}

/* --- leading --- */

static int lead(struct process *p, struct sg_error *e)
{
	const struct status_options o = {
		.kubeconfig = p->arguments->kubeconfig,
		.gate = p->gate,
		.counters = &p->status_counters,
		.metrics = p->metrics,
		.log = &p->log,
	};
	const struct gate_check_options check = {
		.kubeconfig = p->arguments->kubeconfig,
		.configuration = p->arguments->configurations,
		.shown = &p->gate_shown,
		.log = &p->log,
	};
	return status_start(&o, &p->status, e) ||
			       gate_check_start(&check, &p->gate_check, e) ?
		       -1 :
		       0;
}

static void start_leading(void *context)
{
	struct process *p = context;
	struct sg_error e = { 0 };
	if (lead(p, &e) == 0)
		return;
	log_event(&p->log, LOG_LEVEL_ERROR,
		  "can't lead, and ends so that another replica does",
		  log_text("error", e.message));
	(void)kill(getpid(), SIGTERM);
}

static void stop_leading(void *context)
{
	struct process *p = context;
	gate_check_free(steal(&p->gate_check));
	status_free(steal(&p->status));
}

static int open_candidate(struct process *p, struct sg_error *e)
{
	const struct candidate_options o = {
		.kubeconfig = p->arguments->kubeconfig,
		.lease = p->arguments->lease,
		.start = start_leading,
		.stop = stop_leading,
		.context = p,
		.log = &p->log,
		.metrics = p->metrics,
	};
	if (!o.lease)
		return 0;
	return status_metrics_add(p->metrics, &p->status_counters) ||
			       gate_check_metrics_add(p->metrics,
						      &p->gate_shown) ?
		       sg_error_memory(e) :
		       candidate_open(&o, &p->candidate, e);
}

/* Whoever reaches a webhook without either speaks in the API server's name. */
static void warn_of_callers(const struct process *p)
{
	const struct arguments *o = p->arguments;
	if (!o->standalone && !p->paths && !o->client_ca)
		log_write(&p->log, LOG_LEVEL_WARNING,
			  "whoever reaches this webhook is answered as the API server is, and takes places in quotas: set --path-secret, --path-secret-file or --client-ca");
}

static void say_where(const struct process *p)
{
	struct sockaddr_storage a;
	char tls[80], plain[80], generator[80];
	server_address(p->server, &a);
	address_print(&a, tls, sizeof tls);
	server_address(p->plain, &a);
	address_print(&a, plain, sizeof plain);
	if (p->generator) {
		generator_address(p->generator, &a);
		address_print(&a, generator, sizeof generator);
	}
	log_event(&p->log, LOG_LEVEL_INFO, "serving",
		  log_text("version", SG_VERSION), log_text("listen", tls),
		  log_text("http", plain),
		  log_text("generator", p->generator ? generator : NULL));
}

/* --- signals --- */

static const int watched[] = { SIGTERM, SIGINT, SIGHUP };

static void watched_signals(sigset_t *set)
{
	(void)sigemptyset(set);
	for (size_t i = 0; i < sizeof watched / sizeof *watched; i++)
		(void)sigaddset(set, watched[i]);
}

/* The signal that ends; those that reload are obeyed. */
static int await_end(struct process *p)
{
	sigset_t set;
	watched_signals(&set);
	for (;;) {
		int signal_number = sigwaitinfo(&set, NULL);
		if (signal_number == SIGHUP)
			client_ca_read_again(p->client_ca);
		else if (signal_number > 0)
			return signal_number;
	}
}

/* Until then, or until somebody has no patience left. */
static bool pause_until(int64_t until)
{
	sigset_t set;
	watched_signals(&set);
	for (;;) {
		int64_t left = until - clock_now();
		if (left <= 0)
			return true;
		const struct timespec t = { left / 1000, left % 1000 * 1000000 };
		int signal_number = sigtimedwait(&set, NULL, &t);
		if (signal_number == SIGTERM || signal_number == SIGINT)
			return false;
	}
}

/*
 * Kubernetes takes us out of the Service when we are no longer ready, but it takes a
 * while until every API server's node knows. So for a fifth of the time all goes on as
 * before; for another, each answer closes its connection, and the next request goes
 * elsewhere; the rest is for requests under way. On a terminal nobody waits.
 */
static void drain(struct process *p, int signal_number)
{
	int64_t begun = clock_now();
	int64_t all = (int64_t)p->arguments->drain * 1000;
	log_event(&p->log, LOG_LEVEL_INFO, "draining",
		  log_text("signal", signal_number == SIGINT ? "SIGINT" :
							       "SIGTERM"),
		  log_number("seconds", p->arguments->drain));
	probes_drain(p->probes);
	candidate_withdraw(p->candidate);
	bool patient = signal_number != SIGINT && pause_until(begun + all / 5);
	server_close_connections(p->server);
	generator_close(p->generator);
	if (patient)
		(void)pause_until(begun + all / 5 * 2);
	metrics_forget(p->metrics, p->server);
	int64_t left = begun + all - clock_now();
	unsigned cut_off = server_stop(steal(&p->server), left > 0 ? left : 0);
	left = begun + all - clock_now();
	cut_off += generator_stop(steal(&p->generator), left > 0 ? left : 0);
	log_event(&p->log, cut_off ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		  "stopped", log_number("requests_cut_off", cut_off),
		  log_number("ms", clock_now() - begun));
}

/* --- all of it --- */

static void process_release(struct process *p)
{
	if (p->server) {
		metrics_forget(p->metrics, p->server);
		(void)server_stop(p->server, 0);
	}
	if (p->plain)
		(void)server_stop(p->plain, 0);
	candidate_free(p->candidate);
	if (p->metrics) {
		status_metrics_forget(p->metrics, &p->status_counters);
		gate_check_metrics_forget(p->metrics, &p->gate_shown);
	}
	gate_stop(p->gate);
	(void)generator_stop(p->generator, 0);
	certificates_free(p->certificates);
	client_ca_free(p->client_ca);
	path_source_free(p->path_source);
	gate_free(p->gate);
	paths_free(p->paths);
	probes_free(p->probes);
	metrics_free(p->metrics);
	tls_free(p->tls);
}

/* A connection is a descriptor; the usual soft limit is 1024. */
static void raise_file_limit(void)
{
	struct rlimit files;
	if (getrlimit(RLIMIT_NOFILE, &files))
		return;
	files.rlim_cur = files.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &files);
}

static int serve(const struct arguments *o, struct sg_error *e)
{
	cleanup_with(process_release) struct process p = {
		.arguments = o,
		.log = { .fd = STDERR_FILENO, .format = o->log_format },
	};
	sigset_t set;
	watched_signals(&set);
	/* before there are threads, so that only sigwaitinfo gets them */
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	raise_file_limit();
	if (make_probes(&p, e) || make_paths(&p, e) || open_gate(&p, e) ||
	    open_certificate(&p, e) || follow_paths(&p, e) ||
	    gate_follow(p.gate, e) || start_probes(&p, e) ||
	    start_server(&p, e) || start_generator(&p, e) ||
	    tell_memory(&p, e) ||
	    open_candidate(&p, e))
		return -1;
	say_where(&p);
	warn_of_callers(&p);
	drain(&p, await_end(&p));
	return 0;
}

static int review(const struct arguments *o)
{
	const struct offline offline = {
		.policy_file = o->policy_file,
		.user = o->user,
		.groups = o->groups,
		.group_count = o->group_count,
		.files = o->files,
		.file_count = o->file_count,
		.json = o->json,
	};
	return offline_review(&offline);
}

static int print_quota(const struct arguments *o, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_TOKEN);
	quota_write_exception(&text, o->owner, o->stores);
	return sg_buffer_check(&text, e) ? -1 :
					   stdout_write(text.data, text.length, e);
}

static int run(const struct arguments *o, struct sg_error *e)
{
	static const char version[] = "storeguard-webhook " SG_VERSION "\n";
	switch (o->command) {
	case ARGUMENTS_HELP:
		return stdout_write(arguments_help, strlen(arguments_help), e);
	case ARGUMENTS_VERSION:
		return stdout_write(version, sizeof version - 1, e);
	case ARGUMENTS_REVIEW:
		return review(o);
	case ARGUMENTS_QUOTA:
		return print_quota(o, e);
	case ARGUMENTS_REMOVE_FINALIZERS:
		return remove_finalizers(o->kubeconfig, e);
	default:
		return serve(o, e);
	}
}

int main(int argc, char **argv)
{
	struct sg_error e = { 0 };
	struct arguments arguments;
	standard_streams_hold();
	(void)signal(SIGPIPE, SIG_IGN);
	int status = arguments_parse(argc, argv, &arguments, &e) ?
			     -1 :
			     run(&arguments, &e);
	if (status >= 0)
		return status;
	(void)fprintf(stderr, "storeguard-webhook: %s\n", e.message);
	return e.code != SG_OK ? (int)e.code : SG_IO;
}
