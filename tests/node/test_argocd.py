"""From a Store in Git to an order, and back, by Argo CD with real pods. The gate is its
chart's release on the node; Argo CD's programs run in the node's network as processes, as
in tests/argocd.py: no image of Argo CD is at hand, so the plugin's server has no pod either
and runs with what its image has on PATH (test_image.py runs that image)."""

import json
import shutil
import time

import pytest

from argocd import NAMESPACE, ArgoCD
from cluster.node import ADDRESS
from gate import NAMESPACE as GATES
from node.installation import bare, gate  # noqa: F401
from node.pods import pod, run_to_its_end
from node.stores import Store
from node.test_medusa import orders, place_order
from test_argocd import applicationset, asked_again, store

WEBHOOK = "deployment/storeguard-webhook"
READY_SECONDS = 420
# Git has no empty folders.
NOTE = {"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "team", "namespace": "default"}}


@pytest.fixture(scope="module")
def argo(gate, helms):  # noqa: F811
    cluster = gate.cluster
    inside = (shutil.which("nsenter"), "--net", "--target",
              str(cluster.state.supervisor_pid()), "--")
    webhook = gate.get("service", "storeguard-webhook")["spec"]["clusterIP"]
    cluster.namespace(NAMESPACE)
    argo = ArgoCD(gate, ADDRESS, webhook, inside)
    try:
        argo.furnish()
        gate.install(helms[3], *argo.values())
        argo.mount()
        argo.up()
        argo.git.push("The team's folder", team=NOTE)
        argo.add_stores()
        argo.wait_synced("stores", seconds=120)
        yield argo
    finally:
        argo.down()
        cluster.kubectl("delete", "store", "books", "--wait=false")
        cluster.kubectl("delete", "namespace", "store-books", "--wait=false")
        # leaves the ApplicationSet, and no protection of it
        gate.install(helms[3])
        argo.remove()
        cluster.kubectl("delete", "configmap", NOTE["metadata"]["name"])


@pytest.fixture(scope="module")
def shop(argo, helms):
    """Synced; how its customers and its owner get at it."""
    began = time.monotonic()
    commit = argo.push("Books", books=store("books", engine="medusa", plan="small"))
    argo.wait_synced("stores", commit, seconds=120)
    argo.wait_synced("store-books", seconds=180)
    print(f"\n{time.monotonic() - began:.1f} s from git push to a shop, synced")
    it = Store(argo.cluster, helms[3], "books", "medusa")
    ready = argo.cluster.kubectl("wait", "--for=condition=Ready", "store/books",
                                 f"--timeout={READY_SECONDS}s", timeout=READY_SECONDS + 20)
    assert ready.returncode == 0, f"{ready.stderr}\n{it.describe()}"
    print(f"{time.monotonic() - began:.1f} s from git push to a Store that is Ready")
    return it


def test_pods_of_its_applicationset_controller_get_at_the_stores_and_no_others(argo):
    """Its process doesn't show it: a node always reaches its own pods."""
    url = f"http://storeguard-webhook.{GATES}.svc:8081/api/v1/getparams.execute"

    def ask(name, **labels):
        return run_to_its_end(argo.cluster, NAMESPACE, pod(
            name, "sh", "-c", "curl -s --max-time 5 -o /dev/null -w '%{http_code}' "
            f"-d '{{}}' {url} || echo shut", labels=labels))
    assert "shut" in ask("anybody")
    assert ask("controller", **{
        "app.kubernetes.io/name": "argocd-applicationset-controller"}) == "401"


def uids(argo):
    """Of what would be another if the shop had been made anew."""
    return {name: argo.cluster.get(*name)["metadata"]["uid"] for name in (
        ("store", "books"), ("namespace", "store-books"),
        ("-n", NAMESPACE, "application", "store-books"),
        ("-n", "store-books", "pvc", "store-books-database"))}


def test_a_store_in_git_becomes_a_shop_that_takes_orders(argo, shop):
    status = argo.cluster.get("store", "books")["status"]
    assert status["phase"] == "Ready", status
    assert place_order(shop) in orders(shop)


def test_it_is_guarded_as_any_other(shop):
    assert {"storeguard-default-deny", "storeguard-web", "storeguard-dns"} <= {
        p["metadata"]["name"] for p in shop.items("networkpolicies")}
    assert shop.quota()["hard"]["pods"] == "15"


def test_a_ready_shop_makes_its_applications_healthy(argo, shop):
    ingress, = shop.items("ingresses")
    # as an ingress controller says; none is there
    shop.must("patch", "ingress", ingress["metadata"]["name"], "--subresource=status",
              "--type=merge", "-p", json.dumps({"status": {"loadBalancer": {
                  "ingress": [{"ip": "192.0.2.80"}]}}}))
    for name in ("store-books", "stores"):
        argo.wait_for(name, "health", lambda app: app["status"].get("health", {}).get(
            "status") == "Healthy", seconds=120)
        argo.wait_synced(name, seconds=120)


def test_no_shop_goes_while_the_webhooks_pods_are_replaced(argo, shop, gate):  # noqa: F811
    before, order = uids(argo), place_order(shop)
    gate.must("rollout", "restart", WEBHOOK)
    gate.must("rollout", "status", WEBHOOK, "--timeout=180s")
    assert uids(argo) == before
    # and while nobody answers the ApplicationSet
    gate.must("scale", WEBHOOK, "--replicas=0")
    argo.cluster.wait("error of the ApplicationSet", lambda: applicationset(argo)[
        "status"] == "True", seconds=60)
    assert uids(argo) == before
    gate.must("scale", WEBHOOK, "--replicas=2")
    gate.must("rollout", "status", WEBHOOK, "--timeout=180s")
    asked_again(argo)
    assert uids(argo) == before
    assert order in orders(shop)


def test_an_emptied_folder_takes_no_shop_with_it(argo, shop):
    before = uids(argo)
    emptied = argo.push("All gone by a slip", books=None, team=None)
    argo.wait_for("stores", "error", lambda app: [
        c for c in app["status"].get("conditions", [])
        if c["type"] == "ComparisonError" and "app path does not exist" in c["message"]],
                  seconds=120)
    assert uids(argo) == before
    back = argo.git.revert(emptied)
    argo.refresh("stores")
    argo.wait_synced("stores", back, seconds=120)
    assert uids(argo) == before
    assert orders(shop)


def test_a_store_that_leaves_git_goes_with_its_shop(argo, shop):
    began = time.monotonic()
    argo.push("No more books", books=None)
    argo.cluster.wait("end of Store books", lambda: "NotFound" in argo.cluster.kubectl(
        "get", "store", "books").stderr, seconds=300)
    print(f"\n{time.monotonic() - began:.1f} s from git push to no shop")
    gone = argo.cluster.kubectl("get", "namespace", shop.namespace)
    assert "NotFound" in gone.stderr, gone
    argo.cluster.wait("end of Application store-books", lambda: not argo.application(
        "store-books"), seconds=60)
    argo.wait_synced("stores", seconds=60)
