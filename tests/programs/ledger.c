/*
 * The ledger and its keeper by hand or by a test:
 *
 *     ledger KUBECONFIG TTL_MS
 *
 * reads a command a line, answers in a line each:
 *
 *     reserve OWNER STORE UID HARD PER_MINUTE MS	verdict, used, limit and wait, or why
 *     reserve-in-background …				the same, and reads on
 *     look OWNER STORE UID HARD PER_MINUTE MS		the same, as a dry run
 *     storm OWNER N HARD MS				reserves shop-0 … shop-(N-1) at once
 *     count						what is counted
 */
#include <pthread.h>

#include "cleanup.h"
#include "clock.h"
#include "commands.h"
#include "keeper.h"

enum { RESERVE_WORDS = 7, STORM = 64 };

struct all {
	struct api *api;
	struct stores *stores;
	struct quotas *quotas;
	struct ledger *ledger;
	struct keeper *keeper;
	struct ledger_counters counters;
	struct informer *of_stores;
	struct informer *of_quotas;
};

static void start(struct all *all, const char *kubeconfig, int64_t ttl)
{
	struct sg_error e = { 0 };
	const struct informer_options quotas = {
		.path = "/apis/urumi.io/v1/storequotas"
	};
	if (api_open(kubeconfig, &all->api, &e))
		commands_fail(&e);
	all->stores = stores_new();
	all->quotas = quotas_new(&commands_log);
	all->ledger = ledger_new(all->api, &all->counters, STORM);
	all->keeper = keeper_new();
	const struct informer_sink to_stores = stores_sink(all->stores);
	const struct informer_sink to_keeper = keeper_sink(all->keeper);
	const struct informer_options stores = {
		.path = "/apis/urumi.io/v1/stores", .also = &to_keeper
	};
	const struct informer_sink to_quotas = quotas_sink(all->quotas);
	if (informer_start(all->api, &stores, &to_stores, &commands_log,
			   &all->of_stores, &e) ||
	    informer_start(all->api, &quotas, &to_quotas, &commands_log,
			   &all->of_quotas, &e))
		commands_fail(&e);
	const struct keeper_options keeper = {
		.api = all->api, .ledger = all->ledger,
		.counters = &all->counters, .quotas = all->quotas,
		.stores = all->stores, .quota_watch = all->of_quotas,
		.store_watch = all->of_stores, .ttl = ttl, .log = &commands_log,
	};
	if (keeper_start(all->keeper, &keeper, &e))
		commands_fail(&e);
}

static void stop(struct all *all)
{
	api_stop(all->api);
	keeper_stop(all->keeper);
	informer_free(all->of_stores);
	informer_free(all->of_quotas);
	keeper_free(all->keeper);
	ledger_free(all->ledger);
	quotas_free(all->quotas);
	stores_free(all->stores);
	api_free(all->api);
}

/* --- commands --- */

static const char *const verdicts[] = {
	[LEDGER_UNKNOWN] = "unknown",   [LEDGER_NO_LIMIT] = "no-limit",
	[LEDGER_RESERVED] = "reserved", [LEDGER_FULL] = "full",
	[LEDGER_TOO_FAST] = "too-fast",
};

static void reserve(const struct all *all, char **word)
{
	cleanup_arena struct sg_arena arena;
	struct sg_error e = { 0 };
	struct ledger_outcome out;
	int64_t begun = clock_now();
	const struct ledger_request r = {
		.owner = word[1],
		.store = word[2],
		.uid = word[3],
		.hard = strtoll(word[4], NULL, 10),
		.per_minute = strtoll(word[5], NULL, 10),
		.dry_run = strcmp(word[0], "look") == 0,
		.deadline = begun + strtoll(word[6], NULL, 10),
	};
	sg_arena_init(&arena);
	ledger_reserve(all->ledger, &arena, &r, &out, &e);
	int64_t took = clock_now() - begun;
	if (out.verdict == LEDGER_UNKNOWN)
		printf("unknown %lld %s\n", (long long)took, e.message);
	else
		printf("%s %u %lld %lld\n", verdicts[out.verdict],
		       out.quota.count, (long long)out.hard,
		       (long long)out.wait);
}

struct background {
	const struct all *all;
	char words[RESERVE_WORDS][128];
};

