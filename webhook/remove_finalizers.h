/*
 * The end of all: takes our finalizer off every Store, so that what is deleted after
 * this program's uninstallation is gone, and nothing waits for it for ever.
 *
 * Goes over the whole list again and again until none has it: others may put it back as
 * long as they run. What is refused is tried again, since grants and the end of webhook
 * configurations take effect when the API server has heard of them; after half a minute
 * without progress, or four minutes in all, it gives up.
 *
 * Asked of RBAC: list, patch of stores.
 */
#ifndef SG_REMOVE_FINALIZERS_H
#define SG_REMOVE_FINALIZERS_H

#include "error.h"

/*
 * Says on stdout what it does. 0 when no Store has the finalizer, also because there are
 * no Stores at all. kubeconfig NULL: the pod's service account.
 */
int remove_finalizers(const char *kubeconfig, struct sg_error *e);

#endif
