/* What each keeper is at. Its steps are in keeper.pml; this is here for the writes of
   others, which end a run. */

mtype = { idle, keeper_drop_deleted, keeper_drop_leaked, keeper_drop_leaked_put,
	keeper_identify, keeper_add_missing, keeper_add_missing_put, down };
mtype doing[REPLICAS] = idle;   /* what is under way: its StoreQuota has been read */
byte target[REPLICAS];          /* the entry */
byte with_uid[REPLICAS];

inline done(r)
{
	current[owner_in(target[r])] = current[owner_in(target[r])] & ~BIT(r);
	doing[r] = idle;
	target[r] = 0;
	with_uid[r] = 0
}

/* The StoreQuota was written after this run had read it. Another run may begin at once;
   3a: it is still to do. */
inline conflict(o, r)
{
	if
	:: is_current(o, r) && doing[r] == keeper_drop_deleted ->
		cached[r] = cached[r] | BIT(with_uid[r]);
		done(r)
#ifdef DROP_WITHOUT_CAS
	:: is_current(o, r) && doing[r] == keeper_drop_leaked
	:: is_current(o, r) && doing[r] == keeper_drop_leaked_put
#endif
	:: else ->
		if
		:: is_current(o, r) -> done(r)
		:: else
		fi
	fi
}

inline new_version(o)
{
	conflict(o, 0);
	conflict(o, 1);
	current[o] = 0
}
