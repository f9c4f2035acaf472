"""`storeguard-webhook remove-finalizers` on a real API server: afterwards no Store waits
for a program that is gone."""

import concurrent.futures
import itertools
import json
import subprocess
import threading

import pytest

from api_programs import (CRDS, STORES, certificates, config, fake,  # noqa: F401
                          install, store, with_kinds)
from conftest import WEBHOOK

OURS = "urumi.io/namespace"
NONE = f"No Store has the finalizer {OURS}\n"


@pytest.fixture(scope="module")
def own():
    with with_kinds("cluster-finalizers-test") as cluster:
        yield cluster


@pytest.fixture
def stores(own):
    yield own
    for name, held in finalizers(own).items():
        if held:
            own.must("patch", "store", name, "--type=merge", "-p",
                     '{"metadata":{"finalizers":null}}')
    own.must("delete", "--raw", STORES)  # all at once


def make(cluster, finalizers):
    """Stores by name with these finalizers."""
    cluster.apply(*({**store(name), "metadata": {"name": name, "finalizers": held}}
                    for name, held in finalizers.items()))


def finalizers(cluster):
    return {item["metadata"]["name"]: item["metadata"].get("finalizers", [])
            for item in cluster.get("stores")["items"]}


def run(kubeconfig, timeout=60):
    return subprocess.run([WEBHOOK, "remove-finalizers", "--kubeconfig", kubeconfig],
                          capture_output=True, text=True, timeout=timeout, check=False)


def done(cluster):
    result = run(cluster.state.kubeconfig(), timeout=120)
    assert result.returncode == 0 and not result.stderr, result
    return result.stdout


def removed(*names):
    return [f"Store {name}: finalizer {OURS} removed" for name in names]


def test_ours_goes_and_others_stay(stores):
    make(stores, {"alone": [OURS], "first": [OURS, "example.com/a"],
                  "last": ["example.com/a", "example.com/b", OURS],
                  "other": ["example.com/a"], "none": []})
    said = done(stores).splitlines()
    assert said == removed("alone", "first", "last") + [NONE.strip()]
    assert finalizers(stores) == {
        "alone": [], "first": ["example.com/a"], "other": ["example.com/a"], "none": [],
        "last": ["example.com/a", "example.com/b"]}
    assert done(stores) == NONE


def test_what_waits_to_be_deleted_is_gone(stores):
    make(stores, {"fashion": [OURS], "books": [OURS, "example.com/a"]})
    stores.must("delete", "stores", "--all", "--wait=false")
    done(stores)
    assert finalizers(stores) == {"books": ["example.com/a"]}


def test_many_are_listed_in_pages(stores):
    names = [f"store-{number:04}" for number in range(520)]
    make(stores, {name: [OURS] for name in names})
    said = done(stores).splitlines()
    assert said == removed(*names) + [NONE.strip()]
    assert not any(finalizers(stores).values())


def test_without_the_kind_there_is_nothing_to_do(stores):
    stores.must("delete", "-f", CRDS / "stores.yaml")
    stores.wait("no Stores in the API",
                lambda: stores.kubectl("get", "stores").returncode != 0)
    try:
        assert done(stores) == NONE
    finally:
        install(stores)


def test_who_puts_it_back_is_outlasted(stores):
    """As a leader that has not ended yet: each Store that it sees without it gets it."""
    make(stores, {"fashion": [OURS], "books": [OURS]})
    end, put_back = threading.Event(), []

    def meddle():
        while len(put_back) < 3 and not end.is_set():
            for name, held in finalizers(stores).items():
                if not held:
                    stores.must("patch", "store", name, "--type=merge", "-p",
                                json.dumps({"metadata": {"finalizers": [OURS]}}))
                    put_back.append(name)

    meddler = threading.Thread(target=meddle)
    meddler.start()
    try:
        said = done(stores).splitlines()
    finally:
        end.set()
        meddler.join()
    assert len(put_back) >= 3, put_back
    assert len(said) == 2 + len(put_back) + 1, (said, put_back)
    assert not any(finalizers(stores).values())


