/* What etcd holds, and what a write to it does. */

#define BIT(i) (1 << (i))
hidden byte i;

/* --- Stores ------------------------------------------------------------------ */

/* A uid stands for one creation: the API server draws it before admission. */
hidden byte name_of[UIDS + 1] = NAME_OF;
byte owner_of[UIDS + 1];        /* of the Store while it lives, and as it died */
byte lives = LIVES_AT_FIRST;    /* bits: uids */

#define owner_in(e) ((e) / NAMES)
#define name_in(e)  ((e) % NAMES)
#define entry_of(u) (owner_of[u] * NAMES + name_of[u])

#define lives_as(u, e)       ((lives & BIT(u)) && entry_of(u) == (e))
#define named(u, n)          ((lives & BIT(u)) && name_of[u] == (n))
#define owned(u, o)          ((lives & BIT(u)) && owner_of[u] == (o))
#define store_lives(e)       ANY_UID(lives_as, e)
#define name_taken(n)        ANY_UID(named, n)
#define live_stores(o)       SUM_UIDS(owned, o)

inline store_commits(u, o)
{
	lives = lives | BIT(u);
	owner_of[u] = o;
	cached[0] = cached[0] | BIT(u);
	cached[1] = cached[1] | BIT(u)
}

/* --- StoreQuotas ------------------------------------------------------------- */

#define ABSENT   0      /* no object */
#define UNSEEDED 1      /* an object without a status */
#define SEEDED   2
byte quota[OWNERS] = QUOTA_AT_FIRST;
byte entries = ENTRIES_AT_FIRST;        /* bits: owner * NAMES + name */
byte entry_uid[ENTRIES] = ENTRY_UID_AT_FIRST;   /* 0: none */

#define has(e)       ((entries & BIT(e)) != 0)
#define used(o)      SUM_NAMES(has, o)

/* A resourceVersion is only ever compared with the object's present one. So instead of
   numbers: who has read the object since it was last written (bits). A read sets the
   reader's bit, a write clears all, a PUT goes through if the writer's bit is still set;
   what it has read is then what is there. A PUT that would fail changes nothing, so it is
   left out: who loses its bit is back before its read, a keeper's run is over. */
byte current[OWNERS];

#define is_current(o, who) (current[o] & BIT(who))

inline get_quota(o, who) { current[o] = current[o] | BIT(who) }

/* --- Requests in flight, and time ------------------------------------------------ */

/* Requests that were admitted (their reservation is written) and have neither committed
   nor failed: bits, never used again. */
byte in_flight;
hidden byte requests_for[ENTRIES] = REQUESTS_FOR;

/* Time is nothing but this: the TTL is longer than a request lives, so when a replica has
   seen an entry unchanged for the TTL, every request that was in flight as it first saw it
   has ended. Nothing is assumed of requests that came after, nor of how fast the TTL goes
   by in one replica beside what happens elsewhere, nor of the webhooks' and keepers' own
   writes: they may be applied at any time. Requests that began before the observation but
   reserve after it are not waited for either, though the real TTL outlasts them, too. */
byte awaited[REPLICAS * ENTRIES];

/* Which replicas have observed the entry's present reservation (bits). A number is only
   ever compared with the one observed and never comes again in one object, so what was
   observed before the last reservation is as good as nothing. A StoreQuota that is made
   anew has another uid: the same. */
byte observed[ENTRIES];

#define at(r, e) ((r) * ENTRIES + (e))
#define has_observed(r, e) (observed[e] & BIT(r))

#ifdef TTL_TOO_SHORT
#define ttl_over(r, e) true
#else
#define ttl_over(r, e) (awaited[at(r, e)] == 0)
#endif

inline observe(r, e)
{
	observed[e] = observed[e] | BIT(r);
	awaited[at(r, e)] = in_flight & requests_for[e]
}

inline forget(r, e)
{
	observed[e] = observed[e] & ~BIT(r);
	awaited[at(r, e)] = 0
}

inline request_ends(id)
{
	in_flight = in_flight & ~BIT(id);
	i = 0;
	do
	:: i < REPLICAS * ENTRIES -> awaited[i] = awaited[i] & ~BIT(id); i++
	:: else -> break
	od;
	i = 0
}

/* --- Store watches, one in each replica ---------------------------------------------- */

/* Stores that the replica's cache may hold: their creation may have been told, their
   deletion has not. Both come as late as they like; events of different Stores come in
   any order, which is more than the API server does. */
byte cached[REPLICAS] = LIVES_AT_FIRST;
