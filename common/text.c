#include "text.h"

char *text_make_printable(char *text)
{
	for (char *c = text; *c; c++) {
		unsigned char byte = (unsigned char)*c;
		unsigned char next = (unsigned char)c[1];
		if ((byte < 0x20 && byte != '\n') || byte == 0x7F)
			*c = '?';
		else if (byte == 0xC2 && next >= 0x80 && next <= 0x9F)
			c[0] = c[1] = '?';
	}
	return text;
}
