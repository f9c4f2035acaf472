#include "helpers.h"

#include "guard_names.h"
#include "json.h"
#include "store_status.h"

#define CREATED 1767323045 /* 2026-01-02T03:04:05Z */
#define NAMESPACE_CREATED (CREATED + 100)

static struct policy *policy;

static int read_policy(void **state)
{
	struct sg_error e;
	(void)state;
	return policy_parse_default(&policy, &e);
}

static int free_policy(void **state)
{
	(void)state;
	policy_free(policy);
	return 0;
}

/* --- a scene with all guards and a workload of each component -------------------- */

struct stage {
	struct sg_arena arena;
	struct object_state objects[32];
	struct store_view store;
	struct store_status shown;
	struct store_scene scene;
	struct store_verdict verdict;
};

static struct object_state *put(struct stage *s, enum object_kind kind,
				const char *name, const char *component)
{
	struct object_state *o = &s->objects[s->scene.count++];
	*o = (struct object_state){ .kind = kind,
				    .name = name,
				    .component = component,
				    .reason = "",
				    .message = "",
				    .of = "",
				    .urls = "",
				    .admin_path = "",
				    .admin_secret = "" };
	return o;
}

static void set_stage(struct stage *s)
{
	const struct engine *engine = policy_engine(policy, "woocommerce");
	*s = (struct stage){ .store = { .name = "fashion",
					.uid = "u",
					.version = "7",
					.host = "fashion.shops.example.com",
					.engine = "woocommerce",
					.held_by = "",
					.generation = 3,
					.created = CREATED } };
	sg_arena_init(&s->arena);
	store_status_read(must_parse(&s->arena, "{}"), &s->shown);
	s->scene = (struct store_scene){ .namespace = NAMESPACE_ACTIVE,
					 .namespace_created = NAMESPACE_CREATED,
					 .holds_namespace = "",
					 .objects = s->objects,
					 .explained = "",
					 .reason = "",
					 .message = "" };
	put(s, OBJECT_DEPLOYMENT, "web", "web");
	put(s, OBJECT_STATEFULSET, "database", "database");
	put(s, OBJECT_JOB, "setup", "setup");
	put(s, OBJECT_RESOURCEQUOTA, "storeguard", "guard");
	put(s, OBJECT_LIMITRANGE, "storeguard", "guard");
	for (unsigned i = 0; i < guard_policy_count(engine); i++)
		put(s, OBJECT_NETWORKPOLICY,
		    guard_policy_name(&s->arena, engine, i), "guard");
}

static struct object_state *find(struct stage *s, const char *name)
{
	unsigned i = 0;
	while (i < s->scene.count && strcmp(s->objects[i].name, name) != 0)
		i++;
	if (i == s->scene.count)
		fail_msg("nothing is called %s", name);
	return &s->objects[i];
}

static void wait_for(struct stage *s, const char *name, const char *reason,
		     const char *message)
{
	struct object_state *o = find(s, name);
	o->health = HEALTH_WAITING;
	o->reason = reason;
	o->message = message;
}

static void judge(struct stage *s, int64_t after)
{
	store_status_judge(&s->arena, policy, &s->store, &s->shown, &s->scene,
			   CREATED + after, &s->verdict);
}

static void expect(struct stage *s, int64_t after, enum store_phase phase,
		   const char *reason, const char *message)
{
	judge(s, after);
	const struct store_status *is = &s->verdict.status;
	const struct store_condition *ready = &is->conditions[CONDITION_READY];
	expect_text(store_phase_name(is->phase), store_phase_name(phase),
		    message);
	expect_text(ready->reason, reason, message);
	expect_text(ready->message, message, "Ready's message");
	expect_text(ready->status, phase == PHASE_READY ? "True" : "False",
		    message);
}

static void was_ready(struct stage *s)
{
	s->shown.phase = PHASE_READY;
	s->shown.ready_at = CREATED + 150;
	s->shown.provisioning_seconds = 150;
}

#define SERVED "all workloads are available and all guards are in place"

/* --- what follows from what --------------------------------------------------------- */

