/*
 * Reading trees into structs, with messages that name the path:
 *
 *     spec.plans.small.quota.pods: "ten" is not a quantity (like 500m, …)
 *
 * Each function returns -1 with SG_INVALID (or SG_IO for memory). Strings and
 * lists that they give out live in the arena. `path` is that of the node given.
 */
#ifndef SG_DECODE_H
#define SG_DECODE_H

#include "resources.h"
#include "tree.h"

struct strings {
	const char **items;
	unsigned count;
};

struct ports {
	uint16_t *items;
	unsigned count;
};

enum presence { OPTIONAL, REQUIRED };

/* Refuses what is no mapping, and keys not in the list. */
int decode_mapping(const struct node *n, const char *path,
		   const char *const *known, struct sg_error *e);
/* Refuses what is no mapping. */
int decode_any_mapping(const struct node *n, const char *path,
		       struct sg_error *e);
int decode_sequence(const struct node *n, const char *path,
		    struct sg_error *e);

/* NULL when absent. Refuses what YAML reads as no string, and empty ones. */
int decode_string(struct sg_arena *a, const struct node *n, const char *path,
		  const char *key, enum presence presence, const char **out,
		  struct sg_error *e);
/* The default stays in *out when absent. */
int decode_int(const struct node *n, const char *path, const char *key,
	       int64_t min, int64_t max, int64_t *out, struct sg_error *e);
int decode_bool(const struct node *n, const char *path, const char *key,
		bool *out, struct sg_error *e);
int decode_strings(struct sg_arena *a, const struct node *n, const char *path,
		   const char *key, struct strings *out, struct sg_error *e);
int decode_ports(struct sg_arena *a, const struct node *n, const char *path,
		 const char *key, struct ports *out, struct sg_error *e);
/* A mapping of names to quantities, none of them negative. */
int decode_resources(struct sg_arena *a, const struct node *n, const char *path,
		     const char *key, struct resources *out,
		     struct sg_error *e);
/* One quantity as Kubernetes would read it, not negative. */
int decode_quantity(const struct node *n, struct quantity *out,
		    struct sg_error *e);
/* A whole number written in decimal. */
int decode_number(const struct node *n, int64_t min, int64_t max, int64_t *out,
		  struct sg_error *e);

bool strings_contain(const struct strings *s, const char *text);
bool ports_contain(const struct ports *ports, int64_t port);
/* "a, b, c", for messages. */
const char *strings_join(struct sg_arena *a, const struct strings *s);

#endif
