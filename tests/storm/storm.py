"""A storm from its seed to its verdict."""

import collections
import dataclasses
import json
import os
import subprocess
import sys
import time

from conftest import ROOT
from storm.api import QUOTAS, STORES, store
from storm.arena import ASSIGNER, REQUEST_SECONDS, TTL, WEBHOOK_SECONDS
from storm.faults import FAULTS, Faults, plan
from storm.recorder import Recorder

PROGRESS = 5       # seconds
SETTLES = TTL + 8  # the TTL, and what reconciling takes


@dataclasses.dataclass
class Shape:
    seed: str
    seconds: int = 30
    owners: int = 4
    limit: int = 3
    clients: int = 24
    replicas: int = 3
    faults: tuple = tuple(FAULTS)
    peer: str = "gate"

    def command(self):
        """What repeats it: each option that is not as by default."""
        words = ["tests/storm/run"]
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if value != field.default:
                text = value if isinstance(value, (str, int)) else ",".join(value) or "none"
                words.append(f"--{field.name} {text}")
        return " ".join(words)


@dataclasses.dataclass
class Outcome:
    """What was seen; problems is empty if the quota was exact."""

    shape: Shape
    recorder: Recorder
    answers: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    faults: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    problems: list = dataclasses.field(default_factory=list)
    settled: float = None

    @property
    def highest(self):
        return max(self.recorder.highest.values(), default=0)

    def __str__(self):
        seen, limit = self.recorder, self.shape.limit
        lines = [f"{self.shape.peer}: {seen.created} creates, {seen.deleted} deletes, "
                 f"{seen.events} events",
                 f"highest count {self.highest} of {limit}; past the limit after "
                 f"{seen.counts['past the limit']} events",
                 f"faults: {_counts(self.faults) or 'none'}",
                 f"creations answered: {_counts(self._creations())}"]
        if self.settled is not None:
            lines.append(f"the ledgers told the truth {self.settled:.1f} s after it")
        for violation in seen.violations[:5]:
            lines.append(f"VIOLATION {violation.kind}: revision {violation.revision}, "
                         f"{violation.owner}: {' '.join(violation.names)}")
        if len(seen.violations) > 5:
            lines.append(f"of {_counts(seen.counts)}")
        lines += [f"PROBLEM {problem}" for problem in self.problems]
        if self.problems:
            lines.append(f"replay: {self.shape.command()}")
        return "\n".join(lines)

    def _creations(self):
        """By status; 0: no answer."""
        found = collections.Counter()
        for what, count in self.answers.items():
            deed, status = what.split()
            if deed in ("create", "recreate", "generate", "hold", "create_for"):
                found[status] += count
        return found


def _counts(counter):
    return ", ".join(f"{name} {count}" for name, count in sorted(counter.items()))


def say(text):
    print(text, flush=True)


def at(arena, shape):
    """A storm on the shape's peer, put up for it."""
    arena.put_up(shape.peer, shape.replicas, shape.limit)
    return run(arena, shape)


def show(*outcomes):
    """A table of what several have seen."""
    print()
    for name, of in (
            ("", lambda o: o.shape.peer),
            ("seconds", lambda o: o.shape.seconds),
            ("creates", lambda o: o.recorder.created),
            ("faults", lambda o: sum(o.faults.values())),
            ("highest count", lambda o: f"{o.highest} of {o.shape.limit}"),
            ("events past the limit", lambda o: o.recorder.counts["past the limit"])):
        print(f"{name:<24}" + "".join(f"{of(outcome):>12}" for outcome in outcomes))


def run(arena, shape):
    """On an arena where the shape's peer is put up already."""
    say(f"seed {shape.seed}: {shape.peer}, {shape.clients} clients of {shape.owners} owners "
        f"with {shape.limit} Stores each")
    say(f"{shape.replicas} replicas, TTL {TTL} s, time for a request {REQUEST_SECONDS} s, "
        f"for the webhook {WEBHOOK_SECONDS} s")
    recorder = Recorder(f"{arena.address}:2379", shape.limit, shape.peer == "gate")
    outcome = Outcome(shape, recorder)
    try:
        _storm(arena, shape, outcome)
        arena.recover()
        if shape.peer == "gate":
            _settle(arena, outcome)
            _fill(arena, outcome)
        _compare(arena, outcome)
    except AssertionError as error:
        outcome.problems.append(str(error))
    finally:
        recorder.stop()
    if recorder.failure:
        outcome.problems.append(recorder.failure)
    outcome.problems += [f"{count} times {kind}" for kind, count in recorder.counts.items()]
    if outcome.highest < shape.limit:
        outcome.problems.append(f"no owner came to {shape.limit} Stores: that was no storm")
    return outcome


