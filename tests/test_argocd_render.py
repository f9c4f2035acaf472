"""What Argo CD's plugin runs: storeguard-render, with nothing to call but what its image
has. How it looks within Argo CD is in test_argocd.py."""

import json
import shutil
import subprocess

import pytest

from conftest import POSTRENDER, ROOT, tool
from helm import by_name, is_guard, labels_of, load

RENDER = ROOT / "charts" / "storeguard" / "argocd" / "storeguard-render"
KEY = "key-of-the-tests-which-is-long-enough"
UID = "0d9c6a3e-3d5c-4a53-9a4c-6d7f6f1f6a11"


def store(name="fashion", uid=UID, **spec):
    return {"apiVersion": "urumi.io/v1", "kind": "Store",
            "metadata": {"name": name, "uid": uid},
            "spec": {"engine": "woocommerce", "owner": "alice", **spec}}


class Sidecar:
    """The plugin's container: its programs, its mounts, and a chart."""

    def __init__(self, folder):
        self.bin, self.policy, self.key = folder / "bin", folder / "policy", folder / "key"
        self.charts = folder / "charts"
        shutil.copytree(ROOT / "charts", self.charts)
        for path in (self.bin, self.policy):
            path.mkdir()
        for name, program in (("helm", tool("helm3")), ("storeguard-postrender", POSTRENDER)):
            (self.bin / name).symlink_to(program)
        shutil.copy(ROOT / "common" / "default-policy.yaml", self.policy / "policy.yaml")
        (self.policy / "checksum").write_text("0123")
        self.key.write_text(KEY)
        self.home = folder

    def run(self, it, namespace="store-fashion", chart="woocommerce", **environment):
        return subprocess.run(
            [RENDER], cwd=self.charts / chart, capture_output=True, text=True, timeout=30,
            check=False, env={
                "PATH": str(self.bin), "HOME": str(self.home), "ARGOCD_APP_NAME": "some-name",
                "STOREGUARD_POLICY": str(self.policy), "STOREGUARD_SEED_KEY": str(self.key),
                "ARGOCD_APP_NAMESPACE": namespace, "ARGOCD_ENV_POLICY": "0123",
                "ARGOCD_ENV_UID": UID, "ARGOCD_ENV_STORE": json.dumps(it) if it else "", "KUBE_VERSION": "1.36.3",
                "KUBE_API_VERSIONS": "v1,apps/v1", **environment})

    def objects(self, *args, **kwargs):
        done = self.run(*args, **kwargs)
        assert done.returncode == 0 and not done.stderr, done.stderr
        return by_name(load(done.stdout))


@pytest.fixture
def sidecar(tmp_path):
    return Sidecar(tmp_path)


def test_a_store_becomes_its_namespace_guards_and_chart(sidecar):
    objects = sidecar.objects(store(plan="medium", displayName="$HOME $(id) `id` \\n"))
    assert "Namespace/store-fashion" in objects and "Deployment/store-fashion-web" in objects
    assert objects["ResourceQuota/storeguard"]["spec"]["hard"]["pods"] == "25"
    assert sum(map(is_guard, objects.values())) > 8
    assert {labels_of(o).get("urumi.io/owner") for o in objects.values()} == {"alice"}
    (job,) = [o for o in objects.values() if o["kind"] == "Job"]
    assert "$$HOME $$(id) `id` \\n" in [
        e.get("value") for c in job["spec"]["template"]["spec"]["containers"]
        for e in c["env"]]


def test_no_sync_deletes_the_namespace_and_the_end_of_the_application_does(sidecar):
    notes = sidecar.objects(store())["Namespace/store-fashion"]["metadata"]["annotations"]
    assert notes["argocd.argoproj.io/sync-options"] == "Prune=false"
    assert "helm.sh/resource-policy" not in notes


