#include "guard.h"

#include "labels.h"
#include "names.h"

struct node *guard_object(struct sg_arena *a, const struct identity *who,
			  const char *api_version, const char *kind,
			  const char *name, struct node **annotations)
{
	struct node *object = node_new_mapping(a);
	struct node *metadata = node_new_mapping(a);
	*annotations = node_new_mapping(a);
	node_set_string(a, object, "apiVersion", api_version);
	node_set_string(a, object, "kind", kind);
	node_set_string(a, metadata, "name", name);
	labels_set(a, metadata, who, SG_GUARD);
	if (who->owner_encoded)
		node_set_string(a, *annotations, SG_ANNOTATION_OWNER,
				who->store.owner);
	node_set(a, metadata, "annotations", *annotations);
	node_set(a, object, "metadata", metadata);
	return object;
}

void guard_keep(struct sg_arena *a, struct node *annotations)
{
	node_set_string(a, annotations, HELM_POLICY, HELM_KEEP);
}
