#include "values.h"

#include <string.h>

#include "cleanup.h"
#include "files.h"

/* Bytes: as many as a digest of SHA-256 has. */
enum { KEY_MIN = 32 };

int values_read_seed(const char *key_file, const struct store *s,
		     struct values_seed *out, struct sg_error *e)
{
	cleanup_secret_buffer struct sg_buffer key;
	sg_buffer_init(&key, SG_MAX_TOKEN);
	if (!s->uid)
		return sg_error_set(e, SG_INVALID,
				    "the Store has no metadata.uid, which --seed-key-file derives the seed from; take the Store as it is in the cluster (kubectl get store %s -o yaml)",
				    s->name);
	/* all at once: what grows leaves copies */
	if (!sg_buffer_reserve(&key, key.cap))
		return sg_error_memory(e);
	if (file_read(key_file, &key, e))
		return -1;
	if (key.length < KEY_MIN)
		return sg_error_set(e, SG_INVALID,
				    "%.200s: the key has %zu bytes; at least %d are needed (head -c 32 /dev/urandom)",
				    key_file, key.length, KEY_MIN);
	sha256_hmac_hex(key.data, key.length, s->uid, strlen(s->uid), out->hex);
	return 0;
}

/* No Store has a `store` of its own, nor anything that looks like a credential. */
static void copy_pairs(struct sg_arena *a, struct node *to,
		       const struct node *from)
{
	if (!node_is_mapping(from))
		return;
	for (const struct node *k = node_resolve(from)->first; k;
	     k = k->next->next) {
		node_append(to, node_copy(a, k));
		node_append(to, node_copy(a, k->next));
	}
}

enum { FIELDS = 9, OF_VALUES = 7 };

struct field {
	const char *name, *value;
};

/* The first of them are those that charts take. */
static void read_fields(const struct store *s, struct field out[FIELDS])
{
	const struct field fields[FIELDS] = {
		{ "name", s->name },
		{ "engine", s->engine },
		{ "plan", s->plan },
		{ "host", s->host },
		{ "displayName", s->display_name },
		{ "adminEmail", s->admin_email },
		{ "owner", s->owner },
		{ "delivery", s->delivery },
		{ "deletionProtection", s->deletion_protection },
	};
	memcpy(out, fields, sizeof fields);
}

int values_write(struct sg_arena *a, const struct store *s,
		 const struct values_seed *seed, struct sg_buffer *out,
		 struct sg_error *e)
{
	struct field fields[FIELDS];
	struct node *values = node_new_mapping(a);
	struct node *store = node_new_mapping(a);
	read_fields(s, fields);
	for (size_t i = 0; i < OF_VALUES; i++)
		if (fields[i].value)
			node_set_string(a, store, fields[i].name,
					fields[i].value);
	node_set(a, values, "store", store);
	copy_pairs(a, values, s->values);
	if (seed) {
		struct node *credentials = node_new_mapping(a);
		node_set_string(a, credentials, "seed", seed->hex);
		node_set(a, values, "credentials", credentials);
	}
	return sg_arena_check(a, e) || yaml_emit_block(out, values, 0, e) ? -1 :
									    0;
}

int values_write_field(const struct store *s, const char *name,
		       struct sg_buffer *out, struct sg_error *e)
{
	struct field fields[FIELDS];
	read_fields(s, fields);
	for (size_t i = 0; i < FIELDS; i++) {
		if (strcmp(fields[i].name, name) != 0)
			continue;
		sg_buffer_printf(out, "%s\n",
				 fields[i].value ? fields[i].value : "");
		return sg_buffer_check(out, e);
	}
	return sg_error_set(e, SG_USAGE,
			    "--field: a Store has no field \"%.80s\" that can be printed; see storeguard-postrender --help",
			    name);
}
