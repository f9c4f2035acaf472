/* Promela knows neither quantifiers nor a choice over a range: these write them out.
   Uids are 1..UIDS (0 is none); an entry is owner * NAMES + name. */

#if UIDS == 2
#define ANY_UID(f, a)   (f(1, a) || f(2, a))
#define SUM_UIDS(f, a)  (f(1, a) + f(2, a))
#define EACH_UID(c)     c(1) c(2)
#elif UIDS == 3
#define ANY_UID(f, a)   (f(1, a) || f(2, a) || f(3, a))
#define SUM_UIDS(f, a)  (f(1, a) + f(2, a) + f(3, a))
#define EACH_UID(c)     c(1) c(2) c(3)
#elif UIDS == 4
#define ANY_UID(f, a)   (f(1, a) || f(2, a) || f(3, a) || f(4, a))
#define SUM_UIDS(f, a)  (f(1, a) + f(2, a) + f(3, a) + f(4, a))
#define EACH_UID(c)     c(1) c(2) c(3) c(4)
#endif

#if NAMES == 2
#define SUM_NAMES(f, o) (f((o) * 2) + f((o) * 2 + 1))
#elif NAMES == 3
#define SUM_NAMES(f, o) (f((o) * 3) + f((o) * 3 + 1) + f((o) * 3 + 2))
#endif

#define ENTRIES (OWNERS * NAMES)
#if OWNERS == 1 && NAMES == 2
#define EACH_ENTRY(c)  c(0) c(1)
#define ALL_ENTRIES(f) (f(0) && f(1))
#elif OWNERS == 1 && NAMES == 3
#define EACH_ENTRY(c)  c(0) c(1) c(2)
#define ALL_ENTRIES(f) (f(0) && f(1) && f(2))
#elif OWNERS == 2 && NAMES == 2
#define EACH_ENTRY(c)  c(0) c(1) c(2) c(3)
#define ALL_ENTRIES(f) (f(0) && f(1) && f(2) && f(3))
#endif
