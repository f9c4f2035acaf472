"""The ledger and its keeper (tests/programs/ledger), on a real API server and on a fake
one that loses answers, lies, and is late."""

import json
import re
import subprocess
import threading
import time

import pytest

from api_programs import (  # noqa: F401
    SLOW, certificates, config, fake, kubeconfig, own, program, store, stores)
from conftest import WEBHOOK

QUOTAS = "/apis/urumi.io/v1/storequotas"
TTL = 2000  # ms


@pytest.fixture
def ledger(stores, program):
    one = program("ledger", kubeconfig(stores), TTL)
    one.wait_for_log("stores: listed")
    one.wait_for_log("storequotas: listed")
    yield one
    for quota in stores.get("storequotas")["items"]:
        stores.must("delete", "storequota", quota["metadata"]["name"])


def reserve(one, name, hard=3, owner="alice", uid=None, ms=4000, rate=0, how="reserve"):
    word, rest = one.ask(how, owner, name, uid or f"uid-of-{name}", hard, rate, ms)
    return word if word == "unknown" else f"{word} {' '.join(rest.split()[:2])}"


def status(cluster, owner="alice"):
    (found,) = [q for q in cluster.get("storequotas")["items"]
                if q["spec"]["owner"] == owner]
    return found.get("status", {})


def names(cluster, owner="alice"):
    return sorted(e["name"] for e in status(cluster, owner)["entries"])


def counts(one):
    _, rest = one.ask("count")
    return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", rest)}


def test_places_are_given_up_to_the_limit(stores, ledger):
    assert reserve(ledger, "books") == "reserved 1 3"
    assert reserve(ledger, "books") == "reserved 1 3"
    assert reserve(ledger, "toys", how="look") == "reserved 1 3"
    assert reserve(ledger, "toys") == "reserved 2 3"
    assert reserve(ledger, "shoes") == "reserved 3 3"
    assert reserve(ledger, "garden") == "full 3 3"
    assert reserve(ledger, "garden", how="look") == "full 3 3"
    assert reserve(ledger, "garden", owner="bob") == "reserved 1 3"
    assert names(stores) == ["books", "shoes", "toys"]
    assert status(stores)["reservations"] == 4  # each reservation has its number
    assert ledger.end() < 1000 * SLOW


def test_one_write_for_one_place(ledger):
    reserve(ledger, "books")
    before = counts(ledger)
    reserve(ledger, "toys")
    after = counts(ledger)
    assert after["writes"] - before["writes"] == 1
    assert after["conflicts"] == 0


def test_a_storm_of_one_owner_meets_no_conflict_in_its_replica(stores, ledger):
    assert ledger.ask("storm", "alice", 60, 7, 8000) == (
        "storm", "reserved=7 full=53 unknown=0")
    assert counts(ledger)["conflicts"] == 0
    assert counts(ledger)["writes"] < 7 * 2
    assert len(names(stores)) == 7


def test_two_replicas_never_give_one_too_many(stores, ledger, program):
    other = program("ledger", kubeconfig(stores), TTL)
    other.wait_for_log("storequotas: listed")
    for one in (ledger, other):
        one.process.stdin.write("storm alice 30 20 8000\n")
        one.process.stdin.flush()
    for one in (ledger, other):
        one.wait("its storm", lambda p: any(line.startswith("storm") for line in p.lines))
    assert len(names(stores)) == 20
    # the names of both are the same, so each could have all 20 of them
    for one in (ledger, other):
        got = re.findall(r"\d+", one.lines[-1])
        assert int(got[2]) == 0, one.lines


def test_owners_of_any_name(stores, ledger):
    for owner in ("system:serviceaccount:a:b", "al,ice=x\\", "Zoë@example.com", "a/b?c&d#e%20"):
        assert reserve(ledger, "books", owner=owner) == "reserved 1 3"
        assert names(stores, owner) == ["books"]


def test_a_quota_begins_with_what_the_owner_has(stores, ledger):
    for name in ("books", "toys"):
        stores.apply(store(name))
    stores.apply(store("shoes", owner="bob"))
    assert reserve(ledger, "garden", how="look") == "reserved 2 3"
    assert reserve(ledger, "garden") == "reserved 3 3"
    assert names(stores) == ["books", "garden", "toys"]
    assert reserve(ledger, "garden", hard=0, owner="carol") == "no-limit 0 -1"
    assert [q["spec"]["owner"] for q in stores.get("storequotas")["items"]] == ["alice"]


