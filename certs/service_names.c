#include "service_names.h"

#include <stdio.h>
#include <string.h>

#include "names.h"

int service_names_set(struct service_names *out, const char *service,
		      struct sg_error *e)
{
	static const char *const ends[SERVICE_NAMES] = {
		"", ".svc", ".svc.cluster.local"
	};
	char namespace[NAME_LABEL_SIZE] = "";
	const char *slash = strchr(service, '/');
	size_t length = slash ? (size_t)(slash - service) : 0;
	if (length && length < sizeof namespace)
		memcpy(namespace, service, length);
	if (!name_is_dns_label(namespace) || !name_is_dns_label(slash + 1))
		return sg_error_set(e, SG_INVALID,
				    "\"%.160s\" is not NAMESPACE/SERVICE, like storeguard/storeguard-webhook",
				    service);
	for (int i = 0; i < SERVICE_NAMES; i++)
		(void)snprintf(out->text[i], sizeof out->text[i], "%s.%s%s",
			       slash + 1, namespace, ends[i]);
	return 0;
}
