"""Shops without Argo CD: what CI renders for Flux, and what a pipe into kubectl makes.
Flux itself is in test_flux.py."""

import json
import shutil

import pytest
import yaml

from conftest import ROOT, must, postrender, refused
from gate import LEASE, NAMESPACE, opened
from helm import KUBE_VERSION, LOADER, by_name, helms, is_guard, load  # noqa: F401
from repository import RENDER, Checkout, a_store
from shop import KEYS, Shop, assert_are_guarded_shops

STORES = {"fashion": "woocommerce", "books": "medusa"}
PARTS = ("store", "guards", "shop")


def checkout(folder, helm):
    it = Checkout(folder, helm)
    for name, engine in STORES.items():
        it.write(a_store(name, engine))
    return it


@pytest.fixture(scope="module")
def repository(helms, tmp_path_factory):  # noqa: F811
    """Whose OUT tests read, and nobody changes."""
    it = checkout(tmp_path_factory.mktemp("repository"), helms[4])
    must(it.render())
    return it


@pytest.fixture
def own(repository, helms, tmp_path):  # noqa: F811
    """One of the test's own, with the same OUT."""
    it = checkout(tmp_path, helms[4])
    shutil.copytree(repository.out, it.out)
    return it


# --- what is committed -------------------------------------------------------------------


def test_a_second_render_is_the_same_to_the_byte(repository, own):
    must(own.render(stores=sorted((own.folder / "stores").iterdir(), reverse=True)))
    assert own.committed() == repository.committed()
    assert [p.name for p in own.folder.iterdir() if p.name.startswith("shops")] == ["shops"]


@pytest.mark.parametrize("name, engine", STORES.items())
def test_both_halves_together_are_the_whole(repository, helms, name, engine):  # noqa: F811
    store = repository.folder / "stores" / f"{name}.yaml"
    values = must(postrender(["values", store]))
    chart = must(helms[3].run(
        "template", f"store-{name}", ROOT / "charts" / engine, "-n", f"store-{name}", "-f",
        "-", "--kube-version", KUBE_VERSION, "--set",
        f"credentials.existingSecret=store-{name}-credentials", input=values))
    whole = by_name(load(must(postrender(["--store-file", store, "--with-namespace"], chart))))
    guards, shop = (by_name(load(repository.committed()[f"{name}/{part}/{part}.yaml"]))
                    for part in ("guards", "shop"))
    assert all(map(is_guard, guards.values())) and not any(map(is_guard, shop.values()))
    assert not set(guards) & set(shop)
    assert {**guards, **shop} == whole


def test_no_password_is_committed(repository):
    for name in STORES:
        for part in PARTS:
            for o in load(repository.build(name, part)):
                assert o["kind"] != "Secret", o
                for ref in find(o, "secretKeyRef"):
                    assert ref["name"] == f"store-{name}-credentials", (o, ref)
                    assert ref["key"] in KEYS, (o, ref)


def find(value, key):
    """What stands at that key anywhere."""
    if isinstance(value, dict):
        yield from ([value[key]] if key in value else [])
        value = value.values()
    if not isinstance(value, str) and hasattr(value, "__iter__"):
        for one in value:
            yield from find(one, key)


def test_flux_applies_the_parts_one_after_the_other(repository):
    flux = repository.flux()
    assert set(flux) == {f"{name}-{part}" for name in STORES for part in PARTS}
    for name in STORES:
        for part, before in zip(PARTS, (None, *PARTS)):
            spec = flux[f"{name}-{part}"]
            assert spec["path"] == f"./shops/{name}/{part}"
            assert spec.get("dependsOn") == (before and [{"name": f"{name}-{before}"}])
            assert spec["prune"] and spec["deletionPolicy"] == "MirrorPrune", spec
            # a wait would hold up other stores: only four at a time are applied
            assert spec["timeout"] == "1m" and "wait" not in spec
        # its own part must not wait for the Store to be Ready, which it is after its shop
        for part, good in (("store", "!has(metadata.deletionTimestamp)"),
                           ("shop", 'status.phase == "Ready"')):
            spec = flux[f"{name}-{part}"]
            kind = {"apiVersion": "urumi.io/v1", "kind": "Store"}
            assert spec["healthChecks"] == [{**kind, "name": name}]
            check, = spec["healthCheckExprs"]
            assert check.pop("failed") and check == {**kind, "current": good}
    told = list(yaml.load_all((RENDER.parent / "shops.yaml").read_text(), Loader=LOADER))
    assert [o["kind"] for o in told] == ["GitRepository", "Kustomization"]
    for spec in (told[1]["spec"], *flux.values()):
        assert spec["sourceRef"] == {"kind": told[0]["kind"],
                                     "name": told[0]["metadata"]["name"]}
    assert told[1]["spec"]["deletionPolicy"] == "Orphan"