def test_places_go_with_their_stores_and_not_with_others_of_their_name(stores, ledger):
    for name in ("books", "shoes", "toys"):
        stores.apply(store(name))
    reserve(ledger, "garden", hard=9)
    stores.must("delete", "store", "books")
    stores.wait("its place free", lambda: names(stores) == ["garden", "shoes", "toys"],
                seconds=10)
    # another creation of that name is on its way: nobody knows which one stays
    reserve(ledger, "toys", uid="another", hard=9)
    begun = time.monotonic()
    stores.must("delete", "store", "toys")
    stores.must("delete", "store", "shoes")
    stores.wait("news of both", lambda: "shoes" not in names(stores), seconds=10)
    if time.monotonic() - begun < TTL / 1000:
        assert "toys" in names(stores)
    stores.wait("its place free", lambda: "toys" not in names(stores), seconds=20 * SLOW)
    assert time.monotonic() - begun >= TTL / 1000 * 0.9


def test_places_go_with_their_stores_beside_hasty_requests(stores, program):
    """The keeper shares its owner's turns with requests that leave it no time to look;
    but a deletion that was seen needs none."""
    ledger = program("ledger", kubeconfig(stores), 60000)
    ledger.wait_for_log("stores: listed")
    ledger.wait_for_log("storequotas: listed")
    stores.apply(store("books"))
    reserve(ledger, "toys", hard=900)
    stopped = threading.Event()

    def hurry():
        number = 0
        while not stopped.wait(0.002):
            number += 1
            ledger.process.stdin.write(
                f"reserve-in-background alice toys u{number} 900 0 900\n")
            ledger.process.stdin.flush()

    hasty = threading.Thread(target=hurry)
    hasty.start()
    try:
        ledger.wait("requests under way", lambda p: len(p.lines) > 20)
        stores.must("delete", "store", "books")
        stores.wait("its place free", lambda: names(stores) == ["toys"], seconds=10)
    finally:
        stopped.set()
        hasty.join()
    ledger.kill()
    stores.must("delete", "storequotas", "--all")


def test_reservations_that_lead_to_nothing_end(stores, ledger):
    stores.apply(store("books"))
    reserve(ledger, "ghost")
    begun = time.monotonic()
    stores.wait("the ghost gone", lambda: names(stores) == ["books"], seconds=20 * SLOW)
    assert time.monotonic() - begun >= TTL / 1000 * 0.9
    assert counts(ledger)["leaks"] == 1


def test_a_store_whose_uid_was_in_doubt_is_known_in_the_end(stores, ledger):
    stores.apply(store("books"))
    reserve(ledger, "books", uid="another")
    assert "uid" not in status(stores)["entries"][0]
    uid = stores.get("store", "books")["metadata"]["uid"]
    stores.wait("its uid", lambda: status(stores)["entries"][0].get("uid") == uid,
                seconds=20 * SLOW)


def test_a_store_that_the_ledger_misses_is_added_past_the_limit(stores, ledger):
    reserve(ledger, "books", hard=1)
    stores.apply(store("books"), store("toys"))
    stores.wait("its place", lambda: names(stores) == ["books", "toys"], seconds=20 * SLOW)
    assert reserve(ledger, "shoes", hard=1) == "full 2 1"


def test_a_ledger_that_has_not_begun_begins_whole(stores, ledger):
    """A StoreQuota without a status knows nothing of its owner's Stores: one of them in
    it would make it look as if there were no others."""
    stores.apply(store("books"), store("toys"), store("shoes", owner="bob"))
    made = subprocess.run([WEBHOOK, "quota", "alice", "3"], capture_output=True, text=True,
                          check=True).stdout
    stores.must("apply", "-f", "-", input=made)
    reserve(ledger, "garden", owner="bob")
    stores.apply(store("bakery", owner="bob"))
    stores.wait("a round of the keeper", lambda: names(stores, "bob") == [
        "bakery", "garden", "shoes"], seconds=20 * SLOW)
    assert status(stores) == {}
    assert reserve(ledger, "hats", hard=9) == "reserved 3 3"
    assert names(stores) == ["books", "hats", "toys"]
    assert reserve(ledger, "caps", hard=9) == "full 3 3"


def test_a_store_of_another_owner_keeps_no_place(stores, ledger):
    stores.apply(store("books", owner="bob"))
    reserve(ledger, "books")  # as at a change of owner that then failed
    stores.wait("no place", lambda: not names(stores), seconds=20 * SLOW)


# --- on a fake one -----------------------------------------------------------------


