"""tests/programs as Python tests drive them, a fake API server that misbehaves as told,
and fixtures for both; and Stores to try them on."""

import contextlib
import http.server
import json
import os
import pathlib
import signal
import ssl
import subprocess
import threading
import time

import pytest

from cluster.client import Cluster
from conftest import ROOT

PROGRAMS = pathlib.Path(os.environ.get(
    "STOREGUARD_PROGRAMS", ROOT / "build" / "obj" / "programs"))
SLOW = int(os.environ.get("STOREGUARD_SLOW", "1"))
STORES = "/apis/urumi.io/v1/stores"
CRDS = ROOT / "charts" / "storeguard" / "crds"


class Program:
    """One of tests/programs: lines in, lines out, as they come."""

    def __init__(self, name, *args):
        self.process = subprocess.Popen(
            [PROGRAMS / name, *map(str, args)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.lines, self.errors = [], []
        self.changed = threading.Condition()
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.lines),
                                     (self.process.stderr, self.errors))]
        for reader in self.readers:
            reader.start()

    def _read(self, stream, lines):
        for line in stream:
            with self.changed:
                lines.append(line.rstrip("\n"))
                self.changed.notify_all()

    def wait(self, what, condition, seconds=15):
        deadline = time.monotonic() + seconds * SLOW
        with self.changed:
            while not condition(self):
                assert time.monotonic() < deadline, (
                    f"no {what} in {seconds} s; {self._state()}")
                self.changed.wait(0.1)  # it may hold without a new line

    def _state(self):
        return (f"the last lines: {self.lines[-5:]}, log: {self.errors[-5:]}, "
                f"exit code: {self.process.poll()}")

    def wait_for(self, line, seconds=15, after=0):
        self.wait(line, lambda p: line in p.lines[after:], seconds)

    def wait_for_log(self, text, seconds=15, after=0):
        self.wait(f'log "{text}"',
                  lambda p: any(text in line for line in p.errors[after:]), seconds)

    def ask(self, *words, seconds=10):
        """A command's answer, split in its first word and the rest."""
        seen = len(self.lines)
        try:
            self.process.stdin.write(" ".join(map(str, words)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.process.wait(10)
            raise AssertionError(f"it has ended: {self._state()}") from None
        self.wait(f"answer to {words}", lambda p: len(p.lines) > seen, seconds)
        first, _, rest = self.lines[seen].partition(" ")
        return first, rest

    def end(self):
        """Ends it well; how long its stopping took, in ms."""
        self.process.stdin.close()
        code = self.process.wait(30 * SLOW)
        for reader in self.readers:
            reader.join()
        assert code == 0, "\n".join(self.errors)
        word, took = self.lines[-1].split()
        assert word == "stopped"
        return int(took)

    def kill(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def program():
    """Starts programs; the ones that a test does not end are ended for it."""
    started = []

    def start(name, *args):
        started.append(Program(name, *args))
        return started[-1]

    yield start
    for one in started:
        if one.process.poll() is None:
            one.kill()


def store(name, **spec):
    return {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
            "spec": {"engine": "woocommerce", "owner": "alice", "plan": "small",
                     "host": f"{name}.shops.example.com", **spec}}


def install(cluster):
    cluster.must("apply", "-f", CRDS)
    cluster.must("wait", "--for=condition=Established", "crd", "--all")
    cluster.wait("Stores in the API",
                 lambda: cluster.kubectl("get", "stores").returncode == 0)


@contextlib.contextmanager
def with_kinds(name):
    """A cluster of that name that has our kinds."""
    cluster = Cluster(name)
    cluster.up()
    install(cluster)
    yield cluster
    cluster.down()


@pytest.fixture(scope="module")
def own():
    """An API server that may be cut, stopped and restarted."""
    with with_kinds("cluster-api-test") as cluster:
        yield cluster


@pytest.fixture
def stores(own):
    yield own
    own.must("delete", "stores,storepolicies", "--all", "--wait=false")


def kubeconfig(cluster, user="admin"):
    return cluster.state.kubeconfig(user)


def service_pid(cluster, name):
    """The process of the cluster's etcd, kube-apiserver, …"""
    for folder in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_text().split("\0")
        except OSError:
            continue
        if words[0].endswith(f"/{name}") and any(
                str(cluster.state.folder) in word for word in words):
            return int(folder.name)
    raise AssertionError(f"{name} does not run")


def freeze(pid, seconds=10):
    """SIGSTOP, until the last of its threads has stopped: one that still runs would
    answer."""
    os.kill(pid, signal.SIGSTOP)
    deadline = time.monotonic() + seconds
    while any(state != "T" for state in _states(pid)):
        assert time.monotonic() < deadline, f"process {pid} does not stop"


def _states(pid):
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # a thread that ended meanwhile
            yield stat.read_text().rpartition(")")[2].split()[0]


# --- a fake API server, which misbehaves as told -----------------------------


class Fake(http.server.ThreadingHTTPServer):
    """Answers by self.answer(handler), which a test sets."""

    daemon_threads = True

    def __init__(self, certificate, key):
        super().__init__(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.socket = context.wrap_socket(self.socket, server_side=True,
                                          do_handshake_on_connect=False)
        self.requests = []
        self.answer = None
        self.over = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def handle_error(self, request, address):
        pass  # clients that leave are what these tests are about

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server_address[1]}"

    def hold_nothing(self, other):
        """Lists are empty and watches silent; all else is other(handler)'s."""
        def answer(handler):
            if handler.is_watch:
                handler.stream()
            elif "limit=500" in handler.path:
                handler.reply(200, a_list())
            else:
                other(handler)

        self.answer = answer


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        self.server.answer(self)

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    do_PUT = do_PATCH = do_POST

    def reply(self, status, body=b"", headers=()):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    @property
    def is_watch(self):
        return "watch=true" in self.path

    def stream(self, *pieces, hold=True):
        """An answer in chunks as given; then nothing more comes, or its end."""
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
            time.sleep(0.02)  # so that each arrives alone
        if hold:
            self.server.over.wait(60)
        self.wfile.write(b"0\r\n\r\n")


def a_list(*names, version="100", more=""):
    return {"kind": "StoreList", "metadata": {"resourceVersion": version,
                                              "continue": more},
            "items": [dict(store(name), metadata={"name": name, "resourceVersion": "1"})
                      for name in names]}


def event(kind, name, version):
    return json.dumps({"type": kind, "object": {
        "metadata": {"name": name, "resourceVersion": version}}}).encode() + b"\n"


def gone(message="too old resource version"):
    return {"kind": "Status", "code": 410, "reason": "Expired", "message": message}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    """Two authorities; the first has signed a server's certificate."""
    folder = tmp_path_factory.mktemp("certificates")

    def openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, cwd=folder,
                       capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    for name in ("ca", "other"):
        openssl("req", "-x509", *key, "-keyout", f"{name}.key", "-out", f"{name}.crt",
                "-subj", f"/CN={name}", "-days", 2, "-addext",
                "keyUsage=critical,keyCertSign")
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=x")
    (folder / "ext").write_text("subjectAltName=IP:127.0.0.1\n")
    (folder / "named").write_text("subjectAltName=DNS:api.example.com\n")
    for name, extensions in (("server", "ext"), ("named", "named")):
        openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.crt", "-CAkey",
                "ca.key", "-CAcreateserial", "-days", 2, "-extfile", extensions,
                "-out", f"{name}.crt")
    return folder


@pytest.fixture
def fake(certificates):
    server = Fake(certificates / "server.crt", certificates / "server.key")
    yield server
    server.over.set()
    server.shutdown()


@pytest.fixture
def config(tmp_path, certificates):
    """Writes a kubeconfig for a fake."""

    def write(url, authority="ca.crt", cluster=None, **user):
        path = tmp_path / "kubeconfig"
        path.write_text(json.dumps({
            "current-context": "x",
            "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
            "clusters": [{"name": "x", "cluster": {
                "server": url, "certificate-authority": str(certificates / authority),
                **(cluster or {})}}],
            "users": [{"name": "x", "user": user or {"token": "hidden-token"}}]}))
        return path

    return write
