"""Of several replicas one leads, on a real API server: whatever becomes of replicas, of
their way to the API server, or of the Lease, never two at once, and soon one again."""

import json
import os
import signal
import socket
import threading
import time

import pytest

from api_programs import freeze
from balancer import Balancer
from gate import LEASE, NAMESPACE, Gate, Replica
from helm import helms  # noqa: F401

REPLICAS = 3
PROMISE = 15  # seconds; what a holder promises
LEASE_FLAGS = ("--lease", f"{NAMESPACE}/{LEASE}")


class Candidate:
    """A replica that may lead, with a way of its own to the API server."""

    def __init__(self, gate, number):
        self.gate, self.number = gate, number
        self.way = Balancer(f"{gate.address}:{7500 + number}", f"{gate.address}:6443")
        self.replica = None
        self.start()

    def start(self):
        gate, number = self.gate, self.number
        kubeconfig = gate.write_kubeconfig(f"kubeconfig-{number}", 7500 + number)
        self.replica = Replica(gate, f"{gate.address}:{10443 + number}",
                               f"{gate.address}:{11443 + number}", kubeconfig,
                               flags=LEASE_FLAGS)
        gate.cluster.wait("ready replica", self.replica.is_ready, seconds=20)

    def leads(self):
        """None when it does not say."""
        status, text = self.replica.ask("/metrics", seconds=1)
        if status != 200:
            return None
        return "\nstoreguard_leader 1\n" in text

    def signal(self, number):
        os.kill(self.replica.process.pid, number)

    def end(self):
        self.replica.kill()
        self.way.stop()


class Watcher:
    """Asks one candidate after another who leads, without a pause. One that said so
    twice in a row has led in between."""

    def __init__(self, candidates):
        self.candidates = candidates
        self.samples = []  # (time, number, whether it leads)
        self.end = threading.Event()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        while not self.end.is_set():
            for candidate in self.candidates:
                leads = candidate.leads()
                self.samples.append((time.monotonic(), candidate.number, leads))

    def stop(self):
        """No two led at once."""
        self.end.set()
        self.thread.join()
        between = {candidate.number: None for candidate in self.candidates}
        for when, number, leads in self.samples:
            others = between[number]
            assert not (leads and others), (
                f"while {number} led, {others} did, too, {when} s")
            between[number] = set() if leads else None
            for seen in between.values():
                if leads and seen is not None and seen is not between[number]:
                    seen.add(number)

    def since(self, when):
        """Who has been seen to lead since then, and when it was first."""
        return {number: first for first, number, leads in reversed(self.samples)
                if leads and first >= when}


class Field:
    """All candidates, their cluster and its Lease."""

    def __init__(self, gate):
        self.gate, self.cluster = gate, gate.cluster
        self.candidates = [Candidate(gate, number) for number in range(REPLICAS)]

    def lease(self):
        return self.cluster.get("-n", NAMESPACE, "lease", LEASE)

    def holder(self):
        return self.lease()["spec"].get("holderIdentity", "")

    def change(self, **spec):
        self.cluster.must("-n", NAMESPACE, "patch", "lease", LEASE, "--type=merge", "-p",
                          json.dumps({"spec": spec}))

    def leaders(self):
        return [candidate for candidate in self.candidates if candidate.leads()]

    def leader(self, seconds=PROMISE + 8):
        """The one that leads, which all agree on."""
        return self.cluster.wait("one leader", lambda: self._only(), seconds)

    def _only(self):
        leaders = self.leaders()
        return leaders[0] if len(leaders) == 1 else None

    def said(self, message):
        return [line for line in self.gate.logged() if line["message"] == message]

    def end(self):
        for candidate in self.candidates:
            candidate.end()
        self.gate.down()


@pytest.fixture(scope="module")
def open_field(helms):  # noqa: F811
    gate = Gate(helms[4], "cluster-leader-test")
    field = None
    try:
        gate.up()
        field = Field(gate)
        yield field
    finally:
        (field.end if field else gate.down)()


@pytest.fixture
def field(open_field):
    yield open_field
    for candidate in open_field.candidates:
        candidate.way.release()
        candidate.way.open()
        if not candidate.replica.is_running():
            candidate.start()


@pytest.fixture
def watcher(field):
    watcher = Watcher(field.candidates)
    yield watcher
    watcher.stop()


def another_leads(field, watcher, former, since, seconds):
    """Another than the former leads, so many seconds after that at the latest."""
    def others():
        return {number: when for number, when in watcher.since(since).items()
                if number != former.number}

    field.cluster.wait("another leader", others, seconds + 5)
    (number, when), = others().items()
    assert when - since <= seconds, f"{number} led after {when - since:.1f} s"
    return field.candidates[number], when - since


def test_exactly_one_leads_and_the_lease_names_it(field, watcher):
    leader = field.leader()
    held = field.lease()["spec"]
    assert held["holderIdentity"].startswith(f"{socket.gethostname()}_"), held
    assert held["leaseDurationSeconds"] == PROMISE
    assert field.said("leading")[-1]["identity"] == held["holderIdentity"]
    field.cluster.wait("renewal", lambda: field.lease()["spec"]["renewTime"] !=
                       held["renewTime"], seconds=5)
    now = field.lease()["spec"]
    assert {**now, "renewTime": ""} == {**held, "renewTime": ""}, (held, now)
    assert field.leaders() == [leader]


def test_killed_it_is_followed_within_20_seconds(field, watcher):
    leader = field.leader()
    before = field.lease()["spec"]
    since = time.monotonic()
    leader.replica.kill()
    another_leads(field, watcher, leader, since, 20)
    now = field.lease()["spec"]
    assert now["leaseTransitions"] == before["leaseTransitions"] + 1
    assert now["acquireTime"] > before["acquireTime"]


