#include "path_secret.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certificates_parts.h"
#include "clock.h"
#include "exchange.h"
#include "file_look.h"
#include "files.h"
#include "names.h"
#include "path_json.h"
#include "sha256.h"

enum {
	SETTLE_MS = 60000,
	FORMER_SETTLES = 10,
	LOOK_MS = 10000,
	AGAIN_MS = 10,
	/* short: an API server that gets no answer tells it to whoever asked */
	LIFE_SECONDS = 60 * 60,
};

static const char *const kinds[] = { "mutatingwebhookconfigurations",
				     "validatingwebhookconfigurations" };
enum { KINDS = sizeof kinds / sizeof *kinds };

struct path_source {
	struct certificates common; /* first: its thread, its waiting, its complaints */
	struct paths *paths;

	/* of a file */
	const char *file;
	struct stat seen;

	/* of a Secret */
	struct api *api;
	struct path_secret options;
	char *namespace;
	const char *name; /* behind its namespace */
	struct path_keys k; /* as last seen */
	int64_t k_since; /* that they are so, by our clock */
	int64_t told_since; /* that all configurations have the path; 0: not all */
	bool again; /* another was quicker: look at once */
};

static void release(struct certificates *c)
{
	struct path_source *p = (struct path_source *)c;
	explicit_bzero(&p->k, sizeof p->k);
	free(p->namespace);
	free(p);
}

/* --- a file ------------------------------------------------------------------ */

static int take_lines(struct path_source *p, char *text, struct sg_error *e)
{
	const char *secrets[PATHS_MAX] = { NULL };
	unsigned count = 0;
	char *rest = NULL;
	for (char *line = strtok_r(text, "\r\n", &rest); line;
	     line = strtok_r(NULL, "\r\n", &rest)) {
		if (count == PATHS_MAX || !paths_secret_is_usable(line))
			return sg_error_set(
				e, SG_INVALID,
				"%.200s: line %u is no secret for a path; at most %d lines, each %d to %d letters, digits, \"-\" and \"_\", as `openssl rand -hex 32` prints them",
				p->file, count + 1, PATHS_MAX, PATHS_SECRET_MIN,
				PATHS_SECRET_MAX);
		secrets[count++] = line;
	}
	if (!count)
		return sg_error_set(e, SG_INVALID, "%.200s: holds no secret",
				    p->file);
	paths_set(p->paths, secrets);
	return 0;
}

static int follow_once(struct path_source *p, struct sg_error *e)
{
	cleanup_secret_buffer struct sg_buffer text;
	struct stat now;
	sg_buffer_init(&text, 4096);
	if (file_look(p->file, &now, e))
		return -1;
	if (file_is_same(&now, &p->seen))
		return 0;
	if (!sg_buffer_reserve(&text, 4000))
		return sg_error_memory(e);
	if (file_read(p->file, &text, e) || take_lines(p, text.data, e))
		return -1;
	p->seen = now;
	return 0;
}

static void *follow(void *context)
{
	struct path_source *p = context;
	while (certificates_wait(&p->common, FILE_LOOK_MS)) {
		struct sg_error e = { 0 };
		bool failed = follow_once(p, &e) != 0;
		certificates_complain(&p->common, failed ? &e : NULL);
	}
	return NULL;
}

int path_source_file(struct paths *paths, const char *file, const struct log *log,
		     struct path_source **out, struct sg_error *e)
{
	struct path_source *p = calloc(1, sizeof *p);
	if (!p)
		return sg_error_memory(e);
	p->paths = paths;
	p->file = file;
	p->common.release = release;
	if (certificates_begin(&p->common, NULL, log, e)) {
		release(&p->common);
		return -1;
	}
	if (follow_once(p, e) || certificates_run(&p->common, follow, p, e)) {
		certificates_free(&p->common);
		return -1;
	}
	*out = p;
	return 0;
}

/* --- a Secret ---------------------------------------------------------------- */

