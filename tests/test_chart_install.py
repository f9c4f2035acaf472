"""charts/storeguard as an administrator installs, upgrades and uninstalls it, by both
Helms, on a real API server without a node: pods don't run here (tests/node is for that),
all else is there and holds. What the webhook may do, and what people may."""

import base64
import json
import ssl
import urllib.request

import pytest

from cluster.client import Cluster
from conftest import ROOT, must, refused
from gate import ACCOUNT, CONFIGURATIONS, NAMESPACE, binding, group
from helm import helms  # noqa: F401

CHART = ROOT / "charts" / "storeguard"
KINDS = [f"{kind}.urumi.io" for kind in ("stores", "storepolicies", "storequotas")]
INSTALLS = 20
PART_OF = "app.kubernetes.io/part-of=storeguard"


@pytest.fixture(scope="module")
def bare():
    """A cluster of its own, where a Service without pods is known to have none: it is
    Endpoints that are called, as behind a node's proxy."""
    cluster = Cluster("cluster-chart-test", options=[
        "--flag", "kube-apiserver=--enable-aggregator-routing=true"])
    cluster.up()
    cluster.namespace(NAMESPACE)
    yield cluster
    cluster.down()


@pytest.fixture(scope="module")
def installed(bare, helms):  # noqa: F811
    """With the chart in it; the gate refuses all, since no pod runs."""
    install(bare, helms[4])
    bare.apply(binding("store-users", group("store-owners")) | {
        "roleRef": role_ref("storeguard-store-user")},
               binding("store-administrators", group("store-admins")) | {
        "roleRef": role_ref("storeguard-administrator")})
    yield bare
    bare.must("delete", "clusterrolebinding", "store-users", "store-administrators")
    uninstall(bare, helms[4])
    forget(bare)


