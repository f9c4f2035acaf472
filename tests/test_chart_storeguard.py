"""charts/storeguard by its manifests: what is in it for which values, what of it is
refused, and what its alerts and its dashboard ask of Prometheus."""

import json
import re
import subprocess

import pytest
import yaml

import readme
from conftest import ROOT, tool
from helm import LOADER, helms, identify, load  # noqa: F401
from test_charts import assert_bounded_and_confined, containers

CHART = ROOT / "charts" / "storeguard"
NAMESPACE = "storeguard-system"
ALERTS = CHART / "alerts" / "storeguard.yaml"
DASHBOARD = CHART / "dashboards" / "storeguard.json"
WORKLOAD = {"Deployment/storeguard-webhook", "Service/storeguard-webhook",
            "PodDisruptionBudget/storeguard-webhook", "NetworkPolicy/storeguard-webhook",
            "Job/storeguard-remove-finalizers"}
CONFIGURATIONS = {"MutatingWebhookConfiguration/storeguard",
                  "ValidatingWebhookConfiguration/storeguard"}
IN_FILES = ["--set", "certificate.mode=secret", "--set", "certificate.secretName=gate-tls",
            "--set", "certificate.injectCAFrom=storeguard-system/gate"]
WATCHED = ["--set", "metrics.serviceMonitor.enabled=true", "--set",
           "metrics.prometheusRule.enabled=true", "--set", "metrics.dashboard.enabled=true"]


@pytest.fixture(params=[3, 4], ids=["helm3", "helm4"])
def helm(request, helms):  # noqa: F811
    return helms[request.param]


def run(helm, *args):
    return helm.run("template", "storeguard", CHART, "-n", NAMESPACE, "--kube-version",
                    "1.36.3", *args)


def template(helm, *args):
    """Its objects by kind and name."""
    done = run(helm, *args)
    assert done.returncode == 0, done.stderr.decode()
    return {identify(o): o for o in load(done.stdout)}


def policy(helm, *args):
    return template(helm, *args)["StorePolicy/default"]["spec"]


def default_policy():
    return yaml.load((ROOT / "common" / "default-policy.yaml").read_text(),
                     Loader=LOADER)["spec"]


def test_nothing_is_to_be_said_against_it(helm):
    done = helm.run("lint", "--strict", CHART)
    assert done.returncode == 0, done.stdout.decode()
    assert b"[WARNING]" not in done.stdout and b"[ERROR]" not in done.stdout


def test_its_pods_are_bounded_and_confined(helm):
    assert assert_bounded_and_confined(list(template(helm).values())) == 2


def test_an_upgrade_takes_no_replica_away_before_another_is_ready(helm):
    spec = template(helm)["Deployment/storeguard-webhook"]["spec"]
    assert spec["replicas"] == 2
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    for seconds in (25, 60):
        pod = template(helm, "--set", f"deployment.drainSeconds={seconds}")[
            "Deployment/storeguard-webhook"]["spec"]["template"]["spec"]
        assert f"--drain={seconds}" in pod["containers"][0]["args"]
        assert pod["terminationGracePeriodSeconds"] > seconds


# --- modes -------------------------------------------------------------------------


def test_all_of_it_is_in_the_cluster_unless_told_otherwise(helm):
    objects = template(helm)
    assert WORKLOAD | CONFIGURATIONS <= set(objects)
    for name in CONFIGURATIONS:
        for hook in objects[name]["webhooks"]:
            # nor a path: an upgrade would put it in place of the webhook's own
            assert hook["clientConfig"] == {"service": {
                "name": "storeguard-webhook", "namespace": NAMESPACE, "port": 443}}
    pod = objects["Deployment/storeguard-webhook"]["spec"]["template"]["spec"]
    assert f"--path-secret={NAMESPACE}/storeguard-webhook-path" in pod["containers"][0]["args"]


