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
    flux.wait_for("fashion-shop", "start", lambda it: it["status"].get("inventory"))
    flux.wait_for("books-shop", "start", lambda it: it["status"].get("inventory"))
    secret = flux.cluster.get("-n", "store-books", "secret", "store-books-credentials")
    assert base64.b64decode(secret["data"]["jwt-secret"]).decode() == PASSWORD
    assert_are_guarded_shops(*map(shop, ENGINES))
    flux.wait_ready("shops", *parts(*ENGINES))


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
