"""Stores through the gate, on a real API server with real users: what an ordinary
user gets, what is read when refused, and that no route leads around it."""

import json
import re

import pytest
import yaml

import readme
from conftest import ROOT, must, refused
from gate import ACCOUNT, GITOPS, opened
from helm import helms  # noqa: F401


@pytest.fixture(scope="module")
def open_gate(helms):  # noqa: F811
    with opened(helms[4], "cluster-gate-test") as gate:
        yield gate


@pytest.fixture
def gate(open_gate):
    yield open_gate
    open_gate.clear()


def store(name="fashion", engine="woocommerce", **spec):
    metadata = {"name": name} if name else {"generateName": "shop-"}
    return {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": metadata,
            "spec": {"engine": engine, **spec}}


def apply(gate, obj, *args, user="alice", verb="apply"):
    return gate.cluster.kubectl(verb, "-f", "-", *args, input=json.dumps(obj), user=user)


def spec(gate, name="fashion"):
    return gate.cluster.get("store", name)["spec"]


# --- defaults ----------------------------------------------------------------------


def test_a_store_of_two_lines_comes_back_complete(gate):
    must(apply(gate, store()))
    assert spec(gate) == {
        "engine": "woocommerce", "owner": "alice", "plan": "small",
        "host": "fashion.shops.example.com", "displayName": "fashion",
        "delivery": "gitops"}


def test_what_the_owner_says_stays(gate):
    said = {"plan": "medium", "host": "blue.shops.example.com", "delivery": "helm",
            "displayName": "Blue \u2013 by Alice", "values": {"shop": {"currency": "EUR"}}}
    must(apply(gate, store(**said)))
    assert spec(gate) == {"engine": "woocommerce", "owner": "alice", **said}


def test_a_generated_name_is_a_name_like_any_other(gate):
    must(apply(gate, store(name=None), verb="create"))
    (made,) = gate.cluster.get("stores")["items"]
    assert made["metadata"]["name"].startswith("shop-")
    assert made["spec"]["owner"] == "alice"


def test_a_replacement_that_leaves_out_fields_moves_nothing(gate):
    must(apply(gate, store(plan="medium", host="blue.shops.example.com",
                           deletionProtection=True)))
    must(apply(gate, store(displayName="New name"), verb="replace"))
    now = spec(gate)
    assert (now["plan"], now["host"], now["owner"], now["deletionProtection"]) == (
        "medium", "blue.shops.example.com", "alice", True)
    assert now["displayName"] == "New name"


def test_server_side_apply_patch_and_edit_pass_the_same_gate(gate):
    must(apply(gate, store(), "--server-side"))
    assert spec(gate)["owner"] == "alice"
    refused(apply(gate, store(plan="huge"), "--server-side"), 'no plan "huge"',
            "small, medium, large")
    refused(gate.cluster.kubectl("patch", "store", "fashion", "--type=json", "-p", json.dumps(
        [{"op": "replace", "path": "/spec/plan", "value": "huge"}]), user="alice"),
        'no plan "huge"')
    must(gate.cluster.kubectl("patch", "store", "fashion", "--type=merge", "-p",
                              '{"spec": {"plan": "large"}}', user="alice"))
    assert spec(gate)["plan"] == "large"


def test_a_dry_run_says_the_same_and_leaves_nothing(gate):
    must(apply(gate, store(), "--dry-run=server"))
    refused(apply(gate, store(plan="huge"), "--dry-run=server"), "huge")
    assert gate.cluster.get("stores")["items"] == []


# --- refusals, as kubectl prints them --------------------------------------------------


def test_everything_wrong_is_said_at_once(gate):
    done = apply(gate, store("paypa1", plan="huge", host="shop.evil.example",
                             values={"database": {"password": "x"}, "web": {"image": "y"}}))
    refused(done, "metadata.name", '"paypal"', "spec.plan", "spec.host",
            "shops.example.com", "spec.values.database.password", "looks like a secret",
            "spec.values.web.image", "shop.currency")
    assert done.stderr.count("* ") >= 5, done.stderr
    assert gate.cluster.get("stores")["items"] == []


@pytest.mark.parametrize("name, says", [
    ("ab", "from 3 to 32"), ("admin", "reserved"), ("my-str1pe", "stripe"),
    ("9shop", "does not match"), ("xn--shop", "punycode")])
