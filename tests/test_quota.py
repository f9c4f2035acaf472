"""The quota of an owner on a real API server: what is counted, what an owner reads who
has no place left, what an administrator sees and may change."""

import json
import re
import subprocess
import threading

import pytest
import yaml

from conftest import ROOT, WEBHOOK, must, refused
from gate import GITOPS, opened
from helm import helms  # noqa: F401

LIMIT = 3
# seconds; a request must live less
TTL, REQUEST = 8, 5


@pytest.fixture(scope="module")
def open_gate(helms):  # noqa: F811
    with opened(helms[4], "cluster-quota-test",
                ["--flag", f"kube-apiserver=--request-timeout={REQUEST}s"],
                ["--reservation-ttl", str(TTL)]) as gate:
        yield gate


@pytest.fixture
def gate(open_gate):
    set_policy(open_gate)
    yield open_gate
    open_gate.clear()
    open_gate.cluster.wait("empty ledgers", lambda: not any(
        places(quota) for quota in open_gate.cluster.get("storequotas")["items"]))
    open_gate.cluster.must("delete", "storequotas", "--all")


def set_policy(gate, stores=LIMIT, per_minute=0, groups=()):
    document = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
    document["spec"]["owners"] = {"stores": stores, "createsPerMinute": per_minute,
                                  "groups": list(groups)}
    gate.cluster.apply(document)
    generation = gate.cluster.get("storepolicy", "default")["metadata"]["generation"]
    gate.cluster.wait("the policy in force", lambda: gate.newest.metric(
        "storeguard_policy_generation") == generation, seconds=5)


def places(quota):
    return sorted(entry["name"] for entry in quota.get("status", {}).get("entries", []))


def quota_of(gate, owner="alice"):
    found = [q for q in gate.cluster.get("storequotas")["items"]
             if q["spec"]["owner"] == owner]
    assert len(found) <= 1, found
    return found[0] if found else None


def create(gate, name, *args, user="alice", **spec):
    obj = {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
           "spec": {"engine": "woocommerce", **spec}}
    return gate.cluster.kubectl("create", "-f", "-", *args, input=json.dumps(obj),
                                user=user)


# --- what is counted ---------------------------------------------------------------


def test_an_owner_gets_as_many_stores_as_the_policy_says(gate):
    for name in ("books", "fashion", "toys"):
        must(create(gate, name))
    refused(create(gate, "garden"), '"alice" has 3 of 3 Stores: books, fashion, toys',
            "delete one, or ask an administrator for a higher limit "
            f"(spec.hard.stores of StoreQuota {quota_of(gate)['metadata']['name']})")
    must(create(gate, "bakery", user="bob"))  # who has a quota of his own
    assert places(quota_of(gate)) == ["books", "fashion", "toys"]
    assert places(quota_of(gate, "bob")) == ["bakery"]


def test_a_deleted_store_gives_its_place_back_at_once(gate):
    for name in ("books", "fashion", "toys"):
        must(create(gate, name))
    gate.delete("books")
    gate.cluster.wait("a free place",
                      lambda: create(gate, "garden").returncode == 0, seconds=5)
    assert places(quota_of(gate)) == ["fashion", "garden", "toys"]


def test_a_store_that_is_being_deleted_keeps_its_place(gate):
    for name in ("books", "fashion", "toys"):
        must(create(gate, name))
    must(gate.cluster.kubectl("delete", "store", "toys", "--wait=false", user="alice"))
    gate.cluster.wait("news of the deletion", lambda: "toys (being deleted)" in " ".join(
        create(gate, "garden").stderr.split()), seconds=5)
    gate.let_go("toys")
    gate.cluster.wait("a free place",
                      lambda: create(gate, "garden").returncode == 0, seconds=5)


def test_dry_runs_are_answered_and_take_nothing(gate):
    must(create(gate, "books", "--dry-run=server"))
    assert quota_of(gate) is None
    for name in ("books", "fashion"):
        must(create(gate, name))
    for _ in range(3):
        must(create(gate, "toys", "--dry-run=server"))
    must(create(gate, "toys"))
    refused(create(gate, "garden", "--dry-run=server"), "3 of 3 Stores")
    assert places(quota_of(gate)) == ["books", "fashion", "toys"]


