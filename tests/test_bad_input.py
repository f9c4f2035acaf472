"""Bad input: every run ends soon, with the right code, one clear error, and no output.

Manifests are here; files, arguments and what the machine refuses are in
test_bad_surroundings.py.
"""

import os
import random
import re
import resource
import subprocess

import pytest
import yaml

import shapes
from conftest import POSTRENDER, STORE, postrender

REFUSED, USAGE, INVALID, IO = 1, 2, 3, 4
# Of its own time: what else the machine does is not the program's fault, and
# waiting is cut short by postrender(). Sanitizers slow it down; nothing else may.
SECONDS = 2 * float(os.environ.get("STOREGUARD_SLOW", "1"))
PROGRAM = "storeguard-postrender: "
OK = """---
# Source: shop/templates/ok.yaml
apiVersion: v1
kind: ConfigMap
metadata:
  name: ok
"""
BAD = OK + "---\n# Source: shop/templates/bad.yaml\n"
# What every message about a document of BAD must tell.
WHERE = ("document 2", "line 7", "shop/templates/bad.yaml")


def seconds_of_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def check(result, took, code, says):
    """What holds for every refusal; returns what was said."""
    said = result.stderr.decode(errors="backslashreplace")
    what = f"exit {result.returncode} after {took:.1f} s, said: {said[:3000]}"
    assert result.returncode >= 0, f"killed by signal {-result.returncode}: {what}"
    assert result.returncode == code, f"expected exit {code}: {what}"
    assert not result.stdout, f"{len(result.stdout)} bytes of output: {what}"
    assert took < SECONDS, what
    assert said.startswith(PROGRAM) and said.count("\n" + PROGRAM) == 0, f"not one error: {what}"
    assert len(said) < 8192, f"{len(said)} bytes said: {what}"
    result.stderr.decode()  # truncated messages are UTF-8, too
    control = re.findall(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", said)
    assert not control, f"raw control characters {control!r}: {said!r}"
    for part in says:
        assert part in said, f"{part!r} is not told: {what}"
    return said


def fails(code, stdin, *says, args=STORE, **kwargs):
    began = seconds_of_children()
    result = postrender(args, stdin, **kwargs)
    return check(result, seconds_of_children() - began, code, says)


def bad_document(text, *says, code=INVALID, args=STORE):
    """Refused as the second document of a stream, whose first is good."""
    head = BAD.encode()
    return fails(code, head + (text if isinstance(text, bytes) else text.encode()),
                 *WHERE, *says, args=args)


def config(metadata, tail=""):
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {metadata}\n{tail}"


def pod(spec):
    # the label keeps the warning away that it is none of the engine's components
    return ("apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {urumi.io/component: web}}\n"
            f"spec: {spec}\n")


def workload(kind="Deployment", spec="", template="", group="apps/v1"):
    return (f"apiVersion: {group}\nkind: {kind}\nmetadata:\n  name: web\nspec:\n{spec}"
            f"  template:\n{template}    spec:\n      containers:\n"
            "      - {name: php, image: wordpress}\n")


def test_what_is_broken_below_is_sound_otherwise():
    for text in (BAD, OK + "---\n" + config("{name: a}"), OK + "---\n" + workload(),
                 OK + "---\n" + pod("{containers: [{name: a}]}")):
        result = postrender(STORE, text)
        assert result.returncode == 0 and result.stdout, result.stderr.decode()


# --- text that is no YAML ---

@pytest.mark.parametrize("text", [
    "a: [1, 2\n", "a: {b: c\n", "a: 'b\n", 'a: "b\n', "a: b: c\n", "a:\n\t- b\n",
    "a: 1\n  b: 2\n", "- a\nb: c\n", "a: @b\n", "a: `b`\n", "a: |x\n  b\n", "a: !x!y b\n",
    "<<<<<<< HEAD\na: 1\n", "a: \"\\q\"\n", "a: ]\n",
    "a\nb: c\n", "? [a\n", "&a &b c\n", "a: *\n", "a: \"\\ud800\"\n", "kind: Pod\n kind: b\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: cut",
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: \"cu"])
def test_broken_yaml(text):
    said = bad_document(text)
    # the place inside the document, besides that of the document itself
    assert len(re.findall(r"\bline \d+", said)) >= 2, said


@pytest.mark.parametrize("text, says", [
    ("a: *nowhere\n", "*nowhere"), ("a: &a [*a]\n", "*a"), ("&a b: {c: {d: &e {f: *e}}}\n", "*e"),
    ("a: &a {<<: *a}\n", "*a"),
    (config("{name: a}", "...\nkind: Late\n"), "line 13"),
    (config("{name: a}", "... # end\n%YAML 1.1\n--- {a: b}\n"), "line 14")])
def test_aliases_and_ends(text, says):
    bad_document(text, says)


@pytest.mark.parametrize("text", [
    b"a: \xff\n", b"a: \xc0\xaf\n", b"a: \xed\xa0\x80\n", b"a: \xf4\x90\x80\x80\n",
    b"a: \xe2\x82", b"a: b\x00c\n", b"a: \x01\n", b"a: \x7f\n", b"# \x1b[2J\n", b"a: \xc2\x9b\n",
    b"a: \xef\xbf\xbe\n", b'a: "\\0"\n'], ids=repr)
def test_bytes_that_yaml_has_not(text):
    bad_document(text)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_other_encodings(encoding):
    fails(INVALID, OK.encode(encoding), "UTF-8")
    bad_document(config("{name: a}").encode(encoding), "UTF-8")


@pytest.mark.parametrize("text", ["", " ", "\n\n\t\n", "# nothing\n", "---\n", "---\n---\n# a\n",
                                  "\ufeff", "\ufeff---\n", "...\n", "null\n", "---\n~\n"])
def test_nothing(text):
    fails(INVALID, text)


@pytest.mark.parametrize("seed", range(3))
def test_binary(seed):
    fails(INVALID, random.Random(seed).randbytes(1 << 20), "document 1")


@pytest.mark.parametrize("cut", range(1, 40, 3))
def test_truncated_by_bytes(cut):
    """However much of the last document is lost, its rest is not taken for an object."""
    whole = (BAD + "apiVersion: v1\nkind: Pod\nmetadata:\n  name: \"caf\u00e9\"\n"
             "spec: {containers: [{name: caf\u00e9\u20ac}, {}]}\n").encode()
    fails(INVALID, whole[:len(whole) - 1 - cut], *WHERE)


# --- size ---

@pytest.mark.parametrize("text", [
    "[" * 100_000, "{a: " * 100_000, "- " * 100_000, "? " * 100_000, "{? " * 100_000,
    "".join(" " * i + "a:\n" for i in range(3000)),
    "".join(" " * i + "-\n" for i in range(3000))],
    ids=["[", "{", "-", "?", "{?", "indented a:", "indented -"])
def test_deep(text):
    bad_document(text, "512")


@pytest.mark.parametrize("text", [
    config("{name: a}", "data:\n") + "  a: bcdefghijklmnopqrstuvwxyz\n" * 3_600_000,
    "x" * 100_000_000, "[" * 100_000_000, "# " + "c" * 100_000_000,
    "a: |\n" + " b\n" * 33_000_000], ids=["map", "word", "[", "comment", "block"])
def test_100_megabytes_in_one_document(text):
    bad_document(text, "8388608")


def test_huge_documents_and_a_broken_last():
    huge = "---\n" + config("{name: a}", "data: {a: '" + "x" * 4_000_000 + "'}\n")
    fails(INVALID, huge * 8 + "---\n{", "document 9")


def test_too_many_documents():
    fails(INVALID, "---\n" * 1_000_001, "1000000")
    fails(INVALID, "---\n{}\n" * 500_000, "document 1 ")


def test_too_large_a_stream(tmp_path):
    path = tmp_path / "sparse"
    path.touch()
    os.truncate(path, 513 << 20)
    with path.open("rb") as stream:
        began = seconds_of_children()
        result = subprocess.run([POSTRENDER, *STORE], stdin=stream, capture_output=True,
                                timeout=60, check=False)
    check(result, seconds_of_children() - began, INVALID, ["standard input", str(512 << 20)])


def laughs(first, line):
    return "l0: &l0 " + first + "\n" + "".join(
        f"l{i}: &l{i} " + line.format(p=i - 1) + "\n" for i in range(1, 40))


@pytest.mark.parametrize("text", [
    laughs("[a, a]", "[*l{p}, *l{p}, *l{p}]"),
    laughs("{a: a}", "{{a: *l{p}, b: *l{p}, c: *l{p}}}"),
    laughs("{a: a}", "{{<<: [*l{p}, *l{p}], a{p}: *l{p}}}"),
    "l: &l [" + "a," * 900_000 + "a]\nm: [*l, *l]\n",
    "l: [" + "".join(f"&a{i} a," for i in range(100_000)) + "]\n"],
    ids=["lists", "maps", "merged", "one long", "anchors"])
def test_billion_laughs(text):
    bad_document(text, "line ")


# --- memory ---

BESIDES = 16 << 20  # the program itself, and its buffers' room to grow


def in_memory(text, times, **kwargs):
    """Runs in that much memory, so many times the text's size. Sanitizers take more."""
    most = BESIDES + times * len(text)
    limit = None if SECONDS > 2 else lambda: resource.setrlimit(resource.RLIMIT_AS, (most, most))
    return postrender(STORE + ["--fit", "off"], text, preexec_fn=limit, **kwargs)


@pytest.mark.parametrize("shape", shapes.TAKEN)
def test_memory_follows_the_input(shape):
    make, times = shapes.TAKEN[shape]
    text = make().encode()
    began = seconds_of_children()
    result = in_memory(text, times, timeout=30 * SECONDS)
    assert result.returncode == 0, result.stderr.decode()
    assert seconds_of_children() - began < SECONDS


@pytest.mark.parametrize("shape", shapes.REFUSED)
def test_memory_of_what_is_refused(shape):
    make, says = shapes.REFUSED[shape]
    text = make().encode()
    began = seconds_of_children()
    result = in_memory(text, 24)
    check(result, seconds_of_children() - began, INVALID, ["line ", says])


# --- YAML that is no Kubernetes object ---

@pytest.mark.parametrize("text, says", [
    ("- a\n", "a list"), ("word\n", "mapping"), ("42\n", "mapping"), ("[]\n", "a list"),
    ("'quoted'\n", "mapping"), ("{}\n", "kind"), ("kind: Pod\n", "apiVersion"),
    ("{{ .Values.web }}: {{ include }}\n", "mapping stands for a key"),
    ("apiVersion: v1\nmetadata: {name: a}\n", "kind"),
    ("apiVersion: v1\nkind: [Pod]\nmetadata: {name: a}\n", "kind"),
    ("apiVersion: v1\nkind: ''\nmetadata: {name: a}\n", "kind"),
    ("apiVersion: 1\nkind: ConfigMap\n", "apiVersion"),
    ("apiVersion: v1\nkind: yes\n", "kind"), (config("{name: 0x10}"), "metadata.name"),
    (config("{name: a, namespace: on}"), "namespace: on is not a string"),
    ("apiVersion: v1\nkind: ConfigMap\n", "metadata"), (config("{}"), "metadata.name"),
    (config("[]"), "metadata"), (config("word"), "metadata"), (config("{name: }"), "metadata.name"),
    (config("{name: [a]}"), "metadata.name"),
    (config("{name: a}", "kind: Secret\n"), "kind"),
    (config("{name: a}", "metadata: {name: b}\n"), "metadata"),
    (config("{name: a, name: b}"), "name"),
    (config("{name: a, labels: {}, labels: {a: b}}"), "labels"),
    (config("{name: a, annotations: {}, annotations: {a: b}}"), "annotations"),
    (config("{name: a, labels: {x: y, x: z}}"), "\"x\""),
    (config("{name: a, labels: {x: y, 'x': z}}"), "\"x\""),
    (config("{name: a, annotations: {x: y, x: z}}"), "\"x\""),
    (config("{name: a, labels: word}"), "metadata.labels"),
    (config("{name: a, labels: [x]}"), "metadata.labels"),
    (config("{name: a, labels: !!map {x: y}}"), "metadata.labels"),
    (config("{name: a, labels: !mine {x: y}}"), "!mine"),
    (config("{name: a, annotations: word}"), "metadata.annotations"),
    (config("{name: a, annotations: [x]}"), "metadata.annotations"),
    (workload(template="    metadata: {labels: [a]}\n"), "labels"),
    (workload(template="    metadata: {labels: {a: b, a: c}}\n"), "\"a\""),
    (workload(template="    metadata: word\n"), "metadata"),
    (workload().replace("spec:\n  template", "spec:\n  templ"), "template"),
    ("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\n", "spec"),
    (pod("{}"), "containers"), (pod("{containers: {}}"), "containers"),
    (pod("{containers: [a]}"), "container"), (pod("[]"), "spec"),
    ("apiVersion: v1\nkind: List\nitems: [word]\n", "mapping"),
    ("apiVersion: v1\nkind: List\nitems: [{kind: Pod}]\n", "metadata"),
    ("apiVersion: v1\nkind: List\nitems: [[]]\n", "a list")])
def test_no_object(text, says):
    said = bad_document(text, says)
    if "kind: ConfigMap" in text and "name: a" in text:
        assert "ConfigMap/" in said, said


# --- quantities ---

@pytest.mark.parametrize("quantity", ["word", "'1 Gi'", "1gi", "1Q", "1e", "--1", "1.2.3", "''",
                                      "-1", "0x10", ".", "[1]", "1e99", "9999999999999Ei"])
@pytest.mark.parametrize("place", ["requests: {cpu: %s}", "limits: {memory: %s}"])
def test_quantity_of_a_container(place, quantity):
    bad_document(pod("{containers: [{name: php, resources: {%s}}]}" % (place % quantity)),
                 "Pod/web", "php", re.search(r"cpu|memory", place).group())


@pytest.mark.parametrize("text, says", [
    (pod("{containers: [{name: a}], overhead: {cpu: x}}"), "overhead"),
    (pod("{containers: [{name: a}], resources: {limits: {cpu: x}}}"), "limits"),
    (pod("{containers: [{name: a}], initContainers: [{name: b, resources: {limits: {cpu: x}}}]}"),
     "container b"),
    (pod("{containers: [{name: a, resources: word}]}"), "resources"),
    ("apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: a}\n"
     "spec: {resources: {requests: {storage: lots}}}\n", "storage"),
    (workload("StatefulSet", "  volumeClaimTemplates:\n  - spec: {resources: {requests: "
                             "{storage: 1X}}}\n"), "volumeClaimTemplates"),
    (workload("StatefulSet", "  volumeClaimTemplates: word\n"), "volumeClaimTemplates"),
    (workload(spec="  replicas: three\n"), "replicas"),
    (workload(spec="  replicas: -1\n"), "replicas"),
    (workload(spec="  replicas: 1e99\n"), "replicas"),
    (workload(spec="  replicas: 1.5\n"), "replicas"),
    (workload(spec="  replicas: 99999999999999999999\n"), "replicas"),
    (workload(spec="  strategy: {rollingUpdate: {maxSurge: many}}\n"), "maxSurge"),
    (workload(spec="  strategy: {rollingUpdate: {maxSurge: -1}}\n"), "maxSurge"),
    (workload(spec="  strategy: {rollingUpdate: {maxSurge: 99999999%}}\n"), "maxSurge"),
    (workload("Job", "  parallelism: x\n", group="batch/v1"), "parallelism"),
    ("apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: a}\n"
     "spec: {maxReplicas: lots, scaleTargetRef: {kind: Deployment, name: web}}\n", "maxReplicas")])
def test_other_quantities(text, says):
    bad_document(text, says)


# --- a store stays in its room ---

OTHER = "{urumi.io/store: food}"


@pytest.mark.parametrize("text, says", [
    (config("{name: a, namespace: store-food}"), ["ConfigMap/a", "store-food", "store-fashion"]),
    (config("{name: a, namespace: [b]}"), ["ConfigMap/a", "namespace"]),
    (config("{name: a, labels: %s}" % OTHER), ["ConfigMap/a", "food", "fashion"]),
    (config("{name: a, labels: {urumi.io/store: }}"), ["ConfigMap/a", "fashion"]),
    (config("{name: a, labels: {urumi.io/component: imp}}"), ["ConfigMap/a", "imp"]),
    (config("{<<: {labels: %s}, name: a}" % OTHER), ["ConfigMap/a", "food"]),
    (workload(template="    metadata: {labels: %s}\n" % OTHER), ["Deployment/web", "template"]),
    (workload("StatefulSet", "  volumeClaimTemplates: [{metadata: {labels: %s}}]\n" % OTHER),
     ["StatefulSet/web", "volumeClaimTemplate"]),
    (workload("Job", group="batch/v1", template="    metadata: {labels: %s}\n" % OTHER),
     ["Job/web", "food"]),
    ("apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {jobTemplate: {metadata: "
     "{labels: %s}, spec: {template: {spec: {containers: [{name: a}]}}}}}\n" % OTHER,
     ["CronJob/a", "jobTemplate", "food"]),
    (pod("{hostNetwork: true, containers: [{name: a}]}"), ["Pod/web", "hostNetwork"]),
    (pod("{hostPID: true, containers: [{name: a}]}"), ["Pod/web", "hostPID"]),
    (pod("{containers: [{name: a}], volumes: [{name: v, hostPath: {path: /}}]}"),
     ["Pod/web", "hostPath"]),
    ("apiVersion: acme.example.com/v1\nkind: ClusterThing\nmetadata: {name: a}\n",
     ["ClusterThing/a", "--allow-cluster-scoped"]),
    ("apiVersion: v1\nkind: Namespace\nmetadata: {name: store-food}\n", ["Namespace/store-food"]),
    ("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n",
     ["ClusterRole/a", "--allow-cluster-scoped"]),
    ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: "
     "{name: a, namespace: b}}]\n", ["Secret/a"]),
    ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: Secret, metadata: "
     "{name: a, labels: %s}}]\n" % OTHER, ["Secret/a", "food"]),
    ("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleList\n"
     "items: [{metadata: {name: a}}]\n", ["ClusterRole/a"]),
    ("apiVersion: v1\nkind: List\nitems: [{apiVersion: v1, kind: List, items: [{apiVersion: v1, "
     "kind: Node, metadata: {name: a}}]}]\n", ["Node/a"]),
    ("apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: food}\nspec: {engine: medusa}\n",
     ["Store/food", "fashion"]),
    ("apiVersion: urumi.io/v1\nkind: StorePolicy\nmetadata: {name: default}\n", ["StorePolicy"])])
