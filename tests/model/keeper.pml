/* keeper.c: one thread in each replica, with its watches and what it has observed. */

/* --- 3a ----------------------------------------------------------------------------- */

#define deletion_told(r, u) ((cached[r] & BIT(u)) && !(lives & BIT(u)))
#ifdef DROP_BY_NAME
#define is_entry_of(e, u) has(e)
#else
#define is_entry_of(e, u) (has(e) && entry_uid[e] == u)
#endif

#define DROP_DELETED(u) \
	:: d_step { doing[r] == idle && deletion_told(r, u) -> \
	   cached[r] = cached[r] & ~BIT(u); \
	   SAY("replica %d: the watch tells the deletion of store %d (uid %d)", r, name_of[u], u); \
	   if \
	   :: is_entry_of(entry_of(u), u) -> \
	      doing[r] = keeper_drop_deleted; target[r] = entry_of(u); with_uid[r] = u; \
	      get_quota(owner_of[u], r); \
	      SAY("; keeper_drop_deleted: GET of the StoreQuota\n") \
	   :: else -> SAY("; not the entry's\n") \
	   fi }

/* --- 3b, 3c --------------------------------------------------------------------------- */

#if defined(NO_IDENTIFY) || defined(STORE_BEFORE_QUOTA)
#define unknown(e) false
#else
#define unknown(e) (entry_uid[e] == 0)
#endif
/* A run that finds the Store alive and its uid in the entry changes nothing. Such a run
   may begin EARLY times only (just before the Store goes): else there was no rest. */
byte early = EARLY;
#define worth_it(e) (!store_lives(e) || unknown(e) || early > 0)

#ifdef GET_BEFORE_TTL
#define ttl_at_start(r, e) true
#define ttl_at_get(r, e)   true
#define ttl_at_put(r, e)   ttl_over(r, e)
#elif defined(IDENTIFY_BEFORE_TTL)
#define ttl_at_start(r, e) (ttl_over(r, e) || store_lives(e))
#define ttl_at_get(r, e)   ttl_over(r, e)
#define ttl_at_put(r, e)   true
#else
#define ttl_at_start(r, e) ttl_over(r, e)
#define ttl_at_get(r, e)   true
#define ttl_at_put(r, e)   true
#endif
#ifdef NO_TTL_DROP
#define outlived(r, e) false
#else
#define outlived(r, e) \
	(has(e) && has_observed(r, e) && ttl_at_start(r, e) && worth_it(e))
#endif

#define in_cache(u, e) ((cached[r] & BIT(u)) && entry_of(u) == (e))
#ifdef CACHED_GET       /* the creation may not have been told yet */
#define gets_none(e)   true
#else
#define gets_none(e)   (!store_lives(e))
#endif
#ifdef IDENTIFY_FROM_CACHE
#define gets_uid(u, e) in_cache(u, e)
#else
#define gets_uid(u, e) lives_as(u, e)
#endif

#define OBSERVE(e) \
	:: d_step { doing[r] == idle && has(e) && !has_observed(r, e) -> observe(r, e); \
	   SAY("replica %d observes owner %d's entry of store %d\n", r, owner_in(e), name_in(e)) }

#define DROP_LEAKED(e) \
	:: d_step { doing[r] == idle && outlived(r, e) -> \
	   if \
	   :: store_lives(e) && !unknown(e) -> early-- \
	   :: else \
	   fi; \
	   doing[r] = keeper_drop_leaked; target[r] = e; \
	   READ_FIRST(e) }

#ifdef STORE_BEFORE_QUOTA
#define READ_FIRST(e) \
	SAY("replica %d: keeper_drop_leaked: owner %d's entry of store %d has not changed for the TTL\n", r, owner_in(e), name_in(e))
#else
#define READ_FIRST(e) \
	get_quota(owner_in(e), r); \
	SAY("replica %d: keeper_drop_leaked: owner %d's entry of store %d has not changed for the TTL; GET of the StoreQuota\n", r, owner_in(e), name_in(e))
#endif

#define IDENTIFY(u) \
	:: d_step { doing[r] == keeper_drop_leaked && gets_uid(u, target[r]) && unknown(target[r]) -> \
	   doing[r] = keeper_identify; with_uid[r] = u; \
	   SAY("replica %d: keeper_identify: GET of store %d: uid %d\n", r, name_of[u], u) }

/* --- 4 ---------------------------------------------------------------------------------- */

#ifdef ADD_FROM_CACHE
byte from_cache = 2;            /* or it would add and drop without end */
#define may_exist(u)   ((lives & BIT(u)) || from_cache > 0)
#define is_there(u, e) true
#define COUNT_CACHED(u) \
	if \
	:: lives & BIT(u) \
	:: else -> from_cache-- \
	fi
#else
#define may_exist(u)   (lives & BIT(u))
#define is_there(u, e) lives_as(u, e)
#define COUNT_CACHED(u) skip
#endif
#ifdef ADD_UNSEEDED
#define may_add(o) (quota[o] != ABSENT)
#else
#define may_add(o) (quota[o] == SEEDED)
#endif
#ifdef NO_ADD_MISSING
#define missing(r, u) false
#else
#define missing(r, u) \
	((cached[r] & BIT(u)) && may_exist(u) && may_add(owner_of[u]) && !has(entry_of(u)))
