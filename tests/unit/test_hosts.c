#include <string.h>

#include "helpers.h"

#include "hosts.h"

/* All that is found, as "name:port/form " each. */
struct found {
	char text[512];
};

static int note(void *context, const struct host *host)
{
	static const char forms[] = { [HOST_SURE] = 's', [HOST_WITH_PORT] = 'p',
				      [HOST_ALONE] = 'a' };
	struct found *f = context;
	size_t used = strlen(f->text);
	(void)snprintf(f->text + used, sizeof f->text - used, "%.*s:%u%s/%c ",
		       (int)host->length, host->name, host->port,
		       host->implied ? "~" : "", forms[host->form]);
	return 0;
}

static void finds(bool command, const char *key, const char *text,
		  const char *expected)
{
	struct found f = { "" };
	struct guarded copy = guarded_copy(text, strlen(text));
	struct host_text t = { copy.bytes, strlen(text), key, command, "shop" };
	assert_int_equal(hosts_find(&t, note, &f), 0);
	guarded_free(&copy);
	expect_text(f.text, expected, text);
}

static void in_value(const char *text, const char *expected)
{
	finds(false, NULL, text, expected);
}

static void in_command(const char *text, const char *expected)
{
	finds(true, NULL, text, expected);
}

static void test_urls(void **state)
{
	(void)state;
	in_value("http://web/wp-admin", "web:80~/s ");
	in_value("see http://web:8080.", "web:8080/s ");
	in_value("mysql://u:p@db/x", "db:3306~/s ");
	in_value("redis+sentinel://a:1,b:2/0", "a:1/s b:2/s ");
	in_value("gcomm://db-0.db,db-1.db", "db-0.db:0/s db-1.db:0/s ");
	in_value("jdbc:postgresql://db:5432/x?u=v", "db:5432/s ");
	in_value("mysql://user:$(PASS)@db:3306/x", "db:3306/s ");
	in_value("http://$(HOST)/", "");
	in_value("http://10.0.0.1:80/", "");
	in_value("://", "");
	in_value("http://", "");
}

static void test_lists_over_lines(void **state)
{
	(void)state;
	in_value("hosts:\n- a\n- b\nname: c\n- d\n", "a:0/s b:0/s ");
	in_value("es:\n  hosts:\n    - \"a\"\n", "a:0/s ");
	in_value("{\"hosts\": [\n  \"a\",\n  \"b\"\n]}", "a:0/s b:0/s ");
	in_value("names:\n- a\n", "");
	in_value("hosts:\n- name: a\n", "");
}

static void test_other_spellings(void **state)
{
	(void)state;
	in_value("$db['host'] = 'a';", "a:0/s ");
	in_value("$cfg->dbhost = 'a';", "a:0/s ");
	in_value("ghost = a", "");
	in_value("upstream x { server a; }", "a:0/s ");
	in_value("set $up a;", "a:0/s ");
	in_value("the server a is; up", "");
	in_value("_mysql._tcp.db.shop.svc", "db.shop.svc:0/s ");
	in_value("$(POD).db-hl", "db-hl:0/a ");
	in_value("${POD}.db-hl.shop.svc:3306", "db-hl.shop.svc:3306/a ");
	in_value("x().db", "");
	in_value(".db", "");
}

static void test_ports(void **state)
{
	(void)state;
	in_value("db:3306", "db:3306/p ");
	in_value("a db:3306, b", "db:3306/p ");
	in_value("u:p@tcp(db:3306)/x", "db:3306/p ");
	in_value("registry/db:80", "");
	in_value("db:33066666", "");
	in_value("db:99999", "");
	in_value("db:80x", "");
	in_value("DB:80", "");
	in_value("db :80", "");
}

static void test_alone(void **state)
{
	(void)state;
	in_value("db", "db:0/a ");
	in_value(" db\n", "db:0/a ");
	in_value("db-0.db,db-1.db", "db-0.db:0/a db-1.db:0/a ");
	in_value("db, web", "db:0/a web:0/a ");
	in_value("db web", "");
	finds(false, "MEMCACHED_SERVERS", "a b", "a:0/a b:0/a ");
	in_value("3306", "");
	in_value("-", "");
	in_value("", "");
}

static void test_hints(void **state)
{
	(void)state;
	in_value("[client]\nhost = db\n", "db:0/s ");
	in_value("{\"host\": \"db\", \"port\": 1}", "db:0/s ");
	in_value("define('DB_HOST', 'db');", "db:0/s ");
	in_value("hosts: [a, \"b\"]", "a:0/s b:0/s ");
	in_value("# host = db", "");
	in_value("\n  ; host = db\n// host = db\n", "");
	in_value("the host web serves", "");
	in_value("user = db", "");
	in_value("{\"web\": {\"port\": 80}}", "");
	in_value("serves web. Then db, and so on", "");
	in_value("replicaof primary 6379", "primary:6379/p ");
	in_value("sentinel monitor mine primary 6379 2", "primary:6379/p ");
}

static void test_commands(void **state)
{
	(void)state;
	in_command("until nc -w 2 -z db 3306; do sleep 1; done",
		   "db:3306/s sleep:1/p ");
	in_command("mysqladmin ping -h db", "db:0/s ");
	in_command("mysql -hdb -uroot", "db:0/s ");
	in_command("start --db-host=db --name web", "db:0/s ");
	in_command("nslookup db; echo web", "db:0/s ");
	in_command("getent hosts db", "db:0/s ");
	in_command("echo >/dev/tcp/db/3306", "db:3306/s ");
	in_command("curl $WEB_SERVICE_HOST", "web:0/s ");
	in_command("server web", "");
	in_command("cp -r web db", "");
}

static void test_names(void **state)
{
	(void)state;
	in_value("x db.shop y", "db.shop:0/s ");
	in_value("x db.shop.svc.cluster.local y", "db.shop.svc.cluster.local:0/s ");
	in_value("x db.other.svc y", "");
	struct host_service s = host_service("db", 2, "shop", false);
	assert_true(s.length == 2);
	s = host_service("a.db.shop.svc", 13, "shop", true);
	assert_true(s.length == 2 && strncmp(s.name, "db", 2) == 0);
	s = host_service("a.db", 4, "shop", false);
	assert_true(s.length == 0);
}

static void test_keys(void **state)
{
	(void)state;
	static const struct {
		const char *key;
		enum host_key means;
	} keys[] = {
		{ "DB_HOST", KEY_OF_HOST },	    { "databaseUrl", KEY_OF_HOST },
		{ "MEMCACHED_SERVERS", KEY_OF_HOST }, { "MYSQL_HOST_NAME", KEY_OF_HOST },
		{ "MYSQL_USER", KEY_OF_ELSE },	    { "DB_NAME", KEY_OF_ELSE },
		{ "OTEL_SERVICE_NAME", KEY_OF_ELSE }, { "SERVER_NAME", KEY_OF_ELSE },
		{ "CACHE_DRIVER", KEY_OF_ELSE },    { "BACKEND", KEY_OF_HOST },
		{ "PLACE", KEY_UNKNOWN },	    { "", KEY_UNKNOWN },
	};
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		assert_true(host_key(keys[i].key, strlen(keys[i].key)) == keys[i].means);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_urls),
		cmocka_unit_test(test_lists_over_lines),
		cmocka_unit_test(test_other_spellings),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_hints),
		cmocka_unit_test(test_commands),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
