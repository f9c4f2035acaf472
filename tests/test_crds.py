"""The CustomResourceDefinitions, on a real API server and without the webhook: what
they hold by themselves, in the words that a user sees; and that they know the same
fields, and refuse the same policies, as the programs that read them."""

import copy
import json
import re

import pytest
import yaml

from cluster.client import Cluster
from conftest import ROOT, postrender, refused
from helm import LOADER, helms  # noqa: F401

CHART = ROOT / "charts" / "storeguard"
POLICY = ROOT / "common" / "default-policy.yaml"
KINDS = ("stores", "storepolicies", "storequotas")
DEFINITIONS = [f"{kind}.urumi.io" for kind in KINDS]


def schema(kind):
    definition = yaml.load((CHART / "crds" / f"{kind}.yaml").read_text(), Loader=LOADER)
    (version,) = definition["spec"]["versions"]
    return version["schema"]["openAPIV3Schema"]


def policy():
    return yaml.load(POLICY.read_text(), Loader=LOADER)


def store(name="fashion", **spec):
    return {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
            "spec": {"engine": "woocommerce", "owner": "alice", **spec}}


def quota(name="alice", **spec):
    return {"apiVersion": "urumi.io/v1", "kind": "StoreQuota",
            "metadata": {"name": name}, "spec": {"owner": "alice", **spec}}


def install(cluster, helm):
    """By Helm, as they ship; what else the chart holds is not looked at here."""
    done = helm.run("install", "storeguard", CHART, "-n", "default",
                    *(word for name in ("deployment.enabled", "webhook.enabled",
                                        "policy.create", "protection.enabled")
                      for word in ("--set", f"{name}=false")), env=cluster.environment())
    assert done.returncode == 0, done.stderr.decode()
    cluster.must("wait", "--for=condition=Established", "crd", *DEFINITIONS,
                 "--timeout=30s")
    for kind in KINDS:  # what the API server publishes follows a moment later
        cluster.wait(f"{kind} in the API", lambda kind=kind: cluster.kubectl(
            "explain", kind).returncode == 0)


@pytest.fixture(scope="module")
def crds(cluster, helms):  # noqa: F811
    install(cluster, helms[4])
    yield cluster
    helms[4].run("uninstall", "storeguard", "-n", "default", env=cluster.environment())


@pytest.fixture
def bare_cluster():
    """One without our kinds."""
    cluster = Cluster("cluster-bare-test")
    cluster.up()
    yield cluster
    cluster.down()


@pytest.fixture
def stores(crds):
    yield crds
    crds.must("delete", "stores,storepolicies,storequotas", "--all")


def apply(cluster, obj, *args):
    return cluster.kubectl("apply", "--validate=strict", "-f", "-", *args,
                           input=json.dumps(obj))


def set_status(cluster, kind, name, status):
    cluster.must("patch", kind, name, "--subresource=status", "--type=merge", "-p",
                 json.dumps({"status": status}))


def decode(tmp_path, a_policy, a_store):
    """The post-renderer's verdict on both as files."""
    paths = tmp_path / "policy.yaml", tmp_path / "store.yaml"
    for path, document in zip(paths, (a_policy, a_store)):
        path.write_text(json.dumps(document))
    return postrender(["values", "--policy", *paths])


# --- the definitions themselves ----------------------------------------------


def test_helm_3_brings_them_too(bare_cluster, helms):  # noqa: F811
    install(bare_cluster, helms[3])
    assert apply(bare_cluster, store()).returncode == 0


def test_one_word_lists_all_three_kinds(stores):
    for obj in (store(), quota(), policy()):
        assert apply(stores, obj).returncode == 0
    names = stores.must("get", "storeguard", "-o", "name").split()
    assert sorted(names) == ["store.urumi.io/fashion", "storepolicy.urumi.io/default",
                             "storequota.urumi.io/alice"]


