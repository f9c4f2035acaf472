"""The CustomResourceDefinitions, on a real API server and without the webhook: what
they hold by themselves, in the words that a user sees."""

import json

import pytest
import yaml

from conftest import ROOT
from helm import LOADER, helms  # noqa: F401

CHART = ROOT / "charts" / "storeguard"
POLICY = ROOT / "common" / "default-policy.yaml"
KINDS = ("stores", "storepolicies", "storequotas")


def store(name="fashion", **spec):
    return {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
            "spec": {"engine": "woocommerce", "owner": "alice", **spec}}


def quota(name="alice", **spec):
    return {"apiVersion": "urumi.io/v1", "kind": "StoreQuota",
            "metadata": {"name": name}, "spec": {"owner": "alice", **spec}}


@pytest.fixture(scope="module")
def crds(cluster, helms):  # noqa: F811
    """Installed by Helm, as they ship."""
    done = helms[4].run("install", "storeguard", CHART, "-n", "default",
                        env=cluster.environment())
    assert done.returncode == 0, done.stderr.decode()
    for kind in KINDS:
        cluster.must("wait", "--for=condition=Established",
                     f"crd/{kind}.urumi.io", "--timeout=30s")
    return cluster


@pytest.fixture
def stores(crds):
    yield crds
    crds.must("delete", "stores,storequotas", "--all")


def apply(cluster, obj, *args):
    return cluster.kubectl("apply", "--validate=strict", "-f", "-", *args,
                           input=json.dumps(obj))


def test_helm_3_installs_them_too(crds, helms):  # noqa: F811
    done = helms[3].run("install", "again", CHART, "-n", "default",
                        env=crds.environment())
    assert done.returncode == 0, done.stderr.decode()


@pytest.mark.parametrize("kind", KINDS)
def test_the_api_server_has_nothing_to_say_against_them(crds, kind):
    conditions = crds.get("crd", f"{kind}.urumi.io")["status"]["conditions"]
    held = {c["type"]: c["status"] for c in conditions}
    assert held == {"NamesAccepted": "True", "Established": "True"}, conditions


def test_the_default_policy_fits_its_schema_and_comes_back_unchanged(crds):
    crds.must("apply", "--validate=strict", "-f", POLICY)
    stored = crds.get("storepolicy", "default")["spec"]
    assert stored == yaml.load(POLICY.read_text(), Loader=LOADER)["spec"]


def test_a_policy_field_that_nobody_knows_is_refused(crds):
    policy = yaml.load(POLICY.read_text(), Loader=LOADER)
    policy["spec"]["hosts"]["baseDomains"] = ["example.com"]
    done = apply(crds, policy)
    assert done.returncode != 0
    assert 'unknown field "spec.hosts.baseDomains"' in done.stderr


def test_explain_tells_a_shop_owner_what_to_write(crds):
    text = crds.must("explain", "store.spec")
    for phrase in ("woocommerce or medusa", "fashion.shops.example.com",
                   "By default whoever creates it", "Never passwords or keys"):
        assert phrase in " ".join(text.split()), text
    assert "<no description>" not in crds.must("explain", "store.status")


def test_defaults(stores):
    assert apply(stores, store()).returncode == 0
    spec = stores.get("store", "fashion")["spec"]
    assert spec == {"engine": "woocommerce", "owner": "alice", "delivery": "gitops",
                    "deletionProtection": False}


@pytest.mark.parametrize("spec, message", [
    ({"engine": "shopify"}, 'supported values: "woocommerce", "medusa"'),
    ({"delivery": "ftp"}, 'supported values: "gitops", "helm"'),
    ({"host": "no dots"}, "spec.host"),
    ({"adminEmail": "alice"}, "spec.adminEmail"),
    ({"displayName": "two\nlines"}, "spec.displayName"),
    ({"owner": "a" * 254}, "may not be more than 253 bytes"),
    ({"owner": ""}, "spec.owner"),
    ({"colour": "red"}, 'unknown field "spec.colour"'),
    ({"values": [1]}, "spec.values"),
])
def test_what_a_store_can_not_say(stores, spec, message):
    done = apply(stores, store(**spec))
    assert done.returncode != 0, f"{spec} was taken"
    assert message in done.stderr, done.stderr


