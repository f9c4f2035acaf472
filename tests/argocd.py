"""Argo CD itself, for the tests: its controllers, repository server and plugin server as
processes beside a cluster, each with the rights that Argo CD's own manifests give it, a
Redis, and a Git repository."""

import base64
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile

import yaml

from conftest import POSTRENDER, ROOT, tool
from helm import LOADER

NAMESPACE = "argocd"
PARTS = ROOT / "charts" / "storeguard" / "argocd"
LOGS = ROOT / "build" / "test-logs" / "argocd"
# Of its manifests: what runs here as processes, and what only pods need.
FOR_PODS = {"Deployment", "StatefulSet", "Service", "NetworkPolicy"}
REDIS, REPOSITORIES = 16379, 18081  # ports, of the cluster's own address
HEALTH = "resource.customizations.health.urumi.io_Store"


class Git:
    """A bare repository, as Argo CD gets it, and a checkout that is pushed from."""

    def __init__(self, folder):
        self.bare, self.work = folder / "shops.git", folder / "shops"
        self.url = f"file://{self.bare}"
        self.environment = {
            **os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_SYSTEM": "/dev/null",
            **{f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER")
               for what, value in (("NAME", "A Team"), ("EMAIL", "team@example.com"))}}
        self.run("init", "-q", "--bare", "-b", "main", self.bare, cwd=folder)
        self.run("init", "-q", "-b", "main", self.work, cwd=folder)
        self.run("remote", "add", "origin", self.bare)
        shutil.copytree(ROOT / "charts", self.work / "charts")

    def run(self, *args, cwd=None):
        done = subprocess.run(["git", *map(str, args)], cwd=cwd or self.work,
                              env=self.environment, capture_output=True, text=True,
                              timeout=60, check=False)
        assert done.returncode == 0, f"git {args}: {done.stderr}"
        return done.stdout.strip()

    def push(self, message="A change", **files):
        """Files of stores/ by their names without .yaml: an object, or None for none.
        The commit."""
        for name, content in files.items():
            path = self.work / "stores" / f"{name}.yaml"
            path.parent.mkdir(exist_ok=True)
            if content is None:
                path.unlink()
            else:
                path.write_text(yaml.safe_dump(content))
        self.run("add", "--all")
        self.run("commit", "-q", "--allow-empty", "-m", message)
        return self._pushed()

    def revert(self, commit):
        self.run("revert", "--no-edit", commit)
        return self._pushed()

    def _pushed(self):
        self.run("push", "-q", "origin", "main")
        return self.run("rev-parse", "HEAD")


class Process:
    """One of Argo CD's, or Redis; its log outlives the tests. The program may go by
    another name than its file's."""

    def __init__(self, name, program, args, environment, ready):
        self.name, self.program, self.args = name, program, [str(a) for a in args]
        self.environment, self.ready = environment, ready
        self.log = LOGS / f"{name}.log"
        self.log.unlink(missing_ok=True)
        self.process = None

    def start(self, cluster):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                # killed with the tests, however they end
                [shutil.which("setpriv"), "--pdeathsig", "KILL", self.program, *self.args],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment)
        cluster.wait(f"{self.name}, ready", self._is_ready, seconds=60)

    def _is_ready(self):
        assert self.process.poll() is None, \
            f"{self.name} ended with {self.process.returncode}:\n{self.tail()}"
        return self.ready()

    def stop(self, seconds=10):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def said(self):
        return self.log.read_text(errors="replace")

    def tail(self):
        return "\n".join(self.said().splitlines()[-15:])


def listens(address, port):
    try:
        socket.create_connection((address, port), timeout=1).close()
        return True
    except OSError:
        return False


class ArgoCD:
    """Argo CD beside a gate's cluster, in namespace argocd."""

    def __init__(self, gate):
        self.gate, self.cluster, self.address = gate, gate.cluster, gate.address
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="argocd-"))
        for name in ("bin", "git", "image", "plugins", "policy"):
            (self.folder / name).mkdir()
        self.git = Git(self.folder / "git")
        self.processes = {}

    # --- what the cluster holds for it -----------------------------------------------

    def furnish(self):
        """Its own manifests: kinds, accounts with their access, settings."""
        manifests = yaml.load_all(pathlib.Path(tool("argocd-install.yaml")).read_text(),
                                  Loader=LOADER)
        objects = [o for o in manifests if o["kind"] not in FOR_PODS]
        self.cluster.must(
            "-n", NAMESPACE, "apply", "--server-side", "--force-conflicts", "-f", "-",
            input="\n---\n".join(json.dumps(o) for o in objects))
        self.cluster.wait("kinds of Argo CD", lambda: self.cluster.kubectl(
            "get", "applications,applicationsets,appprojects").returncode == 0, seconds=30)
        # what argocd-server would make
        self.patch("secret", "argocd-secret", stringData={"server.secretkey": "x" * 32})
        self.configure(**{HEALTH: (PARTS / "health.lua").read_text()})

    def patch(self, kind, name, **fields):
        self.cluster.must("-n", NAMESPACE, "patch", kind, name, "--type=merge", "-p",
                          json.dumps(fields))

    def configure(self, **settings):
        """Of argocd-cm; None takes one away."""
        self.patch("configmap", "argocd-cm", data=settings)

    # --- the processes ---------------------------------------------------------------

    def up(self):
        self.furnish()
        LOGS.mkdir(parents=True, exist_ok=True)
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
                         ready=lambda: listens(self.address, 18091))
        for process in self.processes.values():
            process.start(self.cluster)

    def _add(self, name, program, *args, ready, environment=()):
        self.processes[name] = Process(name, program, args, {
            "PATH": os.environ["PATH"], "HOME": str(self.folder),
            "TMPDIR": str(self.folder), **dict(environment)}, ready)

    def _argocd(self, name, *args, ready, environment=()):
        """The one program, which acts by its name."""
        program = self.folder / "bin" / f"argocd-{name}"
        program.symlink_to(tool("argocd"))
        self._add(name, program, *args, "--logformat=text", ready=ready, environment={
            "ARGOCD_PLUGINSOCKFILEPATH": str(self.folder / "plugins"), **dict(environment)})

    def _redis(self):
        self._add("redis", shutil.which("redis-server"), "--bind", self.address, "--port",
                  REDIS, "--save", "", "--dir", self.folder,
                  ready=lambda: listens(self.address, REDIS))

    def _repository_server(self):
        self._argocd("repo-server", "--disable-tls", f"--address={self.address}",
                     f"--port={REPOSITORIES}", f"--redis={self.address}:{REDIS}",
                     f"--metrics-address={self.address}", "--metrics-port=18084",
                     ready=lambda: listens(self.address, REPOSITORIES),
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

    def down(self):
        for process in reversed(self.processes.values()):
            process.stop()
        # its repositories' folders let nobody in
        subprocess.run(["chmod", "-R", "u+rwX", self.folder], check=False)
        shutil.rmtree(self.folder)
