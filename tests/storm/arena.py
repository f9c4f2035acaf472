"""Where a storm takes place: a cluster of its own with a gate of several replicas, each
with a way of its own to the API server, all behind one Balancer that leads to those
which are ready, as a Service does."""

import contextlib
import os
import pathlib
import signal
import sys
import threading

import yaml

from api_programs import service_pid
from balancer import Balancer
from conftest import ROOT, WEBHOOK
from gate import LEASE, NAMESPACE, OFF, Gate, Replica
from storm.api import POLICIES, QUOTAS, STORES, Api, Gone, make_certificate

NAIVE = pathlib.Path(__file__).with_name("naive.py")
POLICY = ROOT / "common" / "default-policy.yaml"
MERGE = "application/merge-patch+json"
# All shorter than by default, so that a storm need not wait: how long the API server
# gives a request (60 s) and the webhook (5 s), and how long a reservation is held
# without a Store (120 s).
REQUEST_SECONDS, WEBHOOK_SECONDS, TTL = 5, 3, 12
ASSIGNER = "assigner"
HELD = "urumi.io/namespace"


class Arena:
    """A cluster, without replicas until there is a peer. Without ways of their own
    these can't be cut off, and their calls take no detour."""

    def __init__(self, helm, name, ways=True):
        self.ways = ways
        self.gate = Gate(helm, name, [
            "--comes-back", "kube-apiserver",
            "--flag", f"kube-apiserver=--request-timeout={REQUEST_SECONDS}s",
            # an audit log would be larger than a storm is long
            "--flag", "kube-apiserver=--audit-log-path="])
        self.cluster = self.gate.cluster
        self.slots = []
        self._prober = self._janitor = None
        self._certificates = {}

    def __enter__(self):
        try:
            self.gate.up()
        except BaseException:
            self.gate.down()
            raise
        self.address = self.gate.address
        self.recover()
        return self

    def __exit__(self, *_):
        self.dismiss()
        self.gate.down()

    # --- users ----------------------------------------------------------------

    def certificate(self, user):
        if user not in self._certificates:
            group = "store-admins" if user == ASSIGNER else "store-owners"
            self._certificates[user] = make_certificate(self.cluster.state, user, group)
        return self._certificates[user]

    @property
    def authority(self):
        return self.cluster.state.pki / "ca.crt"

    def api(self, user):
        return Api(self.address, self.authority, self.certificate(user))

    def admin(self):
        return self.api(ASSIGNER)

    # --- the policy ---------------------------------------------------------------

    def limit(self, stores):
        """Puts the shipped policy in force with that limit and no pacing, in every
        replica that there is."""
        policy = yaml.safe_load(POLICY.read_text())
        policy["spec"]["owners"].update(stores=stores, createsPerMinute=0, groups=[])
        self.cluster.apply(policy)
        generation = self.cluster.get("storepolicy", "default")["metadata"]["generation"]
        for slot in self.slots:
            self.cluster.wait("policy in force", lambda slot=slot: slot.replica.metric(
                "storeguard_policy_generation") == generation, seconds=20)

    # --- the peers ----------------------------------------------------------------

    def put_up(self, peer, replicas, limit, flags=()):
        """So many of the gate or of the naive peer, registered and in force."""
        command = [WEBHOOK, "serve"]
        flags = [*flags, "--reservation-ttl", str(TTL), "--lease", f"{NAMESPACE}/{LEASE}"]
        if peer == "naive":
            command = [sys.executable, "-B", NAIVE]
            flags = ["--limit", str(limit)]
        self.slots = [Slot(self.gate, number, command, flags, self.ways)
                      for number in range(replicas)]
        for number in range(replicas):
            self.start(number)
        for slot in self.slots:
            self.cluster.wait("ready replica", slot.replica.is_ready, seconds=20)
        if peer == "gate":
            self.limit(limit)
            token = self.cluster.must("-n", NAMESPACE, "create", "token", "storeguard",
                                      "--duration=1h")
            self._janitor = Janitor(Api(self.address, self.authority, token=token))
        self._prober = Prober(self.gate.service, self.slots)
        settings = ["--set", f"webhook.timeoutSeconds={WEBHOOK_SECONDS}"]
        if peer == "gate":
            self.gate.register(*settings)
        else:
            self.gate.helm_upgrade(*self.gate.registration(), *settings)

    def dismiss(self):
        for helper in (self._prober, self._janitor):
            if helper:
                helper.stop()
        self._prober = self._janitor = None
        for slot in self.slots:
            slot.end()
        self.slots = []

    def clear(self):
        """No Store and no gate is left."""
        self.dismiss()
        self.gate.helm_upgrade(*OFF)
        admin = self.admin()

        def gone():
            items = admin.must("GET", STORES)["items"]
            for item in items:
                name = item["metadata"]["name"]
                admin.ask("PATCH", f"{STORES}/{name}",
                          {"metadata": {"finalizers": None}}, MERGE)
            admin.must("DELETE", STORES)
            return not items

        self.cluster.wait("end of the Stores", gone, seconds=20)
        admin.must("DELETE", POLICIES)

    # --- faults ---------------------------------------------------------------------

    def start(self, number):
        self.slots[number].start()

    def kill(self, number):
        self.slots[number].kill()

    def freeze(self, number):
        self.slots[number].signal(signal.SIGSTOP)

    def thaw(self, number):
        self.slots[number].signal(signal.SIGCONT)

    def cut(self, number):
        self.slots[number].way.cut()

    def part(self, number):
        self.slots[number].way.close()

    def join(self, number):
        self.slots[number].way.open()

    def lag(self, number):
        self.slots[number].way.hold()

    def catch_up(self, number):
        self.slots[number].way.release()

    def cut_answers(self):
        self.gate.service.cut()

    def hold_answers(self):
        self.gate.service.hold()

    def release_answers(self):
        self.gate.service.release()

    def kill_api_server(self):
        """Its supervisor starts it again."""
        with contextlib.suppress(AssertionError):  # it is not yet back
            os.kill(service_pid(self.cluster, "kube-apiserver"), signal.SIGKILL)

    def recover(self):
        """Until everything that should run does."""
        admin = self.admin()

        def serves():
            try:
                return all(admin.ask("GET", kind)[0] == 200
                           for kind in (STORES, QUOTAS, POLICIES))
            except Gone:
                return False

        self.cluster.wait("API server", serves, seconds=60)
        for slot in self.slots:
            self.cluster.wait("ready replica", slot.replica.is_ready, seconds=30)

    def check(self):
        """Nothing has ended that nobody killed."""
        for slot in self.slots:
            slot.check()


