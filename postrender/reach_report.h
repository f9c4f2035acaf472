/* Who can't reach whom, in words: warnings, and --explain's table. */
#ifndef SG_REACH_REPORT_H
#define SG_REACH_REPORT_H

#include "diagnostics.h"
#include "reach.h"

/*
 * Warns of pods that no component's policy selects, and of each call that the
 * policies close, with the line of the policy that would open it.
 */
void reach_warn(const struct reach *r, struct diagnostics *d);

/* A line for each call, up to a limit, within 80 columns; and their title. */
extern const char reach_table_title[];
void reach_table(const struct reach *r, struct sg_buffer *out);

#endif