static void *reserve_in_background(void *context)
{
	struct background *b = context;
	char *word[RESERVE_WORDS + 1] = { 0 };
	for (unsigned i = 0; i < RESERVE_WORDS; i++)
		word[i] = b->words[i];
	reserve(b->all, word);
	free(b);
	return NULL;
}

static void start_background(const struct all *all, char **word)
{
	struct background *b = calloc(1, sizeof *b);
	pthread_t thread;
	if (!b)
		abort();
	b->all = all;
	for (unsigned i = 0; i < RESERVE_WORDS; i++)
		(void)snprintf(b->words[i], sizeof b->words[i], "%s", word[i]);
	if (pthread_create(&thread, NULL, reserve_in_background, b) ||
	    pthread_detach(thread))
		abort();
}

struct question {
	const struct all *all;
	char **word;
	unsigned long number;
	enum ledger_verdict verdict;
};

static void *ask(void *context)
{
	struct question *q = context;
	cleanup_arena struct sg_arena arena;
	struct sg_error e = { 0 };
	struct ledger_outcome out;
	char name[32], uid[32];
	(void)snprintf(name, sizeof name, "shop-%lu", q->number);
	(void)snprintf(uid, sizeof uid, "u-%lu", q->number);
	const struct ledger_request r = {
		.owner = q->word[1],
		.store = name,
		.uid = uid,
		.hard = strtoll(q->word[3], NULL, 10),
		.deadline = clock_now() + strtoll(q->word[4], NULL, 10),
	};
	sg_arena_init(&arena);
	ledger_reserve(q->all->ledger, &arena, &r, &out, &e);
	q->verdict = out.verdict;
	return NULL;
}

static void storm(const struct all *all, char **word)
{
	struct question questions[STORM];
	pthread_t threads[STORM];
	unsigned long count = strtoul(word[2], NULL, 10);
	unsigned long got[LEDGER_TOO_FAST + 1] = { 0 };
	if (count > STORM)
		count = STORM;
	for (unsigned long i = 0; i < count; i++) {
		questions[i] = (struct question){ .all = all, .word = word,
						  .number = i };
		if (pthread_create(&threads[i], NULL, ask, &questions[i]))
			abort();
	}
	for (unsigned long i = 0; i < count; i++) {
		(void)pthread_join(threads[i], NULL);
		got[questions[i].verdict]++;
	}
	printf("storm reserved=%lu full=%lu unknown=%lu\n",
	       got[LEDGER_RESERVED], got[LEDGER_FULL], got[LEDGER_UNKNOWN]);
}

static void tell_counts(struct all *all)
{
	atomic_ulong *v = all->counters.values;
	printf("count writes=%lu conflicts=%lu retries=%lu seeded=%lu dropped=%lu leaks=%lu missing=%lu\n",
	       atomic_load(&v[LEDGER_COUNT_WRITES]),
	       atomic_load(&v[LEDGER_COUNT_CONFLICTS]),
	       atomic_load(&v[LEDGER_COUNT_RETRIES]),
	       atomic_load(&v[LEDGER_COUNT_SEEDED]),
	       atomic_load(&v[LEDGER_COUNT_DROPPED]),
	       atomic_load(&v[LEDGER_COUNT_LEAKS]),
	       atomic_load(&v[LEDGER_COUNT_MISSING]));
}

static void answer(void *context, char **word)
{
	struct all *all = context;
	if (strcmp(word[0], "count") == 0)
		tell_counts(all);
	else if (strcmp(word[0], "storm") == 0 && word[4])
		storm(all, word);
	else if (word[6] && strcmp(word[0], "reserve-in-background") == 0)
		start_background(all, word);
	else if (word[6])
		reserve(all, word);
	else
		printf("failed what is \"%s\"?\n", word[0]);
}

int main(int argc, char **argv)
{
	struct all all = { 0 };
	if (argc != 3) {
		(void)fputs("usage: ledger KUBECONFIG TTL_MS\n", stderr);
		return 2;
	}
	start(&all, argv[1], strtoll(argv[2], NULL, 10));
	commands_run(answer, &all);
	int64_t begun = clock_now();
	stop(&all);
	printf("stopped %lld\n", (long long)(clock_now() - begun));
	return 0;
}
