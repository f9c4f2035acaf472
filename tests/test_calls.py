"""Calls of shops as they are built, and what is said of each: nothing where it is open,
the line that opens it where it is not."""

import json

import pytest

from network import policies
from test_components import container, deployment
from test_reach import POLICY, Guarded


def service(name, app, port, **spec):
    ports = [port] if isinstance(port, dict) else [{"port": port}]
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name},
            "spec": {"selector": {"app": app}, "ports": ports, **spec}}


def env(**values):
    return [{"name": k, "value": v} for k, v in values.items()]


def job(name="setup", labels=None, **spec):
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name}, "spec": {
        "template": {"metadata": {"labels": {"app": name, **(labels or {})}},
                     "spec": {"restartPolicy": "Never", "containers": [container()], **spec}}}}


def stateful(name, **more):
    o = deployment(name, **more)
    return {**o, "kind": "StatefulSet", "spec": {**o["spec"], "serviceName": name}}


def warnings(guarded):
    return [line.partition("warning: ")[2] for line in guarded.said.splitlines()
            if "warning: " in line]


WEB = deployment("web", {}, [container("wordpress:6", [{"containerPort": 8080, "name": "http"}])])
DATABASE = deployment("db", {}, [container("mariadb:11", [3306])])
HTTP = service("shop", "web", {"port": 80, "targetPort": "http"})
SQL = service("db", "db", 3306)


def test_a_set_up_job_that_waits_for_the_shop_gets_through():
    waits = container(command=["sh", "-c", "until wget -qO- http://shop/; do sleep 5; done"])
    guarded = Guarded([HTTP, WEB, job(initContainers=[waits])])
    assert warnings(guarded) == []
    assert guarded.lets("Job/setup", "shop", 80)


@pytest.mark.parametrize("engine", ["woocommerce", "medusa"])
def test_a_storefront_calls_its_backend(engine):
    front = deployment("front", {"app.kubernetes.io/component": "storefront"}, [
        container("house/next:1", [3000], env=env(API_URL="http://api:9000/store"))])
    back = deployment("api", {"app.kubernetes.io/component": "web"}, [
        container("house/api:1", [9000])])
    api = service("api", "api", 9000)
    guarded = Guarded([api, front, back], engine=engine)
    assert warnings(guarded) == []
    assert guarded.lets("Deployment/front", "api", 9000)
    alone = Guarded([api, back, deployment("front", {"app.kubernetes.io/component": "web"}, [
        container("house/next:1", [3000])])])
    assert not alone.lets("Deployment/front", "api", 9000), "opened without a need"


REPLICA = deployment("replica", {}, [
    container("mariadb:11", [3306], env=env(MASTER_HOST="db"))])


@pytest.mark.parametrize("others", [
    [REPLICA],
    [stateful("more", containers=[container("mariadb:11", [3306])], replicas=3)],
    [deployment("more", {}, [container("mariadb:11", [3306])], replicas=2),
     service("peers", "more", 3306, clusterIP="None")],
])
def test_a_database_reaches_itself_where_the_release_says_so(others):
    guarded = Guarded([SQL, DATABASE, *others])
    caller = next(name for name in guarded.pods if name != "Deployment/db")
    assert warnings(guarded) == []
    assert guarded.lets(caller, "db", 3306)
    alone = Guarded([SQL, DATABASE, deployment("more", {}, [container("mariadb:11", [3306])])])
    assert not alone.lets("Deployment/more", "db", 3306), "opened without a need"


def test_peers_reach_each_other_on_ports_that_nobody_else_does():
    galera = stateful("galera", replicas=3, containers=[container(
        "mariadb:11", [3306, 4567, 4568],
        env=env(PEERS="gcomm://galera-0.galera:4567,galera-1.galera:4567"))])
    guarded = Guarded([service("galera", "galera", 3306, clusterIP="None"), galera, WEB])
    assert warnings(guarded) == []
    own, web = (guarded.pods[n] for n in ("StatefulSet/galera", "Deployment/web"))
    lets = [(policies.open_between(guarded.policies, caller, own, port))
            for caller in (own, web) for port in (3306, 4567)]
    assert lets == [True, True, True, False]


@pytest.mark.parametrize("caller, line", [
    (deployment("cache", {}, [container("redis:8", env=env(DB_HOST="db"))]),
     "Deployment/cache can't reach Service/db on port 3306. In the policy, "
     "spec.engines.woocommerce.components[cache].reaches: add database"),
    (deployment("odd", {}, [container(env=env(DB_HOST="db"))]),
     "Deployment/odd can't reach Service/db on port 3306: the caller's pods get DNS only"),
])
def test_the_database_stays_closed_and_that_is_said(caller, line):
    guarded = Guarded([SQL, DATABASE, caller])
    assert line in warnings(guarded)
    assert not guarded.lets(f"Deployment/{caller['metadata']['name']}", "db", 3306)


