"""Charts of many styles through real Helm 3 and Helm 4.

The guarded release is held against the same release without the post-renderer:
Helm takes it, the guards stand first, and apart from them only labels differ.
What an object should look like is worked out here from the specification, not
from the program.
"""

import copy
import functools
import json
import re

import pytest

from conftest import postrender
from helm import (MARK, RELEASE, as_helm4_reads, by_name, engine_of, helms,
                  identify, is_guard, is_hook, labels_of, load, run,
                  store_args)

# Which component each workload is, by what follows the release's name. Hooks
# and Jobs are always "setup", so they stand here only where they matter.
CHARTS = {
    "woocommerce": {"Deployment/-web": "web",
                    "StatefulSet/-database": "database"},
    "medusa": {"Deployment/-web": "web", "Deployment/-worker": "worker",
               "StatefulSet/-database": "database"},
    "anchors": {"Deployment/-web": "web", "StatefulSet/-db": "database"},
    "backend": {"Deployment/-server": "web", "Deployment/-jobs": "worker",
                "StatefulSet/-postgresql": "database",
                "Deployment/-queue": "cache"},
    "batch": {"CronJob/-wp-cron": "setup", "Job/-import-1": "setup",
              "DaemonSet/-node-cache": "cache", "Pod/-debug": "web"},
    "crlf": {"Deployment/-web": "web"},
    "hooks": {"Deployment/-web": "web"},
    "json": {"Deployment/-web": "web", "StatefulSet/-db": "database"},
    "lists": {"Deployment/": "web"},
    "oddities": {"StatefulSet/-sessions": "cache"},
    "overlapping": {"Deployment/-web": "web", "Deployment/-db": "database"},
    "policies": {"Deployment/-web": "web"},
    "wordpress": {"Deployment/-wordpress": "web",
                  "StatefulSet/-mariadb": "database",
                  "StatefulSet/-redis-master": "cache"},
}
COMPONENTS = {"woocommerce": ["setup", "database", "cache", "web"],
              "medusa": ["setup", "database", "cache", "worker", "web"]}
DROPPED = {"policies": {f"NetworkPolicy/{RELEASE}-allow-all",
                        f"NetworkPolicy/{RELEASE}-listed",
                        f"NetworkPolicy/{RELEASE}-alone",
                        f"LimitRange/{RELEASE}-limits",
                        f"ResourceQuota/{RELEASE}-quota"}}
# Charts in block style only: all that is added stands on lines of its own.
LINEWISE = ["hooks", "medusa", "oddities", "overlapping", "woocommerce",
            "wordpress"]

each_chart = pytest.mark.parametrize("chart", sorted(CHARTS))
each_helm = pytest.mark.parametrize("major", [3, 4])


@pytest.fixture(scope="session", name="render")
def _render(helms):
    """Renders a chart once; the text, guarded or not."""
    @functools.cache
    def render(major, chart, guarded=True):
        return run(helms[major], chart, guarded=guarded)
    return render


def set_labels(owner, labels):
    metadata = owner.setdefault("metadata", {})
    metadata["labels"] = {**(metadata.get("labels") or {}), **labels}


def labelled(obj, engine, component):
    """The object as it should leave the post-renderer."""
    obj = copy.deepcopy(obj)
    fixed = {"urumi.io/store": "fashion", "urumi.io/engine": engine}
    if component:
        fixed["urumi.io/component"] = component
    set_labels(obj, {**fixed, "urumi.io/plan": "small",
                     "urumi.io/owner": "alice"})
    kind = obj["kind"]
    if kind in ("Deployment", "StatefulSet", "DaemonSet") or (
            kind == "Job" and is_hook(obj)):
        set_labels(obj["spec"]["template"], fixed)
    elif kind == "CronJob":
        set_labels(obj["spec"]["jobTemplate"]["spec"]["template"], fixed)
    return obj