def test_names_that_are_not_to_be_had(gate, name, says):
    refused(apply(gate, store(name)), "metadata.name", says)


@pytest.mark.parametrize("host, says", [
    ("shops.example.com", "not below a domain"), ("a.b.other.com", "not below a domain"),
    ("xn--bcher-kva.shops.example.com", "punycode"),
    ("admin.shops.example.com", "reserved"), ("a.paypa1.shops.example.com", "paypal")])
def test_hosts_that_are_not_to_be_had(gate, host, says):
    refused(apply(gate, store(host=host)), "spec.host", says)


def test_a_host_belongs_to_one_store(gate):
    must(apply(gate, store()))
    refused(apply(gate, store("other", host="fashion.shops.example.com"), user="bob"),
            "spec.host", "fashion.shops.example.com")
    must(apply(gate, store("other"), user="bob"))
    refused(apply(gate, store("other", host="fashion.shops.example.com"), user="bob"),
            "spec.host")


def test_a_generated_name_keeps_its_host(gate):
    """It is not written down until somebody changes the Store."""
    made = must(apply(gate, store(None), "-o", "json", verb="create"))
    name = json.loads(made)["metadata"]["name"]
    for host in (f"{name}.shops.example.com", f"pay.{name}.shops.example.com"):
        refused(apply(gate, store("other", host=host), user="bob"),
                "spec.host", f'kept for Store "{name}"')


def test_engine_and_delivery_never_change(gate):
    must(apply(gate, store()))
    refused(apply(gate, store(engine="medusa")), "engine")
    refused(apply(gate, store(delivery="helm")), "delivery")


def test_a_service_account_has_to_say_for_whom(gate):
    done = apply(gate, store(), "--as", GITOPS, user="admin")
    refused(done, "spec.owner", "is no person")
    must(apply(gate, store(owner="alice"), "--as", GITOPS, user="admin"))
    assert spec(gate)["owner"] == "alice"


# --- whose store it is ---------------------------------------------------------------


def test_nobody_makes_stores_for_another(gate):
    refused(apply(gate, store(owner="bob")), "spec.owner", "assign")
    must(apply(gate, store(owner="bob"), user="dora"))
    assert spec(gate)["owner"] == "bob"


def test_an_assigner_that_the_policy_lists_acts_for_those_alone(gate):
    """As an Argo CD does that syncs each team's applications by an account of its own."""
    def by_argo(owner):
        return apply(gate, store(owner=owner), "--as", GITOPS, user="admin")
    policy = json.loads((gate.folder / "policy.yaml").read_text())
    policy["spec"]["owners"]["assigners"] = [
        {"user": GITOPS, "owners": ["alice", "team-*"]}]
    gate.cluster.apply(policy)
    gate.cluster.wait("list in force", lambda: apply(
        gate, store(owner="bob"), "--as", GITOPS, "--dry-run=server",
        user="admin").returncode, seconds=20)
    refused(by_argo("bob"), "spec.owner", 'may not act for "bob"',
            "owners.assigners")
    must(by_argo("team-a"))
    must(by_argo("alice"))
    refused(by_argo("bob"), 'may not act for "bob"')
    must(apply(gate, store(owner="bob"), user="dora"))
    refused(by_argo("alice"), 'belongs to "bob", for whom', "assigners")
    assert spec(gate)["owner"] == "bob"


def test_an_assigner_that_the_policy_lists_deletes_for_those_alone(gate):
    def deletes(name, user, *args):
        return gate.cluster.kubectl("delete", "store", name, "--wait=false", *args, user=user)
    policy = json.loads((gate.folder / "policy.yaml").read_text())
    policy["spec"]["owners"]["assigners"] = [{"user": "dora", "owners": ["team-*"]}]
    for name, owner in (("books", "team-a"), ("fashion", "alice"), ("garden", "alice")):
        must(apply(gate, store(name, owner=owner), user="dora"))
    gate.cluster.apply(policy)
    gate.register("--set", "protection.assigners=true")
    try:
        gate.cluster.wait("list in force", lambda: (
            'belongs to "alice", for whom "dora" may not act' in deletes(
                "fashion", "dora", "--dry-run=server").stderr), seconds=20)
        must(deletes("books", "dora"))
        must(deletes("garden", "admin"))  # who is not listed acts for all
        gate.service.targets = ["127.0.0.1:1"]
        gate.service.cut()
        refused(deletes("fashion", "dora"), "failed calling webhook")
        must(deletes("fashion", "alice"))  # and owners ask nobody
    finally:
        gate.service.targets = [gate.newest.tls]
        gate.register()
    gate.let_go("books", "fashion", "garden")


