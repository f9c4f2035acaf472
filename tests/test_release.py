"""What the program makes of a whole release: components, warnings, other kinds."""

import pytest
import yaml

from conftest import ROOT, STORE, postrender


def container(image, *ports):
    return {"name": "c" + image.replace("/", ""), "image": image,
            "ports": [{"containerPort": port} for port in ports]}


def workload(*containers, kind="Deployment", labels=None, **spec):
    labels = labels or {"app": "x"}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "it"},
            "spec": {"selector": {"matchLabels": labels}, **spec,
                     "template": {"metadata": {"labels": labels},
                                  "spec": {"containers": list(containers)}}}}


def run(*objects, args=STORE):
    """The output's objects by kind/name, and what was said."""
    result = postrender(args, yaml.safe_dump_all(objects, explicit_start=True))
    assert result.returncode == 0, result.stderr.decode()
    found = [o for o in yaml.safe_load_all(result.stdout) if o]
    return ({f"{o['kind']}/{o['metadata']['name']}": o for o in found},
            result.stderr.decode())


def component_of(*containers):
    objects, _ = run(workload(*containers))
    return objects["Deployment/it"]["metadata"]["labels"].get("urumi.io/component")


@pytest.mark.parametrize("containers, component", [
    ([container("wordpress:6"), container("redis:7", 6379)], "web"),
    ([container("registry.example.com:5000/team/mariadb@sha256:0123")], "database"),
    ([container("acme/shop", 8080), container("acme/exporter", 11211)], "web"),
    ([container("acme/agent"), container("bitnami/wordpress:6")], "web"),
    ([container("acme/queue", 5672)], None),
])
def test_the_first_container_says_what_a_pod_is(containers, component):
    assert component_of(*containers) == component


def test_replicas_of_a_stateful_set_reach_each_other():
    for replicas, reached in (1, False), (3, True):
        made, said = run(workload(container("redis:7", 6379), kind="StatefulSet",
                                  replicas=replicas))
        peers = [p["podSelector"].get("matchLabels", {})
                 for rule in made["NetworkPolicy/storeguard-cache"]["spec"]["ingress"]
                 for p in rule["from"]]
        assert ({"urumi.io/component": "cache"} in peers) == reached, peers
        assert "reach" not in said, said


def test_pods_of_kinds_unknown_here_are_warned_of():
    rollout = workload(container("wordpress", 8080), kind="Rollout")
    rollout["apiVersion"] = "argoproj.io/v1alpha1"
    said = run(rollout)[1]
    assert "unless the operator labels them: Rollout/it" in said, said


def custom(api_version, kind, name, **spec):
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def test_what_operators_make_pods_of_is_said_once():
    cluster = custom("postgresql.cnpg.io/v1", "Cluster", "db", instances=3,
                     storage={"size": "100Gi"})
    cache = custom("redis.redis.opstreelabs.in/v1beta2", "RedisReplication", "cache",
                   clusterSize=3, kubernetesConfig={"resources": {"limits": {"cpu": "1"}}})
    monitor = custom("monitoring.coreos.com/v1", "ServiceMonitor", "shop", endpoints=[{}])
    said = run(cluster, cache, monitor)[1]
    assert said.count("warning") == 1 and "not counted in the fit" in said, said
    assert said.endswith("labels them: Cluster/db, RedisReplication/cache\n"), said
    assert run(monitor)[1] == ""


def test_many_objects_of_operators_make_a_bounded_warning():
    names = [f"{'x' * 240}-{i}" for i in range(100)]
    said = run(*(custom("postgresql.cnpg.io/v1", "Cluster", name) for name in names))[1]
    assert said.count("warning") == 1 and len(said) < 2000, said
    assert "-0," in said and "-11 and 88 more" in said, said


def with_policy(tmp_path, *objects, quota, **cluster):
    policy = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
    policy["spec"]["cluster"] = cluster
    policy["spec"]["plans"]["small"]["quota"].update(quota)
    path = tmp_path / "policy.yaml"
    path.write_text(yaml.safe_dump(policy))
    return run(*objects, args=[*STORE, "--policy", path, "--explain"])[1]


