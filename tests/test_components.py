"""What a workload is taken for, and on which ports it may be reached: all that speaks
for it, in all combinations."""

import itertools

import pytest

from network import policies
from test_reach import Guarded

# --- labels, image and ports that agree or contradict ---------------------------------

SPEAKS = {
    "name": {None: None, "wordpress": "web", "mariadb": "database", "redis": "cache",
             "shop": None},
    "component": {None: None, "web": "web", "db": "database", "cache": "cache",
                  "part": None},
    "image": {"house/thing:1": None, "wordpress:6": "web", "mariadb:11": "database",
              "redis:8": "cache"},
    "port": {None: None, 8080: "web", 3306: "database", 6379: "cache", 7000: None},
}
ALL = [dict(zip(SPEAKS, values)) for values in itertools.product(*SPEAKS.values())]


def deployment(name="thing", labels=None, containers=(), **spec):
    own = {"app": name, **(labels or {})}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
            "spec": {"selector": {"matchLabels": {"app": name}}, **spec, "template": {
                "metadata": {"labels": own}, "spec": {"containers": list(containers)}}}}


def container(image="house/thing:1", ports=(), **more):
    return {"name": f"c{len(str(ports))}", "image": image, **more,
            "ports": [{"containerPort": p} if isinstance(p, int) else p for p in ports]}


def service(name="thing", **port):
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"{name}-{port}"[:40]
            .translate({ord(c): None for c in " {}':,"}).lower()},
            "spec": {"selector": {"app": name}, "ports": [port]}}


def labelled(what):
    keys = {"name": "app.kubernetes.io/name", "component": "app.kubernetes.io/component"}
    return {keys[k]: what[k] for k in keys if what[k]}


@pytest.fixture(scope="module")
def mixture():
    """All combinations in one release, each a Deployment of its own."""
    return Guarded([deployment(f"w{i}", labelled(what), [container(
        what["image"], [what["port"]] if what["port"] else [])])
        for i, what in enumerate(ALL)])


def taken_for(guarded, name):
    labels = guarded.by_name("Deployment", name)["spec"]["template"]["metadata"]["labels"]
    return labels.get("urumi.io/component")


def asks(guarded, name):
    return f"Deployment/{name} looks like" in guarded.said


def one(what):
    guarded = Guarded([deployment("thing", labelled(what), [container(
        what["image"], [what["port"]] if what["port"] else [])])])
    return taken_for(guarded, "thing"), asks(guarded, "thing")


def test_where_anything_speaks_for_a_closed_component_none_is_public(mixture):
    for i, what in enumerate(ALL):
        spoken = {SPEAKS[key][value] for key, value in what.items()} - {None}
        found = taken_for(mixture, f"w{i}")
        assert found in (spoken or {None}), f"{what} is {found}"
        assert found != "web" or spoken == {"web"}, f"{what} is open to the ingress"


def test_where_all_agree_nothing_is_asked(mixture):
    plain = [i for i, what in enumerate(ALL)
             if len({SPEAKS[k][v] for k, v in what.items()} - {None}) < 2]
    said = mixture.said
    assert len(plain) > 20
    for i in plain[:10]:
        assert f"Deployment/w{i} looks like" not in said


@pytest.mark.parametrize("name, component, image, port, found, asked", [
    ("wordpress", "db", "mariadb:11", None, "database", False),
    ("wordpress", "db", "mariadb:11", 3306, "database", False),
    ("wordpress", "part", "mariadb:11", None, "database", True),
    ("wordpress", None, "mariadb:11", 3306, "database", True),
    ("wordpress", "db", "wordpress:6", 8080, "database", True),
    ("wordpress", "db", "house/thing:1", 3306, "database", False),
    ("mariadb", "web", "house/thing:1", None, "database", True),
    ("mariadb", "web", "wordpress:6", 8080, "database", True),
    ("wordpress", "web", "house/thing:1", 3306, "database", True),
    ("wordpress", "web", "house/thing:1", 8080, "web", False),
    ("redis", "cache", "mariadb:11", None, "cache", True),
    (None, "cache", "house/thing:1", 8080, "cache", True),
    (None, None, "wordpress:6", 6379, "cache", True),
])
def test_a_contradiction_is_closed_and_asked(name, component, image, port, found, asked):
    assert one(dict(name=name, component=component, image=image, port=port)) == (found, asked)


@pytest.mark.parametrize("order", [1, -1])
def test_a_stamp_settles_it(order):
    contrary = {"app.kubernetes.io/name": "wordpress", "app.kubernetes.io/component": "db",
                "urumi.io/component": "cache"}
    labels = dict(list(contrary.items())[::order])
    guarded = Guarded([deployment("thing", labels, [container("mariadb:11", [8080])])])
    assert taken_for(guarded, "thing") == "cache"
    assert "looks like" not in guarded.said


def test_a_worker_of_the_same_image_is_no_contradiction():
    labels = {"app.kubernetes.io/name": "medusa", "app.kubernetes.io/component": "worker"}
    guarded = Guarded([deployment("thing", labels, [container("medusa:2", [9000])])],
                      engine="medusa")
    assert (taken_for(guarded, "thing"), asks(guarded, "thing")) == ("worker", False)


