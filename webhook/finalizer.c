#include "finalizer.h"

#include "json.h"
#include "names.h"

#define PATH "/metadata/finalizers"

int finalizer_index(const struct node *store)
{
	const struct node *all =
		node_path(store, "metadata", "finalizers", NULL);
	int at = 0;
	if (!node_is_sequence(all))
		return -1;
	for (const struct node *f = all->first; f; f = f->next, at++)
		if (node_is(f, SG_FINALIZER))
			return at;
	return -1;
}

const char *finalizer_of_others(const struct node *store)
{
	const struct node *all =
		node_path(store, "metadata", "finalizers", NULL);
	if (node_is_sequence(all))
		for (const struct node *f = all->first; f; f = f->next)
			if (node_text(f) && !node_is(f, SG_FINALIZER))
				return node_text(f);
	return "";
}

/* One of two finalizers may go meanwhile: the index alone would hit the other. */
void finalizer_write_removal(int index, struct sg_buffer *patch)
{
	sg_buffer_printf(patch,
			 "[{\"op\":\"test\",\"path\":\"" PATH
			 "/%d\",\"value\":\"" SG_FINALIZER
			 "\"},{\"op\":\"remove\",\"path\":\"" PATH "/%d\"}]",
			 index, index);
}

void finalizer_write_addition(const struct node *store,
			      struct sg_buffer *patch)
{
	const char *version = node_text(
		node_path(store, "metadata", "resourceVersion", NULL));
	bool has_others = node_is_sequence(
		node_path(store, "metadata", "finalizers", NULL));
	sg_buffer_puts(patch,
		       "[{\"op\":\"test\",\"path\":\"/metadata/resourceVersion\",\"value\":");
	json_write_string(patch, version ? version : "");
	sg_buffer_puts(patch, has_others ? "},{\"op\":\"add\",\"path\":\"" PATH
					   "/-\",\"value\":\"" SG_FINALIZER
					   "\"}]" :
					   "},{\"op\":\"add\",\"path\":\"" PATH
					   "\",\"value\":[\"" SG_FINALIZER
					   "\"]}]");
}
