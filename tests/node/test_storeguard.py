"""The gate as its chart installs it, in pods on the node: it stands by itself, is reached
by its Service, lets no request fail while its replicas come and go, and leaves nothing
that blocks."""

import json
import os
import pathlib
import signal
import time

import pytest

from conftest import must, refused
from gate import LEASE, NAMESPACE, SECRET
from node.installation import bare, gate  # noqa: F401
from node.pods import pod, run_to_its_end
from node.stream import Stream

DEPLOYMENT = "deployment/storeguard-webhook"
OURS = "urumi.io/namespace"


@pytest.fixture
def stream(gate):
    """A test asks at its end what failed."""
    with Stream(gate.cluster) as users:
        yield users
    gate.clear()


def texts(failures):
    return [text for _, text in failures]


def wait_for_rollout(gate):
    gate.must("rollout", "status", DEPLOYMENT, "--timeout=180s")
    gate.cluster.wait("end of the former replicas", lambda: len(gate.get(
        "pods", "-l", "app.kubernetes.io/component=webhook")["items"]) == 2, seconds=90)


# --- it stands -----------------------------------------------------------------------


def test_its_replicas_are_ready_and_one_leads(gate):
    assert len(gate.pods()) == 2
    gate.cluster.wait("leader", gate.leader, seconds=20)


def test_it_has_made_its_certificate_itself(gate):
    assert gate.bundles() == {gate.secret()["ca.crt"]}


def test_a_store_is_completed_or_refused(gate):
    must(gate.apply("fashion"))
    spec = gate.cluster.get("store", "fashion")["spec"]
    assert (spec["owner"], spec["plan"], spec["host"]) == (
        "alice", "small", "fashion.shops.example.com")
    refused(gate.apply("books", plan="huge"), 'there is no plan "huge"')
    must(gate.create_namespace("store-fashion", "--dry-run=server"))
    refused(gate.create_namespace("store-books"), "Make the Store first")
    gate.clear()


def test_metrics_are_for_prometheus_alone(gate):
    """As far as NetworkPolicies bind, which is from pod to pod."""
    space = gate.cluster.namespace("lookers-on")
    service = f"storeguard-webhook.{NAMESPACE}.svc"

    def ask(name, url, **labels):
        return run_to_its_end(gate.cluster, space, pod(
            name, "sh", "-c", f"curl -sk --max-time 5 {url} || echo shut", labels=labels))
    try:
        metrics = f"http://{service}:8080/metrics"
        assert ask("anybody", metrics) == "shut\n"
        assert "storeguard_build_info{" in ask("prometheus", metrics, **{
            "app.kubernetes.io/name": "prometheus"})
        assert ask("caller", f"https://{service}/") != "shut\n"
    finally:
        gate.cluster.must("delete", "namespace", space, "--wait=false")


# --- nobody notices --------------------------------------------------------------------


def test_a_rolling_restart(gate, stream):
    before = set(gate.pods())
    gate.must("rollout", "restart", DEPLOYMENT)
    wait_for_rollout(gate)
    assert not before & set(gate.pods())
    assert texts(stream.failures()) == []


def test_the_loss_of_the_leader_and_then_of_the_other(gate, stream):
    for _ in range(2):
        gone = gate.cluster.wait("leader", gate.leader, seconds=20)
        gate.must("delete", "pod", gone)
        gate.cluster.wait("another leader", lambda gone=gone: gate.leader() not in (
            None, gone), seconds=30)
        gate.cluster.wait("two replicas", lambda: len(gate.pods()) == 2, seconds=60)
    assert texts(stream.failures()) == []


def test_an_upgrade_by_the_other_helm(gate, helms, stream):
    before = set(gate.pods())
    gate.install(helms[4], "--set", "webhook.timeoutSeconds=7", "--set",
                 "deployment.drainSeconds=20", "--set", "policy.spec.owners.stores=900")
    wait_for_rollout(gate)
    assert not before & set(gate.pods())
    assert gate.cluster.get("storepolicy", "default")["spec"]["owners"]["stores"] == 900
    assert texts(stream.failures()) == []