GOLD = "gold.storageclass.storage.k8s.io/requests.storage"
CLAIM = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
         "spec": {"resources": {"requests": {"storage": "3Gi"}}}}


def test_the_policy_tells_the_class_of_claims_without_one(tmp_path):
    other = {**CLAIM, "metadata": {"name": "more"}}
    said = with_policy(tmp_path, CLAIM, other, quota={GOLD: "9Gi"})
    assert said.count("warning") == 1, said
    assert "PersistentVolumeClaim/data: a claim names no storage class" in said, said
    said = with_policy(tmp_path, CLAIM, other, quota={GOLD: "9Gi"}, defaultStorageClass="gold")
    assert "warning" not in said and "6Gi" in said.split(GOLD)[1].splitlines()[1], said
    assert "warning" not in with_policy(tmp_path, CLAIM, quota={})


def test_the_policy_tells_what_a_runtime_class_adds(tmp_path):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "it"}, "spec": {
        "runtimeClassName": "kata", "containers": [container("wordpress")]}}
    said = with_policy(tmp_path, pod, quota={})
    assert "what RuntimeClass kata adds to each pod is not counted" in said, said
    said = with_policy(tmp_path, pod, quota={}, runtimeClasses=[
        {"name": "kata", "overhead": {"cpu": "250m"}}])
    assert "warning" not in said and "350m" in said.split("requests.cpu")[1].splitlines()[0], said


def test_an_operators_database_can_be_reached():
    """Its pods are stamped by inheritedMetadata; no workload is in the stream."""
    cluster = {"apiVersion": "postgresql.cnpg.io/v1", "kind": "Cluster",
               "metadata": {"name": "db", "labels": {"urumi.io/component": "database"}},
               "spec": {"instances": 1}}
    web = workload(container("medusa", 9000))
    objects, _ = run(cluster, web, args=["--store", "shopper", "--engine", "medusa",
                                         "--owner", "alice"])
    rules = objects["NetworkPolicy/storeguard-web"]["spec"]["egress"]
    assert [p["port"] for p in rules[0]["ports"]] == [5432], rules[0]


@pytest.mark.parametrize("namespace", ["", None, "store-fashion"])
def test_no_namespace_is_the_stores(namespace):
    run({"apiVersion": "v1", "kind": "ConfigMap",
         "metadata": {"name": "a", "namespace": namespace}})


def test_a_null_document_is_none():
    text = "---\nnull\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\n~\n"
    result = postrender(STORE, text)
    assert result.returncode == 0, result.stderr.decode()
    assert result.stdout.count(b"\nnull\n") == 1


def test_a_source_in_a_script_names_nothing():
    text = ("---\n# Source: shop/templates/true.yaml\napiVersion: v1\nkind: Secret\n"
            "metadata: {name: a, namespace: b}\ndata:\n  x: |\n    # Source: false.yaml\n")
    said = postrender(STORE, text).stderr.decode()
    assert "true.yaml" in said and "false.yaml" not in said, said
    said = postrender(STORE, text.replace("# Source: shop/templates/true.yaml\n", "")).stderr
    assert b"false.yaml" not in said, said


def test_the_guards_count_against_the_quota_too(tmp_path):
    policy = tmp_path / "policy.yaml"
    secret = "{apiVersion: v1, kind: Secret, metadata: {name: a}}"
    shown = postrender([*STORE, "--only", "guards"], secret)
    guards = [o["kind"] for o in yaml.safe_load_all(shown.stdout)]
    text = (ROOT / "common" / "default-policy.yaml").read_text()
    short = guards.count("NetworkPolicy") - 1
    policy.write_text(text.replace(
        "quota:\n", f'quota:\n        count/networkpolicies.networking.k8s.io: "{short}"\n', 1))
    result = postrender([*STORE, "--policy", policy], secret)
    said = result.stderr.decode()
    assert result.returncode == 1 and "the guards themselves" in said, said
    assert max(map(len, said.splitlines())) <= 80, said