# --- while it lasts ----------------------------------------------------------------


def owners(shape):
    return [f"owner-{number}" for number in range(shape.owners)]


def _storm(arena, shape, outcome):
    faults = Faults(arena, plan(shape.seed, shape.seconds, shape.faults, shape.replicas,
                                TTL))
    process = subprocess.Popen(
        [sys.executable, "-B", "-m", "storm.clients"], text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": str(ROOT / "tests")})
    try:
        process.stdin.write(json.dumps(_told(arena, shape)) + "\n")
        process.stdin.flush()
        faults.start()
        _watch(arena, shape, outcome.recorder, process)
        faults.join(60)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, "a client failed"
        outcome.answers.update(json.loads(said))
    finally:
        process.kill()
        process.wait()
        outcome.faults = faults.done
    assert faults.failure is None, f"a fault failed: {faults.failure}"


def _told(arena, shape):
    """One client in eight may assign; the others share the owners."""
    everyone = owners(shape)
    clients = []
    for number in range(shape.clients):
        owner = None if number % 8 == 7 else everyone[number % len(everyone)]
        clients.append({"name": f"client-{number}", "owner": owner,
                        "certificate": str(arena.certificate(owner or ASSIGNER))})
    return {"seed": shape.seed, "address": arena.address, "owners": everyone,
            "authority": str(arena.authority), "limit": shape.limit, "clients": clients}


def _watch(arena, shape, recorder, process):
    begin = time.monotonic()
    said = 0
    while (now := time.monotonic() - begin) < shape.seconds:
        arena.check()
        assert process.poll() is None, "the clients have ended"
        assert recorder.failure is None, recorder.failure
        if now - said >= PROGRESS:
            said = now
            ready = len(arena.gate.service.targets)
            highest = max(recorder.highest.values(), default=0)
            say(f"{now:4.0f} s  {recorder.created:6} creates  {recorder.deleted:6} deletes  "
                f"highest {highest}/{shape.limit}  replicas {ready}/{shape.replicas}")
        time.sleep(0.1)


# --- and then ------------------------------------------------------------------------


def _ledgers(admin):
    """Of each owner: the names in the ledger, and how many it says they are."""
    found = {}
    for quota in admin.must("GET", QUOTAS)["items"]:
        status = quota.get("status") or {}
        names = {entry["name"] for entry in status.get("entries") or []}
        found[quota["spec"]["owner"]] = names, status.get("used", 0)
    return found


def _difference(admin, recorder):
    """Between ledgers and reality, for a person; empty if there is none."""
    live, ledgers = recorder.live(), _ledgers(admin)
    said = []
    for owner in sorted({*live, *ledgers}):
        names, used = ledgers.get(owner, (set(), 0))
        real = live.get(owner, set())
        if names != real or used != len(real):
            said.append(f"{owner}: used {used}, only in the ledger: "
                        f"{' '.join(sorted(names - real)) or 'none'}, not in it: "
                        f"{' '.join(sorted(real - names)) or 'none'}")
    return said


def _settle(arena, outcome):
    """The ledgers equal reality once the TTL has passed."""
    admin = arena.admin()
    begin = time.monotonic()
    while difference := _difference(admin, outcome.recorder):
        if time.monotonic() > begin + SETTLES:
            outcome.problems += [f"{SETTLES} s after the storm: {line}"
                                 for line in difference]
            return
        time.sleep(0.3)
    outcome.settled = time.monotonic() - begin


def _fill(arena, outcome):
    """No place is lost for good: every owner can have as many as the limit, and no
    more."""
    for owner in owners(outcome.shape):
        had = len(outcome.recorder.live().get(owner, ()))
        for number in range(had, outcome.shape.limit + 1):
            wanted = 201 if number < outcome.shape.limit else 403
            status, answer = arena.api(owner).ask(
                "POST", STORES, store(f"fill-{owner}-{number}", owner))
            if status != wanted:
                outcome.problems.append(
                    f"{owner} has {number} of {outcome.shape.limit} Stores and asks for one "
                    f"more: {status}, not {wanted}: {answer.get('message', 'taken')}")
                break


def _compare(arena, outcome):
    """The recorder has missed nothing."""
    admin, recorder = arena.admin(), outcome.recorder

    def same():
        real = collections.defaultdict(set)
        for item in admin.must("GET", STORES)["items"]:
            real[item["spec"]["owner"]].add(item["metadata"]["name"])
        return real == recorder.live()

    arena.cluster.wait("Stores as the recorder knows them", same, seconds=10)
