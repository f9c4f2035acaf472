#include "certificates_parts.h"

#include <string.h>
#include <time.h>

#include "clock.h"
#include "exchange.h"
#include "keyring_secret.h"
#include "names.h"
#include "sha256.h"

enum {
	DAY = 24 * 60 * 60,
	CA_SECONDS = 2 * 365 * DAY,
	LEAF_SECONDS = 90 * DAY,
	SETTLE_MS = 60000,
	LEAF_SETTLES = 10, /* times as long as the bundle */
	LOOK_MS = 10000, /* the watch tells of the Secret at once */
	WATCH_SECONDS = 300,
	REWATCH_MS = 2000,
	AGAIN_MS = 10,
};

static const char *const configuration_kinds[] = {
	"mutatingwebhookconfigurations", "validatingwebhookconfigurations"
};
enum { CONFIGURATION_KINDS = 2 };

struct certificate_secret {
	struct certificates common; /* first */
	struct api *api;
	struct certificates_secret options;
	struct keyring_terms terms;
	char *namespace;
	const char *name; /* behind its namespace */

	/* what follows is the one thread's that looks */
	struct keyring k; /* the last one seen that was whole */
	struct keyring_view view;
	char bundle[65]; /* SHA-256 of it, since when: */
	int64_t bundle_since; /* all callers have it; 0: not all */
	char leaf[65];
	int64_t leaf_since; /* we show it */
	bool again; /* another was quicker: look at once */
};

static void release(struct certificates *c)
{
	struct certificate_secret *s = (struct certificate_secret *)c;
	keyring_release(&s->k);
	free(s->namespace);
	free(s);
}

/* --- the API server ---------------------------------------------------------- */

static int call(struct certificate_secret *s, struct exchange *x,
		const char *method, const char *content_type,
		const struct sg_buffer *body, struct sg_error *e)
{
	return exchange_call(s->api, x, method, content_type, body, e);
}

/* --- the configurations ------------------------------------------------------ */

struct configurations {
	struct exchange each[CONFIGURATION_KINDS];
	struct sg_error e; /* why not all could be read; SG_OK: they were */
};

static void configurations_release(struct configurations *c)
{
	for (int i = 0; i < CONFIGURATION_KINDS; i++)
		exchange_release(&c->each[i]);
}

/*
 * Before the Secret is read: a bundle goes into the Secret first. So the Secret is never
 * older than what the configurations hold, and no replica puts a former bundle back:
 * what was written since makes its patch fail.
 */
static void read_configurations(struct certificate_secret *s,
				struct configurations *c)
{
	c->e.code = SG_OK;
	for (int i = 0; i < CONFIGURATION_KINDS; i++)
		exchange_init(&c->each[i]);
	for (int i = 0; i < CONFIGURATION_KINDS; i++) {
		struct exchange *x = &c->each[i];
		(void)snprintf(x->path, sizeof x->path,
			       "/apis/admissionregistration.k8s.io/v1/%s/%s",
			       configuration_kinds[i],
			       s->options.configurations);
		if (call(s, x, "GET", NULL, NULL, &c->e))
			return;
	}
}

/* Whether a configuration has the bundle, or isn't there to have it. */
static int give_bundle(struct certificate_secret *s, struct exchange *x,
		       bool *has_it, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer patch;
	struct sg_error said = { 0 };
	sg_buffer_init(&patch, EXCHANGE_MAX);
	*has_it = !exchange_is_done(x) ||
		  !ca_bundle_patch(x->root, certs_text(&s->k.bundle), &patch);
	if (*has_it)
		return 0;
	if (sg_buffer_check(&patch, e) ||
	    call(s, x, "PATCH", "application/json-patch+json", &patch, e))
		return -1;
	*has_it = exchange_is_done(x);
	if (!*has_it) {
		s->again = true; /* somebody else changed it just now */
		return 0;
	}
	sg_error_set(&said, SG_OK, "put the bundle of CAs into %s", x->path);
	log_write(s->common.log, LOG_LEVEL_INFO, said.message);
	return 0;
}

static void fingerprint(const struct sg_buffer *text, char to[65])
{
	sha256_hex(certs_text(text), text->length, to);
}

