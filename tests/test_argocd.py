"""From a Store in Git to a shop, and back, by Argo CD itself: its controllers and plugin
server on a real API server with the gate, and a Git repository."""

import base64
import json
import time

import pytest

from argocd import NAMESPACE, is_synced, opened
from helm import by_name, helms, is_guard, load  # noqa: F401
from shop import Shop

LABELS = "pod-security.kubernetes.io/"
ODD = "Cash $HOME & $ARGOCD_APP_NAME $$ \u00fc 'x' \"y\" {{ .name }}"


@pytest.fixture(scope="module")
def argo(helms):  # noqa: F811
    with opened(helms[3], "cluster-argocd-test") as argo:
        argo.git.push(fashion=store("fashion", displayName=ODD, plan="small"),
                      books=store("books", engine="medusa", plan="medium"))
        argo.pushed = time.monotonic()
        argo.add_stores()
        for name in ("store-fashion", "store-books"):
            argo.wait_synced(name)
        argo.took = time.monotonic() - argo.pushed
        yield argo


@pytest.fixture
def shop(argo):
    """By its name, of any Store."""
    return lambda name: Shop(argo.gate, name)


def store(name, engine="woocommerce", owner="alice", **spec):
    return {"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {"name": name},
            "spec": {"engine": engine, "owner": owner, **spec}}


def message(app):
    """What the last sync of an Application says."""
    return app.get("status", {}).get("operationState", {}).get("message", "")


def password(shop):
    """All that is secret of a shop."""
    return shop.items("secrets")[0]["data"]


def uids(argo, *kinds):
    """Of all objects of these kinds of all shops."""
    return {(o["kind"], o["metadata"]["name"]): o["metadata"]["uid"]
            for kind in kinds for o in argo.cluster.get(kind, "-A")["items"]
            if o["metadata"].get("namespace", "store-").startswith(("store-", NAMESPACE))}


# --- from Git to a shop --------------------------------------------------------------


def test_stores_of_one_commit_become_shops(argo, shop):
    print(f"\n{argo.took:.1f} s from the commit to two shops, synced")
    assert argo.took < 60
    for name, plan, pods in (("fashion", "small", "15"), ("books", "medium", "25")):
        it = shop(name)
        namespace = argo.cluster.get("namespace", it.namespace)
        labels = namespace["metadata"]["labels"]
        assert {labels[f"{LABELS}{mode}"] for mode in ("enforce", "warn", "audit")} == {
            "restricted"}
        assert labels["urumi.io/plan"] == plan
        quota, = it.items("resourcequotas")
        assert quota["spec"]["hard"]["pods"] == pods
        assert len(it.items("limitranges")) == 1
        assert {"storeguard-default-deny", "storeguard-web", "storeguard-dns"} <= {
            p["metadata"]["name"] for p in it.items("networkpolicies")}
        assert it.items("deployments") and it.items("statefulsets")
        assert it.items("jobs") and len(it.items("secrets")) == 1
    assert argo.cluster.get("store", "fashion")["spec"]["displayName"] == ODD
    titles = [e["value"] for d in shop("fashion").items("jobs")
              for c in d["spec"]["template"]["spec"]["containers"]
              for e in c["env"] if "Cash" in e.get("value", "")]
    assert titles == [ODD.replace("$", "$$")]  # as Kubernetes wants it


def test_ready_shops_make_the_teams_application_healthy(argo, shop):
    def health(name):
        return argo.application(name)["status"]["health"]["status"]
    assert health("stores") == "Progressing"
    for name in ("fashion", "books"):
        it = shop(name)
        it.come_up()
        it.wait_for("Ready")
    argo.wait_for("stores", "health",
                  lambda app: app["status"]["health"]["status"] == "Healthy")


def test_a_second_rendering_is_the_same_to_the_byte(argo, shop):
    for name in ("fashion", "books"):
        first, second = argo.render(f"store-{name}"), argo.render(f"store-{name}")
        assert first == second
        objects = by_name(load(first))
        (secret,) = [o for o in objects.values() if o["kind"] == "Secret"]
        assert password(shop(name)) == secret.get("data") or all(
            base64.b64decode(password(shop(name))[key]).decode() == text
            for key, text in secret.get("stringData", {}).items())
        assert sum(map(is_guard, objects.values())) > 8


