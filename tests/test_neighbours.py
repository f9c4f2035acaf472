"""Neighbours of the worst: whatever one tenant does, the others' verdicts, statuses and
places in Argo CD's list are as without it, and so is a replica that starts then. On a real
API server; a new kind of worst is one more entry of WORSTS."""

import collections
import http.client
import json
import ssl
import threading
import time

import pytest

from api_programs import SLOW, STORES
from conftest import must
from gate import LEASE, NAMESPACE, opened
from generator import Generator, started
from helm import helms  # noqa: F401
from test_gate import apply, store

WORST = "worst"  # bob's Store, and his namespace
ALLOWED = "up to 32768 bytes and 2000 values are accepted"


@pytest.fixture(scope="module")
def gate(helms, tmp_path_factory):  # noqa: F811
    token = tmp_path_factory.mktemp("generator") / "token"
    token.write_text("right")
    with opened(helms[4], "cluster-neighbours-test", flags=(
            "--lease", f"{NAMESPACE}/{LEASE}", "--generator", "127.0.0.1:0",
            "--generator-token-file", token)) as gate:
        gate.token_file = token
        policy = json.loads((gate.folder / "policy.yaml").read_text())
        policy["spec"]["owners"] = {"stores": 20, "createsPerMinute": 0}
        gate.cluster.apply(policy)
        for name in ("garden", "books"):
            must(apply(gate, store(name)))
        yield gate


# --- what anybody does -----------------------------------------------------------------


def status_of(gate, name):
    return gate.cluster.get("store", name).get("status", {})


def reason_of(gate, name):
    for condition in status_of(gate, name).get("conditions", []):
        if condition["type"] == "Ready":
            return condition["reason"]
    return None


def ordinary(gate, name):
    """A Store is made, changed and seen, an absurd one refused; how long each took."""
    begun, took = time.monotonic(), {}

    def done(what):
        nonlocal begun
        took[what] = time.monotonic() - begun
        begun = time.monotonic()

    must(apply(gate, store(name, values={"shop": {"currency": "EUR"}})))
    done("made")
    gate.cluster.wait(f"status of {name}", lambda: reason_of(gate, name) == "NotDelivered",
                      seconds=20)
    done("seen")
    must(apply(gate, store(name, plan="medium", values={"shop": {"currency": "USD"}})))
    done("changed")
    refused = apply(gate, store(name + "-x", plan="huge"))
    assert refused.returncode and 'no plan "huge"' in refused.stderr, refused.stderr
    done("refused")
    listed = Generator(started(gate.logged())["generator"], gate.token_file).ask().names
    assert {"garden", "books", name} <= set(listed), listed
    done("listed")
    return took


# --- the worst -------------------------------------------------------------------------


def by_bob(gate, obj, *args):
    return apply(gate, obj, *args, user="bob", verb="create")


def refuse(gate, obj, *says):
    refused = by_bob(gate, obj)
    assert refused.returncode, refused.stdout
    for text in says:
        assert text in refused.stderr, refused.stderr[:2000]


def with_metadata(**metadata):
    obj = store("worst-metadata")
    obj["metadata"].update(metadata)
    return obj


def values_that_are_many(gate):
    for products in ([0] * 2500, [0] * 92_000, [[0]] * 200_000, ["x" * 40_000]):
        refuse(gate, store("worst-values", values={"shop": {"demoProducts": products}}),
               "spec.values", ALLOWED)


def metadata_of_all_kinds(gate):
    many = {f"a{number}": "b" for number in range(5000)}
    refuse(gate, with_metadata(labels=many), "up to 64 are accepted")
    refuse(gate, with_metadata(annotations=many), "up to 64 are accepted")
    refuse(gate, with_metadata(annotations={"a": "x" * 200_000}), "metadata.annotations")
    refuse(gate, with_metadata(finalizers=[f"a.b/{n}" for n in range(5000)]),
           "metadata.finalizers")
    refuse(gate, with_metadata(ownerReferences=[
        {"apiVersion": "v1", "kind": "Node", "name": f"n{n}", "uid": f"u{n}"}
        for n in range(5000)]), "metadata.ownerReferences")