def test_a_name_that_lives_costs_nothing(gate):
    must(create(gate, "books"))
    before = quota_of(gate)["status"]
    refused(create(gate, "books"), 'stores.urumi.io "books" already exists')
    refused(create(gate, "books", user="bob"), 'stores.urumi.io "books" already exists')
    assert quota_of(gate)["status"] == before
    assert quota_of(gate, "bob") is None


def test_what_is_refused_for_another_reason_costs_nothing(gate):
    refused(create(gate, "books", plan="huge"), 'plan')
    refused(create(gate, "admin"), "reserved")
    assert quota_of(gate) is None


def test_many_at_once_get_no_more_than_the_limit(gate):
    done = []
    threads = [threading.Thread(target=lambda n=n: done.append(create(gate, f"shop-{n}")))
               for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [d for d in done if d.returncode == 0]
    assert len(taken) == LIMIT, [d.stderr for d in done]
    for d in done:
        if d not in taken:
            refused(d, "3 of 3 Stores")
    assert len(places(quota_of(gate))) == LIMIT


# --- owners, old and new -----------------------------------------------------------


def give(gate, name, owner):
    return gate.cluster.kubectl(
        "patch", "store", name, "--type=merge", "-p",
        json.dumps({"spec": {"owner": owner}}), "--as", GITOPS)


def test_a_store_is_given_only_to_who_has_a_place_for_it(gate):
    for name in ("books", "fashion", "toys"):
        must(create(gate, name, user="bob"))
    must(create(gate, "garden"))
    refused(give(gate, "garden", "bob"), '"bob" has 3 of 3 Stores')
    must(give(gate, "toys", "alice"))
    assert places(quota_of(gate)) == ["garden", "toys"]
    # bob's place is free once nothing can be under way any more
    gate.cluster.wait("a place for bob", lambda: create(
        gate, "bakery", user="bob").returncode == 0, seconds=TTL + 15)


def test_stores_from_before_the_ledger_are_counted(gate):
    set_policy(gate, stores=0)
    for name in ("books", "fashion", "toys", "garden"):
        must(create(gate, name))
    assert quota_of(gate) is None, "no limit means no ledger"
    set_policy(gate)
    refused(create(gate, "bakery"),
            '"alice" has 4 of 3 Stores')
    gate.delete("books", "fashion")
    gate.cluster.wait("a free place",
                      lambda: create(gate, "bakery").returncode == 0, seconds=5)


def test_a_store_that_came_by_another_way_gets_a_place(gate):
    must(create(gate, "books"))
    with gate.switched_off():
        gate.cluster.apply({
            "apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": "toys"},
            "spec": {"engine": "woocommerce", "owner": "alice", "plan": "small",
                     "host": "toys.shops.example.com"}})
    gate.cluster.wait("its place", lambda: places(quota_of(gate)) == ["books", "toys"],
                      seconds=TTL + 15)


def test_a_place_reserved_for_nothing_is_freed_in_the_end(gate):
    must(create(gate, "books"))
    quota = quota_of(gate)
    entries = quota["status"]["entries"] + [
        {"name": name, "uid": f"{name}-1", "reservation": 90 + n}
        for n, name in enumerate(("ghost", "spook"))]
    gate.cluster.must("patch", "storequota", quota["metadata"]["name"],
                      "--subresource=status", "--type=merge", "-p",
                      json.dumps({"status": {"entries": entries, "reservations": 91}}))
    refused(create(gate, "toys"), "books, ghost (being created), spook (being created)")
    gate.cluster.wait("the ghosts gone", lambda: places(quota_of(gate)) == ["books"],
                      seconds=TTL + 15)
    assert gate.newest.metric("storeguard_ledger_leaks_freed_total") >= 2


# --- limits, and what an administrator sees ----------------------------------------


def test_an_administrator_makes_an_exception(gate):
    must(create(gate, "books"))
    name = quota_of(gate)["metadata"]["name"]
    gate.cluster.must("patch", "storequota", name, "--type=merge", "-p",
                      '{"spec": {"hard": {"stores": 1}}}', user="dora")
    refused(create(gate, "toys"), '"alice" has 1 of 1 Stores: books')
    lines = gate.cluster.wait("the limit shown", lambda: (
        lambda text: text if text.splitlines()[1].split()[2:4] == ["1", "1"] else None)(
            gate.cluster.must("get", "storequotas")), seconds=TTL + 15).splitlines()
    assert lines[0].split() == ["NAME", "OWNER", "USED", "HARD", "AGE"]
    gate.cluster.must("patch", "storequota", name, "--type=merge", "-p",
                      '{"spec": {"hard": {"stores": 5}}}', user="dora")
    for shop in ("fashion", "toys", "garden", "bakery"):
        must(create(gate, shop))
    refused(create(gate, "florist"), "5 of 5 Stores")
    described = gate.cluster.must("describe", "storequota", name)
    for text in ("Owner:  alice", "Used:          5", "Name:         bakery"):
        assert " ".join(text.split()) in " ".join(described.split()), described


