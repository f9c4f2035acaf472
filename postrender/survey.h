/*
 * What the guards and the fit check need to know of a whole release, gathered
 * object by object so that no document's tree outlives its turn.
 */
#ifndef SG_SURVEY_H
#define SG_SURVEY_H

#include "autoscalers.h"
#include "diagnostics.h"
#include "edit.h"
#include "hooks.h"
#include "identity.h"
#include "object.h"
#include "pods.h"
#include "reach.h"

/* Something that asks for a share of the quota. */
struct asker {
	const char *kind; /* NULL: no object of the release */
	const char *name;
	enum workload_kind workload; /* NOT_A_WORKLOAD: no pods */
	struct hook hook;
	int64_t replicas;
	int64_t surge; /* extra pods of a rolling update, or percent of them */
	bool surge_is_percent;
	bool has_ended; /* pods of a Job's that have, and are kept */
	/* What one replica asks for, under the quota's own keys. */
	struct resources each;
};

/* Labels of the pods of a plain Job, by which alone they can be found. */
struct plain_job {
	struct edit_pair *labels;
	unsigned label_count;
};

struct survey {
	struct sg_arena arena; /* owns all names */
	const struct identity *who;
	struct terms terms;
	bool measures; /* whether the fit is to be checked or explained */
	struct violations violations; /* of the plan's LimitRange */
	LIST(struct asker) askers;
	LIST(struct autoscaler) autoscalers;
	LIST(struct plain_job) plain_jobs;
	struct calls calls;
	struct reach reach;
	unsigned objects;
	unsigned stamped_templates;
	unsigned dropped;
	/* Names of what operators make pods of, as far as they fit a message. */
	struct sg_buffer operated;
	unsigned operated_shown, operated_more;
	bool asked_for_class; /* the warning of claims without one was given */
};

int survey_init(struct survey *s, const struct identity *who, bool measures,
		struct sg_error *e);
void survey_release(struct survey *s);

/* `scratch` is for what need not last beyond this object. */
int survey_object(struct survey *s, const struct object *o,
		  const struct component *component, struct sg_arena *scratch,
		  struct diagnostics *d, struct sg_error *e);

/* Once, after all objects: warns of what concerns several of them. */
void survey_report(const struct survey *s, struct diagnostics *d);

/*
 * Once, after all objects: raises replicas to the autoscalers' maxima, and adds
 * what asks for quota besides the release.
 */
int survey_finish(struct survey *s, struct sg_error *e);

/* Pods that an asker may have at once; 0 for what has none. */
int64_t asker_pods(const struct asker *asker);
/* How many times it asks for `each`. */
int64_t asker_times(const struct asker *asker);

#endif