/* Notes since when all configurations have had the bundle that is in the Secret. */
static int give_bundles(struct certificate_secret *s, struct configurations *c,
			struct sg_error *e)
{
	char bundle[65];
	bool all = true;
	fingerprint(&s->k.bundle, bundle);
	if (strcmp(bundle, s->bundle) != 0)
		s->bundle_since = 0;
	memcpy(s->bundle, bundle, sizeof bundle);
	if (c->e.code != SG_OK) {
		*e = c->e;
		s->bundle_since = 0;
		return -1;
	}
	for (int i = 0; i < CONFIGURATION_KINDS; i++) {
		bool has_it = false;
		if (give_bundle(s, &c->each[i], &has_it, e)) {
			s->bundle_since = 0;
			return -1;
		}
		all = all && has_it;
	}
	if (!all)
		s->bundle_since = 0;
	else if (!s->bundle_since)
		s->bundle_since = clock_now();
	return 0;
}

/* --- the Secret -------------------------------------------------------------- */

static void secret_path(const struct certificate_secret *s, struct exchange *x,
			bool with_name)
{
	(void)snprintf(x->path, sizeof x->path, "/api/v1/namespaces/%s/secrets%s%s",
		       s->namespace, with_name ? "/" : "",
		       with_name ? s->name : "");
}

static int show(struct certificate_secret *s, const struct keyring *k,
		struct sg_error *e)
{
	char leaf[65];
	if (certificates_show(&s->common, &k->leaf, e))
		return sg_error_context(e, "Secret %s/%s", s->namespace,
					s->name);
	fingerprint(&k->leaf.certificate, leaf);
	if (strcmp(leaf, s->leaf) != 0)
		s->leaf_since = clock_now();
	memcpy(s->leaf, leaf, sizeof leaf);
	return 0;
}

static void adopt(struct certificate_secret *s, struct keyring *k)
{
	keyring_release(&s->k);
	s->k = *k;
	keyring_init(k);
	keyring_look(&s->k, &s->terms, time(NULL), &s->view);
}

static bool has_settled(const struct certificate_secret *s, int64_t since,
			int64_t times)
{
	return since &&
	       clock_now() - since >= s->options.settle * times;
}

/* POST or PATCH. Whoever was quicker wins; the loser looks again. */
static int store(struct certificate_secret *s, struct keyring *k,
		 const char *version, struct sg_error *e)
{
	cleanup_exchange struct exchange x;
	cleanup_secret_buffer struct sg_buffer body;
	exchange_init(&x);
	sg_buffer_init(&body, EXCHANGE_MAX);
	if (!sg_buffer_reserve(&body, EXCHANGE_SIZE))
		return sg_error_memory(e);
	if (version)
		keyring_secret_patch(k, version, &body);
	else
		keyring_secret_write(k, s->name, &body);
	secret_path(s, &x, version != NULL);
	if (sg_buffer_check(&body, e) ||
	    call(s, &x, version ? "PATCH" : "POST",
		 version ? "application/merge-patch+json" : NULL, &body, e))
		return -1;
	s->again = true; /* in any case it is another Secret now */
	if (x.status == 404 && !version)
		return sg_error_set(e, SG_IO, "there is no namespace \"%s\" for the Secret \"%s\"",
				    s->namespace, s->name);
	if (x.status == 422)
		return sg_error_set(e, SG_IO, "the API server does not take the Secret %s/%s",
				    s->namespace, s->name);
	return exchange_is_done(&x) ? 0 : 1;
}

static int take_step(struct certificate_secret *s, enum keyring_step step,
		     const char *version, struct sg_error *e)
{
	cleanup_keyring struct keyring next;
	keyring_init(&next);
	for (int part = 0; part < KEYRING_PARTS; part++) {
		const struct sg_buffer *text = keyring_part(&s->k, part);
		if (certs_text_set(keyring_part(&next, part), certs_text(text),
				   text->length, e))
			return -1;
	}
	if (keyring_take(&next, step, &s->terms, e))
		return -1;
	int lost = store(s, &next, version, e);
	if (lost == 0)
		log_write(s->common.log, LOG_LEVEL_INFO, keyring_step_done(step));
	return lost < 0 ? -1 : 0;
}

/* The Secret is gone, or never was: the same again where we have known one. */
static int make(struct certificate_secret *s, struct sg_error *e)
{
	keyring_look(&s->k, &s->terms, time(NULL), &s->view);
	if (s->view.ca_holds && s->view.leaf_holds)
		return take_step(s, KEYRING_REST, NULL, e);
	return take_step(s, KEYRING_MAKE, NULL, e);
}

static int go_on(struct certificate_secret *s, const char *version,
		 struct configurations *c, struct sg_error *e)
{
	if (s->view.leaf_holds && show(s, &s->k, e))
		return -1;
	if (s->view.ca_holds && give_bundles(s, c, e))
		return -1;
	enum keyring_step step = keyring_next(
		&s->view, has_settled(s, s->bundle_since, 1),
		has_settled(s, s->leaf_since, LEAF_SETTLES));
	return step == KEYRING_REST ? 0 : take_step(s, step, version, e);
}

