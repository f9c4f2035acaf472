"""What the webhook's account is held to by the API server, and that nobody but the API
server is answered: the account's token and the webhook's port are in the wrong hands."""

import base64
import json
import re
import socket
import ssl
import subprocess
import time

import pytest

from conftest import ROOT, WEBHOOK, must
from gate import (ACCOUNT, CONFIGURATIONS, NAMESPACE, PATH_SECRET, SECRET,
                  SERVICE_NAME, opened)
from helm import helms  # noqa: F401
from test_gate import apply, store
from test_gate_failures import Updates
from webhook_server import read_answer, request

SETTLE = 1  # s; the former path goes after ten times that
HELD = "the webhook's account may"
CLIENT = "/webhooks/0/clientConfig"


@pytest.fixture(scope="module")
def gate(helms):  # noqa: F811
    with opened(helms[4], "cluster-gate-account-test", replicas=2, settle=SETTLE,
                flags=("--reservation-ttl", "1")) as gate:
        must(apply(gate, store("kept")))
        gate.cluster.wait("paths", lambda: all(gate.paths()), seconds=20)
        yield gate


def as_account(gate, *args, **kwargs):
    return gate.cluster.kubectl(*args, "--dry-run=server", "--as", ACCOUNT, **kwargs)


def patch(gate, what, *operations, namespace="default"):
    return as_account(gate, "-n", namespace, "patch", *what, "--type=json", "-p",
                      json.dumps([dict(zip(("op", "path", "value"), o)) for o in operations]))


def create(gate, obj):
    return as_account(gate, "create", "-f", "-", input=json.dumps(obj))


# --- the account -------------------------------------------------------------------


@pytest.mark.parametrize("kind", CONFIGURATIONS)
def test_of_its_configurations_it_changes_the_bundle_and_the_path_alone(gate, kind):
    what = (kind, "storeguard")
    webhook = gate.cluster.get(*what)["webhooks"][0]
    bundle = base64.b64encode(b"x").decode()
    every = [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["*"],
              "resources": ["*/*"]}]
    forbidden = [
        ("replace", "/webhooks/0/rules", every),
        ("replace", "/webhooks/0/rules/0/resources", ["*"]),
        ("replace", "/webhooks/0/failurePolicy",
         "Ignore" if webhook["failurePolicy"] == "Fail" else "Fail"),
        ("add", "/webhooks/0/namespaceSelector", {"matchLabels": {"a": "b"}}),
        ("add", "/webhooks/0/objectSelector", {"matchLabels": {"a": "b"}}),
        ("remove", "/webhooks/0/matchConditions"),
        ("replace", "/webhooks/0/matchConditions/0/expression", "true"),
        ("replace", "/webhooks/0/timeoutSeconds", 29),
        ("replace", "/webhooks/0/sideEffects", "NoneOnDryRun"
         if webhook["sideEffects"] == "None" else "None"),
        ("replace", "/webhooks/0/matchPolicy", "Exact"),
        ("replace", "/webhooks/0/name", "other.urumi.io"),
        ("replace", f"{CLIENT}/service/name", "kubernetes"),
        ("replace", f"{CLIENT}/service/namespace", "default"),
        ("replace", f"{CLIENT}/service/port", 8443),
        ("replace", CLIENT, {"url": "https://192.0.2.1/"}),
        ("add", "/webhooks/-", {**webhook, "name": "more.urumi.io"}),
        ("remove", "/webhooks/0"), ("replace", "/webhooks", []),
        ("add", "/metadata/labels/a", "b"), ("add", "/metadata/annotations", {"a": "b"}),
        ("add", "/metadata/finalizers", ["urumi.io/namespace"]),
        ("add", "/metadata/ownerReferences",
         [{"apiVersion": "v1", "kind": "Node", "name": "a", "uid": "b"}])]
    for operation in forbidden:
        # behind a change that is allowed
        done = patch(gate, what, ("replace", f"{CLIENT}/caBundle", bundle), operation)
        assert done.returncode != 0 and HELD in done.stderr, (operation, done.stderr)
    for operation in (("replace", f"{CLIENT}/caBundle", bundle),
                      ("replace", f"{CLIENT}/service/path", "/elsewhere")):
        must(patch(gate, what, operation))


