"""Who may delete a Store, and when, on a real API server: held by the API server
itself, with no webhook there. Users are real, with what RBAC gives their groups."""

import json

import pytest

from conftest import ROOT, refused
from helm import helms  # noqa: F401

CHART = ROOT / "charts" / "storeguard"
STORES = "/apis/urumi.io/v1/stores"


def role(name, group, verbs, **rule):
    kind = {"apiGroup": "rbac.authorization.k8s.io"}
    return [
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
         "metadata": {"name": name}, "rules": [
             {"apiGroups": ["urumi.io"], "resources": ["stores"], "verbs": verbs,
              **rule}]},
        {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRoleBinding",
         "metadata": {"name": name}, "roleRef": {**kind, "kind": "ClusterRole",
                                                 "name": name},
         "subjects": [{**kind, "kind": "Group", "name": group}]}]


EVERYTHING = ["get", "list", "watch", "create", "update", "patch", "delete",
              "deletecollection"]
ROLES = [*role("test-store-owners", "store-owners", EVERYTHING),
         *role("test-store-admins", "store-admins", [*EVERYTHING, "assign"]),
         # one store only: carol looks after it
         *role("test-agencies", "agencies", ["assign"], resourceNames=["fashion"])]


NAMESPACES = role("test-namespaces", "store-owners", [])
NAMESPACES[0]["rules"] = [{"apiGroups": [""], "resources": ["namespaces"],
                           "verbs": ["get", "update", "patch"]}]
SUBRESOURCES = role("test-namespaces", "store-owners", [])
SUBRESOURCES[0]["rules"] = [{"apiGroups": [""], "verbs": ["get", "update", "patch"],
                             "resources": ["namespaces", "namespaces/status",
                                           "namespaces/finalize"]}]


def store(name="fashion", owner="alice", **spec):
    return {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
            "spec": {"engine": "woocommerce", "owner": owner, **spec}}


def upgrade(cluster, helm, *args):
    """The chart without a webhook, with these values and none from before."""
    done = helm.run("upgrade", "--install", "storeguard", CHART, "-n", "default",
                    "--reset-values", "--set", "deployment.enabled=false", "--set",
                    "policy.create=false", "--set", "webhook.enabled=false", *args,
                    env=cluster.environment())
    assert done.returncode == 0, done.stderr.decode()


def delete(cluster, name="fashion", user="admin", *args):
    return cluster.kubectl("delete", "store", name, "--timeout=20s", *args, user=user)


def protect(cluster, on, user="admin", name="fashion"):
    return cluster.kubectl("patch", "store", name, "--type=merge", "-p", json.dumps(
        {"spec": {"deletionProtection": on}}), user=user)


def names(cluster):
    return cluster.must("get", "stores", "-o", "name").split()


@pytest.fixture(scope="module")
def guarded(cluster, helms):  # noqa: F811
    """A cluster with the chart; what it refuses takes a moment to be known."""
    upgrade(cluster, helms[4])
    cluster.must("wait", "--for=condition=Established", "crd", "stores.urumi.io",
                 "storequotas.urumi.io", "--timeout=30s")
    cluster.apply(*ROLES)
    cluster.wait("Stores in the API", lambda: cluster.kubectl(
        "get", "stores").returncode == 0)
    cluster.apply(store("probe", deletionProtection=True))
    cluster.wait("policy in force", lambda: "is protected" in delete(
        cluster, "probe", "admin", "--dry-run=server").stderr)
    protect(cluster, False, name="probe")
    cluster.must("delete", "store", "probe")
    yield cluster
    helms[4].run("uninstall", "storeguard", "-n", "default", env=cluster.environment())
    cluster.must("delete", "clusterrole,clusterrolebinding", "test-store-owners",
                 "test-store-admins", "test-agencies", "test-namespaces",
                 "--ignore-not-found")


@pytest.fixture
def stores(guarded):
    """Empty at the end."""
    yield guarded
    for name in names(guarded):
        guarded.must("patch", name, "--type=merge", "-p",
                     '{"spec": {"deletionProtection": false}}')
        guarded.must("delete", name)


def test_an_owner_deletes_their_own(stores):
    stores.apply(store())
    assert delete(stores, user="alice").stdout == 'store.urumi.io "fashion" deleted\n'


def test_another_owner_does_not_and_reads_why(stores):
    stores.apply(store())
    done = delete(stores, user="bob")
    assert done.stderr == (
        'Error from server (Forbidden): stores.urumi.io "fashion" is forbidden: '
        "ValidatingAdmissionPolicy 'storeguard-store-deletion' with binding "
        "'storeguard-store-deletion' denied request: "
        'Store "fashion" belongs to "alice": only its owner can delete it, or who may '
        '"assign" stores.urumi.io; you are "bob"\n')
    assert names(stores) == ["store.urumi.io/fashion"]


@pytest.mark.parametrize("user", ["dora", "admin"])
def test_who_may_assign_deletes(stores, user):
    stores.apply(store())
    assert delete(stores, user=user).returncode == 0


