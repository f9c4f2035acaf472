"""Argo CD itself, for the tests: its controllers, repository server and plugin server as
processes beside a cluster, each with the rights that Argo CD's own manifests give it, a
Redis, and a Git repository."""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import yaml

from conftest import POSTRENDER, ROOT, tool
from gate import LEASE, OFF, Gate
from gate import NAMESPACE as GATES
from helm import KUBE_VERSION, LOADER
from process import Process
from repository import Git

NAMESPACE = "argocd"
PARTS = ROOT / "charts" / "storeguard" / "argocd"
LOGS = ROOT / "build" / "test-logs" / "argocd"
# Of its manifests: what runs here as processes, and what only pods need.
FOR_PODS = {"Deployment", "StatefulSet", "Service", "NetworkPolicy"}
REDIS, REPOSITORIES = 16379, 18081  # ports, of the cluster's own address
GENERATOR = 8081
IN_CLUSTER = "https://kubernetes.default.svc"
PROJECT = "teams"   # which Applications of Stores belong to
HEALTH = "resource.customizations.health.urumi.io_Store"


@contextlib.contextmanager
def opened(helm, name):
    """A cluster of that name with its gate and its Argo CD, which asks the gate for the
    Stores every two seconds."""
    gate, argo = Gate(helm, name), None
    try:
        gate.up()
        argo = ArgoCD(gate, gate.address)
        argo.furnish()
        gate.helm_upgrade(*OFF, *argo.values())
        gate.flags = ("--lease", f"{GATES}/{LEASE}", *argo.generator())
        gate.start()
        gate.register(*argo.values())
        argo.mount()
        argo.up()
        yield argo
    finally:
        if argo is not None:
            argo.down()
        gate.down()


def manifests():
    """Those of Argo CD that need no pods."""
    objects = yaml.load_all(pathlib.Path(tool("argocd-install.yaml")).read_text(),
                            Loader=LOADER)
    return "\n---\n".join(json.dumps(o) for o in objects if o["kind"] not in FOR_PODS)


def revision(app):
    return app["status"].get("sync", {}).get("revision")


def is_synced(app):
    status = app.get("status", {})
    return (status.get("sync", {}).get("status") == "Synced" and "argocd.argoproj.io/refresh"
            not in app["metadata"].get("annotations", {})
            and status.get("operationState", {}).get("phase") == "Succeeded")