def stores_from_before_there_was_a_gate(gate):
    """And now they are there: eleven of 92,000 values."""
    with gate.switched_off():
        for number in range(11):
            must(apply(gate, store(f"{WORST}-{number}", owner="bob", host=(
                f"w{number}.shops.example.com"), values={"shop": {
                    "demoProducts": [0] * 92_000}}), user="admin", verb="create"))


def container(number, **more):
    return {"name": "c", "image": "x", "env": [
        {"name": f"V{n}", "value": str(number)} for n in range(300)], **more}


def deployment(number, *containers):
    labels = {"urumi.io/store": WORST, "app": f"d{number}"}
    return {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": f"d{number}", "labels": labels},
            "spec": {"replicas": 0, "selector": {"matchLabels": {"app": f"d{number}"}},
                     "template": {"metadata": {"labels": {"app": f"d{number}"}},
                                  "spec": {"containers": list(containers)}}}}


def workloads(gate):
    must(by_bob(gate, store(WORST, delivery="helm")))
    must(by_bob(gate, {"apiVersion": "v1", "kind": "Namespace",
                       "metadata": {"name": f"store-{WORST}"}}))
    nul = container(1, args=["a\0b"])
    wide = container(2, args=["<" * 1000] * 450)
    namespace = f"store-{WORST}"
    gate.cluster.apply(*(deployment(number, container(number)) for number in range(100)),
                       namespace=namespace)
    for number, one in ((900, nul), (901, wide)):
        made = apply(gate, deployment(number, one), "-n", namespace, user="admin",
                     verb="create")
        assert made.returncode == 0, made.stderr[:2000]
    labels = {"urumi.io/store": WORST}
    gate.cluster.apply({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "all", "labels": labels},
        "spec": {"rules": [{"host": f"h{n}.example.com"} for n in range(4000)]}},
        namespace=namespace)


def names_and_hosts(gate):
    """That are another's, or look like another's."""
    for name in ("p4ypal", "pay-pal-shop", "adm1n", "stripe3"):
        refuse(gate, store(name), "resembles")
    refuse(gate, store("worst-host", host="garden.shops.example.com"), "spec.host")
    refuse(gate, store("worst-host", host="a.b.garden.shops.example.com"), "spec.host")


def one_that_never_goes(gate):
    """Held by as many finalizers as may be, owned by what is not there, and changed while
    it goes: it gets nothing that another has."""
    held = store("worst-held")
    held["metadata"].update(
        finalizers=[f"a.b/{number}" for number in range(15)],
        ownerReferences=[{"apiVersion": "urumi.io/v1", "kind": "Store", "name": "garden",
                          "uid": f"no-such-{number}", "blockOwnerDeletion": True}
                         for number in range(16)])
    must(by_bob(gate, held))
    gate.cluster.must("delete", "store", "worst-held", "--wait=false", user="bob")
    for spec in ({"host": "garden.shops.example.com"},
                 {"owner": "alice"}, {"values": {"shop": {"demoProducts": [0] * 92_000}}}):
        done = gate.cluster.kubectl(
            "patch", "store", "worst-held", "--type=merge", "--patch-file", "/dev/stdin",
            input=json.dumps({"spec": spec}), user="bob")
        assert done.returncode and f"spec.{next(iter(spec))}" in done.stderr, done.stderr[:2000]


def events(gate):
    """Of a shop, in another's name, as if the leader had written them."""
    gate.cluster.apply({"apiVersion": "v1", "kind": "Namespace",
                        "metadata": {"name": "of-bob"}})
    gate.cluster.apply(*({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": f"e{number}"},
        "involvedObject": {"apiVersion": "urumi.io/v1", "kind": "Store", "name": "garden",
                           "namespace": "of-bob"},
        "source": {"component": "storeguard-webhook"}, "reason": "Failed",
        "message": "x" * 1000, "type": "Warning"} for number in range(200)),
        namespace="of-bob")


WORSTS = [values_that_are_many, metadata_of_all_kinds, names_and_hosts, one_that_never_goes,
          stores_from_before_there_was_a_gate, workloads, events]


