/* A request to the API server that needs a place (a CREATE of a Store, or an UPDATE that
   gives one to another owner), with the call of the webhook inside it.

   The webhook's replica crashes, the answer is lost, the client has gone, time is up: to
   the ledger these are one thing, a request that ends at a step of its life and commits
   nothing. A write whose answer is lost is one that was applied just before. Which replica
   answers makes no difference: it keeps nothing between two calls but a cache of the
   StoreQuota, and that is either what is there, like a read, or makes the PUT fail.

   The quorum GET of the Store before a CREATE is left out: it only refuses, and any request
   here may end at any step. */

#define has_listed(u, _)       ((listed & BIT(u)) != 0)
#define listed_as(u, n)        ((listed & BIT(u)) && name_of[u] == (n))
#define room_beside_listed(n)  (ANY_UID(listed_as, n) || SUM_UIDS(has_listed, 0) < HARD)

inline list_stores(o)
{
	listed = 0;
	i = 1;
	do
	:: i <= UIDS && owned(i, o) -> listed = listed | BIT(i); i++
	:: i <= UIDS && !owned(i, o) -> i++
	:: else -> break
	od;
	i = 0
}

inline seed_entries(o)
{
	i = 1;
	do
	:: i <= UIDS && has_listed(i, 0) -> quota_add(o, (o) * NAMES + name_of[i], i); i++
	:: i <= UIDS && !has_listed(i, 0) -> i++
	:: else -> break
	od;
	i = 0;
	quota[o] = SEEDED
}

#define who   (REPLICAS + id - 1)
#define entry (o * NAMES + name_of[u])

#define IS_CREATE (id <= UIDS)

/* Of UPDATEs: the Store is still what was read, so that the commit goes through (bits:
   requests). The API server would admit a conflicting one again; here it fails, its client
   may retry. */
byte unchanged;

/* Two requests that differ in nothing but the uid: the first one reserves first. Any other
   course is one of these with the uids exchanged. */
byte went_first;
hidden byte goes_after[REQUESTS + 1] = GOES_AFTER;

/* A status that is absent is made from a LIST that begins after the GET that showed it. */
#if defined(SEED_BEFORE_GET)
#define may_get(o)  seeds
#define may_list(o) (!seeds)
#define NOT_LISTED  skip
#elif defined(NO_SEED)
#define may_get(o)  true
#define may_list(o) false
#define NOT_LISTED  seeds = true
#else
#define may_get(o)  true
#define may_list(o) (is_current(o, who) && quota[o] == UNSEEDED && !seeds)
#define NOT_LISTED  seeds = false; listed = 0
#endif

proctype request(byte id; byte u; byte o)
{
	byte listed;
	bool seeds;     /* it has listed the Stores */

	if
	:: IS_CREATE
	:: d_step {
		!IS_CREATE && (lives & BIT(u)) && owner_of[u] != o ->
		unchanged = unchanged | BIT(id);
		SAY("request %d: UPDATE of store %d (uid %d) to owner %d\n", id, name_of[u], u, o)
	}
	:: !IS_CREATE -> goto ended
	fi;

	do
	:: d_step {
		quota[o] != ABSENT && !is_current(o, who) && may_get(o) -> get_quota(o, who);
		NOT_LISTED;
		SAY("request %d (store %d, uid %d): ledger_reserve: GET of owner %d's StoreQuota", id, name_of[u], u, o);
		SAY(", status %d\n", quota[o])
	}
	:: d_step {
		quota[o] == ABSENT -> quota[o] = UNSEEDED; new_version(o);
		SAY("request %d: ledger_seed: POST of owner %d's StoreQuota\n", id, o)
	}
	:: d_step {
		may_list(o) -> list_stores(o);
		seeds = true;
		SAY("request %d: ledger_seed: LIST of owner %d's Stores\n", id, o)
	}
	:: atomic {
		is_current(o, who) && (quota[o] == SEEDED -> room(o, entry) : seeds && room_beside_listed(name_of[u])) &&
		(went_first & goes_after[id]) == goes_after[id] ->
		d_step {
			SAY("request %d (store %d, uid %d): ledger_reserve: PUT", id, name_of[u], u);
			if
			:: quota[o] == UNSEEDED -> seed_entries(o); SAY(" (seeded)")
			:: else
			fi;
			quota_reserve(o, entry, u);
			SAY(": owner %d's entry has uid %d\n", o, entry_uid[entry]);
			in_flight = in_flight | BIT(id);
			went_first = went_first | BIT(id);
			seeds = false;
			listed = 0
		};
		break
	}
	:: goto ended   /* full, or given up */
	od;

	if
	:: atomic {
		IS_CREATE && !name_taken(name_of[u]) ->
		d_step {
			store_commits(u, o);
			request_ends(id);
			SAY("request %d commits: store %d (uid %d) of owner %d lives\n", id, name_of[u], u, o)
		};
		assert(live_stores(o) <= ALLOWED)
	}
	:: atomic {
		!IS_CREATE && (lives & BIT(u)) && (unchanged & BIT(id)) ->
		d_step {
			owner_of[u] = o;
			unchanged = 0;
			request_ends(id);
			SAY("request %d commits: store %d (uid %d) is owner %d's\n", id, name_of[u], u, o)
		};
		assert(live_stores(o) <= ALLOWED)
	}
	:: d_step {
		request_ends(id);
		SAY("request %d fails after it was admitted\n", id)
	}
	fi;

ended:
	atomic {
		went_first = went_first | BIT(id);
		unchanged = unchanged & ~BIT(id);
		current[o] = current[o] & ~BIT(who);
		seeds = false;
		listed = 0
	}
}

#undef who
#undef entry
