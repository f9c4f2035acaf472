#include "base64.h"

#include <stdint.h>
#include <string.h>

static int digit_value(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

size_t base64_decode(const char *text, size_t length, char *out)
{
	uint32_t bits = 0;
	unsigned held = 0;
	size_t written = 0;
	for (size_t i = 0; i < length; i++) {
		if (text[i] && strchr(" \t\r\n", text[i]))
			continue;
		int value = digit_value(text[i]);
		if (value < 0)
			break;
		bits = (bits << 6 | (uint32_t)value) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			out[written++] = (char)(bits >> held & 0xff);
		}
	}
	return written;
}
