"""tests/programs/serve: the webhook's server with a handler of its own."""

import json
import os
import pathlib
import socket
import ssl
import subprocess
import time

from conftest import ROOT

PROGRAMS = pathlib.Path(os.environ.get(
    "STOREGUARD_PROGRAMS", ROOT / "build" / "obj" / "programs"))
SLOW = int(os.environ.get("STOREGUARD_SLOW", "1"))


def openssl(*args, cwd, stdin=None):
    subprocess.run(["openssl", *map(str, args)], cwd=cwd, input=stdin,
                   capture_output=True, check=True, timeout=20)


def make_ca(folder, name):
    openssl("req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.crt", "-days", "2", "-subj", f"/CN={name}",
            cwd=folder)


def make_leaf(folder, ca, name, usage, san="DNS:localhost"):
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key",
            "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=folder)
    extensions = f"extendedKeyUsage={usage}\nsubjectAltName={san}\n"
    (folder / f"{name}.ext").write_text(extensions)
    openssl("x509", "-req", "-in", f"{name}.csr", "-CA", f"{ca}.crt",
            "-CAkey", f"{ca}.key", "-CAcreateserial", "-days", "2",
            "-extfile", f"{name}.ext", "-out", f"{name}.crt", cwd=folder)


class Certificates:
    """Those of a server (two of them), of clients, and of strangers."""

    def __init__(self, folder):
        self.folder = folder
        for ca in ("ca", "stranger-ca"):
            make_ca(folder, ca)
        make_leaf(folder, "ca", "first", "serverAuth")
        make_leaf(folder, "ca", "second", "serverAuth")
        make_leaf(folder, "ca", "apiserver", "clientAuth")
        make_leaf(folder, "ca", "only-server", "serverAuth")
        make_leaf(folder, "stranger-ca", "stranger", "clientAuth")

    def path(self, name):
        return str(self.folder / name)

    def pair(self, name):
        return self.path(f"{name}.crt"), self.path(f"{name}.key")


class Server:
    """One run of tests/programs/serve, with TLS unless tls is None."""

    def __init__(self, tls, *options, certificate="first"):
        args = [str(PROGRAMS / "serve"), *map(str, options)]
        self.tls = tls
        if tls:
            crt, key = tls.pair(certificate)
            args += ["--certificate", crt, "--key", key]
        self.process = subprocess.Popen(
            args, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        first = self.process.stdout.readline()
        assert first.startswith("port "), self.process.stderr.read()
        self.port = int(first.split()[1])

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stats(self):
        pairs = (word.split("=") for word in self.say("stats").split())
        return {key: int(value) for key, value in pairs}

    def wait_for(self, what, timeout=10.0):
        """Until what(stats) holds; the stats."""
        end = time.monotonic() + timeout * SLOW
        while True:
            stats = self.stats()
            if what(stats):
                return stats
            assert time.monotonic() < end, f"still {stats}"
            time.sleep(0.02)

    def close(self):
        """Ends it, if it still runs; it must not have been killed by anything."""
        if self.process.poll() is None:
            self.process.stdin.close()
        code = self.process.wait(timeout=60 * SLOW)
        errors = self.process.stderr.read()
        self.process.stdout.close()
        self.process.stderr.close()
        assert code == 0 and not errors, f"exit {code}: {errors[-4000:]}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def context(self, client=None):
        context = ssl.create_default_context(cafile=self.tls.path("ca.crt"))
        if client:
            context.load_cert_chain(*self.tls.pair(client))
        return context

    def plain(self, timeout=20):
        return socket.create_connection(("127.0.0.1", self.port),
                                        timeout=timeout * SLOW)

    def connect(self, client=None, context=None):
        raw = self.plain()
        if not self.tls:
            return raw
        context = context or self.context(client)
        return context.wrap_socket(raw, server_hostname="localhost")

    def post(self, path, body=b"", **headers):
        """On a connection of its own; the answer."""
        with self.connect() as s:
            s.sendall(request(path, body, **headers))
            return read_answer(s)


def request(path, body=b"", method="POST", **headers):
    if isinstance(body, str):
        body = body.encode()
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost"]
    fields = {"Content_Length": str(len(body)), **headers}
    lines += [f"{key.replace('_', '-')}: {value}"
              for key, value in fields.items() if value is not None]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)


def read_answer(s, rest=None, head=False):
    """Reads one answer; `rest`: a bytearray with what came behind the last one."""
    data = rest if rest is not None else bytearray()
    while b"\r\n\r\n" not in data:
        more = s.recv(65536)
        if not more:
            raise EOFError(f"closed behind {bytes(data[:200])}")
        data += more
    top, _, _ = bytes(data).partition(b"\r\n\r\n")
    lines = top.decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in lines[1:])
    headers = {key.lower(): value for key, value in pairs}
    length = 0 if head else int(headers["content-length"])
    start = len(top) + 4
    while len(data) < start + length:
        more = s.recv(65536)
        if not more:
            raise EOFError(f"cut off behind {len(data)} bytes")
        data += more
    body = bytes(data[start:start + length])
    del data[:start + length]
    return Answer(int(lines[0].split()[1]), headers, body)


def is_closed(s, within=20.0):
    """Whether the other end closes without another byte."""
    s.settimeout(within * SLOW)
    try:
        return s.recv(1) == b""
    except socket.timeout:
        return False
    except (ssl.SSLError, ConnectionError):
        return True
