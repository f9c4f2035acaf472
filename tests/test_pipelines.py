"""Shops without Argo CD: rendered in CI and applied by Flux, or by kubectl. Of Flux, its
kustomize step and its server-side apply are done here by kustomize and kubectl."""

import os
import pathlib
import shutil
import subprocess

import pytest
import yaml

from conftest import POSTRENDER, ROOT, must, postrender, refused, tool
from gate import LEASE, NAMESPACE, opened
from helm import KUBE_VERSION, LOADER, by_name, helms, is_guard, labels_of, load  # noqa: F401
from shop import Shop

RENDER = ROOT / "charts" / "storeguard" / "flux" / "render"
STORES = {"fashion": "woocommerce", "books": "medusa"}
PARTS = ("store", "guards", "shop")
KEYS = ("admin-password", "cache-password", "cookie-secret", "database-password",
        "database-root-password", "jwt-secret")
FLUX = "system:serviceaccount:flux-system:kustomize-controller"
AS_FLUX = ["--server-side", "--force-conflicts", "--field-manager=kustomize-controller",
           f"--as={FLUX}"]


def a_store(name, engine, **spec):
    return {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
            "spec": {"engine": engine, "owner": "alice", "plan": "small", "delivery": "helm",
                     **spec}}


class Repository:
    """A checkout in which CI renders Stores."""

    def __init__(self, folder, helm):
        self.folder, self.out = folder, folder / "shops"
        self.charts = ROOT / "charts"
        self.env = {**helm.env, "HELM": helm.binary, "KUBE_VERSION": KUBE_VERSION,
                    "PATH": f"{pathlib.Path(POSTRENDER).resolve().parent}:{os.environ['PATH']}"}
        for name in ("stores", "credentials"):
            (folder / name).mkdir()
        for name, engine in STORES.items():
            self.write(a_store(name, engine))

    def write(self, store, file=None):
        path = self.folder / "stores" / f"{file or store['metadata']['name']}.yaml"
        path.write_text(yaml.safe_dump(store))

    def render(self, out="shops", stores=None):
        stores = sorted((self.folder / "stores").iterdir()) if stores is None else stores
        return subprocess.run([RENDER, out, *stores], cwd=self.folder, timeout=60,
                              env={**self.env, "CHARTS": str(self.charts)}, text=True,
                              capture_output=True, check=False)

    def committed(self):
        """What is in OUT, by its path."""
        return {str(p.relative_to(self.out)): p.read_bytes()
                for p in sorted(self.out.rglob("*")) if p.is_file()}

    def build(self, *path):
        """What Flux's kustomize makes of a folder."""
        return must(subprocess.run([tool("kustomize"), "build", self.out.joinpath(*path)],
                                   capture_output=True, text=True, timeout=30, check=False))

    def flux(self):
        """The Kustomizations for Flux, by name."""
        return {k["metadata"]["name"]: k["spec"] for k in yaml.safe_load_all(self.build())}


@pytest.fixture(scope="module")
def repository(helms, tmp_path_factory):  # noqa: F811
    """Whose OUT tests read, and nobody changes."""
    it = Repository(tmp_path_factory.mktemp("repository"), helms[4])
    must(it.render())
    return it


@pytest.fixture
def own(repository, helms, tmp_path):  # noqa: F811
    """One of the test's own, with the same OUT."""
    it = Repository(tmp_path, helms[4])
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
        # the Store is Ready only after its shop is there: its own part must not wait for it
        assert "wait" not in flux[f"{name}-store"] and "healthChecks" not in flux[f"{name}-store"]
        assert flux[f"{name}-shop"]["healthChecks"] == [
            {"apiVersion": "urumi.io/v1", "kind": "Store", "name": name}]
    told = list(yaml.load_all((RENDER.parent / "shops.yaml").read_text(), Loader=LOADER))
    assert [o["kind"] for o in told] == ["GitRepository", "Kustomization"]
    for spec in (told[1]["spec"], *flux.values()):
        assert spec["sourceRef"] == {"kind": told[0]["kind"],
                                     "name": told[0]["metadata"]["name"]}


def test_who_removes_the_file_of_a_protected_store_deletes_nothing(own):
    own.write(a_store("fashion", "woocommerce", deletionProtection=True))
    must(own.render())
    flux = own.flux()
    assert {flux[f"fashion-{part}"]["deletionPolicy"] for part in PARTS} == {"Orphan"}
    assert {flux[f"books-{part}"]["deletionPolicy"] for part in PARTS} == {"MirrorPrune"}


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


@pytest.mark.parametrize("spoil", [plain_credentials, a_wrong_store, for_argo_cd, twice,
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
        gate.cluster.apply({
            "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": "flux"}, "roleRef": {
                "apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                "name": "cluster-admin"},
            "subjects": [{"kind": "User", "name": FLUX}]})
        gate.cluster.wait("leader", lambda: gate.newest.metric("storeguard_leader") == 1,
                          seconds=30)
        yield gate


def add_secret(shop):
    shop.must("create", "secret", "generic", f"{shop.namespace}-credentials",
              *(f"--from-literal={key}=only-for-the-tests" for key in KEYS))


def assert_are_guarded_shops(*shops):
    """Ready, with all their guards and labels."""
    for shop in shops:
        add_secret(shop)
        shop.come_up()
    for shop in shops:
        shop.wait_for("Ready", seconds=60)
        assert shop.condition("Guarded")["status"] == "True", shop.status()
        for o in shop.items("deployments,statefulsets,jobs,services,configmaps,ingresses,"
                            "resourcequotas,limitranges,networkpolicies"):
            if o["metadata"]["name"] != "kube-root-ca.crt":
                assert labels_of(o).get("urumi.io/store") == shop.name, o["metadata"]


def test_flux_makes_the_shops(gate, repository):
    cluster = gate.cluster
    built = {(name, part): repository.build(name, part) for part in PARTS for name in STORES}

    def apply(name, part):
        return cluster.kubectl("apply", "-f", "-", *AS_FLUX, input=built[name, part])

    def generations():
        return [cluster.must("get", "-f", "-", "-o", "jsonpath={..metadata.generation}",
                             input=text) for text in built.values()]

    refused(apply("fashion", "guards"), "Make the Store first")
    for name, part in built:
        must(apply(name, part))
    assert_are_guarded_shops(*(Shop(gate, name) for name in STORES))

    before = generations()
    assert all(before), before
    for name, part in built:
        # what Flux's detection of drift goes by
        must(cluster.kubectl("diff", "-f", "-", *AS_FLUX, input=built[name, part]))
        must(apply(name, part))
    assert generations() == before

    for text in reversed(built.values()):  # the Stores' files are gone
        cluster.must("delete", "-f", "-", "--wait=false", f"--as={FLUX}", "--ignore-not-found",
                     input=text)
    for name in STORES:
        cluster.must("wait", "--for=delete", f"store/{name}", f"namespace/store-{name}",
                     "--timeout=60s")


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
    assert_are_guarded_shops(shop)
    diff = ["-n", shop.namespace, "diff", "-f", "-"]
    must(cluster.kubectl(*diff, input=stream))

    shop.must("delete", "networkpolicy", "storeguard-default-deny")
    shop.wait_for("Degraded", "storeguard-default-deny")
    differs = cluster.kubectl(*diff, input=stream)
    assert differs.returncode == 1 and "storeguard-default-deny" in differs.stdout, differs
    shop.must("apply", "-f", "-", input=stream)
    shop.wait_for("Ready")