@pytest.mark.parametrize("name, message", [
    ("a" * 33, "at most 32 characters"),
    ("9lives", "begins with a letter"),
    ("my.shop", "hyphens only"),
])
def test_names_that_could_not_become_a_namespace(stores, name, message):
    done = apply(stores, store(name))
    assert done.returncode != 0
    assert message in " ".join(done.stderr.split()), done.stderr


@pytest.mark.parametrize("change, message", [
    ({"engine": "medusa"}, "make another Store"),
    ({"delivery": "helm"}, "the delivery can't be changed"),
])
def test_what_can_not_be_changed_and_what_to_do_instead(stores, change, message):
    assert apply(stores, store()).returncode == 0
    done = apply(stores, store(**change))
    assert done.returncode != 0
    assert message in done.stderr, done.stderr


def test_an_owner_can_not_be_dropped(stores):
    assert apply(stores, store()).returncode == 0
    done = stores.kubectl("patch", "store", "fashion", "--type=json", "-p",
                          '[{"op": "remove", "path": "/spec/owner"}]')
    assert done.returncode != 0
    assert "the owner can be changed, but not left out" in done.stderr


def test_a_quota_stays_its_owners(stores):
    assert apply(stores, quota()).returncode == 0
    assert apply(stores, quota(hard={"stores": 7})).returncode == 0
    done = apply(stores, quota(owner="bob"))
    assert done.returncode != 0 and "belongs to one owner for good" in done.stderr
    done = apply(stores, quota(hard={"stores": -1}))
    assert done.returncode != 0 and "greater than or equal to 0" in done.stderr


def test_status_is_written_apart(stores):
    assert apply(stores, {**store(), "status": {"phase": "Ready"}}).returncode == 0
    assert "status" not in stores.get("store", "fashion")
    stores.must("patch", "store", "fashion", "--subresource=status", "--type=merge",
                "-p", '{"status": {"phase": "Ready"}, "spec": {"plan": "large"}}')
    found = stores.get("store", "fashion")
    assert found["status"] == {"phase": "Ready"} and "plan" not in found["spec"]
    done = stores.kubectl("patch", "store", "fashion", "--subresource=status",
                          "--type=merge", "-p", '{"status": {"phase": "Splendid"}}')
    assert '"Pending", "Provisioning", "Ready"' in done.stderr


def test_what_people_see(stores):
    apply(stores, store(plan="small"))
    stores.must("patch", "store", "fashion", "--subresource=status", "--type=merge",
                "-p", '{"status": {"phase": "Ready", '
                '"url": "https://fashion.shops.example.com"}}')
    lines = stores.must("get", "st").splitlines()
    assert lines[0].split() == ["NAME", "ENGINE", "PLAN", "OWNER", "STATUS", "URL", "AGE"]
    assert lines[1].split()[:6] == ["fashion", "woocommerce", "small", "alice", "Ready",
                                    "https://fashion.shops.example.com"]
    assert max(map(len, lines)) <= 100
    apply(stores, quota())
    stores.must("patch", "storequota", "alice", "--subresource=status", "--type=merge",
                "-p", '{"status": {"used": 1, "hard": 5}}')
    assert stores.must("get", "stq").splitlines()[1].split()[:4] == \
        ["alice", "alice", "1", "5"]


def test_stores_are_found_by_owner_and_engine(stores):
    apply(stores, store("fashion"))
    apply(stores, store("books", engine="medusa", owner="bob"))
    for selector, names in (("spec.owner=bob", "store.urumi.io/books\n"),
                            ("spec.engine=woocommerce", "store.urumi.io/fashion\n")):
        assert stores.must("get", "stores", "--field-selector", selector,
                           "-o", "name") == names


def test_what_the_post_renderer_reads_is_what_the_schema_knows(crds):
    """A field of the one that the other did not know would be dropped silently."""
    done = crds.get("crd", "stores.urumi.io")
    schema = done["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    source = (ROOT / "common" / "store.c").read_text()
    table = source[source.index("fields[] = {"):]
    known = {word for word in table[:table.index("NULL")].split('"')[1::2]}
    assert set(schema["properties"]["spec"]["properties"]) == known