@pytest.mark.parametrize("settings", [
    {"tracking": "label"}, {"annotations": {
        "argocd.argoproj.io/compare-options": "ServerSideDiff=true"}}, {}],
    ids=["label-tracking", "server-side-diff", "default"])
def test_what_is_synced_stays_so(argo, settings):
    names = ("stores", "store-fashion", "store-books")
    argo.configure(**{"application.resourceTrackingMethod": settings.get("tracking")})
    notes = settings.get("annotations", {"argocd.argoproj.io/compare-options": None})
    for name in names:
        argo.patch("application", name, metadata={"annotations": notes})
    argo.refresh(*names, kind="hard")  # by another method, all may be written once
    for name in names:
        argo.wait_synced(name)
    before = {name: argo.application(name)["status"]["operationState"] for name in names}
    argo.refresh(*names, kind="hard")
    for name in names:
        app = argo.wait_synced(name)
        assert not app["status"].get("conditions"), app["status"]["conditions"]
        assert app["status"]["operationState"] == before[name]
    if "tracking" in settings:
        labels = argo.cluster.get("namespace", "store-books")["metadata"]["labels"]
        assert labels["app.kubernetes.io/instance"] == "store-books"


# --- refusals ------------------------------------------------------------------------


def test_a_refused_store_is_a_failed_sync_and_the_others_are_not(argo):
    argo.push(garden=store("garden"), bad=store("paypa1-shop", plan="huge"))
    app = argo.wait_for("stores", "refusal", lambda app: "paypa1-shop" in message(app))
    print("\n" + app["status"]["operationState"]["message"])
    for said in ("one or more objects failed to apply", "metadata.name: ", "paypal",
                 "spec.plan: there is no plan \"huge\"; one of: small, medium, large"):
        assert said in app["status"]["operationState"]["message"]
    found = {r["name"]: r for r in app["status"]["operationState"]["syncResult"]["resources"]}
    assert found["paypa1-shop"]["status"] == "SyncFailed"
    assert "there is no plan" in found["paypa1-shop"]["message"]
    assert found["garden"]["status"] == "Synced"
    argo.wait_synced("store-garden")
    # while the failed one is still being tried again
    fixed = argo.push("Another name", bad=store("penny-shop"))
    argo.wait_synced("stores", fixed)
    argo.wait_synced("store-penny-shop")


def test_another_plan_changes_the_guards_and_another_engine_is_refused(argo, shop):
    it, kinds = shop("fashion"), ("secrets", "persistentvolumeclaims", "namespaces")
    before, secret = uids(argo, *kinds), password(it)

    def pods():
        return it.items("resourcequotas")[0]["spec"]["hard"]["pods"]
    grown = argo.push("More room", fashion=store("fashion", displayName=ODD, plan="medium"))
    argo.cluster.wait("larger quota", lambda: pods() == "25", seconds=40)
    argo.wait_synced("store-fashion")
    assert uids(argo, *kinds) == before and password(it) == secret
    refused = argo.push("Other engine", fashion=store("fashion", engine="medusa"))
    app = argo.wait_for("stores", "refusal", lambda app: "engine" in message(app))
    print("\n" + app["status"]["operationState"]["message"])
    argo.git.revert(refused)
    # what a Store doesn't say stays as it was: its file says the plan, before and after
    back = argo.git.revert(grown)
    argo.refresh("stores")
    argo.wait_synced("stores", back)
    argo.cluster.wait("quota as it was", lambda: pods() == "15", seconds=40)
    assert uids(argo, *kinds) == before and password(it) == secret


def test_a_change_of_a_chart_reaches_its_shops(argo, shop):
    (argo.git.work / "charts/medusa/templates/more.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: more}\n")
    commit = argo.push("More")
    argo.refresh("store-books", "store-fashion")
    argo.wait_for("store-books", "sync of the change", lambda app: is_synced(app) and [
        o for o in shop("books").items("configmaps") if o["metadata"]["name"] == "more"])
    argo.wait_synced("store-fashion", commit)
    argo.git.revert(commit)
    argo.refresh("store-books")
    argo.wait_for("store-books", "sync of the revert", lambda app: is_synced(app) and not [
        o for o in shop("books").items("configmaps") if o["metadata"]["name"] == "more"])


