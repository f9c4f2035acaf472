#include "address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_port(const char *text, in_port_t *port)
{
	size_t length = strlen(text);
	if (!length || length > 5 || strspn(text, "0123456789") != length)
		return -1;
	unsigned long n = strtoul(text, NULL, 10);
	if (n > 65535)
		return -1;
	*port = htons((uint16_t)n);
	return 0;
}

static int parse_host(const char *host, in_port_t port,
		      struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = port };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = port };
	size_t length = strlen(host);
	char inner[INET6_ADDRSTRLEN + 1];
	*out = (struct sockaddr_storage){ 0 };
	if (!length) { /* all of both families */
		memcpy(out, &v6, sizeof v6);
		return 0;
	}
	if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
		memcpy(out, &v4, sizeof v4);
		return 0;
	}
	if (host[0] != '[' || host[length - 1] != ']' ||
	    length - 2 >= sizeof inner)
		return -1;
	memcpy(inner, host + 1, length - 2);
	inner[length - 2] = '\0';
	if (inet_pton(AF_INET6, inner, &v6.sin6_addr) != 1)
		return -1;
	memcpy(out, &v6, sizeof v6);
	return 0;
}

int address_parse(const char *text, struct sockaddr_storage *out)
{
	char host[INET6_ADDRSTRLEN + 3];
	const char *colon = strrchr(text, ':');
	in_port_t port;
	if (!colon || (size_t)(colon - text) >= sizeof host ||
	    parse_port(colon + 1, &port))
		return -1;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	return parse_host(host, port, out);
}

void address_print(const struct sockaddr_storage *a, char *text, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "";
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	if (a->ss_family == AF_INET6) {
		memcpy(&v6, a, sizeof v6);
		(void)inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
		(void)snprintf(text, size, "[%s]:%u", host, ntohs(v6.sin6_port));
	} else {
		memcpy(&v4, a, sizeof v4);
		(void)inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
		(void)snprintf(text, size, "%s:%u", host, ntohs(v4.sin_port));
	}
}