def test_the_api_server_has_nothing_to_say_against_them(crds):
    for name in DEFINITIONS:
        conditions = crds.get("crd", name)["status"]["conditions"]
        held = {c["type"]: c["status"] for c in conditions}
        assert held == {"NamesAccepted": "True", "Established": "True"}, conditions
    done = crds.kubectl("apply", "--server-side", "--force-conflicts",
                        "--dry-run=server", "-f", CHART / "crds")
    assert done.returncode == 0 and done.stderr == "", done.stderr


def described(node, path):
    """The paths of all fields of a schema, with their descriptions."""
    for name, field in node.get("properties", {}).items():
        yield f"{path}.{name}", field.get("description")
        yield from described(field, f"{path}.{name}")
    for below in ("items", "additionalProperties"):
        if below in node:
            yield from described(node[below], path)


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_is_described(kind):
    of_kubernetes = {".apiVersion", ".kind", ".metadata"}
    missing = {path for path, text in described(schema(kind), "") if not text}
    assert missing == of_kubernetes


def test_explain_tells_a_shop_owner_what_to_write(crds):
    text = " ".join(crds.must("explain", "store.spec").split())
    for phrase in ("woocommerce or medusa", "fashion.shops.example.com",
                   "By default the person who creates it", "Never passwords or keys"):
        assert phrase in text, text
    fields = crds.must("explain", "store.spec", "--recursive")
    assert re.search(r"engine\s+<string> -required-\s+enum: woocommerce, medusa", fields)


# --- Store -------------------------------------------------------------------


def test_defaults(stores):
    assert apply(stores, store()).returncode == 0
    spec = stores.get("store", "fashion")["spec"]
    assert spec == {"engine": "woocommerce", "owner": "alice", "delivery": "gitops"}


GOOD_SPECS = [
    {"plan": "small", "host": "fashion.shops.example.com", "adminEmail": "a@example.com",
     "displayName": "Größen & Mehr", "delivery": "helm", "deletionProtection": True,
     "values": {"shop": {"currency": "EUR", "country": "DE"}}},
    {"owner": "system:serviceaccount:shops:robot"},
    {"owner": "oidc:Ålice <alice@example.com>"},
    {"displayName": "ä" * 64},
    {"host": f"{'a' * 63}.shops.example.com"},
]


@pytest.mark.parametrize("spec", GOOD_SPECS)
def test_what_a_store_can_say(stores, tmp_path, spec):
    assert apply(stores, store(**spec)).returncode == 0
    stored = stores.get("store", "fashion")["spec"]
    assert {key: stored[key] for key in spec} == spec
    done = decode(tmp_path, policy(), store(**spec))
    assert done.returncode == 0, done.stderr.decode()


BAD_SPECS = [
    ({"engine": "shopify"}, 'supported values: "woocommerce", "medusa"'),
    ({"engine": None}, "spec.engine: Required value"),
    ({"delivery": "ftp"}, 'supported values: "gitops", "helm"'),
    ({"host": "nodots"}, "a whole host name in lower case, such as fashion.shops"),
    ({"host": "https://fashion.example.com"}, "without https:// or a path"),
    ({"host": f"{'a' * 64}.example.com"}, "a whole host name"),
    ({"host": "fashion.example.com."}, "a whole host name"),
    ({"adminEmail": "alice"}, "such as alice@example.com"),
    ({"adminEmail": "Alice <alice@example.com>"}, "one plain e-mail address"),
    ({"displayName": "two\nlines"}, "one line of at most 128 bytes"),
    *(({"owner": f"a{odd}b"}, "without control characters") for odd in "\x85\u2028\ufeff"),
    *(({"displayName": f"{odd}b"}, "without control characters") for odd in "\x9f\uffff"),
    ({"displayName": "ä" * 65}, "one line of at most 128 bytes"),
    ({"displayName": ""}, "spec.displayName"),
    ({"owner": "a" * 254}, "may not be more than 253 bytes"),
    ({"owner": "ä" * 127}, "at most 253 bytes"),
    ({"owner": "alice\x1b[2J"}, "a user's name: one line"),
    ({"owner": ""}, "spec.owner"),
    ({"plan": "Small"}, "lower-case letters, digits and hyphens only, such as small"),
    ({"colour": "red"}, 'unknown field "spec.colour"'),
    ({"deletionProtection": "yes"}, "must be of type boolean"),
    ({"values": [1]}, "spec.values"),
    ({"values": {f"key{i}": i for i in range(65)}}, "must have at most 64 items"),
]


