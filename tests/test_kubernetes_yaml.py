"""The output as Kubernetes reads it.

Helm, kubectl and Argo CD share a YAML library that merges `<<` where it stands,
over keys before it; other libraries do not. So the streams of the property tests
are read by that library, too (tests/tools/kubeyaml): what is behind our labels
must be the input, and our labels must have arrived.
"""

import json
import os
import subprocess

import pytest

from conftest import STORE, must, postrender, tool
from test_properties import CASES, SEED, make, strip_bom

OURS = "urumi.io/"
GUARDED = ("NetworkPolicy", "ResourceQuota", "LimitRange")
TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet")


def kubernetes(text):
    """The documents, or None where the library refuses the stream."""
    done = subprocess.run([tool("kubeyaml")], input=text.encode(), capture_output=True,
                          timeout=20, check=False)
    if done.returncode:
        return None
    return [d for d in map(json.loads, done.stdout.splitlines()) if d]


def objects(documents):
    """Lists taken apart; kinds that guards have left out, chart's or ours."""
    for document in documents:
        if isinstance(document.get("items"), list):
            yield from objects(document["items"])
        elif document.get("kind") not in GUARDED:
            yield document


def without_ours(value):
    """Labels and annotations of ours taken away, and the mappings made for them."""
    if isinstance(value, list):
        return [without_ours(v) for v in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for key, v in value.items():
        v = without_ours(v)
        made = key in ("labels", "annotations", "metadata") and v in ({}, None)
        if not key.startswith(OURS) and not made:
            kept[key] = v
    return kept


@pytest.mark.parametrize("number", range(CASES), ids=lambda n: f"seed{SEED}-case{n}")
def test_kubernetes_reads_input_and_labels(number):
    case = make(number)
    if any("\n..." in text and root is None for text, root, *_ in case.documents()):
        return  # no object, ended by "...": Kubernetes takes one at the head only
    before = kubernetes(strip_bom(case.text))
    if case.result.returncode or before is None:
        return  # refused, here or there: test_properties.py has the former
    after = kubernetes(strip_bom(case.result.stdout.decode()))
    assert after is not None, f"Kubernetes refuses the output of\n{case.text}"
    found, wanted = list(objects(after)), list(objects(before))
    assert without_ours(found) == without_ours(wanted), case.text
    for o in found:
        labels = o["metadata"]["labels"]
        assert labels.get("urumi.io/store") == "fashion", f"{o}\nof\n{case.text}"
        if o.get("kind") in TEMPLATED:
            labels = o["spec"]["template"]["metadata"]["labels"]
            assert labels.get("urumi.io/store") == "fashion", f"{o}\nof\n{case.text}"


@pytest.mark.parametrize("text, kept", [
    ("metadata:\n  name: a\n  <<: {labels: {q: r}}\n", {"q": "r"}),
    ("metadata:\n  <<: {labels: {q: r, urumi.io/plan: large}}\n  name: a\n", {"q": "r"}),
    ("metadata: {name: a, <<: {labels: {q: r}}}\n", {"q": "r"}),
    ("metadata:\n  name: a\n  labels:\n    <<: {urumi.io/store: fashion, q: r} # c\n",
     {"q": "r"}),
    ("metadata:\n  name: a\n  labels:\n    <<: [{q: r}, {s: t}]", {"q": "r", "s": "t"}),
])
def test_labels_survive_a_merge_key(text, kept):
    result = postrender([*STORE, "--only", "labels"],
                        "apiVersion: v1\nkind: ConfigMap\n" + text)
    assert result.returncode == 0, result.stderr.decode()
    [found] = kubernetes(result.stdout.decode())
    ours = {OURS + k: v for k, v in [("store", "fashion"), ("engine", "woocommerce"),
                                     ("plan", "small"), ("owner", "alice")]}
    assert found["metadata"]["labels"] == {**kept, **ours}, result.stdout.decode()


@pytest.mark.parametrize("text", [
    "metadata:\n  name: a\n  namespace: store-fashion\n  <<: {namespace: kube-system}\n",
    "metadata: {name: a}\n<<: {kind: Namespace}\n",
    "metadata: {name: a}\nspec:\n  hostNetwork: false\n  <<: {hostNetwork: true}\n",
    "metadata: {name: a, !!binary bmFtZXNwYWNl: kube-system}\n",
    "metadata: {name: a}\nspec: {volumes: [{name: v, hostPath: ~, hostPath: {path: /}}]}\n",
    "metadata:\n  name: a\n---apiVersion: v1\n",
    "metadata: {name: \"a\n---b\"}\n",
    "metadata: {name: a\ufeff}\n",
])
def test_what_libraries_read_differently_is_refused(text):
    result = postrender(STORE, "apiVersion: v1\nkind: ConfigMap\n" + text)
    assert result.returncode == 3 and not result.stdout, result.stdout.decode()


@pytest.mark.parametrize("value", ["true", "yes", "on", "y", "True", "'true'", "1"])
def test_every_yes_to_the_nodes_network_is_refused(value):
    pod = ("apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {urumi.io/component: web}}\n"
           "spec:\n  containers: [{name: c, image: wordpress}]\n  hostNetwork: %s\n")
    result = postrender(STORE, pod % value)
    assert result.returncode == 1 and b"hostNetwork" in result.stderr, result.stderr
    assert postrender(STORE, pod % "no").returncode == 0


ODD = "".join(map(chr, [*range(1, 0x21), *range(0x7e, 0xa1), 0x2028, 0x2029, 0xd7ff, 0xe000,
                        0xfdd0, 0xfeff, 0xfffd, 0xfffe, 0xffff, 0x1f600, 0x10ffff]))


@pytest.mark.parametrize("text", [
    *("a: b # c", " a ", "- a", "'a'", '"a\\', "{{ a }}", "yes", "0x1F", "<<", "~", "\u00e4", "\n"),
    *(f"{before}{c}{behind}" for c in (ODD, ODD[::-1]) for before in ("", "a")
      for behind in ("", "b"))])
def test_what_comes_from_a_store_is_read_as_it_is(text):
    shop = {"locale": {text if text != "<<" else "no merge": text}}
    store = json.dumps({"apiVersion": "urumi.io/v1", "kind": "Store", "metadata": {
        "name": "fashion"}, "spec": {"engine": "woocommerce", "owner": text,
                                     "displayName": text, "values": {"shop": shop}}})
    env = {**os.environ, "STORE": store}
    given = ["--store-env", "STORE", "--admitted"]
    for chart in ("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n",
                  '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}}\n'):
        made = kubernetes(must(postrender([*given, "--with-namespace"], chart, env=env)).decode())
        assert {o["metadata"].get("annotations", {}).get("urumi.io/owner", text)
                for o in made} == {text}
        assert {o["metadata"]["labels"]["urumi.io/owner"] for o in made} == {
            made[0]["metadata"]["labels"]["urumi.io/owner"]}
    values, = kubernetes(must(postrender(["values", *given], env=env)).decode())
    assert values["store"]["owner"] == values["store"]["displayName"] == text
    assert values["shop"] == shop
