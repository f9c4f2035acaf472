"""Follows the history of Stores and StoreQuotas where it is made: in etcd, revision
after revision, so that no restart of the API server hides anything. After each it
checks that no owner has more Stores than the limit, a Store that is being deleted
counted, and (of a gate with a ledger) that each Store has its place in the ledger, and
that no ledger gives more places than the limit."""

import base64
import collections
import http.client
import json
import threading

PREFIX = "/registry/urumi.io/"
STORES, QUOTAS = PREFIX + "stores/", PREFIX + "storequotas/"
MOST_REMEMBERED = 20  # of violations; all are counted

Violation = collections.namedtuple("Violation", "kind revision owner names")


class Recorder:
    """From now on, until stop()."""

    def __init__(self, address, limit, ledger):
        self.limit, self.ledger = limit, ledger
        self.created = self.deleted = self.revision = self.events = 0
        self.highest = collections.Counter()   # live Stores, by owner
        self.violations = []                   # the first ones
        self.counts = collections.Counter()    # of all, by kind
        self.failure = None
        self._address = address
        self._owner = {}                             # by Store
        self._live = collections.defaultdict(set)    # by owner
        self._entries = collections.defaultdict(set)
        self._quota_owner = {}                       # by StoreQuota
        self._lock = threading.Lock()
        self._end = threading.Event()
        self._begin()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    # --- what is asked --------------------------------------------------------

    def live(self):
        """The names of each owner's Stores."""
        with self._lock:
            return {owner: set(names) for owner, names in self._live.items() if names}

    def stop(self):
        self._end.set()
        self._thread.join(10)

    # --- etcd -------------------------------------------------------------------

    def _ask(self, path, body, seconds=5):
        host, port = self._address.split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=seconds)
        connection.request("POST", path, json.dumps(body))
        return connection.getresponse()

    def _begin(self):
        answer = json.load(self._ask("/v3/kv/range", _range()))
        for kv in answer.get("kvs", []):
            self._take({"kv": kv})
        self.created = self.events = 0
        self.revision = int(answer["header"]["revision"])

    def _run(self):
        while not self._end.is_set() and not self.failure:
            try:
                self._follow()
            except (OSError, http.client.HTTPException):
                self._end.wait(0.1)  # taken up again where it was
            except Exception as error:  # whatever it is, the storm must not pass
                self.failure = f"the recorder failed: {error!r}"

    def _follow(self):
        """Until the connection ends, or nothing happens for a while."""
        answer = self._ask("/v3/watch", {"create_request": {
            **_range(), "start_revision": str(self.revision + 1)}}, seconds=2)
        while not self._end.is_set():
            line = answer.readline()
            if not line:
                return
            result = json.loads(line)["result"]
            if result.get("canceled"):
                self.failure = f"etcd ended the recorder's watch: {result}"
                return
            with self._lock:
                for event in result.get("events", []):
                    self._take(event)

    # --- the history --------------------------------------------------------------

    def _take(self, event):
        kv = event["kv"]
        key = base64.b64decode(kv["key"]).decode()
        revision = int(kv["mod_revision"])
        value = None if event.get("type") == "DELETE" else json.loads(
            base64.b64decode(kv["value"]))
        self.events += 1
        if key.startswith(STORES):
            owners = self._store(key.removeprefix(STORES), value)
        elif key.startswith(QUOTAS):
            owners = self._quota(key.removeprefix(QUOTAS), value)
        else:
            owners = []
        self.revision = max(self.revision, revision)
        for owner in owners:
            self._check(revision, owner)

    def _store(self, name, value):
        former = self._owner.pop(name, None)
        if former is not None:
            self._live[former].discard(name)
        if value is None:
            self.deleted += 1
            return []
        owner = value["spec"].get("owner", "")
        if former is None:
            self.created += 1
        self._owner[name] = owner
        self._live[owner].add(name)
        self.highest[owner] = max(self.highest[owner], len(self._live[owner]))
        # what neither comes nor changes hands adds nothing to what was checked
        return [owner] if former != owner else []

    def _quota(self, name, value):
        if value is None:
            owner = self._quota_owner.pop(name, None)
            self._entries.pop(owner, None)
            return [owner] if owner else []
        owner = self._quota_owner[name] = value["spec"]["owner"]
        entries = (value.get("status") or {}).get("entries") or []
        self._entries[owner] = {entry["name"] for entry in entries}
        return [owner]

    def _check(self, revision, owner):
        live, entries = self._live[owner], self._entries[owner]
        if len(live) > self.limit:
            self._violation("past the limit", revision, owner, live)
        if not self.ledger:
            return
        if live - entries:
            self._violation("not in the ledger", revision, owner, live - entries)
        if len(entries) > self.limit:
            self._violation("ledger past the limit", revision, owner, entries)

    def _violation(self, kind, revision, owner, names):
        self.counts[kind] += 1
        if len(self.violations) < MOST_REMEMBERED:
            self.violations.append(Violation(kind, revision, owner, sorted(names)))


def _range():
    def encoded(text):
        return base64.b64encode(text.encode()).decode()

    return {"key": encoded(PREFIX), "range_end": encoded(PREFIX[:-1] + "0")}
