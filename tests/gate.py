"""The webhook before a real API server: its process, its certificate, its access and
its registration, as its chart will have them, for the tests that go through the gate."""

import json
import signal
import subprocess
import urllib.error
import urllib.request

from cluster.client import Cluster
from conftest import CERTS, ROOT, WEBHOOK

CHART = ROOT / "charts" / "storeguard"
NAMESPACE = "storeguard-system"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:storeguard"
# Argo CD's: it may act for owners.
GITOPS = "system:serviceaccount:argocd:argocd-application-controller"


def role(name, *rules):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [{"apiGroups": [group], "resources": resources, "verbs": verbs}
                      for group, resources, verbs in rules]}


def binding(name, *subjects):
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
            "metadata": {"name": name},
            "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                        "name": name}, "subjects": list(subjects)}


def group(name):
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "Group", "name": name}


def account(name):
    _, _, namespace, name = name.split(":")
    return {"kind": "ServiceAccount", "namespace": namespace, "name": name}


EDIT = ["create", "get", "list", "watch", "update", "patch", "delete", "deletecollection"]
ACCESS = [
    role("storeguard", ("urumi.io", ["stores", "storepolicies"], ["get", "list", "watch"]),
         ("", ["namespaces"], ["get"]),
         ("authorization.k8s.io", ["subjectaccessreviews"], ["create"])),
    binding("storeguard", account(ACCOUNT)),
    role("store-owner", ("urumi.io", ["stores"], EDIT),
         ("", ["namespaces", "configmaps", "secrets"], EDIT),
         ("apps", ["deployments"], EDIT)),
    binding("store-owner", group("store-owners"), account(GITOPS)),
    role("store-admin", ("urumi.io", ["stores"], [*EDIT, "assign"]),
         ("urumi.io", ["storepolicies", "storequotas"], EDIT),
         ("", ["users", "groups", "serviceaccounts"], ["impersonate"])),
    binding("store-admin", group("store-admins")),
    role("store-assigner", ("urumi.io", ["stores"], ["assign"])),
    binding("store-assigner", account(GITOPS)),
]


class Gate:
    """One cluster with its gate. Its cluster is no other tests': with the gate
    registered, namespaces store-* need a Store."""

    def __init__(self, helm, name="cluster-gate-test"):
        self.helm = helm
        self.cluster = Cluster(name)
        self.process = None

    # --- the cluster ---------------------------------------------------------

    def up(self):
        self.cluster.up()
        self.folder = self.cluster.state.folder / "gate"
        self.folder.mkdir()
        address = self.cluster.state.facts["address"]
        self.tls, self.plain = f"{address}:9443", f"{address}:9080"
        for namespace in (NAMESPACE, "argocd"):
            self.cluster.namespace(namespace)
        for name in (ACCOUNT, GITOPS):
            subject = account(name)
            self.cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount",
                                "metadata": {"name": subject["name"]}},
                               namespace=subject["namespace"])
        self.cluster.apply(*ACCESS)
        self.helm_upgrade()
        self.cluster.must("wait", "--for=condition=Established", "crd", "stores.urumi.io",
                          "storepolicies.urumi.io", "--timeout=30s")
        self._make_certificate(address)

    def _make_certificate(self, address):
        done = subprocess.run([CERTS, "init", self.folder / "certs", "--dns", address],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _write_kubeconfig(self):
        """The service account's, by a token in a file, as in a pod."""
        token = self.cluster.must("-n", NAMESPACE, "create", "token", "storeguard",
                                  "--duration=1h")
        (self.folder / "token").write_text(token)
        state = self.cluster.state
        config = json.loads(state.kubeconfig().read_text())
        config["users"][0]["user"] = {"tokenFile": str(self.folder / "token")}
        path = self.folder / "kubeconfig"
        path.write_text(json.dumps(config))
        return path

    # --- the process -----------------------------------------------------------

    def start(self, *args):
        certs = self.folder / "certs"
        with open(self.folder / "webhook.log", "ab") as log:
            self.process = subprocess.Popen(
                [WEBHOOK, "serve", "--listen", self.tls, "--http", self.plain,
                 "--kubeconfig", self._write_kubeconfig(), "--log-format", "json",
                 "--tls-cert", certs / "tls.crt", "--tls-key", certs / "tls.key",
                 *map(str, args)], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.cluster.wait("ready webhook", self.is_ready, seconds=20)

    def is_ready(self):
        assert self.process.poll() is None, \
            f"the webhook ended with {self.process.returncode}:\n{self.said()}"
        return self.ask("/readyz")[0] == 200

    def ask(self, path):
        """GET on the plain port: status and body; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.plain}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def said(self):
        return (self.folder / "webhook.log").read_text()

    def logged(self):
        """Its log's lines as objects."""
        return [json.loads(line) for line in self.said().splitlines()]

    def stop(self, number=signal.SIGTERM, seconds=20):
        """Its exit status."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    # --- registration ----------------------------------------------------------

    def register(self):
        """By the chart."""
        bundle = subprocess.run([CERTS, "bundle", self.folder / "certs"],
                                capture_output=True, text=True, check=True).stdout.strip()
        self.helm_upgrade("--set", "webhook.enabled=true", "--set",
                          f"webhook.url=https://{self.tls}", "--set",
                          f"webhook.caBundle={bundle}")
        self.cluster.wait("gate in force", lambda: "Make the Store first" in
                          self.cluster.kubectl("create", "namespace", "store-nobodys",
                                               "--dry-run=server").stderr, seconds=20)

    def helm_upgrade(self, *args):
        done = self.helm.run("upgrade", "--install", "storeguard", CHART, "-n", NAMESPACE,
                             "--reset-values", *args, env=self.cluster.environment(),
                             timeout=60)
        assert done.returncode == 0, done.stderr.decode()

    def clear(self):
        """No Store is left, protected or not."""
        for name in self.cluster.must("get", "stores", "-o", "name").split():
            self.cluster.must("patch", name, "--type=merge", "-p",
                              '{"spec": {"deletionProtection": false}}')
        self.cluster.must("delete", "stores,storepolicies", "--all")

    def down(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.cluster.down()
