"""What a Store says of its shop, on a real API server with real controllers: written by
the leader, from what is really there; and the end of a Store, whose name is held until
everything is gone."""

import itertools
import json
import re

import pytest

from conftest import must
from gate import LEASE, NAMESPACE, opened
from helm import helms  # noqa: F401
from shop import Shop

NUMBERS = itertools.count(1)
TIMEOUT = 4  # s; of a shop to be ready, where a test asks for it


@pytest.fixture(scope="module")
def gate(helms):  # noqa: F811
    with opened(helms[4], "cluster-status-test",
                flags=("--lease", f"{NAMESPACE}/{LEASE}")) as gate:
        gate.cluster.wait("leader", lambda: gate.newest.metric("storeguard_leader") == 1,
                          seconds=30)
        policy(gate)
        yield gate


def policy(gate, **spec):
    """The policy in force, from now on."""
    text = json.loads((gate.folder / "policy.yaml").read_text())
    # Stores of earlier tests still go while later ones are made
    text["spec"].update(owners={"stores": 0}, **spec)
    gate.cluster.apply(text)
    gate.cluster.wait("policy in force", lambda: gate.cluster.get(
        "storepolicy", "default").get("status", {}).get("observedGeneration") ==
        gate.cluster.get("storepolicy", "default")["metadata"]["generation"], seconds=20)


@pytest.fixture
def shop(gate):
    """A shop of alice's that she installs by Helm herself."""
    shops = []

    def make(name=None, delivery="helm", engine="woocommerce", user="alice"):
        name = name or f"shop-{next(NUMBERS)}"
        done = gate.cluster.kubectl("apply", "-f", "-", user=user, input=json.dumps({
            "apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
            "spec": {"engine": engine, "delivery": delivery}}))
        must(done)
        shops.append(Shop(gate, name))
        return shops[-1]

    yield make
    for one in shops:
        for what in (f"store/{one.name}", f"namespace/{one.namespace}"):
            gate.cluster.must("delete", what, "--ignore-not-found", "--wait=false")


# --- on the way to ready ---------------------------------------------------------------


def test_a_shop_goes_from_pending_to_ready(gate, shop):
    it = shop()
    it.wait_for("Pending", "helm install store-" + it.name)
    it.install()
    ready = it.wait_for("Provisioning", "pods are available")
    assert ready["status"] == "False"
    assert it.condition("Delivered")["status"] == "True", it.status()
    assert it.condition("Guarded")["status"] == "True", it.status()
    assert "readyAt" not in it.status()
    it.come_up()
    must(gate.cluster.kubectl("wait", "--for=condition=Ready", f"store/{it.name}",
                              "--timeout=60s"))
    status, store = it.status(), it.store()
    assert status["phase"] == "Ready"
    assert status["url"] == f"http://{it.name}.shops.example.com"
    assert status["adminURL"] == f"http://{it.name}.shops.example.com/wp-admin/"
    assert status["adminSecretRef"] == {"namespace": it.namespace,
                                        "name": f"{it.namespace}-credentials"}
    assert status["observedGeneration"] == store["metadata"]["generation"]
    assert status["readyAt"] >= store["metadata"]["creationTimestamp"]
    assert 0 <= status["provisioningSeconds"] < 60
    events = gate.cluster.must("describe", "store", it.name)
    for word in ("Normal", "Pending", "Provisioning", "Ready"):
        assert word in events.split("Events:")[1], events
    shown = gate.cluster.must("get", "store", it.name)
    assert "Ready" in shown and f"http://{it.name}" in shown, shown
    shown = gate.cluster.must("get", "store", it.name, "-o", "wide")
    assert "Served" in shown and "all guards are in place" in shown, shown
    assert gate.newest.metric("storeguard_provisioning_seconds_count") >= 1


@pytest.fixture
def ready(shop):
    """One that is ready."""
    it = shop()
    it.install()
    it.come_up()
    it.wait_for("Ready")
    return it


def test_a_shop_with_a_certificate_is_at_https(gate, shop):
    it = shop(engine="medusa")
    it.install("--set", "ingress.tls.enabled=true", engine="medusa")
    status = gate.cluster.wait("url", lambda: "url" in it.status() and it.status(),
                               seconds=30)
    assert status["url"] == f"https://{it.name}.shops.example.com", status
    assert status["adminURL"] == f"https://{it.name}.shops.example.com/app", status