@pytest.mark.parametrize("verb", ["apply", "replace"])
def test_nobody_takes_or_gives_away_a_store(gate, verb):
    must(apply(gate, store()))
    refused(apply(gate, store(owner="bob"), user="bob", verb=verb), "assign")
    refused(apply(gate, store(owner="bob"), verb=verb), "assign")
    refused(apply(gate, store(displayName="Bob's now"), user="bob", verb=verb), "assign")
    assert spec(gate)["owner"] == "alice"
    must(apply(gate, store(owner="bob"), user="dora", verb=verb))
    assert spec(gate)["owner"] == "bob"


def test_nobody_deletes_anothers_store(gate):
    must(apply(gate, store()))
    refused(gate.cluster.kubectl("delete", "store", "fashion", user="bob"), "alice")
    gate.delete("fashion")


def test_impersonation_is_who_is_impersonated(gate):
    must(apply(gate, store(), "--as", "bob", "--as-group", "store-owners", user="admin"))
    assert spec(gate)["owner"] == "bob"


# --- the finalizer -----------------------------------------------------------------


def finalizers(gate, name="fashion"):
    return gate.cluster.get("store", name)["metadata"].get("finalizers", [])


@pytest.mark.parametrize("args", [["create"], ["apply"], ["apply", "--server-side"]])
def test_every_store_gets_the_finalizer(gate, args):
    verb, *args = args
    must(apply(gate, store(), *args, verb=verb))
    assert finalizers(gate) == ["urumi.io/namespace"]
    must(apply(gate, store(displayName="Again"), *args,
               verb="replace" if verb == "create" else verb))
    assert finalizers(gate) == ["urumi.io/namespace"]
    assert spec(gate)["displayName"] == "Again"


def test_others_finalizers_stay_beside_it(gate):
    held = store()
    held["metadata"]["finalizers"] = ["example.com/a", "example.com/b"]
    must(apply(gate, held))
    assert finalizers(gate) == ["example.com/a", "example.com/b", "urumi.io/namespace"]
    must(gate.cluster.kubectl("patch", "store", "fashion", "--type=json", "-p", json.dumps(
        [{"op": "remove", "path": "/metadata/finalizers/0"}]), user="alice"))
    assert finalizers(gate) == ["example.com/b", "urumi.io/namespace"]


def test_a_store_without_it_gets_it_with_the_next_change(gate):
    """Taken off it comes back, and one from before the gate gets it, until it is being
    deleted."""
    must(apply(gate, store()))
    for _ in range(2):
        must(gate.cluster.kubectl("patch", "store", "fashion", "--type=merge", "-p",
                                  '{"metadata": {"finalizers": null}}', user="alice"))
        assert finalizers(gate) == ["urumi.io/namespace"]
    with gate.switched_off():
        gate.cluster.must("patch", "store", "fashion", "--type=merge", "-p",
                          '{"metadata": {"finalizers": null}}')
        assert finalizers(gate) == []
    must(gate.cluster.kubectl("label", "store", "fashion", "team=a", user="alice"))
    assert finalizers(gate) == ["urumi.io/namespace"]
    must(gate.cluster.kubectl("delete", "store", "fashion", "--wait=false", user="alice"))
    must(gate.cluster.kubectl("label", "store", "fashion", "team-", user="alice"))
    gate.let_go("fashion")


# --- namespaces ------------------------------------------------------------------------


def test_a_namespace_needs_its_store(gate):
    refused(gate.cluster.kubectl("create", "namespace", "store-shoes"), "store-shoes", "Store")
    must(apply(gate, store("shoes")))
    must(gate.cluster.kubectl("create", "namespace", "store-shoes"))
    gate.cluster.must("delete", "namespace", "store-shoes")
    must(gate.cluster.kubectl("create", "namespace", "storehouse"))


