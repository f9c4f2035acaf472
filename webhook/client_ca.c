#include "client_ca.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "certificates_parts.h"
#include "file_look.h"
#include "files.h"

struct client_ca {
	struct certificates common; /* first */
	const char *file;
	struct stat seen; /* what is asked for was read from */
	atomic_bool is_told; /* to look again */
};

static void release(struct certificates *c)
{
	free(c);
}

static int read_file(const char *file, struct sg_buffer *text,
		     struct sg_error *e)
{
	if (file_read(file, text, e))
		return -1;
	sg_buffer_puts(text, ""); /* so that it is a text though empty */
	return sg_buffer_check(text, e);
}

/* What it looked like is noted before it is read: what comes between is seen next time. */
static int load(struct client_ca *c, const struct stat *now, struct sg_error *e)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_FILE);
	if (read_file(c->file, &text, e))
		return -1;
	if (tls_set_client_ca(c->common.tls, text.data, e))
		return sg_error_context(e, "%.200s", c->file);
	c->seen = *now;
	log_event(c->common.log, LOG_LEVEL_INFO, "--client-ca read again",
		  log_text("file", c->file));
	return 0;
}

static void *follow(void *context)
{
	struct client_ca *c = context;
	while (certificates_wait(&c->common, FILE_LOOK_MS)) {
		struct sg_error e = { 0 };
		struct stat now;
		bool is_told = atomic_exchange(&c->is_told, false);
		bool failed = file_look(c->file, &now, &e) != 0 ||
			      ((is_told || !file_is_same(&now, &c->seen)) &&
			       load(c, &now, &e));
		if (failed)
			sg_error_context(
				&e, "--client-ca not read again, the former stays");
		if (is_told) /* asked, it answers */
			certificates_complain(&c->common, NULL);
		certificates_complain(&c->common, failed ? &e : NULL);
	}
	return NULL;
}

static int open_tls(const char *file, struct tls **tls, struct stat *seen,
		    struct sg_error *e)
{
	cleanup_buffer struct sg_buffer text;
	sg_buffer_init(&text, SG_MAX_FILE);
	if (file_look(file, seen, e) || read_file(file, &text, e))
		return -1;
	return tls_open(text.data, tls, e) ?
		       sg_error_context(e, "%.200s", file) :
		       0;
}

int client_ca_open(const char *file, const struct log *log, struct tls **tls,
		   struct client_ca **out, struct sg_error *e)
{
	struct client_ca *c = calloc(1, sizeof *c);
	if (!c)
		return sg_error_memory(e);
	c->file = file;
	c->common.release = release;
	if (open_tls(file, tls, &c->seen, e) ||
	    certificates_begin(&c->common, *tls, log, e)) {
		free(c);
		return -1;
	}
	if (certificates_run(&c->common, follow, c, e)) {
		certificates_free(&c->common);
		return -1;
	}
	*out = c;
	return 0;
}

void client_ca_read_again(struct client_ca *c)
{
	if (!c)
		return;
	atomic_store(&c->is_told, true);
	certificates_ring(&c->common);
}

void client_ca_free(struct client_ca *c)
{
	if (c)
		certificates_free(&c->common);
}