@each_helm
@each_chart
def test_guards_come_first(render, chart, major):
    """All of the engine's guards and no other, before anything else."""
    objects = load(render(major, chart))
    names = [identify(o) for o in objects if is_guard(o)]
    policies = [f"NetworkPolicy/storeguard-{name}" for name in
                ["default-deny", "dns", "acme",
                 *COMPONENTS[engine_of(chart)],
                 "setup-jobs", "setup-hooks"]]
    assert names == [*policies, "ResourceQuota/storeguard",
                     "LimitRange/storeguard"]
    first = [identify(o) for o in objects[:len(names)]]
    assert first == names, f"something stands before the guards: {first}"


@each_helm
@each_chart
def test_only_labels_are_added(render, chart, major):
    """Every object is the unguarded one with the labels, nothing else."""
    before = by_name(load(render(major, chart, guarded=False)))
    after = by_name([o for o in load(render(major, chart)) if not is_guard(o)])
    assert set(after) == set(before) - DROPPED.get(chart, set())
    for name, obj in after.items():
        if major == 3 and is_hook(before[name]):
            expected = before[name]  # Helm 3 shows hooks to no post-renderer
        else:
            expected = labelled(before[name], engine_of(chart),
                                labels_of(obj).get("urumi.io/component"))
        assert obj == expected, f"{name} under Helm {major}"


@each_helm
@each_chart
def test_workloads_are_recognized(render, chart, major):
    """Each workload got the component that a person would give it."""
    seen = {}
    for obj in load(render(major, chart)):
        kind, name = identify(obj).split("/")
        key = f"{kind}/{name.removeprefix(RELEASE)}"
        if key in CHARTS[chart]:
            seen[key] = labels_of(obj).get("urumi.io/component")
        elif is_hook(obj) and kind in ("Job", "Pod") and major == 4:
            assert labels_of(obj)["urumi.io/component"] == "setup", name
    assert seen == CHARTS[chart]


@each_helm
def test_what_cannot_change_is_untouched(render, major):
    """Selectors, claim templates, templates of plain Jobs carry no label of
    ours, and the charts have enough of each for this to mean something."""
    seen = dict.fromkeys(("selector", "claim", "plain job"), 0)
    for chart in CHARTS:
        for obj in load(render(major, chart)):
            if is_guard(obj):
                continue
            spec = obj.get("spec") or {}
            parts = [("selector", spec["selector"])] if "selector" in spec \
                else []
            parts += [("claim", claim)
                      for claim in spec.get("volumeClaimTemplates", [])]
            if obj["kind"] == "Job" and not is_hook(obj):
                parts.append(("plain job", spec["template"]))
            for what, part in parts:
                seen[what] += 1
                assert "urumi.io" not in str(part), (
                    f"{chart}: {what} of {identify(obj)} has {part}")
    assert seen["selector"] >= 25 and seen["claim"] >= 5 and \
        seen["plain job"] >= 2, f"the charts hold too little: {seen}"


@each_chart
def test_both_helms_give_the_same(render, chart):
    """The same objects and the same guards; Helm 3 has hooks unlabelled."""
    three, four = (by_name(as_helm4_reads(load(render(major, chart))))
                   for major in (3, 4))
    assert set(three) == set(four)
    for name, obj in three.items():
        if not is_hook(obj):
            assert obj == four[name], f"{name} differs between the Helms"


@each_helm
@each_chart
def test_twice_the_same_bytes(helms, render, chart, major):
    again = run(helms[major], chart)
    assert again == render(major, chart)


@pytest.mark.parametrize("chart", LINEWISE)
def test_helm3_keeps_every_line(helms, chart):
    """Comments, order and quoting: the unguarded text's lines are all there,
    in their order, with lines of labels between them."""
    before = run(helms[3], chart, "--no-hooks", guarded=False).splitlines()
    lines = run(helms[3], chart, "--no-hooks").splitlines()
    added = []
    rest = iter(before)
    wanted = next(rest, None)
    body = lines[lines.index(b"---", lines.index(b"kind: LimitRange")):]
    for line in body:
        if line == wanted:
            wanted = next(rest, None)
        else:
            added.append(line.strip())
    assert wanted is None, f"{chart}: a line is gone or changed: {wanted}"
    odd = [line for line in added if not re.fullmatch(
        rb"(urumi\.io/(store|engine|plan|owner|component): \S+"
        rb"|labels:|metadata:|)", line)]
    assert not odd, f"{chart}: lines that are no labels were added: {odd}"