def test_nothing_is_written_when_nothing_is_new(gate, ready):
    def written():
        return gate.newest.ask("/metrics")[1].split(
            'storeguard_status_writes_total{result="done"} ')[1].split("\n")[0]
    gate.cluster.wait("end of earlier tests' Stores", lambda: gate.cluster.must(
        "get", "stores", "-o", "name").split() == [f"store.urumi.io/{ready.name}"])
    before = written(), ready.store()["metadata"]["resourceVersion"]
    ready.must("label", "deployment", "--all", "colour=blue")
    for pod in ready.pods("web"):
        ready.tell(pod, "Running", True, [{"name": "wordpress", "ready": True,
                                           "image": "x", "imageID": "",
                                           "restartCount": 0}])
    ready.must("annotate", "ingress", "--all", "colour=blue")
    # a shop that does change was looked at after those changes
    ready.must("delete", "networkpolicy", "storeguard-dns")
    ready.wait_for("Degraded")
    assert written() == str(int(before[0]) + 1), (before, ready.status())


# --- what is in the way is named ---------------------------------------------------------


def container(name, restarts=0, state=None, last=None, image="x"):
    return {"name": name, "ready": False, "image": image, "imageID": "",
            "restartCount": restarts, "state": state or {}, "lastState": last or {}}


def ended(code, reason="Error"):
    return {"terminated": {"exitCode": code, "reason": reason,
                           "message": "password=hunter2",
                           "startedAt": "2026-01-02T03:04:05Z",
                           "finishedAt": "2026-01-02T03:04:05Z"}}


WAITING = {"waiting": {"reason": "CrashLoopBackOff",
                       "message": "back-off 40s restarting failed container"}}
PULL = {"waiting": {"reason": "ImagePullBackOff", "message":
                    'Back-off pulling image "x": ErrImagePull: not found'}}
CONFIG = {"waiting": {"reason": "CreateContainerConfigError",
                      "message": 'secret "elsewhere" not found'}}
TROUBLES = [
    (container("wordpress", 3, WAITING, ended(7)), "CrashLoopBackOff",
     "container wordpress keeps ending, last with exit code 7"),
    (container("wordpress", 3, {"running": {}}, ended(7)), "CrashLoopBackOff",
     "container wordpress keeps ending, last with exit code 7"),
    (container("wordpress", 1, WAITING, ended(137, "OOMKilled")), "OOMKilled",
     "container wordpress keeps being killed for taking more memory than its limit"),
    (container("wordpress", state=PULL), "ImagePullBackOff", "can't be pulled: not found"),
    (container("wordpress", state=CONFIG), "CreateContainerConfigError",
     'container wordpress: secret "elsewhere" not found'),
]


def test_a_change_that_gets_nowhere_is_seen_while_the_former_pods_serve(ready):
    """Long before Kubernetes gives it up."""
    ready.must("patch", "deployment", f"store-{ready.name}-web", "--type=json", "-p",
               json.dumps([{"op": "replace", "path": "/spec/strategy", "value": {
                   "type": "RollingUpdate"}}]))
    serving = set(ready.pods("web"))
    ready.must("set", "image", f"deployment/store-{ready.name}-web", "wordpress=y")
    (fresh,) = ready.cluster.wait("new pod", lambda: set(ready.pods("web")) - serving,
                                  seconds=30)
    ready.tell(fresh, "Pending", False, [container("wordpress", state=PULL)])
    ready.wait_for("Degraded", f"ImagePullBackOff: Deployment store-{ready.name}-web")


@pytest.mark.parametrize("trouble, reason, message", TROUBLES,
                         ids=["crash", "between", "memory", "image", "config"])
def test_a_pod_in_trouble_is_named(shop, trouble, reason, message):
    it = shop()
    it.install()
    it.run("database")
    for pod in it.pods("web"):
        it.tell(pod, "Running", False, [trouble])
    said = it.wait_for("Provisioning", f"{reason}: Deployment store-{it.name}-web: ",
                       message)
    assert "hunter2" not in json.dumps(it.status()), said
    it.come_up()
    it.wait_for("Ready")


def test_a_node_that_is_not_heard_of_is_named(ready):
    for pod in ready.pods("web"):
        ready.must("patch", "pod", pod, "--subresource=status", "--type=merge", "-p",
                   json.dumps({"status": {"containerStatuses": [
                       {**container("wordpress"), "ready": True}]}}))
        # as the node's lifecycle controller does it
        conditions = [{**c, "status": "False" if c["type"] == "Ready" else c["status"]}
                      for c in json.loads(ready.must("get", "pod", pod, "-o", "json"))
                      ["status"]["conditions"]]
        ready.must("patch", "pod", pod, "--subresource=status", "--type=merge", "-p",
                   json.dumps({"status": {"conditions": conditions}}))
    ready.wait_for("Degraded", "NodeNotReady", "is not heard of")


