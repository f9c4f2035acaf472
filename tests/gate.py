"""The webhook before a real API server: its process and its certificate, with the access
and the registration that its chart gives it, for the tests that go through the gate."""

import base64
import contextlib
import json
import re
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import yaml

from balancer import Balancer
from cluster.client import Cluster
from conftest import CERTS, ROOT, WEBHOOK

CHART = ROOT / "charts" / "storeguard"
NAMESPACE = "storeguard-system"
SECRET = "storeguard-webhook-tls"
PATH_SECRET = "storeguard-webhook-path"
SERVICE = "storeguard-webhook"
LEASE = "storeguard-webhook"
SERVICE_NAME = f"{SERVICE}.{NAMESPACE}.svc"
CONFIGURATIONS = ("mutatingwebhookconfiguration", "validatingwebhookconfiguration")
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:storeguard"
# Argo CD's: it may act for owners.
GITOPS = "system:serviceaccount:argocd:argocd-application-controller"


def role(name, *rules):
    """Rules are an API group, resources and verbs."""
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": name},
            "rules": [dict(zip(("apiGroups", "resources", "verbs"), ([group], *rest)))
                      for group, *rest in rules]}


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


EDIT = ["create", "get", "list", "watch", "update", "patch", "delete"]
# The chart brings the webhook's own access and these roles of people; more than these
# have is for what the tests do besides.
ACCESS = [
    binding("storeguard-store-user", group("store-owners"), account(GITOPS)),
    binding("storeguard-administrator", group("store-admins")),
    role("store-assigner", ("urumi.io", ["stores"], ["assign"])),
    binding("store-assigner", account(GITOPS)),
    role("shopkeeper", ("", ["namespaces", "configmaps", "secrets"], EDIT),
         ("apps", ["deployments"], EDIT)),
    binding("shopkeeper", group("store-owners"), account(GITOPS)),
]
# The webhook runs here, not in the cluster, and a test writes the policy that it needs.
ELSEWHERE = ["--set", "deployment.enabled=false", "--set", "policy.create=false"]
OFF = ["--set", "webhook.enabled=false"]


@contextlib.contextmanager
def opened(helm, name, options=(), flags=(), replicas=1, settle=None):
    """A cluster of that name with its gate in force, as long as it is wanted. options
    are further ones of `cluster up`, flags of the webhook. With `settle` (seconds) the
    replicas make their own certificate, else it is in files."""
    gate = Gate(helm, name, options, flags, settle)
    try:
        gate.up()
        gate.start(replicas)
        gate.register()
        yield gate
    finally:
        gate.down()