def test_helm3_keeps_crlf(helms):
    """Labels in a CRLF template have CRLF too, so no file is mixed."""
    text = run(helms[3], "crlf")
    body = text[text.index(b"# Source: crlf"):]
    ours = [line for line in body.splitlines(keepends=True)
            if b"urumi.io/" in line or line.strip() == b"labels:"]
    bare = [line for line in ours if not line.endswith(b"\r\n")]
    assert len(ours) == 15 and not bare, f"of {len(ours)} lines, LF: {bare}"


def test_helm3_keeps_json(helms):
    """A JSON template stays JSON: other tools may read it as such."""
    text = run(helms[3], "json").decode()
    found = {}
    for document in text.split("\n---\n"):
        source, _, body = document.partition("\n")
        if source.endswith(".json"):
            found[source] = json.loads(body)
    assert len(found) == 2, f"JSON documents: {list(found)}"
    for source, obj in found.items():
        assert labels_of(obj)["urumi.io/store"] == "fashion", source


@each_helm
@pytest.mark.parametrize("chart, template, names", [
    ("woocommerce", "templates/web.yaml", {"Deployment/store-fashion-web"}),
    ("wordpress", "charts/mariadb/templates/primary.yaml",
     {"StatefulSet/store-fashion-mariadb", "Service/store-fashion-mariadb"}),
])
def test_show_only(helms, chart, template, names, major):
    """--show-only finds a template by the marks that were left in place."""
    text = run(helms[major], chart, "--show-only", template)
    objects = by_name(load(text))
    assert names <= set(objects), f"shown: {sorted(objects)}"
    for name, obj in objects.items():
        assert not is_guard(obj), f"{name} is of another template"
        assert labels_of(obj).get("urumi.io/store") == "fashion", name


@each_chart
def test_helm4_sources(render, chart):
    """Helm 4's mark brings each object back under its template's name; no mark
    is left, and the guards stand under a name of their own."""
    def sources(text):
        found = {}
        for document in text.decode().split("---\n# Source: ")[1:]:
            source, _, body = document.partition("\n")
            for obj in load(body):
                found[identify(obj)] = source
        return found
    after = render(4, chart)
    assert MARK.encode() not in after
    before = sources(render(4, chart, guarded=False))
    for name, source in sources(after).items():
        if is_guard_name(name):
            assert source == "storeguard/guards.yaml", name
        else:
            assert source == before[name], name


def is_guard_name(name):
    return name.split("/")[1].startswith("storeguard")


@each_chart
def test_helm3_pipe_is_the_same(helms, chart):
    """helm template | storeguard-postrender, as Argo CD runs it, is what
    --post-renderer gives."""
    plain = run(helms[3], chart, "--no-hooks", guarded=False)
    piped = postrender(store_args(engine_of(chart)), plain)
    assert piped.returncode == 0, piped.stderr.decode()
    inside = run(helms[3], chart, "--no-hooks")
    assert piped.stdout.strip() == inside.strip()


@each_chart
def test_helm3_pipe_labels_hooks(helms, render, chart):
    """Piped, hooks of Helm 3 get labels as Helm 4's do."""
    plain = run(helms[3], chart, guarded=False)
    piped = postrender(store_args(engine_of(chart)), plain)
    assert piped.returncode == 0, piped.stderr.decode()
    three, four = (by_name(as_helm4_reads(load(text)))
                   for text in (piped.stdout, render(4, chart)))
    assert set(three) == set(four)
    for name, obj in three.items():
        assert obj == four[name], f"{name} differs from Helm 4's"