class Slot:
    """A place for a replica: its addresses, its way, and the process of the moment."""

    def __init__(self, gate, number, command, flags, has_way):
        address = gate.address
        self.gate, self.command, self.flags = gate, command, flags
        self.tls, self.plain = f"{address}:{10443 + number}", f"{address}:{11443 + number}"
        port = 7444 + number if has_way else 6443
        self.way = Balancer(f"{address}:{port}", f"{address}:6443") if has_way else None
        self.kubeconfig = gate.write_kubeconfig(f"kubeconfig-{number}", port)
        self.replica = None
        self.wanted = False

    def start(self):
        self.replica = Replica(self.gate, self.tls, self.plain, self.kubeconfig,
                               self.command, self.flags)
        self.wanted = True

    def kill(self):
        self.wanted = False
        self.replica.kill()

    def signal(self, number):
        self.replica.process.send_signal(number)

    def check(self):
        code = self.replica.process.poll()
        assert not self.wanted or code is None, (
            f"the replica at {self.tls} ended with {code} by itself; the end of "
            f"{self.replica.log}:\n{self.replica.log.read_text()[-2000:]}")

    def end(self):
        if self.replica:
            self.kill()
        if self.way:
            self.way.stop()


class Prober(threading.Thread):
    """Leads new connections to the replicas that are ready."""

    EVERY = 0.2
    PATIENCE = 0.5

    def __init__(self, service, slots):
        super().__init__(daemon=True)
        self.service, self.slots = service, slots
        self._end = threading.Event()
        self._probe()
        self.start()

    def run(self):
        while not self._end.wait(self.EVERY):
            self._probe()

    def _probe(self):
        self.service.targets = [
            slot.tls for slot in self.slots
            if slot.replica.ask("/readyz", self.PATIENCE)[0] == 200]

    def stop(self):
        self._end.set()
        self.join(10)
        self.service.targets = []


class Janitor(threading.Thread):
    """Frees the names of deleted Stores as who leads does, but without the 15 s after
    each end of a leader, so that names are soon made again. By the webhook's own account,
    whose writes don't ask the webhook."""

    EVERY = 0.1

    def __init__(self, api):
        super().__init__(daemon=True)
        self.api = api
        self._end = threading.Event()
        self.start()

    def run(self):
        while not self._end.wait(self.EVERY):
            with contextlib.suppress(Gone):
                for store in self.api.ask("GET", STORES)[1].get("items", []):
                    self._free(store["metadata"])

    def _free(self, metadata):
        finalizers = metadata.get("finalizers", [])
        if "deletionTimestamp" in metadata and HELD in finalizers:
            self.api.ask("PATCH", f"{STORES}/{metadata['name']}", {"metadata": {
                "resourceVersion": metadata["resourceVersion"],
                "finalizers": [f for f in finalizers if f != HELD]}}, MERGE)

    def stop(self):
        self._end.set()
        self.join(20)
        self.api.close()
