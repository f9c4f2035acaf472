"""Releases of both charts by both Helms on a real API server: guarded, counted by
the quota, and never without their guards. No node: pods are made and stay Pending."""

import itertools
import json

import pytest

from conftest import ROOT
from helm import helms, identify  # noqa: F401

NUMBERS = itertools.count(1)
CASES = [(3, "woocommerce"), (3, "medusa"), (4, "woocommerce"), (4, "medusa")]


class Release:
    """One store's release in a namespace under Pod Security restricted."""

    def __init__(self, cluster, helm, engine):
        self.cluster, self.helm, self.engine = cluster, helm, engine
        self.name = f"{engine[:3]}{helm.major}-{next(NUMBERS)}"
        self.namespace = f"store-{self.name}"
        cluster.namespace(self.namespace, {
            "pod-security.kubernetes.io/enforce": "restricted"})

    def upgrade(self, *args, plan="small", guarded=True):
        words = ["upgrade", "--install", self.namespace, ROOT / "charts" / self.engine,
                 "-n", self.namespace, "--set", f"store.name={self.name}",
                 "--set", f"store.host={self.name}.shops.example.com", *args]
        if guarded:
            words += self.helm.arguments([
                "--store", self.name, "--engine", self.engine, "--plan", plan,
                "--owner", "alice"])
        return self.helm.run(*words, env=self.cluster.environment(), timeout=90)

    def must(self, *args, **kwargs):
        done = self.upgrade(*args, **kwargs)
        assert done.returncode == 0, done.stderr.decode()

    def helm_must(self, *args):
        done = self.helm.run(*args, "-n", self.namespace, timeout=90,
                             env=self.cluster.environment())
        assert done.returncode == 0, done.stderr.decode()

    def items(self, kinds):
        return self.cluster.get(kinds, "-n", self.namespace)["items"]

    def guards(self):
        found = self.items("networkpolicies,resourcequotas,limitranges")
        return {identify(o): o["metadata"]["uid"] for o in found}

    def quota(self):
        return self.cluster.get("resourcequota", "storeguard", "-n",
                                self.namespace)["status"]

    def passwords(self):
        return [s["data"] for s in self.items("secrets") if s["type"] == "Opaque"]

    def wait_for_pods(self):
        """Those of all workloads; a pod that was refused is seen as missing."""
        def wanted():
            return sum(w["spec"].get("replicas", 1)
                       for w in self.items("deployments,statefulsets,jobs"))
        self.cluster.wait(
            f"{self.namespace}'s pods, all counted by the quota",
            lambda: len(self.items("pods")) == wanted() and
            self.quota()["used"]["pods"] == str(wanted()), seconds=30)


@pytest.fixture(params=CASES, ids=lambda c: f"helm{c[0]}-{c[1]}")
def release(request, cluster, helms):  # noqa: F811
    major, engine = request.param
    release = Release(cluster, helms[major], engine)
    yield release
    cluster.must("delete", "namespace", release.namespace, "--wait=false")


def test_a_store_lives_under_guard_from_first_to_last(release):
    release.must()
    release.wait_for_pods()
    guards, passwords = release.guards(), release.passwords()
    assert "ResourceQuota/storeguard" in guards and "LimitRange/storeguard" in guards
    assert len(guards) > 5, guards

    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "more-"},
           "spec": {"containers": [{"name": "main", "image": "none", "resources": {
               "limits": {"cpu": "2", "memory": "2Gi"}}, "securityContext": {
                   "allowPrivilegeEscalation": False, "runAsNonRoot": True,
                   "capabilities": {"drop": ["ALL"]},
                   "seccompProfile": {"type": "RuntimeDefault"}}}]}}
    for _ in range(4):
        done = release.cluster.kubectl("create", "-n", release.namespace, "-f", "-",
                                       input=json.dumps(pod))
        if done.returncode != 0:
            break
    assert "exceeded quota: storeguard" in done.stderr, "no pod was one too many"
    release.cluster.must("delete", "pods", "-n", release.namespace, "--all",
                         "--grace-period=0", "--force")

    release.must("--set", "shop.currency=EUR", plan="medium")
    release.cluster.wait("medium quota",
                         lambda: release.quota()["hard"]["limits.cpu"] == "12")
    release.must("--set", "shop.currency=EUR", guarded=False)
    assert release.guards() == guards, "an upgrade without the flag took guards away"
    release.helm_must("rollback", release.namespace, "1")
    release.cluster.wait("small quota after the rollback",
                         lambda: release.quota()["hard"]["limits.cpu"] == "6")
    release.helm_must("uninstall", release.namespace)
    assert release.items("deployments,statefulsets") == []
    assert release.guards() == guards
    release.must()
    assert release.guards() == guards
    assert release.passwords() == passwords, "a second installation has other passwords"