class Gate:
    """One cluster with its gate. Its cluster is no other tests': with the gate
    registered, namespaces store-* need a Store."""

    def __init__(self, helm, name, options=(), flags=(), settle=None):
        self.helm, self.flags, self.settle = helm, flags, settle
        self.cluster = Cluster(name, options=options)
        self.replicas = []
        self.service = self.way_to_api = self.folder = None

    # --- the cluster ---------------------------------------------------------

    def up(self):
        self.cluster.up()
        self.folder = self.cluster.state.folder / "gate"
        self.folder.mkdir()
        self.address = address = self.cluster.state.facts["address"]
        # tests make Stores as fast as they can
        policy = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
        policy["spec"]["owners"]["createsPerMinute"] = 0
        (self.folder / "policy.yaml").write_text(json.dumps(policy))
        # what the API server calls, and what the webhook calls
        self.service = Balancer(f"{address}:9443", f"{address}:10443")
        self.way_to_api = Balancer(f"{address}:7443", f"{address}:6443")
        for namespace in (NAMESPACE, "argocd"):
            self.cluster.namespace(namespace)
        subject = account(GITOPS)
        self.cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount",
                            "metadata": {"name": subject["name"]}},
                           namespace=subject["namespace"])
        self.cluster.apply(*ACCESS)
        self.helm_upgrade(*OFF)
        self.cluster.must("wait", "--for=condition=Established", "crd", "stores.urumi.io",
                          "storepolicies.urumi.io", "--timeout=30s")
        if self.settle is None:
            self._make_certificate(address)
        else:
            self._make_service(address)

    def _make_certificate(self, address):
        done = subprocess.run([CERTS, "init", self.folder / "certs", "--dns", address],
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _make_service(self, address):
        """Called by the name that is in the certificate, though no node routes it."""
        self.cluster.apply({"apiVersion": "v1", "kind": "Service",
                            "metadata": {"name": SERVICE},
                            "spec": {"type": "ExternalName", "externalName": address}},
                           namespace=NAMESPACE)

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

    def start(self, count=1):
        """Further replicas at once, ready, which new connections go to from now on."""
        kubeconfig = self.write_kubeconfig()
        first = len(self.replicas)
        fresh = [Replica(self, f"{self.address}:{10443 + number}",
                         f"{self.address}:{11443 + number}", kubeconfig, flags=self.flags)
                 for number in range(first, first + count)]
        self.replicas += fresh
        for replica in fresh:
            self.cluster.wait("ready webhook", replica.is_ready, seconds=20)
        self.service.targets = [replica.tls for replica in fresh]

    def certificate_options(self):
        if self.settle is None:
            certs = self.folder / "certs"
            return ["--tls-cert", certs / "tls.crt", "--tls-key", certs / "tls.key"]
        return ["--cert-secret", f"{NAMESPACE}/{SECRET}", "--path-secret",
                f"{NAMESPACE}/{PATH_SECRET}", "--service", f"{NAMESPACE}/{SERVICE}",
                "--settle", str(self.settle)]

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
        self.helm_upgrade(*OFF)
        self.cluster.wait("no gate", lambda: self.cluster.kubectl(
            "create", "namespace", "store-nobodys", "--dry-run=server").returncode == 0,
                          seconds=20)
        try:
            yield
        finally:
            self.register()

    def register(self, *args):
        """By the chart, with further arguments for Helm, and in force."""
        self.helm_upgrade(*self.registration(), *args)
        self.cluster.wait("gate in force", lambda: "Make the Store first" in
                          self.cluster.kubectl("create", "namespace", "store-nobodys",
                                               "--dry-run=server").stderr, seconds=20)

    def registration(self):
        """The chart's arguments."""
        if self.settle is not None:
            return ["--set", "webhook.service.port=9443"]
        bundle = subprocess.run([CERTS, "bundle", self.folder / "certs"],
                                capture_output=True, text=True, check=True).stdout.strip()
        return ["--set", "certificate.mode=secret", "--set",
                f"webhook.url=https://{self.address}:9443", "--set",
                f"webhook.caBundle={bundle}"]

    def bundles(self):
        """What each webhook's caBundle holds, in PEM; "" where it is empty."""
        return [base64.b64decode(webhook["clientConfig"].get("caBundle", "")).decode()
                for kind in CONFIGURATIONS
                for webhook in self.cluster.get(kind, "storeguard")["webhooks"]]

    def paths(self):
        """What each webhook is called by; "" where the Service is called without."""
        return [webhook["clientConfig"]["service"].get("path", "")
                for kind in CONFIGURATIONS
                for webhook in self.cluster.get(kind, "storeguard")["webhooks"]]

    def helm_upgrade(self, *args, helm=None):
        done = (helm or self.helm).run(
            "upgrade", "--install", "storeguard", CHART, "-n", NAMESPACE,
            "--reset-values", *ELSEWHERE, *args, env=self.cluster.environment(), timeout=60)
        assert done.returncode == 0, done.stderr.decode()

    # --- Stores ----------------------------------------------------------------

    def delete(self, *names, user="alice"):
        """Stores without a namespace, until they are gone."""
        self.cluster.must("delete", "store", *names, "--wait=false", user=user)
        self.let_go(*names)

    def let_go(self, *names):
        """Does for Stores that are being deleted what who leads does once their
        namespaces are gone."""
        for name in names:
            self.cluster.kubectl("patch", "store", name, "--type=merge", "-p",
                                 '{"metadata": {"finalizers": null}}')
        self.cluster.must("wait", "--for=delete", "--timeout=20s",
                          *(f"store/{name}" for name in names))

    def clear(self):
        """No Store is left, protected or not."""
        names = [name.partition("/")[2] for name in
                 self.cluster.must("get", "stores", "-o", "name").split()]
        for name in names:
            self.cluster.must("patch", "store", name, "--type=merge", "-p",
                              '{"spec": {"deletionProtection": false}}')
        if names:
            self.delete(*names, user="admin")
        self.cluster.must("delete", "storepolicies", "--all")

    def down(self):
        for replica in self.replicas:
            replica.kill()
        log = self.folder / "webhook.log" if self.folder else None
        said = log.read_text(errors="replace") if log and log.exists() else ""
        for way in (self.service, self.way_to_api):
            if way is not None:
                way.stop()
        self.cluster.down()
        found = re.search("Sanitizer: |runtime error: ", said)
        assert not found, said[max(0, found.start() - 200):][:6000]


class Replica:
    """One process of the webhook, or of a program that is called like it."""

    def __init__(self, gate, tls, plain, kubeconfig, command=(WEBHOOK, "serve"), flags=()):
        self.tls, self.plain = tls, plain
        self.log = gate.folder / "webhook.log"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [*command, "--listen", tls, "--http", plain, "--kubeconfig", kubeconfig,
                 "--drain", "10", "--policy", gate.folder / "policy.yaml",
                 *gate.certificate_options(), *flags],
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

    def shown_certificate(self, bundle=None):
        """In PEM. With a bundle, as callers that have it take it, or don't."""
        context = ssl.create_default_context(cadata=bundle or None)
        if bundle is None:
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        host, port = self.tls.split(":")
        with socket.create_connection((host, int(port)), timeout=10) as raw, \
                context.wrap_socket(raw, server_hostname=SERVICE_NAME) as s:
            return ssl.DER_cert_to_PEM_cert(s.getpeercert(True))

    def stop(self, seconds=30):
        """As Kubernetes does; its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self):
        if self.is_running():
            self.process.kill()
            self.process.wait()
