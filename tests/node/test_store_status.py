"""What a Store says of its shop while real kubelets run it: from its first pod to the end,
with images that crash, a node that falls silent, and leaders that are killed on the way."""

import json
import os
import signal

import pytest

from api_programs import freeze, service_pid
from conftest import refused
from node.installation import bare, gate  # noqa: F401
from node.stores import Store
from shop import Shop

WEB = "deployment/store-books-web"


class RealShop(Shop):
    """Its pods say for themselves how they are."""

    def __init__(self, gate, store):  # noqa: F811
        super().__init__(gate, store.name)
        self.install_by = store

    def volumes(self):
        """The folders that the claims are bound to; one whose claim is gone is emptied and
        offered to the next, under its name."""
        names = {c["spec"].get("volumeName") for c in self.items("persistentvolumeclaims")}
        return [self.cluster.state.folder / "node" / "volumes" / name
                for name in names - {None}]

    def kill_leader(self):
        """As an out-of-memory kill: without a word, so that what it was just asked fails."""
        leader = self.cluster.wait("leader", self.gate.leader, seconds=40)
        self.gate.must("delete", "pod", leader, "--grace-period=0", "--force")
        self.cluster.wait("gate", lambda: self.gate.create_namespace(
            self.namespace, "--dry-run=server").returncode == 0 or
            self.cluster.kubectl("get", "namespace", self.namespace).returncode == 0,
                          seconds=30)


@pytest.fixture(scope="module")
def shop(gate, helms):  # noqa: F811
    """Medusa's: it is up within a minute."""
    assert gate.apply("books", engine="medusa").returncode == 0
    it = RealShop(gate, Store(gate.cluster, helms[4], "books", "medusa"))
    yield it
    gate.cluster.kubectl("delete", "store", "books", "--wait=false")
    gate.cluster.kubectl("delete", "namespace", it.namespace, "--wait=false")


def test_a_shop_becomes_ready_whoever_leads(shop, gate):  # noqa: F811
    shop.wait_for("Pending", "helm install store-books")
    shop.kill_leader()
    shop.install_by.upgrade("--create-namespace")
    shop.wait_for("Provisioning", seconds=60)
    shop.kill_leader()
    gate.cluster.must("wait", "--for=condition=Ready", "store/books", "--timeout=300s",
                      timeout=320)
    status = shop.status()
    assert status["phase"] == "Ready", status
    assert status["adminURL"].endswith("/app"), status
    assert 0 < status["provisioningSeconds"] < 300, status
    assert shop.items("secrets") and status["adminSecretRef"]["name"] in [
        s["metadata"]["name"] for s in shop.items("secrets")]


def test_an_image_that_crashes_is_named(shop):
    before = json.loads(shop.must("get", WEB, "-o", "json"))["spec"]["template"]["spec"]
    container = before["containers"][0]
    shop.must("patch", WEB, "--type=json", "-p", json.dumps([
        {"op": "add", "path": "/spec/template/spec/containers/0/command",
         "value": ["sh", "-c", "echo password=hunter2 >&2; exit 7"]}]))
    shop.wait_for("Degraded", "CrashLoopBackOff: Deployment store-books-web: container "
                  f"{container['name']} keeps ending, last with exit code 7", seconds=90)
    assert "hunter2" not in json.dumps(shop.store())
    shop.must("rollout", "undo", WEB)
    shop.wait_for("Ready", seconds=90)


def test_an_image_that_is_nowhere_is_named(shop):
    shop.must("set", "image", WEB, "*=storeguard.test/nowhere:1")
    shop.wait_for("Degraded", "ImagePullBackOff: Deployment store-books-web: image "
                  "storeguard.test/nowhere:1 can't be pulled", seconds=90)
    shop.must("rollout", "undo", WEB)
    shop.wait_for("Ready", seconds=90)


def test_a_guard_that_was_deleted_is_missed_and_comes_back(shop):
    shop.must("delete", "networkpolicy", "storeguard-default-deny")
    shop.wait_for("Degraded", "GuardMissing: missing: NetworkPolicy storeguard-default-deny")
    shop.install_by.upgrade()
    shop.wait_for("Ready", seconds=90)


def test_a_node_that_falls_silent_is_named(shop):
    kubelet = service_pid(shop.cluster, "kubelet")
    freeze(kubelet)
    try:
        shop.wait_for("Degraded", "NodeNotReady", "is not heard of", seconds=120)
    finally:
        os.kill(kubelet, signal.SIGCONT)
    shop.wait_for("Ready", seconds=120)


def test_a_shop_goes_whoever_leads_and_leaves_its_next_owner_nothing(shop, gate):  # noqa: F811
    left = [folder / "of-alice" for folder in shop.volumes()]
    assert left
    for file in left:
        file.touch()
    passwords = [s.get("data") for s in shop.items("secrets")]
    gate.cluster.must("delete", "store", "books", "--wait=false", user="alice")
    shop.wait_for("Deleting", "helm uninstall store-books")
    shop.kill_leader()
    refused(gate.apply("books", user="bob", engine="medusa", verb="create"), "books")
    gate.cluster.must("delete", "namespace", shop.namespace, "--wait=false")
    shop.kill_leader()
    gate.cluster.must("wait", "--for=delete", "store/books", "--timeout=180s", timeout=200)
    gate.cluster.wait("bob's Store", lambda: gate.apply(
        "books", user="bob", engine="medusa").returncode == 0, seconds=30)
    shop.install_by.upgrade("--create-namespace")
    shop.wait_for("Provisioning", seconds=60)
    assert "readyAt" not in shop.status()
    shop.cluster.wait("bound claims", lambda: len(shop.volumes()) == len(left), seconds=60)
    assert not [v for v in shop.volumes() if (v / "of-alice").exists()], (
        "the next owner has a volume of the former")
    for data in [s.get("data") for s in shop.items("secrets")]:
        assert data not in passwords, "the next owner has a Secret of the former"
