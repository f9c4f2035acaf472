"""Properties of the post-renderer over generated streams.

STOREGUARD_SEED picks other streams, STOREGUARD_CASES how many (600 take about half
a minute). A failing test's name and message hold the seed and the case; run it again
with STOREGUARD_SEED=<seed> pytest -k case<number> tests/test_properties.py.
"""

import os
import random
import re
from dataclasses import dataclass

import pytest
import yaml

from conftest import ROOT, postrender
from properties import manifests, model, reader

SEED = os.environ.get("STOREGUARD_SEED", "20250101")
CASES = int(os.environ.get("STOREGUARD_CASES", "600"))
REFUSED_AT_MOST = 0.05  # of all streams: refusing must stay the exception
ENGINES = yaml.safe_load((ROOT / "common/default-policy.yaml").read_text())["spec"]["engines"]
tally = {"run": 0, "refused": 0}


@dataclass
class Case:
    name: str
    text: str
    args: list
    model: model.Model
    result: object = None

    def run(self, *more, stdin=None):
        return postrender(self.args + list(more), self.text if stdin is None else stdin)

    def needs_acceptance(self):
        if self.result.returncode == 3 and may_refuse(self):
            pytest.skip("refused, as it may be: see test_accepted_or_refused_cleanly")
        assert self.result.returncode == 0, show(self)

    def body(self):
        """What became of the input, without guards and byte order mark."""
        return strip_bom(self.run("--only", "labels").stdout.decode())

    def documents(self):
        """Of each input document: text, tree, meaning, and the meaning expected."""
        for text in reader.split(strip_bom(self.text)):
            root = reader.parse(text)
            value = None if root is None else reader.meaning(root)
            yield text, root, value, None if root is None else self.model.expected(value)

    def matched(self, body):
        """The documents that stay, each with what became of it in the body."""
        kept = [d for d in self.documents() if d[3] is not model.DROPPED]
        outputs = reader.split(body)
        assert len(outputs) == len(kept), show(self, body, "documents came or went")
        return [(text, root, value, output)
                for (text, root, value, _), output in zip(kept, outputs)]


def strip_bom(text):
    return text.removeprefix("\ufeff")


def show(case, output=None, what=""):
    """All that a failure's reader needs to run it again."""
    return (f"{what}\nSTOREGUARD_SEED={SEED}, {case.name}\n"
            f"arguments: {' '.join(case.args)}\n"
            f"exit {case.result.returncode}, stderr: {case.result.stderr.decode()}\n"
            f"input:\n{case.text!r}\n{case.text}\n"
            + ("" if output is None else f"output:\n{output}\n"))


def make(number):
    rng = random.Random(f"{SEED}:{number}")
    engine = rng.choice(sorted(ENGINES))
    owner = rng.choice(["alice", "Alice.B@example.com"])
    plan = rng.choice(["small", "medium"])
    args = ["--store", "fashion", "--engine", engine, "--plan", plan, "--owner", owner,
            "--fit", rng.choice(["off", "warn"])]
    case = Case(f"case {number}", manifests.stream(rng), args,
                model.Model("fashion", engine, plan, owner, ENGINES[engine]["components"]))
    case.result = case.run()
    return case


@pytest.fixture(name="case", scope="module", params=range(CASES),
                ids=lambda number: f"seed{SEED}-case{number}")
def fixture_case(request):
    return make(request.param)


def may_refuse(case):
    """Whether the document that stderr blames has what can't always be spliced."""
    blamed = re.search(r"document (\d+)", case.result.stderr.decode())
    assert blamed, show(case, what="a refusal must name its document")
    document = reader.split(strip_bom(case.text))[int(blamed[1]) - 1]
    return model.may_be_refused(reader.parse(document))


def test_accepted_or_refused_cleanly(case):
    tally["run"] += 1
    if case.result.returncode == 0:
        assert case.result.stdout, show(case, what="nothing on stdout at exit 0")
        return
    tally["refused"] += 1
    assert case.result.returncode == 3, show(case)
    assert case.result.stdout == b"", show(case, what="refused, yet something was written")
    assert may_refuse(case), show(case, what="valid, and nothing in it that can't be spliced")


