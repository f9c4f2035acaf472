/*
 * Asks the API server and the server's world by hand or by a test:
 *
 *     ask KUBECONFIG
 *
 * reads a command a line, answers in a line each:
 *
 *     call METHOD PATH MS [BODY]   status and body, or the error
 *     store NAME MODE              MODE: cached, fresh, or now (may not wait)
 *     host HOST NAME MODE
 *     namespace NAME
 *     assign USER GROUP STORE MODE
 *     storm USER GROUP STORE N     assign, N times at once
 *     policy                       what is in force
 *     count                        how many Stores are known
 */
#include <pthread.h>

#include "cleanup.h"
#include "clock.h"
#include "cluster_world.h"
#include "commands.h"
#include "policies.h"

enum { WAIT_MS = 4000, STORM = 64 };

struct all {
	struct api *api;
	struct stores *stores;
	struct policies *policies;
	struct informer *of_stores;
	struct informer *of_policies;
	struct access *access;
};

static void start(struct all *all, const char *kubeconfig)
{
	struct sg_error e = { 0 };
	struct policy *first = NULL;
	const struct informer_options stores = { .path = "/apis/urumi.io/v1/stores" };
	const struct informer_options policies = {
		.path = "/apis/urumi.io/v1/storepolicies"
	};
	if (api_open(kubeconfig, &all->api, &e) ||
	    policy_parse_default(&first, &e))
		commands_fail(&e);
	all->stores = stores_new();
	all->policies = policies_new(first, &commands_log);
	all->access = access_new(all->api);
	const struct informer_sink to_stores = stores_sink(all->stores);
	const struct informer_sink to_policies = policies_sink(all->policies);
	if (informer_start(all->api, &stores, &to_stores, &commands_log,
			   &all->of_stores, &e) ||
	    informer_start(all->api, &policies, &to_policies, &commands_log,
			   &all->of_policies, &e))
		commands_fail(&e);
}

static void stop(struct all *all)
{
	api_stop(all->api);
	informer_free(all->of_stores);
	informer_free(all->of_policies);
	access_free(all->access);
	policies_free(all->policies);
	stores_free(all->stores);
	api_free(all->api);
}

static void call(const struct all *all, char **word)
{
	struct sg_error e = { 0 };
	cleanup_buffer struct sg_buffer answer;
	int status = 0;
	const struct api_request request = {
		.method = word[1],
		.path = word[2],
		.deadline = clock_now() + strtoll(word[3], NULL, 10),
		.body = word[4],
		.length = word[4] ? strlen(word[4]) : 0,
	};
	sg_buffer_init(&answer, SG_MIB);
	int64_t begun = clock_now();
	int failed = api_call(all->api, &request, &status, &answer, &e);
	if (!failed && status >= 300)
		failed = api_refused(&request, status, &answer, &e);
	int64_t took = clock_now() - begun;
	if (failed)
		printf("failed %lld %s\n", (long long)took, e.message);
	else
		printf("answered %d %.*s\n", status,
		       (int)strcspn(answer.data ? answer.data : "", "\n"),
		       answer.data ? answer.data : "");
}

static void tell(enum answer answer, const char *details,
		 const struct sg_error *e)
{
	static const char *const names[] = { "no", "yes", "later", "unknown" };
	printf("%s %s\n", names[answer],
	       answer == WORLD_YES     ? details :
	       answer == WORLD_UNKNOWN ? e->message :
					 "");
}

