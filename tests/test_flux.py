"""From a Store in Git to a shop, and back, by Flux itself: its controllers on a real API
server with the gate, and a Git repository into which CI renders."""

import base64
import subprocess

import pytest
import yaml

from conftest import tool
from flux import NAMESPACE, opened, ready
from helm import helms  # noqa: F401
from repository import a_store
from shop import KEYS, Shop, assert_are_guarded_shops

ENGINES = {"fashion": "woocommerce", "books": "medusa"}
PARTS = ("store", "guards", "shop")
PASSWORD = "only-for-the-tests"


def parts(*names):
    return [f"{name}-{part}" for name in names for part in PARTS]


@pytest.fixture(scope="module")
def flux(helms):  # noqa: F811
    with opened(helms[4], "cluster-flux-test") as flux:
        flux.add_shops()
        encrypt_credentials(flux, "books")
        flux.push(**{name: a_store(name, engine) for name, engine in ENGINES.items()})
        flux.wait_ready(*(f"{name}-guards" for name in ENGINES))
        Shop(flux.gate, "fashion").add_secret()
        yield flux


def encrypt_credentials(flux, name):
    """As a file in Git, with a key that the cluster has."""
    key = flux.folder / "key.txt"
    subprocess.run([tool("age-keygen"), "-o", key], check=True, capture_output=True)
    flux.cluster.must("-n", NAMESPACE, "create", "secret", "generic", "sops-age",
                      f"--from-file=keys.agekey={key}")
    public = subprocess.run([tool("age-keygen"), "-y", key], check=True, capture_output=True,
                            text=True).stdout.strip()
    secret = flux.folder / "secret.yaml"
    secret.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"store-{name}-credentials"},
        "stringData": dict.fromkeys(KEYS, PASSWORD)}))
    encrypted = subprocess.run(
        [tool("sops"), "encrypt", "--age", public, "--encrypted-regex", "^stringData$", secret],
        check=True, capture_output=True).stdout
    assert PASSWORD.encode() not in encrypted
    (flux.ci.folder / "credentials" / f"{name}.yaml").write_bytes(encrypted)


@pytest.fixture
def shop(flux):
    """By its name, of any Store."""
    return lambda name: Shop(flux.gate, name)


# --- from Git to shops ---------------------------------------------------------------


def test_stores_that_are_pushed_become_shops(flux, shop):
    flux.wait_for("shop", has_applied, *(f"{name}-shop" for name in ENGINES))
    secret = flux.cluster.get("-n", "store-books", "secret", "store-books-credentials")
    assert base64.b64decode(secret["data"]["jwt-secret"]).decode() == PASSWORD
    assert_are_guarded_shops(*map(shop, ENGINES))
    flux.reconcile("fashion-shop", "books-shop")  # which Flux does by itself every 30 s
    flux.wait_ready("shops", *parts(*ENGINES))


def has_applied(it):
    return it.get("status", {}).get("inventory")


def test_what_is_applied_stays_as_it_is(flux):
    def versions():
        """Of all that has Flux's label; a write without a change makes none."""
        return {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]):
                o["metadata"].get("generation", o["metadata"]["resourceVersion"])
                for o in flux.cluster.get(
                    "stores,namespaces,resourcequotas,limitranges,networkpolicies,jobs,"
                    "deployments,statefulsets,ingresses,services,configmaps,secrets", "-A",
                    "-l", "kustomize.toolkit.fluxcd.io/name")["items"]}
    before = versions()
    assert len(before) > 40
    flux.reconcile("shops", *parts(*ENGINES))
    assert versions() == before
    flux.wait_ready("shops", *parts(*ENGINES))


def test_a_guard_that_somebody_deletes_comes_back(flux, shop):
    it = shop("fashion")
    it.must("delete", "networkpolicy", "storeguard-default-deny")
    it.wait_for("Degraded", "storeguard-default-deny")
    flux.reconcile("fashion-guards")
    it.wait_for("Ready")


def test_a_shop_is_ready_for_flux_when_its_store_is(flux, shop):
    it = shop("fashion")
    pod, = it.pods("database")
    it.tell(pod, "Running", False)
    it.wait_for("Degraded")
    said = ready(flux.reconcile("fashion-shop"))
    assert said["status"] == "False" and "Store/fashion" in said["message"], said
    it.tell(pod, "Running", True)
    it.wait_for("Ready")
    assert ready(flux.reconcile("fashion-shop"))["status"] == "True"