def test_guards_then_the_labelled_body(case):
    """--only guards and --only labels are the two halves of the whole."""
    case.needs_acceptance()
    guards, labels = case.run("--only", "guards"), case.run("--only", "labels")
    assert (guards.returncode, labels.returncode) == (0, 0), show(
        case, what=(guards.stderr + labels.stderr).decode())
    bom = "\ufeff" if case.text.startswith("\ufeff") else ""
    first, rest = strip_bom(guards.stdout.decode()), strip_bom(labels.stdout.decode())
    opener = "" if re.match(r"---(?:[ \t\r\n]|\Z)", rest) else "---\n"
    whole = case.result.stdout.decode()
    assert whole == bom + first + opener + rest, show(case, whole)
    opening = [d.split("\n", 1)[0] for d in reader.split(first)]
    assert opening and set(opening) == {"---"}, show(case, first, "guards' first lines")
    kinds = re.findall(r"^kind: (.*)$", first, re.M)
    order = ["NetworkPolicy", "ResourceQuota", "LimitRange"]
    assert kinds == sorted(kinds, key=order.index) and set(kinds) == set(order), show(
        case, first, "guards are not in Helm's install order")


def test_means_the_input_plus_the_intended_edits(case):
    case.needs_acceptance()
    body = case.body()
    found = [reader.meaning(root) for root in map(reader.parse, reader.split(body))
             if root is not None]
    wanted = [e for *_, e in case.documents() if e is not None and e is not model.DROPPED]
    assert len(found) == len(wanted), show(case, body, "documents came or went")
    for number, (a, b) in enumerate(zip(found, wanted)):
        assert a == b, show(case, body, f"object {number}:\nfound  {a}\nwanted {b}")


def outside(spots, text):
    """The pieces of a text that lie between its spots, zero-width ones included."""
    at = 0
    for begin, end in spots:
        yield text[at:begin]
        at = end
    yield text[at:]


def holds_in_order(output, pieces):
    """Whether output is these pieces with anything between them."""
    if len(pieces) == 1:
        return output == pieces[0]
    at, tail = len(pieces[0]), pieces[-1]
    if not output.startswith(pieces[0]):
        return False
    for piece in pieces[1:-1]:
        found = output.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return output.endswith(tail) and len(output) - len(tail) >= at


def lines_of(text):
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def kept_lines(text, spots):
    """Lines that must be in the output whole: all but those with a spot inside.
    A spot between a line's indent and its first key is an insertion above it."""
    at = 0
    for line in lines_of(text):
        end = at + len(line)
        inside = [(b, e) for b, e in spots if at <= b < end or b < at < e or b == end == len(text)]
        if all(b == e and not text[at:b].strip(" ") and text[b:b + 1] not in "},"
               for b, e in inside):
            yield line
        at = end


def test_every_byte_outside_the_edited_spots_stays(case):
    """model.spots says where the text may change; each line without one is there
    in order, and so is each character before, between and behind them."""
    case.needs_acceptance()
    body = case.body()
    for text, root, value, output in case.matched(body):
        spots = [] if root is None else case.model.spots(text, root, value)
        if spots is None:
            continue
        assert holds_in_order(output, list(outside(spots, text))), show(
            case, body, f"bytes changed outside {spots} of\n{text}")
        lines = iter(lines_of(output))
        for line in kept_lines(text, spots):
            assert line in lines, show(case, body, f"gone or moved: {line!r}")


def test_twice_is_once_and_always_the_same(case):
    case.needs_acceptance()
    again = case.run().stdout
    assert again == case.result.stdout, show(case, again.decode(), "a second run differs")
    for more in [], ["--only", "labels"]:
        once = case.run(*more).stdout
        twice = case.run(*more, stdin=once)
        assert twice.returncode == 0, show(case, once.decode(), twice.stderr.decode())
        assert twice.stdout == once, show(
            case, f"{once.decode()}\ntwice:\n{twice.stdout.decode()}", f"{more}: twice is not once")


def test_line_ends_follow_the_document(case):
    """No bare LF comes into a document that has CRLF, no CR into one that has not;
    a document under Helm's own LF lines (`---`, `# Source:`) counts as CRLF."""
    case.needs_acceptance()
    body = case.body()
    for text, _, _, output in case.matched(body):
        other = r"(?<!\r)\n" if "\r\n" in text else r"\r"
        before, after = len(re.findall(other, text)), len(re.findall(other, output))
        assert before == after, show(case, body, f"{after - before} line ends of the other kind")


def test_refusals_are_rare():
    """Runs last; the tally is that of the streams above."""
    share = tally["refused"] / max(tally["run"], 1)
    assert share <= REFUSED_AT_MOST, f"{tally['refused']} of {tally['run']} streams refused"