def test_a_deployment_past_the_quota_says_so(shop):
    it = shop()
    it.install("--set", "web.accessMode=ReadWriteMany")
    it.come_up()
    it.wait_for("Ready")
    it.must("patch", "resourcequota", "storeguard", "--type=merge", "-p",
            '{"spec": {"hard": {"pods": "3"}}}')
    it.must("scale", "deployment", f"store-{it.name}-web", "--replicas=9")
    it.wait_for("Degraded", f"ExceededQuota: Deployment store-{it.name}-web: "
                "exceeded quota: storeguard, requested: pods=1, used: pods=3")


def test_a_statefulset_past_the_quota_says_so(ready):
    """It says it in Events only."""
    ready.must("patch", "resourcequota", "storeguard", "--type=merge", "-p",
               '{"spec": {"hard": {"pods": "1"}}}')
    ready.must("delete", "pod", f"store-{ready.name}-database-0", "--force",
               "--grace-period=0")
    ready.wait_for("Degraded", f"ExceededQuota: StatefulSet store-{ready.name}-database: "
                   "exceeded quota: storeguard", seconds=60)


def test_a_job_that_failed_says_with_what(shop):
    it = shop()
    it.install()
    job = it.items("jobs")[0]["metadata"]["name"]
    for _ in range(8):
        if any(c["type"] == "Failed" for c in
               it.items("jobs")[0].get("status", {}).get("conditions", [])):
            break
        for pod in it.pods("setup"):
            it.tell(pod, "Failed", False, [container("setup", state=ended(3))])
        it.must("patch", "job", job, "--type=merge", "-p", '{"spec": {"backoffLimit": 0}}')
    it.wait_for("Failed", f"JobFailed: Job {job}: ", "backoff limit",
                "container setup ended with exit code 3")
    assert "hunter2" not in json.dumps(it.status())


def test_a_web_without_pods_is_no_shop(ready):
    ready.must("scale", "deployment", f"store-{ready.name}-web", "--replicas=0")
    ready.wait_for("Degraded", f"ScaledToZero: Deployment store-{ready.name}-web")
    ready.must("scale", "deployment", f"store-{ready.name}-web", "--replicas=1")
    ready.run("web")
    ready.wait_for("Ready")


@pytest.mark.parametrize("guard", ["networkpolicy/storeguard-default-deny",
                                   "resourcequota/storeguard", "limitrange/storeguard"])
def test_a_guard_that_was_deleted_is_missed(ready, guard):
    kind, name = guard.split("/")
    said = ready.must("get", guard, "-o", "json")
    ready.must("delete", guard)
    ready.wait_for("Degraded", "GuardMissing: missing: ", name, "helm upgrade")
    assert ready.condition("Guarded")["status"] == "False"
    ready.install()
    assert ready.wait_for("Ready") and kind in said.lower()


def test_labels_of_a_store_elsewhere_change_nothing(gate, ready):
    """A tenant's objects can't speak for another's shop."""
    gate.cluster.apply({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {
            "name": "liar", "labels": {"urumi.io/store": ready.name,
                                       "urumi.io/component": "web"}},
        "spec": {"replicas": 1, "selector": {"matchLabels": {"a": "b"}}, "template": {
            "metadata": {"labels": {"a": "b"}},
            "spec": {"containers": [{"name": "c", "image": "x"}]}}}})
    ready.must("delete", "networkpolicy", "storeguard-dns")
    said = ready.wait_for("Degraded")
    assert "liar" not in json.dumps(said)
    gate.cluster.must("delete", "deployment", "liar")


# --- time ------------------------------------------------------------------------------


@pytest.fixture
def hurry(gate):
    policy(gate, provisioning={"timeoutSeconds": TIMEOUT})
    yield
    policy(gate)


def test_a_shop_that_takes_too_long_has_failed_until_it_is_ready(hurry, shop):
    it = shop()
    it.install()
    it.wait_for("Failed", f"ProvisionTimeout: not ready within {TIMEOUT} s: "
                "StatefulSet store-")
    it.come_up()
    it.wait_for("Ready")


def test_another_policy_judges_anew(hurry, gate, shop):
    it = shop()
    it.install()
    it.wait_for("Failed", "ProvisionTimeout")
    policy(gate, provisioning={"timeoutSeconds": 3600})
    it.wait_for("Provisioning")


def test_a_shop_that_nothing_takes_up_says_so(hurry, gate, shop):
    it = shop(delivery="gitops")
    it.wait_for("Pending", "Argo CD")
    it.wait_for("Failed", f"nothing has made namespace {it.namespace}", "ApplicationSet")
    assert it.condition("Delivered")["reason"] == "NotTakenUp", it.status()
    assert "Warning" in gate.cluster.must("describe", "store", it.name)