@pytest.mark.parametrize("args, configured", [
    (["--set", "webhook.url=https://192.0.2.7:8443"], True),
    (["--set", "deployment.enabled=false"], True),
    (["--set", "deployment.enabled=false", "--set", "webhook.enabled=false"], False)])
def test_a_webhook_elsewhere_has_no_workload_here_but_its_access(helm, args, configured):
    objects = template(helm, *args)
    assert not WORKLOAD & set(objects)
    assert (CONFIGURATIONS <= set(objects)) == configured
    assert {"ServiceAccount/storeguard", "ClusterRoleBinding/storeguard",
            "StorePolicy/default", "FlowSchema/storeguard",
            "ValidatingAdmissionPolicy/storeguard-store-finalizer"} <= set(objects)
    if "webhook.url=https://192.0.2.7:8443" in args:
        urls = [hook["clientConfig"] for name in CONFIGURATIONS
                for hook in objects[name]["webhooks"]]
        assert {"url": "https://192.0.2.7:8443/validate-store"} in urls


def test_a_certificate_that_somebody_else_renews(helm):
    objects = template(helm, *IN_FILES)
    pod = objects["Deployment/storeguard-webhook"]["spec"]["template"]["spec"]
    assert not [a for a in pod["containers"][0]["args"] if "cert-secret" in a]
    assert pod["volumes"][0]["secret"]["secretName"] == "gate-tls"
    for name in CONFIGURATIONS:
        assert objects[name]["metadata"]["annotations"] == {
            "cert-manager.io/inject-ca-from": "storeguard-system/gate"}
    granted = [(resource, verb) for o in objects.values()
               if o["kind"] in ("Role", "ClusterRole") for rule in o["rules"]
               for resource in rule["resources"] for verb in rule["verbs"]]
    assert ("stores", "patch") in granted
    assert [verb for resource, verb in granted
            if resource == "validatingwebhookconfigurations"] == ["get", "patch"]
    named = [rule.get("resourceNames") for o in objects.values() if o["kind"] == "Role"
             for rule in o["rules"] if "secrets" in rule["resources"]]
    assert named == [None, ["storeguard-webhook-path"]]
    assert "Secret/storeguard-webhook-tls" not in objects  # nor does an uninstall take it


def test_callers_can_be_asked_for_a_certificate(helm):
    for more in ([], IN_FILES):
        pod = template(helm, *more, "--set", "certificate.clientCAConfigMap=callers")[
            "Deployment/storeguard-webhook"]["spec"]["template"]["spec"]
        container, = pod["containers"]
        assert "--client-ca=/etc/storeguard/client-ca/ca.crt" in container["args"]
        assert {"name": "callers", "items": [{"key": "ca.crt", "path": "ca.crt"}]} in [
            volume.get("configMap") for volume in pod["volumes"]]
        assert {m["name"] for m in container["volumeMounts"]} == {
            v["name"] for v in pod["volumes"]}


@pytest.mark.parametrize("values, image", [
    ({}, "storeguard:0.1.0"), ({"tag": "1.2"}, "storeguard:1.2"),
    ({"repository": "registry.example.com:5000/a/b", "tag": "x", "digest":
      "sha256:" + "ab" * 32}, "registry.example.com:5000/a/b@sha256:" + "ab" * 32)])
def test_the_image_by_tag_or_by_digest(helm, values, image):
    args = [word for key, value in values.items() for word in ("--set", f"image.{key}={value}")]
    assert {c["image"] for _, c in containers(template(helm, *args).values())} == {image}


# --- the policy --------------------------------------------------------------------


def test_the_policy_is_the_one_source_with_values_laid_over_it(helm):
    assert policy(helm) == default_policy()
    peers = [{"ipBlock": {"cidr": "192.0.2.0/24"}}]
    expected = default_policy()
    expected["hosts"]["baseDomain"] = "shops.example.org"
    expected["owners"]["stores"] = 1000000
    expected["network"]["ingress"]["peers"] = peers
    del expected["plans"]["large"]
    assert policy(helm, "--set", "policy.spec.hosts.baseDomain=shops.example.org",
                  "--set", "policy.spec.owners.stores=1000000",
                  "--set-json", f"policy.spec.network.ingress.peers={json.dumps(peers)}",
                  "--set-json", "policy.spec.plans.large=null") == expected