# of these, YAML makes something else where nobody quotes them
ODD_NAMES = ("null", "true", "1e3", "2001-01-01")


def test_a_name_is_a_text_whatever_it_reads_like(own):
    policy = own.folder / "policy.yaml"
    policy.write_text((ROOT / "common" / "default-policy.yaml").read_text().replace(
        '"[a-z](', '"[a-z0-9]('))
    own.env["POLICY"] = str(policy)
    files = [own.folder / "stores" / f"{name}.json" for name in ODD_NAMES]
    for name, file in zip(ODD_NAMES, files):
        file.write_text(json.dumps(a_store(name, "medusa")))
    must(own.render(stores=files))
    flux = own.flux()
    assert set(flux) == {f"{name}-{part}" for part in PARTS for name in ODD_NAMES}
    for name in ODD_NAMES:
        for part in ("store", "shop"):
            assert flux[f"{name}-{part}"]["healthChecks"][0]["name"] == name
        store, = load(own.build(name, "store"))
        assert store["metadata"]["name"] == name
        for o in load(own.build(name, "guards")) + load(own.build(name, "shop")):
            assert o["metadata"]["labels"]["urumi.io/store"] == name, o
            assert o["metadata"].get("namespace", f"store-{name}") == f"store-{name}", o


@pytest.mark.parametrize("said, read", [
    ("deletionProtection: true", "true"), ("deletionProtection:\n    true", "true"),
    ('"deletionProtection" : true', "true"), ("? deletionProtection\n  : true", "true"),
    ("deletionProtection: true # deletionProtection: false", "true"),
    ('deletionProtection: true\n  displayName: "deletionProtection: false"', "true"),
    ("deletionProtection: false", "false"), ("", ""),
    ("deletionProtection: null", ""), ("deletionProtection:", ""),
    ("# deletionProtection: true", ""),
    ("deletionProtection: false # or deletionProtection: true", "false"),
    ('displayName: "deletionProtection: true"', ""),
    ("displayName: |-\n    deletionProtection: true", "")])
def test_a_field_is_what_yaml_reads(said, read):
    store = yaml.safe_dump(a_store("fashion")) + f"  {said}\n"
    assert must(postrender(["values", "--field", "deletionProtection", "-"],
                           store)).decode() == f"{read}\n"


@pytest.mark.parametrize("said, policy", [
    ("deletionProtection: true # deletionProtection: false", "Orphan"),
    ('displayName: "deletionProtection: true"', "MirrorPrune"),
    ("deletionProtection: false", "MirrorPrune"), ("", "MirrorPrune")])
def test_who_removes_the_file_of_a_protected_store_deletes_nothing(own, said, policy):
    file = own.folder / "stores" / "fashion.yaml"
    file.write_text(file.read_text() + f"  {said}\n")
    must(own.render())
    flux = own.flux()
    assert {flux[f"fashion-{part}"]["deletionPolicy"] for part in PARTS} == {policy}
    assert {flux[f"books-{part}"]["deletionPolicy"] for part in PARTS} == {"MirrorPrune"}
    # what Flux would delete is not protected in the cluster either
    store, = load(own.build("fashion", "store"))
    assert store["spec"]["deletionProtection"] is (policy == "Orphan")


def test_encrypted_credentials_come_along(own):
    secret = own.folder / "credentials" / "books.yaml"
    secret.write_text(yaml.safe_dump({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "store-books-credentials"},
        "stringData": {"database-password": "ENC[AES256_GCM,data:…]"},
        "sops": {"version": "3.10.2"}}))
    must(own.render())
    assert own.committed()["books/shop/credentials.yaml"] == secret.read_bytes()
    assert "Secret/store-books-credentials" in by_name(load(own.build("books", "shop")))
    flux = own.flux()
    assert flux["books-shop"]["decryption"]["provider"] == "sops"
    assert "decryption" not in flux["fashion-shop"]


def test_a_store_whose_file_is_gone_is_gone(own):
    (own.folder / "stores" / "books.yaml").unlink()
    must(own.render())
    assert set(own.flux()) == {f"fashion-{part}" for part in PARTS}
    assert not (own.out / "books").exists()


