"""Which Stores Argo CD is given, on a real API server behind the gate: all that are its
to bring about, or an error."""

import concurrent.futures
import json
import os
import re
import time

import pytest
import yaml

import readme
from api_programs import freeze, service_pid
from conftest import ROOT, must, postrender
from gate import opened
from generator import Generator, question, started
from helm import helms  # noqa: F401
from storm.api import STORES, Api
from test_gate import apply, store

TOKEN = "a-token-of-32-bytes-or-so-6f1d2c"
MANY = 2000


@pytest.fixture(scope="module")
def open_gate(helms, tmp_path_factory):  # noqa: F811
    token = tmp_path_factory.mktemp("generator") / "token"
    token.write_text(TOKEN + "\n")
    with opened(helms[4], "cluster-generator-test", flags=(
            "--generator", "127.0.0.1:0", "--generator-token-file", token)) as gate:
        gate.token_file = token
        yield gate


@pytest.fixture
def gate(open_gate):
    yield open_gate
    open_gate.token_file.write_text(TOKEN + "\n")
    open_gate.clear()


@pytest.fixture
def generator(gate):
    return newest(gate)


def newest(gate):
    return Generator(started(gate.logged())["generator"], gate.token_file)


def read(gate, name):
    return gate.cluster.get("store", name)


# --- what an entry says ------------------------------------------------------------


def test_no_stores_are_an_honest_empty_list(generator):
    answer = generator.ask()
    assert answer.parameters == []
    assert json.loads(answer.body) == {"output": {"parameters": []}}


def test_an_entry_says_all_of_a_store(gate, generator):
    said = {"plan": "medium", "host": "blue.shops.example.com", "adminEmail": "a@example.com",
            "displayName": 'Blue \u2013 "by" <Alice> & \U0001f457', "values": {
                "shop": {"currency": "EUR", "demoProducts": True}, "web": {"replicas": 2}}}
    must(apply(gate, store("blue", **said)))
    (entry,) = generator.ask().parameters
    made = read(gate, "blue")
    whole = json.loads(entry.pop("store"))
    assert entry == {
        "name": "blue", "namespace": "store-blue", "engine": "woocommerce",
        "owner": "alice", "uid": made["metadata"]["uid"],
        **{key: said[key] for key in ("plan", "host", "adminEmail", "displayName")}}
    assert whole["spec"]["values"] == said["values"]
    assert whole == {"apiVersion": "urumi.io/v1", "kind": "Store",
                     "metadata": {"name": "blue", "uid": made["metadata"]["uid"]},
                     "spec": made["spec"]}


def test_the_post_renderer_reads_the_stores_of_the_list(gate, generator, tmp_path):
    must(apply(gate, store("blue", values={"shop": {"currency": "EUR"}})))
    (entry,) = generator.ask().parameters
    path = tmp_path / "store.yaml"
    path.write_text(gate.cluster.must("get", "store", "blue", "-o", "yaml"))
    key = tmp_path / "key"
    key.write_bytes(os.urandom(32))
    environment = {**os.environ, "ARGOCD_ENV_STORE": entry["store"]}
    args = ["values", "--seed-key-file", key]
    printed = [postrender([*args, path]), postrender([*args, "-"], entry["store"].encode()),
               postrender([*args, "--store-env", "ARGOCD_ENV_STORE"], env=environment)]
    values = [yaml.safe_load(must_print(done)) for done in printed]
    assert values[0] == values[1] == values[2]
    assert values[0]["store"]["host"] == "blue.shops.example.com"
    assert len(values[0]["credentials"]["seed"]) == 64


def must_print(done):
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def test_all_parameters_are_there_where_the_store_says_nothing(gate, generator):
    """A generated name's host is written down nowhere; without the gate, nothing is."""
    made = json.loads(must(apply(gate, store(None), "-o", "json", verb="create")))
    name = made["metadata"]["name"]
    with gate.switched_off():
        must(apply(gate, store("bare", engine="medusa"), user="admin"))
        (bare, entry) = generator.ask().parameters
        gate.cluster.must("delete", "store", "bare")
    assert entry["host"] == f"{name}.shops.example.com"
    assert all(isinstance(text, str) for text in (*bare.values(), *entry.values()))
    assert bare.keys() == entry.keys()
    assert json.loads(bare["store"])["spec"] == {
        "engine": "medusa", "plan": "small", "host": "bare.shops.example.com",
        "displayName": "bare", "delivery": "gitops"}
    assert (bare["owner"], bare["adminEmail"]) == ("", "")