def test_a_policy_that_is_kept_elsewhere(helm):
    assert "StorePolicy/default" not in template(helm, "--set", "policy.create=false")


def test_deletions_are_held_against_the_policys_list_where_there_is_one(helm):
    """Only then: else no deletion depends on the webhook."""
    def asked(*args):
        hook, = (hook for hook in template(helm, *args)[
            "ValidatingWebhookConfiguration/storeguard"]["webhooks"]
            if hook["name"] == "validate-store.urumi.io")
        return "DELETE" in hook["rules"][0]["operations"], {
            condition["name"] for condition in hook["matchConditions"]}
    by_default = asked()
    assert not by_default[0] and "is-not-deleted-by-its-owner" not in by_default[1]
    for args in (("--set", "protection.assigners=true"), (
            "--set-json", 'policy.spec.owners.assigners=[{"user": '
            '"system:serviceaccount:argocd:team-a", "owners": ["a"]}]')):
        assert asked(*args) == (True, by_default[1] | {"is-not-deleted-by-its-owner"})


def test_nothing_that_the_api_server_decides_by_itself_takes_a_parameter(helm):
    """It would have to read them first, and does not know our kinds when it starts."""
    for name, o in template(helm, "--set", "protection.assigners=true").items():
        if name.startswith("ValidatingAdmissionPolicy"):
            assert "paramKind" not in o["spec"] and "paramRef" not in o["spec"], name


def same_fields(values, kind, path="policy.spec"):
    """Where the values' schema names fields, they are the kind's."""
    if values.get("type") == "object" and not values.get("additionalProperties", True):
        assert set(values["properties"]) == set(kind["properties"]), path
        for name, value in values["properties"].items():
            same_fields(value, kind["properties"][name], f"{path}.{name}")
    elif "items" in values and "items" in kind:
        same_fields(values["items"], kind["items"], f"{path}[]")
    elif "integer" in values.get("type", ""):
        assert (values["minimum"], values["maximum"]) == (
            kind["minimum"], kind["maximum"]), path


def test_values_of_the_policy_are_the_fields_of_its_kind():
    schema = json.loads((CHART / "values.schema.json").read_text())
    definition = yaml.load((CHART / "crds" / "storepolicies.yaml").read_text(), Loader=LOADER)
    kind = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    same_fields(schema["properties"]["policy"]["properties"]["spec"],
                kind["properties"]["spec"])


# --- values that are refused -------------------------------------------------------


@pytest.mark.parametrize("value, says", [
    ("deployment.replicas=0", "/deployment/replicas"),
    ("deployment.replica=3", "replica"),
    ("deployment.drainSeconds=soon", "/deployment/drainSeconds"),
    ("deployment.resources.limits.memory=plenty", "/deployment/resources/limits/memory"),
    ("deployment.logFormat=xml", "/deployment/logFormat"),
    ("webhook.url=http://192.0.2.7", "/webhook/url"),
    ("webhook.timeoutSeconds=31", "/webhook/timeoutSeconds"),
    ("certificate.mode=magic", "/certificate/mode"),
    ("certificate.injectCAFrom=gate", "/certificate/injectCAFrom"),
    ("image.digest=latest", "/image/digest"),
    ("policy.spec.hosts.baseDomain=https://shops.example.org", "/policy/spec/hosts/baseDomain"),
    ("policy.spec.owners.store=3", "store"),
    ("policy.specs.owners.stores=3", "specs"),
    ("policy.spec.owners.stores=-1", "/policy/spec/owners/stores"),
    ("networkPolicy.metricsPeers[0].pods=all", "pods"),
    ("metrics.serviceMonitor.interval=often", "/metrics/serviceMonitor/interval"),
    ("flowControl.shares=0", "/flowControl/shares"),
    ("certificate.mode=secret", "webhook.caBundle, or certificate.injectCAFrom"),
    # the webhook's own bundle and cert-manager's would take turns
    ("certificate.injectCAFrom=gate/tls", "of certificate.mode secret"),
    ("certificate.secretName=gate-tls", "of certificate.mode secret"),
    ("protektion.enabled=true", "protektion")])
