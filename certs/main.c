/*
 * storeguard-certs: by hand what the webhook does by itself. Each command opens the
 * folder, reads the keyring that is there, takes one step, and writes what changed.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base64.h"
#include "cleanup.h"
#include "command_line.h"
#include "files.h"
#include "folder.h"
#include "report.h"

enum { DAY = 24 * 60 * 60 };

static int print(const struct sg_buffer *text, struct sg_error *e)
{
	return sg_buffer_check(text, e) ||
			       stdout_write(text->data ? text->data : "",
					    text->length, e) ?
		       -1 :
		       0;
}

static int say(const char *text, struct sg_error *e)
{
	return stdout_write(text, strlen(text), e);
}

static struct keyring_terms terms(const struct command_line *c)
{
	return (struct keyring_terms){ .names = c->names,
				       .count = c->name_count,
				       .ca_seconds = c->ca_days * DAY,
				       .leaf_seconds = c->days * DAY };
}

static int read_keyring(const struct folder *f, struct keyring *k,
			struct sg_error *e)
{
	keyring_init(k);
	if (folder_read(f, k, e))
		return -1;
	folder_mend(k);
	return 0;
}

/* Takes the step on what is in the folder, and writes what changed. */
static int step(const struct folder *f, const struct keyring_terms *t,
		enum keyring_step step, struct sg_error *e)
{
	cleanup_keyring struct keyring former, k;
	keyring_init(&former);
	return read_keyring(f, &k, e) || folder_read(f, &former, e) ||
			       keyring_take(&k, step, t, e) ||
			       folder_write(f, &former, &k, e) ?
		       -1 :
		       0;
}

static int run_init(const struct command_line *c, const struct folder *f,
		    struct sg_error *e)
{
	const struct keyring_terms t = terms(c);
	if (folder_is_complete(f))
		return sg_error_set(e, SG_REFUSED,
				    "%.200s holds certificates already; issue makes a new serving certificate, rotate a new CA",
				    c->folder);
	if (step(f, &t, KEYRING_MAKE, e))
		return -1;
	return say("made ca.crt, ca.key, tls.crt, tls.key and ca-bundle.crt\n", e);
}

/* The names of the certificate there is, for one that takes its place. */
struct former_names {
	char text[CERTS_NAMES_SIZE];
	const char *items[SG_MAX_CERTIFICATE_NAMES];
};

static int names_before(const struct keyring *k, struct former_names *out,
			struct keyring_terms *t, struct sg_error *e)
{
	struct certs_facts facts;
	char *rest = out->text;
	if (certs_read(certs_text(&k->leaf.certificate), 0, &facts, e)) {
		sg_error_context(e, "tls.crt");
		return sg_error_append(e, "; pass --name or --dns");
	}
	memcpy(out->text, facts.names, sizeof out->text);
	for (char *name; (name = strsep(&rest, " "));)
		if (*name && t->count < SG_MAX_CERTIFICATE_NAMES)
			out->items[t->count++] = name;
	t->names = out->items;
	return 0;
}

static int run_issue(const struct command_line *c, const struct folder *f,
		     struct sg_error *e)
{
	struct keyring_terms t = terms(c);
	cleanup_keyring struct keyring k;
	struct former_names names;
	if (read_keyring(f, &k, e) ||
	    (t.count == 0 && names_before(&k, &names, &t, e)) ||
	    step(f, &t, KEYRING_RENEW_LEAF, e))
		return -1;
	return say("made tls.crt and tls.key\n", e);
}

static int tell_rotation(const struct folder *f, struct sg_error *e)
{
	const struct keyring_terms no_names = { 0 };
	cleanup_keyring struct keyring k;
	cleanup_buffer struct sg_buffer text;
	struct keyring_view v;
	sg_buffer_init(&text, SG_MAX_REPORT);
	if (read_keyring(f, &k, e))
		return -1;
	keyring_look(&k, &no_names, time(NULL), &v);
	report_rotation(&v, &text);
	return print(&text, e);
}

