#include "hosts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

/* Words of a key, in lower case and in order. */
static const char *const of_hosts[] = {
	"addr", "address", "addresses", "addrs", "backend", "backends", "broker",
	"brokers", "dsn", "endpoint", "endpoints", "host", "hostname",
	"hostnames", "hosts", "node", "nodes", "peer", "peers", "server",
	"servers", "upstream", "upstreams", "uri", "uris", "url", "urls",
};
/* Last words: of names, kinds and secrets, which often equal a Service's name. */
static const char *const of_else[] = {
	"adapter", "app", "application", "bucket", "client", "component",
	"connection", "database", "db", "dbname", "description", "dialect", "dir",
	"directory", "driver", "engine", "env", "environment", "file", "format",
	"group", "id", "image", "index", "key", "kind", "label", "lang",
	"language", "level", "locale", "message", "mode", "name", "part", "pass",
	"passwd", "password", "path", "prefix", "profile", "provider", "queue",
	"realm", "role", "schema", "secret", "store", "suffix", "table", "tag",
	"text", "theme", "title", "token", "topic", "type", "user", "username",
	"version",
};

enum { WORD_SIZE = 24 };

static int compare(const void *word, const void *entry)
{
	return strcmp(word, *(const char *const *)entry);
}

#define LISTS(list, word)                                                      \
	(bsearch(word, list, sizeof(list) / sizeof *(list), sizeof *(list),    \
		 compare) != NULL)

/* The next word of DB_HOST, dbHost, db.host or db-host, in lower case. */
static const char *next_word(const char *at, const char *end,
			     char word[WORD_SIZE])
{
	size_t length = 0;
	while (at < end && !isalnum((unsigned char)*at))
		at++;
	for (const char *from = at; at < end && isalnum((unsigned char)*at); at++) {
		if (at > from && isupper((unsigned char)*at) &&
		    islower((unsigned char)at[-1]))
			break;
		if (length + 1 < WORD_SIZE)
			word[length++] = (char)tolower((unsigned char)*at);
	}
	word[length] = '\0';
	return at;
}

/* dbhost, dbhostname; but not Ghost, the blog. */
static bool ends_in_host(const char *word)
{
	static const char *const ends[] = { "host", "hosts", "hostname" };
	size_t length = strlen(word);
	for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
		size_t end = strlen(ends[i]);
		if (length > end && strcmp(word + length - end, ends[i]) == 0)
			return strcmp(word, "ghost") != 0;
	}
	return false;
}

enum host_key host_key(const char *key, size_t length)
{
	char word[WORD_SIZE];
	bool host = false, literal = false, other = false;
	const char *end = key + length;
	while (key < end) {
		key = next_word(key, end, word);
		if (!*word)
			continue;
		bool compound = ends_in_host(word);
		host |= compound || LISTS(of_hosts, word);
		literal |= compound || strncmp(word, "host", 4) == 0;
		other = LISTS(of_else, word);
	}
	/* HOST_NAME is a host, SERVER_NAME or URL_PREFIX something else */
	if (other && !literal)
		return KEY_OF_ELSE;
	return host ? KEY_OF_HOST : KEY_UNKNOWN;
}