def test_out_of_its_room(text, says):
    bad_document(text, *says, code=REFUSED)


def test_directives_are_not_for_kubernetes():
    fails(INVALID, "%YAML 1.1\n---\n" + OK, "document 1", "directive")


def test_a_job_of_too_many_labels():
    labels = "".join(f"        k{i}: v\n" for i in range(100_000))
    bad_document(workload("Job", group="batch/v1",
                          template="    metadata:\n      labels:\n" + labels),
                 "Job/web", "100000 labels", "64")


def test_source_line_that_would_draw_on_a_terminal():
    fails(INVALID, b"---\n# Source: \x1b[31m\xc2\x9b\xff\r\n[\n", "document 1")


STORE_OBJECT = "apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: %s}\nspec: {engine: %s}\n"


def test_stores_in_the_stream():
    one = STORE_OBJECT % ("fashion", "woocommerce")
    fails(REFUSED, one + "---\n" + STORE_OBJECT % ("food", "medusa"), "document 2", "food",
          "fashion", args=[])
    fails(REFUSED, one + "---\n" + one, "document 2", args=[])
    fails(REFUSED, STORE_OBJECT % ("fashion", "magento"), "magento", "woocommerce, medusa", args=[])
    fails(REFUSED, STORE_OBJECT % ("Fa_shion", "medusa"), "Fa_shion", "a-z", args=[])
    fails(INVALID, one.replace("{engine", "{plans: x, engine"), "spec", "plans", args=[])
    fails(INVALID, STORE_OBJECT % ("fashion", "[medusa]"), "document 1", "spec.engine", args=[])
    fails(INVALID, one.replace("/v1", "/v2"), "document 1", "urumi.io/v1", args=[])