@pytest.mark.parametrize("worst", WORSTS)
def test_the_others_notice_nothing(gate, worst):
    number = WORSTS.index(worst)
    before = ordinary(gate, f"before-{number}")
    worst(gate)
    after = ordinary(gate, f"after-{number}")
    slower = {what: (before[what], after[what]) for what in after
              if after[what] > 2 * before[what] + 2 * SLOW}
    assert not slower, slower


class Flood:
    """bob's requests, one behind the other on each of some connections, until it is over;
    what they were answered."""

    CONNECTIONS, EACH = 4, 150  # for the CPU's sake

    def __init__(self, gate, body, query=""):
        config = json.loads(gate.cluster.state.kubeconfig("bob").read_text())
        self.cluster = config["clusters"][0]["cluster"]
        self.token = config["users"][0]["user"]["token"]
        self.body, self.query = body, query
        self.answers, self.over = collections.Counter(), threading.Event()
        self.threads = [threading.Thread(target=self._send, args=(number,), daemon=True)
                        for number in range(self.CONNECTIONS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def _send(self, of):
        context = ssl.create_default_context(cafile=self.cluster["certificate-authority"])
        connection = http.client.HTTPSConnection(
            self.cluster["server"].removeprefix("https://"), context=context, timeout=30)
        for number in range(self.EACH):
            if self.over.is_set():
                break
            connection.request("POST", STORES + self.query,
                               json.dumps(self.body(f"flood-{of}-{number}")),
                               {"Authorization": f"Bearer {self.token}",
                                "Content-Type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            self.answers[answer.status] += 1
        connection.close()


@pytest.mark.parametrize("number, body, query, answered", [
    (0, lambda name: store(name, plan="huge"), "", {422}),
    (1, lambda name: store(name, host="garden.shops.example.com"), "", {422}),
    (2, store, "?dryRun=All", {201})], ids=["refused", "another's host", "dry runs"])
def test_the_others_are_answered_in_a_flood(gate, number, body, query, answered):
    """In time: what waits longer than the API server does for the gate fails."""
    with Flood(gate, body, query) as flood:
        gate.cluster.wait("flood", lambda: sum(flood.answers.values()) > 20, seconds=30)
        ordinary(gate, f"flooded-{number}")
    # 429: the API server itself has enough of him
    assert set(flood.answers) - {429} == answered, flood.answers
    names = gate.cluster.must("get", "stores", "-o", "name")
    assert "flood-" not in names, names


def test_a_replica_that_starts_then_is_ready_and_leads(gate):
    """With everything in place that was done above."""
    old = gate.newest
    begun = time.monotonic()
    gate.start()
    assert time.monotonic() - begun < 10 * SLOW
    old.stop()
    gate.cluster.wait("leader", lambda: gate.newest.metric("storeguard_leader") == 1,
                      seconds=30)
    ordinary(gate, "late")
    for name in ("garden", "books"):
        assert reason_of(gate, name) in ("NotDelivered", "NotTakenUp")  # after minutes
    for number in range(11):
        gate.cluster.wait("what is withheld", lambda: reason_of(
            gate, f"{WORST}-{number}") == "TooLarge", seconds=20)
    assert gate.newest.metric("storeguard_generator_too_large_stores") == 11


def test_its_owner_can_shrink_it_unprotect_it_and_delete_it(gate):
    one, other = f"{WORST}-0", f"{WORST}-1"

    def patch(name, spec):
        return gate.cluster.kubectl("patch", "store", name, "--type=merge", "--patch-file",
                                    "/dev/stdin", input=json.dumps({"spec": spec}),
                                    user="bob")

    must(patch(one, {"deletionProtection": True}))
    must(patch(one, {"deletionProtection": False}))
    must(patch(one, {"values": {"shop": {"demoProducts": [0] * 91_999}}}))
    more = patch(one, {"values": {"shop": {"demoProducts": [0] * 92_500}}})
    assert more.returncode and "or no more than there were before" in more.stderr
    must(patch(one, {"values": {"shop": {"demoProducts": [0] * 10}}}))
    gate.cluster.wait("Argo CD is told of it", lambda: reason_of(gate, one) != "TooLarge",
                      seconds=20)
    gate.cluster.must("delete", "store", one, other, "--timeout=30s", user="bob")
