/* Inside of json*.c: over a value without looking into it. */
#ifndef SG_JSON_SKIP_H
#define SG_JSON_SKIP_H

#include <stddef.h>

/*
 * Behind the value that `at` is at; NULL where the text ends before. Brackets and quotes
 * are counted, nothing else is checked. *values grows by the values in it, keys too.
 */
const char *json_skip(const char *at, size_t *values);

#endif