def test_who_runs_it_says_that_stores_were_admitted(own):
    """And no file does, by a uid or otherwise."""
    store = a_store("fashion", host="fashion.shops.example.org")
    store["metadata"]["uid"] = "0d9c6a3e-3d5c-4a53-9a4c-6d7f6f1f6a11"
    own.write(store)
    refused(own.render(), 'spec.host: "fashion.shops.example.org" is not below a domain')
    own.env["ADMITTED"] = "1"
    done = own.render()
    must(done)
    assert "warning" in done.stderr and "spec.host" in done.stderr
    assert "fashion.shops.example.org" in own.committed()["fashion/shop/shop.yaml"].decode()


# --- what is refused, and leaves all as it was --------------------------------------------


def plain_credentials(own):
    (own.folder / "credentials" / "books.yaml").write_text("kind: Secret\n")
    return "credentials/books.yaml is not encrypted by SOPS"


def a_wrong_store(own):
    own.write(a_store("toys", "woocommerce", plan="huge"))
    return 'spec.plan: there is no plan "huge"'


def for_argo_cd(own):
    own.write(a_store("toys", "woocommerce", delivery="gitops"))
    return "toys.yaml: spec.delivery must be helm"


def for_argo_cd_but_in_a_comment(own):
    own.write(a_store("toys", "woocommerce", delivery="gitops"))
    file = own.folder / "stores" / "toys.yaml"
    file.write_text(file.read_text().replace("delivery: gitops",
                                             "# not yet\n  # delivery: helm"))
    return "toys.yaml: spec.delivery must be helm"


def twice(own):
    own.write(a_store("books", "woocommerce"), "toys")
    return 'toys.yaml: there is a Store "books" already'


def a_chart_with_a_secret(own):
    own.charts = own.folder / "charts"
    shutil.copytree(ROOT / "charts" / "woocommerce", own.charts / "woocommerce")
    shutil.copytree(ROOT / "charts" / "medusa", own.charts / "medusa")
    (own.charts / "medusa" / "templates" / "more.yaml").write_text(
        "apiVersion: v1\nkind: Secret\nmetadata: {name: more}\n")
    return "books.yaml: the chart renders a Secret"


@pytest.mark.parametrize("spoil", [plain_credentials, a_wrong_store, for_argo_cd,
                                   for_argo_cd_but_in_a_comment, twice,
                                   a_chart_with_a_secret], ids=lambda f: f.__name__)
def test_where_anything_is_wrong_nothing_is_written(own, spoil):
    before, message = own.committed(), spoil(own)
    refused(own.render(), message)
    assert own.committed() == before
    assert [p.name for p in own.folder.iterdir() if p.name.startswith("shops")] == ["shops"]


def test_no_store_at_all_is_not_the_end_of_all_shops(own):
    before = own.committed()
    refused(own.render(stores=[]), "usage: render OUT STORE-FILE...")
    assert own.committed() == before


@pytest.mark.parametrize("out, message", [
    ("stores", "stores is there, and not of my making"), ("../shops", "a folder below"),
    (".", "a folder below"), ("/tmp", "a folder below")])
def test_only_folders_of_its_own_making_are_replaced(own, out, message):
    refused(own.render(out), message)
    assert sorted(p.name for p in (own.folder / "stores").iterdir()) == \
        ["books.yaml", "fashion.yaml"]


# --- on a cluster -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def gate(helms):  # noqa: F811
    with opened(helms[4], "cluster-pipelines-test",
                flags=("--lease", f"{NAMESPACE}/{LEASE}")) as gate:
        gate.cluster.wait("leader", lambda: gate.newest.metric("storeguard_leader") == 1,
                          seconds=30)
        yield gate


def test_a_pipe_into_kubectl_makes_the_shop(gate, repository, helms):  # noqa: F811
    shop, cluster = Shop(gate, "fashion"), gate.cluster
    store = repository.folder / "stores" / "fashion.yaml"
    cluster.must("apply", "-f", store)
    chart = must(helms[4].run(
        "template", shop.release, ROOT / "charts" / "woocommerce", "-n", shop.namespace, "-f",
        "-", "--set", f"credentials.existingSecret={shop.release}-credentials",
        input=must(postrender(["values", store]))))
    stream = must(postrender(["--store-file", store, "--with-namespace"], chart)).decode()
    shop.must("apply", "-f", "-", input=stream)
    shop.add_secret()
    assert_are_guarded_shops(shop)
    diff = ["-n", shop.namespace, "diff", "-f", "-"]
    must(cluster.kubectl(*diff, input=stream))

    shop.must("delete", "networkpolicy", "storeguard-default-deny")
    shop.wait_for("Degraded", "storeguard-default-deny")
    differs = cluster.kubectl(*diff, input=stream)
    assert differs.returncode == 1 and "storeguard-default-deny" in differs.stdout, differs
    shop.must("apply", "-f", "-", input=stream)
    shop.wait_for("Ready")
