/*
 * Maxima that autoscalers may raise a workload's replicas to: of a
 * HorizontalPodAutoscaler, and of KEDA's ScaledObject.
 */
#ifndef SG_AUTOSCALERS_H
#define SG_AUTOSCALERS_H

#include "object.h"

struct autoscaler {
	const char *kind; /* of its target */
	const char *name;
	bool from_zero; /* it scales up what has no replicas, too */
	int64_t max;
};

/* Whether it is one; then *out borrows from the object. */
bool autoscaler_is_one(const struct object *o);
int autoscaler_read(const struct object *o, struct autoscaler *out,
		    struct sg_error *e);

/* Sorts them, for autoscalers_raise(); of several alike the largest counts. */
void autoscalers_sort(struct autoscaler *list, unsigned count);
/* As many replicas as that workload may get by a sorted list. */
int64_t autoscalers_raise(const struct autoscaler *list, unsigned count,
			  const char *kind, const char *name,
			  int64_t replicas);

#endif