@pytest.fixture
def open_door(installed, helms):  # noqa: F811
    """The webhook isn't asked; the API server's own policies hold."""
    upgrade(installed, helms[4], "--set", "webhook.enabled=false")
    installed.wait("no webhook", lambda: create(installed, "probe", "admin",
                                                "--dry-run=server").returncode == 0)
    yield installed
    for name in installed.must("get", "stores", "-o", "name").split():
        installed.must("patch", name, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')
    installed.must("delete", "stores", "--all")


def role_ref(name):
    return {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}


def run(helm, cluster, *args):
    done = helm.run(*args, "-n", NAMESPACE, env=cluster.environment(), timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def install(cluster, helm, *args):
    run(helm, cluster, "install", "storeguard", CHART, *args)


def upgrade(cluster, helm, *args):
    """To these values, with none from before; what it printed."""
    return run(helm, cluster, "upgrade", "storeguard", CHART, "--reset-values", *args)


def uninstall(cluster, helm):
    """Without its Job, which no node would run."""
    run(helm, cluster, "uninstall", "storeguard", "--no-hooks")


def forget(cluster):
    """The kinds, as Helm never does. Of one that was made a moment ago the API server may
    miss that it is to be deleted, until it looks again in five minutes; a change makes
    it look."""
    cluster.must("delete", "crd", *KINDS, "--wait=false")

    def gone():
        left = cluster.must("get", "crd", *KINDS, "-o", "name", "--ignore-not-found").split()
        for name in left:
            cluster.kubectl("annotate", name, "--overwrite", f"look={gone.times}")
        gone.times += 1
        return not left
    gone.times = 0
    cluster.wait("end of the kinds", gone, seconds=30)


def everything(cluster):
    """All objects of all kinds but Events, in words."""
    kinds = [kind for kind in cluster.must("api-resources", "--verbs=list", "-o",
                                           "name").split() if not kind.startswith("event")]
    return {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"])
            for o in cluster.get(",".join(kinds), "-A")["items"]}


def create(cluster, name, user, *args, **metadata):
    return cluster.kubectl("create", "-f", "-", *args, user=user, input=json.dumps({
        "apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name, **metadata},
        "spec": {"engine": "woocommerce", "owner": "alice"}}))


# --- installation ------------------------------------------------------------------


def test_it_installs_every_time_and_leaves_nothing_behind(bare, helms):  # noqa: F811
    before = everything(bare)
    for number in range(INSTALLS):
        helm = helms[3 + number % 2]
        install(bare, helm, "--set", "policy.spec.hosts.baseDomain=shops.example.org")
        assert bare.get("storepolicy", "default")["spec"]["hosts"] == {
            "baseDomain": "shops.example.org", "allowedDomains": [], "deniedDomains": []}
        assert create(bare, "fashion", "admin").stderr.count("validate-store.urumi.io") == 1
        uninstall(bare, helm)
        forget(bare)
        bare.wait("nothing left", lambda: everything(bare) == before, seconds=30)


# --- upgrades ----------------------------------------------------------------------


@pytest.mark.parametrize("major", [3, 4])
def test_an_upgrade_keeps_what_the_webhook_has_put_in(bare, helms, major):  # noqa: F811
    helm, bundle = helms[major], base64.b64encode(b"a bundle").decode()
    install(bare, helm)
    try:
        for kind in CONFIGURATIONS:
            hooks = bare.get(kind, "storeguard")["webhooks"]
            bare.must("patch", kind, "storeguard", "--type=json", "-p", json.dumps([
                {"op": "add", "path": f"/webhooks/{n}/clientConfig/caBundle",
                 "value": bundle} for n in range(len(hooks))]),
                      "--field-manager=storeguard-webhook")
        upgrade(bare, helm, "--set", "webhook.timeoutSeconds=7",
            "--set", "deployment.replicas=3", "--set", "policy.spec.owners.stores=7")
        for kind in CONFIGURATIONS:
            for hook in bare.get(kind, "storeguard")["webhooks"]:
                assert hook["clientConfig"]["caBundle"] == bundle
                assert hook["timeoutSeconds"] == 7
        deployment = bare.get("-n", NAMESPACE, "deployment", "storeguard-webhook")
        assert deployment["spec"]["replicas"] == 3
        assert bare.get("storepolicy", "default")["spec"]["owners"]["stores"] == 7
    finally:
        uninstall(bare, helm)
        forget(bare)


@pytest.mark.parametrize("major", [3, 4])
def test_the_policy_goes_over_to_kubectl_as_the_values_say(bare, helms, major):  # noqa: F811
    helm = helms[major]
    install(bare, helm)
    try:
        edit = ("patch", "storepolicy", "default", "--type=merge", "-p",
                '{"spec": {"owners": {"stores": 50}}}')
        bare.must("annotate", "storepolicy", "default", "helm.sh/resource-policy=keep")
        upgrade(bare, helm, "--set", "policy.create=false")
        bare.must(*edit)
        upgrade(bare, helm, "--set", "policy.create=false",
            "--set", "deployment.replicas=3")
        assert bare.get("storepolicy", "default")["spec"]["owners"]["stores"] == 50
    finally:
        uninstall(bare, helm)
        forget(bare)


# --- as the API server and people see it ------------------------------------------------


@pytest.mark.parametrize("args", [
    [], ["--set", "certificate.mode=secret", "--set", "certificate.secretName=tls", "--set",
         "certificate.clientCAConfigMap=callers", "--set", "webhook.caBundle=QQ==", "--set",
         "metrics.dashboard.enabled=true", "--set", "deployment.priorityClassName=high",
         "--set", "deployment.nodeSelector.a=b", "--set", "imagePullSecrets[0].name=pull",
         "--set", "networkPolicy.apiServerPeers[0].ipBlock.cidr=192.0.2.0/24", "--set-json",
         'deployment.tolerations=[{"key":"a","operator":"Exists"}]']])
def test_the_api_server_knows_every_field(installed, helms, args):  # noqa: F811
    """All of it, hooks included; a field that is misspelt or too new would be refused."""
    done = helms[4].run("template", "storeguard", CHART, "-n", NAMESPACE, *args)
    assert done.returncode == 0, done.stderr.decode()
    said = must(installed.kubectl(
        "apply", "--server-side", "--force-conflicts", "--dry-run=server",
        "--validate=strict", "-f", "-", input=done.stdout.decode()))
    assert "job.batch/storeguard-remove-finalizers serverside-applied" in said
    assert "Warning" not in said


def test_the_api_server_has_nothing_to_say_against_its_policies(installed):
    for item in installed.get("validatingadmissionpolicy", "-l", PART_OF)["items"]:
        installed.wait("type check", lambda name=item["metadata"]["name"]: installed.get(
            "validatingadmissionpolicy", name).get("status", {}).get("typeChecking") == {},
                       seconds=20)


def test_a_second_one_is_refused(installed, helms):  # noqa: F811
    for helm in helms.values():
        done = helm.run("install", "another", CHART, "-n", "default",
                        env=installed.environment(), timeout=60)
        assert done.returncode != 0
        assert b"invalid ownership metadata" in done.stderr, done.stderr.decode()
        helm.run("uninstall", "another", "-n", "default", "--no-hooks",
                 env=installed.environment())


def test_the_notes_say_what_to_do_next(installed, helms):  # noqa: F811
    notes = run(helms[4], installed, "get", "notes", "storeguard")
    assert max(map(len, notes.splitlines())) <= 80
    assert "rollout status deployment/storeguard-webhook" in notes
    assert "WARNING" in notes and "shops.example.com" in notes
    done = upgrade(installed, helms[4], "--dry-run=server",
               "--set", "policy.spec.hosts.baseDomain=shops.example.org")
    assert "WARNING" not in done
    done = upgrade(installed, helms[4], "--dry-run=server", "--set", "deployment.enabled=false",
                   "--set", "policy.spec.hosts.baseDomain=shops.example.org")
    assert "WARNING" in done and "or set webhook.url" in done


# --- what the webhook may do -----------------------------------------------------------


def may(cluster, verb, what, *args, user="admin"):
    """Whether it is granted; a subresource is written as in RBAC: pods/exec."""
    resource, _, sub = what.partition("/")
    said = cluster.kubectl("auth", "can-i", verb, resource, f"--subresource={sub}", *args,
                           user=user).stdout.strip()
    assert said in ("yes", "no"), said
    return said == "yes"


def granted(cluster, namespace, account=ACCOUNT):
    """What the account may do there and other service accounts may not: resources with
    names (none: all), and verbs."""
    def rows(user):
        text = cluster.must("auth", "can-i", "--list", "--no-headers", "-n", namespace,
                            f"--as={user}", "--as-group=system:serviceaccounts",
                            "--as-group=system:authenticated")
        return {tuple(line.replace("[]", "").split()) for line in text.splitlines()}
    return {" ".join(row) for row in rows(account) - rows(
        "system:serviceaccount:default:another")}


EVERYWHERE = {
    "stores.urumi.io [get list watch patch]",
    "stores.urumi.io/status [patch]",
    "storepolicies.urumi.io [get list watch]",
    "storepolicies.urumi.io/status [default] [patch]",
    "storequotas.urumi.io [get list watch create delete]",
    "storequotas.urumi.io/status [update]",
    "subjectaccessreviews.authorization.k8s.io [create]",
    "mutatingwebhookconfigurations.admissionregistration.k8s.io [storeguard] [get patch]",
    "validatingwebhookconfigurations.admissionregistration.k8s.io [storeguard] [get patch]",
    "namespaces [get list watch patch]",
    "namespaces [store-storeguard-asks-whether-the-gate-is-asked] [create patch]",
    "deployments.apps [list watch]", "statefulsets.apps [list watch]",
    "daemonsets.apps [list watch]", "jobs.batch [list watch]", "pods [list watch]",
    "resourcequotas [list watch]", "limitranges [list watch]",
    "networkpolicies.networking.k8s.io [list watch]",
    "ingresses.networking.k8s.io [list watch]",
}
IN_ITS_OWN = {
    "events [list]",
    "secrets [create]", "secrets [storeguard-webhook-tls] [get watch patch]",
    "secrets [storeguard-webhook-path] [get patch]",
    "leases.coordination.k8s.io [create]",
    "leases.coordination.k8s.io [storeguard-webhook] [get update]",
}


@pytest.mark.parametrize("namespace, more", [
    (NAMESPACE, IN_ITS_OWN), ("default", {"events [list create]"}),
    ("kube-system", {"events [list]"})])
def test_the_webhook_may_do_this_and_nothing_else(installed, namespace, more):
    assert granted(installed, namespace) == EVERYWHERE | more


@pytest.mark.parametrize("verb, what", [
    ("list", "secrets"), ("get", "secrets"), ("list", "configmaps"), ("create", "pods"),
    ("create", "pods/exec"), ("delete", "namespaces"), ("create", "namespaces"),
    ("delete", "stores"), ("create", "stores"), ("update", "stores"), ("assign", "stores"),
    ("update", "storequotas"), ("create", "storepolicies"),
    ("impersonate", "users"), ("escalate", "clusterroles"), ("bind", "clusterroles"),
    ("create", "clusterrolebindings"), ("delete", "validatingwebhookconfigurations"),
    ("create", "serviceaccounts/token"), ("get", "nodes")])
def test_what_would_be_dear_is_not_granted(installed, verb, what):
    for namespace in ("kube-system", "store-fashion"):
        assert not may(installed, verb, what, "-n", namespace, f"--as={ACCOUNT}")


def test_its_requests_have_a_level_of_their_own(installed):
    """Else they wait behind those that wait for them."""
    token = installed.must("-n", NAMESPACE, "create", "token", "storeguard")
    config = json.loads(installed.state.kubeconfig().read_text())
    server = config["clusters"][0]["cluster"]["server"]
    authority = config["clusters"][0]["cluster"]["certificate-authority"]
    asked = urllib.request.Request(f"{server}/api/v1/namespaces",
                                   headers={"Authorization": f"Bearer {token}"})
    context = ssl.create_default_context(cafile=authority)
    with urllib.request.urlopen(asked, timeout=10, context=context) as answer:
        for kind, header in (("flowschema", "FlowSchema"),
                             ("prioritylevelconfiguration", "PriorityLevel")):
            assert answer.headers[f"X-Kubernetes-PF-{header}-UID"] == installed.get(
                kind, "storeguard")["metadata"]["uid"]


# --- what people may -------------------------------------------------------------------


def test_a_user_of_stores_and_an_administrator(installed):
    both = [("get", "stores"), ("watch", "stores"), ("create", "stores"),
            ("patch", "stores"), ("delete", "stores"), ("get", "storepolicies"),
            ("list", "storequotas")]
    administrators = [("assign", "stores"), ("update", "storepolicies"),
                      ("create", "storequotas"), ("delete", "storequotas")]
    nobody = [("update", "stores/status"), ("update", "storequotas/status"),
              ("get", "secrets"), ("create", "namespaces")]
    for verb, what in both:
        assert may(installed, verb, what, user="alice") and may(installed, verb, what, user="dora")
    for verb, what in administrators:
        assert not may(installed, verb, what, user="alice"), f"alice may {verb} {what}"
        assert may(installed, verb, what, user="dora"), f"dora may not {verb} {what}"
    for verb, what in nobody:
        assert not may(installed, verb, what, user="alice"), f"alice may {verb} {what}"
        assert not may(installed, verb, what, user="dora"), f"dora may {verb} {what}"


@pytest.mark.parametrize("role, allowed, denied", [
    ("view", ("list", "stores"), ("create", "stores")),
    ("edit", ("create", "stores"), ("update", "storepolicies")),
    ("admin", ("assign", "stores"), ("update", "storequotas/status"))])
def test_kubernetes_own_roles_have_them_too(installed, role, allowed, denied):
    installed.apply(binding("for-a-while", group("people")) | {"roleRef": role_ref(role)})
    people = ("--as=someone", "--as-group=people")

    try:
        installed.wait(f"{role} to be aggregated",
                       lambda: may(installed, *allowed, *people), seconds=20)
        assert not may(installed, *denied, *people)
    finally:
        installed.must("delete", "clusterrolebinding", "for-a-while")


OURS = "urumi.io/namespace"


def take_off(cluster, *args, user="admin", finalizers=None):
    return cluster.kubectl("patch", "store", "fashion", "--type=merge", "-p", json.dumps(
        {"metadata": {"finalizers": finalizers}}), *args, user=user)


def test_owners_do_not_take_the_finalizer_off(open_door):
    must(create(open_door, "fashion", "alice", finalizers=[OURS, "example.com/a"]))
    for finalizers in (None, [], ["example.com/a"]):
        refused(take_off(open_door, user="alice", finalizers=finalizers),
                'the finalizer "urumi.io/namespace" of Store "fashion" holds its name until '
                'namespace "store-fashion" is gone', 'you are "alice"')
    must(take_off(open_door, user="alice", finalizers=[OURS]))
    must(open_door.kubectl("label", "store", "fashion", "a=b", user="alice"))
    must(open_door.kubectl("delete", "store", "fashion", "--wait=false", user="alice"))
    refused(take_off(open_door, user="alice"), "holds its name")
    must(open_door.kubectl("label", "store", "fashion", "a-", user="alice"))
    assert open_door.get("store", "fashion")["metadata"]["finalizers"] == [OURS]


def test_the_webhook_and_who_may_assign_do(open_door):
    for args in ([f"--as={ACCOUNT}"], []):
        must(create(open_door, "fashion", "alice", finalizers=[OURS]))
        must(open_door.kubectl("delete", "store", "fashion", "--wait=false", user="alice"))
        if args:
            must(take_off(open_door, *args))
        else:
            must(take_off(open_door, user="dora"))
        assert open_door.kubectl("get", "store", "fashion").returncode != 0


def test_the_webhook_is_not_asked_about_its_own_finalizers(installed, helms):  # noqa: F811
    """Nobody answers here, so what is asked about is refused."""
    upgrade(installed, helms[4], "--set", "webhook.enabled=false")
    installed.wait("no webhook", lambda: create(installed, "fashion", "alice").returncode == 0)
    upgrade(installed, helms[4])
    installed.wait("webhook", lambda: "validate-store" in create(
        installed, "probe", "admin", "--dry-run=server").stderr)
    refused(take_off(installed, user="dora", finalizers=[OURS]), "validate-store.urumi.io")
    must(take_off(installed, f"--as={ACCOUNT}", finalizers=[OURS]))
    refused(installed.kubectl("patch", "store", "fashion", "--type=merge", "-p",
                              '{"spec": {"plan": "large"}}', f"--as={ACCOUNT}"),
            "storeguard-account-stores")
    refused(take_off(installed, f"--as={ACCOUNT}"), "storeguard-account-stores")
    installed.must("delete", "store", "fashion", "--wait=false")
    must(take_off(installed, f"--as={ACCOUNT}"))
