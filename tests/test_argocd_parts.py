"""The Argo CD parts of charts/storeguard by their manifests. That they work is for
test_argocd.py to show."""

import hashlib
import json
import subprocess

import pytest
import yaml

from argocd import FOR_PODS, HEALTH, PARTS
from conftest import ROOT, must, tool
from helm import LOADER, by_name, load
from test_chart_storeguard import helm, helms, policy, run, template  # noqa: F401

ON = ["--set", "argocd.enabled=true", "--set",
      "argocd.repoURL=https://git.example.com/shops.git"]
OURS = {"AppProject/storeguard", "ApplicationSet/storeguard", "ConfigMap/storeguard-policy",
        "ConfigMap/storeguard-generator", "Secret/storeguard-seed-key",
        "ClusterRole/storeguard-argocd", "ClusterRoleBinding/storeguard-argocd",
        *(f"ValidatingAdmissionPolicy{what}/storeguard-{kind}-deletion"
          for what in ("", "Binding") for kind in ("application", "applicationset"))}


def parts(helm, *args):  # noqa: F811
    """All objects, the token's Secret by its namespace: there are two of that name."""
    objects = load(must_print(run(helm, *ON, *args)))
    for o in objects:
        if o["kind"] == "Secret" and o["metadata"]["name"] == "storeguard-generator":
            o["kind"] = f"{o['metadata']['namespace']}/Secret"
    return by_name(objects)


def must_print(done):
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def containers_of(deployment):
    return {c["name"]: c for c in deployment["spec"]["template"]["spec"]["containers"]}


def test_without_argo_cd_nothing_of_it_is_there(helm):  # noqa: F811
    objects = template(helm)
    assert not OURS & set(objects)
    assert "8081" not in yaml.safe_dump(objects)


def test_the_webhook_answers_argo_cd_and_nobody_else(helm):  # noqa: F811
    objects = parts(helm, "--set", "argocd.namespace=cd")
    assert OURS <= set(objects)
    pod = objects["Deployment/storeguard-webhook"]["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    assert {"--generator=:8081", "--generator-token-file=/etc/storeguard/generator/token"} < \
        set(container["args"])
    assert {m["name"] for m in container["volumeMounts"]} == {v["name"] for v in pod["volumes"]}
    assert {"name": "generator", "port": 8081, "targetPort": "generator"} in \
        objects["Service/storeguard-webhook"]["spec"]["ports"]
    (rule,) = [r for r in objects["NetworkPolicy/storeguard-webhook"]["spec"]["ingress"]
               if r["ports"] == [{"port": "generator", "protocol": "TCP"}]]
    assert rule["from"] == [{
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "cd"}},
        "podSelector": {"matchLabels": {
            "app.kubernetes.io/name": "argocd-applicationset-controller"}}}]
    tokens = [objects[f"{namespace}/Secret/storeguard-generator"]
              for namespace in ("cd", "storeguard-system")]
    assert tokens[0]["data"] == tokens[1]["data"] and len(tokens[0]["data"]["token"]) >= 64
    assert {t["metadata"]["labels"]["app.kubernetes.io/part-of"] for t in tokens} == {"argocd"}
    assert objects["ConfigMap/storeguard-generator"]["data"]["baseUrl"] == \
        "http://storeguard-webhook.storeguard-system.svc:8081"


def test_the_plugin_gets_the_policy_and_a_new_one_renders_anew(helm):  # noqa: F811
    def checksum(*args):
        objects = parts(helm, *args)
        data = objects["ConfigMap/storeguard-policy"]["data"]
        assert yaml.load(data["policy.yaml"], Loader=LOADER)["spec"] == policy(helm, *args)
        text = data["policy.yaml"].rstrip("\n").encode()
        assert data["checksum"] == hashlib.sha256(text).hexdigest()
        (source,) = [e["value"] for e in objects["ApplicationSet/storeguard"]["spec"][
            "template"]["spec"]["source"]["plugin"]["env"] if e["name"] == "POLICY"]
        assert source == data["checksum"]
        return source
    assert checksum() == checksum()
    assert checksum() != checksum("--set", "policy.spec.owners.stores=7")


