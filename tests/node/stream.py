"""Users who never stop asking the API server: one who is refused something that should
be granted, or granted something that should be refused, remembers it."""

import json
import threading
import time
import urllib.parse

from storm.api import STORES, Api, Gone, store

NAMESPACES = "/api/v1/namespaces"
MERGE = "application/merge-patch+json"
WORKERS = 3


class Stream:
    """Each worker creates a Store, changes it, makes its namespace now and then, deletes
    both, and tries to get in what no policy allows. Nothing is tried twice."""

    def __init__(self, cluster, user="alice"):
        self.cluster, self.user = cluster, user
        self.done, self.failed = 0, []
        self._end = threading.Event()
        self._first = int(time.time())  # names are not used again
        self._workers = [threading.Thread(target=self._run, args=(number,), daemon=True)
                         for number in range(WORKERS)]
        for worker in self._workers:
            worker.start()

    def __enter__(self):
        self.wait_for(20)
        return self

    def __exit__(self, *_):
        self._end.set()
        for worker in self._workers:
            worker.join(60)

    def wait_for(self, more):
        """So many further requests."""
        goal = self.done + more
        self.cluster.wait(f"{more} further requests", lambda: self.done >= goal)

    def failures(self, more=30):
        """All there were, after some further requests."""
        self.wait_for(more)
        return list(self.failed)

    def _api(self):
        config = json.loads(self.cluster.state.kubeconfig(self.user).read_text())
        server = urllib.parse.urlsplit(config["clusters"][0]["cluster"]["server"])
        return Api(server.hostname, self.cluster.state.pki / "ca.crt", port=server.port,
                   token=config["users"][0]["user"]["token"], seconds=30)

    def _run(self, worker):
        api, number = self._api(), 0
        while not self._end.is_set():
            number += 1
            self._turn(api, f"s{worker}-{self._first}-{number}", with_namespace=number % 5 == 0)

    def _turn(self, api, name, with_namespace):
        path = f"{STORES}/{name}"
        if not self._ask(api, 201, "POST", STORES, {**store(name, self.user), "spec": {
                "engine": "woocommerce", "delivery": "helm"}}):
            return
        self._ask(api, 200, "PATCH", path, {"spec": {"displayName": f"Shop {name}"}}, MERGE)
        self._ask(api, 422, "PATCH", path, {"spec": {"plan": "huge"}}, MERGE)
        if with_namespace and self._ask(api, 201, "POST", NAMESPACES, {
                "metadata": {"name": f"store-{name}"}}):
            self._ask(api, 200, "DELETE", f"{NAMESPACES}/store-{name}")
        self._ask(api, 200, "DELETE", path)

    def _ask(self, api, expected, method, path, *body):
        try:
            status, answer = api.ask(method, path, *body)
        except Gone as gone:
            status, answer = 0, {"message": str(gone)}
        self.done += 1
        if status != expected:
            self.failed.append((time.monotonic(), f"{method} {path}: {status} instead of "
                                f"{expected}: {answer.get('message', '')}"))
        return status == expected