def test_a_shop_that_does_not_fit_says_why_and_no_secrets(argo, shop):
    values = {"database": {"storage": "900Gi"}}
    argo.push("Plenty", garden=store("garden", values=values))

    def complaint(app):
        return [c["message"] for c in app["status"].get("conditions", [])
                if c["type"] == "ComparisonError"]
    app = argo.wait_for("store-garden", "error", complaint)
    said, = complaint(app)
    print("\n" + said)
    assert "requests.storage" in said and "900Gi" in said and "storeguard-render" in said
    seen = json.dumps(app) + argo.processes["cmp-server"].said()
    for secret in (*password(shop("garden")).values(), (argo.folder / "seed-key").read_text()):
        assert secret not in seen
        assert base64.b64encode(secret.encode()).decode() not in seen
    argo.push("Less", garden=store("garden"))
    argo.wait_for("store-garden", "recovery", lambda app: is_synced(app) and
                  not complaint(app))


@pytest.fixture
def team(argo):
    """Argo CD syncs its Applications by an account of its own, which may act for it alone."""
    account = {"name": "team-a", "namespace": NAMESPACE}
    rbac = "rbac.authorization.k8s.io"
    objects = [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account},
        *({"apiVersion": f"{rbac}/v1", "kind": "ClusterRoleBinding",
           "metadata": {"name": f"team-a-{role}"},
           "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
           "subjects": [{"kind": "ServiceAccount", **account}]}
          for role in ("storeguard-store-user", "store-assigner"))]
    argo.cluster.apply(*objects, namespace=NAMESPACE)
    policy = json.loads((argo.gate.folder / "policy.yaml").read_text())
    policy["spec"]["owners"]["assigners"] = [
        {"user": f"system:serviceaccount:{NAMESPACE}:team-a", "owners": ["anna", "team-a-*"]}]
    argo.cluster.apply(policy)
    argo.configure(**{"application.sync.impersonation.enabled": "true"})
    argo.add_project("team-a", account="team-a")
    yield "team-a"
    argo.configure(**{"application.sync.impersonation.enabled": None})
    argo.cluster.must("-n", NAMESPACE, "delete", "appproject", "team-a")
    argo.cluster.must("delete", "storepolicy", "default")


def test_one_teams_application_makes_no_stores_for_anothers_owners(argo, team):
    argo.git.push(folder=team, hats=store("hats", owner="anna"),
                  loot=store("loot", owner="alice"))
    argo.add_stores(team, path=team, project=team)
    said = message(argo.wait_for(team, "refusal", lambda app: "loot" in message(app)))
    print("\n" + said)
    assert 'spec.owner: you are "system:serviceaccount:argocd:team-a", who may not act ' \
        'for "alice"' in said, said
    assert argo.cluster.get("store", "hats")["spec"]["owner"] == "anna"
    assert argo.cluster.kubectl("get", "store", "loot").returncode != 0
    # nor does it take one that is there
    argo.git.push(folder=team, loot=None, books=store("books", owner="anna", engine="medusa"))
    argo.refresh(team)
    argo.wait_for(team, "refusal", lambda app:
                  'Store "books" belongs to "alice", for whom' in message(app))
    assert argo.cluster.get("store", "books")["spec"]["owner"] == "alice"
    argo.git.push(folder=team, books=None)
    argo.refresh(team)
    argo.wait_synced(team)
    argo.cluster.must("-n", NAMESPACE, "delete", "application", team)
    argo.wait_synced("store-hats")  # shops are nobody's team's
    argo.cluster.must("delete", "store", "hats", "--timeout=90s")
    argo.cluster.wait("end of hats", lambda: not argo.application("store-hats"), seconds=60)


# --- what goes wrong -----------------------------------------------------------------