GUARDS = {"networkpolicies", "resourcequotas", "limitranges"}
GUARDED = {"deployments", "statefulsets", "jobs", "pods", "persistentvolumeclaims", "services"}


def test_guards_are_there_before_what_they_bind(release):
    release.must()
    made = [write for write in release.cluster.audit()
            if write.namespace == release.namespace and write.code == 201]
    last_guard = max(w.answered for w in made if w.resource in GUARDS)
    early = [w for w in made if w.resource in GUARDED and w.received < last_guard]
    assert early == []
    assert len([w for w in made if w.resource in GUARDS]) == len(release.guards())


def everything(cluster, namespace):
    """What a store has, and whether it was written to."""
    kinds = ("networkpolicies,resourcequotas,limitranges,secrets,configmaps,services,"
             "deployments,statefulsets,persistentvolumeclaims")
    return {identify(o): (o["metadata"]["uid"], o["metadata"].get("generation"),
                          o.get("data")) for o in cluster.get(kinds, "-n", namespace)["items"]}


@pytest.mark.parametrize("reach, says", [
    ("namespace=store-neighbour", "store-neighbour"), ("cluster=true", "cluster-scoped")])
def test_another_store_is_out_of_reach(cluster, release, reach, says):
    cluster.namespace("store-neighbour")
    cluster.apply({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "vault"},
                   "stringData": {"key": "neighbour's"}}, namespace="store-neighbour")
    before = everything(cluster, "store-neighbour")
    done = release.helm.run(
        "upgrade", "--install", release.namespace, ROOT / "tests" / "charts" / "outside",
        "-n", release.namespace, "--set", reach,
        *release.helm.arguments(["--store", release.name, "--engine", release.engine,
                                 "--plan", "small", "--owner", "alice"]),
        env=cluster.environment(), timeout=90)
    assert done.returncode != 0 and says in done.stderr.decode(), done.stderr.decode()
    assert everything(cluster, "store-neighbour") == before
    assert release.items("deployments,networkpolicies,resourcequotas,secrets") == []
    assert cluster.kubectl("get", "clusterrole", f"{release.namespace}-reader").returncode


def test_a_release_without_guards_is_adopted(release):
    release.must(guarded=False)
    assert release.guards() == {}
    release.must()
    assert "ResourceQuota/storeguard" in release.guards()


def test_what_can_not_fit_leaves_nothing(release):
    done = release.upgrade("--set", "web.replicas=9")
    assert done.returncode != 0
    assert b"does not fit plan" in done.stderr and b"limits.cpu" in done.stderr, \
        done.stderr
    assert release.items("secrets,deployments,services,networkpolicies") == []


@pytest.mark.parametrize("profile", ["values.yaml", "values-local.yaml",
                                     "values-prod.yaml"])
def test_every_object_of_every_profile_is_taken_as_it_is(release, profile):
    """By server-side apply with strict fields, and without a warning of Pod
    Security."""
    chart = ROOT / "charts" / release.engine
    words = ["template", release.namespace, chart, "-n", release.namespace, "-f",
             chart / profile, "--kube-version", "1.36.3",
             "--set", f"store.name={release.name}",
             "--set", f"store.host={release.name}.shops.example.com",
             "--set", "credentials.seed=only-for-the-tests",
             *release.helm.arguments(["--store", release.name, "--engine",
                                      release.engine, "--plan", "small", "--owner",
                                      "alice"])]
    done = release.helm.run(*words)
    assert done.returncode == 0, done.stderr.decode()
    release.cluster.must("label", "namespace", release.namespace,
                         "pod-security.kubernetes.io/warn=restricted")
    dry = release.cluster.kubectl(
        "apply", "--server-side", "--dry-run=server", "--validate=strict", "-n",
        release.namespace, "-f", "-", input=done.stdout.decode())
    assert dry.returncode == 0, dry.stderr
    assert dry.stderr == "", dry.stderr
