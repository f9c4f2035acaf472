"""storeguard-webhook as a process: probes, metrics, signals, reload, exit codes."""

import http.client
import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from conftest import ROOT
from webhook_server import (SLOW, Certificates, is_closed, read_answer,
                            request)

WEBHOOK = os.environ.get("STOREGUARD_WEBHOOK",
                         str(ROOT / "build" / "storeguard-webhook"))


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    return Certificates(tmp_path_factory.mktemp("certificates"))


class Webhook:
    """One run, standalone if not said otherwise, at free ports, with certificate files
    of its own."""

    def __init__(self, certificates, folder, *options, where=("--standalone",)):
        self.folder = pathlib.Path(folder)
        self.certificates = certificates
        self.show("first")
        self.process = subprocess.Popen(
            [WEBHOOK, *where, "--listen", "127.0.0.1:0", "--http",
             "127.0.0.1:0", "--tls-cert", self.folder / "tls.crt", "--tls-key",
             self.folder / "tls.key", *options],
            stderr=subprocess.PIPE, text=True)
        self.said = queue.Queue()
        self.listener = threading.Thread(target=self._listen)
        self.listener.start()
        started = self.line("serving")
        self.port = int(started["listen"].split(":")[1])
        self.http = int(started["http"].split(":")[1])

    def show(self, name):
        crt, key = self.certificates.pair(name)
        shutil.copy(crt, self.folder / "tls.crt")
        shutil.copy(key, self.folder / "tls.key")

    def line(self, part):
        """The next of the log whose message holds this."""
        while True:
            text = self.said.get(timeout=20 * SLOW)
            assert text, f"it ended with {self.process.wait(timeout=20)}, not with {part}"
            line = json.loads(text)
            if part in line["message"]:
                return line

    def _listen(self):
        for text in self.process.stderr:
            self.said.put(text)
        self.said.put("")

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection("127.0.0.1", self.http,
                                                timeout=20 * SLOW)
        connection.request(method, path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer, body

    def connect(self, client=None):
        context = ssl.create_default_context(
            cafile=self.certificates.path("ca.crt"))
        if client:
            context.load_cert_chain(*self.certificates.pair(client))
        raw = socket.create_connection(("127.0.0.1", self.port),
                                       timeout=20 * SLOW)
        return context.wrap_socket(raw, server_hostname="localhost")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        """Ends it well, so that a sanitizer may have its say."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            code = self.process.wait(timeout=20 * SLOW)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.listener.join()
        self.process.stderr.close()
        assert kind or code == 0, f"it ended with {code}"


@pytest.fixture
def webhook(certificates, tmp_path):
    with Webhook(certificates, tmp_path) as w:
        yield w


def wait_until(what, timeout=20):
    end = time.monotonic() + timeout * SLOW
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_probes(webhook):
    answer, body = webhook.get("/healthz")
    assert (answer.status, body) == (200, "ok\n")
    answer, body = webhook.get("/readyz")
    assert answer.status == 200 and "[+]certificate ok\n" in body
    assert body.endswith("readyz check passed\n")
    assert webhook.get("/nowhere")[0].status == 404
    answer, _ = webhook.get("/metrics", "POST")
    assert (answer.status, answer.getheader("allow")) == (405, "GET, HEAD")
    answer, body = webhook.get("/healthz", "HEAD")
    assert (answer.status, body) == (200, "")


def parse_metrics(text):
    """{(name, labels): value}; checks what the text format asks for."""
    values, types = {}, {}
    last = None
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in types, f"{name} is told twice"
            types[name] = kind
            last = name
        elif not line.startswith("# HELP "):
            series, _, value = line.rpartition(" ")
            name, _, labels = series.partition("{")
            assert name.startswith(last), (name, last)
            assert (name, labels) not in values
            values[name, labels] = float(value)
    for name, kind in types.items():
        assert (kind == "counter") == name.endswith("_total"), name
    return values


def test_metrics(webhook, certificates):
    for _ in range(3):
        with webhook.connect() as s:
            s.sendall(request("/validate-store", "{}"))
            read_answer(s)
    answer, body = webhook.get("/metrics")
    assert answer.getheader("content-type").startswith(
        "text/plain; version=0.0.4")
    values = parse_metrics(body)
    assert values["storeguard_server_connections_total", ""] == 3
    assert values["storeguard_server_requests_total", ""] == 3
    wanted = subprocess.run(
        ["openssl", "x509", "-enddate", "-noout", "-in",
         certificates.path("first.crt"), "-dateopt", "iso_8601"],
        capture_output=True, text=True, check=True).stdout
    seen = values["storeguard_certificate_not_after_timestamp_seconds", ""]
    assert time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime(seen)) in wanted


def shown(webhook):
    with webhook.connect() as s:
        return dict(p[0] for p in s.getpeercert()["subject"])["commonName"]


def test_files_are_followed(webhook):
    assert shown(webhook) == "first"
    webhook.show("second")
    wait_until(lambda: shown(webhook) == "second")
    (webhook.folder / "tls.key").write_text("nonsense")
    line = webhook.line("tls.key")
    assert line["level"] != "info" and "nonsense" not in json.dumps(line)
    assert shown(webhook) == "second"


def test_sigterm_drains(certificates, tmp_path):
    with Webhook(certificates, tmp_path, "--drain", "5") as webhook:
        with webhook.connect() as kept:
            kept.sendall(request("/validate-store", "{}"))
            assert "connection" not in read_answer(kept).headers
            webhook.process.send_signal(signal.SIGTERM)
            assert webhook.line("draining")
            answer, body = webhook.get("/readyz")
            assert answer.status == 503
            assert "[-]shutdown failed: the process is ending" in body
            assert webhook.get("/healthz")[0].status == 200

            # in a while, answers close their connection; new ones are taken
            def closes():
                with webhook.connect() as s:
                    s.sendall(request("/validate-store", "{}"))
                    answer = read_answer(s)
                    return answer.headers.get("connection") == "close"
            wait_until(closes, timeout=3)
            kept.sendall(request("/validate-store", "{}"))
            assert read_answer(kept).headers["connection"] == "close"
            assert is_closed(kept)
        line = webhook.line("stopped")
        assert line["requests_cut_off"] == 0
        assert line["ms"] <= 5000 + 1000 * SLOW
        assert webhook.process.wait(timeout=20 * SLOW) == 0


@pytest.mark.parametrize("signals", [[signal.SIGINT],
                                     [signal.SIGTERM, signal.SIGTERM]])
def test_impatience(webhook, signals):
    begun = time.monotonic()
    webhook.process.send_signal(signals[0])
    assert webhook.line("draining")
    for second in signals[1:]:
        webhook.process.send_signal(second)
    assert webhook.process.wait(timeout=20 * SLOW) == 0
    assert time.monotonic() - begun < 4 * SLOW


@pytest.mark.parametrize("args, code, says", [
    (["--version"], 0, "storeguard-webhook "),
    (["--help"], 0, "Usage: storeguard-webhook"),
    (["--nonsense"], 2, "--nonsense"),
    (["--standalone", "--tls-cert", "/nowhere", "--tls-key", "/nowhere"], 4,
     "/nowhere: No such file"),
    (["--standalone", "--tls-cert", __file__, "--tls-key", __file__], 3,
     "holds no certificate in PEM"),
    (["--standalone", "--policy", __file__, "--tls-cert", "c", "--tls-key",
      "k"], 3, "test_webhook_process.py"),
])
def test_exit_codes(args, code, says):
    run = subprocess.run([WEBHOOK, *args], capture_output=True, text=True,
                         timeout=20 * SLOW, check=False)
    assert run.returncode == code, run.stderr
    assert says in run.stdout + run.stderr
    assert (code == 0) == (run.stderr == "")


def test_port_taken(webhook, tmp_path):
    run = subprocess.run(
        [WEBHOOK, "--standalone", "--tls-cert", tmp_path / "tls.crt",
         "--tls-key", tmp_path / "tls.key", "--http", "127.0.0.1:0",
         "--listen", f"127.0.0.1:{webhook.port}"],
        capture_output=True, text=True, timeout=20 * SLOW, check=False)
    assert run.returncode == 4
    assert "--listen: cannot listen: Address already in use" in run.stderr


def test_client_ca(certificates, tmp_path):
    with Webhook(certificates, tmp_path, "--client-ca",
                 certificates.path("ca.crt")) as webhook:
        with pytest.raises((ssl.SSLError, EOFError, ConnectionError)):
            with webhook.connect() as s:
                s.sendall(request("/validate-store", "{}"))
                read_answer(s)
        _, body = webhook.get("/metrics")
        assert parse_metrics(body)[
            "storeguard_server_tls_handshakes_failed_total", ""] == 1
        webhook.process.send_signal(signal.SIGINT)
        assert webhook.line("draining")
        line = webhook.line("connections were cut off")
        assert line["tls_handshakes_failed"] == 1 and line["too_slow"] == 0


def test_paths_of_a_file(certificates, tmp_path):
    """Whose lines all count, and are followed; a broken one leaves the former in force."""
    old, new, file = "o" * 32, "n" * 32, tmp_path / "secret"

    def status(path):
        with webhook.connect() as s:
            s.sendall(request(path, "{}"))
            return read_answer(s).status

    file.write_text("too short\n")
    run = subprocess.run([WEBHOOK, "--standalone", "--listen", "127.0.0.1:0", "--http",
                          "127.0.0.1:0", "--path-secret-file", file],
                         capture_output=True, text=True, timeout=20 * SLOW, check=False)
    assert run.returncode == 3 and "line 1 is no secret for a path" in run.stderr
    file.write_text(f"{old}\n")
    with Webhook(certificates, tmp_path, "--path-secret-file", file) as webhook:
        asked = [f"/{old}/validate-store", f"/{new}/validate-store", "/validate-store"]
        assert [status(path) for path in asked] == [415, 404, 404]
        file.write_text(f"{old}\n{new}\n")
        wait_until(lambda: status(asked[1]) == 415)
        assert [status(path) for path in asked] == [415, 415, 404]
        file.write_text("\n")
        assert "holds no secret" in webhook.line("secret")["message"]
        assert [status(path) for path in asked] == [415, 415, 404]
        file.write_text(f"{new}\n")
        wait_until(lambda: status(asked[0]) == 404)
        assert [status(path) for path in asked] == [404, 415, 404]


@pytest.mark.parametrize("sent", [b"", b"GET /heal", b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"],
                         ids=["silent", "half a head", "asked"])
def test_probes_are_answered_while_others_sit_there(webhook, sent):
    """More than there is room for, of the prober's own address and of another."""
    others = []
    for number in range(150):
        others.append(socket.create_connection(
            ("127.0.0.1", webhook.http), source_address=(f"127.0.0.{1 + number % 2}", 0)))
        others[-1].sendall(sent)
    for path in ("/healthz", "/readyz", "/metrics"):
        assert webhook.get(path)[0].status == 200
    for s in others:
        s.close()


def test_the_client_ca_is_followed(certificates, tmp_path):
    """As a volume is swapped, without a signal; SIGHUP is answered, whatever is there."""
    version = {name: tmp_path / name for name in ("one", "two")}
    for name, ca in (("one", "ca"), ("two", "stranger-ca")):
        version[name].mkdir()
        shutil.copy(certificates.path(f"{ca}.crt"), version[name] / "ca.crt")
    data = tmp_path / "..data"
    data.symlink_to("one")

    def gets_in(client):
        try:
            with webhook.connect(client) as s:
                s.sendall(request("/validate-store", "{}"))
                return read_answer(s).status == 415  # and not 403
        except (ssl.SSLError, EOFError, ConnectionError):
            return False

    with Webhook(certificates, tmp_path, "--client-ca", data / "ca.crt") as webhook:
        assert (gets_in("apiserver"), gets_in("stranger")) == (True, False)
        (tmp_path / "new").symlink_to("two")
        (tmp_path / "new").rename(data)
        assert webhook.line("--client-ca read again")
        assert (gets_in("apiserver"), gets_in("stranger")) == (False, True)
        (version["two"] / "ca.crt").write_text("-----BEGIN nothing\n")
        line = webhook.line("the former stays")
        assert "holds no certificate" in line["message"], line
        assert gets_in("stranger")
        shutil.copy(certificates.path("ca.crt"), version["two"] / "ca.crt")
        webhook.process.send_signal(signal.SIGHUP)
        assert webhook.line("--client-ca read again")
        assert gets_in("apiserver")


def test_nothing_is_decided_before_the_policy_is_known(certificates, tmp_path):
    """Its own policy may allow what the cluster's refuses; and the API server may ask it
    before it is ready."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text(json.dumps({
        "current-context": "x", "users": [{"name": "x", "user": {"token": "hidden"}}],
        "contexts": [{"name": "x", "context": {"cluster": "x", "user": "x"}}],
        "clusters": [{"name": "x", "cluster": {
            "server": "https://127.0.0.1:1",
            "certificate-authority": str(certificates.path("ca.crt"))}}]}))
    review = (ROOT / "tests" / "admission" / "update-plan" / "in.json").read_bytes()
    with Webhook(certificates, tmp_path, where=("--kubeconfig", kubeconfig)) as webhook:
        for path in ("/validate-store", "/mutate-store"):
            with webhook.connect() as s:
                s.sendall(request(path, review, Content_Type="application/json"))
                answer = read_answer(s)
            assert answer.status == 503, answer.body
            assert "the policy in force is not known yet" in answer.json()["message"]