static void draw(char out[PATHS_SECRET_MAX + 1])
{
	unsigned char random[32];
	arc4random_buf(random, sizeof random);
	sha256_hex((const char *)random, sizeof random, out);
	explicit_bzero(random, sizeof random);
}

static void adopt(struct path_source *p, const struct path_keys *k)
{
	if (memcmp(&p->k, k, sizeof *k) != 0 || !p->k_since)
		p->k_since = clock_now();
	p->k = *k;
	const char *const secrets[PATHS_MAX] = {
		*k->path ? k->path : NULL,
		*k->next ? k->next : NULL,
		*k->former ? k->former : NULL,
	};
	paths_set(p->paths, secrets);
}

/* Whoever was quicker wins; the loser looks again. */
static int store(struct path_source *p, const struct path_keys *k,
		 const char *version, struct sg_error *e)
{
	cleanup_exchange struct exchange x;
	cleanup_secret_buffer struct sg_buffer body;
	exchange_init(&x);
	sg_buffer_init(&body, EXCHANGE_SIZE);
	if (!sg_buffer_reserve(&body, 4096))
		return sg_error_memory(e);
	if (version)
		path_keys_patch(k, version, &body);
	else
		path_keys_write(k, p->name, &body);
	(void)snprintf(x.path, sizeof x.path, "/api/v1/namespaces/%s/secrets%s%s",
		       p->namespace, version ? "/" : "", version ? p->name : "");
	p->again = true; /* in any case it is another Secret then */
	if (sg_buffer_check(&body, e) ||
	    exchange_call(p->api, &x, version ? "PATCH" : "POST",
			  version ? "application/merge-patch+json" : NULL, &body,
			  e))
		return -1;
	if (x.status == 422 || (x.status == 404 && !version))
		return sg_error_set(e, SG_IO,
				    "the API server does not take the Secret %s/%s",
				    p->namespace, p->name);
	return 0;
}

static bool has_passed(int64_t since, int64_t ms)
{
	return since && clock_now() - since >= ms;
}

/* What the Secret is to become; false: it may stay. */
static bool next_keys(const struct path_source *p, struct path_keys *k)
{
	int64_t settle = p->options.settle, age = time(NULL) - k->since;
	if (!*k->path) {
		memcpy(k->path, *p->k.path ? p->k.path : k->next,
		       sizeof k->path);
		if (!*k->path)
			draw(k->path);
		*k->next = '\0';
		k->since = time(NULL);
		return true;
	}
	if (*k->next) {
		if (!has_passed(p->k_since, settle))
			return false;
		memcpy(k->former, k->path, sizeof k->former);
		memcpy(k->path, k->next, sizeof k->path);
		*k->next = '\0';
		k->since = time(NULL);
		return true;
	}
	if (*k->former) {
		*k->former = '\0';
		return has_passed(p->told_since, settle * FORMER_SETTLES) &&
		       has_passed(p->k_since, settle * FORMER_SETTLES);
	}
	draw(k->next);
	return age < 0 || age > LIFE_SECONDS;
}

static int tell(struct path_source *p, struct exchange *x, bool *told,
		struct sg_error *e)
{
	cleanup_secret_buffer struct sg_buffer patch;
	sg_buffer_init(&patch, EXCHANGE_MAX);
	*told = !exchange_is_done(x) ||
		!path_configuration_patch(x->root, p->k.path, &patch);
	if (*told)
		return 0;
	if (sg_buffer_check(&patch, e) ||
	    exchange_call(p->api, x, "PATCH", "application/json-patch+json",
			  &patch, e))
		return -1;
	*told = exchange_is_done(x);
	if (!*told)
		p->again = true; /* somebody else changed it just now */
	else
		log_event(p->common.log, LOG_LEVEL_INFO,
			  "told the API server its path",
			  log_text("configuration", p->options.configurations));
	return 0;
}

