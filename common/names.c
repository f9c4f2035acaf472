#include "names.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "sha256.h"

enum { DNS_LABEL_MAX = 63, DNS_SUBDOMAIN_MAX = 253, HASH_DIGITS = 16 };

static bool is_lower_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_dns_label(const char *name, size_t length)
{
	if (length == 0 || length > DNS_LABEL_MAX)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_lower_alnum(name[i]) && name[i] != '-')
			return false;
	return name[0] != '-' && name[length - 1] != '-';
}

bool name_is_dns_label(const char *name)
{
	return is_dns_label(name, strlen(name));
}

bool name_is_dns_subdomain(const char *name)
{
	if (strlen(name) > DNS_SUBDOMAIN_MAX)
		return false;
	for (;;) {
		size_t length = strcspn(name, ".");
		if (!is_dns_label(name, length))
			return false;
		if (!name[length])
			return true;
		name += length + 1;
	}
}

static bool is_label_char(char c)
{
	return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.';
}

bool name_is_label_value(const char *value)
{
	size_t length = strlen(value);
	if (length == 0)
		return true;
	if (length >= NAME_LABEL_SIZE)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!is_label_char(value[i]))
			return false;
	return isalnum((unsigned char)value[0]) &&
	       isalnum((unsigned char)value[length - 1]);
}

struct cidr {
	int family;
	int bits;
	unsigned char address[sizeof(struct in6_addr)];
};

static bool parse_cidr(const char *block, struct cidr *out)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(block, '/');
	if (!slash || (size_t)(slash - block) >= sizeof address)
		return false;
	memcpy(address, block, (size_t)(slash - block));
	address[slash - block] = '\0';
	out->family = strchr(address, ':') ? AF_INET6 : AF_INET;
	size_t digits = strspn(slash + 1, "0123456789");
	if (inet_pton(out->family, address, out->address) != 1 || digits < 1 ||
	    digits > 3 || slash[1 + digits] != '\0' ||
	    (digits > 1 && slash[1] == '0'))
		return false;
	out->bits = (int)strtol(slash + 1, NULL, 10);
	return out->bits <= (out->family == AF_INET ? 32 : 128);
}

bool name_is_cidr(const char *block)
{
	struct cidr parsed;
	return parse_cidr(block, &parsed);
}

bool name_is_cidr_within(const char *block, const char *outer)
{
	struct cidr in, out;
	if (!parse_cidr(block, &in) || !parse_cidr(outer, &out) ||
	    in.family != out.family || in.bits <= out.bits)
		return false;
	for (int bit = 0; bit < out.bits; bit++) {
		unsigned mask = 0x80u >> (bit % 8);
		if ((in.address[bit / 8] ^ out.address[bit / 8]) & mask)
			return false;
	}
	return true;
}

/* The readable part: at most `size` - 1 characters, ends alphanumeric. */
static size_t readable_prefix(const char *owner, char *prefix, size_t size,
			      bool dots)
{
	size_t length = 0;
	for (const char *c = owner; *c && length + 1 < size; c++) {
		char lower = (char)tolower((unsigned char)*c);
		bool kept = is_lower_alnum(lower) || (dots && lower == '.');
		if (kept)
			prefix[length++] = lower;
		else if (length && prefix[length - 1] != '-')
			prefix[length++] = '-';
	}
	while (length && !is_lower_alnum(prefix[length - 1]))
		length--;
	size_t start = 0;
	while (start < length && !is_lower_alnum(prefix[start]))
		start++;
	memmove(prefix, prefix + start, length - start);
	length -= start;
	if (length == 0)
		prefix[length++] = 'u';
	prefix[length++] = '-';
	return length;
}

static bool looks_encoded(const char *owner)
{
	size_t length = strlen(owner);
	return length > HASH_DIGITS && owner[length - HASH_DIGITS - 1] == '-' &&
	       strspn(owner + length - HASH_DIGITS, "0123456789abcdef") ==
		       HASH_DIGITS;
}

bool name_owner_label(const char *owner, char label[NAME_LABEL_SIZE])
{
	if (*owner && name_is_label_value(owner) && !looks_encoded(owner)) {
		memcpy(label, owner, strlen(owner) + 1);
		return false;
	}
	char hex[SHA256_HEX_SIZE];
	sha256_hex(owner, strlen(owner), hex);
	size_t length = readable_prefix(
		owner, label, NAME_LABEL_SIZE - HASH_DIGITS - 1, true);
	memcpy(label + length, hex, HASH_DIGITS);
	label[length + HASH_DIGITS] = '\0';
	return true;
}

void name_owner_quota(const char *owner, char name[NAME_QUOTA_SIZE])
{
	enum { PREFIX = 40 };
	char hex[SHA256_HEX_SIZE];
	sha256_hex(owner, strlen(owner), hex);
	size_t length = readable_prefix(owner, name, PREFIX, false);
	memcpy(name + length, hex, sizeof hex);
}