#endif

#define ADD_MISSING(u) \
	:: d_step { doing[r] == idle && missing(r, u) -> \
	   COUNT_CACHED(u); \
	   doing[r] = keeper_add_missing; target[r] = entry_of(u); with_uid[r] = u; \
	   get_quota(owner_of[u], r); \
	   SAY("replica %d: keeper_add_missing: GET of owner %d's StoreQuota: no store %d in it\n", r, owner_of[u], name_of[u]) }

/* --- the thread --------------------------------------------------------------------------- */

inline list_and_watch(r)
{
	cached[r] = lives;
	SAY("replica %d lists the Stores; what went on before is not told\n", r)
}

#define its_entry target[r]
#define its_uid   with_uid[r]
#define its_owner owner_in(target[r])

#ifdef DROP_WITHOUT_CAS
#define goes_through(r) true
#else
#define goes_through(r) is_current(its_owner, r)
#endif

/* The run is over with its PUT, so that its own write is no conflict to it. */
hidden byte put_entry;
hidden byte put_uid;
inline done_with_put(r)
{
	put_entry = target[r];
	put_uid = with_uid[r];
	done(r)
}

proctype keeper(byte r)
{
end:
	do
	EACH_ENTRY(OBSERVE)
	EACH_UID(DROP_DELETED)
	EACH_ENTRY(DROP_LEAKED)
	EACH_UID(IDENTIFY)
	EACH_UID(ADD_MISSING)

	:: d_step {
		doing[r] == keeper_drop_deleted ->
		SAY("replica %d: keeper_drop_deleted: PUT: owner %d's entry of store %d is gone\n", r, its_owner, name_in(its_entry));
		done_with_put(r);
		quota_drop(owner_in(put_entry), put_entry)
	}
#ifdef STORE_BEFORE_QUOTA
	:: d_step {
		doing[r] == keeper_drop_leaked && !is_current(its_owner, r) && gets_none(its_entry) ->
		doing[r] = keeper_drop_leaked_put;
		SAY("replica %d: keeper_drop_leaked: GET of store %d: not there as owner %d's\n", r, name_in(its_entry), its_owner)
	}
	:: d_step {
		doing[r] == keeper_drop_leaked_put && !is_current(its_owner, r) ->
		if
		:: has(its_entry) && has_observed(r, its_entry) -> get_quota(its_owner, r);
			SAY("replica %d: keeper_drop_leaked: GET of the StoreQuota\n", r)
		:: else -> done(r)
		fi
	}
#else
	:: d_step {
		doing[r] == keeper_drop_leaked && gets_none(its_entry) && ttl_at_get(r, its_entry) ->
		doing[r] = keeper_drop_leaked_put;
		SAY("replica %d: keeper_drop_leaked: GET of store %d: not there as owner %d's\n", r, name_in(its_entry), its_owner)
	}
#endif
	:: d_step {
		doing[r] == keeper_drop_leaked && store_lives(its_entry) && !unknown(its_entry) -> done(r)
	}
	:: d_step {
		doing[r] == keeper_drop_leaked_put && goes_through(r) && ttl_at_put(r, its_entry) ->
		SAY("replica %d: keeper_drop_leaked: PUT: owner %d's entry of store %d is gone\n", r, its_owner, name_in(its_entry));
		done_with_put(r);
		quota_drop(owner_in(put_entry), put_entry)
	}
	:: d_step {
		doing[r] == keeper_identify ->
		SAY("replica %d: keeper_identify: PUT: owner %d's entry of store %d has uid %d\n", r, its_owner, name_in(its_entry), its_uid);
		done_with_put(r);
		entry_uid[put_entry] = put_uid;
		new_version(owner_in(put_entry))
	}
	:: d_step {
		doing[r] == keeper_add_missing ->
		if
		:: is_there(its_uid, its_entry) -> doing[r] = keeper_add_missing_put;
			SAY("replica %d: keeper_add_missing: GET of store %d\n", r, name_in(its_entry))
		:: else -> done(r)
		fi
	}
	:: d_step {
		doing[r] == keeper_add_missing_put ->
		SAY("replica %d: keeper_add_missing: PUT: store %d is in owner %d's entries\n", r, name_in(its_entry), its_owner);
		done_with_put(r);
		quota_add(owner_in(put_entry), put_entry, put_uid);
		quota[owner_in(put_entry)] = SEEDED
	}

	:: d_step { faults > 0 && doing[r] == idle -> faults--; list_and_watch(r) }
	/* Cache and observations are lost, what was under way ends. A write that was sent and
	   is applied later: the crash comes just after it. */
	:: d_step { faults > 0 && doing[r] != down -> faults--;
		done(r);
		i = 0;
		do
		:: i < ENTRIES -> forget(r, i); i++
		:: else -> break
		od;
		i = 0;
		cached[r] = 0;
		doing[r] = down;
		SAY("replica %d crashes\n", r)
	}
	:: d_step { doing[r] == down -> doing[r] = idle; list_and_watch(r) }
	od
}
