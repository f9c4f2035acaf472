"""The webhook's side towards the API server, without its server: tests/programs/follow
(an informer) and ask (calls, and the world that the rules ask), on a real API server,
and on a fake one that misbehaves as told."""

import http.server
import json
import os
import pathlib
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest
import yaml

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
                    f"no {what} in {seconds} s; the last lines: {self.lines[-5:]}, "
                    f"log: {self.errors[-5:]}")
                self.changed.wait(0.1)  # it may hold without a new line

    def wait_for(self, line, seconds=15, after=0):
        self.wait(line, lambda p: line in p.lines[after:], seconds)

    def wait_for_log(self, text, seconds=15, after=0):
        self.wait(f'log "{text}"',
                  lambda p: any(text in line for line in p.errors[after:]), seconds)

    def ask(self, *words, seconds=10):
        """A command's answer, split in its first word and the rest."""
        seen = len(self.lines)
        self.process.stdin.write(" ".join(words) + "\n")
        self.process.stdin.flush()
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


@pytest.fixture(scope="module")
def own():
    """An API server that may be cut, stopped and restarted."""
    cluster = Cluster("cluster-api-test")
    cluster.up()
    install(cluster)
    yield cluster
    cluster.down()


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


def make_many(cluster, names):
    text = "\n---\n".join(json.dumps(store(name)) for name in names)
    cluster.must("create", "-f", "-", input=text, timeout=300)


# --- following, on a real API server -----------------------------------------


def test_listed_then_watched(stores, program):
    stores.apply(store("fashion"))
    follow = program("follow", kubeconfig(stores), STORES)
    follow.wait_for("end")
    assert [line.split()[:2] for line in follow.lines] == [
        ["begin"], ["set", "fashion"], ["end"]]
    seen = len(follow.lines)
    stores.apply(store("shoes"))
    stores.apply(store("shoes", plan="medium"))
    stores.must("delete", "store", "fashion")
    follow.wait_for("removed fashion")
    assert [line.split()[:2] for line in follow.lines[seen:]] == [
        ["set", "shoes"], ["set", "shoes"], ["removed", "fashion"]]
    assert follow.end() < 500 * SLOW
    assert all("listed 1" in line for line in follow.errors), follow.errors


def test_many_are_listed_in_pages(stores, program):
    names = {f"s{n:04}" for n in range(1200)}
    make_many(stores, sorted(names))
    follow = program("follow", kubeconfig(stores), STORES)
    follow.wait_for("end")
    told = [line.split()[1] for line in follow.lines if line.startswith("set ")]
    assert len(told) == 1200 and set(told) == names
    assert follow.lines.count("begin") == 1
    follow.end()
    assert any("listed 1200" in line for line in follow.errors)


def test_the_api_server_is_restarted(stores, program):
    follow = program("follow", kubeconfig(stores), STORES)
    follow.wait_for("end")
    stores.restart()
    stores.apply(store("after"))
    follow.wait("set after", lambda p: any(
        line.startswith("set after") for line in p.lines), seconds=15)
    assert follow.end() < 500 * SLOW


def test_the_api_server_stands_still(stores, program):
    """As behind a network that swallows everything."""
    follow = program("follow", kubeconfig(stores), STORES, 3000)
    follow.wait_for("end")
    pid = service_pid(stores, "kube-apiserver")
    os.kill(pid, signal.SIGSTOP)
    try:
        # silence alone is no failure; that the next watch is not answered is
        follow.wait_for_log("nothing came for 3 s")
    finally:
        os.kill(pid, signal.SIGCONT)
    stores.apply(store("after"))
    follow.wait("set after", lambda p: any(
        line.startswith("set after") for line in p.lines), seconds=30)
    follow.end()


def test_stopping_is_prompt_while_the_api_server_stands_still(stores, program):
    follow = program("follow", kubeconfig(stores), STORES)
    follow.wait_for("end")
    pid = service_pid(stores, "kube-apiserver")
    os.kill(pid, signal.SIGSTOP)
    try:
        assert follow.end() < 500 * SLOW
    finally:
        os.kill(pid, signal.SIGCONT)


