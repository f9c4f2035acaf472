"""Calls, and what the rules ask of the cluster (tests/programs/ask), on a real API server
and on a fake one."""

import json
import os
import signal
import time

import pytest
import yaml

from api_programs import (  # noqa: F401
    SLOW, STORES, certificates, config, fake, freeze, kubeconfig, own,
    program, service_pid, store, stores)
from conftest import ROOT


@pytest.fixture
def ask(stores, program):
    one = program("ask", kubeconfig(stores))
    one.wait_for_log("stores: listed")
    one.wait_for_log("storepolicies: listed")
    return one


def test_calls(stores, ask):
    assert ask.ask("call", "GET", "/version", "2000")[1].startswith("200 {")
    word, rest = ask.ask("call", "GET", STORES + "/nothing", "2000")
    assert word == "failed" and rest.endswith(
        f'GET {STORES}/nothing: 404: stores.urumi.io "nothing" not found'), rest
    body = json.dumps(store("fashion"), separators=(",", ":"))
    # the API server lets a creation wait for 2 s where the definition is that new
    assert ask.ask("call", "POST", STORES, "8000", body)[1].startswith("201 {")
    word, rest = ask.ask("call", "POST", STORES, "2000", body)
    assert word == "failed" and "409" in rest and "already exists" in rest
    assert ask.ask("call", "DELETE", STORES + "/fashion", "2000")[1].startswith("200")
    assert ask.end() < 500 * SLOW


def test_find_store(stores, ask):
    assert ask.ask("store", "fashion", "cached") == ("no", "")
    assert ask.ask("store", "fashion", "now") == ("later", "")
    stores.apply(store("fashion", engine="medusa", delivery="helm"))
    facts = "fashion alice medusa small fashion.shops.example.com helm"
    assert ask.ask("store", "fashion", "fresh") == ("yes", facts)
    stores.wait("fashion in the cache",
                lambda: ask.ask("store", "fashion", "now") == ("yes", facts))
    stores.must("delete", "store", "fashion")
    assert ask.ask("store", "fashion", "fresh") == ("no", "")
    # a name that is none may not become another path
    assert ask.ask("store", "../storepolicies/default", "fresh")[0] in ("no", "unknown")


def test_find_store_that_is_being_deleted(stores, ask):
    held = store("held")
    held["metadata"]["finalizers"] = ["urumi.io/namespace"]
    stores.apply(held)
    stores.must("delete", "store", "held", "--wait=false")
    assert ask.ask("store", "held", "fresh")[1].endswith(" deleting")
    stores.must("patch", "store", "held", "--type=json", "-p",
                '[{"op": "remove", "path": "/metadata/finalizers"}]')


def test_find_host(stores, ask):
    host = "fashion.shops.example.com"
    assert ask.ask("host", host, "other", "fresh") == ("no", "")
    stores.apply(store("other-name", host=host))
    assert ask.ask("host", host, "fashion", "fresh")[1].startswith("other-name ")
    assert ask.ask("host", host, "other-name", "fresh") == ("no", "")
    stores.wait("the host in the cache",
                lambda: ask.ask("host", host, "fashion", "now")[0] == "yes")
    assert ask.ask("host", "a,spec.owner=alice", "x", "fresh") == ("no", "")


def test_find_host_of_a_store_that_has_it_by_default(stores, ask):
    implied = store("implied")
    del implied["spec"]["host"]
    stores.apply(implied)
    host = "implied.shops.example.com"
    assert ask.ask("host", host, "thief", "fresh")[1].startswith("implied ")
    stores.wait("the default host in the cache",
                lambda: ask.ask("host", host, "thief", "now")[0] == "yes")
    assert ask.ask("host", host, "implied", "fresh") == ("no", "")
    stores.must("patch", "store", "implied", "--type=merge", "-p",
                '{"spec": {"host": "elsewhere.shops.example.com"}}')
    assert ask.ask("host", host, "thief", "fresh") == ("no", "")


def test_find_namespace(stores, ask):
    assert ask.ask("namespace", "store-fashion") == ("no", "")
    stores.namespace("store-fashion", {"urumi.io/store": "fashion"})
    assert ask.ask("namespace", "store-fashion") == ("yes", "fashion")
    stores.must("delete", "namespace", "store-fashion", "--wait=false")


def test_may_assign(stores, ask):
    stores.apply(
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
         "metadata": {"name": "assigners"},
         "rules": [{"apiGroups": ["urumi.io"], "resources": ["stores"],
                    "resourceNames": ["fashion"], "verbs": ["assign"]}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
         "metadata": {"name": "assigners"},
         "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole",
                     "name": "assigners"},
         "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "Group",
                       "name": "store-admins"}]})
    assert ask.ask("assign", "dora", "store-admins", "fashion", "now") == ("later", "")
    stores.wait("the right to assign", lambda: ask.ask(
        "assign", "dora", "store-admins", "fashion", "fresh")[0] == "yes")
    assert ask.ask("assign", "dora", "store-admins", "fashion", "now") == ("yes", "")
    for user, group, name in (("alice", "store-owners", "fashion"),
                              ("dora", "store-admins", "shoes"),
                              ("dora", "store-owners", "fashion")):
        assert ask.ask("assign", user, group, name, "fresh") == ("no", "")
    # kept for 10 s, and no longer
    stores.must("delete", "clusterrolebinding", "assigners")
    stores.wait("end of the right", lambda: ask.ask(
        "assign", "dora", "store-admins", "fashion", "fresh")[0] == "no", seconds=15)