@pytest.mark.parametrize("spec, message", BAD_SPECS)
def test_what_a_store_can_not_say(stores, tmp_path, spec, message):
    refused(apply(stores, store(**spec)), message)
    done = decode(tmp_path, policy(), store(**spec))
    assert done.returncode in (1, 3), f"the program takes it: {done.stdout}"


@pytest.mark.parametrize("name, message", [
    ("a" * 33, "at most 32 characters"),
    ("my.shop", "lower-case letters, digits and hyphens only"),
])
def test_names_that_could_not_become_a_namespace(stores, name, message):
    refused(apply(stores, store(name)), message)


def test_generated_names_are_held_to_the_same(stores):
    def create(prefix):
        generated = {**store(), "metadata": {"generateName": prefix}}
        return stores.kubectl("create", "-f", "-", "-o", "name",
                              input=json.dumps(generated))
    assert create("shop-").stdout.startswith("store.urumi.io/shop-")
    refused(create("s" * 30), "at most 32 characters")


@pytest.mark.parametrize("change, message", [
    ({"engine": "medusa"}, "make another Store, move the shop's data"),
    ({"delivery": "gitops"}, "keep the one that the Store has, or make another"),
    ({"delivery": None}, "is gitops where it is left out"),
])
def test_what_can_not_be_changed_and_what_to_do_instead(stores, change, message):
    before = store(delivery="helm")
    assert apply(stores, before).returncode == 0
    done = stores.kubectl("patch", "store", "fashion", "--type=merge", "-p",
                          json.dumps({"spec": change}))
    refused(done, message)
    assert stores.get("store", "fashion")["spec"].items() >= before["spec"].items()


def test_an_owner_can_not_be_dropped(stores):
    assert apply(stores, store()).returncode == 0
    done = stores.kubectl("patch", "store", "fashion", "--type=json", "-p",
                          '[{"op": "remove", "path": "/spec/owner"}]')
    refused(done, "the owner can be changed, but not left out")


def test_status_is_written_apart(stores):
    assert apply(stores, {**store(), "status": {"phase": "Ready"}}).returncode == 0
    assert "status" not in stores.get("store", "fashion")
    stores.must("patch", "store", "fashion", "--subresource=status", "--type=merge",
                "-p", '{"status": {"phase": "Ready"}, "spec": {"plan": "large"}}')
    found = stores.get("store", "fashion")
    assert found["status"] == {"phase": "Ready"} and "plan" not in found["spec"]
    done = stores.kubectl("patch", "store", "fashion", "--subresource=status",
                          "--type=merge", "-p", '{"status": {"phase": "Splendid"}}')
    refused(done, '"Pending", "Provisioning", "Ready", "Degraded", "Failed", "Deleting"')


def test_conditions_can_be_waited_for_and_have_several_writers(stores):
    apply(stores, store())
    for writer, kind in (("status", "Ready"), ("argo", "Taken")):
        condition = {"type": kind, "status": "True", "reason": "Served",
                     "message": "all is up", "lastTransitionTime": "2026-01-02T03:04:05Z"}
        change = {key: store()[key] for key in ("apiVersion", "kind", "metadata")}
        change["status"] = {"conditions": [condition]}
        stores.must("apply", "--server-side", "--subresource=status",
                    "--field-manager", writer, "-f", "-", input=json.dumps(change))
    stores.must("wait", "--for=condition=Ready", "store/fashion", "--timeout=5s")
    found = stores.get("store", "fashion")["status"]["conditions"]
    assert {c["type"] for c in found} == {"Ready", "Taken"}