def test_who_may_not_list(stores, program):
    follow = program("follow", kubeconfig(stores, "bob"), STORES)
    follow.wait_for_log('403: stores.urumi.io is forbidden: User "bob" cannot list')
    assert "end" not in follow.lines
    assert follow.end() < 500 * SLOW


def test_a_kind_that_is_not_there_yet(stores, program):
    follow = program("follow", kubeconfig(stores), "/apis/urumi.io/v1/storequotas2")
    follow.wait_for_log("404: 404 page not found")
    assert follow.end() < 500 * SLOW


# --- the world, on a real API server -----------------------------------------


@pytest.fixture
def ask(stores, program):
    one = program("ask", kubeconfig(stores))
    one.wait_for_log("stores: listed")
    one.wait_for_log("storepolicies: listed")
    return one


def test_calls(stores, ask):
    assert ask.ask("call", "GET", "/version", "2000")[1].startswith("200 {")
    word, rest = ask.ask("call", "GET", STORES + "/nothing", "2000")
    assert word == "failed" and rest.endswith(
        f'GET {STORES}/nothing: 404: stores.urumi.io "nothing" not found'), rest
    body = json.dumps(store("fashion"), separators=(",", ":"))
    assert ask.ask("call", "POST", STORES, "2000", body)[1].startswith("201 {")
    word, rest = ask.ask("call", "POST", STORES, "2000", body)
    assert word == "failed" and "409" in rest and "already exists" in rest
    assert ask.ask("call", "DELETE", STORES + "/fashion", "2000")[1].startswith("200")
    assert ask.end() < 500 * SLOW


def test_find_store(stores, ask):
    assert ask.ask("store", "fashion", "cached") == ("no", "")
    assert ask.ask("store", "fashion", "now") == ("later", "")
    stores.apply(store("fashion", engine="medusa", delivery="helm"))
    facts = "fashion alice medusa small fashion.shops.example.com helm"
    assert ask.ask("store", "fashion", "fresh") == ("yes", facts)
    stores.wait("fashion in the cache",
                lambda: ask.ask("store", "fashion", "now") == ("yes", facts))
    stores.must("delete", "store", "fashion")
    assert ask.ask("store", "fashion", "fresh") == ("no", "")
    # a name that is none may not become another path
    assert ask.ask("store", "../storepolicies/default", "fresh")[0] in ("no", "unknown")


def test_find_store_that_is_being_deleted(stores, ask):
    held = store("held")
    held["metadata"]["finalizers"] = ["urumi.io/namespace"]
    stores.apply(held)
    stores.must("delete", "store", "held", "--wait=false")
    assert ask.ask("store", "held", "fresh")[1].endswith(" deleting")
    stores.must("patch", "store", "held", "--type=json", "-p",
                '[{"op": "remove", "path": "/metadata/finalizers"}]')


def test_find_host(stores, ask):
    host = "fashion.shops.example.com"
    assert ask.ask("host", host, "other", "fresh") == ("no", "")
    stores.apply(store("other-name", host=host))
    assert ask.ask("host", host, "fashion", "fresh")[1].startswith("other-name ")
    assert ask.ask("host", host, "other-name", "fresh") == ("no", "")
    stores.wait("the host in the cache",
                lambda: ask.ask("host", host, "fashion", "now")[0] == "yes")
    assert ask.ask("host", "a,spec.owner=alice", "x", "fresh") == ("no", "")


def test_find_host_of_a_store_that_has_it_by_default(stores, ask):
    implied = store("implied")
    del implied["spec"]["host"]
    stores.apply(implied)
    host = "implied.shops.example.com"
    assert ask.ask("host", host, "thief", "fresh")[1].startswith("implied ")
    stores.wait("the default host in the cache",
                lambda: ask.ask("host", host, "thief", "now")[0] == "yes")
    assert ask.ask("host", host, "implied", "fresh") == ("no", "")
    stores.must("patch", "store", "implied", "--type=merge", "-p",
                '{"spec": {"host": "elsewhere.shops.example.com"}}')
    assert ask.ask("host", host, "thief", "fresh") == ("no", "")


def test_find_namespace(stores, ask):
    assert ask.ask("namespace", "store-fashion") == ("no", "")
    stores.namespace("store-fashion", {"urumi.io/store": "fashion"})
    assert ask.ask("namespace", "store-fashion") == ("yes", "fashion")
    stores.must("delete", "namespace", "store-fashion", "--wait=false")


