/*
 * What Kubernetes' API server takes as the name of a resource, and what it holds
 * a resource of that name to.
 *
 * Source: pkg/apis/core/validation and pkg/apis/core/helper of Kubernetes 1.36.
 */
#ifndef SG_RESOURCE_NAMES_H
#define SG_RESOURCE_NAMES_H

#include <stdbool.h>

/*
 * Keys of a ResourceQuota's spec.hard that a cluster counts: a standard name,
 * requests.… and limits.… of a qualified name, count/<resource>.<group>, and a
 * storage class's requests.storage or persistentvolumeclaims. The API server
 * refuses some of the others and takes the rest, to count nothing by them.
 */
bool resource_name_is_quota_key(const char *name);

/* What a container may ask for: cpu, hugepages-2Mi, example.com/gpu. */
bool resource_name_is_for_containers(const char *name);
/* What a pod may ask for as a whole: cpu, memory and huge pages. */
bool resource_name_is_for_pods(const char *name);

bool resource_name_is_huge_pages(const char *name);
/* A device, say, that some vendor names: example.com/gpu. */
bool resource_name_is_extended(const char *name);
/* Whether less may be requested than the limit is, and a limit be left out. */
bool resource_name_allows_overcommit(const char *name);
/* Whether only whole numbers are taken: pods, devices. */
bool resource_name_is_whole(const char *name);

#endif