def test_a_value_that_makes_no_sense_is_refused_by_its_name(helm, value, says):
    done = run(helm, "--set", value)
    assert done.returncode != 0, f"{value} was accepted"
    assert says in done.stderr.decode(), done.stderr.decode()


def test_a_secret_that_is_not_named_is_asked_for(helm):
    done = run(helm, "--set", "certificate.mode=secret", "--set", "webhook.caBundle=QQ==")
    assert b"certificate.secretName" in done.stderr, done.stderr.decode()


# --- alerts and dashboard ----------------------------------------------------------


def prometheus(*args, **kwargs):
    """What expressions select, as Prometheus itself reads them."""
    done = subprocess.run([tool("promql"), *args], capture_output=True, text=True,
                          timeout=20, check=False, **kwargs)
    assert done.returncode == 0, done.stderr
    return [selector for line in done.stdout.splitlines() for selector in json.loads(line)]


def panels():
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"]
            if panel["type"] != "row"]


def queries():
    return [target["expr"] for panel in panels() for target in panel["targets"]]


@pytest.mark.parametrize("selectors", [
    pytest.param(lambda: prometheus(ALERTS), id="alerts"),
    pytest.param(lambda: prometheus(input=json.dumps(queries())), id="dashboard")])
def test_prometheus_is_asked_for_metrics_that_there_are(selectors):
    known = readme.metrics()
    for suffix in ("bucket", "sum", "count"):
        known |= {f"{name}_{suffix}": labels | {"le"} for name, labels in
                  readme.metrics().items() if name.endswith("_seconds")}
    found = selectors()
    assert len(found) > 10
    for selector in found:
        assert selector["metric"] in known, selector
        for label in selector["labels"]:
            assert re.match(r"\w+", label)[0] in known[selector["metric"]], selector


def test_each_alert_says_what_it_means_and_what_to_do():
    rules = [rule for group in yaml.load(ALERTS.read_text(), Loader=LOADER)["groups"]
             for rule in group["rules"]]
    names = [rule["alert"] for rule in rules]
    assert len(set(names)) == len(names) > 10
    for rule in rules:
        assert rule["labels"]["severity"] in ("critical", "warning"), rule
        assert set(rule["annotations"]) == {"summary", "description"}, rule
        assert len(rule["annotations"]["summary"]) < 80, rule
        assert len(rule["annotations"]["description"]) > 80, rule


def test_each_panel_has_a_title_a_unit_and_a_place_of_its_own():
    taken = set()
    for panel in panels():
        assert panel["title"] and panel["fieldConfig"]["defaults"]["unit"], panel
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"])
                 for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells


def test_they_are_in_the_release_where_asked_for(helm):
    without, objects = template(helm), template(helm, *WATCHED)
    assert set(objects) - set(without) == {
        "ServiceMonitor/storeguard-webhook", "PrometheusRule/storeguard",
        "ConfigMap/storeguard-dashboard"}
    assert objects["PrometheusRule/storeguard"]["spec"] == yaml.load(
        ALERTS.read_text(), Loader=LOADER)
    shown = objects["ConfigMap/storeguard-dashboard"]["data"]["storeguard.json"]
    assert json.loads(shown) == json.loads(DASHBOARD.read_text())
    service = objects["Service/storeguard-webhook"]
    monitor = objects["ServiceMonitor/storeguard-webhook"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= service["metadata"]["labels"].items()
    assert monitor["endpoints"][0]["port"] in [p["name"] for p in service["spec"]["ports"]]