def test_what_is_filled_in_is_the_clusters_policys(gate, generator):
    policy = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
    policy["spec"]["hosts"]["baseDomain"] = "other.example.org"
    with gate.switched_off():
        must(apply(gate, store("bare"), user="admin"))
        gate.cluster.apply(policy)
        gate.cluster.wait("other policy", lambda: generator.ask().parameters[0]["host"]
                          == "bare.other.example.org", seconds=10)
        gate.cluster.must("delete", "store", "bare")


# --- which Stores ------------------------------------------------------------------


def test_who_is_deleted_or_brought_by_helm_is_not_listed(gate, generator):
    for name, spec in (("kept", {}), ("gone", {}), ("byhand", {"delivery": "helm"})):
        must(apply(gate, store(name, **spec)))
    assert generator.ask().names == ["gone", "kept"]
    gate.cluster.must("delete", "store", "gone", "--wait=false", user="alice")
    assert read(gate, "gone")["metadata"]["deletionTimestamp"]
    assert generator.ask().names == ["kept"]


def test_the_list_is_that_of_one_engine_if_asked(gate, generator):
    for name, engine in (("zinnia", "medusa"), ("aster", "woocommerce"), ("mint", "medusa")):
        must(apply(gate, store(name, engine=engine)))
    assert generator.ask().names == ["aster", "mint", "zinnia"]
    assert generator.ask(question(engine="medusa")).names == ["mint", "zinnia"]
    assert generator.ask(question(engine="woocommerce")).names == ["aster"]


def test_the_same_stores_give_the_same_bytes(gate, generator):
    for name in ("b", "a-b", "ab", "a"):
        with_name = f"shop-{name}"
        must(apply(gate, store(with_name, values={"shop": {"country": "DE",
                                                           "currency": "EUR"}})))
    first = generator.ask()
    assert first.names == ["shop-a", "shop-a-b", "shop-ab", "shop-b"]
    gate.start()
    assert newest(gate).port != generator.port
    for _ in range(3):
        assert newest(gate).ask().body == generator.ask().body == first.body