def policy(domain):
    document = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
    document["spec"]["hosts"]["baseDomain"] = domain
    return document


def test_the_policy_in_force(stores, ask):
    assert ask.ask("policy") == ("0", "shops.example.com|")
    stores.apply(policy("one.example.com"))
    stores.wait("policy in force", lambda: ask.ask("policy")[0] == "1", seconds=2)
    assert ask.ask("policy") == ("1", "one.example.com|")
    stores.must("patch", "storepolicy", "default", "--type=merge", "-p",
                '{"spec": {"naming": {"pattern": "(("}}}')
    stores.wait("reason", lambda: "naming.pattern" in ask.ask("policy")[1], seconds=2)
    assert ask.ask("policy")[1].startswith("one.example.com|StorePolicy default: spec.")
    stores.apply(policy("three.example.com"))
    stores.wait("policy in force", lambda: ask.ask("policy")[0] == "3", seconds=2)
    stores.must("delete", "storepolicy", "default")
    stores.wait("first policy in force", lambda: ask.ask("policy") == (
        "0", "shops.example.com|"), seconds=2)


def test_nobody_answers_in_time(stores, ask):
    pid = service_pid(stores, "kube-apiserver")
    freeze(pid)
    try:
        word, rest = ask.ask("call", "GET", "/version", "700")
        assert word == "failed" and rest.endswith(
            "GET /version: no whole answer in time"), rest
        assert 600 <= int(rest.split()[0]) < 1500 * SLOW, rest
        word, rest = ask.ask("store", "fashion", "fresh")
        assert word == "unknown" and "no whole answer in time" in rest
    finally:
        os.kill(pid, signal.SIGCONT)
    stores.wait("an answer", lambda: ask.ask(
        "call", "GET", "/version", "2000")[0] == "answered")


# --- on a fake one ---------------------------------------------------------


@pytest.fixture
def ask_fake(fake, config, program):
    """The world before a fake, which answers what is not about caches by
    fake.other(handler)."""

    fake.hold_nothing(lambda handler: fake.other(handler))
    one = program("ask", config(fake.url))
    one.wait_for_log("stores: listed")
    one.wait_for_log("storepolicies: listed")
    return one


UNUSABLE = {
    "no such kind": (404, b"404 page not found", "404: 404 page not found"),
    "not found is another": (404, {"kind": "Status", "reason": "NotFound",
                                   "details": {"name": "shoes"},
                                   "message": "no shoes"}, "404: no shoes"),
    "another object": (200, store("shoes"), "the answer is another object"),
    "no JSON": (200, b"<html>", "GET"),
    "empty": (200, b"", "GET"),
    "a redirect": (307, b"", "307: (no body)"),
    "overloaded": (429, b"slow down", "429: slow down"),
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_answers_that_say_neither_yes_nor_no(fake, ask_fake, case):
    status, body, says = UNUSABLE[case]
    fake.other = lambda handler: handler.reply(status, body)
    for question in (("store", "fashion", "fresh"), ("namespace", "fashion")):
        word, rest = ask_fake.ask(*question)
        assert word == "unknown" and says in rest, (question, rest)
    if case != "another object":
        word, rest = ask_fake.ask("host", "h.example.com", "x", "fresh")
        assert word == "unknown" and rest, rest
        word, rest = ask_fake.ask("assign", "alice", "people", case.split()[0], "fresh")
        assert word == "unknown" and rest, rest
    ask_fake.end()


def test_equal_questions_at_one_time_are_asked_once(fake, ask_fake):
    asked = []

    def slowly(handler):
        asked.append(json.loads(handler.body)["spec"])
        time.sleep(0.5)
        handler.reply(201, {"status": {"allowed": True}})

    fake.other = slowly
    assert ask_fake.ask("storm", "alice", "people", "fashion", "40") == (
        "yes=40", "no=0 unknown=0")
    assert asked == [{"user": "alice", "groups": ["people"], "resourceAttributes": {
        "group": "urumi.io", "version": "v1", "resource": "stores", "verb": "assign",
        "name": "fashion"}}]
    ask_fake.end()


def test_who_waits_for_a_question_that_fails_asks_again(fake, ask_fake):
    asked = []

    def fails_once(handler):
        asked.append(handler.path)
        time.sleep(0.2)
        if len(asked) == 1:
            handler.reply(500, b"no")
        else:
            handler.reply(201, {"status": {"allowed": False}})

    fake.other = fails_once
    assert ask_fake.ask("storm", "alice", "people", "fashion", "20") == (
        "yes=0", "no=19 unknown=1")
    assert len(asked) == 2
    ask_fake.end()
