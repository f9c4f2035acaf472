#include "autoscalers.h"

#include <stdlib.h>
#include <string.h>

#include "decode.h"
#include "demand.h"

/* KEDA's own default; a HorizontalPodAutoscaler has to state its maximum. */
enum { DEFAULT_MAX = 100 };

static bool is_hpa(const struct object *o)
{
	return strcmp(o->group, "autoscaling") == 0 &&
	       strcmp(o->kind, "HorizontalPodAutoscaler") == 0;
}

static bool is_keda(const struct object *o)
{
	return strcmp(o->group, "keda.sh") == 0 &&
	       strcmp(o->kind, "ScaledObject") == 0;
}

bool autoscaler_is_one(const struct object *o)
{
	return is_hpa(o) || is_keda(o);
}

int autoscaler_read(const struct object *o, struct autoscaler *out,
		    struct sg_error *e)
{
	const struct node *spec = node_get(o->root, "spec");
	const struct node *target = node_get(spec, "scaleTargetRef");
	const char *kind = node_text(node_get(target, "kind"));
	const char *name = node_text(node_get(target, "name"));
	*out = (struct autoscaler){
		.kind = kind ? kind : "Deployment",
		.name = name ? name : "",
		/* without a minimum of 0, no replicas mean: leave it alone */
		.from_zero = is_keda(o) ||
			     node_is(node_get(spec, "minReplicas"), "0"),
		.max = DEFAULT_MAX,
	};
	return decode_int(spec, "spec",
			  is_keda(o) ? "maxReplicaCount" : "maxReplicas", 1,
			  DEMAND_MAX_REPLICAS, &out->max, e);
}

static int compare(const void *left, const void *right)
{
	const struct autoscaler *a = left, *b = right;
	int order = strcmp(a->name, b->name);
	if (order == 0)
		order = strcmp(a->kind, b->kind);
	return order ? order : a->from_zero - b->from_zero;
}

void autoscalers_sort(struct autoscaler *list, unsigned count)
{
	if (count == 0)
		return;
	qsort(list, count, sizeof *list, compare);
	for (unsigned i = 1; i < count; i++)
		if (compare(&list[i - 1], &list[i]) == 0 &&
		    list[i].max < list[i - 1].max)
			list[i].max = list[i - 1].max;
	for (unsigned i = count - 1; i > 0; i--)
		if (compare(&list[i - 1], &list[i]) == 0)
			list[i - 1].max = list[i].max;
}

int64_t autoscalers_raise(const struct autoscaler *list, unsigned count,
			  const char *kind, const char *name, int64_t replicas)
{
	int64_t most = replicas;
	for (int from_zero = replicas == 0; count && from_zero <= 1;
	     from_zero++) {
		const struct autoscaler key = { kind, name, from_zero, 0 };
		const struct autoscaler *found =
			bsearch(&key, list, count, sizeof *list, compare);
		if (found && most < found->max)
			most = found->max;
	}
	return most;
}
