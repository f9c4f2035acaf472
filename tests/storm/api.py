"""The API server as one client has it: a kept-alive connection of its own."""

import contextlib
import http.client
import json
import socket
import ssl
import struct
import subprocess

STORES = "/apis/urumi.io/v1/stores"
QUOTAS = "/apis/urumi.io/v1/storequotas"
POLICIES = "/apis/urumi.io/v1/storepolicies"


class Gone(Exception):
    """No answer: whether it was done is unknown."""


class Api:
    """By a client certificate (PEM with its key), or a token."""

    def __init__(self, address, authority, certificate=None, token=None, seconds=15,
                 port=6443):
        context = ssl.create_default_context(cafile=str(authority))
        if certificate:
            context.load_cert_chain(certificate)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._connection = http.client.HTTPSConnection(address, port, timeout=seconds,
                                                       context=context)

    def ask(self, method, path, body=None, kind="application/json"):
        """Status and object; Gone when there is no answer."""
        try:
            self._send(method, path, body, kind)
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Gone(f"{method} {path}: {error!r}") from error
        return answer.status, _object(text)

    def must(self, method, path, *args):
        status, answer = self.ask(method, path, *args)
        assert status < 300, f"{method} {path}: {status}: {answer.get('message', answer)}"
        return answer

    def _send(self, method, path, body, kind):
        headers = {**self._headers, "Content-Type": kind} if body else self._headers
        self._connection.request(method, path, json.dumps(body) if body else None, headers)

    def leave(self, method, path, body, wait, share=1.0):
        """Sends so much of a request, and is gone after a while without a word."""
        text = json.dumps(body).encode()
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._connection.putrequest(method, path)
            for name, value in self._headers.items():
                self._connection.putheader(name, value)
            self._connection.putheader("Content-Type", "application/json")
            self._connection.putheader("Content-Length", str(len(text)))
            self._connection.endheaders(text[:int(len(text) * share)])
            wait()
            self._connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                             struct.pack("ii", 1, 0))
        self._connection.close()

    def close(self):
        self._connection.close()


def _object(text):
    try:
        return json.loads(text)
    except ValueError:
        return {"message": text.decode(errors="replace")}


def make_certificate(state, user, group):
    """A client certificate of the cluster's authority, with its key; its path."""
    path = state.pki / f"client-{user}.pem"
    key, request = state.pki / "client.key", state.pki / "client.csr"
    if not key.exists():
        _openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key)
    _openssl("req", "-new", "-key", key, "-subj", f"/O={group}/CN={user}", "-out", request)
    extensions = state.pki / "client.ext"
    extensions.write_text("extendedKeyUsage=clientAuth\n")
    _openssl("x509", "-req", "-in", request, "-CA", state.pki / "ca.crt", "-CAkey",
             state.pki / "ca.key", "-CAcreateserial", "-days", "2", "-extfile", extensions,
             "-out", path)
    path.write_text(path.read_text() + key.read_text())
    path.chmod(0o600)
    return path


def _openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def store(name, owner, finalizers=(), **spec):
    """Complete: nothing is left to defaults, which need a webhook."""
    metadata = {"name": name} if name else {"generateName": "made-"}
    if finalizers:
        metadata["finalizers"] = list(finalizers)
    return {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": metadata,
            "spec": {"engine": "woocommerce", "owner": owner, "plan": "small",
                     "delivery": "helm", "displayName": "A shop", **spec}}
