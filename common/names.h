/*
 * Names: what Kubernetes accepts, how stores and owners are called, and the
 * labels that the post-renderer stamps and the webhook reads. Pure functions.
 *
 * Rules: RFC 1123 as in k8s.io/apimachinery/pkg/util/validation, and
 * kubernetes.io/docs/concepts/overview/working-with-objects/labels.
 */
#ifndef SG_NAMES_H
#define SG_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#define SG_LABEL_PREFIX "urumi.io/"
#define SG_LABEL_STORE "urumi.io/store"
#define SG_LABEL_ENGINE "urumi.io/engine"
#define SG_LABEL_PLAN "urumi.io/plan"
#define SG_LABEL_OWNER "urumi.io/owner"
#define SG_LABEL_COMPONENT "urumi.io/component"
/* "true" on the namespace of a Store with deletionProtection, which the leader sees to. */
#define SG_LABEL_PROTECTED "urumi.io/deletion-protection"
/* The owner as the API server knows it, where it is no label value. */
#define SG_ANNOTATION_OWNER "urumi.io/owner"
/* Of each Store: its name is not free again before its namespace is gone. */
#define SG_FINALIZER "urumi.io/namespace"
/* The component of the guards themselves. */
#define SG_GUARD "guard"
/* Namespace and Helm release of a store: store-<name>. */
#define SG_NAMESPACE_PREFIX "store-"

/* So that store-<name>-<suffix> fits where Kubernetes is strictest. */
#define SG_STORE_NAME_MAX 32
enum { NAME_LABEL_SIZE = 64, NAME_QUOTA_SIZE = 128 };

bool name_is_dns_label(const char *name);     /* ≤ 63, RFC 1123 */
bool name_is_dns_subdomain(const char *name); /* ≤ 253, dotted labels */
bool name_is_label_value(const char *value);  /* ≤ 63, may be empty */
bool name_is_cidr(const char *block); /* IPv4 or IPv6 */
/* Whether one CIDR lies within another and is smaller. */
bool name_is_cidr_within(const char *block, const char *outer);

/*
 * An owner (a user name of any form) as a label value: itself where it is one,
 * else a readable prefix, "-" and 16 hexadecimal digits of its SHA-256. A name
 * that already ends like such an encoding is encoded too, so that nobody's
 * plain name is another's encoded one. Returns whether it was encoded.
 */
bool name_owner_label(const char *owner, char label[NAME_LABEL_SIZE]);

/* The name of an owner's StoreQuota: readable prefix, "-", whole SHA-256. */
void name_owner_quota(const char *owner, char name[NAME_QUOTA_SIZE]);

#endif