class Quotas:
    """StoreQuotas in a fake API server, which may misbehave: before(handler, method)
    and instead of each answer."""

    def __init__(self):
        self.objects, self.version, self.puts = {}, 10, 0
        self.lock = threading.Lock()
        self.instead = lambda handler, method, answer: answer()

    def __call__(self, handler):
        method = handler.command
        body = json.loads(getattr(handler, "body", b"") or b"null")
        with self.lock:
            code, obj = self._done(method, handler.path, body)
        self.instead(handler, method, lambda: handler.reply(code, obj))

    def _done(self, method, path, body):
        name = path.split("?")[0].removeprefix(QUOTAS).strip("/").removesuffix("/status")
        if method == "POST":
            name = body["metadata"]["name"]
            body["metadata"]["uid"] = "q1"
        elif name not in self.objects:
            return 404, {"kind": "Status", "reason": "NotFound", "message": "not found",
                         "details": {"name": name}}
        if method == "GET":
            return 200, self.objects[name]
        if method == "PUT":
            self.puts += 1
            now = self.objects[name]["metadata"]["resourceVersion"]
            if body["metadata"]["resourceVersion"] != now:
                return 409, {"kind": "Status", "message": "it has been modified"}
        self.version += 1
        body["metadata"]["resourceVersion"] = str(self.version)
        self.objects[name] = body
        return 200, body


@pytest.fixture
def quotas(fake):
    known = Quotas()
    fake.hold_nothing(known)
    return known


@pytest.fixture
def ledger_fake(fake, quotas, config, program):
    one = program("ledger", config(fake.url), 60000)
    one.wait_for_log("stores: listed")
    one.wait_for_log("storequotas: listed")
    return one


def test_an_answer_that_is_lost_is_no_admission(quotas, ledger_fake):
    """The write was done; nobody heard of it. Asked again, it is the same place."""
    def lose(handler, method, answer):
        if method != "PUT":
            answer()
        else:
            time.sleep(1.5)

    quotas.instead = lose
    assert reserve(ledger_fake, "books", ms=600) == "unknown"
    assert quotas.puts == 1
    quotas.instead = lambda handler, method, answer: answer()
    assert reserve(ledger_fake, "books") == "reserved 1 3"


def test_conflicts_are_tried_again_within_the_time(quotas, ledger_fake):
    conflicts = []

    def overtake(handler, method, answer):
        if method == "PUT" and len(conflicts) < 5:
            conflicts.append(1)
            handler.reply(409, {"kind": "Status", "message": "it has been modified"})
        else:
            answer()

    quotas.instead = overtake
    assert reserve(ledger_fake, "books") == "reserved 1 3"
    assert len(conflicts) == 5
    assert counts(ledger_fake)["conflicts"] == counts(ledger_fake)["retries"] == 5
    conflicts.clear()
    quotas.instead = lambda handler, method, answer: (
        handler.reply(409, {"message": "never"}) if method == "PUT" else answer())
    begun = time.monotonic()
    assert reserve(ledger_fake, "toys", ms=700) == "unknown"
    assert time.monotonic() - begun < 1.5 * SLOW


def test_nobody_is_refused_by_what_may_be_out_of_date(quotas, ledger_fake):
    """A place that another replica frees behind the first write is there for the second."""
    def free_behind(handler, method, answer):
        if method == "GET":
            time.sleep(0.2)  # so that the others come while the first is under way
        answer()
        if method == "PUT" and quotas.puts == 1:
            with quotas.lock:
                (quota,) = quotas.objects.values()
                quota["status"]["entries"] = []
                quota["metadata"]["resourceVersion"] = "freed"

    quotas.instead = free_behind
    assert ledger_fake.ask("storm", "alice", 3, 1, 8000) == (
        "storm", "reserved=2 full=1 unknown=0")


def test_no_limit_is_not_told_by_what_may_be_out_of_date(quotas, ledger_fake):
    """An administrator's exception behind the first write binds the second request."""
    asked = threading.Event()

    def forbid_behind(handler, method, answer):
        if method == "GET":
            asked.set()
            time.sleep(0.4)
        answer()
        if method == "PUT" and quotas.puts == 1:
            with quotas.lock:
                (quota,) = quotas.objects.values()
                quota["spec"]["hard"] = {"stores": 0}
                quota["metadata"]["resourceVersion"] = "forbidden"

    quotas.instead = forbid_behind
    # pacing alone needs no ledger, and gifts are not paced
    for words in ("reserve-in-background alice books u 0 9 4000",
                  "reserve alice toys v 0 0 4000"):
        ledger_fake.process.stdin.write(words + "\n")
        ledger_fake.process.stdin.flush()
        assert asked.wait(5)
    ledger_fake.wait("both", lambda p: len(p.lines) == 2)
    assert sorted(line.split()[0] for line in ledger_fake.lines) == ["full", "reserved"]