def test_a_release_that_does_not_fit():
    fails(REFUSED, OK + "---\n" + workload(spec="  replicas: 1000000\n"), "Deployment/web",
          "pods", "15")


@pytest.mark.parametrize("name", ["x" * 1_000_000, "\\e[2Jx", "\\x9b31m", "\\r\\nstoreguard",
                                  "\\nstoreguard-postrender: all is well"],
                         ids=["long", "escape", "C1", "CR LF", "forged"])
def test_names_that_would_draw_on_a_terminal(name):
    quoted = f'"{name}"'
    bad_document(config("{name: %s, namespace: other}" % quoted), code=REFUSED)
    bad_document(config("{name: a, labels: %s}" % quoted))
    bad_document(config("{name: a, labels: {%s: x, %s: y}}" % (quoted[:1000], quoted[:1000]))
                 if len(name) < 1000 else "a: *" + name)
    bad_document(f"kind: {quoted}\napiVersion: v1\n")
    meant = yaml.safe_load(quoted)
    fails(REFUSED, OK, args=["--engine=medusa", "--store=" + meant[:100_000]])
    fails(REFUSED, OK, args=["--store=fashion", "--engine=" + meant[:100_000]])
    # what is only warned of, explained or put into a table
    deployment = workload().replace("wordpress", "mystery").replace("name: web", "name: " + quoted)
    for options in (["--explain"], ["--fit=warn"]):
        result = postrender(STORE + options, deployment.replace(
            "spec:\n", "spec:\n  replicas: 999\n" if "warn" in options[0] else "spec:\n", 1))
        assert result.returncode >= 0, result.returncode
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.stderr.decode()), \
            f"raw control characters with {options}: {result.stderr!r:.500}"