def test_what_people_see(stores):
    apply(stores, store(plan="small"))
    set_status(stores, "store", "fashion", {
        "phase": "Ready", "url": "https://fashion.shops.example.com"})
    lines = stores.must("get", "st").splitlines()
    assert lines[0].split() == ["NAME", "ENGINE", "PLAN", "OWNER", "STATUS", "URL", "AGE"]
    assert lines[1].split()[:6] == ["fashion", "woocommerce", "small", "alice", "Ready",
                                    "https://fashion.shops.example.com"]
    assert max(map(len, lines)) <= 100


def test_stores_are_found_by_owner_and_engine(stores):
    apply(stores, store("fashion"))
    apply(stores, store("books", engine="medusa", owner="bob"))
    for selector, name in (("spec.owner=bob", "books"),
                           ("spec.engine=woocommerce", "fashion")):
        assert stores.must("get", "stores", "--field-selector", selector,
                           "-o", "name") == f"store.urumi.io/{name}\n"


# --- StoreQuota --------------------------------------------------------------


def test_a_quota_stays_its_owners(stores):
    assert apply(stores, quota()).returncode == 0
    assert apply(stores, quota(hard={"stores": 7})).returncode == 0
    refused(apply(stores, quota(owner="bob")), "set hard in the other owner's")
    refused(apply(stores, quota(hard={"stores": -1})), "greater than or equal to 0")
    refused(apply(stores, quota(hard={"stores": 1001})), "less than or equal to 1000")


def test_the_ledger_is_kept_in_status_and_holds_a_name_once(stores):
    apply(stores, quota())
    set_status(stores, "storequota", "alice", {
        "used": 1, "hard": 5, "pacing": {"tokens": 9500,
                                         "updatedAt": "2026-01-02T03:04:05Z"},
        "entries": [{"name": "fashion", "uid": "1-2-3", "reservation": 2,
                     "reservedAt": "2026-01-02T03:04:05Z"}]})
    lines = stores.must("get", "stq").splitlines()
    assert lines[0].split() == ["NAME", "OWNER", "USED", "HARD", "AGE"]
    assert lines[1].split()[:4] == ["alice", "alice", "1", "5"]
    assert stores.must("get", "storequotas", "--field-selector", "spec.owner=alice",
                       "-o", "name") == "storequota.urumi.io/alice\n"
    twice = [{"name": "books", "reservation": 1}] * 2
    done = stores.kubectl("patch", "storequota", "alice", "--subresource=status",
                          "--type=merge", "-p",
                          json.dumps({"status": {"entries": twice}}))
    refused(done, "Duplicate value")


# --- StorePolicy -------------------------------------------------------------


def test_the_default_policy_fits_its_schema_and_comes_back_unchanged(stores):
    stores.must("apply", "--validate=strict", "-f", POLICY)
    assert stores.get("storepolicy", "default")["spec"] == policy()["spec"]
    set_status(stores, "storepolicy", "default", {"conditions": [{
        "type": "InForce", "status": "True", "reason": "Followed", "message": "",
        "lastTransitionTime": "2026-01-02T03:04:05Z"}]})
    lines = stores.must("get", "stp").splitlines()
    assert lines[0].split() == ["NAME", "DOMAIN", "STORES", "IN", "FORCE", "AGE"]
    assert lines[1].split()[:4] == ["default", "shops.example.com", "5", "True"]


def test_another_policy_may_lie_ready(stores):
    draft = policy()
    draft["metadata"]["name"] = "next-year"
    assert apply(stores, draft).returncode == 0


