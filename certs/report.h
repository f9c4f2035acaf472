/* What `storeguard-certs show` says of a keyring. */
#ifndef SG_REPORT_H
#define SG_REPORT_H

#include "keyring.h"

/* Returns whether something is due or does not hold. */
bool report_write(const struct keyring *k, int64_t now, struct sg_buffer *out);

/* Where a rotation stands and what comes next, one or two lines. */
void report_rotation(const struct keyring_view *v, struct sg_buffer *out);

#endif