def in_another_second(gate, name):
    """Creation times have no fractions."""
    made = read(gate, name)["metadata"]["creationTimestamp"]
    gate.cluster.wait("another second", lambda: time.strftime(
        "%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 0.1)) > made)


def test_of_several_stores_with_one_host_the_oldest_is_listed(gate, generator):
    host = "contested.shops.example.com"
    with gate.switched_off():
        for name in ("zebra", "ant"):
            must(apply(gate, store(name, host=host, owner="alice"), user="admin"))
            in_another_second(gate, name)
        must(apply(gate, store("bee", host=host, engine="medusa", owner="bob"), user="admin"))
        must(apply(gate, store("cat", owner="bob"), user="admin"))
    assert generator.ask().names == ["cat", "zebra"]
    assert generator.ask(question(engine="medusa")).names == []
    assert gate.newest.metric("storeguard_generator_withheld_stores") == 2
    said = [line["stores"] for line in gate.logged() if "withheld from" in line["message"]]
    assert "ant: contested.shops.example.com is the host of zebra" in said[-1]
    # another poll does not say it again
    assert len(said) == 1
    # one that is being deleted is in nobody's way
    gate.cluster.must("patch", "store", "zebra", "--type=merge", "-p",
                      '{"metadata": {"finalizers": ["urumi.io/namespace"]}}')
    gate.cluster.must("delete", "store", "zebra", "--wait=false")
    assert generator.ask().names == ["ant", "cat"]
    gate.let_go("zebra")
    assert generator.ask().names == ["ant", "cat"]


def test_a_shop_that_runs_is_never_taken_off_for_its_host(gate, generator):
    host = "contested.shops.example.com"
    with gate.switched_off():
        must(apply(gate, store("old", owner="alice"), user="admin"))
        in_another_second(gate, "old")
        must(apply(gate, store("young", host=host, owner="bob"), user="admin"))
        gate.cluster.must("patch", "store", "young", "--subresource=status", "--type=merge",
                          "-p", '{"status": {"readyAt": "2026-01-02T03:04:05Z"}}')
        gate.cluster.must("patch", "store", "old", "--type=merge", "-p",
                          json.dumps({"spec": {"host": host}}))
        # nothing of the older one is there yet
        assert generator.ask().names == ["young"]
        gate.cluster.must("patch", "store", "old", "--subresource=status", "--type=merge",
                          "-p", '{"status": {"readyAt": "2026-01-02T03:04:05Z"}}')
        assert generator.ask().names == ["old", "young"]
    assert "has been ready and stays" in gate.said()


# --- who asks ----------------------------------------------------------------------


@pytest.mark.parametrize("token", ["", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper(),
                                   TOKEN + TOKEN, "x" * 8000])
def test_a_wrong_token_gets_nothing(generator, token):
    answer = generator.ask(token=token)
    answer.fails(401, "token")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("header", [None, TOKEN, f"Basic {TOKEN}", f"Bearer{TOKEN}", "Bearer"])
def test_another_header_than_a_bearer_token_gets_nothing(generator, header):
    headers = {"Content-Type": "application/json", **(
        {"Authorization": header} if header else {})}
    generator.send(body=json.dumps(question()), headers=headers).fails(401, "token")


def test_a_changed_token_is_in_force_at_once(gate, generator):
    """As kubelet swaps a Secret's files: by a link."""
    new = gate.token_file.with_name("new")
    new.write_text("another-token")
    new.replace(gate.token_file)
    generator.ask(token=TOKEN).fails(401)
    assert generator.ask(token="another-token").parameters == []
    gate.token_file.write_bytes(b"with-line-end\r\n")
    assert generator.ask(token="with-line-end").parameters == []


def test_without_a_token_to_compare_nobody_gets_anything(gate, generator):
    for content in (b"", b"\n"):
        gate.token_file.write_bytes(content)
        for token in ("", TOKEN):
            generator.ask(token=token).fails(503, "holds no token")
    gate.token_file.unlink()
    generator.ask(token=TOKEN).fails(503, "--generator-token-file", "No such file")
    assert gate.newest.ask("/readyz")[0] == 200


def test_no_token_is_in_the_log(gate, generator):
    generator.ask(token="guessed-by-a-stranger").fails(401)
    assert generator.ask().status == 200
    assert TOKEN not in gate.said() and "guessed-by-a-stranger" not in gate.said()
    assert [line for line in gate.logged() if "without the right token" in line["message"]]


# --- what is asked -----------------------------------------------------------------


@pytest.mark.parametrize("body, says", [
    ("", "JSON"), ("nonsense", "JSON"), ('{"input": {}} {}', "JSON"), ("[]", "input"),
    ("{}", '{"parameters": {'), ('{"input": []}', "input"), ('{"input": null}', "input"),
    ('{"input": {"parameters": []}}', "input"), ('{"input": {"parameters": "x"}}', "input"),
    (b'{"input": {"parameters": {"engine": "\xff"}}}', "JSON"),
    (question(plan="small"), "input.parameters.plan: only engine"),
    (question(engine="medusa", owner="alice"), "input.parameters.owner: only engine"),
    (question(engine="woocomerce"), 'no engine "woocomerce"; one of: '),
    (question(engine=""), "medusa"), (question(engine="Medusa"), "medusa"),
    (question(engine=None), "must be a string, not null"),
    (question(engine=["medusa"]), "must be a string, not a list")])
def test_what_is_no_question_is_said(generator, body, says):
    generator.ask(body).fails(400, says)


@pytest.mark.parametrize("body", [
    {"applicationSetName": "x", "input": {}}, {"input": {"parameters": None}},
    {"applicationSetName": "x", "input": {"parameters": {}}, "later": 1}])
def test_a_question_without_parameters_is_for_all(generator, body):
    assert generator.ask(body).parameters == []


def test_other_paths_methods_and_types(generator):
    generator.ask(path="/api/v1/other").fails(404, "/api/v1/getparams.execute")
    got = generator.ask(method="GET")
    got.fails(405, "POST")
    assert got.headers["Allow"] == "POST"
    token = {"Authorization": f"Bearer {TOKEN}"}
    generator.send(body="{}", headers={**token, "Content-Type": "text/plain"}).fails(
        415, "application/json")
    generator.ask(" " * 70_000).fails(413, "too large")


# --- what can't be known -----------------------------------------------------------


def test_the_api_server_does_not_answer(gate, generator):
    must(apply(gate, store()))
    before = generator.ask()
    assert before.names == ["fashion"]
    pid = service_pid(gate.cluster, "kube-apiserver")
    freeze(pid)
    try:
        begun = time.monotonic()
        generator.ask().fails(503, "can't be read", "in time")
        # Argo CD waits for 30 s, and is to hear why
        assert time.monotonic() - begun < 25
    finally:
        os.kill(pid, 18)
    gate.cluster.wait("the same list", lambda: generator.ask().body == before.body)


def test_the_way_to_the_api_server_is_cut(gate, generator):
    must(apply(gate, store()))
    before = generator.ask()
    gate.way_to_api.close()
    generator.ask().fails(503, "can't be read")
    gate.way_to_api.open()
    gate.cluster.wait("the same list", lambda: generator.ask().body == before.body)
    counted = gate.newest.ask("/metrics")[1]
    assert 'storeguard_generator_requests_total{code="503"}' in counted


def test_the_api_server_goes_and_comes_back(gate, generator):
    must(apply(gate, store()))
    before = generator.ask()
    seen = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        restarting = pool.submit(gate.cluster.restart)
        while not restarting.done():
            seen.append(generator.ask())
        restarting.result()
    gate.cluster.wait("the same list", lambda: generator.ask().body == before.body)
    assert {answer.status for answer in seen} <= {200, 503}
    assert all(answer.body == before.body for answer in seen if answer.status == 200)


def test_who_may_not_list_stores_gets_no_empty_list(gate, generator):
    must(apply(gate, store()))
    gate.cluster.must("delete", "clusterrolebinding", "storeguard")
    try:
        said = gate.cluster.wait("refusal", lambda: next(
            (a for a in [generator.ask()] if a.status != 200), None), seconds=20)
        said.fails(503, "forbidden")
    finally:
        gate.register()
    gate.cluster.wait("the list", lambda: generator.ask().status == 200)
    assert generator.ask().names == ["fashion"]


def test_without_the_kind_there_is_no_empty_list(gate, generator):
    crd = json.dumps(yaml.safe_load(
        (ROOT / "charts" / "storeguard" / "crds" / "stores.yaml").read_text()))
    gate.cluster.must("delete", "crd", "stores.urumi.io", "--timeout=60s")
    try:
        gate.cluster.wait("refusal", lambda: generator.ask().status != 200, seconds=20)
        generator.ask().fails(503, "can't be read", "404")
    finally:
        gate.cluster.must("apply", "-f", "-", input=crd)
        gate.cluster.must("wait", "--for=condition=Established", "crd", "stores.urumi.io",
                          "--timeout=30s")
    gate.cluster.wait("the list", lambda: generator.ask().status == 200)
    gate.cluster.wait("ready", gate.newest.is_ready)


def test_its_metrics_are_explained_in_the_readme(gate, generator):
    generator.ask(token="wrong").fails(401)
    generator.ask()
    text = gate.newest.ask("/metrics")[1]
    assert re.search(r'^storeguard_generator_requests_total{code="401"} [1-9]', text, re.M)
    assert re.search(r'^storeguard_generator_requests_total{code="200"} [1-9]', text, re.M)
    names = re.findall(r"^# TYPE (storeguard_generator_\w+)", text, re.M)
    assert len(names) == 4 and set(names) <= set(readme.metrics())


# --- many, and an end --------------------------------------------------------------


def administrator(gate):
    state = gate.cluster.state
    token = json.loads(state.kubeconfig().read_text())["users"][0]["user"]["token"]
    return Api(gate.address, state.pki / "ca.crt", token=token, seconds=120)


def make_many(gate, count):
    """Without the gate and its quotas, by several connections."""
    def make(part):
        api = administrator(gate)
        for number in range(part, count, 4):
            name = f"many-{number:05d}"
            made = store(name, owner=f"owner-{number % 400}", host=f"{name}.shops.example.com",
                         values={"shop": {"currency": "EUR"}})
            made["metadata"]["labels"] = {"many": "yes" if number % 4 else "few"}
            api.must("POST", STORES, made)
        api.close()

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(make, range(4)))


def test_many_stores_and_their_sudden_end(gate, generator):
    with gate.switched_off():
        make_many(gate, MANY)
        begun = time.monotonic()
        answer = generator.ask()
        took = time.monotonic() - begun
        assert answer.names == [f"many-{number:05d}" for number in range(MANY)]
        assert took < 5, f"{took:.1f} s for {MANY} Stores, {len(answer.body)} bytes"
        assert gate.newest.metric("storeguard_generator_stores") == MANY
        assert not [line for line in gate.logged() if "more than half" in line["message"]]
        administrator(gate).must("DELETE", f"{STORES}?labelSelector=many%3Dyes")
        assert len(generator.ask().names) == MANY // 4
        (told,) = [line for line in gate.logged() if "more than half" in line["message"]]
        assert (told["before"], told["now"]) == (MANY, MANY // 4)
        administrator(gate).must("DELETE", STORES)


def test_an_end_gives_the_whole_list_or_none(gate, generator):
    for name in ("one-shop", "two-shop"):
        must(apply(gate, store(name)))
    before = generator.ask().body
    ended, seen = gate.newest, []
    gate.start()
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        ending = pool.submit(ended.stop)
        while not ending.done():
            try:
                seen.append(generator.ask(seconds=5))
            except OSError:
                pass  # nobody listens any more
        assert ending.result() == 0
    # after an error, Argo CD would not ask for three minutes
    assert {answer.status for answer in seen} == {200}, seen
    assert all(answer.body == before for answer in seen)
    assert any(answer.headers.get("Connection") == "close" for answer in seen)
    assert newest(gate).ask().body == before
