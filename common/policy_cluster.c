#include "policy_read.h"

#include <string.h>

#include "names.h"
#include "resource_names.h"

static int check_class_name(struct policy_reader *r, const char *name,
			    const char *path)
{
	if (!name || name_is_dns_subdomain(name))
		return 0;
	return sg_error_set(r->e, SG_INVALID,
			    "%s: \"%.80s\" is no name of a class (lower-case letters, digits, \"-\" and \".\")",
			    path, name);
}

int policy_check_containers(struct policy_reader *r, const struct resources *list,
			    const char *path)
{
	for (unsigned i = 0; i < list->count; i++) {
		const char *name = list->items[i].name;
		if (!resource_name_is_for_containers(name))
			return sg_error_set(r->e, SG_INVALID,
					    "%s: \"%.80s\" is no resource of containers (cpu, memory, ephemeral-storage, hugepages-2Mi or one like example.com/gpu)",
					    path, name);
	}
	return 0;
}

static int read_runtime_class(struct policy_reader *r, const struct node *n,
			      const char *path, struct runtime_class *class)
{
	static const char *const fields[] = { "name", "overhead", NULL };
	return decode_mapping(n, path, fields, r->e) ||
			       decode_string(r->arena, n, path, "name",
					     REQUIRED, &class->name, r->e) ||
			       check_class_name(r, class->name,
						policy_child(r, path,
							     "name")) ||
			       decode_resources(r->arena, n, path, "overhead",
						&class->overhead, r->e) ||
			       policy_check_containers(
				       r, &class->overhead,
				       policy_child(r, path, "overhead")) ?
		       -1 :
		       0;
}

static int read_runtime_classes(struct policy_reader *r, const struct node *n,
				const char *path)
{
	struct cluster_facts *cluster = &r->policy->cluster;
	if (node_is_null(n))
		return 0;
	if (decode_sequence(n, path, r->e))
		return -1;
	cluster->runtime_classes = policy_allocate(
		r, node_count(n), sizeof *cluster->runtime_classes);
	if (!cluster->runtime_classes)
		return -1;
	for (const struct node *c = n->first; c; c = c->next) {
		struct runtime_class *class =
			&cluster->runtime_classes[cluster->runtime_class_count];
		const char *at =
			policy_item(r, path, cluster->runtime_class_count);
		if (read_runtime_class(r, c, at, class))
			return -1;
		if (cluster_runtime_class(cluster, class->name))
			return sg_error_set(r->e, SG_INVALID,
					    "%s: two of the name %s", path,
					    class->name);
		cluster->runtime_class_count++;
	}
	return 0;
}

int policy_read_cluster(struct policy_reader *r, const struct node *n,
			const char *path)
{
	static const char *const fields[] = { "defaultStorageClass",
					      "runtimeClasses", NULL };
	struct cluster_facts *cluster = &r->policy->cluster;
	if (node_is_null(n))
		return 0;
	return decode_mapping(n, path, fields, r->e) ||
			       decode_string(r->arena, n, path,
					     "defaultStorageClass", OPTIONAL,
					     &cluster->default_storage_class,
					     r->e) ||
			       check_class_name(
				       r, cluster->default_storage_class,
				       policy_child(r, path,
						    "defaultStorageClass")) ||
			       read_runtime_classes(
				       r, node_get(n, "runtimeClasses"),
				       policy_child(r, path,
						    "runtimeClasses")) ?
		       -1 :
		       0;
}