def test_assigning_one_store_is_not_assigning_another(stores):
    stores.apply(store(), store("books"))
    refused(delete(stores, "books", user="carol"), 'you are "carol"')
    assert delete(stores, "fashion", user="carol").returncode == 0


@pytest.mark.parametrize("user", ["alice", "dora", "admin"])
def test_protection_binds_everybody_and_says_how_to_go_on(stores, user):
    stores.apply(store(deletionProtection=True))
    refused(delete(stores, user=user), 'Store "fashion" is protected from deletion',
            "kubectl patch store fashion --type=merge -p "
            """'{"spec":{"deletionProtection":false}}'""")
    refused(delete(stores, "fashion", user, "--force", "--grace-period=0"),
            "is protected")
    assert protect(stores, False, user).returncode == 0
    assert delete(stores, user=user).returncode == 0


MARK = "urumi.io/deletion-protection"


def test_a_protected_stores_namespace_stays_too(stores):
    """That is, one with the mark, which the leader gives (test_status.py)."""
    for name in ("store-fashion", "store-books", "shop"):
        stores.must("create", "namespace", name)
        if name != "store-books":
            stores.must("label", "namespace", name, f"{MARK}=true")
    # which is in force at once, whenever the API server has started
    refused(stores.kubectl("delete", "namespace", "store-fashion", "--wait=false"),
            'namespaces "store-fashion" is forbidden', 'holds the shop of Store "fashion", '
            "which is protected from deletion", "kubectl patch store "
            """fashion --type=merge -p '{"spec":{"deletionProtection":false}}'""")
    stores.must("delete", "namespace", "store-books", "shop", "--wait=false")
    # who may edit namespaces can't take it off
    stores.apply(*NAMESPACES)
    for change in (f"{MARK}-", f"{MARK}=false"):
        refused(stores.kubectl("label", "--overwrite", "namespace", "store-fashion", change,
                               user="bob"), f"label {MARK} goes by itself", 'you are "bob"')
    assert stores.kubectl("label", "namespace", "store-fashion", "a=b",
                          user="bob").returncode == 0
    stores.apply(*SUBRESOURCES)
    for way in ("status", "finalize"):
        unmarked = stores.get("namespace", "store-fashion")
        del unmarked["metadata"]["labels"][MARK]
        refused(stores.kubectl("replace", "--raw", f"/api/v1/namespaces/store-fashion/{way}",
                               "-f", "-", input=json.dumps(unmarked), user="bob"),
                f"label {MARK} goes by itself")
    stores.must("label", "namespace", "store-fashion", f"{MARK}-")
    stores.must("delete", "namespace", "store-fashion", "--wait=false")


def test_the_webhook_changes_no_more_of_namespaces(stores):
    account = ("--as=system:serviceaccount:default:storeguard",
               "--as-group=system:serviceaccounts")
    stores.must("create", "namespace", "store-toys")

    def patch(name, change):
        return stores.kubectl("patch", "namespace", name, "--type=merge", "-p",
                              json.dumps(change), *account)
    for value in ("true", None):
        assert patch("store-toys",
                     {"metadata": {"labels": {MARK: value}}}).returncode == 0
    for name, change in (
            ("default", {"metadata": {"labels": {MARK: "true"}}}),
            ("store-toys", {"metadata": {"labels": {"a": "b"}}}),
            ("store-toys", {"metadata": {"labels": {
                "pod-security.kubernetes.io/enforce": "privileged"}}}),
            ("store-toys", {"metadata": {"annotations": {"a": "b"}}}),
            ("store-toys", {"metadata": {"finalizers": ["example.com/x"]}})):
        refused(patch(name, change), "the webhook changes nothing but label")
    # and makes none, though it may try one
    probe = "store-storeguard-asks-whether-the-gate-is-asked"
    manifest = json.dumps({"apiVersion": "v1", "kind": "Namespace",
                           "metadata": {"name": probe}})
    apply = ("apply", "--server-side", "-f", "-", *account)
    refused(stores.kubectl(*apply, input=manifest), "makes no namespace")
    assert stores.kubectl(*apply, "--dry-run=server", input=manifest).returncode == 0
    refused(stores.kubectl("create", "namespace", "other", "--dry-run=server", *account),
            "cannot create resource")
    stores.must("delete", "namespace", "store-toys", "--wait=false")


@pytest.mark.parametrize("label", ["control-plane", "kubernetes.azure.com/managedby"])
def test_labels_that_others_leave_out_are_refused(stores, label):
    def make(name):
        return stores.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps({
            "apiVersion": "v1", "kind": "Namespace",
            "metadata": {"name": name, "labels": {label: "x"}}}))
    refused(make("store-fashion"), f"with label {label} the webhook", "leave it out")
    assert make("fashion").returncode == 0