static void test_ready(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	struct object_state *ingress =
		put(&s, OBJECT_INGRESS, "web", "web");
	ingress->urls = "http://other.example.com https://fashion.shops.example.com";
	ingress->admin_path = "/wp-admin/";
	ingress->admin_secret = "keys";
	expect(&s, 130, PHASE_READY, "Served", SERVED);
	const struct store_status *is = &s.verdict.status;
	expect_text(is->url, "https://fashion.shops.example.com", "url");
	expect_text(is->admin_url,
		    "https://fashion.shops.example.com/wp-admin/", "adminURL");
	expect_text(is->admin_secret, "keys", "adminSecretRef");
	assert_int_equal(is->ready_at, CREATED + 130);
	assert_int_equal(is->provisioning_seconds, 130);
	assert_int_equal(s.verdict.look_again, 0);
	/* the first time stays */
	was_ready(&s);
	judge(&s, 900);
	assert_int_equal(is->ready_at, CREATED + 150);
	assert_int_equal(is->provisioning_seconds, 150);
	/* a host that ends like ours is another */
	ingress->urls = "http://my-fashion.shops.example.com http://fashion.shops.example.com.evil.com";
	judge(&s, 900);
	expect_text(is->url, "", "url of another");
	sg_arena_release(&s.arena);
}

static void test_a_clock_before_the_stores(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	expect(&s, -5, PHASE_READY, "Served", SERVED);
	assert_int_equal(s.verdict.status.provisioning_seconds, 0);
	sg_arena_release(&s.arena);
}

static void test_the_worst_is_named(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	wait_for(&s, "setup", "JobRunning", "is not done yet");
	expect(&s, 130, PHASE_PROVISIONING, "JobRunning",
	       "Job setup: is not done yet");
	wait_for(&s, "web", "ReplicasUnavailable", "0 of 1 pods are available");
	expect(&s, 130, PHASE_PROVISIONING, "ReplicasUnavailable",
	       "Deployment web: 0 of 1 pods are available; another object is not ready either");
	assert_ptr_equal(s.verdict.unexplained, find(&s, "web"));
	assert_int_equal(s.verdict.look_again, CREATED + 600);
	wait_for(&s, "database", "ReplicasUnavailable",
		 "0 of 1 pods are available");
	expect(&s, 130, PHASE_PROVISIONING, "ReplicasUnavailable",
	       "StatefulSet database: 0 of 1 pods are available; 2 others are not ready either");
	/* a Pod that says why */
	struct object_state *pod = put(&s, OBJECT_POD, "web-1-2", "web");
	wait_for(&s, "web-1-2", "OOMKilled", "container x was killed");
	pod->of = "Deployment/web";
	expect(&s, 130, PHASE_PROVISIONING, "OOMKilled",
	       "Deployment web: container x was killed; 2 others are not ready either");
	assert_null(s.verdict.unexplained);
	/* an Event that says why, of the object that is in the way */
	s.scene.count--;
	s.scene.explained = "StatefulSet/database";
	s.scene.reason = "FailedCreate";
	s.scene.message = "exceeded quota: storeguard";
	expect(&s, 130, PHASE_PROVISIONING, "ExceededQuota",
	       "StatefulSet database: exceeded quota: storeguard; 2 others are not ready either");
	s.scene.explained = "StatefulSet/other";
	expect(&s, 130, PHASE_PROVISIONING, "ReplicasUnavailable",
	       "StatefulSet database: 0 of 1 pods are available; 2 others are not ready either");
	/* nothing is as bad as what is not tried again */
	wait_for(&s, "setup", "JobFailed", "gave up");
	find(&s, "setup")->health = HEALTH_FAILED;
	expect(&s, 130, PHASE_FAILED, "JobFailed",
	       "Job setup: gave up; 2 others are not ready either");
	sg_arena_release(&s.arena);
}

static void test_what_the_api_server_would_not_take(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	wait_for(&s, "web", "a reason\n", "caf\xc3 \x1b[1m\n");
	expect(&s, 130, PHASE_PROVISIONING, "NotReady",
	       "Deployment web: caf? ?[1m?");
	wait_for(&s, "web", "", "x");
	expect(&s, 130, PHASE_PROVISIONING, "NotReady", "Deployment web: x");
	sg_arena_release(&s.arena);
}