def test_a_right_that_comes_late_is_waited_for(stores):
    """As those of a Helm hook's account do, by moments."""
    make(stores, {"fashion": [OURS]})
    with concurrent.futures.ThreadPoolExecutor() as pool:
        remover = pool.submit(run, stores.state.kubeconfig("bob"))
        try:
            stores.must("create", "clusterrole", "remover", "--verb=list,patch",
                        "--resource=stores.urumi.io")
            stores.must("create", "clusterrolebinding", "remover", "--user=bob",
                        "--clusterrole=remover")
            result = remover.result()
        finally:
            stores.must("delete", "clusterrole/remover", "clusterrolebinding/remover")
    assert result.returncode == 0, result
    assert result.stdout.splitlines() == removed("fashion") + [NONE.strip()]


def a_store(*held):
    return {"metadata": {"name": "fashion", "finalizers": list(held)}}


def serve(fake, states, answer):
    """One Store, in another state with each list; changes are answered by
    answer(handler, patch)."""
    states = iter(states)

    def all_of(handler):
        if handler.command == "PATCH":
            answer(handler, json.loads(handler.body))
        else:
            handler.reply(200, {"metadata": {"resourceVersion": "1"},
                                "items": [next(states)]})

    fake.answer = all_of


def test_what_changed_since_it_was_read_is_read_again(fake, config):
    patches = []

    def answer(handler, patch):
        patches.append(patch)
        if len(patches) == 1:
            handler.reply(422, {"kind": "Status", "message": "the test failed"})
        elif len(patches) == 2:
            handler.reply(409, {"kind": "Status", "message": "it was changed"})
        else:
            handler.reply(200, a_store("x"))

    serve(fake, [a_store("x", "y", OURS), a_store("x", OURS), a_store("x", OURS),
                 a_store("x")], answer)
    result = run(config(fake.url))
    assert result.returncode == 0, result
    assert result.stdout.splitlines() == removed("fashion") + [NONE.strip()]
    assert [[(op["op"], op["path"], op.get("value")) for op in patch] for patch in patches] \
        == [[("test", f"/metadata/finalizers/{at}", OURS),
             ("remove", f"/metadata/finalizers/{at}", None)] for at in (2, 1, 1)]


def test_what_does_not_get_better_is_said_after_half_a_minute(stores, fake, config, tmp_path):
    make(stores, {"fashion": [OURS]})
    nobody = json.loads(stores.state.kubeconfig().read_text())
    nobody["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:1"
    (tmp_path / "nobody").write_text(json.dumps(nobody))
    serve(fake, itertools.repeat(a_store(OURS)),
          lambda handler, _: handler.reply(200, a_store(OURS)))
    kubeconfigs = [stores.state.kubeconfig("bob"), tmp_path / "nobody", config(fake.url)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        refused, unreached, put_back = pool.map(run, kubeconfigs)
    for result in (refused, unreached, put_back):
        assert result.returncode == 4 and not result.stdout, result
        *log, last = result.stderr.splitlines()
        assert len(log) == 1 and "this will be tried again" in log[0], result.stderr
        assert last.startswith("storeguard-webhook: "), last
    assert f"GET {STORES}" in refused.stderr and "forbidden" in refused.stderr
    assert f"GET {STORES}" in unreached.stderr
    assert "1 Store still has the finalizer" in put_back.stderr
    assert "Store fashion: its finalizer urumi.io/namespace was put back at once; is the " \
        "webhook still registered?" in put_back.stderr
    assert finalizers(stores) == {"fashion": [OURS]}


def test_without_a_kubeconfig_nothing_is_tried(tmp_path):
    result = run(tmp_path / "none")
    assert result.returncode == 4 and str(tmp_path / "none") in result.stderr, result