def test_certificates_are_renewed(gate, stream):
    """A new leaf; the Secret deleted; a new CA, which is shown a minute after it has been
    told."""
    before = gate.secret()

    def patch(data):
        gate.must("patch", "secret", SECRET, "--type=merge", "-p", json.dumps({"data": data}))
    patch({"tls.crt": ""})
    gate.cluster.wait("new leaf", lambda: gate.secret()["tls.crt"] not in (
        "", before["tls.crt"]), seconds=30)
    assert gate.secret()["ca.crt"] == before["ca.crt"]
    gate.must("delete", "secret", SECRET)
    gate.cluster.wait("the Secret again", lambda: gate.cluster.kubectl(
        "-n", NAMESPACE, "get", "secret", SECRET).returncode == 0, seconds=30)
    leaf = gate.secret()["tls.crt"]
    patch({"ca.key": None})
    gate.cluster.wait("leaf of the new CA", lambda: gate.secret()["tls.crt"] != leaf,
                      seconds=120)
    now = gate.secret()
    assert now["ca.crt"] != before["ca.crt"]
    assert gate.bundles() == {before["ca.crt"] + now["ca.crt"]}
    assert texts(stream.failures()) == []


def process_of(pod):
    """The webhook's process in that pod, as this machine knows it."""
    for folder in pathlib.Path("/proc").iterdir():
        try:
            if (pod["metadata"]["uid"] in (folder / "cgroup").read_text() and
                    b"storeguard-webhook" in (folder / "cmdline").read_bytes()):
                return int(folder.name)
        except OSError:
            continue  # it has ended, or is none
    raise AssertionError(f"no process of {pod['metadata']['name']}")


def test_a_leader_that_is_killed_takes_nothing_along_but_what_it_was_asked(gate, stream):
    """Nobody can answer for it; but from then on another does, and leads within the
    time that the killed one had promised to."""
    name = gate.cluster.wait("leader", gate.leader, seconds=20)
    victim = process_of(gate.pods()[name])
    before = gate.get("lease", LEASE)["spec"]["holderIdentity"]
    killed = time.monotonic()
    os.kill(victim, signal.SIGKILL)
    gate.cluster.wait("another leader", lambda: gate.get("lease", LEASE)["spec"].get(
        "holderIdentity") not in (before, ""), seconds=25)
    gate.cluster.wait("two replicas", lambda: len(gate.pods()) == 2, seconds=60)
    failures = stream.failures()
    said = "\n".join(f"{when - killed:.1f} s: {text}" for when, text in failures)
    assert all(when < killed + 5 for when, _ in failures), said
    # one that nobody could ask for defaults is judged as it came: without its owner
    assert all("failed calling webhook" in text or "spec.owner: is missing" in text
               for text in texts(failures)), said


# --- the end, and another beginning ------------------------------------------------------


def test_what_is_uninstalled_leaves_stores_that_can_be_deleted(gate, helms):
    for name in ("fashion", "books"):
        must(gate.apply(name))
    assert gate.finalizers() == {"fashion": [OURS], "books": [OURS]}
    gate.uninstall(helms[4])
    assert gate.finalizers() == {"fashion": [], "books": []}
    gate.cluster.must("delete", "store", "books", "--timeout=20s")
    gate.cluster.wait("end of the pods", lambda: not gate.get("pods")["items"], seconds=60)
    left = {(o["kind"], o["metadata"]["name"]) for o in gate.get(
        "deployments,services,serviceaccounts,roles,rolebindings,secrets,leases,jobs,"
        "networkpolicies,poddisruptionbudgets,configmaps")["items"]}
    assert left == {("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")}
    kinds = ("clusterroles,clusterrolebindings,flowschemas,prioritylevelconfigurations,"
             "mutatingwebhookconfigurations,validatingwebhookconfigurations,"
             "validatingadmissionpolicies,validatingadmissionpolicybindings,storepolicies")
    assert [o["metadata"]["name"] for o in gate.cluster.get(
        kinds, "-l", "app.kubernetes.io/part-of=storeguard")["items"]] == []


def test_what_is_installed_again_finds_them_and_guards_them(gate, helms):
    assert gate.finalizers() == {"fashion": []}
    gate.install(helms[4])
    refused(gate.apply("paypa1"), "paypal")
    must(gate.apply("fashion", displayName="As before"))
    assert gate.finalizers() == {"fashion": [OURS]}
    refused(gate.cluster.kubectl("delete", "store", "fashion", user="bob"), "alice")


def test_the_other_helm_uninstalls_it_alike(gate, helms):
    gate.uninstall(helms[3])
    assert gate.finalizers() == {"fashion": []}
    assert gate.cluster.kubectl("-n", NAMESPACE, "get", "secret", SECRET).returncode != 0
