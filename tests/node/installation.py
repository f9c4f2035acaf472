"""The gate as its chart installs it on the node, for the tests that need one there."""

import base64
import json

import pytest

from conftest import ROOT
from gate import ACCESS, CONFIGURATIONS, LEASE, NAMESPACE, SECRET

CHART = ROOT / "charts" / "storeguard"
# Of one owner, at any speed.
VALUES = ["--set", "policy.spec.owners.stores=1000", "--set",
          "policy.spec.owners.createsPerMinute=0"]


class Installation:
    """The chart's release on a node."""

    def __init__(self, cluster):
        self.cluster = cluster

    def run(self, helm, *args, timeout=240):
        done = helm.run(*args, "-n", NAMESPACE, env=self.cluster.environment(),
                        timeout=timeout)
        assert done.returncode == 0, f"{done.stderr.decode()}\n{self.describe()}"
        return done

    def install(self, helm, *args):
        """Until its pods are ready."""
        self.run(helm, "upgrade", "--install", "storeguard", CHART, "--reset-values",
                 *VALUES, *args, "--wait", "--timeout", "120s")
        self.wait_in_force()

    def uninstall(self, helm):
        self.run(helm, "uninstall", "storeguard")

    def wait_in_force(self):
        self.cluster.wait("gate in force", lambda: "Make the Store first" in self.create_namespace(
            "store-nobodys", "--dry-run=server").stderr, seconds=30)

    def create_namespace(self, name, *args):
        return self.cluster.kubectl("create", "namespace", name, *args)

    def must(self, *args):
        return self.cluster.must("-n", NAMESPACE, *args)

    def get(self, *args):
        return self.cluster.get("-n", NAMESPACE, *args)

    def pods(self):
        """Those that are ready and stay."""
        return {p["metadata"]["name"]: p for p in self.get(
            "pods", "-l", "app.kubernetes.io/component=webhook")["items"]
                if "deletionTimestamp" not in p["metadata"] and any(
                    c["type"] == "Ready" and c["status"] == "True"
                    for c in p["status"].get("conditions", []))}

    def leader(self):
        """The pod that leads, if it is there."""
        holder = self.get("lease", LEASE)["spec"].get("holderIdentity", "")
        name = holder.partition("_")[0]
        return name if name in self.pods() else None

    def secret(self):
        data = self.get("secret", SECRET)["data"]
        return {key: base64.b64decode(value).decode() for key, value in data.items()}

    def bundles(self):
        return {base64.b64decode(hook["clientConfig"].get("caBundle", "")).decode()
                for kind in CONFIGURATIONS
                for hook in self.cluster.get(kind, "storeguard")["webhooks"]}

    def apply(self, name, user="alice", verb="apply", **spec):
        return self.cluster.kubectl(verb, "-f", "-", user=user, input=json.dumps(
            {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
             "spec": {"engine": "woocommerce", "delivery": "helm", **spec}}))

    def finalizers(self):
        return {item["metadata"]["name"]: item["metadata"].get("finalizers", [])
                for item in self.cluster.get("stores")["items"]}

    def clear(self):
        """No Store is left, nor a namespace of one."""
        for name in self.finalizers():
            self.cluster.kubectl("delete", "store", name, "--wait=false")
            self.cluster.kubectl("patch", "store", name, "--type=merge", "-p",
                                 '{"metadata": {"finalizers": null}}')
        self.cluster.wait("no Store", lambda: not self.finalizers())
        self.cluster.wait("no namespace of one", lambda: not [
            n for n in self.cluster.must("get", "namespaces", "-o", "name").split()
            if n.startswith("namespace/store-")], seconds=180)

    def describe(self):
        return "\n".join(self.cluster.kubectl("-n", NAMESPACE, *args).stdout for args in (
            ["get", "pods", "-o", "wide"], ["get", "events", "--sort-by=.lastTimestamp"],
            ["logs", "-l", "app.kubernetes.io/name=storeguard", "--tail=20", "--prefix"]))


@pytest.fixture(scope="module")
def bare(node):
    """The node before and after: neither the kinds nor the gate are there."""
    node.namespace(NAMESPACE, {"pod-security.kubernetes.io/enforce": "restricted"})
    node.apply(*ACCESS)
    yield Installation(node)
    node.must("delete", "clusterrolebinding,clusterrole", "--ignore-not-found",
              *(o["metadata"]["name"] for o in ACCESS
                if not o["metadata"]["name"].startswith("storeguard")))
    node.must("delete", "clusterrolebinding", "storeguard-store-user",
              "storeguard-administrator")
    node.must("delete", "namespace", NAMESPACE, timeout=180)
    node.must("delete", "crd", "stores.urumi.io", "storepolicies.urumi.io",
              "storequotas.urumi.io", "--ignore-not-found")


@pytest.fixture(scope="module")
def gate(bare, helms):
    """By Helm 3; the tests hand it on to Helm 4."""
    bare.install(helms[3])
    yield bare
    bare.cluster.kubectl("delete", *(f"{kind}/storeguard" for kind in CONFIGURATIONS))
    bare.clear()
    helms[4].run("uninstall", "storeguard", "-n", NAMESPACE,
                 env=bare.cluster.environment(), timeout=300)
