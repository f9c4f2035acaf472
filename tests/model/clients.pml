/* What goes on without the webhook: Stores and StoreQuotas are deleted. And the end. */

#define DELETE(x) \
	:: d_step { lives & BIT(x) -> lives = lives & ~BIT(x); \
	   SAY("store %d (uid %d) of owner %d is gone\n", name_of[x], x, owner_of[x]) }
#define ADMIT_DELETE(x) \
	:: d_step { (lives & BIT(x)) && has(entry_of(x)) -> quota_drop(owner_of[x], entry_of(x)); \
	   SAY("DELETE of store %d is admitted: owner %d's entry is gone\n", name_of[x], owner_of[x]) }

/* A DELETE and the finalizers after it are one step: until then the Store counts. */
proctype deletions()
{
	do
	EACH_UID(DELETE)
#ifdef RELEASE_AT_DELETE_ADMISSION
	EACH_UID(ADMIT_DELETE)
#endif
	:: break
	od
}

#ifdef QUOTA_DELETED
#define UNUSED(o) true
#else
#define UNUSED(o) (used(o) == 0)
#endif

/* The guard and the deletion are one transaction of the API server. A new object has a
   new uid, so that what was observed of the old one matches nothing. */
proctype quota_deletion(byte o)
{
	if
	:: d_step {
		quota[o] != ABSENT && UNUSED(o) ->
		quota[o] = ABSENT;
		new_version(o);
		i = 0;
		do
		:: i < ENTRIES && owner_in(i) == o ->
			entries = entries & ~BIT(i);
			entry_uid[i] = 0;
			number(i);
			i++
		:: i < ENTRIES && owner_in(i) != o -> i++
		:: else -> break
		od;
		i = 0;
		SAY("owner %d's StoreQuota is deleted\n", o)
	}
	:: skip
	fi
}

/* A Store that is made while the webhook is not asked. */
proctype bypass(byte u; byte o)
{
	if
	:: d_step {
		!name_taken(name_of[u]) ->
		store_commits(u, o);
		SAY("store %d (uid %d) of owner %d is made past the webhook\n", name_of[u], u, o)
	}
	:: skip
	fi
}

#define is_exact(e) (quota[owner_in(e)] != SEEDED || has(e) == (store_lives(e) != 0))

/* Nothing can happen any more: requests have ended, deletions are told, time has passed. */
proctype rest()
{
	bool ledger_equals_stores;
end:
	atomic {
		timeout ->
		ledger_equals_stores = ALL_ENTRIES(is_exact);
		assert(ledger_equals_stores)
	}
}
