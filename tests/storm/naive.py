#!/usr/bin/python3 -B
"""The peer that counts, then allows: a TLS admission webhook as policy engines do it. It
lists the owner's Stores by a quorum read (the kinder way; --cache: every 100 ms, as those
that follow a watch know it) and admits the newcomer if there are fewer than the limit.

    naive --listen ADDR:PORT --http ADDR:PORT --kubeconfig F --tls-cert F --tls-key F
          --limit N [--cache]
"""

import argparse
import http.client
import http.server
import json
import pathlib
import ssl
import threading
import time
import urllib.parse

STORES = "/apis/urumi.io/v1/stores"
CACHE_SECONDS = 0.1


class Stores:
    """What the API server says of an owner's Stores, asked by a kept-alive connection
    of each thread's own."""

    def __init__(self, kubeconfig):
        config = json.loads(pathlib.Path(kubeconfig).read_text())
        cluster = config["clusters"][0]["cluster"]
        self._at = urllib.parse.urlsplit(cluster["server"])
        self._context = ssl.create_default_context(cafile=cluster["certificate-authority"])
        self._token = pathlib.Path(config["users"][0]["user"]["tokenFile"]).read_text()
        self._of_thread = threading.local()

    def count(self, owner, but):
        """By a quorum read; the Store itself does not count."""
        chosen = urllib.parse.quote(f"spec.owner={owner}")
        items = self._list(f"{STORES}?fieldSelector={chosen}")["items"]
        return sum(item["metadata"]["name"] != but for item in items)

    def _list(self, path, retry=True):
        connection = getattr(self._of_thread, "connection", None)
        if connection is None:
            connection = self._of_thread.connection = http.client.HTTPSConnection(
                self._at.hostname, self._at.port, timeout=2, context=self._context)
        try:
            connection.request("GET", path, headers={
                "Authorization": f"Bearer {self._token}"})
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            if not retry:
                raise
            return self._list(path, retry=False)
        if answer.status != 200:
            raise OSError(f"{path}: {answer.status}")
        return json.loads(text)


class Cached(Stores):
    """As of a moment ago."""

    def __init__(self, kubeconfig):
        super().__init__(kubeconfig)
        self._items = self._list(STORES)["items"]
        threading.Thread(target=self._follow, daemon=True).start()

    def _follow(self):
        while True:
            time.sleep(CACHE_SECONDS)
            try:
                self._items = self._list(STORES)["items"]
            except (OSError, http.client.HTTPException):
                continue  # as old as it is

    def count(self, owner, but):
        return sum(item["spec"].get("owner") == owner and item["metadata"]["name"] != but
                   for item in self._items)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self._answer(200, {"ok": True})

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        request = json.loads(body)["request"]
        response = {"uid": request["uid"], "allowed": True}
        if self.path.startswith("/validate-store?"):
            try:
                self._judge(request, response)
            except (OSError, http.client.HTTPException) as error:
                self._answer(503, {"message": str(error)})
                return
        self._answer(200, {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview",
                           "response": response})

    def _judge(self, request, response):
        made = request["object"]
        owner = made["spec"].get("owner", "")
        former = (request.get("oldObject") or {}).get("spec", {}).get("owner")
        if owner == former:
            return
        count = self.server.stores.count(owner, but=made["metadata"]["name"])
        if count >= self.server.limit:
            response["allowed"] = False
            response["status"] = {"code": 403, "message":
                                  f"{owner} has {count} of {self.server.limit} Stores"}

    def _answer(self, status, answer):
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, listen, stores=None, limit=0, context=None):
        host, port = listen.rsplit(":", 1)
        super().__init__((host, int(port)), Handler)
        self.stores, self.limit = stores, limit
        if context:
            self.socket = context.wrap_socket(self.socket, server_side=True,
                                              do_handshake_on_connect=False)

    def handle_error(self, request, address):
        pass  # the storm cuts connections


def main():
    parser = argparse.ArgumentParser()
    for name in ("listen", "http", "kubeconfig", "tls-cert", "tls-key", "drain", "policy"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--limit", type=int, required=True)
    parser.add_argument("--cache", action="store_true")
    options = parser.parse_args()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(options.tls_cert, options.tls_key)
    stores = (Cached if options.cache else Stores)(options.kubeconfig)
    server = Server(options.listen, stores, options.limit, context)
    threading.Thread(target=Server(options.http).serve_forever, daemon=True).start()
    server.serve_forever()


if __name__ == "__main__":
    main()
