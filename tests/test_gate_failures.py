"""The gate when things break around it: down, cut off, restarted, renewed, drained."""

import json
import subprocess
import threading

import pytest

from conftest import CERTS, must, refused
from gate import opened
from helm import helms  # noqa: F401
from test_gate import apply, spec, store


@pytest.fixture(scope="module")
def open_gate(helms):  # noqa: F811
    with opened(helms[4], "cluster-gate-failures-test") as gate:
        yield gate


@pytest.fixture
def gate(open_gate):
    yield open_gate
    if not open_gate.newest.is_running():
        open_gate.start()
    open_gate.clear()


def test_with_the_gate_down_nothing_gets_in_and_owners_still_delete(gate):
    must(apply(gate, store()))
    must(apply(gate, store("shoes"), user="bob"))
    assert gate.newest.stop() == 0
    refused(apply(gate, store("other")), "validate-store.urumi.io")
    refused(apply(gate, store(displayName="Other")), "validate-store.urumi.io")
    refused(gate.cluster.kubectl("create", "namespace", "store-fashion"),
            "validate-namespace.urumi.io")
    must(gate.cluster.kubectl("create", "namespace", "unrelated"))
    refused(gate.cluster.kubectl("delete", "store", "fashion", user="bob"), "alice")
    must(gate.cluster.kubectl("delete", "store", "fashion", "--wait=false", user="alice"))
    gate.start()
    gate.let_go("fashion")
    must(apply(gate, store()))


class Updates:
    """One user after another renames a Store, without a pause, until stopped."""

    def __init__(self, gate, workers=3):
        self.gate, self.done, self.failed = gate, 0, []
        self.end = threading.Event()
        # daemons: a test that fails before it stops them must still end
        self.threads = [threading.Thread(target=self._run, args=(n,), daemon=True)
                        for n in range(workers)]
        for n in range(workers):
            must(apply(gate, store(f"busy-{n}")))
        for thread in self.threads:
            thread.start()

    def _run(self, worker):
        while not self.end.is_set():
            done = self.gate.cluster.kubectl(
                "patch", "store", f"busy-{worker}", "--type=merge", "-p",
                json.dumps({"spec": {"displayName": f"Shop {self.done}"}}), user="alice")
            if done.returncode != 0:
                self.failed.append(done.stderr)
            self.done += 1

    def wait_for(self, more):
        goal = self.done + more
        self.gate.cluster.wait(f"{more} further updates", lambda: self.done >= goal)

    def stop(self):
        self.end.set()
        for thread in self.threads:
            thread.join()
        return self.failed


def test_a_certificate_is_changed_under_load_and_nobody_notices(gate):
    updates = Updates(gate)
    updates.wait_for(10)
    before = gate.newest.shown_certificate()
    done = subprocess.run([CERTS, "issue", gate.folder / "certs"], capture_output=True,
                          text=True, check=False)
    assert done.returncode == 0, done.stderr
    gate.cluster.wait("new certificate", lambda: gate.newest.shown_certificate() != before)
    updates.wait_for(20)
    assert updates.stop() == []


def test_a_drain_with_requests_in_flight_fails_none(gate):
    """A rolling restart: another replica is ready before the first is told to go."""
    updates = Updates(gate)
    updates.wait_for(10)
    first = gate.newest
    gate.start()
    assert first.stop() == 0
    updates.wait_for(10)
    assert updates.stop() == []


def test_the_api_server_goes_and_comes_back(gate):
    must(apply(gate, store()))
    gate.cluster.restart()
    gate.cluster.wait("answer", lambda: apply(
        gate, store(displayName="After the restart")).returncode == 0)
    must(apply(gate, store("new")))
    refused(apply(gate, store("other", host="fashion.shops.example.com"), user="bob"),
            "spec.host")
    gate.cluster.wait("ready", gate.newest.is_ready, seconds=30)
    # a policy with parameters refuses all until the API server knows their kind again
    gate.cluster.wait("deletions", lambda: gate.cluster.kubectl(
        "delete", "store", "new", "--dry-run=server").returncode == 0, seconds=60)


def test_a_watch_that_is_cut_is_taken_up_again(gate):
    """Its TCP connections are ended under it; what happened meanwhile is known."""
    gate.way_to_api.cut()
    must(apply(gate, store()))
    gate.cluster.wait("the Store in the cache",
                      lambda: gate.newest.metric("storeguard_stores_cached") == 1)
    assert spec(gate)["owner"] == "alice"