@pytest.mark.parametrize("caller", [
    {"env": env(NODES="$(POD).db-headless.store-fashion.svc")},
    {"env": env(SRV="_mysql._tcp.db.store-fashion.svc.cluster.local")},
    {"command": ["wp", "config", "create", "--dbhost=db"]},
    {"env": env(CONFIG="hosts:\n- db\n")},
    {"env": env(CONFIG='{"hosts": [\n  "db"\n]}')},
    {"env": env(CONFIG="$db['host'] = 'db';")},
    {"env": env(CONFIG="upstream x { server db; }")},
])
def test_a_host_is_found_however_it_is_spelt(caller):
    headless = service("db-headless", "db", 3306, clusterIP="None")
    guarded = Guarded([SQL, headless, DATABASE,
                       deployment("odd", {}, [{**container(), **caller}])])
    assert guarded.closed, guarded.said
    assert {who for who, _, _ in guarded.closed} == {"Deployment/odd"}


def route(kind, group, spec):
    return {"apiVersion": f"{group}/v1", "kind": kind, "metadata": {"name": "in"}, "spec": spec}


def ways_in(name, port):
    return [
        route("Ingress", "networking.k8s.io", {"rules": [{"http": {"paths": [
            {"backend": {"service": {"name": name, "port": {"number": port}}}}]}}]}),
        route("Ingress", "networking.k8s.io", {"defaultBackend": {
            "service": {"name": name, "port": {"number": port}}}}),
        route("HTTPRoute", "gateway.networking.k8s.io", {"rules": [
            {"backendRefs": [{"name": name, "port": port}]}]}),
        route("IngressRoute", "traefik.io", {"routes": [
            {"services": [{"name": name, "port": port}]}]}),
    ]


@pytest.mark.parametrize("which", range(4))
def test_a_route_to_what_is_closed_to_the_ingress_is_said(which):
    closed, fine = ways_in("db", 3306)[which], ways_in("shop", 80)[which]
    assert warnings(Guarded([HTTP, WEB, fine])) == []
    (said,) = warnings(Guarded([SQL, DATABASE, closed]))
    assert said.startswith(f"{closed['kind']}/in can't reach Service/db on port 3306: ")
    assert "urumi.io/component: web" in said
    admin = service("shop", "web", {"port": 81, "targetPort": 9117})
    (said,) = warnings(Guarded([admin, WEB, ways_in("shop", 81)[which]]))
    assert "the pods' 9117" in said


def test_nothing_of_a_secret_is_printed():
    words = "mysql://wordpress:correct-horse@shop:4711/battery?staple=1"
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"},
              "stringData": {"DATABASE_URL": words, "password": "shop:4712", "pin": "4713"}}
    reader = deployment("cache", {}, [container("redis:8", envFrom=[{"secretRef": {"name": "s"}}])])
    for extra in ({}, {"clusterIP": "None"}):
        guarded = Guarded([secret, reader, WEB, service("shop", "web", 8080, **extra)])
        for word in ("correct", "horse", "battery", "staple", "471"):
            assert word not in guarded.said, guarded.said


def test_of_a_config_map_only_what_is_mounted_counts():
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
              "data": {"a.conf": "host = db", "b.conf": "nothing"}}
    for key, names in (("a.conf", True), ("b.conf", False)):
        reader = deployment("cache", {}, [container("redis:8", volumeMounts=[
            {"name": "v", "mountPath": "/x", "subPath": key}])])
        reader["spec"]["template"]["spec"]["volumes"] = [
            {"name": "v", "configMap": {"name": "c"}}]
        assert bool(warnings(Guarded([config, reader, SQL, DATABASE]))) == names, key
    unused = deployment("cache", {}, [container("redis:8")])
    assert warnings(Guarded([config, unused, SQL, DATABASE])) == []


def test_a_service_without_pods_is_said_and_an_alias_is_not():
    caller = deployment("web", {}, [container("wordpress:6", env=env(DB_HOST="db"))])
    nowhere = service("db", "gone", 3306)
    (said,) = warnings(Guarded([caller, nowhere]))
    assert said.startswith("Deployment/web can't reach Service/db on any port: it leads to no pods")
    alias = {**nowhere, "spec": {"type": "ExternalName", "externalName": "db.example.com"}}
    assert warnings(Guarded([caller, alias])) == []


@pytest.mark.parametrize("selector", [
    {"app": "db", "role": "primary"}, {"statefulset.kubernetes.io/pod-name": "db-0"},
    {"app": "db", "statefulset.kubernetes.io/pod-name": "db-0"},
])
def test_labels_that_pods_get_while_they_run_are_no_hindrance(selector):
    pods = stateful("db", containers=[container("mariadb:11", [3306])])
    primary = {**SQL, "spec": {"selector": selector, "ports": [{"port": 3306}]}}
    callers = [deployment(n, {}, [container(image, env=env(DB_HOST="db"))])
               for n, image in (("web", "wordpress:6"), ("cache", "redis:8"))]
    (said,) = warnings(Guarded([primary, pods, *callers]))
    assert said.startswith("Deployment/cache can't reach Service/db on port 3306. In")


