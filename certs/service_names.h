/* The names by which a Service of Kubernetes is called. */
#ifndef SG_SERVICE_NAMES_H
#define SG_SERVICE_NAMES_H

#include "error.h"

enum { SERVICE_NAMES = 3, SERVICE_NAME_SIZE = 192 };

/* svc.ns, svc.ns.svc (by which the API server calls), svc.ns.svc.cluster.local. */
struct service_names {
	char text[SERVICE_NAMES][SERVICE_NAME_SIZE];
};

/* From NAMESPACE/SERVICE. SG_INVALID when it is not of that form. */
int service_names_set(struct service_names *out, const char *service,
		      struct sg_error *e);

#endif