static int rotate_leaf(const struct command_line *c, const struct folder *f,
		       const struct keyring_view *v, struct sg_error *e)
{
	if (v->leaf_by_ca && !v->has_others)
		return sg_error_set(e, SG_REFUSED,
				    "no rotation is under way; rotate DIR begin starts one, issue makes a new serving certificate");
	return v->leaf_by_ca ? 0 : run_issue(c, f, e);
}

static int rotate_finish(const struct folder *f, const struct keyring_terms *t,
			 const struct keyring_view *v, struct sg_error *e)
{
	if (!v->leaf_by_ca)
		return sg_error_set(e, SG_REFUSED,
				    "the serving certificate is still the old CA's, which callers would no longer trust; first run rotate DIR leaf");
	return v->has_others ? step(f, t, KEYRING_DROP_OLD, e) : 0;
}

static int run_rotate(const struct command_line *c, const struct folder *f,
		      struct sg_error *e)
{
	const struct keyring_terms t = terms(c);
	struct keyring_view v;
	cleanup_keyring struct keyring k;
	int done = 0;
	if (read_keyring(f, &k, e))
		return -1;
	keyring_look(&k, &t, time(NULL), &v);
	if (c->step != ROTATE_TELL && (!v.ca_holds || !v.leaf_holds))
		return sg_error_set(e, SG_INVALID,
				    "%.200s can't be rotated: %.1000s; issue mends a serving certificate, init in another folder starts anew",
				    c->folder, v.why);
	if (c->step == ROTATE_BEGIN && !v.has_others)
		done = step(f, &t, KEYRING_RENEW_CA, e);
	else if (c->step == ROTATE_LEAF)
		done = rotate_leaf(c, f, &v, e);
	else if (c->step == ROTATE_FINISH)
		done = rotate_finish(f, &t, &v, e);
	return done ? -1 : tell_rotation(f, e);
}

static int run_show(const struct folder *f, struct sg_error *e)
{
	cleanup_keyring struct keyring k;
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_REPORT);
	if (read_keyring(f, &k, e))
		return -1;
	bool due = report_write(&k, time(NULL), &text);
	if (print(&text, e))
		return -1;
	e->code = due ? SG_REFUSED : SG_OK; /* said already */
	return due ? -1 : 0;
}

static int run_bundle(const struct folder *f, struct sg_error *e)
{
	cleanup_keyring struct keyring k;
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, 2 * SG_MAX_PEM);
	if (read_keyring(f, &k, e))
		return -1;
	if (certs_count(certs_text(&k.bundle)) == 0)
		return sg_error_set(e, SG_INVALID,
				    "%.200s/ca-bundle.crt holds no certificate; init makes one",
				    f->path);
	certs_base64(&text, k.bundle.data, k.bundle.length);
	sg_buffer_putc(&text, '\n');
	return print(&text, e);
}

static int run(const struct command_line *c, struct sg_error *e)
{
	cleanup_folder struct folder f = { .fd = -1 };
	if (c->command == CERTS_HELP)
		return say(command_line_help, e);
	if (c->command == CERTS_VERSION)
		return say("storeguard-certs " SG_VERSION "\n", e);
	if (folder_open(&f, c->folder, c->command == CERTS_INIT, e))
		return -1;
	switch (c->command) {
	case CERTS_INIT: return run_init(c, &f, e);
	case CERTS_ISSUE: return run_issue(c, &f, e);
	case CERTS_ROTATE: return run_rotate(c, &f, e);
	case CERTS_SHOW: return run_show(&f, e);
	default: return run_bundle(&f, e);
	}
}

int main(int argc, char **argv)
{
	struct sg_error e = { 0 };
	struct command_line c;
	standard_streams_hold();
	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is exit 4 */
	int failed = command_line_parse(argc, argv, &c, &e) || run(&c, &e);
	if (failed && e.message[0])
		(void)fprintf(stderr, "storeguard-certs: %s\n", e.message);
	return !failed ? 0 : e.code != SG_OK ? (int)e.code : SG_IO;
}
