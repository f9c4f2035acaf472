#include "hosts.h"

#include <ctype.h>
#include <string.h>

/* Words of a key, in lower case, each between blanks. */
static const char of_hosts[] =
	" host hosts hostname hostnames url urls uri uris dsn addr addrs address"
	" addresses endpoint endpoints upstream upstreams server servers peer peers"
	" node nodes broker brokers backend backends ";
/* Last words: of names, kinds and secrets, which often equal a Service's name. */
static const char of_else[] =
	" user username name database db dbname pass password passwd secret token"
	" schema type kind mode role driver dialect client connection provider"
	" adapter engine app application component part store table prefix suffix key"
	" tag label id env environment title text message description locale lang"
	" language theme queue bucket index topic group realm profile level format"
	" path dir directory file version image ";

enum { WORD_SIZE = 24 };

static bool lists(const char *words, const char *word)
{
	char wanted[WORD_SIZE + 2];
	(void)snprintf(wanted, sizeof wanted, " %s ", word);
	return strstr(words, wanted) != NULL;
}

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

enum host_key host_key(const char *key, size_t length)
{
	char word[WORD_SIZE];
	bool host = false, literal = false, other = false;
	const char *end = key + length;
	while (key < end) {
		key = next_word(key, end, word);
		if (!*word)
			continue;
		host |= lists(of_hosts, word);
		literal |= strncmp(word, "host", 4) == 0;
		other = lists(of_else, word);
	}
	/* HOST_NAME is a host, SERVER_NAME or URL_PREFIX something else */
	if (other && !literal)
		return KEY_OF_ELSE;
	return host ? KEY_OF_HOST : KEY_UNKNOWN;
}