def test_what_the_policy_forbids_since_a_store_was_admitted_is_warned_of(sidecar):
    done = sidecar.run(store(host="fashion.shops.example.org", values={"web": {"replicas": 1}}))
    assert done.returncode == 0, done.stderr
    assert "warning" in done.stderr and "spec.host" in done.stderr
    assert "Namespace/store-fashion" in by_name(load(done.stdout))


def test_an_application_from_before_it_was_told_the_uid(sidecar):
    assert sidecar.objects(store(), ARGOCD_ENV_UID="") == sidecar.objects(store())


def test_passwords_come_from_the_key_and_the_uid(sidecar):
    def secret(uid=UID, **kwargs):
        it = store(uid=uid, **kwargs)
        (found,) = [o for o in sidecar.objects(it, ARGOCD_ENV_UID=uid).values()
                    if o["kind"] == "Secret"]
        return found.get("data") or found["stringData"]
    first = secret()
    assert secret() == first and secret(plan="large") == first
    assert secret(uid="another") != first
    sidecar.key.write_text(KEY + "!")
    assert secret() != first


def test_charts_see_the_clusters_version_and_kinds(sidecar):
    template = sidecar.charts / "woocommerce" / "templates" / "seen.yaml"
    template.write_text("""\
apiVersion: v1
kind: ConfigMap
metadata: {name: seen}
data:
  version: {{ .Capabilities.KubeVersion.Version | quote }}
  has: {{ .Capabilities.APIVersions.Has "cert-manager.io/v1" | quote }}
""")
    seen = sidecar.objects(store(), KUBE_VERSION="1.35.1",
                           KUBE_API_VERSIONS="v1,cert-manager.io/v1,batch/v1")
    assert seen["ConfigMap/seen"]["data"] == {"version": "v1.35.1", "has": "true"}


def broken_chart(sidecar):
    (sidecar.charts / "woocommerce" / "templates" / "broken.yaml").write_text(
        '{{ fail "this chart is broken" }}')


def crd(sidecar):
    folder = sidecar.charts / "woocommerce" / "crds"
    folder.mkdir()
    shutil.copy(sidecar.charts / "storeguard" / "crds" / "stores.yaml", folder)


@pytest.mark.parametrize("args, prepare, says", [
    ({"it": None}, None, "has no STORE"),
    ({"it": {"kind": "Shop"}}, None, "Store"),
    ({"it": store(plan="huge")}, None, "there is no plan \"huge\""),
    ({"it": store(uid=None)}, None, "metadata.uid is absent"),
    ({"it": store(uid=None), "ARGOCD_ENV_UID": ""}, None, "has no metadata.uid"),
    ({"it": store(uid="another")}, None, 'metadata.uid is "another", and that of the '
     f'cluster\'s Store "fashion" is "{UID}"'),
    ({"it": store(), "namespace": "store-other"}, None,
     'Store "fashion" belongs into namespace "store-fashion", and the destination of this '
     'Application is "store-other"'),
    ({"it": store()}, lambda s: s.key.unlink(), "mount Secret storeguard-seed-key"),
    ({"it": store()}, lambda s: (s.policy / "policy.yaml").unlink(),
     "mount ConfigMap storeguard-policy"),
    ({"it": store(), "ARGOCD_ENV_POLICY": "4567"}, None, "the policy has changed"),
    ({"it": store()}, broken_chart, "this chart is broken"),
    ({"it": store()}, crd, "CustomResourceDefinition"),
    ({"it": store(values={"database": {"storage": "900Gi"}})}, None, "does not fit plan")])
def test_what_goes_wrong_is_said_once_without_secrets(sidecar, args, prepare, says):
    if prepare:
        prepare(sidecar)
    done = sidecar.run(**args)
    assert done.returncode != 0 and done.stdout == "", done
    assert says in " ".join(done.stderr.split()), done.stderr
    speakers = {line.split(":")[0] for line in done.stderr.splitlines()
                if line.startswith(("storeguard-", "Error:", "helm"))}
    assert len(speakers) == 1, done.stderr
    assert KEY not in done.stderr