def test_may_assign(stores, ask):
    stores.apply(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
         "metadata": {"name": "assigners"},
         "rules": [{"apiGroups": ["urumi.io"], "resources": ["stores"],
                    "resourceNames": ["fashion"], "verbs": ["assign"]}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
         "metadata": {"name": "assigners"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                     "name": "assigners"},
         "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group",
                       "name": "store-admins"}]})
    assert ask.ask("assign", "dora", "store-admins", "fashion", "now") == ("later", "")
    stores.wait("the right to assign", lambda: ask.ask(
        "assign", "dora", "store-admins", "fashion", "fresh")[0] == "yes")
    assert ask.ask("assign", "dora", "store-admins", "fashion", "now") == ("yes", "")
    for user, group, name in (("alice", "store-owners", "fashion"),
                              ("dora", "store-admins", "shoes"),
                              ("dora", "store-owners", "fashion")):
        assert ask.ask("assign", user, group, name, "fresh") == ("no", "")
    # kept for 10 s, and no longer
    stores.must("delete", "clusterrolebinding", "assigners")
    stores.wait("end of the right", lambda: ask.ask(
        "assign", "dora", "store-admins", "fashion", "fresh")[0] == "no", seconds=15)


def policy(domain):
    document = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
    document["spec"]["hosts"]["baseDomain"] = domain
    return document


def test_the_policy_in_force(stores, ask):
    assert ask.ask("policy") == ("0", "shops.example.com|")
    stores.apply(policy("one.example.com"))
    stores.wait("policy in force", lambda: ask.ask("policy")[0] == "1", seconds=2)
    assert ask.ask("policy") == ("1", "one.example.com|")
    stores.must("patch", "storepolicy", "default", "--type=merge", "-p",
                '{"spec": {"naming": {"pattern": "(("}}}')
    stores.wait("reason", lambda: "generation 2" in ask.ask("policy")[1], seconds=2)
    assert ask.ask("policy")[1].startswith("one.example.com|generation 2: ")
    stores.apply(policy("three.example.com"))
    stores.wait("policy in force", lambda: ask.ask("policy")[0] == "3", seconds=2)
    stores.must("delete", "storepolicy", "default")
    stores.wait("first policy in force", lambda: ask.ask("policy") == (
        "0", "shops.example.com|"), seconds=2)


def test_nobody_answers_in_time(stores, ask):
    pid = service_pid(stores, "kube-apiserver")
    os.kill(pid, signal.SIGSTOP)
    try:
        word, rest = ask.ask("call", "GET", "/version", "700")
        assert word == "failed" and rest.endswith(
            "GET /version: no whole answer in time"), rest
        assert 600 <= int(rest.split()[0]) < 1500 * SLOW, rest
        word, rest = ask.ask("store", "fashion", "fresh")
        assert word == "unknown" and "no whole answer in time" in rest
    finally:
        os.kill(pid, signal.SIGCONT)
    stores.wait("an answer", lambda: ask.ask(
        "call", "GET", "/version", "2000")[0] == "answered")


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


def paths(fake):
    return [path for path, _ in fake.requests]


def test_what_is_asked(fake, config, program):
    def answer(handler):
        if handler.is_watch:
            handler.stream(event("BOOKMARK", "", "opaque/7"), hold=False)
        elif "continue" in handler.path:
            handler.reply(200, a_list("two", version="opaque&5"))
        else:
            handler.reply(200, a_list("one", version="4", more="to/ken+="))

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait("second watch", lambda _: len(fake.requests) > 3)
    follow.end()
    assert paths(fake)[:2] == [f"{STORES}?limit=500",
                               f"{STORES}?limit=500&continue=to%2Fken%2B%3D"]
    path, _, query = paths(fake)[2].partition("?")
    asked = dict(pair.split("=") for pair in query.split("&"))
    assert path == STORES and 300 <= int(asked.pop("timeoutSeconds")) < 600
    assert asked == {"watch": "true", "allowWatchBookmarks": "true",
                     "resourceVersion": "opaque%265"}
    # the bookmark is where the next one begins
    assert paths(fake)[3].endswith("resourceVersion=opaque%2F7")
    headers = fake.requests[0][1]
    assert headers["User-Agent"].startswith("storeguard-webhook/")
    assert headers["Authorization"] == "Bearer hidden-token"
    assert headers["Host"] == fake.url.removeprefix("https://")