COMPONENTS = "engines.woocommerce.components"
QUOTA = "plans.small.quota"
LIMITS = "plans.small.limitRange"
# What must be neither in a file nor in the cluster: the path, what is put there,
# and what the API server says.
BAD_POLICIES = [
    ("owners.assigners", [{"user": "a"}], "spec.owners.assigners[0].owners: Required"),
    ("owners.assigners", [{"user": "a", "owners": ["*a"]}], "at the end"),
    ("provisioning.timeoutSeconds", 0, "greater than or equal to 1"),
    ("defaultPlan", "tiny", "spec.defaultPlan: Invalid value"),
    ("naming.pattern", "", "spec.naming.pattern"),
    ("naming.minLength", 33, "less than or equal to 32"),
    ("naming.maxLength", 2, "minLength must not exceed maxLength"),
    ("hosts.baseDomain", "Shops.example.com", "a domain, such as shops.example.com"),
    ("hosts.baseDomain", "example.com.", "a domain, such as shops.example.com"),
    ("hosts.deniedDomains", ["a..b"], "a domain, such as shops.example.com"),
    ("owners.stores", -1, "greater than or equal to 0"),
    ("owners.groups", [{"group": "agencies"}], "spec.owners.groups[0].stores: Required"),
    ("engines", {}, "spec.engines"),
    ("engines.medusa.plans", ["huge"], "plans must be one of plans"),
    ("engines.medusa.podSecurity", "none", '"restricted", "baseline", "privileged"'),
    ("engines.Medusa", {"components": []}, "a name has up to 63 lower-case letters"),
    ("engines.medusa.components", None, "components: Required"),
    (f"{COMPONENTS}.0.name", "dns", "and is not guard, dns or acme"),
    (f"{COMPONENTS}.0.name", "set-up", "lower-case letters and digits only"),
    (f"{COMPONENTS}.0.name", "web", "Duplicate value"),
    (f"{COMPONENTS}.1.jobs", True, "only one component may have jobs true"),
    (f"{COMPONENTS}.0.reaches", ["mail"], "reaches must name components"),
    (f"{COMPONENTS}.3.ports", [], "a public component must have ports"),
    (f"{COMPONENTS}.3.ports", [65536], "less than or equal to 65535"),
    (f"{COMPONENTS}.0.labels", {"app": [""]}, "spec.engines"),
    ("plans.Small", {"quota": {}, "limitRange": []}, "a name has up to 63"),
    (QUOTA, None, "quota: Required"),
    (QUOTA, {"pods": "ten"}, "a quantity and not negative, such as 500m"),
    (QUOTA, {"pods": "-1"}, "a quantity and not negative"),
    (QUOTA, {"pods": -1}, "a quantity and not negative"),
    (LIMITS, None, "limitRange: Required"),
    (LIMITS, [{"type": "Pod"}], '"Container", "PersistentVolumeClaim"'),
    (LIMITS, [{"type": "Container"}] * 2, "Duplicate value"),
    (LIMITS, [{"type": "PersistentVolumeClaim", "default": {"storage": "1Gi"}}],
     "has only min and max"),
    ("network", None, "spec.network: Required"),
    ("network.ingress.peers", None, "spec.network.ingress.peers: Required"),
    ("network.dns.0", {}, "either ipBlock or selectors"),
    ("network.dns.0.ipBlock", {"cidr": "10.0.0.0/8"}, "either ipBlock or selectors"),
    ("network.dns.1.ipBlock.cidr", "10.0.0.0", "such as 10.0.0.0/8"),
    ("network.internet.0.ipBlock.except", ["0.0.0.0/0"], "a smaller range within cidr"),
    ("network.internet.0.ipBlock.except", ["fc00::/7"], "a smaller range within cidr"),
    ("network.dns.0.podSelector.matchLabels", {"app": ""}, "spec.network.dns[0]"),
    ("cluster", {"defaultStorageClass": ""}, "spec.cluster.defaultStorageClass"),
    ("cluster", {"runtimeClasses": [{"overhead": {}}]}, "runtimeClasses[0].name: Required"),
    ("cluster", {"runtimeClasses": [{"name": "kata"}] * 2}, "Duplicate value"),
    ("cluster", {"runtimeClasses": [{"name": "kata", "overhead": {"cpu": "-1"}}]},
     "a quantity and not negative"),
]