def test_the_project_lets_the_kinds_of_the_charts_in_and_no_other(helm, helms):  # noqa: F811
    spec = parts(helm)["AppProject/storeguard"]["spec"]
    assert spec["clusterResourceWhitelist"] == [{"group": "", "kind": "Namespace"}]
    assert spec["sourceRepos"] == ["https://git.example.com/shops.git"]
    assert not any("Blacklist" in key for key in spec)
    made = set()
    for chart in ("woocommerce", "medusa"):
        done = helms[3].template(
            ROOT / "charts" / chart, "--set", "store.name=fashion", "--set",
            "store.host=fashion.example.com", "--set", "ingress.tls.enabled=true",
            renderer=["--store", "fashion", "--engine", chart, "--owner", "a"])
        made |= {(o["apiVersion"].rpartition("/")[0], o["kind"])
                 for o in load(must_print(done))}
    assert {(k["group"], k["kind"]) for k in spec["namespaceResourceWhitelist"]} == made


def test_shops_without_a_guard_against_slips(helm):  # noqa: F811
    objects = parts(helm, "--set", "protection.enabled=false")
    assert not [name for name in objects if name.startswith("ValidatingAdmissionPolicy")]


def test_secrets_of_somebody_else(helm):  # noqa: F811
    objects = parts(helm, "--set", "argocd.createSecrets=false")
    assert not [name for name in objects if "Secret/" in name and "generator" in name]
    assert "Secret/storeguard-seed-key" not in objects


@pytest.mark.parametrize("value, says", [
    ("argocd.repoURL=", "argocd.repoURL must be set"),
    ("argocd.requeueAfterSeconds=0", "/argocd/requeueAfterSeconds"),
    ("argocd.generatorURL=10.0.0.1:8081", "/argocd/generatorURL"),
    ("argocd.kinds[0]=deployment", "/argocd/kinds/0"),
    ("argocd.chartsPath=/charts", "/argocd/chartsPath")])
def test_a_value_that_makes_no_sense_is_refused(helm, value, says):  # noqa: F811
    done = run(helm, *ON, "--set", value)
    assert done.returncode != 0 and says in done.stderr.decode().replace(".", "/") + \
        done.stderr.decode(), done.stderr.decode()


# --- the sidecar ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def patched(tmp_path_factory):
    """Argo CD's own manifests with our component, by kustomize."""
    folder = tmp_path_factory.mktemp("kustomize")
    (folder / "install.yaml").symlink_to(tool("argocd-install.yaml"))
    (folder / "parts").symlink_to(PARTS)
    (folder / "kustomization.yaml").write_text(
        "resources: [install.yaml]\ncomponents: [parts]\nimages:\n"
        "  - {name: storeguard-cmp, newName: registry.example.com/cmp}\n")
    out = must(subprocess.run(
        [tool("kustomize"), "build", "--load-restrictor", "LoadRestrictionsNone", folder],
        capture_output=True, text=True, timeout=60, check=False))
    return by_name([o for o in yaml.load_all(out, Loader=LOADER)
                    if o["kind"] in FOR_PODS | {"ConfigMap"}])


