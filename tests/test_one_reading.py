"""One reading: what is taken, Kubernetes' library reads as the same tree.

A search, not examples: STOREGUARD_READINGS texts are made up (20,000 by default, from
STOREGUARD_SEED), read by build/obj/programs/reading and by the library of kubectl, Helm
and Argo CD (tests/tools/kubeyaml), each one process. What is taken must read alike,
before our labels are in it and after, and the latter must be the former and the labels.
By itself, `python3 tests/test_one_reading.py SEED COUNT` goes on for as long as wanted.

Each difference that was found is kept in tests/one_reading: NAME.yaml, and NAME.says
where it is refused, with what the message holds.
"""

import json
import os
import pathlib
import random
import subprocess
import sys

import pytest

from conftest import ROOT, TOOLS
from properties import treacherous
from test_kubernetes_yaml import without_ours

SEED = os.environ.get("STOREGUARD_SEED", "20250101")
READINGS = int(os.environ.get("STOREGUARD_READINGS", "20000"))
BATCH = 2000
LEAST_TAKEN = 1 / 3  # or the search would find nothing
READING = pathlib.Path(os.environ.get("STOREGUARD_PROGRAMS", ROOT / "build/obj/programs")) / "reading"
KUBEYAML = [TOOLS / "kubeyaml", "-frames"]
KEPT = ROOT / "tests" / "one_reading"
LABELS = {"urumi.io/store": "fashion", "urumi.io/engine": "woocommerce",
          "urumi.io/plan": "small", "urumi.io/owner": "alice"}


def answers(command, texts):
    """One line of JSON for each text; numbers as floats, so that 1 is 1.0 and not true."""
    framed = b"".join(b"%d\n%s" % (len(t), t) for t in texts)
    done = subprocess.run(command, input=framed, capture_output=True, check=False)
    assert done.returncode == 0, f"{command} failed: {done.stderr.decode()}"
    lines = done.stdout.decode().split("\n")[:-1]  # U+2028 is none of these line ends
    assert len(lines) == len(texts), f"{len(lines)} answers to {len(texts)} texts"
    return [json.loads(line, parse_int=float) for line in lines]


def same(one, other):
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def objects(documents):
    """What is no null; Lists taken apart, as Helm 4 does."""
    for document in documents:
        if isinstance(document, dict) and isinstance(document.get("items"), list):
            yield from objects(document["items"])
        elif document is not None:
            yield document


def without_blanks(value):
    """Helm 4 puts line ends into folded scalars each time that it writes one."""
    if isinstance(value, dict):
        return {k: without_blanks(v) for k, v in value.items()}
    if isinstance(value, list):
        return [without_blanks(v) for v in value]
    return "".join(value.split()) if isinstance(value, str) else value


def difference(ours, theirs, when, readers):
    """How their readings of a text differ from ours, or None."""
    if theirs["kubernetes"] is None:
        return f"{when}: Kubernetes refuses it, we read {ours}"
    for reader in readers:
        one, other = theirs[reader], ours
        if reader == "helm4":
            one, other = without_blanks(one), without_blanks(other)
        if one is not None and not same(list(objects(one)), list(objects(other))):
            return f"{when}: {reader} reads {one}, we {other}"
    return None


def unlabelled(before, after):
    """What is wrong with the labels that we added, or None."""
    if not same(without_ours(before), without_ours(after)):
        return f"more than labels changed: {before} became {after}"
    for o in objects(after):
        labels = o["metadata"]["labels"]
        if {k: v for k, v in labels.items() if k in LABELS} != LABELS:
            return f"not our labels: {o}"
    return None


def fault(ours, before, after, readers):
    return (difference(ours["before"], before, "before", readers) or
            difference(ours["after"], after, f"after, as {ours['text']!r}", readers) or
            unlabelled(ours["before"], ours["after"]))


def compare(texts, before, readers):
    """The faults, as (text, what), and how many of the texts were taken."""
    ours = answers([READING], texts)
    taken = [i for i, o in enumerate(ours) if "refused" not in o]
    after = answers(KUBEYAML, [ours[i]["text"].encode() for i in taken])
    found = [(texts[i], fault(ours[i], before[i], then, readers)) for i, then in zip(taken, after)]
    return [f for f in found if f[1]], len(taken)


def search(texts):
    """The texts as they are, and some as Helm 4 gives them to its post-renderer, which
    reads the answer in its own way: what it made of the text before is its own affair."""
    before = answers(KUBEYAML, texts)
    faults, taken = compare(texts, before, ["kubernetes", "decoder"])
    rewritten = [b["rewritten"].encode() for b in before[::4] if b["helm4"]]
    of_helm4, _ = compare(rewritten, answers(KUBEYAML, rewritten),
                          ["kubernetes", "decoder", "helm4"])
    return faults + of_helm4, taken


def fixtures():
    paths = [*ROOT.glob("tests/golden/*/in.yaml"), *KEPT.glob("*.yaml")]
    return [p.read_bytes().decode(errors="replace") for p in sorted(paths)]


def made(seed, numbers):
    known = fixtures()
    return [treacherous.text(random.Random(f"{seed}:{n}"), known).encode(errors="replace")
            for n in numbers]


def show(faults):
    return "\n".join(f"{text!r}\n{text.decode()}\n{what}" for text, what in faults[:3])


def test_what_is_taken_reads_alike():
    taken = 0
    for first in range(0, READINGS, BATCH):
        numbers = range(first, min(first + BATCH, READINGS))
        faults, count = search(made(SEED, numbers))
        assert not faults, f"STOREGUARD_SEED={SEED}, {len(faults)} of {numbers}:\n{show(faults)}"
        taken += count
    assert taken >= LEAST_TAKEN * READINGS, f"of {READINGS} texts only {taken} were taken"
    print(f"STOREGUARD_SEED={SEED}: of {READINGS} texts {taken} were taken")


@pytest.mark.parametrize("path", sorted(KEPT.glob("*.yaml")), ids=lambda p: p.stem)
def test_what_was_found(path):
    text = path.read_bytes()
    [ours] = answers([READING], [text])
    says = path.with_suffix(".says")
    if says.exists():
        assert says.read_text().strip() in ours.get("refused", ""), ours
        return
    faults, taken = search([text])
    assert not faults, show(faults)
    assert taken, ours


def go_on(seed, count):
    """By hand: says what it finds, and goes on."""
    total = taken = found = 0
    while total < count:
        numbers = range(total, min(total + BATCH, count))
        faults, more = search(made(seed, numbers))
        total, taken, found = total + len(numbers), taken + more, found + len(faults)
        for text, what in faults:
            print(f"{text!r}\n{what}\n", flush=True)
        print(f"seed {seed}: {total} texts, {taken} taken, {found} faults",
              file=sys.stderr, flush=True)


if __name__ == "__main__":
    go_on(sys.argv[1], int(sys.argv[2]))
