"""The webhook before a real API server: its process, its certificate, its access and
its registration, as its chart will have them, for the tests that go through the gate."""

import contextlib
import json
import re
import signal
import ssl
import subprocess
import urllib.error
import urllib.request

from balancer import Balancer
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
         ("urumi.io", ["storequotas"], ["get", "list", "watch", "create"]),
         ("urumi.io", ["storequotas/status"], ["update"]),
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


@contextlib.contextmanager
def opened(helm, name, options=(), flags=()):
    """A cluster of that name with its gate in force, as long as it is wanted. options
    are further ones of `cluster up`, flags of the webhook."""
    gate = Gate(helm, name, options, flags)
    try:
        gate.up()
        gate.start()
        gate.register()
        yield gate
    finally:
        gate.down()


class Gate:
    """One cluster with its gate. Its cluster is no other tests': with the gate
    registered, namespaces store-* need a Store."""

    def __init__(self, helm, name, options=(), flags=()):
        self.helm = helm
        self.flags = flags
        self.cluster = Cluster(name, options=options)
        self.replicas = []
        self.service = self.way_to_api = None

    # --- the cluster ---------------------------------------------------------

    def up(self):
        self.cluster.up()
        self.folder = self.cluster.state.folder / "gate"
        self.folder.mkdir()
        self.address = address = self.cluster.state.facts["address"]
        # what the API server calls, and what the webhook calls
        self.service = Balancer(f"{address}:9443", f"{address}:10443")
        self.way_to_api = Balancer(f"{address}:7443", f"{address}:6443")
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

    def write_kubeconfig(self, name="kubeconfig", port=7443):
        """The service account's, by a token in a file, as in a pod, and by the way
        that listens on that port."""
        token = self.cluster.must("-n", NAMESPACE, "create", "token", "storeguard",
                                  "--duration=1h")
        (self.folder / "token").write_text(token)
        state = self.cluster.state
        config = json.loads(state.kubeconfig().read_text())
        config["clusters"][0]["cluster"]["server"] = f"https://{self.address}:{port}"
        config["users"][0]["user"] = {"tokenFile": str(self.folder / "token")}
        path = self.folder / name
        path.write_text(json.dumps(config))
        return path

    # --- the processes ---------------------------------------------------------

    def start(self):
        """Another replica, ready, which new connections go to from now on."""
        number = len(self.replicas)
        replica = Replica(self, f"{self.address}:{10443 + number}",
                          f"{self.address}:{11443 + number}", self.write_kubeconfig(),
                          flags=self.flags)
        self.replicas.append(replica)
        self.cluster.wait("ready webhook", replica.is_ready, seconds=20)
        self.service.targets = [replica.tls]

    @property
    def newest(self):
        return self.replicas[-1]

    def said(self):
        return (self.folder / "webhook.log").read_text()

    def logged(self):
        """The log's lines as objects."""
        return [json.loads(line) for line in self.said().splitlines()]

    # --- registration ----------------------------------------------------------

    @contextlib.contextmanager
    def switched_off(self):
        """Without the gate, as before it was installed."""
        self.helm_upgrade()
        self.cluster.wait("no gate", lambda: self.cluster.kubectl(
            "create", "namespace", "store-nobodys", "--dry-run=server").returncode == 0,
                          seconds=20)
        yield
        self.register()

    def register(self, *args):
        """By the chart, and in force."""
        self.point_at_service(*args)
        self.cluster.wait("gate in force", lambda: "Make the Store first" in
                          self.cluster.kubectl("create", "namespace", "store-nobodys",
                                               "--dry-run=server").stderr, seconds=20)

    def point_at_service(self, *args):
        """The chart's registration, with further arguments for Helm."""
        bundle = subprocess.run([CERTS, "bundle", self.folder / "certs"],
                                capture_output=True, text=True, check=True).stdout.strip()
        self.helm_upgrade("--set", "webhook.enabled=true", "--set",
                          f"webhook.url=https://{self.address}:9443", "--set",
                          f"webhook.caBundle={bundle}", *args)

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
        for replica in self.replicas:
            replica.kill()
        for way in (self.service, self.way_to_api):
            if way is not None:
                way.stop()
        self.cluster.down()


class Replica:
    """One process of the webhook, or of a program that is called like it."""

    def __init__(self, gate, tls, plain, kubeconfig, command=(WEBHOOK, "serve"), flags=()):
        self.tls, self.plain = tls, plain
        certs = gate.folder / "certs"
        self.log = gate.folder / "webhook.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*command, "--listen", tls, "--http", plain,
                 "--kubeconfig", kubeconfig, "--drain", "10", "--tls-cert",
                 certs / "tls.crt", "--tls-key", certs / "tls.key", *flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def is_running(self):
        return self.process.poll() is None

    def is_ready(self):
        assert self.is_running(), \
            f"the webhook ended with {self.process.returncode}:\n{self.log.read_text()}"
        return self.ask("/readyz")[0] == 200

    def ask(self, path, seconds=5):
        """GET on the plain port: status and body; status 0 when nobody answers."""
        try:
            with urllib.request.urlopen(f"http://{self.plain}{path}",
                                        timeout=seconds) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError as error:
            return 0, str(error)

    def metric(self, name):
        """A value without labels."""
        return float(re.search(rf"^{name} (\S+)$", self.ask("/metrics")[1], re.M)[1])

    def shown_certificate(self):
        host, port = self.tls.split(":")
        return ssl.get_server_certificate((host, int(port)))

    def stop(self, seconds=30):
        """As Kubernetes does; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()