def test_what_flux_is_told_once_can_go_without_the_shops(flux, shop):
    flux.cluster.must("-n", NAMESPACE, "delete", "kustomization/shops",
                      "gitrepository/shops")
    assert set(flux.kustomizations()) == set(parts(*ENGINES))
    flux.add_shops()
    flux.wait_ready("shops", *parts(*ENGINES))
    assert {shop(name).status()["phase"] for name in ENGINES} == {"Ready"}


# --- refusals ------------------------------------------------------------------------


def test_a_refused_store_says_why_and_is_in_no_others_way(flux):
    taken = 'spec.host: "fashion.shops.example.com" is taken by Store "fashion"'
    commit = flux.push("Two", garden=a_store("garden"),
                       copy=a_store("copy", host="fashion.shops.example.com"))
    flux.wait_for("refusal", lambda it: taken in ready(it)["message"], "copy-store")
    flux.wait_ready("shops", "fashion-store", "garden-guards", commit=commit)
    flux.wait_for("word of it", lambda it: "copy-store' is not ready" in ready(it)["message"],
                  "copy-guards")
    assert flux.cluster.kubectl("get", "namespace", "store-copy").returncode != 0
    flux.wait_ready("copy-guards", commit=flux.push("Another host", copy=a_store("copy")))


# --- deletion ------------------------------------------------------------------------


def test_what_a_removed_stores_volumes_hold_can_be_kept(flux, shop):
    it = shop("garden")
    for kept in ("namespace", it.namespace), ("-n", it.namespace, "pvc", "--all"):
        # what kubectl does under its own name Flux takes back
        flux.cluster.must("annotate", "--field-manager=admin", *kept,
                          "kustomize.toolkit.fluxcd.io/prune=disabled")
    flux.reconcile("garden-guards")
    flux.reconcile("garden-shop")
    before = {o["metadata"]["uid"] for o in it.items("pvc")}
    flux.push("No garden", garden=None)
    flux.wait_gone(*parts("garden"))
    it.wait_for("Deleting")
    assert before == {o["metadata"]["uid"] for o in it.items("pvc")}
    assert not it.items("deployments,statefulsets")


def test_a_held_name_goes_to_another_once_it_is_free(flux, shop):
    it = shop("garden")
    before = it.store()["metadata"]["uid"]
    for owner, said in (("alice", "Store/garden status: 'Failed'"),
                        ("bob", 'is being deleted stays with its owner, "alice"')):
        flux.push(f"For {owner}", garden=a_store("garden", owner=owner))
        flux.wait_for(said, lambda it: said in ready(it)["message"], "garden-store")
    flux.cluster.must("delete", "namespace", it.namespace, "--wait=false")
    assert_gone(flux, "garden")
    flux.reconcile("garden-store")  # which Flux does by itself every 30 s
    flux.wait_ready("garden-guards")
    after = it.store()
    assert after["metadata"]["uid"] != before and after["spec"]["owner"] == "bob"


def assert_gone(flux, name):
    """Soon, with all that it had."""
    flux.cluster.must("wait", "--for=delete", f"store/{name}", f"namespace/store-{name}",
                      "--timeout=90s")


def test_a_protected_store_whose_file_goes_stays(flux, shop):
    def uids():
        return {o["metadata"]["uid"] for o in [it.store(), *it.items("all,pvc,secrets")]}
    it = shop("books")
    before = uids()
    protected = a_store("books", "medusa", deletionProtection=True)
    flux.wait_ready("books-store", commit=flux.push("Protected", books=protected))
    flux.push("No books", books=None)
    flux.wait_gone(*parts("books"))
    assert uids() == before and it.status()["phase"] == "Ready"
    # back, and protected no longer, with what it had
    flux.wait_ready(*parts("books"), commit=flux.push("Books", books=a_store("books", "medusa")))
    assert uids() == before and not it.store()["spec"]["deletionProtection"]
    flux.push("No books", books=None)
    flux.wait_gone(*parts("books"))
    assert_gone(flux, "books")


# --- and in between ------------------------------------------------------------------


def test_shops_that_do_not_come_up_hold_up_no_other(flux):
    """There are more than the Kustomizations that Flux works on at a time."""
    late = [f"late-{letter}" for letter in "abcd"]
    flux.push("Four", **{name: a_store(name, owner="carol") for name in late})
    flux.wait_for("shop", has_applied, *(f"{name}-shop" for name in late))
    flux.wait_ready("early-guards", commit=flux.push(
        "One more", early=a_store("early", owner="carol")))
    its = flux.kustomizations()
    assert {ready(its[f"{name}-shop"])["status"] for name in late} <= {"False", "Unknown"}