def test_the_component_adds_the_sidecar_and_the_health_check(patched):
    deployment = patched["Deployment/argocd-repo-server"]
    found = containers_of(deployment)
    assert set(found) == {"argocd-repo-server", "storeguard"}
    it = found["storeguard"]
    assert it["image"] == "registry.example.com/cmp:0.1.0"
    assert it["securityContext"]["readOnlyRootFilesystem"] is True
    assert it["securityContext"]["runAsUser"] == 999
    volumes = {v["name"]: v for v in deployment["spec"]["template"]["spec"]["volumes"]}
    mounts = {m["mountPath"]: m["name"] for m in it["volumeMounts"]}
    assert set(mounts.values()) <= set(volumes)
    # where Argo CD's own containers have them
    (init,) = deployment["spec"]["template"]["spec"]["initContainers"]
    assert {m["mountPath"]: m["name"] for m in init["volumeMounts"]}.items() <= mounts.items()
    own = {m["mountPath"]: m["name"] for m in found["argocd-repo-server"]["volumeMounts"]}
    sockets = "/home/argocd/cmp-server/plugins"
    assert own[sockets] == mounts[sockets]
    assert own["/tmp"] != mounts["/tmp"]
    settings = patched["ConfigMap/argocd-cm"]["data"]
    assert settings[HEALTH] == (PARTS / "health.lua").read_text()
    assert "resource.exclusions" in settings  # theirs are still there


def test_values_of_argo_cds_chart_are_the_same_sidecar():
    def read(name):
        return yaml.load((PARTS / name).read_text(), Loader=LOADER)
    spec = read("repo-server.yaml")["spec"]["template"]["spec"]
    assert read("argo-cd-values.yaml") == {"repoServer": {
        "extraContainers": spec["containers"], "volumes": spec["volumes"]}}


def test_what_is_mounted_is_what_the_chart_makes(helm):  # noqa: F811
    """And by the names that storeguard-render looks for."""
    objects = parts(helm)
    spec = yaml.load((PARTS / "repo-server.yaml").read_text(), Loader=LOADER)[
        "spec"]["template"]["spec"]
    sources = {v["name"]: v for v in spec["volumes"]}
    for mount in spec["containers"][0]["volumeMounts"]:
        source = sources.get(mount["name"], {})
        name = source.get("configMap", {}).get("name")
        secret = source.get("secret", {}).get("secretName")
        if name or secret:
            data = objects[f"ConfigMap/{name}" if name else f"Secret/{secret}"]["data"]
            script = (PARTS / "storeguard-render").read_text()
            assert mount["mountPath"] in script
            assert all(key in script for key in data), data


# --- the health check ----------------------------------------------------------------


@pytest.mark.parametrize("status, health, says", [
    (None, "Progressing", "admitted"),
    ({"phase": "Pending", "observedGeneration": 3, "conditions": [
        {"type": "Ready", "message": "no namespace yet"}]}, "Progressing", "no namespace"),
    ({"phase": "Provisioning", "observedGeneration": 3, "conditions": [
        {"type": "Delivered", "message": "no"},
        {"type": "Ready", "message": "1 of 3 pods"}]}, "Progressing", "1 of 3 pods"),
    ({"phase": "Ready", "observedGeneration": 3}, "Healthy", ""),
    ({"phase": "Ready", "observedGeneration": 2}, "Progressing", "changed"),
    ({"phase": "Degraded", "observedGeneration": 3, "conditions": [
        {"type": "Ready", "message": "web crashes"}]}, "Degraded", "web crashes"),
    ({"phase": "Failed", "observedGeneration": 3}, "Degraded", ""),
    ({"phase": "Deleting", "observedGeneration": 3}, "Progressing", "")])
def test_the_health_of_a_store(tmp_path, status, health, says):
    (tmp_path / "cm.yaml").write_text(json.dumps({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "argocd-cm", "labels": {"app.kubernetes.io/part-of": "argocd"}},
        "data": {HEALTH: (PARTS / "health.lua").read_text()}}))
    it = {"apiVersion": "urumi.io/v1", "kind": "Store",
          "metadata": {"name": "fashion", "generation": 3}, "spec": {"engine": "medusa"},
          **({"status": status} if status else {})}
    (tmp_path / "store.yaml").write_text(json.dumps(it))
    said = must(subprocess.run(
        [tool("argocd"), "admin", "settings", "resource-overrides", "health",
         tmp_path / "store.yaml", "--argocd-cm-path", tmp_path / "cm.yaml"],
        capture_output=True, text=True, timeout=30, check=False,
        env={"HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "none")}))
    assert f"STATUS: {health}\n" in said and says in said, said
