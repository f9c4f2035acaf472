"""What the fit counts is what Kubernetes charges: random pods, Services and claims, and
keys of quotas, by this program and by a real API server's ResourceQuota."""

import json
import os
import random

import pytest

import charges
from charges import PLANS, Server, bare, measured, wrapped
from conftest import STORE, postrender

SEED = int(os.environ.get("STOREGUARD_SEED", random.randrange(10 ** 6)))
PODS = int(os.environ.get("STOREGUARD_PODS", 420))


def namespace_of(plan):
    return f"charged-{plan}"


@pytest.fixture(scope="module")
def server(cluster):
    cluster.apply({"apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "handler": "kata",
                   "metadata": {"name": charges.CLASS["name"]},
                   "overhead": {"podFixed": charges.CLASS["overhead"]}})
    cluster.apply({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
                   "provisioner": "none", "metadata": {"name": "gold", "annotations": {
                       "storageclass.kubernetes.io/is-default-class": "true"}}})
    for plan, (quota, ranges) in PLANS.items():
        cluster.namespace(namespace_of(plan))
        cluster.apply(
            {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "it"},
             "spec": {"hard": quota}},
            *({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "it"},
               "spec": {"limits": [{"type": "Container", **limits}]}} for limits in ranges),
            namespace=namespace_of(plan))
    server = Server(cluster)
    for plan, (quota, _) in PLANS.items():
        cluster.wait(f"quota of {plan}", lambda: set(server.ask(
            "GET", f"/api/v1/namespaces/{namespace_of(plan)}/resourcequotas/it")[1]
            .get("status", {}).get("used", {})) == set(quota), seconds=30)
    yield server
    for plan in PLANS:
        cluster.must("delete", "namespace", namespace_of(plan), "--wait=false")
    cluster.must("delete", "storageclass/gold", f"runtimeclass/{charges.CLASS['name']}")


@pytest.fixture(scope="module")
def policy_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("charges") / "policy.yaml"
    path.write_text(json.dumps(charges.policy()))
    return path


@pytest.mark.parametrize("pod_level", [False, True], ids=["by containers", "as a whole"])
def test_a_pod_is_charged_as_counted(server, policy_file, pod_level):
    generator, taken, wrong = random.Random(f"{SEED}{pod_level}"), 0, []
    plans = [plan for plan in PLANS if plan != "objects"]
    for number in range(PODS):
        plan = generator.choice(plans)
        spec = charges.random_pod(generator, pod_level)
        obj = bare(spec) if number % 4 else wrapped(spec)
        ours, said = measured(obj, plan, policy_file)
        for _ in range(2):  # the quota's controller may have written in between
            theirs, message = server.charged(obj, namespace_of(plan))
            if ours == theirs:
                break
        taken += theirs is not None
        if ours != theirs:
            wrong.append((number, plan, obj, ours, said[-600:], theirs, message))
    assert not wrong, f"seed {SEED}: {len(wrong)} of {PODS}, the first: {wrong[0]}"
    assert PODS / 5 < taken < PODS, f"seed {SEED}: {taken} of {PODS} were taken"


def service(kind, *node_ports, **spec):
    return bare({"type": kind, "ports": [
        {"name": f"p{i}", "port": 80 + i, **({"nodePort": port} if port else {})}
        for i, port in enumerate(node_ports)], **spec}, "Service")


def claim(storage, old_class=None, **spec):
    made = bare({"accessModes": ["ReadWriteOnce"], "resources": {
        "requests": {"storage": storage}}, **spec}, "PersistentVolumeClaim")
    if old_class:
        made["metadata"]["annotations"] = {
            "volume.beta.kubernetes.io/storage-class": old_class}
    return made


NO_PORTS = {"allocateLoadBalancerNodePorts": False}


@pytest.mark.parametrize("obj", [
    service("ClusterIP", None, None), service("NodePort", None, 30001),
    service("LoadBalancer", None, None), service("LoadBalancer", None, None, **NO_PORTS),
    service("LoadBalancer", 30002, None, 30003, **NO_PORTS),
    claim("1Gi"), claim("1.5"), claim("2500m"), claim("1Gi", storageClassName=None),
    claim("1Gi", storageClassName=""), claim("1Gi", storageClassName="tin"),
    claim("1Gi", "tin"), claim("1Gi", "tin", storageClassName="gold")],
    ids=lambda obj: obj["kind"])
def test_an_object_is_charged_as_counted(server, policy_file, obj):
    theirs, message = server.charged(obj, namespace_of("objects"))
    assert theirs, message
    ours, _ = measured(obj, "objects", policy_file)
    assert ours == theirs


# --- what a policy may say ---------------------------------------------------------