static int look(struct certificate_secret *s, struct sg_error *e)
{
	cleanup_exchange struct exchange x;
	cleanup_keyring struct keyring seen;
	cleanup_with(configurations_release) struct configurations c;
	const char *version = "";
	bool is_ours = false;
	exchange_init(&x);
	read_configurations(s, &c);
	keyring_init(&seen);
	secret_path(s, &x, true);
	if (call(s, &x, "GET", NULL, NULL, e))
		return -1;
	if (!exchange_is_done(&x))
		return make(s, e);
	if (keyring_secret_read(x.root, &seen, &is_ours, &version, e))
		return -1;
	if (!is_ours)
		return show(s, &seen, e);
	adopt(s, &seen);
	return go_on(s, version, &c, e);
}

/* --- threads ----------------------------------------------------------------- */

static int64_t next_look(struct certificate_secret *s)
{
	int64_t soon = s->options.settle / 4;
	bool again = s->again;
	s->again = false;
	if (again)
		return AGAIN_MS;
	return soon < LOOK_MS ? soon : LOOK_MS;
}

static void *keep(void *context)
{
	struct certificate_secret *s = context;
	do {
		struct sg_error e = { 0 };
		bool failed = look(s, &e) != 0;
		certificates_complain(&s->common, failed ? &e : NULL);
		if (failed)
			s->again = false;
	} while (certificates_wait(&s->common, next_look(s)));
	return NULL;
}

/* Whatever happened to the Secret, it is read as it is then. */
static int heard(void *context, const char *line, size_t length, bool is_whole)
{
	(void)line;
	(void)length;
	(void)is_whole;
	certificates_ring(context);
	return 0;
}

static void *listen_to(void *context)
{
	struct certificate_secret *s = context;
	char path[768];
	struct api_watching watching = {
		.path = path,
		.quiet = (int64_t)(WATCH_SECONDS + 30) * 1000,
		.line = heard,
		.context = s,
	};
	(void)snprintf(path, sizeof path,
		       "/api/v1/namespaces/%s/secrets?watch=true&fieldSelector=metadata.name%%3D%s&timeoutSeconds=%d",
		       s->namespace, s->name, WATCH_SECONDS);
	do {
		struct sg_error ignored; /* what keep() asks shows it, too */
		(void)api_watch(s->api, &watching, &ignored);
	} while (!api_pause(s->api, REWATCH_MS));
	return NULL;
}

static int split_secret(struct certificate_secret *s, struct sg_error *e)
{
	s->namespace = strdup(s->options.secret);
	if (!s->namespace)
		return sg_error_memory(e);
	char *slash = strchr(s->namespace, '/');
	if (slash)
		*slash = '\0';
	s->name = slash ? slash + 1 : "";
	if (!name_is_dns_label(s->namespace) || !name_is_dns_subdomain(s->name))
		return sg_error_set(e, SG_USAGE,
				    "\"%.300s\" is not NAMESPACE/NAME of a Secret, like storeguard/storeguard-webhook-tls",
				    s->options.secret);
	if (!name_is_dns_subdomain(s->options.configurations))
		return sg_error_set(e, SG_USAGE,
				    "\"%.300s\" is no name of webhook configurations, like storeguard",
				    s->options.configurations);
	return 0;
}

static void set_defaults(struct certificate_secret *s)
{
	struct certificates_secret *o = &s->options;
	if (!o->settle)
		o->settle = SETTLE_MS;
	if (!o->ca_seconds)
		o->ca_seconds = CA_SECONDS;
	if (!o->leaf_seconds)
		o->leaf_seconds = LEAF_SECONDS;
	s->terms = (struct keyring_terms){ o->names, o->count, o->ca_seconds,
					   o->leaf_seconds };
}

int certificates_follow_secret(struct tls *tls, struct api *api,
			       const struct certificates_secret *options,
			       const struct log *log, struct certificates **out,
			       struct sg_error *e)
{
	struct certificate_secret *s = calloc(1, sizeof *s);
	if (!s)
		return sg_error_memory(e);
	s->api = api;
	s->options = *options;
	s->common.release = release;
	keyring_init(&s->k);
	set_defaults(s);
	if (split_secret(s, e) || certificates_begin(&s->common, tls, log, e)) {
		release(&s->common);
		return -1;
	}
	if (certificates_run(&s->common, keep, s, e) ||
	    certificates_run(&s->common, listen_to, s, e)) {
		api_stop(api);
		certificates_free(&s->common);
		return -1;
	}
	*out = &s->common;
	return 0;
}