def test_lines_that_lie_across_pieces(fake, config, program):
    line = event("ADDED", "ünï", "101")

    def answer(handler):
        if handler.is_watch:
            handler.stream(line[:1], line[1:20], line[20:-1],
                           line[-1:] + event("DELETED", "x", "102")
                           + event("MODIFIED", "y", "103")[:-1], b"\n")
        else:
            handler.reply(200, a_list())

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("set y 103")
    assert follow.lines[2:] == ["set ünï 101", "removed x", "set y 103"]
    follow.end()


@pytest.mark.parametrize("way", ["status", "event"])
def test_gone_is_listed_again_at_once(fake, config, program, way):
    def answer(handler):
        watches = sum("watch=true" in path for path in paths(fake))
        if not handler.is_watch:
            handler.reply(200, a_list("a" if watches == 0 else "b"))
        elif watches > 1:
            handler.stream()
        elif way == "status":
            handler.reply(410, gone())
        else:
            handler.stream(json.dumps({"type": "ERROR", "object": gone()}).encode()
                           + b"\n")

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait("second end", lambda p: p.lines.count("end") == 2, seconds=5)
    assert follow.lines == ["begin", "set a 1", "end", "begin", "set b 1", "end"]
    follow.end()


def test_a_list_that_expires_on_its_way_begins_again(fake, config, program):
    def answer(handler):
        if handler.is_watch:
            handler.stream()
        elif "continue" in handler.path and len(fake.requests) < 3:
            handler.reply(410, gone("the continue parameter is too old"))
        elif "continue" in handler.path:
            handler.reply(200, a_list("c"))
        else:
            handler.reply(200, a_list("a" if len(fake.requests) < 3 else "b", more="x"))

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("end")
    assert follow.lines == ["begin", "set a 1", "begin", "set b 1", "set c 1", "end"]
    follow.end()


def test_retry_after_is_respected(fake, config, program):
    times = []

    def answer(handler):
        times.append(time.monotonic())
        if handler.is_watch:
            handler.stream()
        elif len(times) == 1:
            handler.reply(429, b"Too many requests", [("Retry-After", "2")])
        elif len(times) == 2:
            handler.reply(503, b"", [("Retry-After", "1")])
        else:
            handler.reply(200, a_list())

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("end", seconds=15)
    assert times[1] - times[0] >= 2 and times[2] - times[1] >= 1
    assert "429: Too many requests" in follow.errors[0]
    follow.end()


def test_failures_wait_longer_and_longer(fake, config, program):
    times = []

    def answer(handler):
        times.append(time.monotonic())
        handler.reply(500, b"<html>no</html>")

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait("six tries", lambda _: len(times) >= 6, seconds=30)
    gaps = [after - before for before, after in zip(times, times[1:])]
    assert gaps[0] < 1 * SLOW and 3.2 < gaps[4] < 7 * SLOW, gaps
    assert "500: <html>no</html>" in follow.errors[0]
    assert follow.end() < 500 * SLOW


def test_a_page_that_is_too_long_is_asked_for_in_smaller_ones(fake, config, program):
    def answer(handler):
        if handler.is_watch:
            handler.stream()
        elif "limit=500" in handler.path or "limit=250" in handler.path:
            handler.reply(200, b"[" + b" " * (17 << 20))
        else:
            handler.reply(200, a_list("a"))

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("set a 1")
    follow.wait_for("end")
    assert paths(fake)[:3] == [f"{STORES}?limit={n}" for n in (500, 250, 125)]
    follow.end()


