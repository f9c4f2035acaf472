/* Of the process itself, under the names that Prometheus' client libraries use. */
#ifndef SG_METRICS_PROCESS_H
#define SG_METRICS_PROCESS_H

#include "buffer.h"

/* What /proc does not tell is left out. */
void metrics_write_process(struct sg_buffer *out);

#endif
