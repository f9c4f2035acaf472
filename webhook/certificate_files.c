#include "certificates_parts.h"

#include <string.h>

#include "file_look.h"
#include "files.h"

struct certificate_files {
	struct certificates common; /* first */
	const char *certificate;
	const char *key;
	struct stat seen[2]; /* that what is shown was read from */
};

static void release(struct certificates *c)
{
	free(c);
}

static int look(const struct certificate_files *f, struct stat now[2],
		struct sg_error *e)
{
	return file_look(f->certificate, &now[0], e) ||
			       file_look(f->key, &now[1], e) ?
		       -1 :
		       0;
}

/*
 * Half a renewal (a new certificate, the old key) does not fit together and is tried
 * again; what is shown stays meanwhile.
 */
static int load(struct certificate_files *f, const struct stat now[2],
		struct sg_error *e)
{
	cleanup_certs_pair struct certs_pair pair;
	certs_pair_init(&pair);
	if (!sg_buffer_reserve(&pair.key, SG_MAX_PEM / 4))
		return sg_error_memory(e);
	if (file_read(f->certificate, &pair.certificate, e) ||
	    file_read(f->key, &pair.key, e))
		return -1;
	if (certs_check_pair(&pair, e) || certificates_show(&f->common, &pair, e))
		return sg_error_context(e, "%.200s, %.200s", f->certificate,
					f->key);
	memcpy(f->seen, now, sizeof f->seen);
	return 0;
}

static int follow_once(struct certificate_files *f, struct sg_error *e)
{
	struct stat now[2];
	if (look(f, now, e))
		return -1;
	if (file_is_same(&now[0], &f->seen[0]) &&
	    file_is_same(&now[1], &f->seen[1]))
		return 0;
	return load(f, now, e);
}

static void *follow(void *context)
{
	struct certificate_files *f = context;
	while (certificates_wait(&f->common, FILE_LOOK_MS)) {
		struct sg_error e = { 0 };
		bool failed = follow_once(f, &e) != 0;
		certificates_complain(&f->common, failed ? &e : NULL);
	}
	return NULL;
}

int certificates_follow_files(struct tls *tls, const char *certificate,
			      const char *key, const struct log *log,
			      struct certificates **out, struct sg_error *e)
{
	struct certificate_files *f = calloc(1, sizeof *f);
	if (!f)
		return sg_error_memory(e);
	f->certificate = certificate;
	f->key = key;
	f->common.release = release;
	if (certificates_begin(&f->common, tls, log, e)) {
		free(f);
		return -1;
	}
	if (follow_once(f, e) || certificates_run(&f->common, follow, f, e)) {
		certificates_free(&f->common);
		return -1;
	}
	*out = &f->common;
	return 0;
}