WRONG = {
    "no list": (b'{"kind":"Status"}', "the answer is no list of objects"),
    "no JSON": (b"<html>", f"GET {STORES}"),
    "empty": (b"", f"GET {STORES}"),
    "a list of nothing": (b'{"metadata":{"resourceVersion":"1"},"items":7}',
                          "the answer is no list of objects"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_lists(fake, config, program, case):
    body, says = WRONG[case]
    fake.answer = lambda handler: handler.reply(200, body)
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for_log(says)
    assert "end" not in follow.lines
    follow.end()


WRONG_EVENTS = {
    "no JSON": b"{]\n",
    "no event": b"[]\n",
    "no version": b'{"type":"ADDED","object":{"metadata":{"name":"x"}}}\n',
    "an error": b'{"type":"ERROR","object":{"message":"etcd went away","code":500}}\n',
    "a line too long": b'{"type":"' + b"x" * (5 << 20) + b'"}\n',
    "cut within a line": event("ADDED", "x", "7")[:-1],
}


@pytest.mark.parametrize("case", WRONG_EVENTS)
def test_wrong_events_end_the_watch_and_no_more(fake, config, program, case):
    """Whatever comes, the next watch or list goes on."""

    def answer(handler):
        if not handler.is_watch:
            handler.reply(200, a_list("a"))
        elif sum("watch=true" in path for path in paths(fake)) == 1:
            handler.stream(WRONG_EVENTS[case], hold=False)
        else:
            handler.stream(event("ADDED", "after", "200"))

    fake.answer = answer
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("set after 200")
    assert len(follow.errors) > 1
    follow.end()


def test_a_watch_that_ends_at_once_is_no_busy_loop(fake, config, program):
    fake.answer = lambda handler: (handler.stream(hold=False) if handler.is_watch
                                   else handler.reply(200, a_list()))
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for("end")
    time.sleep(2)  # what happens in this time is what is looked at
    assert 2 <= len(fake.requests) < 12, paths(fake)
    follow.end()


def test_silence_is_no_failure(fake, config, program):
    """The API server has nothing to say where nothing changes."""
    fake.answer = lambda handler: (handler.stream() if handler.is_watch
                                   else handler.reply(200, a_list()))
    follow = program("follow", config(fake.url), STORES, 1000)
    follow.wait("third watch", lambda _: len(fake.requests) == 4, seconds=10)
    follow.end()
    assert all(path.endswith("resourceVersion=100") for path in paths(fake)[1:])
    assert len(follow.errors) == 1, follow.errors


def test_redirects_are_not_followed(fake, config, program):
    fake.answer = lambda handler: handler.reply(
        302, b"", [("Location", f"{fake.url}/elsewhere")])
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for_log("302: (no body)")
    follow.end()
    assert "/elsewhere" not in paths(fake)


def test_another_authority_is_not_trusted(fake, config, program):
    fake.answer = lambda handler: handler.reply(200, a_list())
    follow = program("follow", config(fake.url, authority="other.crt"), STORES)
    follow.wait_for_log("certificate")
    follow.end()
    assert fake.requests == []


def test_the_name_in_the_certificate(certificates, config, program):
    """tls-server-name, and that it is looked at."""
    fake = Fake(certificates / "named.crt", certificates / "server.key")
    fake.answer = lambda handler: (handler.stream() if handler.is_watch
                                   else handler.reply(200, a_list()))
    try:
        follow = program("follow", config(fake.url), STORES)
        follow.wait_for_log("127.0.0.1")
        follow.end()
        assert fake.requests == []
        named = config(fake.url, cluster={"tls-server-name": "api.example.com"})
        follow = program("follow", named, STORES)
        follow.wait_for("end")
        follow.end()
        assert fake.requests[0][1]["Host"] == fake.url.removeprefix("https://")
    finally:
        fake.over.set()
        fake.shutdown()


def test_the_token_is_read_for_each_request(fake, config, program, tmp_path):
    token = tmp_path / "token"
    token.write_text("first\n")

    def answer(handler):
        if not handler.is_watch:
            handler.reply(200, a_list())
            return
        token.write_text("second\n")
        handler.stream(event("BOOKMARK", "", "5"), hold=len(fake.requests) > 2)

    fake.answer = answer
    follow = program("follow", config(fake.url, tokenFile="token"), STORES)
    follow.wait("third request", lambda _: len(fake.requests) > 2)
    follow.end()
    assert [headers["Authorization"] for _, headers in fake.requests[:3]] == [
        "Bearer first", "Bearer first", "Bearer second"]


def test_no_log_has_a_token(fake, config, program):
    fake.answer = lambda handler: handler.reply(401, {"kind": "Status",
                                                      "message": "Unauthorized"})
    follow = program("follow", config(fake.url), STORES)
    follow.wait_for_log("401: Unauthorized")
    follow.end()
    assert "hidden" not in "".join(follow.errors + follow.lines)


@pytest.fixture
def ask_fake(fake, config, program):
    """The world before a fake, which answers what is not about caches by
    fake.other(handler)."""

    def answer(handler):
        if handler.is_watch:
            handler.stream()
        elif "limit=500" in handler.path:
            handler.reply(200, a_list())
        else:
            fake.other(handler)

    fake.answer = answer
    one = program("ask", config(fake.url))
    one.wait_for_log("stores: listed")
    one.wait_for_log("storepolicies: listed")
    return one


UNUSABLE = {
    "no such kind": (404, b"404 page not found", "404: 404 page not found"),
    "not found is another": (404, {"kind": "Status", "reason": "NotFound",
                                   "details": {"name": "shoes"},
                                   "message": "no shoes"}, "404: no shoes"),
    "another object": (200, store("shoes"), "the answer is another object"),
    "no JSON": (200, b"<html>", "GET"),
    "empty": (200, b"", "GET"),
    "a redirect": (307, b"", "307: (no body)"),
    "overloaded": (429, b"slow down", "429: slow down"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_answers_that_say_neither_yes_nor_no(fake, ask_fake, case):
    status, body, says = UNUSABLE[case]
    fake.other = lambda handler: handler.reply(status, body)
    for question in (("store", "fashion", "fresh"), ("namespace", "fashion")):
        word, rest = ask_fake.ask(*question)
        assert word == "unknown" and says in rest, (question, rest)
    if case != "another object":
        word, rest = ask_fake.ask("host", "h.example.com", "x", "fresh")
        assert word == "unknown" and rest, rest
        word, rest = ask_fake.ask("assign", "alice", "people", case.split()[0], "fresh")
        assert word == "unknown" and rest, rest
    ask_fake.end()


def test_equal_questions_at_one_time_are_asked_once(fake, ask_fake):
    asked = []

    def slowly(handler):
        asked.append(json.loads(handler.body)["spec"])
        time.sleep(0.5)
        handler.reply(201, {"status": {"allowed": True}})

    fake.other = slowly
    assert ask_fake.ask("storm", "alice", "people", "fashion", "40") == (
        "yes=40", "no=0 unknown=0")
    assert asked == [{"user": "alice", "groups": ["people"], "resourceAttributes": {
        "group": "urumi.io", "version": "v1", "resource": "stores", "verb": "assign",
        "name": "fashion"}}]
    ask_fake.end()


def test_who_waits_for_a_question_that_fails_asks_again(fake, ask_fake):
    asked = []

    def fails_once(handler):
        asked.append(handler.path)
        time.sleep(0.2)
        if len(asked) == 1:
            handler.reply(500, b"no")
        else:
            handler.reply(201, {"status": {"allowed": False}})

    fake.other = fails_once
    assert ask_fake.ask("storm", "alice", "people", "fashion", "20") == (
        "yes=0", "no=19 unknown=1")
    assert len(asked) == 2
    ask_fake.end()


def test_nobody_is_there(config, program):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    follow = program("follow", config(f"https://127.0.0.1:{port}"), STORES)
    follow.wait_for_log("Failed to connect")
    assert follow.end() < 500 * SLOW


def test_who_takes_connections_and_says_nothing(config, program):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        follow = program("follow", config(url), STORES)
        silent.accept()
        assert follow.end() < 500 * SLOW


def test_a_kubeconfig_that_is_refused(tmp_path, config):
    def message(path):
        done = subprocess.run([PROGRAMS / "follow", path, STORES], capture_output=True,
                              text=True, timeout=20, check=False)
        assert done.returncode == 1
        return done.stderr

    assert "cannot open" in message(tmp_path / "none")
    assert "user.exec: no other program is run" in message(
        config("https://127.0.0.1:1", exec={"command": "x"}))
    assert "must be like https://HOST:PORT" in message(
        config("https://user:hidden@127.0.0.1:1"))
    assert "hidden" not in message(config("https://user:hidden@127.0.0.1:1"))
