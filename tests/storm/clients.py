"""The clients of a storm, in a process of their own: `python3 -m storm.clients` reads
what to do as JSON from its standard input, storms until that ends, and writes what
was answered."""

import collections
import json
import os
import random
import sys
import threading
import urllib.parse

from storm.api import STORES, Api, Gone, store

MERGE = "application/merge-patch+json"
APPLY = "application/apply-patch+yaml"
FINALIZER = "storm.example.com/held"
# Of 100 of an owner's requests, about.
OWNERS_DO = {"create": 30, "recreate": 16, "delete": 16, "cancel": 2, "apply": 6,
             "dry_run": 6, "replace": 8, "generate": 4, "hold": 3, "release": 6,
             "delete_all": 1}
ASSIGNERS_DO = {"give": 60, "create_for": 30, "release": 10}
SHARED = 0.1  # of all names
KNOWN = 0.7   # of those to delete or make again: one of the client's own making
LEFT = 299  # how that counts; no API server says so
LEAVES_WITHIN = 0.03  # seconds, of a request that is cancelled


class Client:
    """One, with a connection of its own; what it does is drawn by its name."""

    def __init__(self, name, seed, owner, owners, limit, api, end):
        self.name = name
        self.random = random.Random(f"{seed}/{name}")
        self.owner, self.owners, self.limit = owner, owners, limit
        self.api, self.end = api, end
        self.answers = collections.Counter()  # by verb and status
        self.serial = 0
        self.made = []  # the latest names

    def storm(self):
        deeds = OWNERS_DO if self.owner else ASSIGNERS_DO
        while not self.end.is_set():
            deed, = self.random.choices(list(deeds), deeds.values())
            try:
                status = getattr(self, deed)(self._some_name())
            except Gone:
                status = 0
            self.answers[f"{deed} {status}"] += 1
            # who is refused waits a moment, who finds nobody a little longer
            self.end.wait(0.15 if status in (0, 429) or status >= 500 else
                          self.random.uniform(0, 0.02) if status >= 300 else 0)
        self.api.close()

    def _some_name(self):
        """So few that several clients often want the same, some of several owners."""
        owner = self.owner or self.random.choice(self.owners)
        if self.random.random() < SHARED:
            owner = "shared"
        return f"{owner}-{self.random.randrange(3 * self.limit)}"

    def _store(self, name, **more):
        self.serial += 1
        return store(name, self.owner, displayName=f"{self.name} {self.serial}", **more)

    # --- an owner's ---------------------------------------------------------------

    def create(self, name):
        status, made = self.api.ask("POST", STORES, self._store(name))
        if status == 201:
            self.made = [*self.made[-4:], made["metadata"]["name"]]
        return status

    def delete(self, name):
        return self._delete(self._known(name))

    def recreate(self, name):
        name = self._known(name)
        self._delete(name)
        return self.create(name)

    def _known(self, name):
        known = self.made and self.random.random() < KNOWN
        return self.random.choice(self.made) if known else name

    def _delete(self, name):
        return self.api.ask("DELETE", f"{STORES}/{name}")[0]

    def cancel(self, name):
        wait = self.random.uniform(0, LEAVES_WITHIN)
        share = self.random.choice([0.5, 1, 1, 1])
        self.api.leave("POST", STORES, self._store(name), lambda: self.end.wait(wait), share)
        return LEFT

    def apply(self, name):
        return self.api.ask("PATCH", f"{STORES}/{name}?fieldManager=storm&force=true",
                            self._store(name), APPLY)[0]

    def dry_run(self, name):
        return self.api.ask("POST", f"{STORES}?dryRun=All", self._store(name))[0]

    def generate(self, _name):
        return self.create(None)

    def replace(self, name):
        status, had = self.api.ask("GET", f"{STORES}/{name}")
        if status != 200:
            return status
        had["spec"]["displayName"] = f"{self.name} was here"
        return self.api.ask("PUT", f"{STORES}/{name}", had)[0]

    def hold(self, name):
        """A Store that, deleted, stays until somebody releases it."""
        return self.api.ask("POST", STORES, self._store(name, finalizers=[FINALIZER]))[0]

    def release(self, name):
        return self.api.ask("PATCH", f"{STORES}/{name}", {"metadata": {"finalizers": None}},
                            MERGE)[0]

    def delete_all(self, _name):
        chosen = urllib.parse.quote(f"spec.owner={self.owner}")
        return self.api.ask("DELETE", f"{STORES}?fieldSelector={chosen}")[0]

    # --- an assigner's ------------------------------------------------------------

    def give(self, name):
        return self.api.ask("PATCH", f"{STORES}/{name}", {
            "spec": {"owner": self.random.choice(self.owners)}}, MERGE)[0]

    def create_for(self, name):
        return self.api.ask("POST", STORES, store(
            name, self.random.choice(self.owners)))[0]


def _fail(failure):
    """A storm with a client less is no storm."""
    threading.__excepthook__(failure)
    os._exit(1)


def main():
    threading.excepthook = _fail
    told = json.loads(sys.stdin.readline())
    end = threading.Event()
    clients = []
    for one in told["clients"]:
        api = Api(told["address"], told["authority"], one["certificate"])
        clients.append(Client(one["name"], told["seed"], one["owner"], told["owners"],
                              told["limit"], api, end))
    threads = [threading.Thread(target=client.storm, daemon=True) for client in clients]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    end.set()
    for thread in threads:
        thread.join(20)
    print(json.dumps(sum((client.answers for client in clients), collections.Counter())))


if __name__ == "__main__":
    main()