def test_of_a_store_it_changes_its_finalizer_alone(gate):
    what = ("store", "kept")
    gate.cluster.must("patch", *what, "--type=merge", "-p",
                      '{"metadata": {"finalizers": ["urumi.io/namespace", "a.b/c"]}}')
    for operation in (("replace", "/spec/plan", "large"), ("replace", "/spec/owner", "bob"),
                      ("add", "/metadata/labels", {"a": "b"}),
                      ("add", "/metadata/annotations/a", "b"),
                      ("add", "/metadata/finalizers/-", "d.e/f"),
                      ("remove", "/metadata/finalizers/1"),
                      ("remove", "/metadata/finalizers/0"), ("remove", "/metadata/finalizers")):
        if operation[1].endswith("annotations/a"):
            operation = ("add", "/metadata/annotations", {"a": "b"})
        done = patch(gate, what, operation)
        assert done.returncode != 0 and HELD in done.stderr, (operation, done.stderr)
    for done in (as_account(gate, "delete", *what),
                 create(gate, store("another", owner="alice"))):
        assert "cannot" in done.stderr, done.stderr  # its access does not go so far
    gate.cluster.must("delete", *what, "--wait=false", user="alice")
    try:
        must(patch(gate, what, ("test", "/metadata/finalizers/0", "urumi.io/namespace"),
                   ("remove", "/metadata/finalizers/0")))
    finally:
        gate.let_go("kept")
        must(apply(gate, store("kept")))


def secret_of(name, kind):
    return {"apiVersion": "v1", "kind": "Secret", "type": kind, "metadata": {
        "name": name, "namespace": NAMESPACE,
        "annotations": {"kubernetes.io/service-account.name": "default"}},
        "stringData": {"tls.crt": "", "tls.key": ""}}


def quota(**spec):
    return {"apiVersion": "urumi.io/v1", "kind": "StoreQuota", "metadata": {"name": "bob"},
            "spec": {"owner": "bob", **spec}}


def event(**changes):
    return {"apiVersion": "v1", "kind": "Event", "metadata": {"generateName": "a",
                                                              "namespace": "default"},
            "involvedObject": {"apiVersion": "urumi.io/v1", "kind": "Store", "name": "a"},
            "source": {"component": "storeguard-webhook"}, "reason": "A", "message": "b",
            "type": "Normal", **changes}


def lease(name):
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
            "metadata": {"name": name, "namespace": NAMESPACE}}


@pytest.mark.parametrize("forbidden", [
    secret_of("token", "kubernetes.io/service-account-token"),
    secret_of(SECRET, "Opaque"), secret_of("another", "kubernetes.io/tls"),
    secret_of(PATH_SECRET, "kubernetes.io/service-account-token"),
    lease("kube-scheduler"), quota(hard={"stores": 1000}),
    event(involvedObject={"apiVersion": "v1", "kind": "Pod", "name": "a"}),
    event(source={"component": "kubelet"})],
    ids=["a token", "its Secret's type", "another Secret", "a token by its name",
         "another's Lease", "a limit", "another kind's Event", "in another's name"])
def test_what_it_makes_is_bounded(gate, forbidden):
    done = create(gate, forbidden)
    assert done.returncode != 0 and HELD in done.stderr, done.stderr


def test_it_makes_what_it_needs(gate):
    must(create(gate, quota()))
    must(create(gate, event()))
    for secret in (SECRET, PATH_SECRET):
        what = ("secret", secret)
        done = patch(gate, what, ("add", "/metadata/annotations", {"a": "b"}),
                     namespace=NAMESPACE)
        assert HELD in done.stderr, done.stderr
        must(patch(gate, what, ("add", "/data/further", ""), namespace=NAMESPACE))


# --- the path ----------------------------------------------------------------------


def secrets_of(paths_):
    return {path.split("/")[1] for path in paths_}