def changed(document, path, value):
    """The document with a value put at a path, or taken away where it is None."""
    document = copy.deepcopy(document)
    *way, last = (int(p) if p.isdigit() else p for p in path.split("."))
    at = document["spec"]
    for step in way:
        at = at[step]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return document


@pytest.mark.parametrize("path, value, message", BAD_POLICIES)
def test_a_bad_policy_is_refused_by_both(stores, tmp_path, path, value, message):
    bad = changed(policy(), path, value)
    refused(apply(stores, bad), message)
    done = decode(tmp_path, bad, store())
    assert done.returncode == 3 and b"policy.yaml: spec" in done.stderr, done.stderr


@pytest.mark.parametrize("path, value", [
    ("owners", None),
    ("provisioning", None),
    ("engines.medusa.podSecurity", None),
    ("engines.medusa.plans", None),
    ("plans.small.limitRange", []),
    (f"{QUOTA}.pods", 15),
    (f"{QUOTA}.pods", "1.5e1"),
    ("network.ingress.peers", []),
    ("network.dns.0.podSelector", {}),
    ("cluster", {"defaultStorageClass": "standard.example", "runtimeClasses": [
        {"name": "kata", "overhead": {"cpu": "250m"}}, {"name": "runc"}]}),
])
def test_a_good_policy_is_taken_by_both(stores, tmp_path, path, value):
    good = changed(policy(), path, value)
    assert apply(stores, good).returncode == 0
    done = decode(tmp_path, good, store())
    assert done.returncode == 0, done.stderr.decode()


# --- the same fields in schema and programs ----------------------------------

LEVELS = ["", "naming", "hosts", "owners", "owners.groups.0", "owners.assigners.0",
          "provisioning",
          "engines.medusa",
          "engines.medusa.components.0", "plans.small", "plans.small.limitRange.0",
          "cluster", "cluster.runtimeClasses.0", "network", "network.ingress", "network.dns.0", "network.dns.0.podSelector",
          "network.dns.0.namespaceSelector", "network.internet.0.ipBlock"]


def known_to_schema(kind, path):
    """Names of the fields at a path below spec."""
    node = schema(kind)["properties"]["spec"]
    for step in path.split(".") if path else []:
        if step.isdigit():
            node = node["items"]
        else:
            node = node.get("properties", {}).get(step) or node["additionalProperties"]
    return set(node["properties"])


def known_to_program(done):
    """The fields that it names when it meets one that it doesn't know."""
    told = re.search(r'has no field "stranger"; it has: (.*)', done.stderr.decode())
    assert told, done.stderr.decode()
    return set(told[1].split(", "))


@pytest.mark.parametrize("path", LEVELS)
def test_schema_and_program_know_the_same_policy(tmp_path, path):
    full = changed(policy(), "owners.groups", [{"group": "agencies", "stores": 50}])
    full = changed(full, "owners.assigners", [{"user": "a", "owners": ["b"]}])
    full = changed(full, "cluster", {"runtimeClasses": [{"name": "kata"}]})
    stranger = changed(full, f"{path}.stranger".lstrip("."), 1)
    assert known_to_schema("storepolicies", path) == known_to_program(
        decode(tmp_path, stranger, store()))


def test_schema_and_program_know_the_same_store(tmp_path):
    assert known_to_schema("stores", "") == known_to_program(
        decode(tmp_path, policy(), store(stranger=1)))


@pytest.mark.parametrize("obj, path", [(store(), "stranger"),
                                       (policy(), "hosts.baseDomains")])
def test_a_field_that_nobody_knows_is_refused(crds, obj, path):
    refused(apply(crds, changed(obj, path, "red")), f'unknown field "spec.{path}"')
