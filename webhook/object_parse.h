/*
 * One object of a list or a watch, as its JSON came: read, as far as it is read at all, or
 * left out by name. Whoever may write an object decides what is in it: one that can't be
 * read, for its size or for whatever else, must not take the others along.
 */
#ifndef SG_OBJECT_PARSE_H
#define SG_OBJECT_PARSE_H

#include "arena.h"
#include "tree.h"

struct object_text {
	const char *bytes;
	size_t length;
	bool is_whole; /* else there is more of it */
	bool is_event; /* of a watch: {"type": …, "object": …} */
};

/*
 * What is not looked into (json.h): "spec.values", …, NULL. In each list is
 * metadata.managedFields, of which nobody here reads anything.
 */
extern const char *const object_sealed_alone[]; /* and nothing else */
/* Of a Store: neither labels, annotations and owners nor values. */
extern const char *const object_sealed_store[];
/* Of what there is in a store's namespace: nor annotations, nor what pods are made of. */
extern const char *const object_sealed_workload[];

enum object_parsed {
	OBJECT_READ,
	/* but for metadata's own texts: name, namespace, uid … */
	OBJECT_LEFT_OUT,
	OBJECT_UNKNOWN, /* not even its name can be seen */
};

/*
 * *root gets the object, or the event, in the arena. Unless it is read, e says why not:
 * SG_IO without memory, when nothing is known of the object.
 */
enum object_parsed object_parse(struct sg_arena *a,
				const struct object_text *text,
				const char *const *sealed, struct node **root,
				struct sg_error *e);

#endif
