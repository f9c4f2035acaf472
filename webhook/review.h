/*
 * An AdmissionReview: the question (admission.k8s.io/v1 AdmissionRequest) and the
 * answer (AdmissionResponse).
 * https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/
 */
#ifndef SG_REVIEW_H
#define SG_REVIEW_H

#include "decode.h"
#include "violations.h"

enum operation { OPERATION_CREATE, OPERATION_UPDATE, OPERATION_DELETE };

/* Who asks; with impersonation, the impersonated user. */
struct user {
	const char *name;
	const char *uid; /* may be NULL */
	struct strings groups;
	const struct node *extra; /* a mapping of lists of texts, or NULL */
};

struct review {
	const char *uid; /* to be echoed */
	enum operation operation;
	const char *group; /* of kind: "" is the core group */
	const char *version;
	const char *kind;
	const char *sub_resource; /* NULL or a name such as status */
	/* The object's own; NULL while generateName has not been resolved. */
	const char *name;
	bool dry_run;
	struct user user;
	const struct node *object; /* NULL on DELETE */
	const struct node *old_object; /* NULL on CREATE */
};

enum { VERDICT_WARNINGS = 8, VERDICT_ANNOTATIONS = 8 };

/*
 * The answer, allowed until something says otherwise. Texts live in the arena.
 * `code` and `reason` are those of a metav1.Status: 422 Invalid with causes, 403
 * Forbidden, 429 TooManyRequests, 503 ServiceUnavailable, 500 InternalError.
 */
struct verdict {
	struct sg_arena *arena;
	bool allowed;
	int code;
	const char *reason;
	const char *message;
	struct violations causes;
	int retry_after_seconds; /* 0: none */
	struct {
		const char *items[VERDICT_WARNINGS];
		unsigned count;
	} warnings;
	struct {
		const char *key; /* the API server puts our name and "/" before it */
		const char *value;
	} annotations[VERDICT_ANNOTATIONS];
	unsigned annotation_count;
	/* JSON Patch operations, as a sequence; NULL or empty: none. */
	struct node *patch;
};

/*
 * Reads the JSON of an AdmissionReview, of at most SG_MAX_REVIEW_NODES values. What
 * metadata and spec.values have more than there is room for stays sealed (json.h), in
 * the old object whatever can't be read; managedFields always. What is the same in both
 * objects counts once: a stored object can be changed, however large it is.
 */
int review_read(struct sg_arena *a, const char *bytes, size_t length,
		struct node **root, struct sg_error *e);

/*
 * Reads a request. Texts and objects stay in the document, lists go to the arena.
 * SG_INVALID when it is no AdmissionReview of v1 with a request and a uid, or lacks
 * what its operation brings along.
 */
int review_decode(struct sg_arena *a, const struct node *document,
		  struct review *out, struct sg_error *e);

void verdict_init(struct verdict *v, struct sg_arena *a);
/* Refuses; the first refusal counts. */
void verdict_refuse(struct verdict *v, int code, const char *reason,
		    const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Refuses with 422 Invalid and all causes, if there are any: "SUBJECT is refused: …" */
void verdict_refuse_causes(struct verdict *v, const char *subject);
/* Refuses until later: 503 with Retry-After. */
void verdict_postpone(struct verdict *v, const struct sg_error *why);
void verdict_warn(struct verdict *v, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void verdict_annotate(struct verdict *v, const char *key, const char *format,
		      ...) __attribute__((format(printf, 3, 4)));

/*
 * Appends the AdmissionReview with the response. A refusal of causes names the
 * object in its details, which makes kubectl print a bullet for each. Warnings are cut to what the API
 * server takes (256 characters each when they are over 4,096 in all), and control
 * characters in texts become '?'.
 */
void verdict_write(const struct verdict *v, const struct review *r,
		   struct sg_buffer *out);

#endif