static void test_after_it_was_ready(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	was_ready(&s);
	/* an upgrade's set-up takes nothing from the shop */
	wait_for(&s, "setup", "JobRunning", "is not done yet");
	expect(&s, 9000, PHASE_READY, "Served", SERVED);
	wait_for(&s, "setup", "JobFailed", "gave up");
	find(&s, "setup")->health = HEALTH_FAILED;
	expect(&s, 9000, PHASE_DEGRADED, "JobFailed", "Job setup: gave up");
	find(&s, "setup")->health = HEALTH_GOOD;
	wait_for(&s, "web", "ReplicasUnavailable", "0 of 1 pods are available");
	expect(&s, 9000, PHASE_DEGRADED, "ReplicasUnavailable",
	       "Deployment web: 0 of 1 pods are available");
	/* a change whose pods don't come up, while those from before serve */
	find(&s, "web")->health = HEALTH_GOOD;
	struct object_state *pod = put(&s, OBJECT_POD, "web-1-2", "web");
	wait_for(&s, "web-1-2", "ImagePullBackOff", "image x can't be pulled");
	pod->of = "Deployment/web";
	expect(&s, 9000, PHASE_DEGRADED, "ImagePullBackOff",
	       "Deployment web: image x can't be pulled");
	/* one that another took the place of */
	pod->health = HEALTH_FAILED;
	expect(&s, 9000, PHASE_READY, "Served", SERVED);
	s.scene.count--;
	s.scene.namespace = NAMESPACE_TERMINATING;
	expect(&s, 9000, PHASE_DEGRADED, "NamespaceTerminating",
	       "namespace store-fashion is being deleted, though its Store is not");
	s.scene.namespace = NAMESPACE_ABSENT;
	s.scene.count = 0;
	expect(&s, 9000, PHASE_DEGRADED, "NamespaceMissing",
	       "namespace store-fashion is not there any more");
	sg_arena_release(&s.arena);
}

static void test_guards(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	was_ready(&s);
	find(&s, "storeguard-dns")->name = "other";
	expect(&s, 9000, PHASE_DEGRADED, "GuardMissing",
	       "missing: NetworkPolicy storeguard-dns; a sync of its Application brings it back");
	s.store.by_helm = true;
	expect(&s, 9000, PHASE_DEGRADED, "GuardMissing",
	       "missing: NetworkPolicy storeguard-dns; helm upgrade with the post-renderer brings it back");
	/* the workloads alone, of a release without the post-renderer */
	s.scene.count = 3;
	expect(&s, 9000, PHASE_DEGRADED, "GuardMissing",
	       "missing: ResourceQuota storeguard, LimitRange storeguard, NetworkPolicy storeguard-default-deny, NetworkPolicy storeguard-dns and 7 more; helm upgrade with the post-renderer brings it back");
	/* nothing is said of guards that nobody knows */
	s.store.engine = "magento";
	expect(&s, 9000, PHASE_READY, "Served", SERVED);
	expect_text(s.verdict.status.conditions[CONDITION_GUARDED].status,
		    "Unknown", "Guarded");
	sg_arena_release(&s.arena);
}

static void test_a_web_is_needed(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	find(&s, "web")->is_idle = true;
	expect(&s, 130, PHASE_PROVISIONING, "ScaledToZero",
	       "Deployment web: it is to have no pods");
	find(&s, "web")->component = "worker";
	expect(&s, 130, PHASE_PROVISIONING, "NoPublicWorkload",
	       "no workload that serves it is installed");
	sg_arena_release(&s.arena);
}

static void test_before_there_is_anything(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	s.scene.count = 0;
	s.scene.namespace = NAMESPACE_ABSENT;
	expect(&s, 1, PHASE_PENDING, "NotDelivered",
	       "waits for Argo CD to make namespace store-fashion");
	assert_int_equal(s.verdict.look_again, CREATED + 120);
	expect(&s, 120, PHASE_PENDING, "NotTakenUp",
	       "nothing has made namespace store-fashion since 2026-01-02T03:04:05Z: Argo CD's Application store-fashion says why, or, where that is missing, its ApplicationSet for Stores");
	assert_int_equal(s.verdict.look_again, CREATED + 600);
	judge(&s, 600);
	assert_int_equal(s.verdict.status.phase, PHASE_FAILED);
	assert_int_equal(s.verdict.look_again, 0);
	/* who installs it by hand may take their time */
	s.store.by_helm = true;
	judge(&s, 6000);
	assert_int_equal(s.verdict.status.phase, PHASE_PENDING);
	assert_int_equal(s.verdict.look_again, 0);
	/* to the namespace, too, and to what is in it */
	s.scene.namespace = NAMESPACE_ACTIVE;
	expect(&s, 9000, PHASE_PROVISIONING, "NothingInstalled",
	       "nothing is installed in namespace store-fashion");
	s.store.by_helm = false;
	expect(&s, 700, PHASE_FAILED, "ProvisionTimeout",
	       "not ready within 10 min: nothing is installed in namespace store-fashion");
	sg_arena_release(&s.arena);
}