def test_protection_is_switched_off_by_whom_it_belongs_to(stores):
    stores.apply(store(deletionProtection=True))
    refused(protect(stores, False, "bob"), 'Store "fashion" belongs to "alice": only its '
            "owner can switch its deletionProtection off")
    # nor by leaving it out, nor while making it one's own
    for change in ([{"op": "remove", "path": "/spec/deletionProtection"}],
                   [{"op": "replace", "path": "/spec/owner", "value": "bob"},
                    {"op": "replace", "path": "/spec/deletionProtection",
                     "value": False}]):
        refused(stores.kubectl("patch", "store", "fashion", "--type=json", "-p",
                               json.dumps(change), user="bob"), 'you are "bob"')
    assert protect(stores, False, "alice").returncode == 0


def test_a_collection_is_deleted_store_by_store(stores):
    stores.apply(store(), store("books", "bob"), store("cakes", "bob",
                                                      deletionProtection=True))
    refused(stores.kubectl("delete", "--raw", STORES, user="alice"),
            'belongs to "bob"')
    assert {"store.urumi.io/books", "store.urumi.io/cakes"} <= set(names(stores))
    refused(stores.kubectl("delete", "--raw", STORES, user="dora"), "is protected")
    assert "store.urumi.io/cakes" in names(stores)
    stores.apply(store())
    mine = f"{STORES}?fieldSelector=spec.owner%3Dalice"
    assert stores.kubectl("delete", "--raw", mine, user="alice").returncode == 0
    assert "store.urumi.io/fashion" not in names(stores)


def test_all_of_them_as_people_say_it(stores):
    stores.apply(store(), store("books", "bob"))
    refused(stores.kubectl("delete", "stores", "--all", user="alice"),
            'Store "books" belongs to "bob"')  # and her own is gone
    assert names(stores) == ["store.urumi.io/books"]


def test_the_impersonated_user_counts(stores):
    stores.apply(store())
    refused(delete(stores, "fashion", "admin", "--as=bob", "--as-group=store-owners"),
            'you are "bob"')
    assert delete(stores, "fashion", "admin", "--as=alice",
                  "--as-group=store-owners").returncode == 0


def test_a_dry_run_is_refused_alike(stores):
    stores.apply(store())
    refused(delete(stores, "fashion", "bob", "--dry-run=server"), 'belongs to "alice"')
    assert delete(stores, "fashion", "alice", "--dry-run=server").returncode == 0
    assert names(stores) == ["store.urumi.io/fashion"]


def test_a_quota_in_use_stays(stores):
    quota = {"apiVersion": "urumi.io/v1", "kind": "StoreQuota",
             "metadata": {"name": "alice"}, "spec": {"owner": "alice"}}
    stores.apply(quota)

    def count(*entries):
        stores.must("patch", "storequota", "alice", "--subresource=status",
                    "--type=merge", "-p", json.dumps({"status": {
                        "used": len(entries), "entries": [
                            {"name": name, "reservation": 1} for name in entries]}}))

    for entries, counted in ((["fashion"], '1 Store of "alice"'),
                             (["books", "fashion"], '2 Stores of "alice"')):
        count(*entries)
        done = stores.kubectl("delete", "storequota", "alice")
        refused(done, f'StoreQuota "alice" counts {counted}, who could then have as many '
                "again; delete those Stores first")
        refused(stores.kubectl("delete", "--raw", "/apis/urumi.io/v1/storequotas"),
                counted)
    count()
    stores.must("delete", "storequota", "alice")


def test_it_holds_while_the_webhook_is_down(stores, helms):  # noqa: F811
    """Nothing listens where the webhook should be."""
    stores.apply(store(), store("books", deletionProtection=True))
    upgrade(stores, helms[4], "--set", "webhook.enabled=true",
            "--set", "webhook.url=https://127.0.0.1:1", "--set", "webhook.timeoutSeconds=1")
    try:
        stores.wait("webhook configuration in force", lambda: "validate-store.urumi.io" in
                    stores.kubectl("create", "--dry-run=server", "-f", "-",
                                   input=json.dumps(store("cakes"))).stderr)
        refused(stores.kubectl("create", "-f", "-", input=json.dumps(store("cakes"))),
                'failed calling webhook "validate-store.urumi.io"')
        refused(protect(stores, False, name="books"), "failed calling webhook")
        refused(stores.kubectl("create", "namespace", "store-cakes"),
                'failed calling webhook "validate-namespace.urumi.io"')
        stores.must("create", "namespace", "storekeepers")
        stores.must("label", "namespace", "storekeepers", "a=b")
        policy = ROOT / "common" / "default-policy.yaml"
        stores.must("apply", "-f", policy)
        refused(delete(stores, "books"), "is protected")
        refused(delete(stores, user="bob"), 'belongs to "alice"')
        assert delete(stores, user="alice").returncode == 0
        stores.must("delete", "-f", policy)
        stores.must("delete", "namespace", "storekeepers", "--wait=false")
    finally:
        upgrade(stores, helms[4])
        stores.wait("no webhook configuration", lambda: stores.kubectl(
            "create", "--dry-run=server", "-f", "-",
            input=json.dumps(store("cakes"))).returncode == 0)
