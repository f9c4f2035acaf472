/*
 * What became of the StorePolicy "default", told in the object itself: its condition
 * InForce is True (reason Accepted), or False (reason Invalid) with what is wrong and
 * what is in force instead. `kubectl get storepolicies` prints it. And status.accepted
 * keeps the last that was accepted, for replicas that start while a later one is broken.
 *
 * Any replica writes it, when the object shows something else. So that replicas of two
 * versions that disagree do not go on for ever, each corrects another once per
 * generation; messages alone are no reason to write, and what is kept is only replaced by
 * a later generation. Written by server-side apply,
 * which leaves other conditions alone, on the resourceVersion that it was decided on: of
 * two replicas one wins, and the other sees that all is said.
 *
 * Asked of RBAC: patch of storepolicies/status.
 */
#ifndef SG_POLICY_STATUS_H
#define SG_POLICY_STATUS_H

#include "policies.h"

struct policy_status;

/* All of it must live until policy_status_free(). */
int policy_status_start(struct api *api, struct policies *policies,
			const struct log *log, struct policy_status **out,
			struct sg_error *e);
/* Behind the sink of `policies`: notes what is to be written, and never waits. */
struct informer_sink policy_status_sink(struct policy_status *s);
/* The sink is no longer called, and api_stop() was. */
void policy_status_free(struct policy_status *s);

#endif