def test_another_protocol_is_closed_and_said():
    udp = {"port": 11211, "protocol": "UDP"}
    cache = deployment("cache", {}, [container("memcached:1", [11211])])
    caller = deployment("web", {}, [container("wordpress:6", env=env(MEMCACHED="c:11211"))])
    (said,) = warnings(Guarded([service("c", "cache", udp), cache, caller]))
    assert said == "Deployment/web can't reach Service/c on port 11211: the policies open TCP alone"
    both = service("c", "cache", {"port": 11211, "name": "tcp"})
    both["spec"]["ports"].insert(0, {**udp, "name": "udp"})
    assert warnings(Guarded([both, cache, caller])) == []


def test_a_service_half_of_whose_pods_are_closed_is_said():
    both = [deployment(f"w{i}", {"part": "x"}, [container(image)])
            for i, image in enumerate(["mariadb:11", "house/thing:1"])]
    shared = {**SQL, "spec": {"selector": {"part": "x"}, "ports": [{"port": 3306}]}}
    caller = deployment("web", {}, [container("wordpress:6", env=env(DB="db:3306"))])
    said = "\n".join(warnings(Guarded([shared, caller, *both])))
    assert "Deployment/web can't reach Service/db on port 3306: the pods behind it" in said


@pytest.mark.parametrize("labels", [
    {}, {"urumi.io/store": "fashion"}, {"urumi.io/component": "web"},
    {"urumi.io/store": "fashion", "urumi.io/component": "setup"},
    {"urumi.io/store": "fashion", "urumi.io/engine": "woocommerce"},
])
@pytest.mark.parametrize("beside", [[], [job("other")], [job("bare", {}, )]])
def test_a_plain_job_reaches_the_database_whatever_labels_it_brings(labels, beside):
    o = job("setup", labels)
    if beside and beside[0]["metadata"]["name"] == "bare":
        beside[0]["spec"]["template"]["metadata"]["labels"] = {}
    guarded = Guarded([SQL, DATABASE, o, *beside])
    assert guarded.lets("Job/setup", "db", 3306), guarded.said
    hidden = {**labels, "batch.kubernetes.io/job-name": "hook"}
    assert policies.open_between(guarded.policies, hidden, guarded.pods["Deployment/db"], 3306)


def test_a_job_of_an_engine_without_jobs_is_named(tmp_path):
    policy = json.loads(json.dumps(POLICY))
    components = policy["spec"]["engines"]["woocommerce"]["components"]
    policy["spec"]["engines"]["woocommerce"]["components"] = [
        c for c in components if not c.get("jobs")]
    o = job("setup", {"app.kubernetes.io/component": "web"})
    guarded = Guarded([SQL, DATABASE, o], tmp_path, policy)
    assert "Job/setup can't be labelled" in guarded.said


def table_of(guarded):
    start = guarded.said.index("Calls that the manifests show")
    return guarded.said[start:guarded.said.index("\n\n", start)].splitlines()


def test_a_table_shows_who_calls_whom():
    caller = json.loads(json.dumps(WEB))
    caller["spec"]["template"]["spec"]["containers"][0]["env"] = env(DB_HOST="db")
    guarded = Guarded([SQL, DATABASE, caller, HTTP, *ways_in("shop", 80)[:1]])
    assert [line.split() for line in table_of(guarded)[1:]] == [
        ["Deployment/web", "db", "3306", "open"], ["Ingress/in", "shop", "80", "open"]]


def test_long_names_and_many_calls_stay_within_80_columns():
    many = [deployment("a" * 60 + str(i), {}, [container("wordpress:6", env=env(DB_HOST="db"))])
            for i in range(70)]
    table = table_of(Guarded([SQL, DATABASE, *many]))
    assert [line for line in table if len(line) > 80] == []
    assert table[-1] == "  and 10 more"


def test_more_calls_than_are_looked_at_are_no_silence():
    """Each of many workloads sees one list of many Services."""
    count = 350
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"},
              "data": {"HOSTS": ",".join(f"s{i}" for i in range(count))}}
    many = [o for i in range(count) for o in (
        service(f"s{i}", f"w{i}", 80), deployment(f"w{i}", {}, [
            container("wordpress:6", envFrom=[{"configMapRef": {"name": "c"}}])]))]
    guarded = Guarded([config, *many])
    (said,) = warnings(guarded)
    assert said.startswith("the manifests name Services more often than is looked at")