LONG = "a" * 63
TAKEN = [{key: "1"} for key in (
    *charges.KEYS, *charges.OBJECTS, "configmaps", "secrets", "replicationcontrollers",
    "resourcequotas", "hugepages-1Gi", "count/jobs.batch", "count/widgets.example.com",
    f"count/{LONG}", f"requests.{LONG}.{LONG}/{LONG}", "limits.example.com/gpu",
    "requests.kubernetes.io/x", f"{'b' * 200}.storageclass.storage.k8s.io/requests.storage",
)] + [{"cpu": "1.5"}, {"requests.storage": "1.5"}, {"requests.example.com/gpu": "1.5"}]
REFUSED = [{key: "1"} for key in (
    "", "pod", "Pods", "podz", "requests.", "requests.bogus", "requests.pods", "requests.a/b/c",
    "requests./gpu", "requests.example.com/", "requests.Example.com/gpu", "requests.cpu ",
    "requests._.com/a", "limits.", "limits.pods", "limits.storage", "limits.bogus",
    "limits.hugepages-2Mi", "storage", "hugepages", "hugepages-", "requests.storages",
    "services.loadbalancer", "services.nodeports.x", "count", "count/", "count/-", "count/a/b",
    f"count/{LONG}a", "/pods", "pods/", "jobs.batch", f"{LONG}a", "a b", "ä",
    "gold..storageclass.storage.k8s.io/requests.storage",
    "-gold.storageclass.storage.k8s.io/requests.storage",
    ".storageclass.storage.k8s.io/requests.storage",
    f"{'b' * 230}.storageclass.storage.k8s.io/requests.storage",
)] + [{key: "1.5"} for key in (
    "pods", "services", "services.nodeports", "count/pods",
    "gold.storageclass.storage.k8s.io/persistentvolumeclaims")]
# the API server takes them, and counts nothing by them
IDLE = [{key: "1"} for key in (
    "example.com/gpu", "count/Jobs", "count/jobs_batch", "request.cpu/x",
    "gold.storageclass.storage.k8s.io/pods", "pods/x")]


def ours_takes(tmp_path, **plan):
    document = charges.policy()
    document["spec"]["plans"]["bare"].update(plan)
    path = tmp_path / "policy.yaml"
    path.write_text(json.dumps(document))
    done = postrender([*STORE[:-4], "--owner", "alice", "--plan", "bare", "--fit=off",
                       "--policy", path],
                      "{apiVersion: v1, kind: ConfigMap, metadata: {name: it}}")
    assert done.returncode in (0, 3), done.stderr
    return done.returncode == 0, done.stderr.decode()


def test_keys_of_a_quota_are_judged_as_by_kubernetes(server, tmp_path):
    verdicts = [(hard, server.takes("ResourceQuota", {"hard": hard}, "default"),
                 ours_takes(tmp_path, quota=hard)) for hard in TAKEN + REFUSED + IDLE]
    wrong = [v for v in verdicts if v[1][0] != (v[0] not in REFUSED)
             or v[2][0] != (v[0] in TAKEN)]
    assert not wrong, "\n".join(map(str, wrong))


RANGES = [
    {"max": {"cpu": "1", "memory": "1Gi", "ephemeral-storage": "1Gi"}},
    {"max": {"example.com/gpu": "1"}}, {"max": {"gpu": "1"}}, {"max": {"storage": "1"}},
    {"default": {"hugepages-2Mi": "2Mi"}}, {"min": {"pods": "1"}},
    {"default": {"requests.cpu": "1"}}, {"default": {"requests.example.com/gpu": "1"}},
    {"defaultRequest": {"example.com/gpu": "1"}, "max": {"example.com/gpu": "2"}},
    {"defaultRequest": {"example.com/gpu": "1"}, "default": {"example.com/gpu": "2"}},
    {"defaultRequest": {"example.com/gpu": "2"}, "max": {"example.com/gpu": "2"}},
    {"defaultRequest": {"hugepages-2Mi": "2Mi"}, "max": {"hugepages-2Mi": "4Mi"}},
    {"defaultRequest": {"cpu": "1"}, "max": {"cpu": "2"}},
    {"defaultRequest": {"cpu": "3"}, "max": {"cpu": "2"}},
    {"defaultRequest": {"cpu": "3"}, "default": {"cpu": "2"}},
    {"min": {"cpu": "2"}, "default": {"cpu": "1"}}, {"min": {"cpu": "2"}, "max": {"cpu": "1"}},
    {"min": {"cpu": "2"}, "defaultRequest": {"cpu": "1"}}, {"default": {"a/b/c": "1"}},
    {"type": "PersistentVolumeClaim"},
    {"type": "PersistentVolumeClaim", "max": {"storage": "1Gi"}},
    {"type": "PersistentVolumeClaim", "min": {"storage": "2"}, "max": {"storage": "1"}},
    {"type": "PersistentVolumeClaim", "max": {"bogus": "1"}},
    {"type": "PersistentVolumeClaim", "min": {"cpu": "1"}},
]


def test_limits_are_judged_as_by_kubernetes(server, tmp_path):
    wrong = []
    for limits in ({"type": "Container", **limits} for limits in RANGES):
        theirs = server.takes("LimitRange", {"limits": [limits]}, "default")
        ours = ours_takes(tmp_path, limitRange=[limits])
        if ours[0] != theirs[0]:
            wrong.append((limits, ours, theirs))
    assert not wrong, "\n".join(map(str, wrong))
