/* Durations as Go writes them; kube-apiserver's ?timeout= is one. */
#ifndef SG_DURATION_H
#define SG_DURATION_H

#include <stdint.h>

/*
 * Parses "5s", "500ms", "1.5s", "1m30s" into ms, rounded down. 0, or -1 for what Go's
 * time.ParseDuration refuses, for negative ones and for those beyond 292 years.
 * https://pkg.go.dev/time#ParseDuration
 */
int duration_parse(const char *text, int64_t *milliseconds);

#endif