static int tell_all(struct path_source *p, struct exchange each[KINDS],
		    struct sg_error *e)
{
	bool all = true;
	for (int i = 0; i < KINDS; i++) {
		bool told = false;
		if (tell(p, &each[i], &told, e)) {
			p->told_since = 0;
			return -1;
		}
		all = all && told;
	}
	if (!all)
		p->told_since = 0;
	else if (!p->told_since)
		p->told_since = clock_now();
	return 0;
}

static int look_at_secret(struct path_source *p, struct exchange each[KINDS],
			  struct sg_error *e)
{
	cleanup_exchange struct exchange x;
	struct path_keys k = { 0 };
	const char *version = NULL;
	exchange_init(&x);
	(void)snprintf(x.path, sizeof x.path, "/api/v1/namespaces/%s/secrets/%s",
		       p->namespace, p->name);
	if (exchange_call(p->api, &x, "GET", NULL, NULL, e))
		return -1;
	if (exchange_is_done(&x)) {
		path_keys_read(x.root, &k, &version);
		if (*k.path) {
			adopt(p, &k);
			if (tell_all(p, each, e))
				return -1;
		}
	}
	int result = next_keys(p, &k) ? store(p, &k, version, e) : 0;
	explicit_bzero(&k, sizeof k);
	return result;
}

static int look(struct path_source *p, struct sg_error *e)
{
	struct exchange each[KINDS];
	int result = 0;
	for (int i = 0; i < KINDS; i++)
		exchange_init(&each[i]);
	for (int i = 0; i < KINDS && !result; i++) {
		(void)snprintf(each[i].path, sizeof each[i].path,
			       "/apis/admissionregistration.k8s.io/v1/%s/%s",
			       kinds[i], p->options.configurations);
		result = exchange_call(p->api, &each[i], "GET", NULL, NULL, e);
	}
	if (!result)
		result = look_at_secret(p, each, e);
	for (int i = 0; i < KINDS; i++)
		exchange_release(&each[i]);
	return result;
}

static int64_t next_look(struct path_source *p)
{
	int64_t soon = p->options.settle / 4;
	bool again = p->again;
	p->again = false;
	return again ? AGAIN_MS : soon < LOOK_MS ? soon : LOOK_MS;
}

static void *keep(void *context)
{
	struct path_source *p = context;
	do {
		struct sg_error e = { 0 };
		bool failed = look(p, &e) != 0;
		certificates_complain(&p->common, failed ? &e : NULL);
		if (failed)
			p->again = false;
	} while (certificates_wait(&p->common, next_look(p)));
	return NULL;
}

static int split(struct path_source *p, struct sg_error *e)
{
	p->namespace = strdup(p->options.secret);
	if (!p->namespace)
		return sg_error_memory(e);
	char *slash = strchr(p->namespace, '/');
	if (slash)
		*slash = '\0';
	p->name = slash ? slash + 1 : "";
	if (name_is_dns_label(p->namespace) && name_is_dns_subdomain(p->name))
		return 0;
	return sg_error_set(e, SG_USAGE,
			    "--path-secret: \"%.300s\" is not NAMESPACE/NAME of a Secret, like storeguard/storeguard-webhook-path",
			    p->options.secret);
}

int path_source_secret(struct paths *paths, struct api *api,
		       const struct path_secret *options, const struct log *log,
		       struct path_source **out, struct sg_error *e)
{
	struct path_source *p = calloc(1, sizeof *p);
	if (!p)
		return sg_error_memory(e);
	p->paths = paths;
	p->api = api;
	p->options = *options;
	if (!p->options.settle)
		p->options.settle = SETTLE_MS;
	p->common.release = release;
	if (split(p, e) || certificates_begin(&p->common, NULL, log, e)) {
		release(&p->common);
		return -1;
	}
	if (certificates_run(&p->common, keep, p, e)) {
		certificates_free(&p->common);
		return -1;
	}
	*out = p;
	return 0;
}

void path_source_free(struct path_source *p)
{
	if (p)
		certificates_free(&p->common);
}