# --- the end of a Store -------------------------------------------------------------------


def test_a_name_is_held_until_its_namespace_is_gone(gate, ready):
    ready.must("create", "secret", "generic", "loot", "--from-literal=a=b")
    ready.must("patch", "secret", "loot", "--type=merge", "-p",
               '{"metadata": {"finalizers": ["example.com/slow"]}}')
    must(gate.cluster.kubectl("delete", "store", ready.name, "--wait=false",
                              user="alice"))
    ready.wait_for("Deleting", f"helm uninstall store-{ready.name}",
                   f"kubectl delete namespace store-{ready.name}")
    # nobody else can have it meanwhile
    done = gate.cluster.kubectl("create", "-f", "-", user="bob", input=json.dumps({
        "apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": ready.name},
        "spec": {"engine": "medusa"}}))
    assert done.returncode != 0, done.stdout
    gate.cluster.must("patch", "namespace", ready.namespace, "--type=merge", "-p",
                      '{"metadata": {"finalizers": ["example.com/backup"]}}')
    gate.cluster.must("delete", "namespace", ready.namespace, "--wait=false")
    ready.wait_for("Deleting", "secrets. has 1 resource instances", "example.com/slow",
                   seconds=60)
    ready.must("patch", "secret", "loot", "--type=merge", "-p",
               '{"metadata": {"finalizers": null}}')
    # then nothing is in it, and only the namespace itself says what is left
    gate.cluster.wait("end of the content", lambda: "secrets" not in
                      ready.condition("Ready")["message"], seconds=60)
    ready.wait_for("Deleting", "its own metadata.finalizers: example.com/backup")
    gate.cluster.must("patch", "namespace", ready.namespace, "--type=merge", "-p",
                      '{"metadata": {"finalizers": null}}')
    gate.cluster.must("wait", "--for=delete", f"store/{ready.name}", "--timeout=60s")
    assert gate.cluster.kubectl("get", "namespace", ready.namespace).returncode != 0
    # now bob may, and finds nothing of alice's
    must(gate.cluster.kubectl("create", "-f", "-", user="bob", input=json.dumps({
        "apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": ready.name},
        "spec": {"engine": "medusa", "delivery": "helm"}})))
    said = ready.wait_for("Pending")
    status = ready.status()
    assert "readyAt" not in status and "adminSecretRef" not in status, (said, status)
    gate.cluster.must("delete", "store", ready.name)


def test_what_argo_cd_delivers_goes_the_same_way(gate, shop):
    """Which deletes the Application's objects first, the kept guards and claims with the
    namespace."""
    it = shop(delivery="gitops")
    it.wait_for("Pending", "Argo CD")
    it.install()
    it.come_up()
    it.wait_for("Ready")
    must(gate.cluster.kubectl("delete", "store", it.name, "--wait=false", user="alice"))
    it.wait_for("Deleting", "Argo CD has deleted its Application")
    gate.cluster.must("delete", "namespace", it.namespace, "--wait=false")
    gate.cluster.must("wait", "--for=delete", f"store/{it.name}", "--timeout=60s")
    again = shop(it.name, delivery="gitops", user="bob")
    again.wait_for("Pending")
    assert again.items("secrets,persistentvolumeclaims,configmaps") == []


def test_a_store_whose_namespace_never_was_is_deleted_at_once(gate, shop):
    it = shop()
    it.wait_for("Pending")
    must(gate.cluster.kubectl("delete", "store", it.name, "--timeout=10s", user="alice"))


def test_a_namespace_that_goes_before_its_store_is_missed(gate, ready):
    gate.cluster.must("delete", "namespace", ready.namespace)
    ready.wait_for("Degraded", f"NamespaceMissing: namespace store-{ready.name} is not")


def test_a_store_from_before_the_gate_gets_its_finalizer(gate, shop):
    with gate.switched_off():
        it = shop(user="admin")
    gate.cluster.wait("finalizer", lambda: "urumi.io/namespace" in
                      it.store()["metadata"].get("finalizers", []), seconds=20)


