/* quota.c: what is done to a StoreQuota between a read and a PUT. The PUT is the same
   step: these are called only where it goes through. */

#define room(o, e) (has(e) || used(o) < HARD)

/* The entry gets the next number: no replica has observed it. */
inline number(e)
{
	forget(0, e);
	forget(1, e)
}

inline quota_reserve(o, e, uid)
{
	if
	:: has(e) && entry_uid[e] == uid ->
#ifndef IDENTICAL_REFRESH
		number(e);
		new_version(o);
#endif
		skip
	:: has(e) && entry_uid[e] != uid ->
#ifdef IDENTICAL_REFRESH
		if
		:: entry_uid[e] != 0 -> entry_uid[e] = 0; new_version(o)
		:: else
		fi
#else
#ifndef REFRESH_KEEPS_UID
		entry_uid[e] = 0;
#endif
		number(e);
		new_version(o)
#endif
	:: !has(e) -> quota_add(o, e, uid)
	fi
}

inline quota_add(o, e, uid)
{
	entries = entries | BIT(e);
	entry_uid[e] = uid;
#ifndef COUNTER_RESTARTS
	number(e);
#endif
	new_version(o)
}

/* quota_drop_uid and quota_drop_entry: they differ in what they ask before. */
inline quota_drop(o, e)
{
	entries = entries & ~BIT(e);
	entry_uid[e] = 0;
#ifndef COUNTER_RESTARTS
	number(e);
#endif
	new_version(o)
}