static void test_who_installs_by_hand_has_all_the_time_from_then_on(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	s.store.by_helm = true;
	for (unsigned i = 0; i < 3; i++)
		s.objects[i].created = CREATED + 5000 + i;
	wait_for(&s, "web", "Odd", "x");
	expect(&s, 5599, PHASE_PROVISIONING, "Odd", "Deployment web: x");
	assert_int_equal(s.verdict.look_again, CREATED + 5600);
	expect(&s, 5600, PHASE_FAILED, "ProvisionTimeout",
	       "not ready within 10 min: Deployment web: x");
	find(&s, "web")->health = HEALTH_GOOD;
	expect(&s, 5030, PHASE_READY, "Served", SERVED);
	assert_int_equal(s.verdict.status.provisioning_seconds, 30);
	sg_arena_release(&s.arena);
}

/* In whichever order they were seen. */
static void test_several_ingresses_of_one_host(void **state)
{
	(void)state;
	for (int order = 0; order < 2; order++) {
		struct stage s;
		set_stage(&s);
		for (int i = 0; i < 2; i++) {
			bool is_first = i == order;
			struct object_state *o =
				put(&s, OBJECT_INGRESS,
				    is_first ? "web" : "blog", "web");
			o->urls = is_first ? "http://fashion.shops.example.com" :
					     "https://fashion.shops.example.com";
			o->admin_path = is_first ? "/app" : "";
			o->admin_secret = is_first ? "keys" : "";
		}
		judge(&s, 130);
		const struct store_status *is = &s.verdict.status;
		expect_text(is->url, "https://fashion.shops.example.com", "url");
		expect_text(is->admin_url,
			    "https://fashion.shops.example.com/app", "adminURL");
		expect_text(is->admin_secret, "keys", "adminSecretRef");
		sg_arena_release(&s.arena);
	}
}

static void test_deleting(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	was_ready(&s);
	s.store.is_deleting = true;
	expect(&s, 1, PHASE_DELETING, "Deleting",
	       "waits until Argo CD has deleted its Application, and namespace store-fashion with it");
	s.store.by_helm = true;
	expect(&s, 1, PHASE_DELETING, "Deleting",
	       "waits until namespace store-fashion is gone: helm uninstall store-fashion -n store-fashion && kubectl delete namespace store-fashion");
	s.scene.namespace = NAMESPACE_TERMINATING;
	s.scene.holds_namespace = "a claim is left";
	expect(&s, 1, PHASE_DELETING, "Deleting",
	       "waits for namespace store-fashion, which is being deleted: a claim is left");
	s.scene.namespace = NAMESPACE_ABSENT;
	expect(&s, 1, PHASE_DELETING, "Deleting",
	       "namespace store-fashion is gone; the name is about to be free");
	s.store.held_by = "example.com/backup";
	expect(&s, 1, PHASE_DELETING, "Deleting",
	       "namespace store-fashion is gone; the name is free when whoever put finalizer example.com/backup on the Store takes it off");
	sg_arena_release(&s.arena);
}

/* --- what is shown -------------------------------------------------------------------- */

static void test_what_cannot_be_read_is_told(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	struct object_state *one = put(&s, OBJECT_INGRESS, "all", "");
	one->health = HEALTH_WAITING;
	one->reason = OBJECT_UNREADABLE;
	one->message = "can't be looked at: it is so large";
	expect(&s, 10, PHASE_READY, "Served",
	       SERVED "; Ingress all can't be looked at: it is so large");
	s.scene.is_crowded = true;
	expect(&s, 10, PHASE_READY, "Served",
	       SERVED "; of its objects there are more than are looked at");
	one->kind = OBJECT_DEPLOYMENT;
	expect(&s, 10, PHASE_PROVISIONING, OBJECT_UNREADABLE,
	       "Deployment all: can't be looked at: it is so large");
	sg_arena_release(&s.arena);
}