def test_who_has_little_time_takes_none_from_others(quotas, ledger_fake):
    asked = threading.Event()

    def slowly(handler, method, answer):
        asked.set()
        time.sleep(0.3)
        answer()

    quotas.instead = slowly
    for number, ms in enumerate((4000, 700, 4000, 4000)):
        ledger_fake.process.stdin.write(
            f"reserve-in-background alice shop-{number} u{number} 9 0 {ms}\n")
        ledger_fake.process.stdin.flush()
        assert asked.wait(5)  # the first is under way when the others come
    ledger_fake.wait("all", lambda p: len(p.lines) == 4)
    words = sorted(line.split()[0] for line in ledger_fake.lines)
    assert words.count("reserved") >= 3, ledger_fake.lines


def test_who_is_left_by_a_batch_that_failed_is_in_the_next(quotas, ledger_fake):
    """A batch ends when the first of it is out of time; the others go on together."""
    begun = time.monotonic()

    def stand_still(handler, method, answer):
        if time.monotonic() - begun < 2:
            time.sleep(0.1)
            handler.reply(500, {"kind": "Status", "message": "etcd is away"})
        else:
            answer()

    quotas.instead = stand_still
    for number in range(24):
        ms = (800, 8000, 1200, 8000)[number % 4]
        ledger_fake.process.stdin.write(
            f"reserve-in-background alice shop-{number} u{number} 99 0 {ms}\n")
    ledger_fake.process.stdin.flush()
    ledger_fake.wait("all", lambda p: len(p.lines) == 24)
    words = [line.split()[0] for line in ledger_fake.lines]
    assert words.count("reserved") == 12 and words.count("unknown") == 12, words


def test_a_quota_that_is_being_deleted_takes_nobody_in(stores, ledger):
    """What is written into it goes with it."""
    reserve(ledger, "books")
    name = stores.get("storequotas")["items"][0]["metadata"]["name"]
    stores.must("patch", "storequota", name, "--type=merge", "-p",
                '{"metadata": {"finalizers": ["example.com/held"]}}')
    stores.wait("an empty ledger", lambda: not names(stores), seconds=20 * SLOW)
    stores.must("delete", "storequota", name, "--wait=false")
    word, rest = ledger.ask("reserve", "alice", "toys", "u", 3, 0, 1000)
    assert word == "unknown" and "is being deleted" in rest, rest
    stores.must("patch", "storequota", name, "--type=json", "-p",
                '[{"op": "remove", "path": "/metadata/finalizers"}]')
    assert reserve(ledger, "toys") == "reserved 1 3"


@pytest.mark.parametrize("code, body, says", [
    (403, {"kind": "Status", "message": "storequotas is forbidden"}, "403: storequotas is"),
    (404, b"404 page not found", "404"),
    (200, b"<html>", "GET"),
    (200, {"kind": "StoreQuota", "metadata": {}}, "this is no StoreQuota"),
    (500, {"kind": "Status", "message": "etcd is away"}, "500: etcd is away"),
])
def test_nobody_can_say(quotas, ledger_fake, code, body, says):
    quotas.instead = lambda handler, method, answer: handler.reply(code, body)
    word, rest = ledger_fake.ask("reserve", "alice", "books", "u", 3, 0, 1000)
    # 500 is asked again as long as there is time: what the last one says counts
    assert word == "unknown" and (says in rest or code == 500 and "in time" in rest), rest
    assert int(rest.split()[0]) < 2000 * SLOW


def test_a_quota_of_another_owner_is_not_charged(quotas, ledger_fake):
    reserve(ledger_fake, "books")
    (quota,) = quotas.objects.values()
    quota["spec"]["owner"] = "mallory"
    word, rest = ledger_fake.ask("reserve", "alice", "toys", "u", 3, 0, 500)
    assert word == "unknown" and 'names another owner, "mallory"' in rest, rest


def test_a_storm_ends_in_time_where_every_call_is_slow(quotas, ledger_fake):
    def slowly(handler, method, answer):
        time.sleep(0.4)
        answer()

    quotas.instead = slowly
    begun = time.monotonic()
    word, rest = ledger_fake.ask("storm", "alice", 40, 30, 1500)
    assert time.monotonic() - begun < 4 * SLOW
    reserved, full, unknown = map(int, re.findall(r"\d+", rest))
    assert reserved + full + unknown == 40 and reserved <= 30
