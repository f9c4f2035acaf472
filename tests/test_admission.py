"""Reviews as kube-apiserver 1.36 sent them, and objects as people write them: what
`storeguard-webhook review` says, which decides by the same code as the server.

tests/admission/<case>/ holds
  in.json or in.yaml  what is reviewed
  args      further arguments, one a line; absent: none
  out.json  the answers, with their patches decoded, to a review of JSON, or
  out.txt   what people are told, where `args` has no "-o"
  exit      how the run ends, where that is not 0

STOREGUARD_BLESS=1 writes the expectations anew: read every change before keeping it.
"""

import base64
import json
import os
import pathlib
import subprocess

import pytest

from conftest import ROOT

WEBHOOK = os.environ.get("STOREGUARD_WEBHOOK",
                         str(ROOT / "build" / "storeguard-webhook"))
CASES = sorted(path.parent for path in
               (pathlib.Path(__file__).resolve().parent / "admission").glob("*/in.*"))
BLESS = os.environ.get("STOREGUARD_BLESS") == "1"


def review(*args, stdin=b"", cwd=None):
    """The run; its output is bytes."""
    return subprocess.run([WEBHOOK, "review", *map(str, args)], input=stdin, cwd=cwd,
                          capture_output=True, timeout=20, check=False)


def decoded(line):
    """An answer with its patch readable."""
    answer = json.loads(line)
    response = answer["response"]
    if "patch" in response:
        assert response["patchType"] == "JSONPatch"
        response["patch"] = json.loads(base64.b64decode(response["patch"], validate=True))
    return answer


def seen_by(case):
    """What the case's run says, as its file has it, and the file's name."""
    given = next(case.glob("in.*"))
    args = (case / "args").read_text().splitlines() if (case / "args").exists() else []
    for_people = given.suffix == ".yaml" and "-o" not in args
    options = [] if for_people or "-o" in args else ["-o", "json"]
    done = review(*options, *args, given.name, cwd=case)
    said = done.stdout.decode() + done.stderr.decode()
    if done.returncode not in (0, 1) or for_people:
        return done.returncode, "out.txt", said
    assert not done.stderr, done.stderr
    answers = [decoded(line) for line in done.stdout.splitlines()]
    return done.returncode, "out.json", json.dumps(answers, indent=1,
                                                   ensure_ascii=False) + "\n"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case):
    code, name, said = seen_by(case)
    if BLESS:
        (case / name).write_text(said)
        (case / "exit").unlink(missing_ok=True)
        if code:
            (case / "exit").write_text(f"{code}\n")
    assert (case / name).read_text() == said
    wanted = (case / "exit").read_text().strip() if (case / "exit").exists() else "0"
    assert str(code) == wanted


STORE = b"apiVersion: urumi.io/v1\nkind: Store\nmetadata: {name: fashion}\n" \
        b"spec: {engine: medusa, owner: alice}\n"


def test_stdin_and_several_files(tmp_path):
    other = tmp_path / "other.json"
    other.write_text('{"apiVersion": "v1", "kind": "Namespace", '
                     '"metadata": {"name": "store-fashion"}}')
    done = review("-", other, stdin=STORE)
    assert done.returncode == 0, done.stderr
    assert [line.split(b":")[0] for line in done.stdout.splitlines()
            if not line.startswith(b" ")] == [b'Store "fashion"',
                                              b'Namespace "store-fashion"']


def test_lines_fit_a_terminal():
    wrong = STORE.replace(b"alice", b"alice, displayName: '" + b"long " * 60 + b"', values: "
                          b"{shop: {x: 1}}, host: " + b"a" * 50 + b".example.com")
    done = review("-", "--user", "bob@example.com", stdin=wrong)
    assert done.returncode == 1
    assert max(map(len, done.stdout.decode().splitlines())) <= 80


def test_a_policy_of_ones_own(tmp_path):
    policy = tmp_path / "policy.yaml"
    text = (ROOT / "common" / "default-policy.yaml").read_text()
    policy.write_text(text.replace("baseDomain: shops.example.com",
                                   "baseDomain: my.example.org"))
    done = review("--policy", policy, "-", stdin=STORE)
    assert b"spec.host: fashion.my.example.org\n" in done.stdout
    policy.write_text(text.replace("minLength: 3", "minLength: three"))
    done = review("--policy", policy, "-", stdin=STORE)
    assert done.returncode == 3
    assert b"spec.naming.minLength" in done.stderr and not done.stdout


def test_who_may_do_everything():
    done = review("--user", "admin", "--groups", "system:masters", "-", stdin=STORE)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("text, says", [
    (b"", b"holds nothing to review"),
    (b"# nothing\n---\n", b"holds nothing to review"),
    (b"apiVersion: v1\nkind: List\nitems: []\n", b"holds nothing to review"),
    (b"{", b"standard input: "),
    (b'{"a": 1} x', b"not JSON"),
    (b"[" * 100000, b"512"),
    (b"a: 1\na: 2\n", b"given twice"),
    (b"kind: Store\n", b"apiVersion or kind is missing"),
    (b"apiVersion: admission.k8s.io/v1\nkind: AdmissionReview\n", b"has no request"),
    (b"apiVersion: v1\nkind: List\nitems: [x]\n", b"apiVersion or kind is missing"),
    (b"\xff\xfe", b"standard input: "),
])
def test_unusable_input(text, says):
    done = review("-", stdin=text)
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert says in done.stderr and done.stderr.count(b"\n") == 1, done.stderr


def test_what_cannot_be_read_or_written(tmp_path):
    assert review(tmp_path / "none.yaml").returncode == 4
    with open("/dev/full", "wb") as full:
        done = subprocess.run([WEBHOOK, "review", "-"], input=STORE, stdout=full,
                              stderr=subprocess.PIPE, timeout=20, check=False)
    assert done.returncode == 4
    assert b"cannot write" in done.stderr