def test_a_hook_that_stays_is_what_it_is():
    """A chart may bring its database as a hook, before all else."""
    o = deployment("thing", {}, [container("mariadb:11")])
    o["metadata"]["annotations"] = {"helm.sh/hook": "pre-install"}
    assert taken_for(Guarded([o]), "thing") == "database"


# --- ports --------------------------------------------------------------------------

HTTP = {"containerPort": 8080, "name": "http"}
WORDPRESS = container("wordpress:6")
EXPORTER = container("house/exporter:1", [{"containerPort": 9117, "name": "metrics"}])
SIDECAR = {**EXPORTER, "restartPolicy": "Always"}
ALL_OF_WEB = {80, 443, 8080, 8443}
NO_TARGET = [dict(port=80), dict(port=9117, targetPort="metrics")]


@pytest.mark.parametrize("containers, inits, services, reached", [
    ([WORDPRESS], [], [], ALL_OF_WEB),
    ([WORDPRESS, EXPORTER], [], [], ALL_OF_WEB),
    ([EXPORTER, WORDPRESS], [], [], ALL_OF_WEB),
    ([EXPORTER, WORDPRESS], [], NO_TARGET, {80}),
    ([EXPORTER, container("wordpress:6", [3000])], [], [], {3000}),
    ([WORDPRESS], [SIDECAR], [], ALL_OF_WEB),
    ([WORDPRESS], [EXPORTER], [], ALL_OF_WEB),
    ([WORDPRESS, EXPORTER], [], [dict(port=80)], {80}),
    ([WORDPRESS, EXPORTER], [], [dict(port=80, targetPort=8080)], {8080}),
    ([WORDPRESS, EXPORTER], [], NO_TARGET, {80}),
    ([WORDPRESS, EXPORTER], [], [dict(port=9117, targetPort="metrics")], ALL_OF_WEB),
    ([WORDPRESS, EXPORTER], [], [dict(port=9117)], ALL_OF_WEB),
    ([WORDPRESS], [], [dict(port=80, targetPort=3000)], ALL_OF_WEB | {3000}),
    ([WORDPRESS], [], [dict(port=80, targetPort=3306)], ALL_OF_WEB),
    ([container("wordpress:6", [HTTP]), EXPORTER], [], [], {8080}),
    ([container("wordpress:6", [HTTP]), EXPORTER], [],
     [dict(port=80, targetPort="http"), dict(port=9117, targetPort="metrics")], {8080}),
    ([container("wordpress:6", [HTTP, 9117])], [], [dict(port=9117)], {8080}),
    ([container("wordpress:6", [3000])], [], [], {3000}),
    ([container("wordpress:6", [3000, 9117])], [], [dict(port=80, targetPort=3000)], {3000}),
    ([container("wordpress:6", [3000]), EXPORTER], [],
     [dict(port=9117, targetPort="metrics")], {3000}),
    ([container("wordpress:6", [9000]), container("nginx:1", [HTTP])], [],
     [dict(port=80, targetPort="http")], {8080}),
    ([container("wordpress:6", [9000])], [{**container("nginx:1", [HTTP]),
                                           "restartPolicy": "Always"}],
     [dict(port=80, targetPort="http")], {8080}),
    ([container("wordpress:6", [3000]), container("house/exporter:1", [8080])], [],
     [dict(port=80, targetPort=3000)], {3000, 8080}),
    ([container("wordpress:6"), container("mariadb:11", [3306])], [], [dict(port=3306)],
     ALL_OF_WEB),
    ([container("wordpress:6", [{"containerPort": 80, "protocol": "UDP"}])], [], [],
     ALL_OF_WEB),
])
def test_ports_that_serve_are_reached_and_no_sidecars(containers, inits, services, reached):
    o = deployment("thing", {}, containers)
    o["spec"]["template"]["spec"]["initContainers"] = inits
    guarded = Guarded([*(service(**s) for s in services), o])
    found = policies.open_from_ingress(guarded.policies, guarded.pods["Deployment/thing"])
    assert found == reached, guarded.said


def test_a_native_sidecar_may_say_what_a_pod_is():
    o = deployment("thing", {}, [container()])
    o["spec"]["template"]["spec"]["initContainers"] = [
        {**container("mariadb:11"), "restartPolicy": "Always"}]
    assert taken_for(Guarded([o]), "thing") == "database"


def test_an_annotation_says_which_container_is_the_main_one():
    o = deployment("thing", {}, [{**container("mariadb:11", [3306]), "name": "proxy"},
                                 {**container("wordpress:6", [8080]), "name": "shop"}])
    o["spec"]["template"]["metadata"]["annotations"] = {
        "kubectl.kubernetes.io/default-container": "shop"}
    assert taken_for(Guarded([o]), "thing") == "web"


def test_many_ports_are_all_opened():
    ports = list(range(2000, 2040))
    guarded = Guarded([deployment(f"thing-{p}", {}, [container("wordpress:6", [p])])
                       for p in ports])
    found = policies.open_from_ingress(guarded.policies, guarded.pods["Deployment/thing-2000"])
    assert found == set(ports)
