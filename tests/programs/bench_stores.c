/*
 * What many Stores in memory cost, and looking them up while they change:
 *
 *     bench_stores [STORES] [READERS]
 */
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "stores.h"

enum { LOOKUPS = 1000000, SAMPLES = 4096, EVENTS = 20000 };

struct bench {
	struct stores *stores;
	struct informer_sink sink;
	long count;
	atomic_bool over;
};

static int64_t nanoseconds(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static long resident_kib(void)
{
	char line[256];
	long kib = 0;
	FILE *status = fopen("/proc/self/status", "r");
	while (status && fgets(line, sizeof line, status))
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtol(line + 6, NULL, 10);
	if (status)
		(void)fclose(status);
	return kib;
}

static void name_of(long n, char *name, size_t size)
{
	(void)snprintf(name, size, "store-of-%06ld", n);
}

/* As the API server would say it. */
static void tell(struct bench *b, struct sg_arena *a, long n, const char *plan)
{
	char name[32], text[64];
	sg_arena_clear(a);
	struct node *object = node_new_mapping(a);
	struct node *metadata = node_new_mapping(a);
	struct node *spec = node_new_mapping(a);
	name_of(n, name, sizeof name);
	node_set_string(a, metadata, "name", name);
	(void)snprintf(text, sizeof text, "%08lx-4567-49ef-8123-456789abcdef",
		       n);
	node_set_string(a, metadata, "uid", text);
	node_set_string(a, metadata, "creationTimestamp",
			"2026-01-02T03:04:05Z");
	(void)snprintf(text, sizeof text, "owner-%ld@example.com", n / 3);
	node_set_string(a, spec, "owner", text);
	(void)snprintf(text, sizeof text, "%s.shops.example.com", name);
	node_set_string(a, spec, "host", text);
	node_set_string(a, spec, "engine", "woocommerce");
	node_set_string(a, spec, "plan", plan);
	node_set_string(a, spec, "delivery", "gitops");
	node_set(a, object, "metadata", metadata);
	node_set(a, object, "spec", spec);
	b->sink.set(b->sink.context, object);
}

static void list(struct bench *b, struct sg_arena *a, const char *plan)
{
	b->sink.begin(b->sink.context);
	for (long n = 0; n < b->count; n++)
		tell(b, a, n, plan);
	b->sink.end(b->sink.context);
}

static int by_value(const void *a, const void *b)
{
	const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

/* The mean of all, and how single ones spread. */
static void *read_many(void *context)
{
	struct bench *b = context;
	static _Thread_local int64_t samples[SAMPLES];
	struct sg_arena a;
	struct store_facts facts;
	char name[32], host[64];
	uint64_t random = (uint64_t)nanoseconds();
	long missed = 0;
	sg_arena_init(&a);
	int64_t begun = nanoseconds();
	for (long i = 0; i < LOOKUPS; i++) {
		random = random * 6364136223846793005u + 1442695040888963407u;
		name_of((long)(random >> 33) % b->count, name, sizeof name);
		(void)snprintf(host, sizeof host, "%s.shops.example.com", name);
		sg_arena_clear(&a);
		int64_t before = nanoseconds();
		missed += i % 2 ? !stores_find(b->stores, &a, name, &facts) :
				  !stores_find_host(b->stores, &a, host, "",
						    &facts);
		samples[i % SAMPLES] = nanoseconds() - before;
	}
	int64_t took = nanoseconds() - begun;
	qsort(samples, SAMPLES, sizeof *samples, by_value);
	printf("reader: %lld ns each with making its name, missed %ld; the last %d: p50 %lld ns, p99 %lld ns, p99.9 %lld ns\n",
	       (long long)(took / LOOKUPS), missed, SAMPLES,
	       (long long)samples[SAMPLES / 2],
	       (long long)samples[SAMPLES * 99 / 100],
	       (long long)samples[SAMPLES * 999 / 1000]);
	sg_arena_release(&a);
	return NULL;
}

static void *write_many(void *context)
{
	struct bench *b = context;
	struct sg_arena a;
	long events = 0;
	sg_arena_init(&a);
	int64_t begun = clock_now();
	for (; !atomic_load(&b->over); events++) {
		tell(b, &a, events * 7 % b->count,
		     events % 2 ? "medium" : "large");
		if (events % 1000 == 0) /* some 100,000 a second, not all */
			(void)nanosleep(&(struct timespec){ .tv_nsec = 10000000 },
					NULL);
	}
	printf("writer: %lld events a second\n",
	       (long long)(events * 1000 / (clock_now() - begun + 1)));
	sg_arena_release(&a);
	return NULL;
}

int main(int argc, char **argv)
{
	struct bench b = {
		.stores = stores_new(),
		.count = argc > 1 ? strtol(argv[1], NULL, 10) : 100000,
	};
	long readers = argc > 2 ? strtol(argv[2], NULL, 10) : 8;
	pthread_t threads[64], writer;
	struct sg_arena a;
	if (!b.stores || b.count < 1 || readers < 1 || readers > 64)
		return 2;
	b.sink = stores_sink(b.stores);
	sg_arena_init(&a);
	long before = resident_kib();
	int64_t begun = clock_now();
	list(&b, &a, "small");
	printf("%ld Stores: %ld KiB more resident (%ld in all), %.0f bytes each, listed in %lld ms\n",
	       b.count, resident_kib() - before, resident_kib(),
	       (double)(resident_kib() - before) * 1024 / (double)b.count,
	       (long long)(clock_now() - begun));
	begun = clock_now();
	list(&b, &a, "small");
	printf("listed again, the same: %lld ms, %ld KiB more resident\n",
	       (long long)(clock_now() - begun), resident_kib() - before);
	begun = clock_now();
	list(&b, &a, "large");
	(void)malloc_trim(0);
	printf("listed again, all changed: %lld ms, %ld KiB more resident\n",
	       (long long)(clock_now() - begun), resident_kib() - before);
	(void)pthread_create(&writer, NULL, write_many, &b);
	for (long i = 0; i < readers; i++)
		(void)pthread_create(&threads[i], NULL, read_many, &b);
	for (long i = 0; i < readers; i++)
		(void)pthread_join(threads[i], NULL);
	atomic_store(&b.over, true);
	(void)pthread_join(writer, NULL);
	begun = clock_now();
	b.sink.begin(b.sink.context);
	b.sink.end(b.sink.context);
	printf("all gone: %lld ms\n", (long long)(clock_now() - begun));
	sg_arena_release(&a);
	stores_free(b.stores);
	return 0;
}