def test_a_protected_store_whose_file_goes_holds_up_the_others_unless_told(argo):
    def title():
        return argo.cluster.get("store", "books")["spec"]["displayName"]
    argo.push(safe=store("safe", owner="bob", deletionProtection=True))
    argo.wait_synced("store-safe")
    before = title()
    argo.push("No more", safe=None, books=store("books", engine="medusa", plan="medium",
                                                displayName="Other books"))
    said = message(argo.wait_for("stores", "refusal", lambda app: "safe" in message(app)))
    print("\n" + said)
    assert 'Store "safe" is protected from deletion' in said and title() == before
    argo.cluster.must("annotate", "store", "safe",
                      "argocd.argoproj.io/sync-options=Prune=false")
    argo.cluster.wait("change of the other", lambda: title() == "Other books", seconds=60)
    assert "deletionTimestamp" not in argo.cluster.get("store", "safe")["metadata"]
    argo.cluster.must("patch", "store", "safe", "--type=merge", "-p",
                      '{"spec": {"deletionProtection": false}}')
    argo.cluster.must("delete", "store", "safe", "--timeout=90s")
    argo.wait_synced("stores")


def test_a_guard_that_is_deleted_or_changed_comes_back(argo, shop):
    it = shop("books")
    it.must("patch", "resourcequota", "storeguard", "--type=merge", "-p",
            '{"spec": {"hard": {"pods": "999"}}}')
    it.must("delete", "networkpolicy", "storeguard-default-deny")
    argo.cluster.wait("guards as they were", lambda: "storeguard-default-deny" in [
        p["metadata"]["name"] for p in it.items("networkpolicies")] and it.items(
            "resourcequotas")[0]["spec"]["hard"]["pods"] == "25", seconds=40)


def applicationset(argo):
    """Its condition that says whether an error has occurred."""
    return {c["type"]: c for c in argo.cluster.get(
        "-n", NAMESPACE, "applicationset", "storeguard")["status"]["conditions"]}[
            "ErrorOccurred"]


def asked_again(argo):
    """After an error it would do so by itself after three minutes; and so it would again
    when it is asked before the way to the webhook is there. What asks is only taken off
    once it has succeeded, and asks but once."""
    def is_content():
        for asks in ("-", "=true"):
            argo.cluster.must("-n", NAMESPACE, "annotate", "applicationset", "storeguard",
                              f"argocd.argoproj.io/application-set-refresh{asks}")
        return applicationset(argo)["status"] == "False"
    argo.cluster.wait("ApplicationSet without an error", is_content, seconds=40)


@pytest.fixture
def forgetful(argo):
    """The plugin's post-renderer, without words of its arguments."""
    program = argo.folder / "image" / "storeguard-postrender"
    real = program.readlink()

    def forget(words):
        program.unlink()
        program.write_text(f"""#!/bin/bash
for word; do
	[[ " {words} " == *" $word "* ]] || words+=("$word")
done
exec {real} "${{words[@]}}"
""")
        program.chmod(0o755)
    yield forget
    program.unlink()
    program.symlink_to(real)


@pytest.mark.parametrize("words", ["--with-namespace", "--deployer argocd"])
def test_no_render_that_forgets_a_flag_deletes_a_shop(argo, shop, forgetful, words):
    it, kinds = shop("books"), ("namespaces", "persistentvolumeclaims", "secrets")

    def kept():
        return "helm.sh/resource-policy" in argo.cluster.get(
            "namespace", it.namespace)["metadata"]["annotations"]

    def has_forgotten(app):
        lost = [r for r in app["status"]["resources"] if r["kind"] == "Namespace"]
        return lost[0].get("requiresPruning") if words == "--with-namespace" else kept()
    before = uids(argo, *kinds)
    forgetful(words)
    argo.refresh("store-books", kind="hard")
    argo.wait_for("store-books", f"sync without {words}", has_forgotten)
    assert uids(argo, *kinds) == before
    forgetful("")
    argo.refresh("store-books", kind="hard")
    argo.wait_synced("store-books")
    argo.cluster.wait("the end of what was forgotten", lambda: not kept(), seconds=40)
    assert uids(argo, *kinds) == before