def test_a_cron_jobs_ended_pods_keep_their_volumes():
    pod = {"restartPolicy": "Never", "containers": [container("wordpress:cli")], "volumes": [
        {"name": "v", "ephemeral": {"volumeClaimTemplate": {"spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "5Gi"}}}}}}]}
    cron = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "backup"}, "spec": {
        "schedule": "@daily", "jobTemplate": {"spec": {"template": {"spec": pod}}}}}
    result = postrender(STORE, yaml.safe_dump(cron))
    said = " ".join(result.stderr.decode().split())
    assert result.returncode == 1 and "requests.storage 25Gi 20Gi 5Gi" in said, said
    assert "20Gi CronJob/backup (pods that ended, kept by their Jobs)" in said, said


HELM4 = "postrenderer.helm.sh/postrender-filename"
ARGO_HOOK = "argocd.argoproj.io/hook"


@pytest.mark.parametrize("annotations, is_hook", [
    ({}, False), ({ARGO_HOOK: "PostSync"}, True), ({"helm.sh/hook": "post-install"}, True),
    ({HELM4: "a.yaml", ARGO_HOOK: "PostSync"}, False),
    ({HELM4: "a.yaml", ARGO_HOOK: "PostSync", "helm.sh/hook": "post-install"}, True)])
def test_a_jobs_template_stays_as_it_is_unless_who_applies_it_runs_hooks(annotations, is_hook):
    """Helm 4 applies a Job that is Argo CD's hook like any other: its template can't change."""
    job = workload(container("wordpress:cli"), kind="Job")
    job["apiVersion"] = "batch/v1"
    job["metadata"]["annotations"] = annotations
    found, _ = run(job)
    labels = found["Job/it"]["spec"]["template"]["metadata"]["labels"]
    assert ("urumi.io/store" in labels) == is_hook, labels
    assert found["Job/it"]["metadata"]["labels"]["urumi.io/store"] == "fashion", found


def test_a_message_that_is_cut_says_so(tmp_path):
    policy, store = tmp_path / "policy.yaml", tmp_path / "store.yaml"
    text = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
    text["spec"]["engines"]["medusa"]["values"] = [f"shop.of.number{n}" for n in range(200)]
    policy.write_text(yaml.safe_dump(text))
    store.write_text("apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: fashion}\n"
                     "spec: {engine: medusa, values: {a: 1, b: 2}}\n")
    result = postrender(["values", "--policy", policy, store])
    said = result.stderr.decode()
    assert result.returncode == 1 and "spec.values.b" in said, said
    of_a, of_b = " ".join(said.split()).split("spec.values.b: ")
    assert of_a.rstrip(" -").endswith("...") and of_b.endswith("..."), said
    assert max(map(len, said.splitlines()[1:])) <= 80, said


def test_values_refuses_what_it_would_ignore(tmp_path):
    store = tmp_path / "store.yaml"
    store.write_text("apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: fashion}\n"
                     "spec: {engine: medusa}\n")
    assert postrender(["values", store]).returncode == 0
    result = postrender(["--fit", "off", "values", store])
    assert result.returncode == 2 and b"--policy" in result.stderr, result.stderr


@pytest.mark.parametrize("field, says", [
    ("delivery: pigeon", "is not gitops or helm"),
    ("adminEmail: not an address", "is not an e-mail address"),
    ('displayName: "two\\nlines"', "must be one line"),
])
def test_fields_of_a_store(field, says, tmp_path):
    store = tmp_path / "store.yaml"
    store.write_text("apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: fashion}\n"
                     f"spec:\n  engine: medusa\n  {field}\n")
    result = postrender(["values", store])
    assert result.returncode == 1 and says in result.stderr.decode(), result.stderr


def test_an_error_stands_alone():
    """Warnings of what came before it would only hide it."""
    text = yaml.safe_dump_all([workload(container("acme/queue")), {"kind": "Broken"}],
                              explicit_start=True)
    args = ["--store", "fashion", "--engine", "woocommerce"]  # no owner: a warning
    good = postrender(args, yaml.safe_dump(workload(container("acme/queue"))))
    assert good.stderr.decode().count("warning: ") == 2, good.stderr.decode()
    bad = postrender(args, text)
    assert bad.returncode == 3 and bad.stderr.decode().count("\n") == 1, bad.stderr.decode()
