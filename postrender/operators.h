/*
 * Objects that some operator makes pods and volume claims of, which nobody here
 * can count or recognise: a CloudNativePG Cluster, a Redis, a Flux HelmRelease.
 *
 * No list of operators is ever whole. So whatever is of a group of neither
 * Kubernetes' own nor ours counts as one if its kind ends in "Cluster", or its
 * spec sizes something within three levels (instances, replicas, storage,
 * resources, containers …), unless it is known to bring no pods; and a few that
 * bring all sorts without saying so are known by name.
 */
#ifndef SG_OPERATORS_H
#define SG_OPERATORS_H

#include "object.h"

bool operator_makes_pods(const struct object *o);

#endif