def test_no_shop_goes_while_the_webhook_is_away_or_does_not_know_argo_cd(argo):
    kinds = ("applications", "namespaces")
    before = uids(argo, *kinds)
    assert ("Application", "store-fashion") in before
    token = (argo.folder / "token").read_text()
    for away, back, says in (
            (lambda: argo.gate.newest.kill(), lambda: argo.gate.start(), "connection refused"),
            (lambda: (argo.folder / "token").write_text("x" * 40),
             lambda: (argo.folder / "token").write_text(token), "401")):
        away()
        argo.cluster.wait("error of the ApplicationSet", lambda: applicationset(argo)[
            "status"] == "True", seconds=40)
        assert says in applicationset(argo)["message"], applicationset(argo)
        assert uids(argo, *kinds) == before
        back()
        asked_again(argo)
        assert uids(argo, *kinds) == before


def test_what_happens_while_argo_cd_is_away_is_made_up_for(argo, shop):
    before = uids(argo, "applications", "secrets")
    for process in argo.processes.values():
        process.stop()
    argo.git.push("While it was away", toys=store("toys", engine="medusa", owner="bob"))
    shop("books").must("delete", "limitrange", "storeguard")
    for process in argo.processes.values():
        process.start(argo.cluster)
    # by itself within three minutes of the last time
    argo.refresh("stores", "store-books")
    argo.wait_synced("store-toys", seconds=90)
    argo.cluster.wait("guard", lambda: shop("books").items("limitranges"), seconds=60)
    assert before.items() <= uids(argo, "applications", "secrets").items()


# --- and back ------------------------------------------------------------------------


def test_a_store_that_leaves_git_goes_with_its_shop_and_its_name_is_free(argo, shop):
    before, it = uids(argo, "namespaces", "stores"), shop("fashion")
    secret = password(it)
    argo.push("No more", fashion=None)
    argo.cluster.wait("end of Store fashion", lambda: argo.cluster.kubectl(
        "get", "store", "fashion").returncode, seconds=90)
    gone = argo.cluster.kubectl("get", "namespace", it.namespace)
    assert "NotFound" in gone.stderr, gone
    again = argo.push("Somebody else's", fashion=store("fashion", owner="bob"))
    argo.wait_synced("stores", again)
    argo.wait_for("store-fashion", "another shop", lambda app: is_synced(app) and
                  argo.cluster.kubectl("get", "namespace", it.namespace).returncode == 0)
    after = uids(argo, "namespaces", "stores")
    for key in (("Namespace", "store-fashion"), ("Store", "fashion")):
        assert after[key] != before[key]
    labels = argo.cluster.get("namespace", it.namespace)["metadata"]["labels"]
    assert labels["urumi.io/owner"] == "bob"
    for key, text in password(it).items():
        assert text != secret[key] or not key.endswith("password"), key
    quotas = argo.cluster.get("storequotas")["items"]
    entries = {q["spec"]["owner"]: {e["name"] for e in q["status"].get("entries", [])}
               for q in quotas}
    assert "fashion" in entries["bob"] and "fashion" not in entries["alice"], entries


def test_an_application_is_not_deleted_by_hand(argo):
    done = argo.cluster.kubectl("-n", NAMESPACE, "delete", "application", "store-books")
    assert "kubectl delete store books, or its file in Git" in done.stderr, done
    assert "deletionTimestamp" not in argo.application("store-books")["metadata"]


def test_shops_outlive_the_applicationset_and_the_release(argo):
    kinds = ("applications", "namespaces")
    before = uids(argo, *kinds)
    done = argo.cluster.kubectl("-n", NAMESPACE, "delete", "applicationset", "storeguard")
    assert "all shops would go" in done.stderr, done
    argo.gate.register()  # as with argocd.enabled=false
    argo.cluster.must("-n", NAMESPACE, "get", "applicationset", "storeguard")
    argo.cluster.must("-n", NAMESPACE, "delete", "applicationset", "storeguard",
                      "--cascade=orphan")
    assert uids(argo, *kinds) == before
    argo.gate.register(*argo.values())
    argo.generator()  # another token
    asked_again(argo)
    owner, = argo.application("store-books")["metadata"]["ownerReferences"]
    assert owner["kind"] == "ApplicationSet"
    assert uids(argo, *kinds) == before


def test_a_lost_key_is_not_replaced(argo):
    """All shops would get passwords that their databases don't know."""
    argo.cluster.must("-n", NAMESPACE, "delete", "secret", "storeguard-seed-key")
    with pytest.raises(AssertionError, match="storeguard-seed-key is gone"):
        argo.gate.register(*argo.values())
