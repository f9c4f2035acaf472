/*
 * A keyring in a folder: ca.crt, ca.key, tls.crt, tls.key, ca-bundle.crt. Files are
 * written as a temporary file beside them and renamed over them, keys for their owner
 * alone; the folder is locked meanwhile. A run that is cut off leaves each file whole,
 * the old one or the new one, and the next run goes on from there.
 */
#ifndef SG_FOLDER_H
#define SG_FOLDER_H

#include "keyring.h"

struct folder {
	const char *path;
	int fd;
};

/* Opens and locks a folder; `make`: makes it where it is missing. SG_IO. */
int folder_open(struct folder *f, const char *path, bool make,
		struct sg_error *e);
void folder_close(struct folder *f);
#define cleanup_folder cleanup_with(folder_close)

/* Whether a serving certificate is there, the last file to be written. */
bool folder_is_complete(const struct folder *f);
/* Reads all parts; a file that is missing is an empty part. */
int folder_read(const struct folder *f, struct keyring *k, struct sg_error *e);
/*
 * Where a run was cut off between ca.key and ca.crt, takes the CA's certificate from
 * the bundle, which is written before both.
 */
void folder_mend(struct keyring *k);
/* Writes the parts that differ from those in `former`. */
int folder_write(const struct folder *f, struct keyring *former,
		 struct keyring *k, struct sg_error *e);

#endif