static void ask_world(const struct all *all, char **word, struct policy_hold *h)
{
	const struct cluster cluster = { .api = all->api,
					 .stores = all->stores,
					 .informer = all->of_stores,
					 .access = all->access };
	cleanup_arena struct sg_arena arena;
	struct sg_error e = { 0 };
	struct cluster_world cw;
	struct store_facts facts = { 0 };
	const struct node *metadata = NULL;
	const char *mode = "fresh", *details = "";
	enum answer answer = WORLD_UNKNOWN;
	for (unsigned i = 1; i < COMMAND_WORDS && word[i]; i++)
		mode = word[i];
	bool fresh = strcmp(mode, "fresh") == 0;
	sg_arena_init(&arena);
	cluster_world_init(&cw, &cluster, policy_held(h), clock_now() + WAIT_MS,
			   strcmp(mode, "now") != 0);
	const struct world *w = &cw.world;
	if (strcmp(word[0], "store") == 0) {
		answer = w->calls->find_store(w, &arena, word[1], fresh, &facts,
					      &e);
	} else if (strcmp(word[0], "host") == 0) {
		answer = w->calls->find_host(w, &arena, word[1], word[2], fresh,
					     &facts, &e);
	} else if (strcmp(word[0], "namespace") == 0) {
		answer = w->calls->find_namespace(w, &arena, word[1],
						  &metadata, &e);
		details = node_text(node_path(metadata, "labels",
					      "urumi.io/store", NULL));
	} else {
		const char *groups[] = { word[2] };
		const struct user user = { .name = word[1],
					   .groups = { groups, 1 } };
		answer = w->calls->may_assign(w, &arena, &user, word[3], &e);
	}
	if (facts.name)
		details = sg_arena_printf(&arena, "%s %s %s %s %s %s%s",
					  facts.name, facts.owner, facts.engine,
					  facts.plan, facts.host, facts.delivery,
					  facts.deleting ? " deleting" : "");
	tell(answer, details ? details : "", &e);
}

struct question {
	const struct all *all;
	char **word;
	enum answer answer;
};

static void *ask_assign(void *context)
{
	struct question *q = context;
	const char *groups[] = { q->word[2] };
	const struct user user = { .name = q->word[1], .groups = { groups, 1 } };
	struct sg_error e = { 0 };
	q->answer = access_may_assign(q->all->access, &user, q->word[3],
				      clock_now() + WAIT_MS, true, &e);
	return NULL;
}

static void storm(const struct all *all, char **word)
{
	struct question questions[STORM];
	pthread_t threads[STORM];
	unsigned long count = strtoul(word[4], NULL, 10), answers[4] = { 0 };
	for (unsigned long i = 0; i < count && i < STORM; i++) {
		questions[i] = (struct question){ all, word, WORLD_UNKNOWN };
		if (pthread_create(&threads[i], NULL, ask_assign, &questions[i]))
			exit(1);
	}
	for (unsigned long i = 0; i < count && i < STORM; i++) {
		(void)pthread_join(threads[i], NULL);
		answers[questions[i].answer]++;
	}
	printf("yes=%lu no=%lu unknown=%lu\n", answers[WORLD_YES],
	       answers[WORLD_NO], answers[WORLD_UNKNOWN]);
}

static void answer(void *context, char **word)
{
	const struct all *all = context;
	struct policy_hold *h = policies_hold(all->policies);
	if (strcmp(word[0], "call") == 0) {
		call(all, word);
	} else if (strcmp(word[0], "storm") == 0) {
		storm(all, word);
	} else if (strcmp(word[0], "count") == 0) {
		printf("%zu\n", stores_count(all->stores));
	} else if (strcmp(word[0], "policy") == 0) {
		char why[512];
		int64_t generation = 0;
		policies_state(all->policies, &generation, why, sizeof why);
		printf("%lld %s|%s\n", (long long)generation,
		       h ? policy_held(h)->hosts.base_domain : "none", why);
	} else {
		ask_world(all, word, h);
	}
	policies_release(h);
}

int main(int argc, char **argv)
{
	struct all all = { 0 };
	if (argc != 2) {
		(void)fputs("usage: ask KUBECONFIG\n", stderr);
		return 2;
	}
	start(&all, argv[1]);
	commands_run(answer, &all);
	int64_t begun = clock_now();
	stop(&all);
	printf("stopped %lld\n", (long long)(clock_now() - begun));
	return 0;
}
