/*
 * Where a text names a host: in a URL, as host:port, behind `--host`, `host =` or
 * `nc -z`, as db.<namespace>.svc, or as all of a value. A name that is but a word
 * of a sentence, a path or a program's tag is none.
 *
 * Pure functions over bytes: which of these hosts exist is the caller's to know.
 */
#ifndef SG_HOSTS_H
#define SG_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum host_form {
	HOST_SURE,	/* nothing but a host stands there */
	HOST_WITH_PORT, /* "db:3306", "nc db 3306": one, if it has that port */
	HOST_ALONE,	/* all of a value: one, unless the value's key denies it */
};

struct host {
	const char *name; /* not terminated; lower case */
	size_t length;
	uint16_t port; /* 0: not said */
	bool implied;  /* the port is that of the URL's scheme */
	enum host_form form;
};

/* What a key (DB_HOST, databaseUrl, MYSQL_USER) says of its value. */
enum host_key { KEY_OF_HOST, KEY_UNKNOWN, KEY_OF_ELSE };
enum host_key host_key(const char *key, size_t length);

struct host_text {
	const char *bytes;
	size_t length;
	const char *key;   /* of the value, or NULL */
	bool is_command;   /* words of a command line or script, not a value */
	const char *namespace; /* the release's own */
};

/* Ends early with what `found` returns, unless that is 0. */
typedef int host_found(void *context, const struct host *host);
int hosts_find(const struct host_text *text, host_found *found, void *context);

/*
 * The part of a host's name that names a Service of the namespace: "db" of db,
 * db.<namespace>, db.<namespace>.svc and db.<namespace>.svc.cluster.local; or, as
 * *pod's, "db" of mysql-0.db and the like. Length 0 where there is none.
 */
struct host_service {
	const char *name;
	size_t length;
};
struct host_service host_service(const char *name, size_t length,
				 const char *namespace, bool of_pod);

#endif
