/*
 * Calls that have no safe use here. Including this header makes each of them
 * a compile error; every .c file includes it last (the Makefile does so with
 * -include, after the system headers it wraps).
 */
#ifndef SG_BANNED_H
#define SG_BANNED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SG_BANNED(call) sorry_##call##_is_a_banned_call

#undef strcpy
#define strcpy(d, s) SG_BANNED(strcpy)
#undef strcat
#define strcat(d, s) SG_BANNED(strcat)
#undef strncpy
#define strncpy(d, s, n) SG_BANNED(strncpy)
#undef strncat
#define strncat(d, s, n) SG_BANNED(strncat)
#undef strtok
#define strtok(s, d) SG_BANNED(strtok)
#undef sprintf
#define sprintf(...) SG_BANNED(sprintf)
#undef vsprintf
#define vsprintf(...) SG_BANNED(vsprintf)
#undef gets
#define gets(s) SG_BANNED(gets)
#undef atoi
#define atoi(s) SG_BANNED(atoi)
#undef atol
#define atol(s) SG_BANNED(atol)
#undef alloca
#define alloca(n) SG_BANNED(alloca)

#endif