@pytest.mark.parametrize("major", [3, 4])
def test_a_refused_store_leaves_nothing_of_a_release(gate, helms, major):  # noqa: F811
    refused(apply(gate, store("paypa1")), "paypal")
    done = helms[major].run(
        "install", "store-paypa1", ROOT / "charts" / "woocommerce", "-n", "store-paypa1",
        "--create-namespace", "--set", "store.name=paypa1", "--set",
        "store.host=paypa1.shops.example.com", env=gate.cluster.environment(), timeout=60)
    assert done.returncode != 0 and b"store-paypa1" in done.stderr, done.stderr.decode()
    assert gate.cluster.kubectl("get", "namespace", "store-paypa1").returncode != 0


def test_a_name_is_held_while_its_namespace_holds_anothers_shop(gate):
    must(apply(gate, store("shoes")))
    gate.cluster.namespace("store-shoes", {"urumi.io/store": "shoes",
                                           "urumi.io/owner": "alice"})
    gate.delete("shoes")
    refused(apply(gate, store("shoes"), user="bob"), "store-shoes")
    must(apply(gate, store("shoes"), "--dry-run=server"))  # it is alice's own
    gate.cluster.must("delete", "namespace", "store-shoes")
    must(apply(gate, store("shoes"), user="bob"))


def test_nobody_is_told_to_label_the_namespace_of_a_living_store(gate):
    """As Helm makes it, without labels: who followed the advice to label it as the new
    owner's would hand over the old one's volumes."""
    must(apply(gate, store("books"), user="bob"))
    gate.cluster.namespace("store-books")
    try:
        said = apply(gate, store("books"), verb="create")
        refused(said, "metadata.name", 'Store "books" belongs to "bob"')
        assert "kubectl label" not in said.stderr, said.stderr
        must(gate.cluster.kubectl("delete", "store", "books", "--wait=false", user="bob"))
        said = apply(gate, store("books"), verb="create")
        refused(said, 'belongs to "bob" and is being deleted', "kubectl get store books")
        assert "kubectl label" not in said.stderr, said.stderr
        gate.let_go("books")
        refused(apply(gate, store("books"), verb="create"),
                "kubectl label namespace store-books", "urumi.io/owner=alice")
    finally:
        gate.cluster.must("delete", "namespace", "store-books")
    must(apply(gate, store("books"), verb="create"))


# --- the policy --------------------------------------------------------------------------


def policy(change):
    document = yaml.safe_load((ROOT / "common" / "default-policy.yaml").read_text())
    change(document["spec"])
    return document


def reserve_fashion(spec):
    spec["naming"]["reserved"].append("fashion")


def misspell(spec):
    spec["naming"]["pattern"] = "("


def test_a_new_policy_is_in_force_within_two_seconds(gate):
    must(apply(gate, policy(reserve_fashion), user="dora"))
    gate.cluster.wait("the policy in force", lambda: "reserved" in apply(
        gate, store(), "--dry-run=server").stderr, seconds=2)
    done = gate.cluster.kubectl("delete", "storepolicy", "default")
    assert "Warning: until there is a StorePolicy" in must(done) + done.stderr, done.stderr
    gate.cluster.wait("the policy it began with", lambda: apply(
        gate, store(), "--dry-run=server").returncode == 0, seconds=2)


def test_a_broken_policy_is_refused_and_the_last_good_one_stays(gate):
    refused(apply(gate, policy(misspell), user="dora"), "spec.naming.pattern", '"("')
    must(apply(gate, store()))


def in_force(gate):
    """As kubectl prints it."""
    head, line = must(gate.cluster.kubectl("get", "storepolicy", "default")).splitlines()
    at = head.index("IN FORCE")
    return line[at:].split()[0]


def writes_of_status(gate):
    return [write.code for write in gate.cluster.audit()
            if (write.resource, write.user) == ("storepolicies/status", ACCOUNT)]


def slip_in(gate, document):
    """Past the webhook, which nobody reaches: failurePolicy Ignore."""
    here = gate.service.targets
    gate.service.targets = ["127.0.0.1:1"]
    gate.service.cut()
    must(apply(gate, document, user="dora"))
    gate.service.targets = here


def tries(gate):
    return apply(gate, store(), "--dry-run=server").stderr