class ArgoCD:
    """Argo CD beside a gate's cluster, in namespace argocd."""

    def __init__(self, gate, address, webhook=None, inside=()):
        """The processes listen on that address. They find the webhook there, too, or at
        one of its own; inside is the command that runs a program where these addresses
        are, if that is not here."""
        self.gate, self.cluster, self.address = gate, gate.cluster, address
        self.webhook, self.inside = webhook or address, inside
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="argocd-"))
        for name in ("bin", "git", "image", "plugins", "policy"):
            (self.folder / name).mkdir()
        self.git = Git(self.folder / "git")
        self.processes = {}

    # --- what the cluster holds for it -----------------------------------------------

    def furnish(self):
        """Its own manifests: kinds, accounts with their access, settings."""
        self.cluster.must("-n", NAMESPACE, "apply", "--server-side", "--force-conflicts",
                          "-f", "-", input=manifests())
        self.cluster.wait("kinds of Argo CD", lambda: self.cluster.kubectl(
            "get", "applications,applicationsets,appprojects").returncode == 0, seconds=30)
        # what argocd-server would make
        self.patch("secret", "argocd-secret", stringData={"server.secretkey": "x" * 32})
        self.configure(**{HEALTH: (PARTS / "health.lua").read_text()})

        self.add_project(PROJECT)

    def remove(self):
        """All that furnish() brought, and all Applications; what these made stays."""
        for name in self.cluster.must("-n", NAMESPACE, "get", "applications", "-o",
                                      "name").split():
            self.cluster.must("-n", NAMESPACE, "patch", name, "--type=merge", "-p",
                              '{"metadata": {"finalizers": null}}')
        self.cluster.must("delete", "namespace", NAMESPACE, timeout=180)
        self.cluster.must("-n", NAMESPACE, "delete", "--ignore-not-found", "-f", "-",
                          input=manifests(), timeout=180)

    def values(self):
        """The chart's arguments."""
        return [word for name, value in {
            "enabled": "true", "repoURL": self.git.url, "requeueAfterSeconds": "2",
            "generatorURL": f"http://{self.webhook}:{GENERATOR}"}.items()
                for word in ("--set", f"argocd.{name}={value}")]

    def generator(self):
        """The webhook's arguments, with the token that the chart has drawn."""
        secret = self.cluster.get("-n", GATES, "secret", "storeguard-generator")
        token = self.folder / "token"
        token.write_bytes(base64.b64decode(secret["data"]["token"]))
        return ("--generator", f"{self.webhook}:{GENERATOR}", "--generator-token-file",
                token)

    def patch(self, kind, name, **fields):
        self.cluster.must("-n", NAMESPACE, "patch", kind, name, "--type=merge", "-p",
                          json.dumps(fields))

    def configure(self, **settings):
        """Of argocd-cm; None takes one away."""
        self.patch("configmap", "argocd-cm", data=settings)

    # --- the processes ---------------------------------------------------------------

    def up(self):
        self._redis()
        self._plugin_server()
        self._repository_server()
        self._controller("application", "--repo-server-plaintext", "--metrics-port=0",
                         f"--redis={self.address}:{REDIS}",
                         f"--repo-server={self.address}:{REPOSITORIES}",
                         ready=lambda: "Starting configmap/secret informers" in
                         self.processes["application-controller"].said())
        self._controller("applicationset", "--repo-server-plaintext",
                         f"--metrics-addr={self.address}:18090",
                         f"--probe-addr={self.address}:18091",
                         f"--webhook-addr={self.address}:18092",
                         f"--argocd-repo-server={self.address}:{REPOSITORIES}",
                         ready=lambda: self._listens(18091))
        for process in self.processes.values():
            process.start(self.cluster)

    def _add(self, name, program, *args, ready, environment=()):
        self.processes[name] = Process(name, [*self.inside, program, *args], {
            "PATH": os.environ["PATH"], "HOME": str(self.folder),
            "TMPDIR": str(self.folder), **dict(environment)}, ready, LOGS)

    def _listens(self, port):
        return subprocess.run(
            [*self.inside, "bash", "-c", f": </dev/tcp/{self.address}/{port}"],
            stderr=subprocess.DEVNULL, timeout=10, check=False).returncode == 0

    def _argocd(self, name, *args, ready, environment=()):
        """The one program, which acts by its name."""
        program = self.folder / "bin" / f"argocd-{name}"
        program.symlink_to(tool("argocd"))
        self._add(name, program, *args, "--logformat=text", ready=ready, environment={
            "ARGOCD_PLUGINSOCKFILEPATH": str(self.folder / "plugins"), **dict(environment)})

    def _redis(self):
        self._add("redis", shutil.which("redis-server"), "--bind", self.address, "--port",
                  REDIS, "--save", "", "--dir", self.folder,
                  # a node's address is not loopback, to which it would keep
                  "--protected-mode", "no",
                  ready=lambda: self._listens(REDIS))

    def _repository_server(self):
        self._argocd("repo-server", "--disable-tls", f"--address={self.address}",
                     f"--port={REPOSITORIES}", f"--redis={self.address}:{REDIS}",
                     f"--metrics-address={self.address}", "--metrics-port=18084",
                     ready=lambda: self._listens(REPOSITORIES),
                     environment={"ARGOCD_GPG_ENABLED": "false", "ARGOCD_ASK_PASS_SOCK":
                                  str(self.folder / "ask-pass.sock")})

    def _plugin_server(self):
        """As its container has it: on PATH is what the image has, and no more."""
        has = self.folder / "image"
        for name, program in (("helm", tool("helm3")), ("storeguard-postrender", POSTRENDER),
                              ("storeguard-render", PARTS / "storeguard-render")):
            (has / name).symlink_to(program)
        self._argocd("cmp-server", f"--config-dir-path={PARTS}",
                     ready=(self.folder / "plugins" / "storeguard.sock").is_socket,
                     environment={"PATH": str(has),
                                  "STOREGUARD_POLICY": str(self.folder / "policy"),
                                  "STOREGUARD_SEED_KEY": str(self.folder / "seed-key")})

    def _controller(self, name, *args, ready):
        self._argocd(f"{name}-controller", *args, ready=ready, environment={
            "KUBECONFIG": str(self._kubeconfig(f"argocd-{name}-controller")),
            "ARGOCD_FAKE_IN_CLUSTER": "true"})

    def _kubeconfig(self, account):
        config = json.loads(self.cluster.state.kubeconfig().read_text())
        config["clusters"][0]["cluster"]["server"] = self.cluster.state.facts["inside"]
        config["users"][0]["user"] = {"token": self.cluster.must(
            "-n", NAMESPACE, "create", "token", account, "--duration=2h")}
        config["contexts"][0]["context"]["namespace"] = NAMESPACE
        path = self.folder / f"kubeconfig-{account}"
        path.write_text(json.dumps(config))
        return path

    def mount(self):
        """What kubelet would give the plugin's container of the chart's objects."""
        policy = self.cluster.get("-n", NAMESPACE, "configmap", "storeguard-policy")
        for name, text in policy["data"].items():
            (self.folder / "policy" / name).write_text(text)
        key = self.cluster.get("-n", NAMESPACE, "secret", "storeguard-seed-key")
        (self.folder / "seed-key").write_bytes(base64.b64decode(key["data"]["key"]))

    # --- Applications --------------------------------------------------------------

    def add_project(self, name, account=None):
        """Of Applications of Stores; synced by an account of their own, if there is one,
        where Argo CD is told to impersonate."""
        accounts = [{"server": IN_CLUSTER, "namespace": "*",
                     "defaultServiceAccount": f"{NAMESPACE}:{account}"}] if account else []
        self.cluster.apply({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
            "metadata": {"name": name}, "spec": {
                "sourceRepos": [self.git.url],
                "destinations": [{"server": IN_CLUSTER, "namespace": "*"}],
                "destinationServiceAccounts": accounts,
                "clusterResourceWhitelist": [{"group": "urumi.io", "kind": "Store"}]}},
                           namespace=NAMESPACE)

    def add_stores(self, name="stores", path="stores", project=PROJECT):
        """The Application that a team has of the Stores in its folder."""
        self.cluster.apply({
            "apiVersion": "argoproj.io/v1alpha1", "kind": "Application",
            "metadata": {"name": name}, "spec": {
                "project": project, "destination": {"server": IN_CLUSTER},
                "source": {"repoURL": self.git.url, "targetRevision": "main", "path": path},
                "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "retry": {
                    "limit": 100, "refresh": True, "backoff": {
                        "duration": "2s", "factor": 1, "maxDuration": "2s"}}}}},
                           namespace=NAMESPACE)

    def application(self, name):
        """None if there is none."""
        done = self.cluster.kubectl("-n", NAMESPACE, "get", "application", name, "-o",
                                    "json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def refresh(self, *names, kind="normal"):
        """As a push does that Argo CD is told of; hard ones render anew."""
        self.cluster.must("-n", NAMESPACE, "annotate", "application", *names,
                          "--overwrite", f"argocd.argoproj.io/refresh={kind}")

    def wait_for(self, name, what, condition, seconds=60):
        """Until the Application is so; it."""
        def found():
            app = self.application(name)
            return app if app and condition(app) else None
        try:
            return self.cluster.wait(f"{what} of Application {name}", found, seconds)
        except AssertionError as late:
            app = self.application(name) or {}
            raise AssertionError(f"{late}\n{json.dumps(app.get('status'), indent=1)}\n"
                                 + "\n".join(f"{p.name}:\n{p.tail()}" for p in
                                             self.processes.values())) from None

    def wait_synced(self, name, commit=None, seconds=60):
        """Everything is there as it is in Git, of that commit if one is given."""
        return self.wait_for(name, f"sync with {commit or 'Git'}", lambda app:
                             is_synced(app) and commit in (None, revision(app)), seconds)

    def render(self, name):
        """What the plugin's program says to an Application's chart and environment."""
        source = self.application(name)["spec"]["source"]
        done = subprocess.run(
            [PARTS / "storeguard-render"], capture_output=True, timeout=30, check=False,
            cwd=self.git.work / source["path"], env={
                **self.processes["cmp-server"].environment, "KUBE_VERSION": KUBE_VERSION,
                "KUBE_API_VERSIONS": "v1,apps/v1,batch/v1,networking.k8s.io/v1",
                "ARGOCD_APP_NAME": name, "ARGOCD_APP_NAMESPACE": name,
                **{f"ARGOCD_ENV_{e['name']}": e["value"].replace("$$", "$")
                   for e in source["plugin"]["env"]}})
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def push(self, message="A change", **files):
        """As Git.push, and Argo CD is told. The commit."""
        commit = self.git.push(message, **files)
        self.refresh("stores")
        return commit

    def down(self):
        for process in self.processes.values():
            process.stop(seconds=0)
        # its repositories' folders let nobody in
        subprocess.run(["chmod", "-R", "u+rwX", self.folder], check=False)
        shutil.rmtree(self.folder)