def forge(replica, path, body):
    """A review that a pod sends, which has no more than the address."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    host, port = replica.tls.split(":")
    with socket.create_connection((host, int(port)), timeout=10) as raw, \
            context.wrap_socket(raw, server_hostname=SERVICE_NAME) as s:
        s.sendall(request(path, body, Content_Type="application/json"))
        return read_answer(s)


def review(owner, name):
    given = json.loads((ROOT / "tests" / "admission" / "create-with-defaults" /
                        "in.json").read_text())
    given["request"].update(name=name, userInfo={"username": owner, "groups": []})
    given["request"]["object"] = {
        **store(name, owner=owner, plan="small", host=f"{name}.shops.example.com"),
        "metadata": {"name": name, "uid": name}}
    return json.dumps(given)


def test_forged_reviews_leave_nothing(gate):
    secret, = secrets_of(gate.paths())
    tried = ["/validate-store", "/", "/" + "0" * 64 + "/validate-store",
             f"/{secret[:-1]}0/validate-store".replace("0/", "1/" if secret[-1] == "0" else "0/"),
             f"/{secret}x/validate-store", f"//{secret}/validate-store", f"/{secret}"]
    for number, path in enumerate(tried):
        for replica in gate.replicas:
            answer = forge(replica, path, review("carol", f"forged-{number}"))
            assert answer.status == 404, (path, answer.body)
            assert secret not in answer.body.decode()
    assert "carol" not in owners(gate)
    # who knows it is answered: it is what the API server asks
    answer = forge(gate.newest, f"/{secret}/validate-store", review("carol", "true"))
    assert answer.status == 200, answer.body
    said = gate.said() + "".join(r.ask("/metrics")[1] for r in gate.replicas)
    assert secret not in said


def test_a_path_that_somebody_overwrote_comes_back(gate):
    def generation():
        return gate.cluster.get(CONFIGURATIONS[1], "storeguard")["metadata"]["generation"]

    before = gate.paths()
    for change in (("replace", f"{CLIENT}/service/path", "/elsewhere"),
                   ("remove", f"{CLIENT}/service/path")):
        was = generation()
        gate.cluster.must(
            "patch", CONFIGURATIONS[1], "storeguard", "--type=json", "-p",
            json.dumps([dict(zip(("op", "path", "value"), change))]))
        gate.cluster.wait("the path again", lambda old=was: generation() == old + 2,
                          seconds=20)
        assert gate.paths() == before


def test_another_path_under_load(gate):
    """Asked for by hand, as it comes by itself every hour; nobody notices, and the
    former is answered no more in the end."""
    before, = secrets_of(gate.paths())
    updates = Updates(gate)
    updates.wait_for(5)
    gate.cluster.must("-n", NAMESPACE, "patch", "secret", PATH_SECRET, "--type=merge", "-p",
                      '{"data": {"since": null}}')
    gate.cluster.wait("another path", lambda: before not in secrets_of(gate.paths()), seconds=30)
    assert all(forge(r, f"/{before}/validate-store", "").status == 400 for r in gate.replicas)
    gate.cluster.wait("end of the former", lambda: all(
        forge(r, f"/{before}/validate-store", "").status == 404 for r in gate.replicas),
                      seconds=40)
    updates.wait_for(5)
    assert updates.stop() == []
    after, = secrets_of(gate.paths())
    assert re.fullmatch("[0-9a-f]{64}", after)
    held = gate.cluster.get("-n", NAMESPACE, "secret", PATH_SECRET)["data"]
    assert set(held) == {"path", "since"}


def test_a_path_lives_for_an_hour(gate):
    """Whoever asked while nobody answered, has read it."""
    before, = secrets_of(gate.paths())
    was, gate.service.targets = gate.service.targets, ["127.0.0.1:1"]
    gate.service.cut()
    try:
        said = apply(gate, store("unlucky")).stderr
    finally:
        gate.service.targets = was
    assert "failed calling webhook" in said, said
    since = base64.b64encode(str(int(time.time()) - 3601).encode()).decode()
    gate.cluster.must("-n", NAMESPACE, "patch", "secret", PATH_SECRET, "--type=merge", "-p",
                      json.dumps({"data": {"since": since}}))
    gate.cluster.wait("another path", lambda: before not in secrets_of(gate.paths()), seconds=30)
    must(apply(gate, store("unlucky"), "--dry-run=server"))
    gate.cluster.wait("end of the former", lambda: all(
        forge(r, f"/{before}/validate-store", "").status == 404 for r in gate.replicas),
                      seconds=40)


def test_a_secret_of_the_path_that_is_deleted_comes_back_as_it_was(gate):
    before = gate.paths()
    gate.cluster.must("-n", NAMESPACE, "delete", "secret", PATH_SECRET)
    gate.cluster.wait("Secret", lambda: gate.cluster.kubectl(
        "-n", NAMESPACE, "get", "secret", PATH_SECRET).returncode == 0, seconds=20)
    assert gate.paths() == before


def owners(gate):
    return [o["spec"]["owner"] for o in gate.cluster.get("storequotas")["items"]]


def test_a_quota_that_counts_nothing_goes(gate):
    """Thirty times as long as a reservation may lead to nothing; one with a limit of its
    own stays, and so does that of somebody who has Stores."""
    gate.cluster.apply(quota(hard={"stores": 3}) | {"metadata": {"name": quota_name("bob")}})
    assert HELD in as_account(gate, "delete", "storequota", quota_name("bob")).stderr
    answer = forge(gate.newest, f"/{secrets_of(gate.paths()).pop()}/validate-store",
                   review("dave", "never"))
    assert answer.json()["response"]["allowed"], answer.body
    assert "dave" in owners(gate)
    gate.cluster.wait("end of it", lambda: "dave" not in owners(gate), seconds=60)
    assert {"alice", "bob"} <= set(owners(gate))


def quota_name(owner):
    return next(line.split()[1] for line in subprocess.run(
        [WEBHOOK, "quota", owner, "3"], capture_output=True, text=True,
        check=True).stdout.splitlines() if line.strip().startswith("name:"))