def test_the_last_good_policy_survives_a_restart(gate):
    must(apply(gate, policy(reserve_fashion), user="dora"))
    gate.cluster.wait("True", lambda: in_force(gate) == "True", seconds=5)
    slip_in(gate, policy(misspell))
    gate.cluster.wait("False", lambda: in_force(gate) == "False", seconds=5)
    gate.newest.kill()
    gate.start()
    assert '"fashion" is reserved' in tries(gate)
    assert gate.newest.metric("storeguard_policy_generation") == 1
    # what is kept can be applied again
    kept = gate.cluster.get("storepolicy", "default")["status"]["accepted"]
    assert kept["generation"] == 1
    must(apply(gate, json.loads(kept["policy"]), user="dora"))
    gate.cluster.wait("True", lambda: in_force(gate) == "True", seconds=5)
    assert '"fashion" is reserved' in tries(gate)


def test_no_policy_is_better_than_one_that_nobody_chose(gate):
    slip_in(gate, policy(misspell))
    gate.cluster.wait("unready", lambda: not gate.newest.is_ready(), seconds=5)
    code, said = gate.newest.ask("/readyz")
    assert code == 503 and "[-]policies failed: no policy is in force" in said, said
    assert 'spec.naming.pattern: "("' in said, said
    assert "no policy is in force" in tries(gate)
    must(apply(gate, policy(lambda spec: None), user="dora"))
    gate.cluster.wait("ready", gate.newest.is_ready, seconds=5)
    assert not tries(gate)


def test_the_policy_itself_says_whether_it_is_in_force(gate):
    before = writes_of_status(gate)
    must(apply(gate, policy(lambda spec: None), user="dora"))
    gate.cluster.wait("True", lambda: in_force(gate) == "True", seconds=5)
    slip_in(gate, policy(misspell))
    gate.cluster.wait("False", lambda: in_force(gate) == "False", seconds=5)
    said = " ".join(gate.cluster.must("describe", "storepolicy", "default").split())
    assert 'spec.naming.pattern: "("' in said, said
    assert "generation 1 stays in force" in said and "Reason: Invalid" in said, said
    must(apply(gate, store()))
    must(apply(gate, policy(lambda spec: None), user="dora"))
    gate.cluster.wait("True", lambda: in_force(gate) == "True", seconds=5)
    now = gate.cluster.get("storepolicy", "default")
    assert now["status"]["observedGeneration"] == now["metadata"]["generation"] == 3
    must(apply(gate, store(displayName="Later")))
    assert writes_of_status(gate)[len(before):] == [200] * 3


def test_a_policy_that_tightens_freezes_no_shop(gate):
    must(apply(gate, store()))

    def reserve(spec):
        spec["naming"]["reserved"].append("fashion")
        spec["plans"].pop("large")
        for engine in spec["engines"].values():
            engine["plans"].remove("large")
    must(apply(gate, policy(reserve), user="dora"))
    gate.cluster.wait("the policy in force", lambda: 'no plan "large"' in apply(
        gate, store(plan="large"), "--dry-run=server").stderr, seconds=2)
    must(apply(gate, store(displayName="Still mine")))


# --- for the operator ----------------------------------------------------------------------


def test_each_decision_is_logged_with_its_request(gate):
    must(apply(gate, store()))
    refused(apply(gate, store(plan="huge")), "huge")
    lines = [line for line in gate.logged() if line.get("name") == "fashion" and
             line.get("endpoint") == "validate-store"]
    assert {line["verdict"] for line in lines[-2:]} == {"allowed", "denied"}, lines
    assert all(line["user"] == "alice" and line["uid"] for line in lines[-2:]), lines
    token = (gate.folder / "token").read_text().strip()
    assert token not in gate.said()


def test_metrics_count_what_was_decided(gate):
    must(apply(gate, store()))
    status, text = gate.newest.ask("/metrics")
    assert status == 200
    assert 'storeguard_policy_generation' in text and "storeguard_stores_cached" in text, text


def test_each_metric_is_explained_in_the_readme(gate):
    must(apply(gate, store()))
    kinds = dict(re.findall(r"^# TYPE (\w+) (\w+)$", gate.newest.ask("/metrics")[1], re.M))
    assert len(kinds) > 20
    assert set(kinds) <= set(readme.metrics())