def test_an_exception_is_made_for_who_has_no_store_yet(gate):
    made = subprocess.run([WEBHOOK, "quota", "alice", "1"], capture_output=True, text=True,
                          check=True).stdout
    gate.cluster.must("apply", "-f", "-", input=made, user="dora")
    must(create(gate, "books"))
    refused(create(gate, "toys"), '"alice" has 1 of 1 Stores: books')


def test_a_quota_of_a_wrong_name_is_told_of(gate):
    gate.cluster.apply({"apiVersion": "urumi.io/v1", "kind": "StoreQuota",
                        "metadata": {"name": "alice"}, "spec": {"owner": "alice"}})
    gate.cluster.wait("a warning", lambda: any(
        "wrong name" in line["message"] and line["right"].startswith("alice-")
        for line in gate.logged()), seconds=5)
    gate.cluster.must("delete", "storequota", "alice")


def test_an_exception_of_none_admits_none(gate):
    must(create(gate, "books"))
    gate.cluster.must("patch", "storequota", quota_of(gate)["metadata"]["name"],
                      "--type=merge", "-p", '{"spec": {"hard": {"stores": 0}}}')
    refused(create(gate, "toys"), '"alice" has 1 of 0 Stores: books; delete one')


def test_members_of_a_group_have_its_limit(gate):
    set_policy(gate, stores=1, groups=[{"group": "store-owners", "stores": 2}])
    for name in ("books", "toys"):
        must(create(gate, name))
    refused(create(gate, "garden"), "2 of 2 Stores")
    refused(gate.cluster.kubectl("create", "-f", "-", "--as", GITOPS, input=json.dumps({
        "apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": "garden"},
        "spec": {"engine": "woocommerce", "owner": "alice"}})), "2 of 1 Stores",
        "limits of groups count only for the Stores that their members make themselves")


def test_creations_are_paced(gate):
    set_policy(gate, stores=100, per_minute=4)
    for n in range(4):
        must(create(gate, f"shop-{n}"))
    # 15 s for the next: too long to wait without a word
    done = create(gate, "shop-4")
    refused(done, '"alice" can have 4 Stores created a minute; try again in 1')
    assert re.search(r"try again in 1[0-5] s \(at \d\d:\d\d:\d\d UTC\)", done.stderr)
    set_policy(gate, stores=100, per_minute=60)
    for n in range(60):
        must(create(gate, f"quick-{n}"))
    # a second or so: kubectl waits, and asks again
    must(create(gate, "at-last"))


def test_decisions_are_in_the_audit_log_with_their_figures(gate):
    for name in ("ink", "oak", "elm"):  # in no other test
        must(create(gate, name))
    create(gate, "fir")
    said = {write.name: str(write.annotations) for write in gate.cluster.audit()
            if write.resource == "stores" and write.verb == "create"}
    assert "used 1 of 3" in said["ink"] and "used 3 of 3" in said["elm"], said
    assert "used 3 of 3" in said["fir"] and "refused" in said["fir"], said["fir"]


def test_the_ledger_is_counted(gate):
    before = gate.newest.ask("/metrics")[1]
    for name in ("books", "fashion", "toys"):
        must(create(gate, name))
    create(gate, "garden")
    after = gate.newest.ask("/metrics")[1]

    def value(text, series):
        return float(re.search(rf"^{re.escape(series)} (\S+)$", text, re.M)[1])

    for series, more in (('storeguard_ledger_requests_total{result="reserved"}', 3),
                         ('storeguard_ledger_requests_total{result="full"}', 1),
                         ("storeguard_ledger_writes_total", 3),
                         ("storeguard_ledger_seeded_total", 1)):
        assert value(after, series) - value(before, series) >= more, series