def test_a_kind_that_cannot_be_read_stops_the_status_and_no_names(gate, shop):
    """And it is seen: by a metric, and in the log."""
    role = gate.cluster.get("clusterrole", "storeguard")
    rules = [{**rule, "resources": [r for r in rule["resources"] if r != "daemonsets"]}
             for rule in role["rules"]]
    gate.cluster.must("patch", "clusterrole", "storeguard", "--type=merge", "-p",
                      json.dumps({"rules": rules}))
    try:
        gate.newest.stop()
        gate.start()
        gate.cluster.wait("blind leader", lambda: (
            'storeguard_status_watch_synced{kind="DaemonSet"} 0' in
            gate.newest.ask("/metrics")[1]), seconds=40)
        blind, gone = shop(), shop()
        must(gate.cluster.kubectl("delete", "store", gone.name, "--timeout=20s",
                                  user="alice"))
        assert "phase" not in blind.status()
    finally:
        gate.cluster.must("patch", "clusterrole", "storeguard", "--type=merge", "-p",
                          json.dumps({"rules": role["rules"]}))
    # informers try again at growing intervals
    blind.wait_for("Pending", seconds=90)


# --- what the leader does besides ---------------------------------------------------------


def test_the_namespace_of_a_protected_store_stays(gate, shop):
    def protect(it, on):
        gate.cluster.must("patch", "store", it.name, "--type=merge", "-p",
                          json.dumps({"spec": {"deletionProtection": on}}))

    def deletion(it):
        return gate.cluster.kubectl("delete", "namespace", it.namespace,
                                    "--dry-run=server").stderr
    before, after = shop(), shop()
    gate.cluster.must("create", "namespace", before.namespace)
    assert not deletion(before)
    for it in before, after:
        protect(it, True)
    gate.cluster.must("create", "namespace", after.namespace)
    for it in before, after:
        gate.cluster.wait("protection", lambda: "is protected from deletion" in deletion(it),
                          seconds=10)
    for it in before, after:
        protect(it, False)
        gate.cluster.wait("its end", lambda: not deletion(it), seconds=10)


def found(gate):
    """What the leader says of the gate."""
    text = gate.newest.ask("/metrics")[1]
    return [result for result, value in re.findall(
        r'^storeguard_gate_check\{result="(\w+)"\} (\d)', text, re.M) if value == "1"]


def gate_condition(gate):
    conditions = gate.cluster.get("storepolicy", "default")["status"]["conditions"]
    return {c["type"]: c for c in conditions}.get("GateAsked", {})


def narrow(gate, selector):
    """The webhook of namespaces, as others do who edit the configurations of everybody."""
    hooks = gate.cluster.get("validatingwebhookconfiguration", "storeguard")["webhooks"]
    at = [hook["name"] for hook in hooks].index("validate-namespace.urumi.io")
    gate.cluster.must("patch", "validatingwebhookconfiguration", "storeguard", "--type=json",
                      "-p", json.dumps([{"op": "replace", "value": selector,
                                         "path": f"/webhooks/{at}/namespaceSelector"}]))


def without(key):
    return {"matchExpressions": [{"key": key, "operator": "DoesNotExist"}]}


def test_the_leader_tries_whether_the_gate_is_asked(gate):
    gate.cluster.wait("look", lambda: found(gate) == ["asked"], seconds=30)
    gate.cluster.wait("word", lambda: gate_condition(gate).get("status") == "True", seconds=5)
    narrow(gate, without("example.com/skip"))
    try:
        gate.newest.stop()  # who leads next looks at once
        gate.start()
        gate.cluster.wait("look", lambda: found(gate) == ["not_asked"], seconds=30)
        gate.cluster.wait("word", lambda: gate_condition(gate)["status"] == "False", seconds=5)
        said = gate_condition(gate)["message"]
        assert '{"example.com/skip":"true"}' in said and "does not ask webhook" in said, said
        # nobody is told by what path the webhook is called
        was, gate.service.targets = gate.service.targets, ["127.0.0.1:1"]
        gate.service.cut()
        try:
            gate.cluster.wait("look", lambda: found(gate) == ["failing"], seconds=30)
            gate.cluster.wait("word", lambda: gate_condition(gate)["reason"] == "Failing",
                              seconds=5)
        finally:
            gate.service.targets = was
        said = gate_condition(gate)["message"]
        assert 'failed calling webhook "validate-namespace.urumi.io"' in said, said
        assert "https://" in said and "/validate-namespace" not in said, said
        assert ":9443/" not in gate.said()
        # what AKS leaves out, the API server refuses by itself
        narrow(gate, without("control-plane"))
        gate.cluster.wait("look", lambda: found(gate) == ["asked"], seconds=30)
        labelled = {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": "store-nobodys", "labels": {"control-plane": "true"}}}
        done = gate.cluster.kubectl("create", "-f", "-", input=json.dumps(labelled))
        assert "with label control-plane" in done.stderr, done
    finally:
        narrow(gate, {})
    # and it has made nothing
    assert "store-storeguard" not in gate.cluster.must("get", "namespaces", "-o", "name")
