"""The quota of an owner on a real API server: what is counted, what an owner reads who
has no place left, what an administrator sees and may change."""

import json
import re
import threading

import pytest
import yaml

from conftest import ROOT
from gate import GITOPS, opened
from helm import helms  # noqa: F401

LIMIT = 3


@pytest.fixture(scope="module")
def open_gate(helms):  # noqa: F811
    with opened(helms[4], "cluster-quota-test") as gate:
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


def must(done):
    assert done.returncode == 0, done.stderr
    return done.stdout


def refused(done, *messages):
    assert done.returncode != 0, f"it was taken: {done.stdout}"
    said = " ".join(done.stderr.split())
    for message in messages:
        assert message in said, done.stderr


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
