/* A model of the ledger, to be checked by spin: `run` here says with which bounds and
   faults. README.md says how to read it beside the code.

   Each call of the API server (quorum GET, LIST, PUT with a resourceVersion, POST) is a
   step of its own; anything may happen between two. */

#define REPLICAS 2
#define SAY printf

byte faults = FAULTS;    /* crashes and relists that may happen */

#include "each.pml"
#include "world.pml"
#include "runs.pml"
#include "quota.pml"
#include "request.pml"
#include "keeper.pml"
#include "clients.pml"

init
{
	atomic {
		START;
		run keeper(0);
		run keeper(1);
		run deletions();
		run rest()
	}
}
