/*
 * Which component of the engine's profile an object is: the one that its
 * urumi.io/component label names; for Jobs, CronJobs and hook Pods the profile's
 * component for those; else what its labels, its main container's image and the
 * ports declared there speak for; else the first of the further containers that
 * speaks for one.
 *
 * Where these contradict each other, no guess may open a database: the one that
 * is not public is chosen, then the one that most speaks for.
 */
#ifndef SG_CLASSIFY_H
#define SG_CLASSIFY_H

#include "object.h"
#include "policy.h"

/*
 * NULL when no component matches. *rival is another that something as telling
 * speaks for, so that somebody has to say which it is; NULL where all agree.
 * Labels tell the more the earlier the profile lists their key, and what the
 * profile does not know of a component (images, ports) can't speak against it.
 */
const struct component *classify(const struct engine *engine,
				 const struct object *o,
				 const struct component **rival);

/*
 * The container whose ports are the component's own: the main one, or where its
 * image does not speak for the component, the first whose image does.
 */
const struct node *classify_main(const struct object *o,
				 const struct component *c);

#endif