static void test_too_large_for_argo_cd(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	s.store.is_too_large = true;
	s.scene.count = 0;
	s.scene.namespace = NAMESPACE_ABSENT;
	expect(&s, 10, PHASE_PENDING, "TooLarge",
	       "spec.values is more than a Store may have (32768 bytes as JSON, 2000 values with their keys): until it is less, Argo CD is not told of it");
	expect_text(s.verdict.status.conditions[CONDITION_DELIVERED].reason,
		    "TooLarge", "Delivered");
	/* helm asks nobody, and what runs goes on */
	s.store.by_helm = true;
	judge(&s, 10);
	expect_text(s.verdict.status.conditions[CONDITION_READY].reason,
		    "NotDelivered", "by helm");
	sg_arena_release(&s.arena);
	set_stage(&s);
	s.store.is_too_large = true;
	was_ready(&s);
	expect(&s, 10, PHASE_READY, "Served", SERVED);
	sg_arena_release(&s.arena);
}

static const struct node *written(struct stage *s)
{
	cleanup_buffer struct sg_buffer text;
	struct sg_error e;
	struct node *root = NULL;
	sg_buffer_init(&text, SG_MIB);
	store_status_write(&s->store, &s->verdict.status, &s->shown,
			   CREATED + 500, &text);
	if (json_parse(text.data, text.length, &s->arena, &root, &e))
		fail_msg("%s: %s", e.message, text.data);
	return root;
}

static void test_what_is_written_is_read_back(void **state)
{
	struct stage s;
	struct store_status again;
	char is[STORE_STATUS_DIGEST], back[STORE_STATUS_DIGEST];
	(void)state;
	set_stage(&s);
	struct object_state *ingress = put(&s, OBJECT_INGRESS, "web", "web");
	ingress->urls = "http://fashion.shops.example.com";
	ingress->admin_path = "/\"quoted\"\\";
	ingress->admin_secret = "keys";
	wait_for(&s, "web", "Odd", "a \"b\" \\ c\xc3\xa9");
	for (int round = 0; round < 3; round++) {
		if (round == 1)
			find(&s, "web")->health = HEALTH_GOOD;
		if (round == 2)
			s.store.is_deleting = true;
		judge(&s, 130);
		const struct node *root = written(&s);
		struct store_view view;
		assert_true(store_view_read(root, &view));
		store_status_read(root, &again);
		assert_int_equal(view.observed, 3);
		store_status_digest(&s.verdict.status, 3, is);
		store_status_digest(&again, view.observed, back);
		expect_text(back, is, "digest");
		store_status_digest(&again, 4, back);
		assert_string_not_equal(back, is);
		s.shown = again;
	}
	sg_arena_release(&s.arena);
}

static void test_a_transition_has_its_time(void **state)
{
	struct stage s;
	(void)state;
	set_stage(&s);
	s.shown.conditions[CONDITION_READY] = (struct store_condition){
		.status = "False", .since = CREATED + 7
	};
	s.shown.conditions[CONDITION_GUARDED] = (struct store_condition){
		.status = "True", .since = CREATED + 8
	};
	judge(&s, 130);
	store_status_read(written(&s), &s.verdict.status);
	const struct store_condition *c = s.verdict.status.conditions;
	assert_int_equal(c[CONDITION_READY].since, CREATED + 500);
	assert_int_equal(c[CONDITION_GUARDED].since, CREATED + 8);
	sg_arena_release(&s.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_a_clock_before_the_stores),
		cmocka_unit_test(test_the_worst_is_named),
		cmocka_unit_test(test_what_the_api_server_would_not_take),
		cmocka_unit_test(test_after_it_was_ready),
		cmocka_unit_test(test_guards),
		cmocka_unit_test(test_a_web_is_needed),
		cmocka_unit_test(test_before_there_is_anything),
		cmocka_unit_test(
			test_who_installs_by_hand_has_all_the_time_from_then_on),
		cmocka_unit_test(test_several_ingresses_of_one_host),
		cmocka_unit_test(test_deleting),
		cmocka_unit_test(test_what_cannot_be_read_is_told),
		cmocka_unit_test(test_too_large_for_argo_cd),
		cmocka_unit_test(test_what_is_written_is_read_back),
		cmocka_unit_test(test_a_transition_has_its_time),
	};
	return cmocka_run_group_tests(tests, read_policy, free_policy);
}