def test_told_to_end_it_is_followed_at_once(field, watcher):
    for _ in range(3):
        leader = field.leader()
        since = time.monotonic()
        leader.signal(signal.SIGTERM)
        another_leads(field, watcher, leader, since, 3)
        assert leader.replica.process.wait(20) == 0
        leader.start()
    assert not field.said("the Lease is not released, and runs out by itself")


def test_cut_off_it_steps_down_before_its_promise_ends(field, watcher):
    leader = field.leader()
    since = time.monotonic()
    leader.way.close()
    field.cluster.wait("end of leading", lambda: leader.leads() is False, seconds=PROMISE)
    stepped_down = time.monotonic() - since
    # it was renewed up to 2 s before it was cut off
    assert stepped_down < PROMISE - 2, f"it led for {stepped_down:.1f} s"
    _, after = another_leads(field, watcher, leader, since, 20)
    assert after > stepped_down
    assert field.said("no longer leading")[-1]["reason"] == \
        "the Lease was not renewed in time"
    leader.way.open()
    field.cluster.wait("answers again", lambda: leader.replica.is_ready())
    assert leader.leads() is False


def test_one_answer_that_is_lost_costs_nobody_the_lead(field, watcher):
    """A renewal is written and its answer never comes."""
    leader, transitions = field.leader(), field.lease()["spec"]["leaseTransitions"]
    before = field.lease()["spec"]["renewTime"]
    leader.way.hold()
    since = time.monotonic()
    field.cluster.wait("renewal by another connection", lambda: time.monotonic() > since + 8
                       and field.lease()["spec"]["renewTime"] > before, seconds=12)
    leader.way.release()
    assert leader.leads()
    assert field.lease()["spec"]["leaseTransitions"] == transitions
    assert set(watcher.since(since)) == {leader.number}


def test_halted_and_let_go_it_does_not_lead_for_a_moment(field, watcher):
    """Its clock went on, and so did the others."""
    leader = field.leader()
    since = time.monotonic()
    freeze(leader.replica.process.pid)
    try:
        follower, _ = another_leads(field, watcher, leader, since, 25)
    finally:
        leader.signal(signal.SIGCONT)
    field.cluster.wait("its answer", lambda: leader.leads() is not None, seconds=10)
    goes_on = time.monotonic()
    field.cluster.wait("its next attempts", lambda: time.monotonic() > goes_on + 5)
    assert leader.number not in watcher.since(goes_on - 5)
    assert follower.leads()


def test_a_lease_that_is_deleted_is_made_again_by_who_leads(field, watcher):
    leader, holder = field.leader(), field.holder()
    since = time.monotonic()
    field.cluster.must("-n", NAMESPACE, "delete", "lease", LEASE)
    made = field.cluster.wait("Lease", lambda: field.cluster.kubectl(
        "-n", NAMESPACE, "get", "lease", LEASE).returncode == 0 and field.lease(), 10)
    # until the others have had their turn
    field.cluster.wait("renewal", lambda: field.lease()["spec"]["renewTime"] >
                       made["spec"]["renewTime"], seconds=5)
    assert field.holder() == holder
    assert set(watcher.since(since)) == {leader.number}


def test_a_lease_that_is_gone_is_not_taken_before_its_promise_ends(field, watcher):
    """Its holder, who is cut off, does not know, and leads."""
    leader = field.leader()
    leader.way.close()
    since = time.monotonic()
    field.cluster.must("-n", NAMESPACE, "delete", "lease", LEASE)
    _, after = another_leads(field, watcher, leader, since, 20)
    assert after > PROMISE - 5, f"it led after {after:.1f} s"


def test_taken_by_hand_it_is_left_until_that_promise_ends(field, watcher):
    leader = field.leader()
    since = time.monotonic()
    field.change(holderIdentity="somebody")
    field.cluster.wait("no leader", lambda: not field.leaders(), seconds=8)
    assert field.holder() == "somebody"
    assert field.said("no longer leading")[-1]["reason"] == "another holds the Lease"
    field.leader()
    took = time.monotonic() - since
    assert took > PROMISE - 1, f"somebody held it for {took:.1f} s only"
    assert leader.leads() is not None


def test_emptied_by_hand_it_is_taken_again(field):
    """That is how one is told to leave it to others; for a moment both may lead."""
    field.leader()
    field.change(holderIdentity="")
    field.cluster.wait("holder", field.holder, seconds=5)
    leader = field.leader()
    assert field.lease()["spec"]["holderIdentity"]
    assert field.leaders() == [leader]


def test_what_others_put_onto_the_lease_stays(field):
    field.leader()
    field.cluster.must("-n", NAMESPACE, "label", "lease", LEASE, "example.com/team=shops")
    labelled = field.lease()["spec"]["renewTime"]
    field.cluster.wait("renewal", lambda: field.lease()["spec"]["renewTime"] > labelled,
                       seconds=8)
    assert field.lease()["metadata"]["labels"] == {"example.com/team": "shops"}


def test_without_the_right_to_it_nobody_leads_and_the_log_says_why(field, watcher):
    field.leader()
    rules = field.cluster.get("-n", NAMESPACE, "role", "storeguard")["rules"]

    def grant(rules):
        field.cluster.must("-n", NAMESPACE, "patch", "role", "storeguard", "--type=merge",
                           "-p", json.dumps({"rules": rules}))
    grant([rule for rule in rules if rule["resources"] != ["leases"]])
    try:
        field.cluster.wait("no leader", lambda: not field.leaders(), seconds=PROMISE)
        assert any("leases.coordination.k8s.io" in line["error"] and
                   "forbidden" in line["error"]
                   for line in field.said("the Lease can't be read or written"))
    finally:
        grant(rules)
    field.leader()
