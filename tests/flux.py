"""Flux itself, for the tests: its source-controller and kustomize-controller as processes
beside a cluster, each with the rights that Flux gives it, and a Git repository, served over
HTTP."""

import contextlib
import http.server
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request

import yaml

from conftest import ROOT, must, tool
from gate import LEASE, Gate, binding
from gate import NAMESPACE as GATES
from helm import LOADER
from process import Process
from repository import Checkout, Git

NAMESPACE = "flux-system"
SHOPS = ROOT / "charts" / "storeguard" / "flux" / "shops.yaml"
LOGS = ROOT / "build" / "test-logs" / "flux"
ARTIFACTS = 19090  # a port, of the cluster's own address


@contextlib.contextmanager
def opened(helm, name):
    """A cluster of that name with its gate and its Flux, which knows of no repository yet."""
    gate = Gate(helm, name, flags=("--lease", f"{GATES}/{LEASE}"))
    flux = None
    try:
        gate.up()
        flux = Flux(gate)
        flux.furnish()
        gate.start()
        gate.register()
        flux.up()
        yield flux
    finally:
        if flux is not None:
            flux.down()
        gate.down()


class Backend(http.server.BaseHTTPRequestHandler):
    """Git's own server of the repositories in `root`, which is a CGI program."""

    root = None

    def do_GET(self):
        path, _, query = self.path.partition("?")
        done = subprocess.run(
            ["git", "http-backend"], capture_output=True, check=False, timeout=60,
            input=self.rfile.read(int(self.headers.get("Content-Length", 0))), env={
                "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.root),
                "GIT_HTTP_EXPORT_ALL": "1", "PATH_INFO": path, "QUERY_STRING": query,
                "REQUEST_METHOD": self.command, "REMOTE_ADDR": self.client_address[0],
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", "")})
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n")]
        status = dict(headers).get("Status", "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in headers:
            if name != "Status":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args):
        """Says nothing."""


def ready(it):
    """A Kustomization's condition of that type."""
    found = [c for c in it.get("status", {}).get("conditions", []) if c["type"] == "Ready"]
    return found[0] if found else {"status": None, "message": ""}


class Flux:
    """Flux beside a gate's cluster, in namespace flux-system."""

    def __init__(self, gate):
        self.gate, self.cluster = gate, gate.cluster
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flux-"))
        self.git = Git(self.folder)
        self.ci = Checkout(self.git.work, gate.helm, self.git.work / "charts")
        handler = type("Handler", (Backend,), {"root": self.folder})
        self.server = http.server.ThreadingHTTPServer((gate.address, 0), handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://{gate.address}:{self.server.server_port}/{self.git.bare.name}"
        self.processes = {}

    # --- what the cluster holds for it -----------------------------------------------

    def furnish(self):
        """Its kinds, and its accounts: the one that applies may do everything."""
        self.cluster.namespace(NAMESPACE)
        rights = {"kustomize-controller": "cluster-admin", "source-controller": "manager-role"}
        for name, role in rights.items():
            account = {"kind": "ServiceAccount", "name": name, "namespace": NAMESPACE}
            self.cluster.apply(
                {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}},
                {**binding(role, account), "metadata": {"name": name}}, namespace=NAMESPACE)
        self.cluster.must("apply", "--server-side", "-f", tool("flux-install.yaml"))
        self.cluster.wait("kinds of Flux", lambda: self.cluster.kubectl(
            "get", "gitrepositories,kustomizations").returncode == 0, seconds=30)

    def add_shops(self):
        """What Flux is told once."""
        told = list(yaml.load_all(SHOPS.read_text(), Loader=LOADER))
        told[0]["spec"]["url"] = self.url
        self.cluster.apply(*told, namespace=NAMESPACE)

    # --- the processes ---------------------------------------------------------------

    def up(self):
        address = f"{self.gate.address}:{ARTIFACTS}"
        self._controller("source-controller", 19440, f"--storage-path={self.folder}",
                         f"--storage-addr={address}", f"--storage-adv-addr={address}")
        # which looks again every 30 s by itself
        self._controller("kustomize-controller", 19441, "--requeue-dependency=1s")

    def _controller(self, name, port, *args):
        health = f"{self.gate.address}:{port}"

        def is_ready():
            with contextlib.suppress(OSError):
                return urllib.request.urlopen(f"http://{health}/readyz", timeout=5)
            return None
        process = self.processes[name] = Process(
            name, [tool(name), "--watch-all-namespaces", "--events-addr=", "--metrics-addr=0",
                   "--log-encoding=console", f"--health-addr={health}", *args],
            {"PATH": os.environ["PATH"], "HOME": str(self.folder), "TMPDIR": str(self.folder),
             "KUBECONFIG": str(self._kubeconfig(name)), "RUNTIME_NAMESPACE": NAMESPACE},
            is_ready, LOGS)
        process.start(self.cluster)

    def _kubeconfig(self, account):
        config = json.loads(self.cluster.state.kubeconfig().read_text())
        config["users"][0]["user"] = {"token": self.cluster.must(
            "-n", NAMESPACE, "create", "token", account, "--duration=2h")}
        path = self.folder / f"kubeconfig-{account}"
        path.write_text(json.dumps(config))
        return path

    def down(self):
        for process in self.processes.values():
            process.stop(seconds=0)
        self.server.shutdown()
        self.server.server_close()
        shutil.rmtree(self.folder)

    # --- from Git to the cluster ----------------------------------------------------

    def push(self, message="A change", **stores):
        """Stores' files by their names, rendered by CI as they are pushed; None for none.
        Flux is told of it. The commit."""
        for name, store in stores.items():
            if store is None:
                (self.ci.folder / "stores" / f"{name}.yaml").unlink()
            else:
                self.ci.write(store, name)
        must(self.ci.render())
        commit = self.git.push(message)
        self.ask("gitrepository", "shops")
        return commit

    def ask(self, kind, *names):
        """As `flux reconcile` does; what status.lastHandledReconcileAt is when that is done."""
        now = str(time.time_ns())
        self.cluster.must("-n", NAMESPACE, "annotate", "--overwrite", "--field-manager=flux",
                          kind, *names, f"reconcile.fluxcd.io/requestedAt={now}")
        return now

    def kustomizations(self):
        """By their names."""
        return {it["metadata"]["name"]: it for it in self.cluster.get(
            "-n", NAMESPACE, "kustomizations")["items"]}

    def wait_for(self, what, condition, *names, seconds=60):
        """Until these Kustomizations are so; the first of them."""
        def found():
            its = self.kustomizations()
            return its[names[0]] if all(
                name in its and condition(its[name]) for name in names) else None
        try:
            return self.cluster.wait(f"{what} of Kustomizations {names}", found, seconds)
        except AssertionError as late:
            raise AssertionError(f"{late}\n" + self.cluster.must(
                "-n", NAMESPACE, "get", "gitrepositories,kustomizations", "-o", "wide")
                + "\n".join(f"{p.name}:\n{p.tail()}" for p in self.processes.values())
            ) from None

    def wait_ready(self, *names, commit=""):
        """Applied, of that commit if one is given."""
        self.wait_for(f"{commit or 'any commit'} applied", lambda it: (
            ready(it)["status"] == "True" and
            it["metadata"]["generation"] == it["status"]["observedGeneration"] and
            commit in it["status"]["lastAppliedRevision"]), *names)

    def wait_gone(self, *names):
        self.cluster.wait(f"end of Kustomizations {names}", lambda: not set(
            names) & set(self.kustomizations()), seconds=60)

    def reconcile(self, *names):
        """Once more, to its end; the first of them."""
        asked = self.ask("kustomization", *names)
        return self.wait_for("reconciliation", lambda it: asked == it["status"].get(
            "lastHandledReconcileAt") and ready(it)["status"] != "Unknown", *names)
