"""Certificates that the webhook's replicas make themselves, in a Secret (--cert-secret):
one for all, renewed under load, and put back whatever happens to them."""

import base64
import json
import threading

import pytest

from conftest import must
from gate import ACCOUNT, NAMESPACE, SECRET, opened
from helm import helms  # noqa: F401
from test_gate import apply, store
from test_gate_failures import Updates

SETTLE = 1  # s; the old CA goes after ten times that


@pytest.fixture(scope="module")
def open_gate(helms):  # noqa: F811
    with opened(helms[4], "cluster-gate-certificates-test", replicas=2,
                settle=SETTLE) as gate:
        yield gate


@pytest.fixture
def gate(open_gate):
    yield open_gate
    open_gate.clear()


def secret(gate):
    data = gate.cluster.get("-n", NAMESPACE, "secret", SECRET)["data"]
    return {name: base64.b64decode(text).decode() for name, text in data.items()}


def patch_secret(gate, data):
    gate.cluster.must("-n", NAMESPACE, "patch", "secret", SECRET, "--type=merge", "-p",
                      json.dumps({"data": data}))


def all_show(gate, certificate):
    return all(replica.shown_certificate() == certificate for replica in gate.replicas)


def is_steady(gate):
    """All show the one leaf, and all callers are told of the one CA."""
    held = secret(gate)
    return (held["ca-bundle.crt"] == held["ca.crt"] and all_show(gate, held["tls.crt"]) and
            set(gate.bundles()) == {held["ca.crt"]})


def wait_until_steady(gate):
    gate.cluster.wait("rest", lambda: is_steady(gate), seconds=40)


class Callers:
    """Again and again, asks what bundles the webhooks are to be called with, and calls
    each replica with each, on a connection of its own."""

    def __init__(self, gate):
        self.gate, self.failed, self.calls = gate, [], 0
        self.bundles = []  # all that were seen, in that order
        self.end = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.end.is_set():
            for bundle in dict.fromkeys(self.gate.bundles()):
                if bundle not in self.bundles:
                    self.bundles.append(bundle)
                for replica in self.gate.replicas:
                    self._call(replica, bundle)

    def _call(self, replica, bundle):
        self.calls += 1
        try:
            replica.shown_certificate(bundle)
        except OSError as error:
            self.failed.append(f"{replica.tls}: {error}")

    def stop(self):
        self.end.set()
        self.thread.join()
        assert self.calls > 0
        return self.failed


@pytest.fixture
def load(gate):
    """Users and callers all the while; a test ends by asking them what failed."""
    wait_until_steady(gate)
    started = Load(gate)
    yield started
    started.stop()


class Load:
    def __init__(self, gate):
        self.updates, self.callers = Updates(gate), Callers(gate)
        self.updates.wait_for(10)

    def stop(self):
        return self.updates.stop() + self.callers.stop()

    def must_have_seen_nothing(self):
        self.updates.wait_for(20)
        assert self.stop() == []


def test_replicas_that_start_at_once_make_one_of_each_secret(gate):
    wait_until_steady(gate)
    made = [write.code for write in gate.cluster.audit()
            if (write.verb, write.resource, write.user) == ("create", "secrets", ACCOUNT)]
    # one with the certificate, one with the path
    assert made.count(201) == 2 and set(made) <= {201, 409}, made
    for replica in gate.replicas:
        gate.service.targets = [replica.tls]
        gate.service.cut()
        must(apply(gate, store(f"by-{replica.tls.split(':')[1]}")))
    gate.service.targets = [replica.tls for replica in gate.replicas]


def test_it_may_do_no_more_than_it_needs(gate):
    def may(verb, what, *args):
        return gate.cluster.kubectl("auth", "can-i", verb, what, "--as", ACCOUNT,
                                    *args).stdout.strip() == "yes"
    here = ("-n", NAMESPACE)
    assert may("get", f"secret/{SECRET}", *here)
    assert not may("get", "secret/another", *here)
    assert not may("watch", "secrets", *here)
    assert not may("delete", f"secret/{SECRET}", *here)
    assert not may("create", "secrets", "-n", "default")
    assert not may("patch", "validatingwebhookconfigurations/another")


def test_a_new_leaf_under_load(gate, load):
    before = secret(gate)
    patch_secret(gate, {"tls.crt": ""})
    gate.cluster.wait("new certificate", lambda: is_steady(gate) and
                      secret(gate)["tls.crt"] != before["tls.crt"], seconds=40)
    load.must_have_seen_nothing()
    assert secret(gate)["ca.crt"] == before["ca.crt"]
    assert load.callers.bundles == [before["ca.crt"]]


def test_a_new_ca_under_load(gate, load):
    before = secret(gate)
    patch_secret(gate, {"ca.key": None})
    gate.cluster.wait("new CA", lambda: is_steady(gate) and
                      secret(gate)["ca.crt"] != before["ca.crt"], seconds=60)
    load.must_have_seen_nothing()
    old, new = before["ca.crt"], secret(gate)["ca.crt"]
    assert load.callers.bundles == [old, old + new, new]


def test_a_secret_that_is_deleted_comes_back_as_it_was(gate, load):
    before = secret(gate)
    gate.cluster.must("-n", NAMESPACE, "delete", "secret", SECRET)
    gate.cluster.wait("Secret", lambda: gate.cluster.kubectl(
        "-n", NAMESPACE, "get", "secret", SECRET).returncode == 0, seconds=20)
    assert secret(gate) == before
    load.must_have_seen_nothing()


@pytest.mark.parametrize("bundle", ["", "somebody else's"])
def test_a_bundle_that_somebody_overwrote_is_repaired(gate, bundle):
    wait_until_steady(gate)
    must(apply(gate, store()))
    gate.cluster.must(
        "patch", "validatingwebhookconfiguration", "storeguard", "--type=json", "-p",
        json.dumps([{"op": "replace", "path": "/webhooks/0/clientConfig/caBundle",
                     "value": base64.b64encode(bundle.encode()).decode()}]))
    gate.cluster.wait("the bundle again", lambda: is_steady(gate), seconds=20)
    gate.cluster.wait("answer", lambda: apply(
        gate, store(displayName="New")).returncode == 0, seconds=5)


def test_helm_leaves_bundle_and_path_alone(gate, load, helms):  # noqa: F811
    """Neither Helm takes away what the replicas have put into its configurations."""
    paths = gate.paths()
    assert all(paths)
    for helm in (helms[4], helms[3]):
        for seconds in (6, 5):
            gate.helm_upgrade(*gate.registration(), "--set",
                              f"webhook.timeoutSeconds={seconds}", helm=helm)
            assert all(gate.bundles()) and gate.paths() == paths
    load.must_have_seen_nothing()
    assert load.callers.bundles == [secret(gate)["ca.crt"]]
